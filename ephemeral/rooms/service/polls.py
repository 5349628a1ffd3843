"""Members that hear of a room by requests that wait, where others have a socket.

Whoever waits is present, as by a socket, and stays so for some seconds more, in which the next
request comes. A socket of the member's is left alone: a request takes a seat only from nobody, or
from another request, wherever that waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ephemeral.live.bus import Bus
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows import poll_rows, seat_rows
from ephemeral.rooms.rows.poll_rows import POLL
from ephemeral.rooms.rules.room import PresenceEvent, Seat
from ephemeral.rooms.service.commits import commit
from ephemeral.rooms.service.hub import Hub
from ephemeral.sealing.seals import Random

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["STAYS_SECONDS", "Polls"]

#: How long a member is present after its request has ended.
STAYS_SECONDS = 5.0

_NAME_BYTES = 16
# The database was away when somebody ceased to wait: how long until it is told again.
_RETRY_SECONDS = 2.0


class _Poll:
    """The requests of one seat that wait here: how many, and what names them in the seat's row."""

    def __init__(self, connection: bytes) -> None:
        self.connection = connection
        self.waiting = 0
        self.leaving: asyncio.TimerHandle | None = None


class Polls:
    """All of this worker. `close` when no more will come: its seats go with those of its sockets.

    `stays`: seconds that a member is present after its last request.
    """

    def __init__(
        self,
        pool: Pool,
        hub: Hub,
        bus: Bus,
        random: Random,
        worker: bytes,
        fault: Callable[[BaseException], None],
        stays: float = STAYS_SECONDS,
    ) -> None:
        self._pool = pool
        self._hub = hub
        self._bus = bus
        self._random = random
        self._worker = worker
        self._fault = fault
        self._stays = stays
        self._polls: dict[Seat, _Poll] = {}
        self._departures: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def waiting(self, seat: Seat, wake: Callable[[], None]) -> AsyncIterator[None]:
        """Meanwhile the member is present, and `wake` is called whenever its room may change."""
        poll = self._polls.get(seat)
        if poll is None:
            name = POLL + self._random(_NAME_BYTES - len(POLL))
            poll = self._polls[seat] = _Poll(name)
        if poll.leaving is not None:
            poll.leaving.cancel()
            poll.leaving = None
        poll.waiting += 1
        self._hub.listen(seat.room, wake)
        try:
            await self._come(seat, poll)
            yield
        finally:
            self._hub.ignore(seat.room, wake)
            poll.waiting -= 1
            if not poll.waiting:
                loop = asyncio.get_running_loop()
                poll.leaving = loop.call_later(self._stays, self._leave, seat, poll)

    async def close(self) -> None:
        """Wait for nobody any more."""
        for poll in self._polls.values():
            if poll.leaving is not None:
                poll.leaving.cancel()
        for task in self._departures:
            task.cancel()
        await asyncio.gather(*self._departures, return_exceptions=True)

    async def _come(self, seat: Seat, poll: _Poll) -> None:
        was_present = await commit(
            self._pool,
            self._bus,
            [seat.room],
            lambda one: poll_rows.hold(one, seat, self._worker, poll.connection),
        )
        if was_present is False:
            self._bus.publish([(seat.room, PresenceEvent(seat.member, True))])

    def _leave(self, seat: Seat, poll: _Poll) -> None:
        # Who comes from now on begins anew, and takes the seat over from this.
        del self._polls[seat]
        task = asyncio.get_running_loop().create_task(self._depart(seat, poll.connection))
        self._departures.add(task)
        task.add_done_callback(self._departures.discard)

    async def _depart(self, seat: Seat, connection: bytes) -> None:
        while True:
            try:
                gone = await commit(
                    self._pool,
                    self._bus,
                    [seat.room],
                    lambda one: seat_rows.disconnect(one, seat, connection, False),
                )
            except Refusal:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - nobody is left to be told
                self._fault(error)
                return
            else:
                if gone:
                    self._bus.publish([(seat.room, PresenceEvent(seat.member, False))])
                return
