"""What is sent through a browser's push service, so that the service can't read it (RFC 8291).

One record of `aes128gcm` (RFC 8188), encrypted to the key that the browser has made for its
subscription, by a key that is used once.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ephemeral.protocol.errors import Refusal

__all__ = [
    "AUTH_BYTES",
    "POINT_BYTES",
    "SALT_BYTES",
    "SEED_BYTES",
    "BrowserKeys",
    "encrypted",
    "point",
    "private_key",
    "read_keys",
]

#: Of a public key, of the browser's secret, of a salt, and of what a private key is made from.
POINT_BYTES, AUTH_BYTES, SALT_BYTES, SEED_BYTES = 65, 16, 16, 48

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_KEY_BYTES, _NONCE_BYTES = 16, 12
# There is one record and it is the last, so any size that it fits into will do.
_RECORD = (4096).to_bytes(4, "big")
_LAST = b"\x02"


class BrowserKeys(NamedTuple):
    """The keys of a subscription, which its browser has made: `p256dh` and `auth`."""

    public: EllipticCurvePublicKey
    auth: bytes


def read_keys(public: bytes, auth: bytes) -> BrowserKeys:
    """As a browser tells them; refuses `malformed` what is no point of P-256 or no 16 bytes."""
    if len(public) != POINT_BYTES or len(auth) != AUTH_BYTES:
        raise Refusal("malformed", "The keys of a subscription have 65 and 16 bytes.")
    try:
        return BrowserKeys(EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public), auth)
    except ValueError:
        raise Refusal("malformed", "The key of this subscription is no key.") from None


def private_key(seed: bytes) -> EllipticCurvePrivateKey:
    """The key of 48 random bytes: so many that all keys are as good as equally likely (FIPS 186-5,
    A.2.1)."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a key is made from {SEED_BYTES} bytes")
    return derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, SECP256R1())


def point(key: EllipticCurvePrivateKey) -> bytes:
    """The public half, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypted(plain: bytes, to: BrowserKeys, key: EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body of a push; `key` and `salt` (16 random bytes) are used for nothing else."""
    own = point(key)
    theirs = to.public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = key.exchange(ECDH(), to.public)
    secret = _hkdf(to.auth, shared, b"WebPush: info\0" + theirs + own, 32)
    content_key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", _KEY_BYTES)
    nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", _NONCE_BYTES)
    head = salt + _RECORD + bytes([len(own)]) + own
    return head + AESGCM(content_key).encrypt(nonce, plain + _LAST, None)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
