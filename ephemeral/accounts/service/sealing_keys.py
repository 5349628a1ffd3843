"""Sealing keys: one a device, signed by it, renewed daily, and tried before it is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.rows import account_rows, device_rows
from ephemeral.accounts.rules.nouns import DAY_MS, Sealing, Session
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.sealing_keys import SealingKey, verify_sealing
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["SealingKeys", "check_sealing"]

_TRIAL = b"ephemeral/v1/server/trial"
_SIGNATURE_BYTES = 64


def check_sealing(
    sealing: Sealing, chain: bytes, device: bytes, device_key: bytes, now: int
) -> None:
    """Refuse `sealing_key` a key that the device didn't sign, of another day, or that takes none.

    Days differ by one where clocks do.
    """
    refuse(abs(sealing.day - now // DAY_MS) > 1, "sealing_key")
    named = SealingKey(sealing.number, sealing.day, sealing.key)
    refuse(not verify_sealing(device_key, chain, device, named, sealing.signature), "sealing_key")
    try:
        hpke.seal(sealing.key, _TRIAL, b"")
    except Refusal:
        raise Refusal("sealing_key") from None


class SealingKeys:
    """The keys to which others seal."""

    def __init__(self, watches: Watches, statements: Statements, values: SealedValues) -> None:
        self._watches = watches
        self._statements = statements
        self._values = values

    async def put(self, session: Session, sealing: Sealing) -> None:
        """Take a device's next key; the same again changes nothing, a number before is refused."""
        account, device = session.account, session.device
        assert device is not None, "only a device proves what it asks"

        async def work(connection: Connection) -> None:
            await account_rows.lock(connection, account)
            row, chain = await self._statements.in_force(connection, account)
            key = next((one.key for one in chain.devices if one.id == device), None)
            if key is None:
                raise Refusal("device_revoked")
            before = await device_rows.sealing(connection, account, device)
            if before is not None and before.number >= sealing.number:
                known = await self._values.read(connection, "sealing-key", [before.payload])
                standing = (before.number, before.day, known.get(before.payload))
                asked = (sealing.number, sealing.day, sealing.key + sealing.signature)
                refuse(standing != asked, "conflict")
                return
            check_sealing(sealing, row.chain, device, key, await clock(connection))
            stored = await self._statements.seal(connection, sealing)
            await device_rows.set_sealing(connection, account, device, stored)
            if before is not None:
                await self._values.destroy(connection, [before.payload])

        await self._watches.commit(account, work)


def split(value: bytes) -> tuple[bytes, bytes]:
    """Key and signature as they are stored together."""
    return value[:-_SIGNATURE_BYTES], value[-_SIGNATURE_BYTES:]
