"""The sweeper: what happens by itself when time passes, while requests run.

Leases end, messages and rooms expire, tombstones and resume secrets go, sockets of dead
workers are released. Everything is done a few rows at a time, each room under its lock, so that
requests hardly wait. Several workers may sweep at once: what one has done, the other finds done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.domain.limits import Limits
from ephemeral.domain.room import PresenceEvent, Seat
from ephemeral.live.bus import Bus
from ephemeral.live.hub import Hub
from ephemeral.protocol.errors import Refusal
from ephemeral.services.ledger import Ledger
from ephemeral.services.rooms import Rooms
from ephemeral.store import room_rows, seat_rows
from ephemeral.store.postgres import StoreUnavailable, transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["ClockWatch", "Sweeper"]

#: Rows of a kind in one go.
CHUNK = 200

#: A worker says this often that it lives, and counts as dead when it has not for so long.
BEAT_SECONDS = 5
ALIVE_MS = 20_000

#: How often the store is compared with what local members have been told.
HINT_SECONDS = 30

#: Clocks that disagree by more than this have been changed.
JUMP_MS = 60_000

#: After a jump nothing is destroyed for so long; then the clock is believed.
PAUSE_SECONDS = 60


class ClockWatch:
    """Notices when the database's clock and this machine's monotonic clock disagree.

    A clock that is set forward by mistake must not destroy what waits: the sweeper pauses, and
    somebody may set it back.
    """

    def __init__(self) -> None:
        self._origin: int | None = None
        self._paused_until = 0.0

    def trusts(self, wall_ms: int, monotonic: float) -> bool:
        """Whether to sweep now. `wall_ms`: database time; `monotonic`: seconds."""
        origin = wall_ms - int(monotonic * 1000)
        if self._origin is not None and abs(origin - self._origin) > JUMP_MS:
            self._paused_until = monotonic + PAUSE_SECONDS
        self._origin = origin
        return monotonic >= self._paused_until


class Sweeper:
    """Runs until cancelled. `fault` is told of what went wrong; the next round tries again."""

    def __init__(
        self,
        pool: Pool,
        rooms: Rooms,
        ledger: Ledger,
        hub: Hub,
        bus: Bus,
        limits: Limits,
        worker: bytes,
        interval: float,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._rooms = rooms
        self._ledger = ledger
        self._hub = hub
        self._bus = bus
        self._limits = limits
        self._worker = worker
        self._interval = interval
        self._fault = fault
        self._clock = ClockWatch()
        self._known = False
        self._told: dict[bytes, int] = {}
        self._next_beat = 0.0
        self._next_hint = 0.0

    async def start(self) -> None:
        """Say that this worker lives: sockets refer to it."""
        await self._beat()

    async def run(self) -> None:
        """Sweep for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.round(loop.time())
            except (StoreUnavailable, Refusal):
                # The database is away; everything waits, and so does this.
                continue
            except Exception as error:  # noqa: BLE001 -- the next round tries again
                self._fault(error)

    async def stop(self) -> None:
        """This worker's sockets are gone now, not when its heartbeat is missed."""

        async def work(connection: Connection) -> None:
            await seat_rows.release_seats(
                connection, self._worker, await room_rows.clock(connection)
            )
            await seat_rows.delete_worker(connection, self._worker)

        await transaction(self._pool, work)

    async def round(self, monotonic: float) -> None:
        """One round of everything that is due."""
        if monotonic >= self._next_beat:
            self._next_beat = monotonic + BEAT_SECONDS
            await self._beat()
            await self._bury_workers()
        now = await transaction(self._pool, room_rows.clock)
        if not self._clock.trusts(now, monotonic):
            return
        await self._settle(now)
        await self._end_rooms(now)
        await self._forget(now)
        if monotonic >= self._next_hint:
            self._next_hint = monotonic + HINT_SECONDS
            await self._hint_again()

    async def _settle(self, now: int) -> None:
        while True:
            due = await transaction(
                self._pool, lambda connection: room_rows.due_messages(connection, now, CHUNK)
            )
            await self._ledger.settle(due)
            if len(due) < CHUNK:
                return

    async def _end_rooms(self, now: int) -> None:
        while True:
            ended = await transaction(
                self._pool, lambda connection: room_rows.expired_rooms(connection, now, CHUNK)
            )
            for room in ended:
                await self._rooms.expire(room)
            if len(ended) < CHUNK:
                return

    async def _forget(self, now: int) -> None:
        while (
            await transaction(
                self._pool, lambda connection: room_rows.delete_tombstones(connection, now, CHUNK)
            )
            == CHUNK
        ):
            pass
        before = now - self._limits.resume
        for room, member in await transaction(
            self._pool, lambda connection: seat_rows.forgettable_resumes(connection, before, CHUNK)
        ):
            await self._rooms.forget_resume(room, member)

    async def _beat(self) -> None:
        fresh = await transaction(
            self._pool, lambda connection: seat_rows.beat(connection, self._worker, ALIVE_MS)
        )
        if fresh and self._known:
            # Somebody took this worker for dead: hold its members' seats again.
            held = [(room, one.member, one.connection) for room, one in self._hub.listeners()]
            await transaction(
                self._pool, lambda connection: seat_rows.reclaim(connection, self._worker, held)
            )
        self._known = True

    async def _bury_workers(self) -> None:
        for worker, alive_until in await transaction(self._pool, seat_rows.dead_workers):

            async def work(
                connection: Connection, worker: bytes = worker, alive_until: int = alive_until
            ) -> list[Seat]:
                seats = await seat_rows.release_seats(connection, worker, alive_until)
                await seat_rows.delete_worker(connection, worker)
                return seats

            for seat in await transaction(self._pool, work):
                self._bus.publish([(seat.room, PresenceEvent(seat.member, False))])

    async def _hint_again(self) -> None:
        """Heal what a lost hint left untold: a room that moved on gets its whole state again."""
        rooms = self._hub.rooms()
        if not rooms:
            self._told = {}
            return
        present = await transaction(
            self._pool, lambda connection: room_rows.sequences(connection, rooms)
        )
        for room, sequence in present.items():
            # Only what has stood for a whole interval: a hint may just be under way.
            if self._told.get(room) == sequence and self._hub.told(room) < sequence:
                self._hub.backlog(room, await self._rooms.snapshot_of(room))
                self._hub.caught_up(room, sequence)
        self._told = present
