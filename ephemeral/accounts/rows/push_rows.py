"""Rows of devices that want to be told by a push service that something is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["DueRow", "claim", "drop", "mark", "payload", "put", "remove", "settle"]


class DueRow(NamedTuple):
    """A push to be sent now; `tries`: how often it was tried, this time included."""

    account: bytes
    device: bytes
    payload: bytes
    tries: int


async def payload(connection: Connection, account: bytes, device: bytes) -> bytes | None:
    """The payload of a device's subscription."""
    found: bytes | None = await connection.fetchval(
        "SELECT payload FROM accounts.push_subscriptions WHERE account = $1 AND device = $2",
        account,
        device,
    )
    return found


async def put(
    connection: Connection, account: bytes, device: bytes, sid: bytes, payload: bytes
) -> None:
    """Keep a device's subscription in the place of the one before."""
    await connection.execute(
        """
        INSERT INTO accounts.push_subscriptions (account, device, sid, payload)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (account, device) DO UPDATE
        SET sid = excluded.sid, payload = excluded.payload, due_at = NULL, tries = 0
        """,
        account,
        device,
        sid,
        payload,
    )


async def remove(connection: Connection, account: bytes, device: bytes) -> list[bytes]:
    """Forget a device's subscription; gives its payload, which is destroyed next."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.push_subscriptions WHERE account = $1 AND device = $2
        RETURNING payload
        """,
        account,
        device,
    )
    return [row[0] for row in rows]


async def drop(connection: Connection, payload: bytes) -> list[bytes]:
    """Forget the subscription that is kept in this payload, if it is still there."""
    rows = await connection.fetch(
        "DELETE FROM accounts.push_subscriptions WHERE payload = $1 RETURNING payload", payload
    )
    return [row[0] for row in rows]


async def mark(connection: Connection, accounts: Sequence[bytes], minute_ago: int) -> None:
    """A push is due to all devices of these accounts that had none in the last minute."""
    await connection.execute(
        """
        UPDATE accounts.push_subscriptions SET due_at = clock_ms(), tries = 0, told_in = NULL
        WHERE account = ANY($1::bytea[]) AND due_at IS NULL
          AND (told_at IS NULL OR told_at <= $2)
        """,
        list(accounts),
        minute_ago,
    )


async def claim(connection: Connection, now: int, until: int, most: int) -> list[DueRow]:
    """What is to be sent now. Who else looks till `until` passes it; if whoever has claimed it
    dies, it is due again then. What is due to a suspended account stays so until that is lifted."""
    rows = await connection.fetch(
        """
        UPDATE accounts.push_subscriptions SET due_at = $2, told_at = $1, tries = tries + 1
        WHERE (account, device) IN (
          SELECT n.account, n.device FROM accounts.push_subscriptions n
          WHERE n.due_at <= $1 AND NOT EXISTS (
            SELECT FROM accounts.accounts a
            WHERE a.account = n.account AND a.suspended_day IS NOT NULL
          )
          ORDER BY n.due_at LIMIT $3 FOR UPDATE OF n SKIP LOCKED
        ) RETURNING account, device, payload, tries
        """,
        now,
        until,
        most,
    )
    return [DueRow(*row) for row in rows]


async def settle(connection: Connection, payload: bytes, claimed: int, again: int | None) -> None:
    """What was claimed until then is done, or due again later."""
    await connection.execute(
        """
        UPDATE accounts.push_subscriptions
        SET due_at = $3, tries = CASE WHEN $3::bigint IS NULL THEN 0 ELSE tries END
        WHERE payload = $1 AND due_at = $2
        """,
        payload,
        claimed,
        again,
    )
