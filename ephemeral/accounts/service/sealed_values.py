"""What accounts keep as payloads of the second layer: written, read and destroyed in a transaction.

A payload that is gone, as all are from a database that was set back, is as good as none. One whose
key can't be had at this moment is not: whoever asks is to ask again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ephemeral.protocol.errors import Refusal
from ephemeral.sealing import payload_rows
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.seals import KeyringUnusable, Kind, Random, SealBroken
from ephemeral.sealing.vault import Vault

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["SealedValues"]


class SealedValues:
    """The vault as accounts use it."""

    def __init__(self, keyring: Keyring, random: Random) -> None:
        self._vault = Vault(keyring, random)

    async def store(self, connection: Connection, kind: Kind, value: bytes) -> bytes:
        """Write a value; gives the payload's id. The account's row is locked."""
        payload = await self._vault.store(connection, kind, value)
        assert payload is not None, "there is a value"
        return payload

    async def store_all(
        self, connection: Connection, values: Sequence[tuple[Kind, bytes]]
    ) -> list[bytes]:
        """Write several together; gives their payloads' ids, in order."""
        return await self._vault.store_all(connection, values)

    async def read(
        self, connection: Connection, kind: Kind, payloads: Iterable[bytes | None]
    ) -> dict[bytes | None, bytes]:
        """The values by their payloads' ids; those that are gone are left out."""
        asked = [one for one in payloads if one is not None]
        if not asked:
            return {}
        found: dict[bytes | None, bytes] = {}
        for payload, row in (await self._vault.sealed(connection, asked)).items():
            try:
                found[payload] = self._vault.unseal(row, kind)
            except SealBroken:
                continue
            except KeyringUnusable:
                raise Refusal("unavailable", retry_after=5) from None
        return found

    async def destroy(self, connection: Connection, payloads: Sequence[bytes]) -> None:
        """Values that are needed no more."""
        if payloads:
            await payload_rows.delete_payloads(connection, payloads)
