"""Rows of requests to become contacts, which wait under an address, and of who may be asked.

Requests are locked by the row of who asks; whoever answers has locked both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "AskedRow",
    "RequestRow",
    "answered",
    "asked_today",
    "findable",
    "forget",
    "forget_expired",
    "insert",
    "made_by",
    "note_asked",
    "payloads_of",
    "read",
    "set_findable",
    "waiting",
]


class RequestRow(NamedTuple):
    """A request; `own` is the payload with the address of who asks, until it is answered."""

    request: bytes
    account: bytes
    own: bytes | None
    at: int


class AskedRow(NamedTuple):
    """A request as it waits for whoever has the address; `chain` is in force of who asks."""

    account: bytes
    chain: bytes
    own: bytes
    at: int


async def read(connection: Connection, request: bytes) -> RequestRow | None:
    """A request by its name."""
    row = await connection.fetchrow(
        "SELECT request, account, own, at FROM accounts.contact_requests WHERE request = $1",
        request,
    )
    return None if row is None else RequestRow(*row)


async def made_by(connection: Connection, account: bytes) -> list[RequestRow]:
    """What an account asks of any address, the oldest first."""
    rows = await connection.fetch(
        """
        SELECT request, account, own, at FROM accounts.contact_requests WHERE account = $1
        ORDER BY at, request
        """,
        account,
    )
    return [RequestRow(*row) for row in rows]


async def waiting(
    connection: Connection,
    account: bytes,
    address: bytes,
    since: int,
    behind: RequestRow | None,
    most: int,
) -> list[AskedRow]:
    """Who asks under this account's address since a moment, and has no answer; newest first, or
    those behind one of them."""
    rows = await connection.fetch(
        """
        SELECT r.account, k.chain, r.own, r.at FROM accounts.contact_requests r
        CROSS JOIN LATERAL (
            SELECT chain FROM accounts.chains WHERE account = r.account AND state = 'open' LIMIT 1
        ) k
        WHERE r.address = $2 AND r.at >= $3 AND r.own IS NOT NULL AND r.account <> $1
          AND ($5::bigint IS NULL OR (r.at, r.request) < ($5, $6::bytea))
          AND NOT EXISTS (
            SELECT FROM accounts.contacts c
            WHERE c.account = $1 AND c.other = r.account
              AND (c.state IN ('declined', 'blocked') OR c.chain = k.chain))
        ORDER BY r.at DESC, r.request DESC LIMIT $4
        """,
        account,
        address,
        since,
        most,
        None if behind is None else behind.at,
        None if behind is None else behind.request,
    )
    return [AskedRow(*row) for row in rows]


async def insert(connection: Connection, row: RequestRow, address: bytes) -> None:
    """Let a request wait; there is none like it."""
    await connection.execute(
        """
        INSERT INTO accounts.contact_requests (request, account, address, own, at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        row.request,
        row.account,
        address,
        row.own,
        row.at,
    )


async def answered(connection: Connection, request: bytes) -> None:
    """Who was asked will not see it any more; who asks sees it wait."""
    await connection.execute(
        "UPDATE accounts.contact_requests SET own = NULL WHERE request = $1", request
    )


async def forget(connection: Connection, request: bytes) -> None:
    """Nobody waits with this any more."""
    await connection.execute("DELETE FROM accounts.contact_requests WHERE request = $1", request)


async def payloads_of(connection: Connection, account: bytes) -> list[bytes]:
    """The payloads of all that an account asks."""
    return [one.own for one in await made_by(connection, account) if one.own is not None]


async def forget_expired(connection: Connection, before: int, most: int) -> list[bytes]:
    """Forget requests from before a moment; gives their payloads, which are destroyed next."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.contact_requests WHERE request IN (
            SELECT request FROM accounts.contact_requests WHERE at < $1
            ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING own
        """,
        before,
        most,
    )
    return [row[0] for row in rows if row[0] is not None]


async def asked_today(connection: Connection, account: bytes, today: int) -> int:
    """How often an account has asked on this day."""
    found: int | None = await connection.fetchval(
        "SELECT asked FROM accounts.contact_settings WHERE account = $1 AND asked_day = $2",
        account,
        today,
    )
    return found or 0


async def note_asked(connection: Connection, account: bytes, today: int) -> None:
    """An account has asked once more."""
    await connection.execute(
        """
        INSERT INTO accounts.contact_settings AS s (account, asked_day, asked) VALUES ($1, $2, 1)
        ON CONFLICT (account) DO UPDATE
        SET asked = CASE WHEN s.asked_day = $2 THEN s.asked + 1 ELSE 1 END, asked_day = $2
        """,
        account,
        today,
    )


async def findable(connection: Connection, account: bytes) -> bool:
    """Whether an account is told who asks under its address."""
    found = await connection.fetchval(
        "SELECT findable FROM accounts.contact_settings WHERE account = $1", account
    )
    return bool(found)


async def set_findable(connection: Connection, account: bytes, wish: bool) -> None:
    """From now on, or no longer."""
    await connection.execute(
        """
        INSERT INTO accounts.contact_settings (account, findable) VALUES ($1, $2)
        ON CONFLICT (account) DO UPDATE SET findable = excluded.findable
        """,
        account,
        wish,
    )


async def told(connection: Connection, asked: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Of who asks for which address (account, address): the accounts that are asked, want to be
    told, and have not refused whoever asks."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT a.account
        FROM unnest($1::bytea[], $2::bytea[]) AS n (asker, address)
        JOIN accounts.accounts a ON a.address = n.address AND a.account <> n.asker
        JOIN accounts.contact_settings s ON s.account = a.account AND s.findable
        WHERE NOT EXISTS (
          SELECT FROM accounts.contacts c WHERE c.account = a.account AND c.other = n.asker
            AND c.state IN ('declined', 'blocked'))
        """,
        [one[0] for one in asked],
        [one[1] for one in asked],
    )
    return [row[0] for row in rows]
