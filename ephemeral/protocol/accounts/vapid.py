"""By what a push service knows the server that sends, and that a subscription is for it (RFC 8292).

A token for one service, signed with the key that browsers were shown when they subscribed.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from joserfc import jwt
from joserfc.jwk import ECKey

from ephemeral.protocol.accounts.push_messages import point
from ephemeral.protocol.encoding import b64encode

__all__ = ["authorization"]

# A service takes none that is good for more than a day; its clock may be another.
_SECONDS = 12 * 3600


def authorization(
    key: EllipticCurvePrivateKey, audience: str, now_seconds: int, contact: str | None
) -> str:
    """The header for a push service, which `audience` names by its origin.

    `contact`: where those who run the service find who runs this server, an address of the form
    `mailto:` or `https:`.
    """
    claims: dict[str, object] = {"aud": audience, "exp": now_seconds + _SECONDS}
    if contact is not None:
        claims["sub"] = contact
    token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(key))
    return f"vapid t={token}, k={b64encode(point(key))}"
