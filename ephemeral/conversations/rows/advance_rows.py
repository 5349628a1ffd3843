"""Rows that the next record of a conversation writes: all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.conversations.rows.conversation_rows import Advance
from ephemeral.conversations.rows.record_rows import WRITING, NewRecord
from ephemeral.conversations.rows.tail_rows import FORGETTING, Trimmed

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["advance"]


async def advance(
    connection: Connection, record: NewRecord, new: Advance, today: int, unseen: int
) -> Trimmed | None:
    """The next epoch of a conversation has begun, with this record; nothing is due any more.

    What all devices have stored goes, as `tail_rows.trim` does it; gives the conversation if
    anything did.
    """
    row = await connection.fetchrow(
        f"""
        WITH least AS MATERIALIZED (
          SELECT c.conversation, c.tail, c.kept, min(d.cursor) AS cursor,
                 greatest(c.kept, least($15::bigint, min(d.hold))) AS bound
          FROM accounts.conversations c
          JOIN accounts.conversation_devices d ON d.conversation = c.conversation
          JOIN accounts.devices a ON a.account = d.account AND a.device = d.device
          WHERE c.conversation = $1
            AND a.seen_day >= least($18::integer, c.trimmed_day) - $19::integer
          GROUP BY c.conversation
        ), {FORGETTING}, {WRITING}
        UPDATE accounts.conversations c
        SET epoch = $2, record = $3, record_s = $4, log = $5, record_seen = $15, timer = $16,
            people = $17, began_at = $6, s = $4, messages = 0, renew_told = NULL, due = NULL,
            told_device = NULL, told_at = NULL,
            tail = greatest(c.tail, l.cursor), kept = coalesce(l.bound, c.kept),
            waiting = c.waiting - coalesce(n.messages, 0),
            waiting_bytes = c.waiting_bytes - coalesce(n.bytes, 0)
        FROM (SELECT) AS this LEFT JOIN least l ON true
        LEFT JOIN sums n ON n.conversation = l.conversation
        WHERE c.conversation = $1
        RETURNING coalesce(l.cursor > l.tail OR l.bound > l.kept, false), c.tail, c.waiting
        """,  # noqa: S608
        *record.arguments,
        new.seen,
        new.timer,
        new.people,
        today,
        unseen,
    )
    assert row is not None
    return Trimmed(new.conversation, row[1], row[2]) if row[0] else None
