"""Rows of identities of others that open accounts, and of the nonces that they were used with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["IdentityRow", "forget_nonces", "insert", "of_account", "owner", "remove", "use_nonce"]


class IdentityRow(NamedTuple):
    """An identity by its keyed hash; the day since 1970."""

    identity: bytes
    linked_day: int


async def owner(connection: Connection, identity: bytes) -> bytes | None:
    """Which account it opens."""
    account: bytes | None = await connection.fetchval(
        "SELECT account FROM accounts.identities WHERE identity = $1", identity
    )
    return account


async def of_account(connection: Connection, account: bytes) -> list[IdentityRow]:
    """Those that open an account."""
    rows = await connection.fetch(
        """
        SELECT identity, linked_day FROM accounts.identities
        WHERE account = $1 ORDER BY linked_day, identity
        """,
        account,
    )
    return [IdentityRow(*row) for row in rows]


async def insert(connection: Connection, identity: bytes, account: bytes) -> bool:
    """It opens this account from now on; False if it opens one."""
    done = await connection.fetchval(
        """
        INSERT INTO accounts.identities (identity, account, linked_day)
        VALUES ($1, $2, clock_ms() / 86400000)
        ON CONFLICT (identity) DO NOTHING RETURNING true
        """,
        identity,
        account,
    )
    return done is not None


async def remove(connection: Connection, identity: bytes, account: bytes) -> None:
    """It opens this account no more."""
    await connection.execute(
        "DELETE FROM accounts.identities WHERE identity = $1 AND account = $2", identity, account
    )


async def use_nonce(connection: Connection, nonce: bytes, expires_at: int) -> bool:
    """Note that a nonce was used; False if it was before."""
    done = await connection.fetchval(
        """
        INSERT INTO accounts.used_nonces (nonce, expires_at) VALUES ($1, $2)
        ON CONFLICT (nonce) DO NOTHING RETURNING true
        """,
        nonce,
        expires_at,
    )
    return done is not None


async def forget_nonces(connection: Connection, now: int) -> None:
    """Forget those that are void by themselves, at this time by the database's clock."""
    await connection.execute("DELETE FROM accounts.used_nonces WHERE expires_at < $1", now)
