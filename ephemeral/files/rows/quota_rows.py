"""Rows of what files count: for their accounts, and for all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Quota", "fill_stock", "give_back", "reserve", "spend_reading", "stock"]


class Quota(NamedTuple):
    """What files count for an account."""

    bytes: int
    files: int


async def reserve(connection: Connection, account: bytes, size: int) -> Quota:
    """One more file of so many bytes; gives what all count now. Others of the account wait."""
    row = await connection.fetchrow(
        """
        INSERT INTO accounts.file_quotas AS q (account, bytes, files) VALUES ($1, $2, 1)
        ON CONFLICT (account) DO UPDATE SET bytes = q.bytes + $2, files = q.files + 1
        RETURNING bytes, files
        """,
        account,
        size,
    )
    assert row is not None
    return Quota(*row)


async def give_back(connection: Connection, freed: Mapping[bytes, Quota]) -> None:
    """So much less counts for these accounts, in their order."""
    for account, quota in sorted(freed.items()):
        await connection.execute(
            """
            UPDATE accounts.file_quotas SET bytes = bytes - $2, files = files - $3
            WHERE account = $1
            """,
            account,
            *quota,
        )


async def spend_reading(
    connection: Connection, account: bytes, day: int, size: int, most: int
) -> bool:
    """An account fetches so many bytes more on a day; False, and nothing is written, if that is
    more than it may, or the account is being deleted."""
    spent = await connection.fetchval(
        """
        INSERT INTO accounts.file_quotas AS q (account, read_day, read_bytes)
        SELECT account, $2::integer, $3::bigint FROM accounts.accounts
        WHERE account = $1 AND $3 <= $4::bigint FOR KEY SHARE
        ON CONFLICT (account) DO UPDATE SET read_day = $2,
          read_bytes = $3 + CASE WHEN q.read_day = $2 THEN q.read_bytes ELSE 0 END
        WHERE $3 + CASE WHEN q.read_day = $2 THEN q.read_bytes ELSE 0 END <= $4
        RETURNING true
        """,
        account,
        day,
        size,
        most,
    )
    return spent is not None


async def fill_stock(connection: Connection, size: int) -> int:
    """So many bytes more are reserved for all, or fewer; gives how many are."""
    found: int = await connection.fetchval(
        "UPDATE accounts.file_stock SET bytes = bytes + $1 RETURNING bytes", size
    )
    return found


async def stock(connection: Connection) -> int:
    """How many bytes are reserved for all."""
    found: int = await connection.fetchval("SELECT bytes FROM accounts.file_stock")
    return found
