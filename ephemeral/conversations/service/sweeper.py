"""What is done with conversations beside everything else: whatever has had its time is destroyed.

Several workers may do it at once: each conversation under the lock of its row, and what somebody
else holds at this moment waits for the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.watches import Watches
from ephemeral.conversations.rows import (
    conversation_rows,
    member_rows,
    people_rows,
    record_rows,
    segment_rows,
    tail_rows,
)
from ephemeral.conversations.rules import limits
from ephemeral.conversations.service.destruction import Destruction
from ephemeral.conversations.service.segments import Segments
from ephemeral.conversations.service.tail import Tail
from ephemeral.store.clock import ClockWatch, clock
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["CHUNK", "Sweeper"]

#: Rows of a kind in one transaction.
CHUNK = 100

_SWEEP_SECONDS = 60.0
# After a jump of the clock nothing is destroyed by it for so long.
_PAUSE_SECONDS = 3600
# Keys of segments that are looked at whether or not anything was destroyed here: a process that
# was killed could tell nobody.
_SEGMENTS = 500


class Sweeper:
    """Runs until the server stops."""

    def __init__(
        self,
        pool: Pool,
        values: SealedValues,
        segments: Segments,
        tail: Tail,
        destruction: Destruction,
        watches: Watches,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._values = values
        self._segments = segments
        self._tail = tail
        self._destruction = destruction
        self._watches = watches
        self._fault = fault
        self._clock = ClockWatch(_PAUSE_SECONDS)
        self._looked_to = b""

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        await repeat(self.sweep, _SWEEP_SECONDS, self._fault)

    async def sweep(self, monotonic: float) -> None:
        """Destroy what is due. `monotonic`: this machine's clock, in seconds.

        A database's clock that has jumped is not believed for a while.
        """
        # First, so that it is done while the database is away, too.
        self._tail.age()
        self._segments.age()
        now = await transaction(self._pool, clock)
        if self._clock.trusts(now, monotonic):
            await self._trim(now)
            await self._expire(now)
            await self._forget_records(now)
            await self._forget_joins(now)
            await self._forget_departures(now)
        await self._drop_keys()

    async def _trim(self, now: int) -> None:
        """Look once a day whether devices that nobody sees any more held something back, and
        whether anybody is left who may be back."""

        async def work(connection: Connection) -> int:
            found = await tail_rows.untrimmed(connection, now // limits.DAY_MS, CHUNK)
            await self._tail.trim(connection, found, now)
            for one in await people_rows.deserted(connection, found, now - limits.RETURN_MS):
                await self._destruction.destroy(connection, one)
            return len(found)

        while await self._watches.told(work) == CHUNK:
            pass

    async def _expire(self, now: int) -> None:
        async def work(connection: Connection) -> bool:
            due = await tail_rows.expired(connection, now, CHUNK)
            free = await _locked(connection, due)
            gone = await self._tail.destroy(connection, [one for one in due if one[0] in free])
            return len(due) == CHUNK and bool(gone)

        while await transaction(self._pool, work):
            pass

    async def _forget_records(self, now: int) -> None:
        async def work(connection: Connection) -> bool:
            due = await record_rows.ended_before(connection, now - limits.KEPT_MS, CHUNK)
            free = await _locked(connection, due)
            payloads = await record_rows.forget(connection, [one for one in due if one[0] in free])
            await self._values.destroy(connection, payloads)
            self._segments.forget(payloads)
            return len(due) == CHUNK and bool(payloads)

        while await transaction(self._pool, work):
            pass

    async def _forget_joins(self, now: int) -> None:
        async def work(connection: Connection) -> int:
            payloads = await member_rows.expired_joins(connection, now, CHUNK)
            await self._values.destroy(connection, payloads)
            return len(payloads)

        while await transaction(self._pool, work) == CHUNK:
            pass

    async def _forget_departures(self, now: int) -> None:
        async def work(connection: Connection) -> int:
            before = now - limits.DEPARTED_MS
            return await member_rows.expired_departures(connection, before, CHUNK)

        while await transaction(self._pool, work) == CHUNK:
            pass

    async def _drop_keys(self) -> None:
        """Destroy the keys of segments in which no message waits."""
        some = await transaction(
            self._pool, lambda one: segment_rows.some(one, self._looked_to, _SEGMENTS)
        )
        self._looked_to = some[-1][0] if len(some) == _SEGMENTS else b""
        loosened = self._tail.loosened
        names = sorted({*loosened, *(conversation for _, conversation in some)})
        loosened.clear()
        for start in range(0, len(names), CHUNK):
            try:
                held = await self._drop_keys_of(names[start : start + CHUNK])
            except BaseException:
                loosened.update(names[start:])
                raise
            loosened.update(held)

    async def _drop_keys_of(self, conversations: Sequence[bytes]) -> set[bytes]:
        """Gives those of these conversations that somebody else holds at this moment."""

        async def work(connection: Connection) -> set[bytes]:
            free = await conversation_rows.lock_some(connection, conversations)
            empty = await segment_rows.empty_of(connection, free)
            if empty:
                await segment_rows.delete(connection, empty)
                await self._values.destroy(connection, empty)
                self._segments.forget(empty)
            held = set(conversations) - set(free)
            return set(await conversation_rows.there(connection, sorted(held))) if held else held

        return await transaction(self._pool, work)


async def _locked(connection: Connection, due: Iterable[tuple[bytes, int]]) -> set[bytes]:
    """The conversations of these that nobody else holds; they are locked now."""
    names = sorted({conversation for conversation, _ in due})
    return set(await conversation_rows.lock_some(connection, names)) if names else set()
