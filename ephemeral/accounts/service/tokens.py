"""Access tokens: JSON Web Tokens (RFC 7519, RFC 9068) that this deployment signs for itself.

One algorithm is allowed, and a token that names another is none. What a token says is checked in
full before anything of it is believed: type, key, signature, audience, end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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

_registry = JWSRegistry(algorithms=[_ALGORITHM])


class Tokens:
    """Makes access tokens and reads them. `now` is this host's clock, in milliseconds."""

    def __init__(
        self, keys: SigningKeys, ended: EndedSessions, audience: str, now: Callable[[], int]
    ) -> None:
        self._now = now
        self._keys = keys
        self._ended = ended
        self._audience = audience

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
        try:
            kid = jws.extract_compact(token.encode(), registry=_registry).headers().get("kid")
            key = await self._keys.named(kid, now) if isinstance(kid, str) else None
            if key is None:
                return None
            read = jwt.decode(token, key, registry=_registry)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # Of heads in odd forms the library lets through what it stumbles over.
            return None
        if read.header.get("typ") != _TYPE or not self._is_for_now(read.claims, now // 1000):
            return None
        return _session(read.claims)

    def _is_for_now(self, claims: dict[str, Any], seconds: int) -> bool:
        issued, expires = claims.get("iat"), claims.get("exp")
        if type(issued) is not int or type(expires) is not int:
            return False
        in_time = issued - _LEEWAY <= seconds < expires + _LEEWAY
        return in_time and claims.get("aud") == self._audience


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
