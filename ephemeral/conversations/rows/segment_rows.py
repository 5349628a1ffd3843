"""Rows of segments: the messages of an hour in a conversation, which share a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["clear", "delete", "empty_of", "insert", "payloads_of", "some"]


async def insert(connection: Connection, segments: Sequence[tuple[bytes, bytes, int]]) -> None:
    """Begin segments: (segment, conversation, place of the first message)."""
    await connection.execute(
        """
        INSERT INTO accounts.segments (segment, conversation, first_s)
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])
        """,
        [one[0] for one in segments],
        [one[1] for one in segments],
        [one[2] for one in segments],
    )


async def empty_of(connection: Connection, conversation: bytes) -> list[bytes]:
    """The segments of a conversation, which is locked, in which no message waits."""
    rows = await connection.fetch(
        """
        SELECT g.segment FROM (
          SELECT segment, first_s,
                 lead(first_s, 1, 9007199254740991) OVER (ORDER BY first_s) AS next_s
          FROM accounts.segments WHERE conversation = $1
        ) AS g WHERE NOT EXISTS (
          SELECT FROM accounts.entries e
          WHERE e.conversation = $1 AND e.s >= g.first_s AND e.s < g.next_s
        )
        """,
        conversation,
    )
    return [row[0] for row in rows]


async def delete(connection: Connection, segments: Sequence[bytes]) -> None:
    """Destroy segments; their payloads are destroyed beside."""
    await connection.execute(
        "DELETE FROM accounts.segments WHERE segment = ANY($1::bytea[])", list(segments)
    )


async def clear(connection: Connection, conversation: bytes, segments: Sequence[bytes]) -> None:
    """Let the next message of a conversation begin a segment, if it would go into one of these."""
    await connection.execute(
        """
        UPDATE accounts.conversations SET segment = NULL, segment_hour = NULL
        WHERE conversation = $1 AND segment = ANY($2::bytea[])
        """,
        conversation,
        list(segments),
    )


async def some(connection: Connection, after: bytes, most: int) -> list[tuple[bytes, bytes]]:
    """Segments with their conversations, in the order of segments, from one on."""
    rows = await connection.fetch(
        """
        SELECT segment, conversation FROM accounts.segments WHERE segment > $1
        ORDER BY segment LIMIT $2
        """,
        after,
        most,
    )
    return [(row[0], row[1]) for row in rows]


async def payloads_of(connection: Connection, conversation: bytes) -> list[bytes]:
    """The payloads of all segments of a conversation."""
    rows = await connection.fetch(
        "SELECT segment FROM accounts.segments WHERE conversation = $1", conversation
    )
    return [row[0] for row in rows]
