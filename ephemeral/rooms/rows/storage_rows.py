"""How much waits in the whole deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["PAGES", "waiting_bytes"]

#: So many pages of the table are read at most, chosen at random: 8 MB, some 20,000 messages. Of a
#: larger one it is an estimate, right to a few hundredths.
PAGES = 1000


async def waiting_bytes(connection: Connection, pages: int = PAGES) -> int:
    """Bytes of all envelopes that wait, of which no more than so many `pages` are read."""
    total: int = await connection.fetchval(
        """
        WITH all_pages AS (
            SELECT pg_relation_size('messages') / current_setting('block_size')::float8 AS n),
        sample AS (
            SELECT sum(size)::float8 AS size FROM messages
            TABLESAMPLE SYSTEM (100 * least(1, $1::float8 / greatest(1, (SELECT n FROM all_pages))))
        )
        SELECT (coalesce(sample.size, 0) * greatest(1, n / $1::float8))::bigint
        FROM sample, all_pages
        """,
        float(pages),
    )
    return total
