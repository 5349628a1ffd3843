"""The objects of a file: docs/files.md, 5 to 7.

An object begins with the salt of the attempt that sealed it. Whoever seals other bytes has drawn
another salt, and with it another key, so that the counted nonces never meet.
"""

import hashlib
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.files.layout import (
    CHUNK_SIZE,
    SALT_SIZE,
    TAG_SIZE,
    Layout,
    check_size,
)

__all__ = [
    "Opener",
    "check_digest",
    "content_of",
    "file_digest",
    "open_segment",
    "seal_segment",
]

_CHUNK_LABEL = b"ephemeral/v1/file/chunk"
_DIGEST_LABEL = b"ephemeral/v1/file/digest"

_LENGTH = "This part of the file does not have its length."
_OPEN = "This part of the file is another, or has been changed on its way."
_PADDING = "This file goes on where it should have ended."
_DIGEST = "This file is not the one that its sender has confirmed."


def seal_segment(
    file: FileKey, layout: Layout, number: int, plaintext: bytes, random: Callable[[int], bytes]
) -> bytes:
    """The object for these bytes: sealed again, they become another. Refuses `segment_length`."""
    refuse(len(plaintext) != layout.segment(number).length, "segment_length", _LENGTH)
    salt = random(SALT_SIZE)
    aead = AESGCM(file.segment(number, salt))
    chunks = [
        aead.encrypt(
            _nonce(at),
            plaintext[at * CHUNK_SIZE : (at + 1) * CHUNK_SIZE],
            _bound(file, layout, number, at),
        )
        for at in range(layout.segment(number).chunks)
    ]
    return b"".join((salt, *chunks))


class Opener:
    """Opens chunks of one object, of which the salt was read: for who plays from the middle."""

    def __init__(self, file: FileKey, layout: Layout, number: int, salt: bytes) -> None:
        refuse(len(salt) != SALT_SIZE, "segment_length", _LENGTH)
        self._file = file
        self._layout = layout
        self._segment = layout.segment(number)
        self._aead = AESGCM(file.segment(number, salt))

    def open(self, at: int, sealed: bytes) -> bytes:
        """A chunk, counted from 0 in its segment; refuses `segment_length`, `segment_open`."""
        refuse(not 0 <= at < self._segment.chunks, "segment_length", _LENGTH)
        length = min(CHUNK_SIZE, self._segment.length - at * CHUNK_SIZE)
        refuse(len(sealed) != length + TAG_SIZE, "segment_length", _LENGTH)
        bound = _bound(self._file, self._layout, self._segment.number, at)
        try:
            return self._aead.decrypt(_nonce(at), sealed, bound)
        except InvalidTag:
            raise Refusal("segment_open", _OPEN) from None


def open_segment(file: FileKey, layout: Layout, number: int, data: bytes) -> bytes:
    """What an object holds, padding too; refuses `segment_length`, `segment_open`."""
    segment = layout.segment(number)
    refuse(len(data) != segment.sealed_length, "segment_length", _LENGTH)
    opener = Opener(file, layout, number, data[:SALT_SIZE])
    step = CHUNK_SIZE + TAG_SIZE
    return b"".join(
        opener.open(at, data[SALT_SIZE + at * step : SALT_SIZE + (at + 1) * step])
        for at in range(segment.chunks)
    )


def content_of(layout: Layout, number: int, size: int, plaintext: bytes) -> bytes:
    """What a segment holds of a file of `size` bytes, without padding.

    Refuses `file_size` (that isn't filled up to this length), `segment_length`, and `file_padding`
    for anything but zeros behind the end.
    """
    check_size(layout.padded, size)
    segment = layout.segment(number)
    refuse(len(plaintext) != segment.length, "segment_length", _LENGTH)
    end = min(max(size - segment.start, 0), segment.length)
    refuse(plaintext[end:].strip(b"\0") != b"", "file_padding", _PADDING)
    return plaintext[:end]


def file_digest(file_id: bytes, layout: Layout, size: int, hashes: Sequence[bytes]) -> bytes:
    """What a sender signs once all is there. `hashes`: SHA-256 of each segment's plaintext, padding
    too; refuses `file_digest` for more or fewer than there are segments."""
    check_size(layout.padded, size)
    refuse(len(hashes) != layout.count, "file_digest", _DIGEST)
    parts = (_DIGEST_LABEL, file_id, size.to_bytes(8, "big"), *hashes)
    return hashlib.sha256(b"".join(parts)).digest()


def check_digest(
    digest: bytes, file_id: bytes, layout: Layout, size: int, hashes: Sequence[bytes]
) -> None:
    """Refuses `file_digest` unless the sender has signed for exactly this content."""
    refuse(file_digest(file_id, layout, size, hashes) != digest, "file_digest", _DIGEST)


def _nonce(at: int) -> bytes:
    return at.to_bytes(12, "big")


def _bound(file: FileKey, layout: Layout, number: int, at: int) -> bytes:
    """What a chunk is bound to: its place, and whether the file ends with it."""
    segment = layout.segment(number)
    last = number == layout.count - 1 and at == segment.chunks - 1
    place = number.to_bytes(4, "big") + at.to_bytes(4, "big")
    return b"".join((_CHUNK_LABEL, file.id, place, bytes([last])))
