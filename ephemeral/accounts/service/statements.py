"""Statements put to an account's chain: judged by the pure rules, and stored with what follows.

Everything here is part of a transaction that has locked the account's row. What a removed device
had is destroyed in the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ephemeral.accounts.rows import chain_rows, device_rows, link_rows, pending_rows, pin_rows
from ephemeral.accounts.rows.chain_rows import ChainRow
from ephemeral.accounts.rows.device_rows import SealingRow
from ephemeral.accounts.rules.nouns import Sealing
from ephemeral.accounts.service.chain_cache import ChainCache
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.protocol.accounts.chain import ADD, Chain
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.errors import Refusal, refuse

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["KEPT_PINS", "STATEMENTS_MAX", "Statements"]

#: A chain with so many statements takes no ADD: whoever talks with its person reads all of it.
STATEMENTS_MAX = 2_048

#: Pins of so many removed devices are kept, of those that were there first.
KEPT_PINS = 10


class Statements:
    """The chains of all accounts, as they stand in the tables."""

    def __init__(self, values: SealedValues, cache: ChainCache, hooks: Hooks) -> None:
        self._values = values
        self._cache = cache
        self._hooks = hooks

    async def in_force(self, connection: Connection, account: bytes) -> tuple[ChainRow, Chain]:
        """The account's chain; refuses `not_found` where it has none."""
        row = await chain_rows.open_chain(connection, account)
        if row is None:
            raise Refusal("not_found")
        return row, await self._cache.chain(connection, row)

    async def chain(self, connection: Connection, row: ChainRow) -> Chain:
        """The chain that a row is about."""
        return await self._cache.chain(connection, row)

    async def repeats(self, connection: Connection, row: ChainRow, signed: Signed) -> bool:
        """Whether this very statement stands in the chain; refuses `conflict` if another does."""
        place = signed.statement.sequence
        if place > row.sequence:
            return False
        standing = await chain_rows.statements(connection, row.chain, place, 1)
        refuse(standing != [signed.encode()], "conflict")
        return True

    async def extend(
        self, connection: Connection, account: bytes, row: ChainRow, signed: Signed
    ) -> Chain:
        """Store the next statement; refuses what the rules do. A CLOSE that waits is void by it."""
        before = await self._cache.chain(connection, row)
        after = before.extend(signed)
        is_add = signed.statement.type == ADD
        refuse(is_add and after.sequence >= STATEMENTS_MAX, "chain_adds")
        await chain_rows.append(connection, row.chain, after.sequence, after.head, after.recovery)
        await chain_rows.insert_statements(connection, row.chain, after.sequence, [signed.encode()])
        waiting = await pending_rows.pending(connection, account)
        if waiting is not None and waiting.kind == "close":
            await pending_rows.forget(connection, account)
        still = {one.id for one in after.devices}
        gone = [one.id for one in before.devices if one.id not in still]
        self._cache.keep(after)
        await self.remove_devices(connection, account, row.chain, gone)
        await self._hooks.chain_changed(connection, account, before, after)
        return after

    async def begin(
        self, connection: Connection, account: bytes, signed: Signed, before: Chain | None = None
    ) -> Chain:
        """Store a chain's first statement; refuses `conflict` where such a chain is known.

        `before`: the chain whose place it takes, which has been ended.
        """
        chain = Chain.empty().extend(signed)
        made = await chain_rows.insert(connection, chain.id, account, chain.head, chain.recovery)
        refuse(not made, "conflict")
        await chain_rows.insert_statements(connection, chain.id, 0, [signed.encode()])
        self._cache.keep(chain)
        await self._hooks.chain_changed(connection, account, before, chain)
        return chain

    async def reopen(
        self, connection: Connection, account: bytes, row: ChainRow, standing: Chain | None
    ) -> None:
        """Let a chain that has ended be in force again, in place of the one that stands there."""
        # Else the words of a chain that is undone would undo that.
        await chain_rows.close_later(connection, account, row.ended_at or 0)
        await chain_rows.reopen(connection, row.chain)
        again = await self._cache.chain(connection, row)
        await self._hooks.chain_changed(connection, account, standing, again)

    async def add_device(
        self, connection: Connection, account: bytes, chain: Chain, sealing: SealingRow
    ) -> None:
        """The newest device of a chain, with its sealing key."""
        added = chain.devices[-1]
        await device_rows.insert(connection, account, added.id, added.key, added.since)
        await device_rows.set_sealing(connection, account, added.id, sealing)

    async def seal(self, connection: Connection, sealing: Sealing) -> SealingRow:
        """Write a sealing key, which was verified; the row that leads to it comes next."""
        payload = await self._values.store(
            connection, "sealing-key", sealing.key + sealing.signature
        )
        return SealingRow(sealing.number, sealing.day, payload)

    async def remove_devices(
        self, connection: Connection, account: bytes, chain: bytes, gone: Sequence[bytes]
    ) -> None:
        """Destroy what devices had that are active no more. Their sessions are not ended here."""
        if not gone:
            return
        payloads = await device_rows.payloads(connection, account, gone)
        for device in gone:
            payloads += await link_rows.of_device(connection, account, device)
        await device_rows.remove(connection, account, gone)
        await pin_rows.retire(connection, chain, gone)
        # Whoever came first is the owner sooner than a thief who adds one device after another.
        removed = [one for one in await pin_rows.of_chain(connection, chain) if one.removed_at]
        beyond = removed[KEPT_PINS:]
        payloads += [one.payload for one in beyond]
        await pin_rows.forget(connection, chain, [one.device for one in beyond])
        await self._values.destroy(connection, payloads)
