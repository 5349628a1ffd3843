"""ID tokens of others (OpenID Connect Core 1.0, 3.1.3.7), believed in part: who, when, which nonce.

Nothing else that they say is looked at, an e-mail address least of all: nothing is merged by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from ephemeral.accounts.service.issuer import Issuer
from ephemeral.protocol.errors import Refusal

__all__ = ["Claimed", "IdTokens"]

# Signatures by a key of the issuer's alone: neither "none" nor a shared secret.
_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519"]
_LEEWAY = 30
_LONGEST = 8192
_SUBJECT_LONGEST = 255

_registry = JWSRegistry(algorithms=_ALGORITHMS)


class Claimed(NamedTuple):
    """What a good token says. `authenticated_at`: seconds since 1970, if the issuer tells."""

    subject: str
    nonce: str
    authenticated_at: int | None


class IdTokens:
    """Reads tokens that `issuer` made for `client`. `now` is this host's clock, in milliseconds."""

    def __init__(self, issuer: Issuer, client: str, now: Callable[[], int]) -> None:
        self.issuer = issuer.name
        self._issuer = issuer
        self._client = client
        self._now = now

    async def sign_in_address(self) -> str | None:
        """Where people get such a token; None while the issuer is away or tells none."""
        return await self._issuer.sign_in_address()

    async def read(self, token: str) -> Claimed:
        """What it says; refuses `id_token_wrong`, and `unavailable` while the issuer is away."""
        claims = await self._verified(token) if len(token) <= _LONGEST else None
        claimed = None if claims is None else self._claimed(claims)
        if claimed is None:
            raise Refusal("id_token_wrong")
        return claimed

    async def _verified(self, token: str) -> dict[str, Any] | None:
        try:
            header = jws.extract_compact(token.encode(), registry=_registry).headers()
            kid = header.get("kid")
            if kid is not None and not isinstance(kid, str):
                return None
            key = await self._issuer.key(kid)
            if key is None or key.as_dict(private=False).get("alg", header["alg"]) != header["alg"]:
                return None
            read = jwt.decode(token, key, registry=_registry)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            return None
        # An access token of the same issuer is none.
        return read.claims if header.get("typ", "JWT") == "JWT" else None

    def _claimed(self, claims: dict[str, Any]) -> Claimed | None:
        seconds = self._now() // 1000
        subject, nonce = claims.get("sub"), claims.get("nonce")
        expires, issued = claims.get("exp"), claims.get("iat")
        if type(expires) is not int or type(issued) is not int:
            return None
        in_time = issued - _LEEWAY <= seconds < expires + _LEEWAY
        if claims.get("iss") != self.issuer or not self._is_for_us(claims) or not in_time:
            return None
        if not isinstance(nonce, str) or not isinstance(subject, str):
            return None
        if not (0 < len(subject) <= _SUBJECT_LONGEST and subject.isascii()):
            return None
        at = claims.get("auth_time")
        return Claimed(subject, nonce, at if type(at) is int else None)

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        # Of a token for several it is said for whom it was made.
        party = claims.get("azp", self._client if len(named) == 1 else None)
        return self._client in named and bool(party == self._client)
