"""Contacts: who has agreed to hear from whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Contacts"]


class Contacts:
    """The contacts of all accounts."""

    async def accepted(
        self, connection: Connection, account: bytes, accounts: Sequence[bytes]
    ) -> set[bytes]:
        """Which of these accounts are contacts of this one, by both chains that are in force."""
        return set()

    async def invited(
        self, connection: Connection, account: bytes, invitation: bytes, conversation: bytes
    ) -> bool:
        """Whether this account has redeemed that invitation into that conversation."""
        return False
