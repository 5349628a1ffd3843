"""What all conversations leave in the database: a bound for the disk, for accounts cost nothing.

The database is asked now and then; what this process has taken since is added. A post pays a
comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.conversations.rows import conversation_rows
from ephemeral.conversations.rules import limits, prices
from ephemeral.protocol.errors import Refusal
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Stock"]

_MEASURE_SECONDS = 5.0


class Stock:
    """`most`: bytes that conversations may cost; 0 doesn't limit them."""

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

    def require(self) -> None:
        """Refuse `storage_full` where nothing more is taken."""
        if self.is_full:
            raise Refusal("storage_full", retry_after=limits.FULL_SECONDS)

    def took(self, size: int) -> None:
        """So many bytes more are there, by a commit of this process."""
        self._taken += size
        self._used += size

    async def measure(self, _monotonic: float = 0.0) -> None:
        """Ask the database."""
        before = self._taken
        total = await transaction(self._pool, _stored, read_only=True)
        # What came meanwhile may be in it or not.
        self._used = total + self._taken - before

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        await repeat(self.measure, _MEASURE_SECONDS, self._fault)


async def _stored(connection: Connection) -> int:
    return await conversation_rows.stored_bytes(
        connection,
        prices.CONVERSATION,
        prices.PERSON,
        prices.PLACE,
        prices.RECORD,
        prices.BOX,
    )
