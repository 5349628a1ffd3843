"""Rows of statements that act after three days, unless a device refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["PendingRow", "due", "forget", "insert", "pending"]


class PendingRow(NamedTuple):
    """What waits. `kind` is close or genesis; the last four are of a GENESIS alone."""

    kind: str
    device: bytes
    signed: bytes
    at: int
    due: int
    sid: bytes | None = None
    sealing: bytes | None = None
    number: int | None = None
    day: int | None = None


_COLUMNS = "kind, device, signed, at, due, sid, sealing, number, day"


async def pending(connection: Connection, account: bytes) -> PendingRow | None:
    """What waits for this account."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.pending WHERE account = $1",  # noqa: S608
        account,
    )
    return None if row is None else PendingRow(*row)


async def insert(connection: Connection, account: bytes, row: PendingRow) -> None:
    """Let something wait; nothing else does."""
    await connection.execute(
        f"""
        INSERT INTO accounts.pending (account, {_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,  # noqa: S608
        account,
        *row,
    )


async def forget(connection: Connection, account: bytes) -> list[bytes]:
    """Nothing waits any more; gives the payload, if there is one, which is destroyed next."""
    rows = await connection.fetch(
        "DELETE FROM accounts.pending WHERE account = $1 RETURNING sealing", account
    )
    return [row[0] for row in rows if row[0] is not None]


async def due(connection: Connection, now: int, most: int) -> list[bytes]:
    """Accounts for which something has waited long enough, the longest first."""
    rows = await connection.fetch(
        """
        SELECT account FROM accounts.pending WHERE due <= $1 ORDER BY due LIMIT $2
        """,
        now,
        most,
    )
    return [row[0] for row in rows]
