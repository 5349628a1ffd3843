"""What an identity of others has to say back, made by this server for one browser.

`nonce = body || HMAC(index key, label || body || SHA-256(binding))`,
`body = expiry(8, ms) || random(16)`

Nothing of it is stored until it was used. The binding stays with the browser that asked: whoever
sees the nonce, as the issuer does, can't use a token with it.
"""

import hashlib
import hmac
from typing import NamedTuple

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.fingerprints import keyed, sized

__all__ = ["BINDING_BYTES", "NONCE_MS", "Nonce", "made_nonce", "read_nonce"]

#: How long signing in elsewhere may take.
NONCE_MS = 600_000
BINDING_BYTES = 32
_RANDOM_BYTES = 16
_MAC_BYTES = 32
_LABEL = b"ephemeral/v1/server/nonce\0"


class Nonce(NamedTuple):
    """A nonce of ours. `name` tells it from all others; `expires_at` in milliseconds."""

    name: bytes
    expires_at: int


def made_nonce(index_key: bytes, now: int, drawn: bytes, binding: bytes) -> str:
    """A nonce for the browser that has this binding, of 16 random bytes."""
    body = (now + NONCE_MS).to_bytes(8) + sized("drawn", drawn, _RANDOM_BYTES)
    return b64encode(body + _mac(index_key, body, binding))


def read_nonce(index_key: bytes, now: int, text: str, binding: bytes) -> Nonce | None:
    """A nonce that was made for the browser with this binding and is not too old, else None."""
    try:
        nonce = b64decode(text, 8 + _RANDOM_BYTES + _MAC_BYTES)
    except Refusal:
        return None
    body, mac = nonce[:-_MAC_BYTES], nonce[-_MAC_BYTES:]
    expires_at = int.from_bytes(body[:8])
    if not hmac.compare_digest(mac, _mac(index_key, body, binding)) or expires_at <= now:
        return None
    return Nonce(mac, expires_at)


def _mac(index_key: bytes, body: bytes, binding: bytes) -> bytes:
    bound = hashlib.sha256(sized("binding", binding, BINDING_BYTES)).digest()
    return keyed(index_key, _LABEL, body + bound)
