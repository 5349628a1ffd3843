"""Rows of who leaves a conversation, and of who waits to be added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "JoinRow",
    "LeaveRow",
    "departed",
    "drop_joins",
    "drop_joins_of",
    "expired_departures",
    "expired_joins",
    "forget_departures_of",
    "forget_leaves",
    "insert_departure",
    "insert_leave",
    "joins",
    "leaves",
    "put_join",
]


class LeaveRow(NamedTuple):
    """Who has left, until the next record says so."""

    chain: bytes
    since: int
    device: bytes
    signature: bytes


class JoinRow(NamedTuple):
    """Who waits to be added."""

    account: bytes
    payload: bytes


async def leaves(connection: Connection, conversation: bytes) -> list[LeaveRow]:
    """Who has left a conversation."""
    rows = await connection.fetch(
        """
        SELECT chain, since, device, signature FROM accounts.leaves WHERE conversation = $1
        ORDER BY since, chain
        """,
        conversation,
    )
    return [LeaveRow(*row) for row in rows]


async def insert_leave(connection: Connection, conversation: bytes, leave: LeaveRow) -> None:
    """Somebody leaves."""
    await connection.execute(
        """
        INSERT INTO accounts.leaves (conversation, chain, since, device, signature)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (conversation, chain) DO NOTHING
        """,
        conversation,
        *leave,
    )


async def forget_leaves(connection: Connection, conversation: bytes) -> None:
    """A record has said so."""
    await connection.execute("DELETE FROM accounts.leaves WHERE conversation = $1", conversation)


async def insert_departure(
    connection: Connection, conversation: bytes, account: bytes, now: int
) -> None:
    """An account has left; it may have done so before."""
    await connection.execute(
        """
        INSERT INTO accounts.departures (conversation, account, left_at) VALUES ($1, $2, $3)
        ON CONFLICT (conversation, account) DO UPDATE SET left_at = excluded.left_at
        """,
        conversation,
        account,
        now,
    )


async def departed(connection: Connection, conversation: bytes, accounts: Sequence[bytes]) -> bool:
    """Whether any of these has left a conversation lately."""
    found = await connection.fetchval(
        """
        SELECT true FROM accounts.departures
        WHERE conversation = $1 AND account = ANY($2::bytea[]) LIMIT 1
        """,
        conversation,
        list(accounts),
    )
    return found is not None


async def forget_departures_of(
    connection: Connection, conversation: bytes, accounts: Sequence[bytes]
) -> None:
    """These are back."""
    await connection.execute(
        """
        DELETE FROM accounts.departures WHERE conversation = $1 AND account = ANY($2::bytea[])
        """,
        conversation,
        list(accounts),
    )


async def expired_departures(connection: Connection, before: int, most: int) -> int:
    """Forget who left before a moment; how many."""
    found: int = await connection.fetchval(
        """
        WITH gone AS (
          DELETE FROM accounts.departures WHERE (conversation, account) IN (
            SELECT conversation, account FROM accounts.departures WHERE left_at < $1
            ORDER BY left_at LIMIT $2 FOR UPDATE SKIP LOCKED
          ) RETURNING true
        ) SELECT count(*) FROM gone
        """,
        before,
        most,
    )
    return found


async def joins(connection: Connection, conversation: bytes, now: int) -> list[JoinRow]:
    """Who waits to be added to a conversation."""
    rows = await connection.fetch(
        """
        SELECT account, payload FROM accounts.joins
        WHERE conversation = $1 AND expires_at > $2 ORDER BY expires_at
        """,
        conversation,
        now,
    )
    return [JoinRow(*row) for row in rows]


async def put_join(
    connection: Connection, conversation: bytes, account: bytes, payload: bytes, until: int
) -> None:
    """Somebody waits; there is no such row."""
    await connection.execute(
        """
        INSERT INTO accounts.joins (conversation, account, payload, expires_at)
        VALUES ($1, $2, $3, $4)
        """,
        conversation,
        account,
        payload,
        until,
    )


async def drop_joins(
    connection: Connection, conversation: bytes, accounts: Sequence[bytes] | None = None
) -> list[bytes]:
    """These wait no more, or nobody does; gives their payloads."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.joins
        WHERE conversation = $1 AND ($2::bytea[] IS NULL OR account = ANY($2)) RETURNING payload
        """,
        conversation,
        None if accounts is None else list(accounts),
    )
    return [row[0] for row in rows]


async def drop_joins_of(connection: Connection, account: bytes) -> list[bytes]:
    """An account waits nowhere any more; gives the payloads."""
    rows = await connection.fetch(
        "DELETE FROM accounts.joins WHERE account = $1 RETURNING payload", account
    )
    return [row[0] for row in rows]


async def expired_joins(connection: Connection, now: int, most: int) -> list[bytes]:
    """Destroy those who have waited too long; gives the payloads."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.joins WHERE (conversation, account) IN (
          SELECT conversation, account FROM accounts.joins WHERE expires_at <= $1
          ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING payload
        """,
        now,
        most,
    )
    return [row[0] for row in rows]
