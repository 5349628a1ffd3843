"""Rows of segments: the messages of an hour in a conversation, which share a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["delete", "empty_of", "insert", "payloads_of", "some"]


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


async def empty_of(connection: Connection, conversations: Sequence[bytes]) -> list[bytes]:
    """The segments of conversations, which are locked, in which no message waits."""
    rows = await connection.fetch(
        """
        SELECT g.segment FROM (
          SELECT segment, conversation, first_s,
                 lead(first_s, 1, 9007199254740992)
                   OVER (PARTITION BY conversation ORDER BY first_s) AS next_s
          FROM accounts.segments WHERE conversation = ANY($1::bytea[])
        ) AS g WHERE NOT EXISTS (
          SELECT FROM accounts.entries e
          WHERE e.conversation = g.conversation AND e.s >= g.first_s AND e.s < g.next_s
        )
        """,
        list(conversations),
    )
    return [row[0] for row in rows]


async def delete(connection: Connection, segments: Sequence[bytes]) -> None:
    """Destroy segments, of conversations that are locked; their payloads are destroyed beside.

    Where one was to hold the next message, that begins another.
    """
    await connection.execute(
        """
        WITH gone AS (
          DELETE FROM accounts.segments WHERE segment = ANY($1::bytea[])
          RETURNING conversation, segment
        )
        UPDATE accounts.conversations c SET segment = NULL, segment_hour = NULL
        FROM gone g WHERE c.conversation = g.conversation AND c.segment = g.segment
        """,
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
