"""Deletes objects whose rows are gone, and what was stored under their names afterwards.

An address by which something is stored is good for some time, and what began before its end may be
stored after it. So everything under a prefix is deleted at once, again when the last address has
ended, and again later; the row that asks for it goes when nothing was there for the last time.
Every host works at it: what one has taken, the others leave to it for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral import metrics
from ephemeral.store.objects import purge_rows
from ephemeral.store.objects.interface import Failed, StoreTrouble
from ephemeral.store.objects.purge_rows import Kind, Purge
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Purger"]

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
#: After the first time, when again: so long after the last address has ended.
ROUNDS: dict[Kind, tuple[int, ...]] = {"a": (_MINUTE, _DAY), "f": (_MINUTE, _HOUR, _DAY)}
#: Prefixes taken at once, and how many of them are worked at together.
TAKEN = 32
_TOGETHER = 4
#: How long what was taken is left to who took it.
_HOLD_MS = 2 * _MINUTE
# No address is good for longer from now on.
_ADDRESS_MOST = 2 * _HOUR
_WAIT_MS = (5_000, _HOUR)
#: Keys deleted by one call.
_KEYS = 1_000


class Purger:
    """Runs until cancelled. `fault` is told of what went wrong; it is tried again."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        interval: float,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._interval = interval
        self._fault = fault

    async def run(self) -> None:
        """Delete for ever."""
        await repeat(self._pass, self._interval, self._fault)

    async def _pass(self, _: float) -> None:
        await self.purge()

    async def purge(self) -> None:
        """All that is due, once."""
        turns = asyncio.Semaphore(_TOGETHER)

        async def one(purge: Purge) -> None:
            async with turns:
                await self._one(purge)

        while True:
            taken = await transaction(
                self._pool, lambda connection: purge_rows.due(connection, TAKEN, _HOLD_MS)
            )
            async with asyncio.TaskGroup() as group:
                for purge in taken:
                    group.create_task(one(purge))
            if len(taken) < TAKEN:
                break
        metrics.STORE_PURGES_WAITING.set(await transaction(self._pool, purge_rows.waiting))

    async def _one(self, purge: Purge) -> None:
        try:
            found = await self._delete(self._objects.prefix(purge.kind, purge.prefix))
        except Exception as error:  # noqa: BLE001 - the others go on, and this one later
            if not isinstance(error, StoreTrouble):
                self._fault(error)
            await self._later(purge)
            return

        async def work(connection: Connection) -> None:
            rounds = ROUNDS[purge.kind]
            if purge.round < len(rounds):
                # A clock that was ahead isn't waited for.
                latest = purge.due_at - _HOLD_MS + _ADDRESS_MOST
                since = min(max(purge.made_at, purge.put_until or 0), latest)
                due_at = since + rounds[purge.round]
                await purge_rows.done(connection, purge, due_at, round_=purge.round + 1)
            elif found:
                # Somebody still stores there: once more before it is believed.
                due_at = purge.due_at + _HOUR
                await purge_rows.done(connection, purge, due_at, round_=purge.round)
            else:
                await purge_rows.finish(connection, purge)

        await transaction(self._pool, work)

    async def _delete(self, prefix: str) -> bool:
        """Whether anything was there. Raises StoreTrouble if some of it still is."""
        keys: list[str] = []
        found = False
        failed: list[Failed] = []
        async for one in self._objects.store.held(prefix):
            found = True
            keys.append(one.key)
            if len(keys) == _KEYS:
                failed += await self._objects.store.delete(keys)
                keys = []
        if keys:
            failed += await self._objects.store.delete(keys)
        if failed:
            raise StoreTrouble("The object store doesn't delete what it is told to delete.")
        return found

    async def _later(self, purge: Purge) -> None:
        wait = min(_WAIT_MS[0] * 2 ** min(purge.tries, 20), _WAIT_MS[1])
        await transaction(self._pool, lambda connection: purge_rows.failed(connection, purge, wait))
