"""Pins: what a device knows of others, sealed to the recovery words of its owner.

Each device has its own, signed by it: one that a thief has added can't spoil what the others wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, pin_rows
from ephemeral.accounts.rows.pin_rows import PinRow
from ephemeral.accounts.rules.nouns import DAY_MS, Session
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.statements import Statements
from ephemeral.protocol.accounts.signing import verify
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["DevicePins", "Pins"]

_SIGNATURE_BYTES = 64


class DevicePins(NamedTuple):
    """The pins of a device, sealed, with its signature."""

    device: bytes
    sealed: bytes
    signature: bytes
    day: int


class Pins:
    """The pins of all devices."""

    def __init__(self, pool: Pool, statements: Statements, values: SealedValues) -> None:
        self._pool = pool
        self._statements = statements
        self._values = values

    async def put(self, session: Session, sealed: bytes, signature: bytes) -> None:
        """Keep a device's pins in place of those before; refuses `pins_signature`."""
        account, device = session.account, session.device

        async def work(connection: Connection) -> None:
            await account_rows.lock(connection, account)
            row, chain = await self._statements.in_force(connection, account)
            active = next((one for one in chain.devices if one.id == device), None)
            if active is None:
                raise Refusal("device_revoked")
            refuse(not verify(active.key, "pins", sealed, signature), "pins_signature")
            before = await pin_rows.own(connection, row.chain, active.id)
            today = await clock(connection) // DAY_MS
            payload = await self._values.store(connection, "pins", signature + sealed)
            await pin_rows.insert(
                connection,
                account,
                row.chain,
                PinRow(active.id, active.since, today, payload, None),
            )
            if before is not None:
                await self._values.destroy(connection, [before.payload])

        await transaction(self._pool, work)

    async def get(self, session: Session) -> tuple[DevicePins, int]:
        """What a device has stored, and the clock; refuses `not_found`."""
        assert session.device is not None, "only a device proves what it asks"
        device = session.device

        async def work(connection: Connection) -> tuple[DevicePins, int]:
            row, _ = await self._statements.in_force(connection, session.account)
            own = await pin_rows.own(connection, row.chain, device)
            found = await self._read(connection, [] if own is None else [own])
            if not found:
                raise Refusal("not_found")
            return found[0], await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def of_chain(self, connection: Connection, chain: bytes) -> list[DevicePins]:
        """What devices of a chain have stored, those that came first before the others."""
        return await self._read(connection, await pin_rows.of_chain(connection, chain))

    async def _read(self, connection: Connection, rows: list[PinRow]) -> list[DevicePins]:
        known = await self._values.read(connection, "pins", [one.payload for one in rows])
        return [
            DevicePins(
                one.device,
                known[one.payload][_SIGNATURE_BYTES:],
                known[one.payload][:_SIGNATURE_BYTES],
                one.day,
            )
            for one in rows
            if one.payload in known
        ]
