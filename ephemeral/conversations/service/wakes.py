"""Which devices are told by a push that something is new: those that didn't come for it.

A device that listens stores what it is told, and acknowledges that, within moments. So nobody asks
who is connected, to which process, or whether the other end of a connection is still there: some
seconds after a message the rows say who lacks it. Whether a person has muted a conversation is
known to that person's devices alone, which decide what they show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ephemeral.conversations.rows import wake_rows
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Wakes"]

# Whoever is there has acknowledged a message after one turn, and before the end of the next.
_TURN_SECONDS = 3.0
# Who was told within the last minute and hasn't looked is told again after it.
_MINUTE_MS, _MINUTE_TURNS = 60_000, 20
# Conversations that wait to be looked at. Beyond it a message is pushed to nobody, and the next one
# of its conversation is.
_MOST = 20_000
_AT_ONCE = 200


class Wakes:
    """Runs until the server stops. `fault` is told of exceptions nobody expected."""

    def __init__(self, pool: Pool, fault: Callable[[BaseException], None]) -> None:
        self._pool = pool
        self._fault = fault
        # Those of this turn, of the one before, and those that wait for a minute to be over.
        self._new: dict[bytes, None] = {}
        self._ripe: dict[bytes, None] = {}
        self._early: dict[bytes, None] = {}
        self._turns = 0

    def wrote(self, conversations: Iterable[bytes]) -> None:
        """Something was written in these. Never blocks."""
        for one in conversations:
            if len(self._new) < _MOST:
                self._new[one] = None

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        await repeat(self.turn, _TURN_SECONDS, self._fault)

    async def turn(self, _monotonic: float) -> None:
        """Look at what was written before the last turn."""
        self._turns += 1
        if self._turns % _MINUTE_TURNS == 0:
            self.wrote(self._early)
            self._early = {}
        ripe, self._ripe, self._new = list(self._ripe), self._new, {}
        for first in range(0, len(ripe), _AT_ONCE):
            try:
                early = await self._mark(ripe[first : first + _AT_ONCE])
            except BaseException:
                self.wrote(ripe[first:])
                raise
            for one in early:
                if len(self._early) < _MOST:
                    self._early[one] = None

    async def _mark(self, conversations: Sequence[bytes]) -> set[bytes]:
        async def work(connection: Connection) -> set[bytes]:
            return await wake_rows.mark(connection, conversations, _MINUTE_MS)

        return await transaction(self._pool, work)
