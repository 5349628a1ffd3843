"""The sweeper: what happens by itself when time passes, while requests run.

Leases end, messages and rooms expire, attachments that nobody posted, tombstones and resume secrets
go, sockets of dead workers are released. Everything is done a few rows at a time, each room under
its lock, so that requests hardly wait. Several workers may sweep at once: what one has done, the
other finds done.
The worker's own sign of life doesn't wait for any of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from ephemeral.live.bus import Bus
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows import room_rows, seat_rows
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import ClosedEvent, PresenceEvent, Seat
from ephemeral.rooms.service.attachments import Attachments
from ephemeral.rooms.service.hub import Hub
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.store.clock import ClockWatch, clock
from ephemeral.store.postgres import StoreUnavailable, transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Sweeper"]

T = TypeVar("T")

#: Rows of a kind in one go.
CHUNK = 200

#: A worker says this often that it lives, and counts as dead when it has not for so long.
BEAT_SECONDS = 5
ALIVE_MS = 20_000

#: A worker that stops holds the seats of its members for so long: four attempts of a client to
#: come back elsewhere (docs/protocol.md, 11.8), at their latest, and some time to connect.
RETURN_MS = 10_000

#: How often the store is compared with what local members have been told.
HINT_SECONDS = 30

#: A socket that took its seat so long ago listens, or never will.
UNHEARD_MS = (30_000, 600_000)

#: After a jump nothing is destroyed for so long; then the clock is believed.
PAUSE_SECONDS = 60


class Sweeper:
    """Runs until cancelled. `fault` is told of what went wrong; the next sweep tries again."""

    def __init__(
        self,
        pool: Pool,
        rooms: Rooms,
        ledger: Ledger,
        hub: Hub,
        bus: Bus,
        attachments: Attachments,
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
        self._attachments = attachments
        self._limits = limits
        self._worker = worker
        self._interval = interval
        self._fault = fault
        self._clock = ClockWatch(PAUSE_SECONDS)
        self._known = False
        self._told: dict[bytes, int] = {}
        self._next_beat = 0.0
        self._next_hint = 0.0
        self._swept_at: float | None = None

    async def start(self) -> None:
        """Say that this worker lives: sockets refer to it."""
        await self._beat()

    def lag(self, monotonic: float) -> float:
        """Seconds since the last whole sweep; 0 before the first."""
        return 0.0 if self._swept_at is None else max(0.0, monotonic - self._swept_at)

    async def run(self) -> None:
        """Sweep for ever."""
        self._swept_at = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            # However seldom it sweeps, and however long that takes.
            often = min(self._interval, BEAT_SECONDS)
            group.create_task(repeat(self._beat_if_due, often, self._fault))
            group.create_task(repeat(self.sweep, self._interval, self._fault))

    async def stop(self) -> None:
        """This worker holds its seats no longer than its members need to come back elsewhere.

        Nobody is to see somebody go who is on the way. Who has not come back is missed by whoever
        sweeps then, or starts next.
        """
        await transaction(
            self._pool, lambda connection: seat_rows.last_beat(connection, self._worker, RETURN_MS)
        )

    async def sweep(self, monotonic: float) -> None:
        """Everything that is due, once."""
        self._ledger.age(monotonic)
        self._rooms.age(monotonic)
        await self._beat_if_due(monotonic)
        await self._release_dead_workers()
        now = await transaction(self._pool, clock)
        if not self._clock.trusts(now, monotonic):
            return
        await self._settle(now)
        await self._end_rooms(now)
        await self._attachments.sweep(now)
        await self._forget(now)
        await self._tell_unsure()
        await self._replace_doubted()
        if monotonic >= self._next_hint:
            self._next_hint = monotonic + HINT_SECONDS
            await self._hint_again()
            await self._give_up()
        self._swept_at = asyncio.get_running_loop().time()

    async def _settle(self, now: int) -> None:
        await self._drain(
            lambda connection: room_rows.rooms_with_leases_due(connection, now, CHUNK),
            self._ledger.end_leases,
        )
        await self._drain(
            lambda connection: room_rows.expired_messages(connection, now, CHUNK),
            self._ledger.settle,
        )

    async def _end_rooms(self, now: int) -> None:
        async def end(rooms: Sequence[bytes]) -> None:
            for room in rooms:
                await self._rooms.expire(room)

        await self._drain(lambda connection: room_rows.expired_rooms(connection, now, CHUNK), end)

    async def _drain(
        self,
        find: Callable[[Connection], Awaitable[Sequence[T]]],
        settle: Callable[[Sequence[T]], Awaitable[None]],
    ) -> None:
        """Settle what is due until there is no more, or until that changes nothing.

        What was due may not be any longer: the clock may have been set back since.
        """
        before: set[T] = set()
        while True:
            due = await transaction(self._pool, find)
            await settle(due)
            if len(due) < CHUNK or set(due) == before:
                return
            before = set(due)

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

    async def _beat_if_due(self, monotonic: float) -> None:
        if monotonic >= self._next_beat:
            await self._beat()
            self._next_beat = monotonic + BEAT_SECONDS

    async def _beat(self) -> None:
        fresh = await transaction(
            self._pool, lambda connection: seat_rows.beat(connection, self._worker, ALIVE_MS)
        )
        if fresh and self._known:
            # Somebody took this worker for dead: hold its members' seats again.
            held = [(room, one.member, one.connection) for room, one in self._hub.subscribers()]
            for room, member in await transaction(
                self._pool, lambda connection: seat_rows.reclaim(connection, self._worker, held)
            ):
                self._bus.publish([(room, PresenceEvent(member, True))])
        self._known = True

    async def _release_dead_workers(self) -> None:
        for worker in await transaction(self._pool, seat_rows.dead_workers):
            if worker == self._worker:
                continue

            async def work(connection: Connection, worker: bytes = worker) -> list[Seat]:
                alive_until = await seat_rows.lock_dead_worker(connection, worker)
                if alive_until is None:
                    return []
                seats = await seat_rows.release_seats(connection, worker, alive_until)
                await seat_rows.delete_worker(connection, worker)
                return seats

            for seat in await transaction(self._pool, work):
                self._bus.publish([(seat.room, PresenceEvent(seat.member, False))])

    async def _replace_doubted(self) -> None:
        """End sockets whose members came back by another worker: the newest holds the seat."""
        doubted = self._hub.doubted()
        if not doubted:
            return
        holders = await transaction(
            self._pool,
            lambda connection: seat_rows.connections(
                connection, [(room, one.member) for room, one in doubted]
            ),
        )
        for room, one in doubted:
            if holders.get((room, one.member), one.connection) != one.connection:
                one.replaced()

    async def _tell_unsure(self) -> None:
        for room in self._hub.unsure():
            await self._tell_again(room)

    async def _hint_again(self) -> None:
        """Heal what a lost hint left untold: a room that moved on gets its whole state again."""
        rooms = self._hub.rooms()
        if not rooms:
            self._told = {}
            return
        present = await transaction(
            self._pool, lambda connection: room_rows.sequences(connection, rooms)
        )
        for room in rooms:
            # None: the room has ended.
            sequence = present.get(room)
            # Only what has stood for a whole interval: a hint may just be under way.
            if self._told.get(room) == sequence and self._hub.told(room) != sequence:
                await self._tell_again(room)
        self._told = present

    async def _give_up(self) -> None:
        """Give up seats whose sockets never came to be: nobody knew that they were committed."""
        known = {one.connection for _, one in self._hub.subscribers()}
        for seat, connection in await transaction(
            self._pool, lambda connection: seat_rows.held(connection, self._worker, *UNHEARD_MS)
        ):
            if connection not in known:
                await self._rooms.disconnect(seat, connection)

    async def _tell_again(self, room: bytes) -> None:
        try:
            await self._hub.tell_again(room, self._rooms.snapshot_of)
        except StoreUnavailable:
            raise
        except Refusal:
            self._hub.receive([(room, ClosedEvent("destroyed"))])
