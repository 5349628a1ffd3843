"""How much there is in all conversations together, for whoever runs the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.conversations.rows import conversation_rows
from ephemeral.conversations.rows.conversation_rows import Counts
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Counts", "counts"]


async def counts(pool: Pool) -> Counts:
    """Of one moment."""
    return await transaction(pool, conversation_rows.count, read_only=True)
