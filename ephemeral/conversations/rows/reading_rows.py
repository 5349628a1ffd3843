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


async def log(connection: Connection, conversation: bytes, after: int, most: int) -> list[LogRow]:
    """Places after one, in order."""
    rows = await connection.fetch(
        """
        SELECT p.s, p.kind, p.device, p.id, p.at, p.digest, e.segment, e.sealed
        FROM accounts.log_places p
        LEFT JOIN accounts.entries e ON e.conversation = p.conversation AND e.s = p.s
        WHERE p.conversation = $1 AND p.s > $2 ORDER BY p.s LIMIT $3
        """,
        conversation,
        after,
        most,
    )
    return [LogRow(*row) for row in rows]
