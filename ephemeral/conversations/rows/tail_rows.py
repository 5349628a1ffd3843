"""Rows at the end of a log that is forgotten: what all devices have, and what nobody came for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "FORGETTING",
    "Trimmed",
    "delete_boxes",
    "delete_boxes_of",
    "destroy_entries",
    "empty_boxes",
    "expired",
    "forget_box_keys",
    "longest_waiting",
    "trim",
    "untrimmed",
]


class Trimmed(NamedTuple):
    """A conversation after it was trimmed: up to where, and what waits still."""

    conversation: bytes
    tail: int
    waiting: int


#: What is done where it is known, by `least`, up to which cursor messages go, and up to which bound
#: places of the log.
FORGETTING = """
        gone AS (
          DELETE FROM accounts.entries e USING least l
          WHERE e.conversation = l.conversation AND e.s > l.tail AND e.s <= l.cursor
          RETURNING e.conversation, octet_length(e.sealed) AS bytes
        ), forgotten AS (
          DELETE FROM accounts.log_places p USING least l
          WHERE p.conversation = l.conversation AND p.s >= l.kept AND p.s < l.bound
        ), sums AS (
          SELECT conversation, count(*) AS messages, sum(bytes - 28) AS bytes
          FROM gone GROUP BY conversation
        )
