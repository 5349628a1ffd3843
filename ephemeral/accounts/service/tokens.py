"""Access tokens: JSON Web Tokens (RFC 7519, RFC 9068) that this deployment signs for itself.

One algorithm is allowed, and a token that names another is none. What a token says is checked in
full before anything of it is believed: type, key, signature, audience, end. One that was found good
is known again by its hash: then its end is looked at, and whether its key is one still.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.rules.sessions import ACCESS_MS
from ephemeral.accounts.service.ended import EndedSessions
from ephemeral.accounts.service.signing_keys import SigningKeys
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal

__all__ = ["ACCESS_SECONDS", "Tokens"]

ACCESS_SECONDS = ACCESS_MS // 1000
_ALGORITHM = "Ed25519"
_TYPE = "at+jwt"
#: Hosts' clocks may differ by so many seconds, of each other and of the database's.
_LEEWAY = 30
_LONGEST = 1024
# Tokens that were shown last: some hundred bytes each.
_REMEMBERED = 2_000

_registry = JWSRegistry(algorithms=[_ALGORITHM])


class _Read(NamedTuple):
    """What a token says whose signature, type and audience are right. `issued`, `expires`: in
    seconds."""

    session: Session
    kid: str
    issued: int
    expires: int

    def is_for(self, seconds: int) -> bool:
        """Whether it is good at that time."""
        return self.issued - _LEEWAY <= seconds < self.expires + _LEEWAY


class Tokens:
    """Makes access tokens and reads them. `now` is this host's clock, in milliseconds."""

    def __init__(
        self, keys: SigningKeys, ended: EndedSessions, audience: str, now: Callable[[], int]
    ) -> None:
        self._now = now
        self._keys = keys
        self._ended = ended
        self._audience = audience
        self._known: OrderedDict[bytes, _Read] = OrderedDict()

    async def ready(self) -> None:
        """To be waited for before any is issued."""
        await self._keys.ready()

    def issue(self, session: Session) -> str:
        """The token of a session, good for 15 minutes."""
        now = self._now()
        key = self._keys.signing(now)
        issued = now // 1000
        claims: dict[str, Any] = {
            "aud": self._audience,
            "sub": b64encode(session.account),
            "sid": b64encode(session.sid),
            "iat": issued,
            "exp": issued + ACCESS_SECONDS,
        }
        if session.device is not None:
            claims["dev"] = b64encode(session.device)
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key.jwk, registry=_registry)

    async def read(self, token: str) -> Session:
        """The session of a token; refuses `unauthorized`, `session_ended`, `device_revoked`."""
        now = self._now()
        session = await self._read(token, now)
        if session is None:
            raise Refusal("unauthorized", "This access token is no longer good.", now=now)
        if await self._ended.has(session.sid):
            was_removed = await self._ended.by_removal(session)
            raise Refusal("device_revoked" if was_removed else "session_ended", now=now)
        return session

    async def _read(self, token: str, now: int) -> Session | None:
        if len(token) > _LONGEST:
            return None
        name = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        read = self._known.get(name)
        if read is None:
            read = await self._verified(token, now)
            if read is None:
                return None
            self._keep(name, read, now // 1000)
        elif await self._keys.named(read.kid, now) is None:
            return None
        elif name in self._known:
            # It may have been forgotten while its key was looked for.
            self._known.move_to_end(name)
        return read.session if read.is_for(now // 1000) else None

    async def _verified(self, token: str, now: int) -> _Read | None:
        try:
            kid = jws.extract_compact(token.encode(), registry=_registry).headers().get("kid")
            key = await self._keys.named(kid, now) if isinstance(kid, str) else None
            if key is None:
                return None
            read = jwt.decode(token, key, registry=_registry)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # Of heads in odd forms the library lets through what it stumbles over.
            return None
        claims = read.claims
        issued, expires = claims.get("iat"), claims.get("exp")
        if type(issued) is not int or type(expires) is not int:
            return None
        if read.header.get("typ") != _TYPE or claims.get("aud") != self._audience:
            return None
        session = _session(claims)
        return None if session is None else _Read(session, str(kid), issued, expires)

    def _keep(self, name: bytes, read: _Read, seconds: int) -> None:
        """Remember a token, and forget those that were shown least lately and are past their
        time."""
        self._known[name] = read
        while self._known:
            oldest = next(iter(self._known))
            if len(self._known) <= _REMEMBERED and self._known[oldest].is_for(seconds):
                return
            del self._known[oldest]


def _session(claims: dict[str, Any]) -> Session | None:
    device = claims.get("dev")
    try:
        return Session(
            b64decode(claims.get("sub"), 16),
            b64decode(claims.get("sid"), 16),
            None if device is None else b64decode(device, 16),
        )
    except Refusal:
        return None
