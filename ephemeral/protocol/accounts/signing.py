"""Ed25519 with a label for each use: docs/accounts.md, section 2.

Signatures are checked without the cofactor and with S below the order of the group. Keys are
canonical points of prime order, so that one signature has one verdict wherever it is checked.
"""

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point

from ephemeral.protocol.accounts.derivation import labelled

__all__ = ["LABELS", "PUBLIC_SIZE", "SIGNATURE_SIZE", "SigningKey", "is_valid_key", "verify"]

PUBLIC_SIZE = 32
SIGNATURE_SIZE = 64
SEED_SIZE = 32
_IDENTITY = b"\x01" + bytes(31)

#: All that device and recovery keys ever sign.
LABELS = frozenset(
    {
        "call-signal",
        "chain",
        "consent",
        "content",
        "epoch",
        "leave",
        "pins",
        "proof",
        "sealing",
    }
)


class SigningKey:
    """The private key of a device, or of recovery. Its repr shows nothing."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, random: Callable[[int], bytes]) -> "SigningKey":
        """A new key; `random(n)` gives n bytes of a secure generator."""
        return cls.from_seed(random(SEED_SIZE))

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of RFC 8032 that has these 32 bytes for its private key."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def seed(self) -> bytes:
        """The 32 bytes to keep the key by."""
        return self._private.private_bytes_raw()

    def sign(self, label: str, data: bytes) -> bytes:
        """`Sign(key, label, data)`: 64 bytes."""
        assert label in LABELS, "a key signs for what the protocol names, and nothing else"
        return self._private.sign(labelled(label, data))


@lru_cache(maxsize=4096)
def is_valid_key(public: bytes) -> bool:
    """Whether these bytes are the one form of a point of the prime-order group, not its identity.

    A public key is no secret, and the same few are asked about all the time: hence the memory.
    """
    return len(public) == PUBLIC_SIZE and bool(crypto_core_ed25519_is_valid_point(public))


@lru_cache(maxsize=4096)
def _public_key(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


def verify(public: bytes, label: str, data: bytes, signature: bytes) -> bool:
    """Whether `signature` is `Sign(key, label, data)` by the key that `public` belongs to.

    False also for what is no valid key, whatever the signature.
    """
    assert label in LABELS, "a key signs for what the protocol names, and nothing else"
    if len(signature) != SIGNATURE_SIZE or not is_valid_key(public):
        return False
    # Web Crypto refuses an R of small order. With a valid key none but this one can fit.
    if signature.startswith(_IDENTITY):
        return False
    try:
        _public_key(public).verify(signature, labelled(label, data))
    except InvalidSignature:
        return False
    return True
