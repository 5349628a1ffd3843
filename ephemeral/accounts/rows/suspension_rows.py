"""Rows of accounts as operators suspend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["all_suspended", "is_suspended", "lift", "suspend"]


async def suspend(connection: Connection, account: bytes) -> bool:
    """Suspend an account, which is locked by that; False if it is gone.

    One that is suspended already stays so, since when it was.
    """
    done = await connection.fetchval(
        """
        UPDATE accounts.accounts SET suspended_day = coalesce(suspended_day, clock_ms() / 86400000)
        WHERE account = $1 RETURNING true
        """,
        account,
    )
    return done is not None


async def lift(connection: Connection, account: bytes) -> bool:
    """The account is suspended no more; False if it wasn't."""
    done = await connection.fetchval(
        """
        UPDATE accounts.accounts SET suspended_day = NULL
        WHERE account = $1 AND suspended_day IS NOT NULL RETURNING true
        """,
        account,
    )
    return done is not None


async def is_suspended(connection: Connection, account: bytes) -> bool:
    """Whether an account is."""
    found = await connection.fetchval(
        "SELECT true FROM accounts.accounts WHERE account = $1 AND suspended_day IS NOT NULL",
        account,
    )
    return found is not None


async def all_suspended(connection: Connection) -> list[tuple[bytes, int]]:
    """All that are, and since which day, the newest first."""
    rows = await connection.fetch(
        """
        SELECT account, suspended_day FROM accounts.accounts WHERE suspended_day IS NOT NULL
        ORDER BY suspended_day DESC, account
        """
    )
    return [(row[0], row[1]) for row in rows]
