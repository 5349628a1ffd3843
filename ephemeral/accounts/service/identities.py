"""Identities of others: an account is opened by one, is made by one, links one and forgets it.

An identity is the keyed hash of issuer and subject; that is all that is kept of it. A token counts
once, in the browser for which its nonce was made.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, device_rows, identity_rows
from ephemeral.accounts.rules.names import identity_hash
from ephemeral.accounts.rules.nonces import (
    BINDING_BYTES,
    NONCE_MS,
    Nonce,
    made_nonce,
    read_nonce,
)
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.logins import AsDevice
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.proofs import Proofs
from ephemeral.accounts.service.registration import Registration
from ephemeral.accounts.service.sessions import Opened, Sessions
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import connection as connected
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.accounts.service.id_tokens import IdTokens
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Asked", "Identities", "IdentityView", "Listed", "Shown"]

#: An account has no more identities than this.
MOST = 5
#: Whoever has shown the issuer who they are within so long has done so now.
AGAIN_SECONDS = 300
_LEEWAY = 30


class Asked(NamedTuple):
    """What a browser takes to the issuer, and where; and what it keeps meanwhile."""

    nonce: str
    binding: bytes
    expires_at: int
    now: int
    sign_in_address: str | None


class Shown(NamedTuple):
    """An ID token, and the binding of the browser that shows it."""

    token: str
    binding: bytes


class IdentityView(NamedTuple):
    """An identity as the account's owner sees it: a name for it, and the day since 1970."""

    id: bytes
    linked_day: int


class Listed(NamedTuple):
    """What opens an account, and the time."""

    identities: list[IdentityView]
    has_password: bool
    now: int


class _Known(NamedTuple):
    identity: bytes
    nonce: Nonce
    authenticated_at: int | None
    now: int


