"""Rows of invitations from one person to another. They are locked by the row of who invites."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "InvitationRow",
    "count",
    "forget",
    "forget_all",
    "forget_expired",
    "insert",
    "read",
    "redeem",
    "redeemed",
]


class InvitationRow(NamedTuple):
    """An invitation. `payload` and `redemption` are payloads; times in milliseconds."""

    invitation: bytes
    account: bytes
    payload: bytes
    conversation: bytes | None
    expires_at: int
    redeemer: bytes | None = None
    redemption: bytes | None = None
    redeemed_at: int | None = None


_COLUMNS = """
    invitation, account, payload, conversation, expires_at, redeemer, redemption, redeemed_at
"""


async def read(connection: Connection, invitation: bytes) -> InvitationRow | None:
    """An invitation, whatever became of it."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.contact_invitations WHERE invitation = $1",  # noqa: S608
        invitation,
    )
    return None if row is None else InvitationRow(*row)


async def count(connection: Connection, account: bytes) -> int:
    """How many of an account are kept."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM accounts.contact_invitations WHERE account = $1", account
    )
    return found


async def insert(connection: Connection, row: InvitationRow) -> bool:
    """Make an invitation; False if there is one of that name."""
    made = await connection.fetchval(
        """
        INSERT INTO accounts.contact_invitations
               (invitation, account, payload, conversation, expires_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (invitation) DO NOTHING RETURNING true
        """,
        *row[:5],
    )
    return made is not None


async def redeem(
    connection: Connection, invitation: bytes, redeemer: bytes, redemption: bytes, until: int
) -> None:
    """Note who has redeemed an invitation, until it is forgotten."""
    await connection.execute(
        """
        UPDATE accounts.contact_invitations
        SET redeemer = $2, redemption = $3, redeemed_at = clock_ms(), expires_at = $4
        WHERE invitation = $1
        """,
        invitation,
        redeemer,
        redemption,
        until,
    )


async def redeemed(connection: Connection, account: bytes) -> list[InvitationRow]:
    """Those of an account that somebody has redeemed, the oldest first."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.contact_invitations
        WHERE account = $1 AND redeemer IS NOT NULL ORDER BY redeemed_at, invitation
        """,  # noqa: S608
        account,
    )
    return [InvitationRow(*row) for row in rows]


async def forget(connection: Connection, account: bytes, invitation: bytes) -> list[bytes]:
    """Forget an account's invitation; gives its payloads, which are destroyed next."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.contact_invitations WHERE invitation = $2 AND account = $1
        RETURNING payload, redemption
        """,
        account,
        invitation,
    )
    return [one for row in rows for one in row if one is not None]


async def forget_all(connection: Connection, account: bytes) -> list[bytes]:
    """Forget all that an account has made or redeemed; gives their payloads."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.contact_invitations WHERE account = $1 OR redeemer = $1
        RETURNING payload, redemption
        """,
        account,
    )
    return [one for row in rows for one in row if one is not None]


async def forget_expired(connection: Connection, now: int, most: int) -> list[bytes]:
    """Forget those whose time is over; gives their payloads, which are destroyed next."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.contact_invitations WHERE invitation IN (
            SELECT invitation FROM accounts.contact_invitations WHERE expires_at <= $1
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING payload, redemption
        """,
        now,
        most,
    )
    return [one for row in rows for one in row if one is not None]
