"""Chains as they were judged, by the hash of their last statement: what that names never changes.

A database that was set back names another hash, so that nothing here can be out of date.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from ephemeral.accounts.rows import chain_rows
from ephemeral.accounts.rows.chain_rows import ChainRow
from ephemeral.protocol.accounts.chain import Chain, read_chain

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["ChainCache"]

# A chain of ten devices takes some kilobytes.
_REMEMBERED = 500


class ChainCache:
    """The chains that were used last."""

    def __init__(self) -> None:
        self._chains: OrderedDict[bytes, Chain] = OrderedDict()

    async def chain(self, connection: Connection, row: ChainRow) -> Chain:
        """The chain that ends as the row says."""
        known = self._chains.get(row.head)
        if known is not None:
            self._chains.move_to_end(row.head)
            return known
        signed = await chain_rows.statements(connection, row.chain)
        # Hundreds of signatures take a tenth of a second, in which others are to be answered.
        chain = await asyncio.to_thread(read_chain, signed)
        if chain.head != row.head:
            raise ValueError("the statements of a chain don't end as its row says")
        self.keep(chain)
        return chain

    def keep(self, chain: Chain) -> None:
        """Remember a chain."""
        self._chains[chain.head] = chain
        if len(self._chains) > _REMEMBERED:
            self._chains.popitem(last=False)
