"""What others are told of accounts inside the transactions that change them.

A wing that stands on accounts keeps its own tables true in the same commit: what it does here is
undone with the rest. What others are to be told afterwards goes to `Watches.later`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ephemeral.protocol.accounts.chain import Chain

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Hooks", "Listener", "Witness"]


class Listener(Protocol):
    """Who is told. In each call the account's row is locked."""

    async def on_chain_changed(
        self, connection: Connection, account: bytes, before: Chain | None, after: Chain
    ) -> None:
        """The account's chain in force was `before`, and is `after`, which may be another chain."""

    async def on_account_deleted(self, connection: Connection, account: bytes) -> None:
        """The account goes: whatever leads to it must."""

    async def lists_beside(self, connection: Connection, account: bytes, chain: bytes) -> bool:
        """Whether something that is kept here lists a chain beside one of this account."""


class Witness(Protocol):
    """Who can tell by whom something was signed that was not said to the server."""

    async def author(
        self, connection: Connection, account: bytes, ad: bytes, content: bytes, signature: bytes
    ) -> tuple[bytes, bytes | None] | None:
        """Whose device has signed a message, if a record that is kept lists it beside one of this
        account: the chain, and its account if it is one's still."""


class Hooks:
    """The listeners, in the order in which they came: when the server starts, and never later."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        #: Of messages; None where there are no conversations.
        self.witness: Witness | None = None

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listeners.append(listener)

    async def chain_changed(
        self, connection: Connection, account: bytes, before: Chain | None, after: Chain
    ) -> None:
        """Tell of a chain."""
        for one in self._listeners:
            await one.on_chain_changed(connection, account, before, after)

    async def account_deleted(self, connection: Connection, account: bytes) -> None:
        """Tell of an account that goes; its rows are still there."""
        for one in self._listeners:
            await one.on_account_deleted(connection, account)

    async def lists_beside(self, connection: Connection, account: bytes, chain: bytes) -> bool:
        """Whether any of them lists the chain beside one of this account."""
        for one in self._listeners:
            if await one.lists_beside(connection, account, chain):
                return True
        return False
