"""Rows of operators' sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["count", "delete", "delete_of", "delete_over", "insert", "owner", "seen"]

_LIVES = "signed_in_at > clock_ms() - $1::bigint AND seen_at > clock_ms() - $2::bigint"


async def insert(connection: Connection, session: bytes, operator: str) -> None:
    """Somebody has signed in."""
    await connection.execute(
        """
        INSERT INTO operators.operator_sessions (session, operator, signed_in_at, seen_at)
        SELECT $1, $2, now, now FROM clock_ms() AS now
        """,
        session,
        operator,
    )


async def owner(connection: Connection, longest: int, idle: int, session: bytes) -> str | None:
    """Whose session this is; None if it is over."""
    found: str | None = await connection.fetchval(
        f"SELECT operator FROM operators.operator_sessions WHERE {_LIVES} AND session = $3",  # noqa: S608
        longest,
        idle,
        session,
    )
    return found


async def seen(connection: Connection, session: bytes, every: int) -> None:
    """It was used now; written down every so many milliseconds."""
    await connection.execute(
        """
        UPDATE operators.operator_sessions SET seen_at = clock_ms()
        WHERE session = $1 AND seen_at < clock_ms() - $2::bigint
        """,
        session,
        every,
    )


async def count(connection: Connection, longest: int, idle: int, operator: str) -> int:
    """How many sessions an operator has."""
    found: int = await connection.fetchval(
        f"SELECT count(*) FROM operators.operator_sessions WHERE {_LIVES} AND operator = $3",  # noqa: S608
        longest,
        idle,
        operator,
    )
    return found


async def delete(connection: Connection, session: bytes) -> None:
    """End one."""
    await connection.execute("DELETE FROM operators.operator_sessions WHERE session = $1", session)


async def delete_of(connection: Connection, operator: str) -> None:
    """End all of an operator."""
    await connection.execute(
        "DELETE FROM operators.operator_sessions WHERE operator = $1", operator
    )


async def delete_over(connection: Connection, longest: int, idle: int) -> None:
    """Forget those that are over."""
    await connection.execute(
        f"DELETE FROM operators.operator_sessions WHERE NOT ({_LIVES})",  # noqa: S608
        longest,
        idle,
    )
