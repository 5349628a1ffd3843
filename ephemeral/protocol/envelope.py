"""Messages: content, plaintext and envelope. docs/protocol.md, 8.1 to 8.5."""

import hashlib
import struct
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.encoding import dump_json, parse_json, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import ContentKeys
from ephemeral.protocol.limits import (
    CONTENT_MAX,
    COUNTER_MAX,
    ENVELOPE_OVERHEAD,
    ENVELOPE_SIZES,
    ID_SIZE,
    NONCE_SIZE,
    TEXT_VIEW_SECONDS,
    VIEW_LIMIT_SECONDS,
    VIEWING_SIZE,
)
from ephemeral.protocol.quotes import read_quote

__all__ = ["Opened", "open_message", "read_content", "seal_message", "viewing_hash"]

VERSION = 1
_SIZES = frozenset(ENVELOPE_SIZES)
# Version, viewing bytes, counter, length of the content.
_HEAD = struct.Struct(">B32sQI")
assert ENVELOPE_SIZES[-1] - ENVELOPE_OVERHEAD - _HEAD.size == CONTENT_MAX

_UNREADABLE = "This message can't be read: it is damaged, or not meant for this room."
_TOO_LONG = "This message is too long."
_NO_CONTENT = "This message says nothing that this version understands."


class Opened(NamedTuple):
    """A decrypted message. `viewing` is the proof that acknowledging reveals (8.7)."""

    viewing: bytes
    counter: int
    content: dict[str, object]

    def __repr__(self) -> str:
        return f"Opened(counter={self.counter})"  # neither proof nor plaintext in a traceback


def viewing_hash(viewing: bytes) -> bytes:
    """What is posted beside the envelope (8.5)."""
    return hashlib.sha256(viewing).digest()


def _associated_data(keys: ContentKeys, author: bytes, message_id: bytes) -> bytes:
    # With other lengths, bytes could move from one id into the other under a valid tag.
    refuse(len(author) != ID_SIZE or len(message_id) != ID_SIZE, "malformed")
    return b"ephemeral/v1/message" + keys.room_nonce + author + message_id


def _plaintext_size(content_size: int) -> int:
    """The smallest size class that holds so much content, at most CONTENT_MAX."""
    needed = _HEAD.size + content_size + ENVELOPE_OVERHEAD
    return next(size for size in ENVELOPE_SIZES if size >= needed) - ENVELOPE_OVERHEAD


def seal_message(
    keys: ContentKeys,
    author: bytes,
    message_id: bytes,
    viewing: bytes,
    counter: int,
    content: dict[str, object],
    nonce: bytes,
) -> bytes:
    """The envelope of a message. `viewing` and `nonce` are random, new for every message.

    Refuses what a reader would refuse, before anybody waits for it: `plaintext_counter`,
    `content_json`, `content_size`, `content_field`.
    """
    assert len(viewing) == VIEWING_SIZE, "viewing has 32 bytes"
    assert len(nonce) == NONCE_SIZE, "a nonce has 12 bytes"
    ad = _associated_data(keys, author, message_id)
    refuse(not 1 <= counter <= COUNTER_MAX, "plaintext_counter")
    try:
        data = dump_json(content)
    except Refusal:
        raise Refusal("content_json", _NO_CONTENT) from None
    refuse(len(data) > CONTENT_MAX, "content_size", _TOO_LONG)
    read_content(data)
    head = _HEAD.pack(VERSION, viewing, counter, len(data))
    plaintext = (head + data).ljust(_plaintext_size(len(data)), b"\0")
    return bytes([VERSION]) + nonce + AESGCM(keys.message).encrypt(nonce, plaintext, ad)


def open_message(keys: ContentKeys, author: bytes, message_id: bytes, envelope: bytes) -> Opened:
    """What the envelope of this author under this id says; refusals in the order of 8.4."""
    ad = _associated_data(keys, author, message_id)
    refuse(len(envelope) not in _SIZES, "envelope_size")
    refuse(envelope[0] != VERSION, "envelope_version", _UNREADABLE)
    nonce, sealed = envelope[1 : 1 + NONCE_SIZE], envelope[1 + NONCE_SIZE :]
    try:
        plaintext = AESGCM(keys.message).decrypt(nonce, sealed, ad)
    except InvalidTag:
        raise Refusal("envelope_open", _UNREADABLE) from None
    version, viewing, counter, length = _HEAD.unpack_from(plaintext)
    refuse(version != VERSION, "plaintext_version", _UNREADABLE)
    refuse(not 1 <= counter <= COUNTER_MAX, "plaintext_counter", _UNREADABLE)
    end = _HEAD.size + length
    refuse(
        end > len(plaintext) or _plaintext_size(length) != len(plaintext),
        "plaintext_length",
        _UNREADABLE,
    )
    refuse(plaintext.count(0, end) != len(plaintext) - end, "plaintext_padding", _UNREADABLE)
    return Opened(viewing, counter, read_content(plaintext[_HEAD.size : end]))


def read_content(data: bytes) -> dict[str, object]:
    """The JSON object that is the content of a message (8.2): `content_json`, `content_field`.

    Has a string `type`. Of the type `text`, `text` is a string of one byte or more, `view`, if
    there, an int, and `quote`, if there, what `read_quote` takes. Other types and other keys are
    as they came.
    """
    try:
        content = parse_json(data)
    except Refusal:
        raise Refusal("content_json", _NO_CONTENT) from None
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise Refusal("content_json", _NO_CONTENT)
    if content["type"] == "text":
        text = content.get("text")
        refuse(not isinstance(text, str) or not text, "content_field", _NO_CONTENT)
        if "view" in content:
            content["view"] = _read_view(content["view"])
        if "view_limit" in content:
            content["view_limit"] = _read_view_limit(content["view_limit"])
        if "quote" in content:
            _check_quote(content["quote"])
    return content


def _read_view(value: object) -> int:
    low, high = TEXT_VIEW_SECONDS
    try:
        seconds = read_integer(value, 0, high)
    except Refusal:
        raise Refusal("content_field", _NO_CONTENT) from None
    refuse(0 < seconds < low, "content_field", _NO_CONTENT)
    return seconds


def _read_view_limit(value: object) -> int:
    try:
        return read_integer(value, *VIEW_LIMIT_SECONDS)
    except Refusal:
        raise Refusal("content_field", _NO_CONTENT) from None


def _check_quote(value: object) -> None:
    try:
        read_quote(value)
    except Refusal:
        raise Refusal("content_field", _NO_CONTENT) from None
