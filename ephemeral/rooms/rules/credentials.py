"""Keyed hashes by which the database names what it must not hold.

Every hash is HMAC-SHA-256 under the index key (32 random bytes from ``index.key``), over a
label that ends in a zero byte, then fields of fixed length. Labels keep the uses apart: a
member's token that happened to equal a locator would still have another hash.

Whoever steals the database without ``index.key`` can't test a guessed locator against it.
"""

import hashlib
import hmac

KEY_BYTES = 32
FINGERPRINT_BYTES = 8

_ROOM = b"ephemeral/v1/server/room\0"
_MEMBER = b"ephemeral/v1/server/member\0"
_RESUME = b"ephemeral/v1/server/resume\0"
_TOMBSTONE = b"ephemeral/v1/server/tombstone\0"
_LIMITS = b"ephemeral/v1/server/limits\0"
_FINGERPRINT = b"ephemeral/v1/server/fingerprint\0"


def room_hash(index_key: bytes, locator: bytes) -> bytes:
    """The 32 bytes that name a room in the database, from its 32-byte locator."""
    return _keyed(index_key, _ROOM, _sized("locator", locator, 32))


def token_hash(index_key: bytes, token: bytes) -> bytes:
    """The 32 bytes stored for a member's 32-byte token."""
    return _keyed(index_key, _MEMBER, _sized("token", token, 32))


def resume_hash(index_key: bytes, token: bytes) -> bytes:
    """The 32 bytes stored for a 32-byte resume token."""
    return _keyed(index_key, _RESUME, _sized("token", token, 32))


def tombstone_hash(index_key: bytes, room: bytes, message_id: bytes) -> bytes:
    """The 32 bytes that name a destroyed message.

    ``room`` is the 32-byte room hash, ``message_id`` the 16 bytes chosen by the client.
    """
    return _keyed(
        index_key,
        _TOMBSTONE,
        _sized("room", room, 32) + _sized("message id", message_id, 16),
    )


def limits_key(index_key: bytes, drawn: bytes) -> bytes:
    """The day's key of the limits, the same on all hosts, from 32 bytes drawn for that day.

    Whoever sees what was drawn, as Redis does, can't make the key without ``index.key``.
    """
    return _keyed(index_key, _LIMITS, _sized("drawn", drawn, 32))


def fingerprint(key: bytes) -> bytes:
    """8 bytes by which two hosts see that they hold the same 32-byte random key.

    Safe to store in the database: a key of 256 random bits can't be found from it.
    """
    return hashlib.sha256(_FINGERPRINT + _sized("key", key, KEY_BYTES)).digest()[:FINGERPRINT_BYTES]


def _keyed(index_key: bytes, label: bytes, fields: bytes) -> bytes:
    return hmac.digest(_sized("index key", index_key, KEY_BYTES), label + fields, "sha256")


def _sized(name: str, value: bytes, length: int) -> bytes:
    # Without fixed lengths two different pairs of fields could make one and the same input.
    if len(value) != length:
        raise ValueError(f"the {name} must be {length} bytes")
    return value
