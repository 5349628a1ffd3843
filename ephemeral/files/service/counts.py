"""How many files there are, for whoever runs the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.files.rows import file_rows
from ephemeral.files.rows.file_rows import Counts
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Counts", "counts"]


async def counts(pool: Pool) -> Counts:
    """Of one moment."""
    return await transaction(pool, file_rows.count, read_only=True)
