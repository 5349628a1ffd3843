"""Hashes and keys, each under a label of its own: docs/accounts.md, section 1.

No label is one of the rooms', so that nothing made for a room is of use here, or the other way.
"""

import hashlib

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.limits import KEY_SIZE

__all__ = ["derived", "labelled", "labelled_hash"]


def labelled(label: str, *parts: bytes) -> bytes:
    """`"ephemeral/v1/" || label || 00 || parts`: what is hashed, signed, or bound to a seal."""
    return b"".join((f"ephemeral/v1/{label}".encode(), b"\0", *parts))


def labelled_hash(label: str, *parts: bytes) -> bytes:
    """SHA-256 of `labelled`."""
    return hashlib.sha256(labelled(label, *parts)).digest()


def derived(secret: bytes, word: str) -> bytes:
    """`HKDF(secret, "", "ephemeral/v1/account/" || word)`: 32 bytes."""
    info = f"ephemeral/v1/account/{word}".encode()
    return HKDF(SHA256(), KEY_SIZE, b"", info).derive(secret)
