"""The watch: whether the database is still the one that was served, and its clock right.

Every second the mark is raised by one of those who serve, in the database and then beside the keys
(``mark``), and everybody looks whether it still goes on from where it was. While the database was
set back under a running server, or its clock can't be right, nothing in it is opened, swept or
written: the pool is halted, this process is not ready, and the operator is told once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.sealing import history_rows
from ephemeral.sealing.fingerprints import fingerprint
from ephemeral.sealing.history import Reference, first_reference, follows, look, wrong_clock
from ephemeral.sealing.mark import Machine, Mark, SetBack, write_mark
from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.store.postgres import StoreUnavailable, connection
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.sealing.history_rows import MarkRow
    from ephemeral.sealing.keyring import Keyring
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Watch"]

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# A stop doesn't wait longer for a database that is silent.
_LAST_SECONDS = 2.0

#: For whoever asks whether this process is ready, which may be anybody: without numbers.
SET_BACK = "The database was set back, or is another one: the log says what to do."
CLOCK = "The database's clock can't be right: the log says what to do."


@dataclass(frozen=True, slots=True)
class _Doubt:
    """`public`: SET_BACK or CLOCK; `sentence`: for the log."""

    public: str
    sentence: str


class Watch:
    """Of one process. `start` after `Keyring.open`, then `run`, and `stop` when nothing is done."""

    def __init__(self, pool: Pool, keyring: Keyring, machine: Machine) -> None:
        self._pool = pool
        self._keyring = keyring
        self._directory = keyring.directory
        self._fingerprint = fingerprint(keyring.index_key)
        self._machine = machine
        self._reference: Reference | None = None
        self._number: int | None = None
        self._doubt: _Doubt | None = None
        self._trouble: str | None = None

    @property
    def alarm(self) -> str | None:
        """Why this process isn't ready; None if it is."""
        return None if self._doubt is None else self._doubt.public

    @property
    def set_back(self) -> bool:
        """Whether the database isn't at a state that follows."""
        return self.alarm == SET_BACK

    @property
    def clock_doubted(self) -> bool:
        """Whether the database's clock isn't believed."""
        return self.alarm == CLOCK

    async def start(self) -> None:
        """The first look; raises SetBack. A wrong clock halts the pool, and may come right."""
        await self.look()
        if self._doubt is not None and self.set_back:
            raise SetBack(self._doubt.sentence)

    async def run(self, fault: Callable[[BaseException], None]) -> None:
        """Look for ever. `fault` is told of exceptions nobody expected."""
        await repeat(self.look, LOOK_SECONDS, fault)

    async def stop(self) -> None:
        """What was done last has a mark too. The pool may be used again."""
        try:
            if self._number is not None:
                # Though somebody may just have raised it.
                self._number = None
                async with asyncio.timeout(_LAST_SECONDS):
                    await self.look()
        except (StoreUnavailable, TimeoutError):
            # It lacks the last second's, which only a backup of that second could bring back.
            pass
        finally:
            self._pool.halted = False

    async def look(self, _monotonic: float = 0.0) -> None:
        """Compare, and raise the mark unless somebody has. Raises StoreUnavailable."""
        try:
            doubt = await self._look()
        except SetBack as error:
            doubt = _Doubt(SET_BACK, str(error))
        except KeyringUnusable as error:
            # A mark that isn't written accuses nobody. Whether keys can be, the epochs tell.
            if str(error) != self._trouble:
                log.error("%s", error)
            self._trouble = str(error)
            return
        self._trouble = None
        self._take(doubt)

    def _take(self, doubt: _Doubt | None) -> None:
        before, self._doubt = self._doubt, doubt
        self._pool.halted = doubt is not None
        # What is told of a clock changes as it goes on.
        told = (
            before is not None
            and doubt is not None
            and (before.sentence == doubt.sentence or before.public == doubt.public == CLOCK)
        )
        if doubt is not None and not told:
            log.error("Nothing is served: %s", doubt.sentence)
        elif before is not None and doubt is None:
            log.warning("The database and its clock are right again.")

    async def _look(self) -> _Doubt | None:
        async with connection(self._pool, though_halted=True) as one:
            beside, row = await look(one, self._directory)
            if row is not None and row.index_fingerprint != self._fingerprint:
                row = None
            follows(self._directory, beside, row, ())
            assert row is not None, "it follows"
            if beside is None:
                await self._write(Mark(0, row.now, self._machine.boot, self._machine.elapsed()))
            return await self._go_on(one, beside, row)

    async def _go_on(self, one: Connection, beside: Mark | None, row: MarkRow) -> _Doubt | None:
        """Judge the clock, and raise the mark."""
        elapsed = self._machine.elapsed()
        if self._reference is None:
            self._reference = first_reference(beside, row, self._machine)
        elif row.number != self._number and row.at is not None:
            # Somebody else has looked since, and believed this clock.
            self._reference = Reference(row.at, elapsed)
        wrong = await wrong_clock(one, self._reference, row.now, elapsed)
        seen, self._number = self._number, row.number
        self._keyring.mark = row.number
        if wrong is not None:
            return _Doubt(CLOCK, wrong)
        if self._reference.gap == 0 and self._reference.off(row.now, elapsed):
            log.warning("The database's clock was changed, and nothing depends on that.")
        self._reference = Reference(row.now, elapsed)
        # One for all of those who serve: whoever finds that nobody else has, since the last look.
        if seen in (None, row.number) and await history_rows.raise_mark(one, row.number, row.now):
            self._number = row.number + 1
            self._keyring.mark = self._number
            await self._write(Mark(self._number, row.now, self._machine.boot, elapsed))
        return None

    async def _write(self, mark: Mark) -> None:
        first = mark.number == 0
        await asyncio.to_thread(write_mark, self._directory.path, mark, first=first)
