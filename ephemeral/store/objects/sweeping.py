"""Finds what lies in the store and belongs to nothing, once a day, and has it deleted.

There should be none: what is deleted in the database leaves a purge. What is left by a restored
database, by a host that was killed at the wrong moment, or by a defect, would lie there for ever.
The store itself says whose turn it is: the mark of a day is kept once. A sweep that is about to
delete much is more likely wrong than right: it stops, and an operator is told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from ephemeral import metrics
from ephemeral.store.counted import counted
from ephemeral.store.objects import purge_rows
from ephemeral.store.objects.interface import Held, ObjectStore, ObjectThere
from ephemeral.store.objects.purge_rows import Kind
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["PROBES", "Sweep", "accept_orphans"]

#: Under which, behind the deployment's own prefix, lies what was only tried.
PROBES = "probe/"
#: What is deleted without a question, in objects; and beyond that, in parts of all.
FEW, FEW_PART = 1_000, 100
_MARKS, _ACCEPTED = "sweep/", "sweep/all"
_DAY = 86_400
_PAGE = 1_000
# How often is looked whether today's has been done, and how long a page is rested after.
_LOOK_SECONDS = 600
_REST_SECONDS = 1.0

_log = logging.getLogger("ephemeral")


async def accept_orphans(store: ObjectStore, own: str) -> None:
    """Let the next sweep delete whatever it finds, however much, and begin it soon."""
    marks = [one.key async for one in store.held(f"{own}{_MARKS}")]
    await store.delete(marks)
    await store.put(f"{own}{_ACCEPTED}", b"accepted")


class Sweep:
    """Runs until cancelled. `now` in seconds since 1970."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        fault: Callable[[BaseException], None],
        now: Callable[[], float] = time.time,
        rest: float = _REST_SECONDS,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._fault = fault
        self._now = now
        self._rest = rest

    async def run(self) -> None:
        """Once a day, for ever."""
        await repeat(self._look, _LOOK_SECONDS, self._fault)

    async def _look(self, _: float) -> None:
        await self.sweep()

    async def sweep(self) -> None:
        """Today's, unless another host has begun it."""
        store, marks = self._objects.store, f"{self._objects.own}{_MARKS}"
        present = {one.key async for one in store.held(marks)}
        today = f"{marks}{int(self._now()) // _DAY}"
        if today in present:
            return
        try:
            await store.put(today, b"begun")
        except ObjectThere:
            return
        await store.tidy()
        total, orphans = await self._counted()
        accepted = f"{self._objects.own}{_ACCEPTED}"
        if orphans > FEW and orphans * FEW_PART > total and accepted not in present:
            metrics.STORE_ORPHANS.set(orphans)
            _log.error(
                "%s of %d in the object store belong to nothing that this database knows. That is "
                "too many to be deleted unasked: is it the right database, and was it restored? "
                "`ephemeral check --store --accept-orphans` lets them be deleted.",
                counted(orphans, "object"),
                total,
            )
        else:
            await self._purge()
            metrics.STORE_ORPHANS.set(0)
        await store.delete([*(present - {today})])

    async def _counted(self) -> tuple[int, int]:
        """How many objects of this deployment there are, and how many belong to nothing."""
        marks = f"{self._objects.own}{_MARKS}"
        total = orphans = 0
        async for page in self._pages():
            total += sum(not one.key.startswith(marks) for one in page)
            orphans += len(await self._orphans(page))
        return total, orphans

    async def _purge(self) -> None:
        """Have what belongs to nothing deleted as what was destroyed is: until it is gone."""
        async for page in self._pages():
            found = await self._orphans(page)
            kinds: dict[Kind, set[bytes]] = {}
            tried: list[str] = []
            for one in found:
                parsed = self._objects.parsed(one.key)
                if parsed is None:
                    tried.append(one.key)
                else:
                    kinds.setdefault(parsed[0], set()).add(parsed[1])

            async def work(connection: Connection, kinds: dict[Kind, set[bytes]] = kinds) -> None:
                for kind, prefixes in kinds.items():
                    await purge_rows.insert_purges(connection, kind, [*prefixes])

            if kinds:
                await transaction(self._pool, work)
            if tried:
                await self._objects.store.delete(tried)

    async def _orphans(self, page: list[Held]) -> list[Held]:
        """Those of them that are a day old and belong to nothing, in the eyes of one moment."""
        old = [one for one in page if one.at < self._now() - _DAY]
        parsed = [(one, self._objects.parsed(one.key)) for one in old]
        named: dict[Kind, set[bytes]] = {}
        for _, found in parsed:
            if found is not None and found[0] in self._objects.living:
                named.setdefault(found[0], set()).add(found[1])

        async def work(connection: Connection) -> set[tuple[Kind, bytes]]:
            known: set[tuple[Kind, bytes]] = set()
            for kind, prefixes in named.items():
                alive = await self._objects.living[kind](connection, [*prefixes])
                purged = await purge_rows.purged(connection, [*prefixes])
                known |= {(kind, one) for one in {*alive, *purged}}
            return known

        known = await transaction(self._pool, work, read_only=True) if named else set()
        tried = f"{self._objects.own}{PROBES}"
        return [
            one
            for one, found in parsed
            if (
                one.key.startswith(tried)
                if found is None
                else found[1] in named.get(found[0], ()) and found not in known
            )
        ]

    async def _pages(self) -> AsyncIterator[list[Held]]:
        page: list[Held] = []
        async for one in self._objects.store.held(self._objects.own):
            page.append(one)
            if len(page) == _PAGE:
                yield page
                page = []
                await asyncio.sleep(self._rest)
        if page:
            yield page
