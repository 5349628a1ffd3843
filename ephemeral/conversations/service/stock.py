"""What waits in all conversations together: a bound for the disk, since accounts are for nothing.

The database is asked now and then; what this process has taken since is added. A post pays a
comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.conversations.rows import conversation_rows
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Stock"]

_MEASURE_SECONDS = 5.0


class Stock:
    """`most`: bytes of messages that may wait; 0 doesn't limit them."""

    def __init__(self, pool: Pool, most: int, fault: Callable[[BaseException], None]) -> None:
        self._pool = pool
        self._most = most
        self._fault = fault
        self._used = 0
        # What was taken here, since the start and until the database was asked last.
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return self._most > 0 and self._used >= self._most

    def took(self, size: int) -> None:
        """So many bytes more wait, by a commit of this process."""
        self._taken += size
        self._used += size

    async def measure(self, _monotonic: float = 0.0) -> None:
        """Ask the database."""
        before = self._taken
        total = await transaction(self._pool, conversation_rows.waiting_bytes, read_only=True)
        # What came meanwhile may be in it or not.
        self._used = total + self._taken - before

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        await repeat(self.measure, _MEASURE_SECONDS, self._fault)