"""


async def trim(
    connection: Connection, conversations: Sequence[bytes], today: int, unseen: int
) -> list[Trimmed]:
    """Destroy what all devices have stored that were seen in so many days; the rows are locked.

    It is today at most when the conversation was last looked at by who doesn't believe a clock that
    has jumped: else whoever acknowledges something then would destroy what others wait for.

    Places of the log stay from what the newest record had seen, or from where a device reads on.
    Where no device was seen since, nothing changes.
    """
    rows = await connection.fetch(
        f"""
        WITH least AS MATERIALIZED (
          SELECT c.conversation, c.tail, c.kept, min(d.cursor) AS cursor,
                 greatest(c.kept, least(c.record_seen, min(d.hold))) AS bound
          FROM unnest($1::bytea[]) AS asked (conversation)
          JOIN accounts.conversations c ON c.conversation = asked.conversation
          JOIN accounts.conversation_devices d ON d.conversation = c.conversation
          JOIN accounts.devices a ON a.account = d.account AND a.device = d.device
          WHERE a.seen_day >= least($2::integer, c.trimmed_day) - $3::integer
          GROUP BY c.conversation
        ), {FORGETTING}
        UPDATE accounts.conversations c
        SET tail = greatest(c.tail, l.cursor), kept = l.bound,
            waiting = c.waiting - coalesce(n.messages, 0),
            waiting_bytes = c.waiting_bytes - coalesce(n.bytes, 0)
        FROM least l LEFT JOIN sums n ON n.conversation = l.conversation
        WHERE c.conversation = l.conversation AND (l.cursor > c.tail OR l.bound > c.kept)
        RETURNING c.conversation, c.tail, c.waiting
        """,  # noqa: S608
        list(conversations),
        today,
        unseen,
    )
    return [Trimmed(*row) for row in rows]


async def untrimmed(connection: Connection, today: int, most: int) -> list[bytes]:
    """Conversations that nobody has looked at today, locked and noted; who else looks, passes."""
    rows = await connection.fetch(
        """
        UPDATE accounts.conversations SET trimmed_day = $1 WHERE conversation IN (
          SELECT conversation FROM accounts.conversations WHERE trimmed_day < $1
          ORDER BY trimmed_day LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING conversation
        """,
        today,
        most,
    )
    return sorted(row[0] for row in rows)


async def expired(connection: Connection, now: int, most: int) -> list[tuple[bytes, int]]:
    """Messages that have waited as long as they may: (conversation, place)."""
    rows = await connection.fetch(
        "SELECT conversation, s FROM accounts.entries WHERE expires_at <= $1"
        " ORDER BY expires_at LIMIT $2",
        now,
        most,
    )
    return [(row[0], row[1]) for row in rows]


async def destroy_entries(
    connection: Connection, keys: Sequence[tuple[bytes, int]]
) -> list[tuple[bytes, int]]:
    """Destroy messages that wait, of conversations that are locked; gives those that were there."""
    rows = await connection.fetch(
        """
        WITH gone AS (
          DELETE FROM accounts.entries e
          USING unnest($1::bytea[], $2::bigint[]) AS n (conversation, s)
          WHERE e.conversation = n.conversation AND e.s = n.s
          RETURNING e.conversation, e.s, octet_length(e.sealed) AS bytes
        ), sums AS (
          SELECT conversation, count(*) AS messages, sum(bytes - 28) AS bytes
          FROM gone GROUP BY conversation
        ), counted AS (
          UPDATE accounts.conversations c
          SET waiting = c.waiting - n.messages, waiting_bytes = c.waiting_bytes - n.bytes
          FROM sums n WHERE c.conversation = n.conversation
        )
        SELECT conversation, s FROM gone
        """,
        [one[0] for one in keys],
        [one[1] for one in keys],
    )
    return [(row[0], row[1]) for row in rows]


async def longest_waiting(
    connection: Connection,
    conversation: bytes,
    devices: Sequence[bytes],
    messages: int,
    size: int,
) -> list[int]:
    """Places of the oldest waiting messages of these devices that are beyond a share."""
    rows = await connection.fetch(
        """
        SELECT s FROM (
          SELECT e.s, row_number() OVER newer AS messages,
                 sum(octet_length(e.sealed) - 28) OVER newer AS bytes
          FROM accounts.entries e
          JOIN accounts.log_places p ON p.conversation = e.conversation AND p.s = e.s
          WHERE e.conversation = $1 AND p.device = ANY($2::bytea[])
          WINDOW newer AS (ORDER BY e.s DESC)
        ) AS own WHERE messages > $3 OR bytes > $4
        """,
        conversation,
        list(devices),
        messages,
        size,
    )
    return [row[0] for row in rows]


async def delete_boxes(
    connection: Connection, read: Sequence[tuple[bytes, bytes, int]]
) -> list[tuple[bytes, int]]:
    """Destroy the boxes of devices up to a place: (conversation, device, place). Gives epochs."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.boxes b
        USING unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS n (conversation, device, s),
              accounts.records r
        WHERE b.conversation = n.conversation AND b.device = n.device
          AND r.conversation = b.conversation AND r.epoch = b.epoch AND r.s <= n.s
        RETURNING b.conversation, b.epoch
        """,
        [one[0] for one in read],
        [one[1] for one in read],
        [one[2] for one in read],
    )
    return [(row[0], row[1]) for row in rows]


async def delete_boxes_of(
    connection: Connection, devices: Sequence[tuple[bytes, bytes]]
) -> list[tuple[bytes, int]]:
    """Destroy all boxes of devices that are no member any more: (conversation, device)."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.boxes b
        USING unnest($1::bytea[], $2::bytea[]) AS n (conversation, device)
        WHERE b.conversation = n.conversation AND b.device = n.device
        RETURNING b.conversation, b.epoch
        """,
        [one[0] for one in devices],
        [one[1] for one in devices],
    )
    return [(row[0], row[1]) for row in rows]


async def empty_boxes(connection: Connection, epochs: Sequence[tuple[bytes, int]]) -> list[bytes]:
    """Of these epochs (conversation, epoch), the keys of boxes that seal no box any more."""
    rows = await connection.fetch(
        """
        SELECT r.boxes FROM unnest($1::bytea[], $2::bigint[]) AS n (conversation, epoch)
        JOIN accounts.records r ON r.conversation = n.conversation AND r.epoch = n.epoch
        WHERE r.boxes IS NOT NULL AND NOT EXISTS (
          SELECT FROM accounts.boxes b WHERE b.conversation = r.conversation AND b.epoch = r.epoch)
        """,
        [one[0] for one in epochs],
        [one[1] for one in epochs],
    )
    return [row[0] for row in rows]


async def forget_box_keys(connection: Connection, epochs: Sequence[tuple[bytes, int]]) -> None:
    """Note for these epochs that they have no boxes any more, where that is so."""
    await connection.execute(
        """
        UPDATE accounts.records r SET boxes = NULL
        FROM unnest($1::bytea[], $2::bigint[]) AS n (conversation, epoch)
        WHERE r.conversation = n.conversation AND r.epoch = n.epoch AND NOT EXISTS (
          SELECT FROM accounts.boxes b WHERE b.conversation = r.conversation AND b.epoch = r.epoch)
        """,
        [one[0] for one in epochs],
        [one[1] for one in epochs],
    )
