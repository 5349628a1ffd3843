"""Rows of active devices and of their sealing keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "DeviceRow",
    "SealingRow",
    "devices",
    "insert",
    "key",
    "name",
    "payloads",
    "remove",
    "sealing",
    "sealing_of",
    "seen",
    "set_name",
    "set_sealing",
    "was_removed",
]


class SealingRow(NamedTuple):
    """A device's newest sealing key."""

    number: int
    day: int
    payload: bytes


class DeviceRow(NamedTuple):
    """An active device. `name` and the sealing key's bytes are payloads."""

    device: bytes
    key: bytes
    since: int
    name: bytes | None
    seen_day: int
    sealing: SealingRow | None


async def devices(connection: Connection, account: bytes) -> list[DeviceRow]:
    """The account's devices, in the order in which they came."""
    rows = await connection.fetch(
        """
        SELECT d.device, d.key, d.since, d.name, d.seen_day, s.number, s.day, s.payload
        FROM accounts.devices d LEFT JOIN accounts.sealing_keys s
            ON s.account = d.account AND s.device = d.device
        WHERE d.account = $1 ORDER BY d.since
        """,
        account,
    )
    return [
        DeviceRow(
            device, key, since, name, seen, None if number is None else SealingRow(number, day, at)
        )
        for device, key, since, name, seen, number, day, at in rows
    ]


async def sealing_of(
    connection: Connection, accounts: Sequence[bytes]
) -> dict[tuple[bytes, bytes], SealingRow]:
    """The newest sealing keys of all devices of these accounts, by account and device: who has two
    accounts may have one device in both."""
    rows = await connection.fetch(
        """
        SELECT account, device, number, day, payload FROM accounts.sealing_keys
        WHERE account = ANY($1::bytea[])
        """,
        accounts,
    )
    return {(row[0], row[1]): SealingRow(*row[2:]) for row in rows}


async def insert(
    connection: Connection, account: bytes, device: bytes, key: bytes, since: int
) -> None:
    """Add an active device, which is here today."""
    await connection.execute(
        """
        INSERT INTO accounts.devices (account, device, key, since, seen_day)
        VALUES ($1, $2, $3, $4, clock_ms() / 86400000)
        """,
        account,
        device,
        key,
        since,
    )


async def key(connection: Connection, account: bytes, device: bytes) -> bytes | None:
    """The public key of an active device."""
    found: bytes | None = await connection.fetchval(
        "SELECT key FROM accounts.devices WHERE account = $1 AND device = $2", account, device
    )
    return found


async def was_removed(connection: Connection, account: bytes, device: bytes) -> bool:
    """Whether a device was in a list of the account's, and is no more.

    One of which no statement speaks was never removed: a restored server may lack what brought it.
    Statements name the device at their 71st byte (docs/accounts.md, 5.1).
    """
    found: bool = await connection.fetchval(
        """
        SELECT NOT EXISTS (SELECT FROM accounts.devices WHERE account = $1 AND device = $2)
            AND EXISTS (
                SELECT FROM accounts.chains c JOIN accounts.chain_statements s USING (chain)
                WHERE c.account = $1 AND substring(s.signed FROM 71 FOR 16) = $2
            )
        """,
        account,
        device,
    )
    return found


async def seen(connection: Connection, account: bytes, device: bytes) -> None:
    """Note that a device is here today; writes once a day."""
    await connection.execute(
        """
        UPDATE accounts.devices SET seen_day = clock_ms() / 86400000
        WHERE account = $1 AND device = $2 AND seen_day < clock_ms() / 86400000
        """,
        account,
        device,
    )


async def name(connection: Connection, account: bytes, device: bytes) -> bytes | None:
    """The payload that names a device."""
    found: bytes | None = await connection.fetchval(
        "SELECT name FROM accounts.devices WHERE account = $1 AND device = $2", account, device
    )
    return found


async def set_name(connection: Connection, account: bytes, device: bytes, payload: bytes) -> None:
    """Name a device by another payload."""
    await connection.execute(
        "UPDATE accounts.devices SET name = $3 WHERE account = $1 AND device = $2",
        account,
        device,
        payload,
    )


async def sealing(connection: Connection, account: bytes, device: bytes) -> SealingRow | None:
    """A device's newest sealing key."""
    row = await connection.fetchrow(
        """
        SELECT number, day, payload FROM accounts.sealing_keys WHERE account = $1 AND device = $2
        """,
        account,
        device,
    )
    return None if row is None else SealingRow(*row)


async def set_sealing(
    connection: Connection, account: bytes, device: bytes, row: SealingRow
) -> None:
    """Put a sealing key in the place of the one before."""
    await connection.execute(
        """
        INSERT INTO accounts.sealing_keys (account, device, number, day, payload)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account, device) DO UPDATE
        SET number = excluded.number, day = excluded.day, payload = excluded.payload
        """,
        account,
        device,
        *row,
    )


async def payloads(connection: Connection, account: bytes, gone: Sequence[bytes]) -> list[bytes]:
    """What is sealed for these devices alone: names, keys, shares, history, subscriptions."""
    rows = await connection.fetch(
        """
        SELECT name FROM accounts.devices
        WHERE account = $1 AND device = ANY($2::bytea[]) AND name IS NOT NULL
        UNION ALL
        SELECT payload FROM accounts.sealing_keys WHERE account = $1 AND device = ANY($2::bytea[])
        UNION ALL
        SELECT payload FROM accounts.shares WHERE account = $1 AND device = ANY($2::bytea[])
        UNION ALL
        SELECT payload FROM accounts.history_chunks WHERE account = $1 AND device = ANY($2::bytea[])
        UNION ALL
        SELECT payload FROM accounts.push_subscriptions
        WHERE account = $1 AND device = ANY($2::bytea[])
        """,
        account,
        gone,
    )
    return [row[0] for row in rows]


async def remove(connection: Connection, account: bytes, gone: Sequence[bytes]) -> None:
    """Devices that are active no more, with all that is kept for them alone."""
    await connection.execute(
        "DELETE FROM accounts.devices WHERE account = $1 AND device = ANY($2::bytea[])",
        account,
        gone,
    )
