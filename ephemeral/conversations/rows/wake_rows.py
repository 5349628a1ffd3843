"""Rows of devices that are to be told by a push that a conversation has gone on without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ephemeral.protocol.conversations.log import MESSAGE

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["mark"]


async def mark(connection: Connection, conversations: Sequence[bytes], minute: int) -> set[bytes]:
    """A push is due to each device that lacks messages of others in one of these conversations, or
    whom somebody else has brought there.

    Not to one that was told in the last minute and hasn't stored yet what it was told of: gives the
    conversations of which such a one is to be told later.
    """
    rows = await connection.fetch(
        """
        WITH lacking AS MATERIALIZED (
          SELECT DISTINCT ON (d.account, d.device) d.account, d.device, c.conversation, c.s,
                 n.told_at > clock_ms() - $2::integer AND NOT EXISTS (
                   SELECT FROM accounts.conversation_devices t
                   WHERE t.conversation = n.told_in AND t.device = n.device AND t.hold >= n.told_s
                 ) AS early
          FROM unnest($1::bytea[]) AS asked (conversation)
          JOIN accounts.conversations c ON c.conversation = asked.conversation
          JOIN accounts.conversation_devices d ON d.conversation = c.conversation
          JOIN accounts.push_subscriptions n ON n.account = d.account AND n.device = d.device
          WHERE n.due_at IS NULL AND d.hold < c.s AND EXISTS (
            SELECT FROM accounts.log_places p
            WHERE p.conversation = c.conversation AND p.s > d.hold
              AND (p.s = d.first_s OR (p.s > d.cursor AND p.kind = $3)) AND NOT EXISTS (
                SELECT FROM accounts.devices o WHERE o.account = d.account AND o.device = p.device)
          )
          ORDER BY d.account, d.device, c.conversation
        ), marked AS (
          UPDATE accounts.push_subscriptions n
          SET due_at = clock_ms(), tries = 0, told_in = l.conversation, told_s = l.s
          FROM lacking l
          WHERE n.account = l.account AND n.device = l.device AND n.due_at IS NULL
            AND l.early IS NOT TRUE
        )
        SELECT DISTINCT conversation FROM lacking WHERE early
        """,
        list(conversations),
        minute,
        MESSAGE,
    )
    return {row[0] for row in rows}
