"""The secret of an epoch: named, sealed to each device, and what follows from it.

docs/conversations.md, 2.2 to 2.5, 6.1 and 6.4.
"""

import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.derivation import labelled, labelled_hash
from ephemeral.protocol.accounts.safety_number import digits
from ephemeral.protocol.accounts.signing import SigningKey, verify
from ephemeral.protocol.conversations.records import Record, SignedRecord, box_hash
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import KEY_SIZE

__all__ = [
    "SEED_SIZE",
    "authenticator",
    "authenticator_number",
    "box_info",
    "commitment",
    "export",
    "message_key",
    "open_box",
    "seal_boxes",
    "sign_record",
    "verify_record",
]

SEED_SIZE = 32


def commitment(conversation: bytes, epoch: int, previous: bytes, by: bytes, seed: bytes) -> bytes:
    """By which a record names its seed, so that all devices are given the same one."""
    return labelled_hash("seed", conversation, epoch.to_bytes(8, "big"), previous, by, seed)


def box_info(record: bytes, device: bytes) -> bytes:
    """What a box is bound to: R, and the device that it is for."""
    return labelled("epoch-box", record, device)


def seal_boxes(
    record: bytes, keys: Sequence[bytes | None], devices: Sequence[bytes], seed: bytes
) -> list[bytes]:
    """A box for each device, sealed to its public key; empty where there is none, or none that can
    be sealed to. Takes a millisecond or so each."""
    return [
        _sealed(box_info(record, device), key, seed)
        for key, device in zip(keys, devices, strict=True)
    ]


def _sealed(info: bytes, key: bytes | None, seed: bytes) -> bytes:
    if key is None:
        return b""
    try:
        return hpke.seal(key, info, seed)
    except Refusal:
        return b""


def open_box(private: hpke.PrivateKey, signed: SignedRecord, device: bytes, box: bytes) -> bytes:
    """The seed that the author has sealed to this device.

    Refuses `box_hash` (not the author's box: the server's fault), then `box_broken` and
    `seed_commitment` (the author's).
    """
    record = signed.record
    at = next((at for at, one in enumerate(record.devices) if one.device == device), None)
    refuse(at is None or signed.box_hashes[at] != box_hash(box), "box_hash")
    seed = private.unseal(box_info(signed.hash, device), box)
    refuse(not is_seed_of(record, seed), "seed_commitment")
    return seed


def is_seed_of(record: Record, seed: bytes) -> bool:
    """Whether this is the seed that the record names."""
    named = commitment(record.conversation, record.epoch, record.previous, record.by, seed)
    return len(seed) == SEED_SIZE and named == record.commitment


def _signed(record: bytes, hashes: Sequence[bytes]) -> bytes:
    return record + hashlib.sha256(b"".join(hashes)).digest()


def sign_record(key: SigningKey, record_bytes: bytes, boxes: Sequence[bytes]) -> SignedRecord:
    """`Sign(by, "epoch", R || SHA-256(all box hashes))` over a record and its boxes."""
    made = SignedRecord(record_bytes, b"", tuple(map(box_hash, boxes)))
    signature = key.sign("epoch", _signed(made.hash, made.box_hashes))
    return SignedRecord(record_bytes, signature, made.box_hashes)


def verify_record(signed: SignedRecord, key: bytes) -> bool:
    """Whether the device with this Ed25519 key signed it."""
    return verify(key, "epoch", _signed(signed.hash, signed.box_hashes), signed.signature)


def _derived(seed: bytes, record: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), KEY_SIZE, record, info).derive(seed)


def message_key(seed: bytes, record: bytes, device: bytes) -> bytes:
    """The AES-256 key under which a device writes in the epoch of R."""
    return _derived(seed, record, labelled("message", device))


def export(seed: bytes, record: bytes, label: str, context: bytes) -> bytes:
    """A secret of the epoch for another use, named by a label."""
    return _derived(seed, record, labelled("export", label.encode(), b"\0", context))


def authenticator(seed: bytes, record: bytes) -> bytes:
    """What all members have in common who see the same epoch, and nobody else has."""
    return _derived(seed, record, labelled("authenticator"))


def authenticator_number(secret: bytes) -> str:
    """The authenticator as people compare it: 12 groups of five digits."""
    return digits(hashlib.sha512(secret).digest())
