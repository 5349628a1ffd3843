"""Keyed hashes by which the database names what it must not hold.

Keyed as `sealing/fingerprints.py` says, each under a label of its own: a member's token that
happened to equal a locator would still have another hash.

Whoever steals the database without ``index.key`` can't test a guessed locator against it.
"""

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = ["resume_hash", "room_hash", "token_hash", "tombstone_hash"]

_ROOM = b"ephemeral/v1/server/room\0"
_MEMBER = b"ephemeral/v1/server/member\0"
_RESUME = b"ephemeral/v1/server/resume\0"
_TOMBSTONE = b"ephemeral/v1/server/tombstone\0"


def room_hash(index_key: bytes, locator: bytes) -> bytes:
    """The 32 bytes that name a room in the database, from its 32-byte locator."""
    return keyed(index_key, _ROOM, sized("locator", locator, 32))


def token_hash(index_key: bytes, token: bytes) -> bytes:
    """The 32 bytes stored for a member's 32-byte token."""
    return keyed(index_key, _MEMBER, sized("token", token, 32))


def resume_hash(index_key: bytes, token: bytes) -> bytes:
    """The 32 bytes stored for a 32-byte resume token."""
    return keyed(index_key, _RESUME, sized("token", token, 32))


def tombstone_hash(index_key: bytes, room: bytes, message_id: bytes) -> bytes:
    """The 32 bytes that name a destroyed message.

    ``room`` is the 32-byte room hash, ``message_id`` the 16 bytes chosen by the client.
    """
    return keyed(
        index_key,
        _TOMBSTONE,
        sized("room", room, 32) + sized("message id", message_id, 16),
    )
