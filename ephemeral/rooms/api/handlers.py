"""Anonymous rooms as they are asked: unpack the body, call the service, answer.

The same handlers serve HTTP and the socket. Each gets `(caller, body)` as its operation says.
"""

from collections.abc import Callable
from typing import Any

from ephemeral.edge.operations import NOTHING, Created
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.bodies import (
    AckBody,
    CreateBody,
    JoinBody,
    LockBody,
    OpenBody,
    PostBody,
    ReleaseBody,
    StatusBody,
    TypingBody,
    WithdrawBody,
)
from ephemeral.rooms.api.callers import Newcomer
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.record import Record
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["RoomHandlers"]

Reply = Callable[[Any], None]


class RoomHandlers:
    """The handlers of `rooms`; `record` is what is held about one."""

    def __init__(self, rooms: Rooms, record: Record) -> None:
        self._rooms = rooms
        self._record = record

    # --- the room ---------------------------------------------------------------------------

    async def create(self, locator: bytes, body: CreateBody) -> bytes:
        """Make a room."""
        charter, mac = body.unpack()
        view, fresh = await self._rooms.create(locator, charter, mac)
        return Created(answers.room(view)) if fresh else answers.room(view)

    async def describe(self, locator: bytes, _body: None) -> bytes:
        """Look at a room from outside."""
        return answers.room(await self._rooms.describe(locator))

    async def members(self, seat: Seat, _body: Any) -> bytes:
        """Look at a room and at who is in it."""
        return answers.room_with_members(*await self._rooms.members(seat))

    async def lock(self, seat: Seat, body: LockBody) -> bytes:
        """Close the room to new members, or open it again."""
        return answers.room(await self._rooms.lock(seat, body.locked))

    async def destroy(self, seat: Seat, _body: Any) -> bytes:
        """Destroy the room for everyone."""
        await self._rooms.destroy(seat)
        return NOTHING

    async def record(self, seat: Seat, _body: Any) -> bytes:
        """Show everything that is held about the room."""
        return answers.record(await self._record.of(seat))

    # --- seats ------------------------------------------------------------------------------

    async def join(self, newcomer: Newcomer, body: JoinBody) -> bytes:
        """Take a seat, or find it taken by the same member before."""
        member, profile, pair = body.unpack()
        joined = await self._rooms.join(*newcomer, member, profile, pair)
        answer = answers.joined(joined.snapshot)
        return Created(answer) if joined.fresh else answer

    async def resume(self, token: bytes, _body: Any) -> bytes:
        """Give the server's half of a resume secret."""
        return answers.key(await self._rooms.resume(token))

    async def leave(self, seat: Seat, _body: Any) -> bytes:
        """Give the seat up."""
        await self._rooms.leave(seat)
        return NOTHING

    async def typing(self, seat: Seat, body: TypingBody) -> bytes:
        """Tell the others that somebody types."""
        await self._rooms.typing(seat, body.typing)
        return NOTHING

    # --- messages ---------------------------------------------------------------------------

    async def notices(self, seat: Seat, _body: Any) -> bytes:
        """Say which messages wait."""
        return answers.notices(*await self._rooms.notices(seat))

    async def status(self, seat: Seat, body: StatusBody) -> bytes:
        """Say what became of one's own messages."""
        return answers.receipts(*await self._rooms.status(seat, body.unpack()))

    def post(self, seat: Seat, body: PostBody, reply: Reply) -> None:
        """Accept a message."""
        message, envelope, viewing_hash = body.unpack()
        self._rooms.post(seat, message, envelope, viewing_hash, reply)

    def open(self, seat: Seat, body: OpenBody, reply: Reply) -> None:
        """Lease a message and serve its envelope."""
        self._rooms.open(seat, body.message(), reply)

    def acknowledge(self, seat: Seat, body: AckBody, reply: Reply) -> None:
        """Destroy a message upon proof."""
        self._rooms.acknowledge(seat, body.message(), body.revealed(), reply)

    def release(self, seat: Seat, body: ReleaseBody, reply: Reply) -> None:
        """Give a lease back."""
        self._rooms.release(seat, body.message(), reply)

    def withdraw(self, seat: Seat, body: WithdrawBody, reply: Reply) -> None:
        """Take one's own message back."""
        self._rooms.withdraw(seat, body.message(), reply)
