"""A member at its socket: the seat that it holds, and what the hub tells it (section 11)."""

from collections.abc import Callable
from typing import Any

from ephemeral.edge.credentials import Texts
from ephemeral.edge.limiter import Concurrency, crowded
from ephemeral.edge.session import Session
from ephemeral.edge.socket import Socket
from ephemeral.live.buckets import Name
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.actions import ROOM, RoomActions
from ephemeral.rooms.api.bodies import HelloBody
from ephemeral.rooms.api.callers import Asker, RoomCallers
from ephemeral.rooms.api.operations import ENDED
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["CLOSE_CODES", "RoomSession"]

#: With which codes a room's sockets are closed, beside those of any socket (11.7).
CLOSE_CODES = {"seat_unknown": 4401, "room_unknown": 4404, "replaced": 4409}


class RoomSession(Session):
    """One socket of a room; the hub's subscriber. `connections` counts those of each room."""

    turn = (0, 0)

    def __init__(
        self,
        rooms: Rooms,
        hub: Hub,
        callers: RoomCallers,
        actions: RoomActions,
        connections: Concurrency,
        socket: Socket,
    ) -> None:
        super().__init__(callers.member, actions.hello, socket)
        self.member = b""
        self.connection = socket.connection
        #: Queues one event.
        self.deliver: Callable[[bytes], None] = socket.keep
        self._rooms = rooms
        self._hub = hub
        self._state = actions.state
        self._connections = connections
        self._counted: Name | None = None
        self._seat: Seat | None = None
        self._sequence = 0

    # --- what the socket calls ----------------------------------------------------------------

    async def hello(self, ref: int, texts: Texts, body: HelloBody) -> tuple[Any, bytes]:
        """Hold the seat, listen, and only then read the present state: nothing falls between."""
        locator, token = self._caller.decode(texts)
        visitor = self.socket.visitor
        self._counted = visitor.subject(ROOM)
        if self._counted is not None and not self._connections.add(self._counted, 1):
            raise crowded("sockets_room")
        async with visitor.asking_together(self._hello):
            seat, taken_at = await self._rooms.connect(
                locator, token, self.connection, body.generation
            )
        self._seat = seat
        self.turn = body.generation, taken_at
        self.member = seat.member
        self._hub.add(seat.room, self)
        snapshot = await self._rooms.snapshot(seat)
        # It may have been taken before this socket listened.
        refuse(all(one.member != self.member for one in snapshot.members), "seat_unknown")
        self._sequence = snapshot.room.sequence
        welcome = answers.welcome(ref, self.member, snapshot)
        visitor.charge(self._state, len(welcome))
        return Asker(seat, self.connection), welcome

    def welcomed(self, deliver: Callable[[bytes], None]) -> None:
        """The state has been told; what has happened since comes behind it."""
        assert self._seat is not None
        self._hub.caught_up(self._seat.room, self._sequence)
        self.deliver = deliver

    def ended(self) -> None:
        """Nothing is told any more."""
        if self._seat is not None:
            self._hub.remove(self._seat.room, self)
        if self._counted is not None:
            self._connections.remove(self._counted)

    @property
    def holds(self) -> bool:
        """Whether there is a seat to be given up."""
        return self._seat is not None

    async def release(self) -> None:
        """The seat's grace begins, a short one if the tab was closed."""
        assert self._seat is not None
        await self._rooms.disconnect(self._seat, self.connection, closed_tab=self.socket.went_away)

    # --- what the hub calls -------------------------------------------------------------------

    def replaced(self) -> None:
        """A newer socket of the same member took over."""
        self.socket.refuse(Refusal("replaced"))

    def seat_lost(self) -> None:
        """The member left by another way, or its seat was taken."""
        if not self.socket.is_leaving:
            self.socket.refuse(Refusal("seat_unknown"))

    def room_closed(self) -> None:
        """The room is no more."""
        self.socket.end(ENDED)
