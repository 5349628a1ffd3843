"""The vault: payloads sealed into rows, and rows unsealed, under the running keyring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ephemeral.sealing import payload_rows, seals
from ephemeral.sealing.payload_rows import SealedRow
from ephemeral.sealing.seals import EpochKey, KeyringUnusable, Kind, Random, SealBroken

if TYPE_CHECKING:
    from ephemeral.sealing.keyring import Keyring
    from ephemeral.store.postgres import Connection

__all__ = ["Vault"]


class Vault:
    """Stores profiles and halves of resume secrets; the ledger seals messages, in batches."""

    def __init__(self, keyring: Keyring, random: Random) -> None:
        self._keyring = keyring
        self._random = random

    async def store(
        self, connection: Connection, kind: Kind, plaintext: bytes | None
    ) -> bytes | None:
        """Seal a payload and write it; returns its id, or None where there is none."""
        if plaintext is None:
            return None
        return (await self.store_all(connection, [(kind, plaintext)]))[0]

    async def store_all(
        self, connection: Connection, contents: Sequence[tuple[Kind, bytes]]
    ) -> list[bytes]:
        """Seal payloads and write them together; returns their ids, in order.

        Raises KeyringUnusable when this process can't get the current epoch's key.
        """
        named = []
        for kind, plaintext in contents:
            payload = self._random(seals.PAYLOAD_ID_BYTES)
            named.append((payload, seals.seal(payload, kind, plaintext, self._random)))

        async def write(epoch: EpochKey) -> bool:
            rows = [
                SealedRow(
                    payload,
                    sealed.body,
                    epoch.id,
                    seals.wrap(epoch, payload, sealed.data_key, self._random),
                )
                for payload, sealed in named
            ]
            return await payload_rows.insert(connection, epoch.id, rows)

        await self._keyring.while_current(connection, write)
        return [payload for payload, _ in named]

    async def sealed(
        self, connection: Connection, payloads: Sequence[bytes]
    ) -> dict[bytes, SealedRow]:
        """Payloads that are stored, by id; raises StoreUnavailable as `payload_rows.sealed`."""
        return await payload_rows.sealed(connection, payloads, self._keyring.mark)

    def unseal(self, row: SealedRow, kind: Kind) -> bytes:
        """The plaintext of a row; raises SealBroken and KeyringUnusable."""
        data_key = seals.unwrap(self._keyring.key(row.epoch), row.id, row.wrapped)
        return seals.open_sealed(row.body, data_key, row.id, kind)

    def profile(self, payload: bytes | None, sealed: dict[bytes, SealedRow]) -> bytes | None:
        """A member's profile; one that can't be unsealed is as good as none (section 7.5)."""
        row = sealed.get(payload) if payload is not None else None
        try:
            return self.unseal(row, "profile") if row is not None else None
        except (SealBroken, KeyringUnusable):
            return None
