"""Keyed hashes, and fingerprints of keys: what may be named without telling what it is.

A keyed hash is HMAC-SHA-256 under the index key (32 random bytes from ``index.key``), over a label
that ends in a zero byte, then fields of fixed length. Labels keep the uses apart. A fingerprint is
a plain labelled hash, of random keys alone.
"""

import hashlib
import hmac

__all__ = [
    "FINGERPRINT_BYTES",
    "KEY_BYTES",
    "fingerprint",
    "keyed",
    "limits_key",
    "object_address_key",
    "objects_name",
    "redis_name",
    "sized",
]

KEY_BYTES = 32
FINGERPRINT_BYTES = 8

_LIMITS = b"ephemeral/v1/server/limits\0"
_REDIS = b"ephemeral/v1/server/redis\0"
_OBJECTS = b"ephemeral/v1/server/objects\0"
_OBJECT_ADDRESS = b"ephemeral/v1/server/object-address\0"
_FINGERPRINT = b"ephemeral/v1/server/fingerprint\0"


def limits_key(index_key: bytes, drawn: bytes) -> bytes:
    """The day's key of the limits, the same on all hosts, from 32 bytes drawn for that day.

    Whoever sees what was drawn, as Redis does, can't make the key without ``index.key``.
    """
    return keyed(index_key, _LIMITS, sized("drawn", drawn, 32))


def redis_name(index_key: bytes) -> bytes:
    """32 bytes that tell a deployment from others which share its Redis, the same on all hosts."""
    return keyed(index_key, _REDIS, b"")


def objects_name(index_key: bytes) -> bytes:
    """16 bytes that tell a deployment's objects from those of others in the same bucket."""
    return keyed(index_key, _OBJECTS, b"")[:16]


def object_address_key(index_key: bytes) -> bytes:
    """The key that signs addresses of single objects, the same on all hosts."""
    return keyed(index_key, _OBJECT_ADDRESS, b"")


def fingerprint(key: bytes) -> bytes:
    """8 bytes by which two hosts see that they hold the same 32-byte random key.

    Safe to store in the database: a key of 256 random bits can't be found from it.
    """
    return hashlib.sha256(_FINGERPRINT + sized("key", key, KEY_BYTES)).digest()[:FINGERPRINT_BYTES]


def keyed(index_key: bytes, label: bytes, fields: bytes) -> bytes:
    """The 32 bytes of a keyed hash; ``label`` ends in a zero byte, each field has one length."""
    return hmac.digest(sized("index key", index_key, KEY_BYTES), label + fields, "sha256")


def sized(name: str, value: bytes, length: int) -> bytes:
    """``value``, if it has this length; raises ValueError."""
    # Without fixed lengths two different pairs of fields could make one and the same input.
    if len(value) != length:
        raise ValueError(f"the {name} must be {length} bytes")
    return value
