"""Rows of history: what older devices of an account hand to a new one, chunk by chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "ChunkRow",
    "Waiting",
    "chunk",
    "delete",
    "forget_expired",
    "insert",
    "total_bytes",
    "waiting",
]

# So many pages are read at most to know how much waits: of more it is an estimate.
_PAGES = 1000


class ChunkRow(NamedTuple):
    """A chunk by its number; its bytes are a payload."""

    number: int
    payload: bytes
    size: int
    expires_at: int


class Waiting(NamedTuple):
    """What waits: for a device, and in bytes for all of its account."""

    chunks: int
    size: int


async def chunk(
    connection: Connection, account: bytes, device: bytes, number: int
) -> ChunkRow | None:
    """A chunk that waits for a device."""
    row = await connection.fetchrow(
        """
        SELECT number, payload, size, expires_at FROM accounts.history_chunks
        WHERE account = $1 AND device = $2 AND number = $3
        """,
        account,
        device,
        number,
    )
    return None if row is None else ChunkRow(*row)


async def waiting(connection: Connection, account: bytes, device: bytes) -> Waiting:
    """How much waits for an account."""
    row = await connection.fetchrow(
        """
        SELECT count(*) FILTER (WHERE device = $2), coalesce(sum(size), 0)
        FROM accounts.history_chunks WHERE account = $1
        """,
        account,
        device,
    )
    assert row is not None, "sums are always there"
    return Waiting(*row)


async def total_bytes(connection: Connection) -> int:
    """How much waits for all accounts, of which no more than some pages are read."""
    total: int = await connection.fetchval(
        """
        WITH pages AS (
            SELECT greatest(1, pg_relation_size('accounts.history_chunks')
                / (current_setting('block_size')::float8 * $1)) AS times),
        sample AS (
            SELECT coalesce(sum(size), 0)::float8 AS size FROM accounts.history_chunks
            TABLESAMPLE SYSTEM (100 / (SELECT times FROM pages)))
        SELECT (size * times)::bigint FROM sample, pages
        """,
        float(_PAGES),
    )
    return total


async def insert(connection: Connection, account: bytes, device: bytes, row: ChunkRow) -> None:
    """Let a chunk wait."""
    await connection.execute(
        """
        INSERT INTO accounts.history_chunks (account, device, number, payload, size, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        account,
        device,
        *row,
    )


async def delete(connection: Connection, account: bytes, device: bytes, number: int) -> list[bytes]:
    """Remove a chunk, if it waits; gives its payload."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.history_chunks
        WHERE account = $1 AND device = $2 AND number = $3 RETURNING payload
        """,
        account,
        device,
        number,
    )
    return [row[0] for row in rows]


async def forget_expired(connection: Connection, now: int, most: int) -> list[bytes]:
    """Remove what nobody has fetched in time; gives the payloads."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.history_chunks WHERE (account, device, number) IN (
            SELECT account, device, number FROM accounts.history_chunks WHERE expires_at <= $1
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING payload
        """,
        now,
        most,
    )
    return [row[0] for row in rows]
