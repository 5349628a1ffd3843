"""Other accounts as whoever seals to them needs them: their chains, and each device's key.

Reads in the transaction of whoever asks, and asks nothing about who may know it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import chain_rows, device_rows
from ephemeral.accounts.rules.nouns import Sealing
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sealing_keys import split
from ephemeral.accounts.service.statements import Statements
from ephemeral.protocol.accounts.chain import Chain

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["ChainState", "People", "PersonNow"]

# Digests of keys, which are replaced once a day: a hundred bytes each.
_REMEMBERED = 20_000


class PersonNow(NamedTuple):
    """An account with its chain in force, and its devices' newest sealing keys.

    `keys` has the number and the SHA-256 of each key that can be read.
    """

    account: bytes
    chain: Chain
    keys: dict[bytes, tuple[int, bytes]]


class ChainState(NamedTuple):
    """A chain: whose it is, if it is one's still, and what it says; `open`: it is in force."""

    account: bytes | None
    open: bool
    chain: Chain


class People:
    """Reads chains and sealing keys of many accounts at once."""

    def __init__(self, statements: Statements, values: SealedValues) -> None:
        self._statements = statements
        self._values = values
        self._digests: OrderedDict[bytes, bytes] = OrderedDict()

    async def now(
        self, connection: Connection, accounts: Sequence[bytes]
    ) -> dict[bytes, PersonNow]:
        """These accounts at their newest statements; those without a chain are left out."""
        rows = await chain_rows.open_chains(connection, accounts)
        named = await self.key_names(connection, list(rows))
        found = {}
        for account, row in rows.items():
            chain = await self._statements.chain(connection, row)
            keys = {one.id: key for one in chain.devices if (key := named.get((account, one.id)))}
            found[account] = PersonNow(account, chain, keys)
        return found

    async def key_names(
        self, connection: Connection, accounts: Sequence[bytes]
    ) -> dict[tuple[bytes, bytes], tuple[int, bytes]]:
        """By account and device, the number and the SHA-256 of the newest sealing key."""
        sealing = await device_rows.sealing_of(connection, accounts)
        named = {whose: (one.number, one.payload) for whose, one in sealing.items()}
        return await self.named_keys(connection, named)

    async def named_keys(
        self, connection: Connection, keys: Mapping[tuple[bytes, bytes], tuple[int, bytes]]
    ) -> dict[tuple[bytes, bytes], tuple[int, bytes]]:
        """Of the numbers and payloads of sealing keys, the numbers and the SHA-256 of those that
        can be read."""
        known: Mapping[bytes, bytes] = self._digests
        unread = [payload for _, payload in keys.values() if payload not in known]
        if unread:
            # Others may let some of these be forgotten meanwhile.
            here = {payload: known[payload] for _, payload in keys.values() if payload in known}
            known = here | await self._read_digests(connection, unread)
        return {
            whose: (number, known[payload])
            for whose, (number, payload) in keys.items()
            if payload in known
        }

    async def chains(
        self, connection: Connection, chains: Sequence[bytes]
    ) -> dict[bytes, ChainState]:
        """Chains by their ids, whatever became of them; those that are gone are left out."""
        rows = await chain_rows.known(connection, chains)
        return {
            id_: ChainState(
                account, row.state == "open", await self._statements.chain(connection, row)
            )
            for id_, (account, row) in rows.items()
        }

    async def sealing_keys(
        self, connection: Connection, accounts: Sequence[bytes]
    ) -> dict[tuple[bytes, bytes], Sealing]:
        """The newest sealing keys of these accounts' devices as they were signed, by account and
        device."""
        rows = await device_rows.sealing_of(connection, accounts)
        read = await self._values.read(
            connection, "sealing-key", [one.payload for one in rows.values()]
        )
        return {
            whose: Sealing(row.number, row.day, *split(read[row.payload]))
            for whose, row in rows.items()
            if row.payload in read
        }

    async def _read_digests(
        self, connection: Connection, unread: Sequence[bytes]
    ) -> dict[bytes, bytes]:
        """SHA-256 of keys, by payload, which are remembered: what was read once never changes."""
        found = {}
        for payload, value in (await self._values.read(connection, "sealing-key", unread)).items():
            if payload is not None:
                found[payload] = self._digests[payload] = hashlib.sha256(split(value)[0]).digest()
        while len(self._digests) > _REMEMBERED:
            self._digests.popitem(last=False)
        return found
