"""Rows of invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


async def insert(connection: Connection, invitation: bytes, milliseconds: int) -> int:
    """Keep an invitation, by its keyed hash, for so long; gives its end."""
    end: int = await connection.fetchval(
        "INSERT INTO accounts.invitations (invitation, expires_at)"
        " VALUES ($1, clock_ms() + $2) RETURNING expires_at",
        invitation,
        milliseconds,
    )
    return end


async def use(connection: Connection, invitation: bytes) -> bool:
    """Use an invitation up; whether it was there."""
    used = await connection.fetchval(
        "DELETE FROM accounts.invitations WHERE invitation = $1 AND expires_at > clock_ms()"
        " RETURNING true",
        invitation,
    )
    return used is not None


async def forget_expired(connection: Connection, now: int) -> None:
    """Forget those that nobody can use any more.

    `now` comes from outside: by a clock that is asked for each row no index can be used.
    """
    await connection.execute("DELETE FROM accounts.invitations WHERE expires_at <= $1", now)
