"""The one OpenID Connect issuer that this deployment believes: its keys, and where people sign in.

Both are fetched when a token is asked for or checked, as the issuer's configuration says (OpenID
Connect Discovery 1.0), and kept for an hour. A token that names a key which isn't among them has
them fetched again, once a minute at most: so a flood of tokens makes no flood of requests. What
comes is bounded in size and time, by TLS, and led nowhere else by a redirect.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from ephemeral.protocol.errors import Refusal

__all__ = ["Issuer"]

_FRESH_SECONDS = 3600.0
# While the issuer is away its keys are good for so long.
_STALE_SECONDS = 86_400.0
_AGAIN_SECONDS = 60.0
_FETCH_SECONDS = 8.0
_BYTES = 64 * 1024
_KEYS = 50
# In base64url: 2048 bits.
_MODULUS_LENGTH = 342
_KINDS: Mapping[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
# Of visible ASCII, and without a fragment: what is asked there stands behind it.
_ADDRESS = re.compile(r"https?://[!\"$-~]{1,1000}")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Issuer:
    """`name` is the issuer's, to the letter. `clock`: seconds that don't go backwards."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name = name
        self._clock = clock
        self._turn = asyncio.Lock()
        self._keys: list[Key] = []
        self._sign_in: str | None = None
        self._fetched = float("-inf")
        self._tried = float("-inf")

    async def key(self, kid: str | None) -> Key | None:
        """The key of this id, or without one the only key. Refuses `unavailable`."""
        async with self._turn:
            age = self._clock() - self._fetched
            found = self._found(kid)
            if age > _FRESH_SECONDS or found is None:
                await self._renew()
                found = self._found(kid)
            if self._clock() - self._fetched > _STALE_SECONDS:
                raise Refusal("unavailable", "The other service can't be asked now.", retry_after=5)
            return found

    async def sign_in_address(self) -> str | None:
        """Where people are sent to sign in (`authorization_endpoint`); None while nobody knows."""
        async with self._turn:
            if self._clock() - self._fetched > _FRESH_SECONDS:
                await self._renew()
            stale = self._clock() - self._fetched > _STALE_SECONDS
            return None if stale else self._sign_in

    def _found(self, kid: str | None) -> Key | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        named = [key for key in self._keys if key.kid == kid]
        return named[0] if len(named) == 1 else None

    async def _renew(self) -> None:
        """Fetch the keys, unless that was tried just now."""
        if self._clock() - self._tried < _AGAIN_SECONDS and self._tried >= self._fetched:
            return
        self._tried = self._clock()
        try:
            async with (
                asyncio.timeout(_FETCH_SECONDS),
                httpx.AsyncClient(
                    follow_redirects=False, trust_env=False, timeout=_FETCH_SECONDS
                ) as client,
            ):
                keys, sign_in = await self._fetch(client)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError):
            return
        self._keys, self._sign_in, self._fetched = keys, sign_in, self._tried

    async def _fetch(self, client: httpx.AsyncClient) -> tuple[list[Key], str | None]:
        said = await _object(client, f"{self.name.rstrip('/')}/.well-known/openid-configuration")
        address = said.get("jwks_uri")
        if said.get("issuer") != self.name or not isinstance(address, str):
            raise ValueError
        self._require_safe(address)
        keys = (await _object(client, address)).get("keys")
        if not isinstance(keys, list) or len(keys) > _KEYS:
            raise ValueError
        return [key for key in map(_key, keys) if key is not None], self._where(said)

    def _where(self, said: dict[str, Any]) -> str | None:
        """The address to which people are sent, if it is one that they may be sent to."""
        address = said.get("authorization_endpoint")
        if not isinstance(address, str) or _ADDRESS.fullmatch(address) is None:
            return None
        try:
            self._require_safe(address)
        except ValueError:
            return None
        return address

    def _require_safe(self, address: str) -> None:
        """By TLS; without it only from this machine itself, and only to it."""
        parts, own = urlsplit(address), urlsplit(self.name)
        here = own.scheme == parts.scheme == "http" and parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not here:
            raise ValueError


async def _object(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    """The JSON object at an address."""
    asked = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("GET", address, headers=asked) as answer:
        announced = answer.headers.get("content-length", "0")
        if answer.status_code != 200 or not announced.isdigit() or int(announced) > _BYTES:
            raise ValueError
        body = b""
        # What is too much is taken and dropped, as long as the whole may last: an iteration that is
        # broken off would be tidied up who knows when.
        async for part in answer.aiter_raw():
            body = (body + part)[: _BYTES + 1]
    if len(body) > _BYTES:
        raise ValueError
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError
    return found


def _key(said: object) -> Key | None:
    """A public key that signs; None for anything else."""
    if not isinstance(said, dict) or said.get("use", "sig") != "sig":
        return None
    kty, modulus = said.get("kty"), said.get("n")
    kind = _KINDS.get(kty) if isinstance(kty, str) else None
    if kind is None or "d" in said:
        return None
    if kind is RSAKey and not (isinstance(modulus, str) and len(modulus) >= _MODULUS_LENGTH):
        return None
    try:
        return kind.import_key(said)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
