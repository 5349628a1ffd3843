"""Key schedule: docs/protocol.md, sections 3.1 and 4.

Objects that hold keys show nothing of them in their repr.
"""

import hashlib
from dataclasses import dataclass, field

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.errors import refuse
from ephemeral.protocol.limits import (
    ID_SIZE,
    KEY_SIZE,
    RETURN_MESSAGES,
    ROOM_NONCE_SIZE,
    SALT_SIZE,
    SEAT_SECRET_SIZE,
    VIEWING_SIZE,
)

__all__ = [
    "ARGON2ID",
    "PBKDF2",
    "ContentKeys",
    "RoomKeys",
    "SeatKeys",
    "derive_root",
    "member_id",
    "stretched",
]

#: The suites of 3.1.
ARGON2ID = 1
PBKDF2 = 2

_MESSAGE_SIZE = ID_SIZE + VIEWING_SIZE

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
    return stretched(password, salt)


def stretched(password: bytes, salt: bytes) -> bytes:
    """Argon2id as suite 1 has it: 32 bytes. Takes a tenth of a second or more, and 64 MiB."""
    return hash_secret_raw(
        password,
        salt,
        time_cost=3,
        memory_cost=65_536,
        parallelism=1,
        hash_len=KEY_SIZE,
        type=Type.ID,
    )


def _hkdf(ikm: bytes, salt: bytes, label: str, size: int = KEY_SIZE) -> bytes:
    return HKDF(SHA256(), size, salt, f"ephemeral/v1/{label}".encode()).derive(ikm)


def member_id(token: bytes) -> bytes:
    """The 16-byte id of the member whose seat has this token of 32 bytes (4.2)."""
    return _hkdf(token, b"", "member", ID_SIZE)


@dataclass(frozen=True, slots=True)
class SeatKeys:
    """What follows from the secret of a seat: its token, and the first messages' ids and proofs.

    Whoever has the secret can come back to the seat (4.3).
    """

    token: bytes = field(repr=False)
    _messages: bytes = field(repr=False)

    @classmethod
    def derived(cls, seat_secret: bytes, room_nonce: bytes) -> "SeatKeys":
        """From 16 random bytes, and the nonce of the room's charter."""
        assert len(seat_secret) == SEAT_SECRET_SIZE, "a seat's secret has 16 bytes"
        return cls(
            _hkdf(seat_secret, room_nonce, "seat-token"),
            _hkdf(seat_secret, room_nonce, "seat-messages", _MESSAGE_SIZE * RETURN_MESSAGES),
        )

    def message(self, counter: int) -> tuple[bytes, bytes] | None:
        """Id and viewing bytes of the message with this counter; None: they are random."""
        if counter > RETURN_MESSAGES:
            return None
        at = _MESSAGE_SIZE * (counter - 1)
        drawn = self._messages[at : at + _MESSAGE_SIZE]
        return drawn[:ID_SIZE], drawn[ID_SIZE:]


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
