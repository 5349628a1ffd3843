"""How many accounts, devices and sessions there are, in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Counts", "count"]


class Counts(NamedTuple):
    """Of everything that is stored of accounts."""

    accounts: int
    devices: int
    sessions: int


async def count(connection: Connection) -> Counts:
    """Count the tables' rows."""
    row = await connection.fetchrow(
        """
        SELECT (SELECT count(*) FROM accounts.accounts), (SELECT count(*) FROM accounts.devices),
               (SELECT count(*) FROM accounts.sessions)
        """
    )
    assert row is not None
    return Counts(*row)
