"""How many rooms, members and messages there are, in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Counts", "count"]


class Counts(NamedTuple):
    """Of everything that is stored of rooms."""

    rooms: int
    seats: int
    messages: int


async def count(connection: Connection) -> Counts:
    """Count the tables' rows."""
    row = await connection.fetchrow(
        """
        SELECT (SELECT count(*) FROM rooms), (SELECT count(*) FROM seats),
               (SELECT count(*) FROM messages)
        """
    )
    assert row is not None
    return Counts(*row)
