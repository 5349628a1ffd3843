"""Rows of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "OperatorRow",
    "by_ticket",
    "delete",
    "enrol",
    "exists",
    "insert",
    "listed",
    "read",
    "renew",
    "use_step",
]


class OperatorRow(NamedTuple):
    """An operator. `secret` names the payload; `ticket_expires_at` is None once it was used."""

    name: str
    secret: bytes
    step: int
    added_day: int
    ticket_expires_at: int | None

    def state(self, now: int) -> str:
        """Whether they can sign in, in words."""
        if self.ticket_expires_at is None:
            return "can sign in"
        is_young = self.ticket_expires_at > now
        return "has a ticket" if is_young else "has a ticket that is too old"


_ROW = "name, secret, step, added_day, ticket_expires_at"


async def exists(connection: Connection) -> bool:
    """Whether there is any operator."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM operators.operators)")
    return found


async def read(connection: Connection, name: str, *, lock: bool = False) -> OperatorRow | None:
    """The operator of this name."""
    row = await connection.fetchrow(
        f"SELECT {_ROW} FROM operators.operators WHERE name = $1 {'FOR UPDATE' if lock else ''}",  # noqa: S608
        name,
    )
    return None if row is None else OperatorRow(*row)


async def by_ticket(
    connection: Connection, ticket: bytes, *, lock: bool = False
) -> OperatorRow | None:
    """Whose ticket has this hash, unless it is too old."""
    row = await connection.fetchrow(
        f"""
        SELECT {_ROW} FROM operators.operators
        WHERE ticket = $1 AND ticket_expires_at > clock_ms() {"FOR UPDATE" if lock else ""}
        """,  # noqa: S608
        ticket,
    )
    return None if row is None else OperatorRow(*row)


async def listed(connection: Connection) -> list[OperatorRow]:
    """All of them, by name."""
    rows = await connection.fetch(f"SELECT {_ROW} FROM operators.operators ORDER BY name")  # noqa: S608
    return [OperatorRow(*row) for row in rows]


async def insert(
    connection: Connection, name: str, secret: bytes, ticket: bytes, expires_at: int
) -> bool:
    """One more, with a ticket; False if the name is taken."""
    done = await connection.fetchval(
        """
        INSERT INTO operators.operators (name, secret, ticket, ticket_expires_at, added_day)
        VALUES ($1, $2, $3, $4, clock_ms() / 86400000)
        ON CONFLICT (name) DO NOTHING RETURNING true
        """,
        name,
        secret,
        ticket,
        expires_at,
    )
    return done is not None


async def renew(
    connection: Connection, name: str, secret: bytes, ticket: bytes, expires_at: int
) -> None:
    """Another secret and ticket in place of what was."""
    await connection.execute(
        """
        UPDATE operators.operators
        SET secret = $2, ticket = $3, ticket_expires_at = $4, step = 0 WHERE name = $1
        """,
        name,
        secret,
        ticket,
        expires_at,
    )


async def enrol(connection: Connection, name: str, secret: bytes, step: int) -> None:
    """The ticket was used, together with a code of this step."""
    await connection.execute(
        """
        UPDATE operators.operators
        SET secret = $2, step = $3, ticket = NULL, ticket_expires_at = NULL WHERE name = $1
        """,
        name,
        secret,
        step,
    )


async def use_step(connection: Connection, name: str, secret: bytes, step: int) -> bool:
    """Note that a code was used; False if that or a later one was used, or the secret is another.

    Of two who bring the same code at once one is told so.
    """
    done = await connection.fetchval(
        """
        UPDATE operators.operators SET step = $3
        WHERE name = $1 AND secret = $2 AND step < $3 RETURNING true
        """,
        name,
        secret,
        step,
    )
    return done is not None


async def delete(connection: Connection, name: str) -> None:
    """An operator is none any more; the sessions go too."""
    await connection.execute("DELETE FROM operators.operators WHERE name = $1", name)
