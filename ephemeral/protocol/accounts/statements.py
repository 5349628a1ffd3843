"""Statements of a chain, as bytes: docs/accounts.md, 5.1 to 5.3. What they mean is chain.py's."""

import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum

from ephemeral.protocol.accounts.derivation import labelled_hash
from ephemeral.protocol.accounts.signing import SIGNATURE_SIZE, SigningKey
from ephemeral.protocol.errors import refuse

__all__ = [
    "DEVICE_SIZE",
    "HASH_SIZE",
    "NOBODY",
    "NO_HASH",
    "STATEMENT_SIZE",
    "Signed",
    "Statement",
    "StatementType",
    "consent",
    "device_id",
]

VERSION = 1
HASH_SIZE = 32
DEVICE_SIZE = 16
#: What stands where a field isn't used.
NO_HASH = bytes(HASH_SIZE)
NOBODY = bytes(DEVICE_SIZE)

_LAYOUT = struct.Struct(">BB32sI32s16s32s32s32s16s")
STATEMENT_SIZE = _LAYOUT.size
assert STATEMENT_SIZE == 198


class StatementType(IntEnum):
    """What a statement does to the list of devices."""

    GENESIS = 1
    ADD = 2
    REMOVE = 3
    RECOVER = 4
    CLOSE = 5


#: Those that a new device agrees to with a signature of its own.
CONSENTED = frozenset({StatementType.ADD, StatementType.RECOVER})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `chain`, `previous`, `key`, `recovery`, `recovery_seal` have 32 bytes,
    `device` and `signer` 16; what a type doesn't use is zero."""

    type: StatementType
    chain: bytes
    sequence: int
    previous: bytes
    device: bytes
    key: bytes
    recovery: bytes
    recovery_seal: bytes
    signer: bytes

    def encode(self) -> bytes:
        """The 198 bytes that are signed and hashed."""
        return _LAYOUT.pack(
            VERSION,
            self.type,
            self.chain,
            self.sequence,
            self.previous,
            self.device,
            self.key,
            self.recovery,
            self.recovery_seal,
            self.signer,
        )

    @classmethod
    def decode(cls, data: bytes) -> "Statement":
        """Refuses `chain_version`, `chain_type`, `chain_length`, in this order."""
        _check_head(data)
        refuse(len(data) != STATEMENT_SIZE, "chain_length")
        _, kind, *fields = _LAYOUT.unpack(data)
        return cls(StatementType(kind), *fields)

    @property
    def hash(self) -> bytes:
        """SHA-256, by which the next statement names this one."""
        return hashlib.sha256(self.encode()).digest()


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with its signer's signature; ADD and RECOVER have the new device's `consent`."""

    statement: Statement
    signature: bytes
    consent: bytes | None = None

    def encode(self) -> bytes:
        """`statement || signature || consent`: the one form in which it is posted and served."""
        return self.statement.encode() + self.signature + (self.consent or b"")

    @classmethod
    def decode(cls, data: bytes) -> "Signed":
        """Refuses `chain_version`, `chain_type`, `chain_length`, in this order. Checks nothing of
        what it says."""
        kind = _check_head(data)
        end = STATEMENT_SIZE + SIGNATURE_SIZE
        agreed = kind in CONSENTED
        refuse(len(data) != end + (SIGNATURE_SIZE if agreed else 0), "chain_length")
        statement = Statement.decode(data[:STATEMENT_SIZE])
        return cls(statement, data[STATEMENT_SIZE:end], data[end:] if agreed else None)


def _check_head(data: bytes) -> StatementType:
    """The type of what the bytes begin with. A later version may have another length."""
    refuse(len(data) < 2, "chain_length")
    refuse(data[0] != VERSION, "chain_version")
    refuse(data[1] not in StatementType.__members__.values(), "chain_type")
    return StatementType(data[1])


def device_id(key: bytes) -> bytes:
    """The 16-byte id of the device that has this Ed25519 key."""
    return labelled_hash("device", key)[:DEVICE_SIZE]


def consent(key: SigningKey, chain: bytes) -> bytes:
    """What the new device signs, so that nobody adds a device against its will."""
    return key.sign("consent", chain + device_id(key.public))
