"""Rows of logs as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["LogRow", "log"]


class LogRow(NamedTuple):
    """A place of a log, with the message that waits there, if one does."""

    s: int
    kind: int
    device: bytes
    id: bytes | None
    at: int
    digest: bytes
    segment: bytes | None
    sealed: bytes | None


async def log(
    connection: Connection, conversation: bytes, after: int, most: int, size: int, first: int
) -> list[LogRow]:
    """Places after one, in order: `most`, and messages of about so many bytes (`size`), one at
    least. Messages are read from the place `first` on."""
    rows = await connection.fetch(
        """
        SELECT s, kind, device, id, at, digest, segment, sealed FROM (
          SELECT p.s, p.kind, p.device, p.id, p.at, p.digest, e.segment, e.sealed,
                 row_number() OVER (ORDER BY p.s) AS n,
                 sum(octet_length(e.sealed)) OVER (ORDER BY p.s) AS bytes
          FROM (
            SELECT s, kind, device, id, at, digest FROM accounts.log_places
            WHERE conversation = $1 AND s > $2 ORDER BY s LIMIT $3
          ) AS p
          LEFT JOIN accounts.entries e ON e.conversation = $1 AND e.s = p.s AND e.s >= $5
        ) AS found WHERE n = 1 OR bytes IS NULL OR bytes <= $4 ORDER BY s
        """,
        conversation,
        after,
        most,
        size,
        first,
    )
    return [LogRow(*row) for row in rows]
