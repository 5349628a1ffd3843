"""A message: encrypted for an epoch, signed by its device, bound to what it had read.

docs/conversations.md, 6.1.
"""

import hashlib
import struct
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts.signing import SIGNATURE_SIZE, SigningKey, verify
from ephemeral.protocol.conversations.contents import CONTENT_MAX, Content, decode
from ephemeral.protocol.conversations.epochs import message_key
from ephemeral.protocol.conversations.judge import Lines
from ephemeral.protocol.conversations.records import SUITE, SignedRecord, key_of
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import NONCE_SIZE

__all__ = [
    "AD_SIZE",
    "ENTRY_SIZES",
    "PADDED_SIZES",
    "Ad",
    "Opened",
    "decode_ad",
    "is_signed",
    "open_message",
    "read_ad",
    "seal_message",
    "size_of",
]

VERSION = 1
_AD = struct.Struct(">BB16s32s16s16sQ32s")
AD_SIZE = _AD.size
assert AD_SIZE == 122
_LENGTH = 4
_TAG = 16
#: What a length and a content are filled up to: the least that fits.
PADDED_SIZES = (*(256 << i for i in range(8)), 49_408)
_AROUND = AD_SIZE + NONCE_SIZE + SIGNATURE_SIZE + _TAG
#: All lengths that an entry of a message can have.
ENTRY_SIZES = tuple(size + _AROUND for size in PADDED_SIZES)
_LENGTHS = frozenset(ENTRY_SIZES)

_UNREADABLE = "This message can't be read."


class Ad(NamedTuple):
    """What stands in the clear before a message, and what its signature covers.

    `record` is R of the epoch, `seen` and `log` how far the sender had read.
    """

    suite: int
    conversation: bytes
    record: bytes
    device: bytes
    id: bytes
    seen: int
    log: bytes

    def encode(self) -> bytes:
        """The 122 bytes."""
        return _AD.pack(VERSION, *self)


class Opened(NamedTuple):
    """A message that was judged: what it says, the bytes that its device signed, and all that
    proves it to others."""

    content: Content
    raw: bytes
    signature: bytes
    ad: Ad

    def __repr__(self) -> str:
        return f"Opened(content={self.content!r})"  # no text in a traceback


def size_of(content: int) -> int:
    """The padded size of a content with so many bytes."""
    return next(size for size in PADDED_SIZES if size >= _LENGTH + content)


def _signed(ad: bytes, content: bytes) -> bytes:
    return ad + hashlib.sha256(content).digest()


def seal_message(
    key: bytes,
    suite: int,
    conversation: bytes,
    record: bytes,
    device: bytes,
    id: bytes,  # noqa: A002 - as the protocol names it
    seen: int,
    log: bytes,
    nonce: bytes,
    signing: SigningKey,
    content: bytes,
) -> bytes:
    """The entry of a message. `key` is the device's message key of this epoch, `content` what
    `contents.encode` gave, `nonce` random and new for every entry, also of the same id."""
    assert len(nonce) == NONCE_SIZE, "a nonce has 12 bytes"
    assert len(content) <= CONTENT_MAX, "a content is in its form before it is sealed"
    ad = Ad(suite, conversation, record, device, id, seen, log).encode()
    padded = (len(content).to_bytes(_LENGTH, "big") + content).ljust(size_of(len(content)), b"\0")
    signature = signing.sign("content", _signed(ad, content))
    return ad + nonce + AESGCM(key).encrypt(nonce, signature + padded, ad)


def read_ad(entry: bytes) -> Ad:
    """What stands in the clear; refuses `message_length`, `message_version`."""
    refuse(len(entry) not in _LENGTHS, "message_length")
    version, *fields = _AD.unpack_from(entry)
    ad = Ad(*fields)
    refuse(version != VERSION or ad.suite != SUITE, "message_version")
    return ad


def decode_ad(ad: bytes) -> Ad | None:
    """What these bytes name, of a message that is shown without what it was encrypted in; None
    unless they are all that stands in the clear before one."""
    if len(ad) != AD_SIZE:
        return None
    version, *fields = _AD.unpack(ad)
    return Ad(*fields) if version == VERSION and fields[0] == SUITE else None


def is_signed(key: bytes, ad: bytes, content: bytes, signature: bytes) -> bool:
    """Whether a device has said this content there."""
    return verify(key, "content", _signed(ad, content), signature)


def open_message(
    seed: bytes,
    signed: SignedRecord,
    place: int,
    lines: Lines,
    entry: bytes,
    s: int,
    device: bytes,
    hash_at: Callable[[int], bytes | None],
) -> Opened:
    """What an entry says, that stands at place `s` of the log as this `device`'s.

    `signed` is the record that is current there, at its `place`; `hash_at` gives the hash of the
    reader's own log at a place, if it has it. Refusals in the order of 6.1.
    """
    ad = read_ad(entry)
    record = signed.record
    refuse(ad.conversation != record.conversation, "message_conversation")
    refuse(ad.record != signed.hash, "message_record", _UNREADABLE)
    person = record.person_of(ad.device, lines) if ad.device == device else None
    key = person and key_of(person, ad.device, lines)
    if key is None:
        raise Refusal("message_device")
    refuse(not place <= ad.seen < s, "message_seen")
    refuse(hash_at(ad.seen) != ad.log, "log_fork", _UNREADABLE)
    clear, sealed = entry[:AD_SIZE], entry[AD_SIZE + NONCE_SIZE :]
    cipher = AESGCM(message_key(seed, signed.hash, ad.device))
    try:
        plain = cipher.decrypt(entry[AD_SIZE : AD_SIZE + NONCE_SIZE], sealed, clear)
    except InvalidTag:
        raise Refusal("message_broken", _UNREADABLE) from None
    signature, padded = plain[:SIGNATURE_SIZE], plain[SIGNATURE_SIZE:]
    raw = _unpadded(padded)
    refuse(not is_signed(key, clear, raw, signature), "message_signature", _UNREADABLE)
    return Opened(decode(raw), raw, signature, ad)


def _unpadded(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:_LENGTH], "big")
    end = _LENGTH + length
    fits = length <= CONTENT_MAX and size_of(length) == len(padded)
    refuse(not fits or any(padded[end:]), "message_padding", _UNREADABLE)
    return padded[_LENGTH:end]
