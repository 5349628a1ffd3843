"""Key schedule: docs/protocol.md, sections 3.1 and 4.

Objects that hold keys show nothing of them in their repr.
"""

import hashlib
from dataclasses import dataclass, field

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.errors import refuse
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE, ROOM_NONCE_SIZE, SALT_SIZE, TOKEN_SIZE

__all__ = ["ARGON2ID", "PBKDF2", "ContentKeys", "RoomKeys", "derive_root", "member_id"]

#: The suites of 3.1.
ARGON2ID = 1
PBKDF2 = 2

assert ARGON2_VERSION == 0x13, "suite 1 is Argon2 version 1.3"


def derive_root(code: str, suite: int, salt: bytes) -> bytes:
    """The 32-byte root of a room. `code` is canonical (2.2), `salt` the deployment's 32 bytes.

    Takes a tenth of a second or more and, with suite 1, 64 MiB. Refuses another suite
    (`config_kdf`) and another length of the salt (`config_salt`).
    """
    refuse(suite not in {ARGON2ID, PBKDF2}, "config_kdf")
    refuse(len(salt) != SALT_SIZE, "config_salt")
    password = code.encode("utf-8")
    if suite == PBKDF2:
        return hashlib.pbkdf2_hmac("sha256", password, salt, 600_000, KEY_SIZE)
    return hash_secret_raw(
        password,
        salt,
        time_cost=3,
        memory_cost=65_536,
        parallelism=1,
        hash_len=KEY_SIZE,
        type=Type.ID,
    )


def _hkdf(ikm: bytes, salt: bytes, label: str) -> bytes:
    return HKDF(SHA256(), KEY_SIZE, salt, f"ephemeral/v1/{label}".encode()).derive(ikm)


def member_id(token: bytes) -> bytes:
    """The 16 bytes that name the member whose seat has this token of 32 bytes (4.2).

    Client and server derive them alike, so nobody can take the id of another.
    """
    assert len(token) == TOKEN_SIZE, "a token has 32 bytes"
    return _hkdf(token, b"", "member")[:ID_SIZE]


@dataclass(frozen=True, slots=True)
class ContentKeys:
    """What seals and opens the content of one room: two keys, and the nonce they depend on."""

    message: bytes = field(repr=False)
    profile: bytes = field(repr=False)
    room_nonce: bytes


class RoomKeys:
    """Everything that follows from a root. Only the locator ever leaves the client."""

    __slots__ = ("charter_key", "locator", "room_secret")

    def __init__(self, root: bytes) -> None:
        assert len(root) == KEY_SIZE, "a root has 32 bytes"
        self.locator = _hkdf(root, b"", "locator")
        self.charter_key = _hkdf(root, b"", "charter")
        self.room_secret = _hkdf(root, b"", "room-secret")

    def content(self, room_nonce: bytes) -> ContentKeys:
        """Keys for the room whose charter, already verified, holds this nonce."""
        assert len(room_nonce) == ROOM_NONCE_SIZE, "a room nonce has 32 bytes"
        return ContentKeys(
            message=_hkdf(self.room_secret, room_nonce, "message"),
            profile=_hkdf(self.room_secret, room_nonce, "profile"),
            room_nonce=room_nonce,
        )
