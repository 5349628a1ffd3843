"""Rows of the trail: who did what, in which minute, and nothing of its content."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.operators.rules.sign_in import Act
    from ephemeral.store.postgres import Connection

__all__ = ["Entry", "delete_old", "latest", "note"]


class Entry(NamedTuple):
    """`operator`: None where nobody is known by that name. `minute`: since 1970."""

    operator: str | None
    act: Act
    minute: int


async def note(connection: Connection, operator: str | None, act: Act) -> None:
    """Write an act down; the same again in the same minute is none."""
    await connection.execute(
        """
        INSERT INTO operators.audit (operator, act, minute)
        SELECT $1, $2, clock_ms() / 60000
        ON CONFLICT (minute, act, operator) DO NOTHING
        """,
        operator,
        act,
    )


async def latest(connection: Connection, most: int) -> list[Entry]:
    """The newest so many, the newest first."""
    rows = await connection.fetch(
        "SELECT operator, act, minute FROM operators.audit ORDER BY entry DESC LIMIT $1", most
    )
    return [Entry(*row) for row in rows]


async def delete_old(connection: Connection, before: int) -> None:
    """Forget what was done before a minute.

    It comes from outside: by a clock that is asked for each row no index can be used.
    """
    await connection.execute("DELETE FROM operators.audit WHERE minute < $1", before)
