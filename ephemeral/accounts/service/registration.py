"""Making accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.accounts.rows import account_rows, invitation_rows
from ephemeral.accounts.rules.names import address_hash, invitation_hash
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.sessions import Opened, Sessions
from ephemeral.protocol.errors import refuse
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Registration"]


class Registration:
    """Makes accounts for all comers, or for those who are `invited`."""

    def __init__(
        self,
        pool: Pool,
        passwords: Passwords,
        sessions: Sessions,
        index_key: bytes,
        random: Callable[[int], bytes],
        *,
        invited: bool,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._sessions = sessions
        self._index_key = index_key
        self._random = random
        self._invited = invited

    async def register(self, address: str, auth_key: bytes, invitation: bytes | None) -> Opened:
        """Make an account at an address, with a password, and sign in.

        Refuses `address_taken`, `invitation_needed`, `invitation_unknown`. Whoever didn't hear the
        answer finds the address taken, and signs in.
        """
        password = await self._passwords.hashed(auth_key)
        return await transaction(
            self._pool,
            lambda connection: self.make(connection, address, password, invitation),
        )

    async def make(
        self, connection: Connection, address: str, password: str | None, invitation: bytes | None
    ) -> Opened:
        """The same in a transaction of others; without a password an identity has to open it."""
        if self._invited:
            refuse(invitation is None, "invitation_needed")
            assert invitation is not None
            name = invitation_hash(self._index_key, invitation)
            refuse(not await invitation_rows.use(connection, name), "invitation_unknown")
        account = self._random(16)
        made = await account_rows.insert(
            connection, account, address_hash(self._index_key, address), password
        )
        refuse(not made, "address_taken")
        return await self._sessions.open(connection, account)
