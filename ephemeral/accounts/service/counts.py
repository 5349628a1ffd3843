"""How many accounts there are, for whoever runs the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.rows import count_rows
from ephemeral.accounts.rows.count_rows import Counts
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Counts", "counts"]


async def counts(pool: Pool) -> Counts:
    """Of one moment."""
    return await transaction(pool, count_rows.count, read_only=True)
