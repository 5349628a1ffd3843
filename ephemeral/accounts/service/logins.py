"""Signing in by password, and changing it.

Whoever tries an address that is nobody's gets the same answer after the same work as whoever tries
a wrong password: one look at the database, one Argon2id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, device_rows
from ephemeral.accounts.rows.account_rows import AccountRow
from ephemeral.accounts.rules.names import address_hash
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.proofs import Proof, Proofs
from ephemeral.accounts.service.sessions import Opened, Sessions
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["AsDevice", "Logins"]


class AsDevice(NamedTuple):
    """The device as which somebody signs in, and what proves it."""

    device: bytes
    proof: Proof | None


class Logins:
    """Signs in, and changes passwords."""

    def __init__(
        self,
        pool: Pool,
        passwords: Passwords,
        sessions: Sessions,
        proofs: Proofs,
        index_key: bytes,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._sessions = sessions
        self._proofs = proofs
        self._index_key = index_key

    async def log_in(self, address: str, auth_key: bytes, device: AsDevice | None) -> Opened:
        """Another session of the account at an address, as a device's if that is proved.

        Refuses `login_wrong`; with a device that isn't the account's (any more) `device_revoked`,
        with a bad proof `proof_wrong`, and both only whoever knows the password.
        """
        name = address_hash(self._index_key, address)
        found = await transaction(
            self._pool, lambda connection: account_rows.at(connection, name), read_only=True
        )
        kept = None if found is None else found.password
        right = await self._passwords.is_right(kept, auth_key)
        if found is None or kept is None or not right:
            raise Refusal("login_wrong")
        better = None
        if self._passwords.is_stale(kept):
            better = await self._passwords.hashed(auth_key)

        async def work(connection: Connection) -> Opened:
            present = await account_rows.lock(connection, found.account)
            # It may have been changed, or the account deleted, while this one was checked.
            refuse(present is None or present.password != kept, "login_wrong")
            if better is not None:
                await account_rows.upgrade_password(connection, found.account, kept, better)
            if device is not None:
                await self._check_device(connection, found, device)
            proved = None if device is None else device.device
            return await self._sessions.open(connection, found.account, proved)

        opened = await transaction(self._pool, work)
        self._sessions.tell_ended(opened.ended)
        return opened

    async def change_password(self, session: Session, old: bytes, new: bytes) -> None:
        """Another password; sessions without a device end but this. Refuses `password_wrong`."""
        await self._passwords.check(old, session.account)
        password = await self._passwords.hashed(new)

        async def work(connection: Connection) -> list[bytes]:
            await self._sessions.lock(connection, session)
            await account_rows.set_password(connection, session.account, password)
            return await self._sessions.end_others_without_device(
                connection, session.account, session.sid
            )

        self._sessions.tell_ended(await transaction(self._pool, work))

    async def _check_device(
        self, connection: Connection, found: AccountRow, device: AsDevice
    ) -> None:
        key = await device_rows.key(connection, found.account, device.device)
        now = await clock(connection)
        if key is None:
            raise Refusal("device_revoked", now=now)
        self._proofs.check(key, device.proof, now)
