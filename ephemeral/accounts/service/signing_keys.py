"""The keys that sign access tokens: one for all hosts, another every 30 days.

Private halves are payloads of the second layer, and stand in the memory of each process. A key that
can't be unsealed any more, as after a restored backup, is no key: another is made, and what it has
signed is no longer good; whoever held such a token refreshes. Where nobody has an account, there is
none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from ephemeral.accounts.rows import signing_key_rows
from ephemeral.accounts.rows.signing_key_rows import SigningKeyRow
from ephemeral.accounts.rules.signing_keys import is_due, past, signing
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.protocol.encoding import b64encode
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["SigningKeys", "TokenKey"]

_KID_BYTES = 16
# A token may name a key that another host has just made; one that names none is no reason to ask
# the database each time.
_LOOK_MS = 5_000


class TokenKey(NamedTuple):
    """A key of the set, in both halves."""

    kid: str
    jwk: OKPKey
    created_at: int


class SigningKeys:
    """The key set, as this process knows it."""

    def __init__(self, pool: Pool, values: SealedValues, random: Callable[[int], bytes]) -> None:
        self._pool = pool
        self._values = values
        self._random = random
        self._keys: tuple[TokenKey, ...] = ()
        self._looked_at = 0
        self._turn = asyncio.Lock()

    def signing(self, now: int) -> TokenKey:
        """The key that signs."""
        found = signing(self._keys, now)
        assert found is not None
        return found

    async def named(self, kid: str, now: int) -> OKPKey | None:
        """The key of a token, from the database if it isn't known here; None if there is none."""
        found = self._find(kid)
        if found is None:
            # Whoever comes while another looks waits for what that finds.
            async with self._turn:
                if not 0 <= now - self._looked_at < _LOOK_MS:
                    self._looked_at = now
                    await self.renew()
            found = self._find(kid)
        return found

    def published(self) -> list[dict[str, str]]:
        """The public halves (RFC 7517, RFC 8037), for whoever checks tokens."""
        return [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "Ed25519",
                "use": "sig",
                "kid": one.kid,
                "x": str(one.jwk.as_dict(private=False)["x"]),
            }
            for one in self._keys
        ]

    async def ready(self) -> None:
        """See to it that there is a key: the first is made when somebody signs in first."""
        if not self._keys:
            self._keys = tuple(await transaction(self._pool, self._change))

    async def renew(self) -> None:
        """Read the set; make the next key, and forget what is past, where that is due."""

        async def read(connection: Connection) -> tuple[list[TokenKey], bool]:
            now = await clock(connection)
            rows = await signing_key_rows.read(connection)
            keys = await self._opened(connection, rows)
            due = len(keys) < len(rows) or bool(past(keys, now))
            return keys, due or (bool(keys) and is_due(keys, now))

        keys, due = await transaction(self._pool, read, read_only=True)
        if due:
            keys = await transaction(self._pool, self._change)
        self._keys = tuple(keys)

    def _find(self, kid: str) -> OKPKey | None:
        return next((one.jwk for one in self._keys if one.kid == kid), None)

    async def _change(self, connection: Connection) -> list[TokenKey]:
        await signing_key_rows.lock(connection)
        now = await clock(connection)
        rows = await signing_key_rows.read(connection)
        keys = await self._opened(connection, rows)
        good = {one.kid for one in keys} - {one.kid for one in past(keys, now)}
        gone = [row for row in rows if b64encode(row.kid) not in good]
        await signing_key_rows.delete(connection, [row.kid for row in gone])
        await self._values.destroy(connection, [row.private for row in gone])
        keys = [one for one in keys if one.kid in good]
        if is_due(keys, now):
            keys.append(await self._made(connection, now))
        return keys

    async def _made(self, connection: Connection, now: int) -> TokenKey:
        seed, kid = self._random(32), self._random(_KID_BYTES)
        private = await self._values.store(connection, "token-key", seed)
        key = Ed25519PrivateKey.from_private_bytes(seed)
        row = SigningKeyRow(kid, key.public_key().public_bytes_raw(), private, now)
        await signing_key_rows.insert(connection, row)
        return TokenKey(b64encode(kid), OKPKey.import_key(key), now)

    async def _opened(
        self, connection: Connection, rows: Sequence[SigningKeyRow]
    ) -> list[TokenKey]:
        """Those that can be used."""
        seeds = await self._values.read(connection, "token-key", [row.private for row in rows])
        keys = []
        for row in rows:
            if (seed := seeds.get(row.private)) is None:
                continue
            key = Ed25519PrivateKey.from_private_bytes(seed)
            keys.append(TokenKey(b64encode(row.kid), OKPKey.import_key(key), row.created_at))
        return keys