class Identities:
    """Of one issuer."""

    def __init__(
        self,
        pool: Pool,
        tokens: IdTokens,
        registration: Registration,
        passwords: Passwords,
        sessions: Sessions,
        proofs: Proofs,
        index_key: bytes,
        random: Callable[[int], bytes],
    ) -> None:
        self._pool = pool
        self._tokens = tokens
        self._registration = registration
        self._passwords = passwords
        self._sessions = sessions
        self._proofs = proofs
        self._index_key = index_key
        self._random = random

    async def begin(self) -> Asked:
        """A nonce, for whoever keeps the binding."""
        async with connected(self._pool) as one:
            now = await clock(one)
        binding = self._random(BINDING_BYTES)
        nonce = made_nonce(self._index_key, now, self._random(16), binding)
        where = await self._tokens.sign_in_address()
        return Asked(nonce, binding, now + NONCE_MS, now, where)

    async def sign_in(self, shown: Shown, device: AsDevice | None) -> Opened:
        """Another session of the account that an identity opens; as a device's if that is proved.

        Refuses `id_token_wrong`, `identity_unknown`, `device_revoked`, `proof_wrong`.
        """
        known = await self._known(shown)

        async def work(connection: Connection) -> Opened:
            account = await identity_rows.owner(connection, known.identity)
            if account is None or await account_rows.lock(connection, account) is None:
                raise Refusal("identity_unknown")
            # It may have been unlinked before the lock was had.
            still = await identity_rows.owner(connection, known.identity)
            refuse(still != account, "identity_unknown")
            if device is not None:
                key = await device_rows.key(connection, account, device.device)
                if key is None:
                    raise Refusal("device_revoked", now=known.now)
                self._proofs.check(key, device.proof, known.now)
            await self._use(connection, known)
            proved = None if device is None else device.device
            return await self._sessions.open(connection, account, proved)

        opened = await transaction(self._pool, work)
        self._sessions.tell_ended(opened.ended)
        return opened

    async def register(self, shown: Shown, address: str, invitation: bytes | None) -> Opened:
        """An account without a password, which this identity opens.

        Refuses `id_token_wrong`, `identity_taken`, and what registering with a password does.
        """
        known = await self._known(shown)

        async def work(connection: Connection) -> Opened:
            await self._use(connection, known)
            opened = await self._registration.make(connection, address, None, invitation)
            account = opened.session.account
            made = await identity_rows.insert(connection, known.identity, account)
            refuse(not made, "identity_taken")
            return opened

        return await transaction(self._pool, work)

    async def link(self, session: Session, auth_key: bytes, shown: Shown) -> None:
        """This identity opens the account as well.

        Refuses `password_wrong`, `id_token_wrong`, `identity_taken`, `identity_full`.
        """
        await self._passwords.check(auth_key, session.account)
        known = await self._known(shown)

        async def work(connection: Connection) -> None:
            await self._sessions.lock(connection, session)
            await self._use(connection, known)
            owner = await identity_rows.owner(connection, known.identity)
            refuse(owner is not None and owner != session.account, "identity_taken")
            if owner is not None:
                return
            linked = await identity_rows.of_account(connection, session.account)
            refuse(len(linked) >= MOST, "identity_full")
            done = await identity_rows.insert(connection, known.identity, session.account)
            refuse(not done, "identity_taken")

        await transaction(self._pool, work)

    async def listed(self, session: Session) -> Listed:
        """What opens the account beside its password, and whether it has one."""

        async def work(connection: Connection) -> Listed:
            rows = await identity_rows.of_account(connection, session.account)
            seen = [IdentityView(_name(row.identity), row.linked_day) for row in rows]
            account = await account_rows.read(connection, session.account)
            has_password = account is not None and account.password is not None
            return Listed(seen, has_password, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def unlink(self, session: Session, auth_key: bytes, name: bytes) -> None:
        """This identity opens the account no more. Refuses `password_wrong`, `not_found`.

        Whoever has a password to show has another way in.
        """
        await self._passwords.check(auth_key, session.account)

        async def work(connection: Connection) -> None:
            await self._sessions.lock(connection, session)
            rows = await identity_rows.of_account(connection, session.account)
            named = [row.identity for row in rows if _name(row.identity) == name]
            refuse(not named, "not_found")
            await identity_rows.remove(connection, named[0], session.account)

        await transaction(self._pool, work)

    async def set_password(self, session: Session, auth_key: bytes, shown: Shown | None) -> None:
        """A first password; or another one, for whoever has just shown the issuer who they are.

        An issuer that doesn't tell when that was shows nothing by it. Refuses `id_token_wrong`,
        `reauthentication_needed`. Sessions without a device end but this.
        """
        known = None if shown is None else await self._known(shown)
        password = await self._passwords.hashed(auth_key)

        async def work(connection: Connection) -> list[bytes]:
            present = await self._sessions.lock(connection, session)
            if present.password is not None:
                await self._reauthenticate(connection, session.account, known)
            await account_rows.set_password(connection, session.account, password)
            return await self._sessions.end_others_without_device(
                connection, session.account, session.sid
            )

        self._sessions.tell_ended(await transaction(self._pool, work))

    # --- the insides ------------------------------------------------------------------------------

    async def _reauthenticate(
        self, connection: Connection, account: bytes, known: _Known | None
    ) -> None:
        if known is None or known.authenticated_at is None:
            raise Refusal("reauthentication_needed")
        ago = known.now // 1000 - known.authenticated_at
        refuse(not -_LEEWAY <= ago <= AGAIN_SECONDS, "reauthentication_needed")
        owner = await identity_rows.owner(connection, known.identity)
        refuse(owner != account, "identity_unknown")
        await self._use(connection, known)

    async def _known(self, shown: Shown) -> _Known:
        """Whose token this is; refuses `id_token_wrong`, also one for another browser."""
        claimed = await self._tokens.read(shown.token)
        async with connected(self._pool) as one:
            now = await clock(one)
        nonce = read_nonce(self._index_key, now, claimed.nonce, shown.binding)
        if nonce is None:
            raise Refusal("id_token_wrong")
        identity = identity_hash(self._index_key, self._tokens.issuer, claimed.subject)
        return _Known(identity, nonce, claimed.authenticated_at, now)

    async def _use(self, connection: Connection, known: _Known) -> None:
        used = await identity_rows.use_nonce(connection, known.nonce.name, known.nonce.expires_at)
        refuse(not used, "id_token_wrong")


def _name(identity: bytes) -> bytes:
    """By which an owner names an identity; it leads to none."""
    return sha256(identity).digest()[:16]
