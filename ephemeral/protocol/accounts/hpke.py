"""Boxes for one device: HPKE (RFC 9180) with X-Wing. docs/accounts.md, section 6.

Base mode, KEM 0x647a (ML-KEM-768 with X25519), HKDF-SHA-256, AES-256-GCM, no additional data; one
box a key schedule. A box is the encapsulated key (1,120 bytes) and the ciphertext.
"""

import hashlib
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from ephemeral.protocol.errors import Refusal

__all__ = ["PUBLIC_SIZE", "SEED_SIZE", "PrivateKey", "seal", "unseal"]

SEED_SIZE = 32
_MLKEM_SIZE = 1184
PUBLIC_SIZE = _MLKEM_SIZE + 32

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

_BROKEN = "This was not sealed to this key, or has been changed on its way."
_WRONG_KEY = "Nothing can be sealed to this key."


class PrivateKey:
    """An X-Wing key, kept by its seed of 32 bytes. Its repr shows nothing."""

    __slots__ = ("_key", "public", "seed")

    def __init__(self, seed: bytes) -> None:
        assert len(seed) == SEED_SIZE, "an X-Wing seed has 32 bytes"
        # X-Wing's own expansion of the seed into those of its two halves.
        expanded = hashlib.shake_256(seed).digest(96)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.seed = seed
        #: 1,216 bytes.
        self.public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> "PrivateKey":
        """A new key; `random(n)` gives n bytes of a secure generator."""
        return cls(random(SEED_SIZE))

    @classmethod
    def from_seed(cls, seed: bytes) -> "PrivateKey":
        """The key that has this seed."""
        return cls(seed)

    def unseal(self, info: bytes, sealed: bytes) -> bytes:
        """What was sealed to this key for `info`; refuses `box_broken`."""
        try:
            return _SUITE.decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError):
            raise Refusal("box_broken", _BROKEN) from None


def seal(public: bytes, info: bytes, plaintext: bytes) -> bytes:
    """A box for whoever has the private key; refuses `box_key` where none can be made."""
    try:
        if len(public) != PUBLIC_SIZE:
            raise ValueError
        key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_SIZE]),
            X25519PublicKey.from_public_bytes(public[_MLKEM_SIZE:]),
        )
        return _SUITE.encrypt(plaintext, key, info)
    except ValueError:
        raise Refusal("box_key", _WRONG_KEY) from None


def unseal(private: PrivateKey, info: bytes, sealed: bytes) -> bytes:
    """As `PrivateKey.unseal`."""
    return private.unseal(info, sealed)
