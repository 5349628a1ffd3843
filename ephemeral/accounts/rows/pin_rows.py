"""Rows of pins: what each device has sealed to the recovery words of its owner.

They stay for a while after their device is removed: a thief who removes the owner's devices must
not take with them what those knew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "PinRow",
    "forget",
    "forget_removed",
    "insert",
    "of_account",
    "of_chain",
    "of_chains",
    "own",
    "retire",
]
__all__ = [
    "PinRow",
    "forget",
    "forget_removed",
    "insert",
    "of_account",
    "of_chain",
    "of_chains",
    "own",
    "retire",
]


class PinRow(NamedTuple):
    """The pins of a device of a chain; their bytes are a payload."""

    device: bytes
    since: int
    day: int
    payload: bytes
    removed_at: int | None


_COLUMNS = "device, since, day, payload, removed_at"


async def own(connection: Connection, chain: bytes, device: bytes) -> PinRow | None:
    """What one device has stored."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.pins WHERE chain = $1 AND device = $2",  # noqa: S608
        chain,
        device,
    )
    return None if row is None else PinRow(*row)


async def of_chain(connection: Connection, chain: bytes) -> list[PinRow]:
    """What devices of a chain have stored, those that came first before the others."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM accounts.pins WHERE chain = $1 ORDER BY since",  # noqa: S608
        chain,
    )
    return [PinRow(*row) for row in rows]


async def of_account(connection: Connection, account: bytes) -> list[bytes]:
    """The payloads of all pins of an account."""
    rows = await connection.fetch("SELECT payload FROM accounts.pins WHERE account = $1", account)
    return [row[0] for row in rows]


async def of_chains(connection: Connection, chains: Sequence[bytes]) -> list[bytes]:
    """The payloads of all pins of these chains."""
    rows = await connection.fetch(
        "SELECT payload FROM accounts.pins WHERE chain = ANY($1::bytea[])", chains
    )
    return [row[0] for row in rows]


async def insert(connection: Connection, account: bytes, chain: bytes, row: PinRow) -> None:
    """Put a device's pins in the place of those before."""
    await connection.execute(
        """
        INSERT INTO accounts.pins (account, chain, device, since, day, payload, removed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (chain, device) DO UPDATE
        SET day = excluded.day, payload = excluded.payload, removed_at = excluded.removed_at
        """,
        account,
        chain,
        *row,
    )


async def retire(connection: Connection, chain: bytes, gone: Sequence[bytes]) -> None:
    """Let pins be those of removed devices, which stay for a while."""
    await connection.execute(
        """
        UPDATE accounts.pins SET removed_at = clock_ms()
        WHERE chain = $1 AND device = ANY($2::bytea[]) AND removed_at IS NULL
        """,
        chain,
        gone,
    )


async def forget(connection: Connection, chain: bytes, gone: Sequence[bytes]) -> None:
    """Remove pins; their payloads are destroyed next."""
    await connection.execute(
        "DELETE FROM accounts.pins WHERE chain = $1 AND device = ANY($2::bytea[])", chain, gone
    )


async def forget_removed(connection: Connection, before: int, most: int) -> list[bytes]:
    """Remove pins of devices that were removed before that moment; gives their payloads."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.pins WHERE (chain, device) IN (
            SELECT chain, device FROM accounts.pins WHERE removed_at < $1
            ORDER BY removed_at LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING payload
        """,
        before,
        most,
    )
    return [row[0] for row in rows]
