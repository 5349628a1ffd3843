"""Rows of shares: the server's halves of the keys that open the storage of devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["ShareRow", "delete", "insert", "shares"]


class ShareRow(NamedTuple):
    """A share by its number; its bytes are a payload."""

    n: int
    payload: bytes


async def shares(connection: Connection, account: bytes, device: bytes) -> list[ShareRow]:
    """The shares of a device, the older first."""
    rows = await connection.fetch(
        """
        SELECT n, payload FROM accounts.shares WHERE account = $1 AND device = $2 ORDER BY n
        """,
        account,
        device,
    )
    return [ShareRow(*row) for row in rows]


async def insert(connection: Connection, account: bytes, device: bytes, row: ShareRow) -> None:
    """Add a share."""
    await connection.execute(
        "INSERT INTO accounts.shares (account, device, n, payload) VALUES ($1, $2, $3, $4)",
        account,
        device,
        *row,
    )


async def delete(
    connection: Connection, account: bytes, device: bytes, numbers: Sequence[int]
) -> None:
    """Remove shares; their payloads are destroyed next."""
    await connection.execute(
        """
        DELETE FROM accounts.shares WHERE account = $1 AND device = $2 AND n = ANY($3::bigint[])
        """,
        account,
        device,
        numbers,
    )
