"""Attachments: what a message says of one, and its chunks. docs/protocol.md, section 14.

The key is drawn for one attachment and stands in its message alone. What is sent again are the
bytes that were sealed, never others under the same key: nonces are counted.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.lengths import padme
from ephemeral.protocol.limits import (
    ATTACHMENT_MAX,
    ID_SIZE,
    KEY_SIZE,
    ROOM_NONCE_SIZE,
    TEXT_VIEW_SECONDS,
    VIEW_LIMIT_SECONDS,
)

__all__ = [
    "CHUNKS_MAX",
    "CHUNK_SIZE",
    "FILE",
    "NAME_MAX",
    "PADDED_MIN",
    "Attachment",
    "Opener",
    "Place",
    "Sealer",
    "check_size",
    "chunks_of",
    "file_content",
    "padded_length",
    "read_file",
    "sealed_length",
]

#: The type of the content that says what an attachment is.
FILE = "file"
#: Bytes of plaintext in a chunk, all but the last; what the smallest are filled up to.
CHUNK_SIZE = 262_144
PADDED_MIN = 65_536
CHUNKS_MAX = -(-ATTACHMENT_MAX // CHUNK_SIZE)
#: Bytes of a name.
NAME_MAX = 255

_TAG_SIZE = 16
_LABEL = b"ephemeral/v1/attachment"
_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")

_SIZE = "This attachment is too large, or not as long as was said."
_LENGTH = "This part of the attachment does not have its length."
_OPEN = "This part of the attachment is another, or has been changed on its way."
_PADDING = "This attachment goes on where it should have ended."
_NO_CONTENT = "This message says nothing that this version understands."


def padded_length(size: int) -> int:
    """What an attachment of so many bytes is filled up to; refuses `attachment_size`."""
    refuse(not 1 <= size <= ATTACHMENT_MAX, "attachment_size", _SIZE)
    return padme(max(size, PADDED_MIN))


def check_size(padded: int, size: int) -> None:
    """Refuses `attachment_size` unless this many bytes are filled up to that length."""
    refuse(padded_length(size) != padded, "attachment_size", _SIZE)


def chunks_of(padded: int) -> int:
    """How many chunks there are; refuses `attachment_size` for a length that no attachment has."""
    refuse(not PADDED_MIN <= padded <= ATTACHMENT_MAX, "attachment_size", _SIZE)
    refuse(padme(padded) != padded, "attachment_size", _SIZE)
    return -(-padded // CHUNK_SIZE)


def sealed_length(padded: int, at: int) -> int:
    """Bytes of a sealed chunk; refuses `attachment_length` for one that isn't there."""
    refuse(not 0 <= at < chunks_of(padded), "attachment_length", _LENGTH)
    return min(CHUNK_SIZE, padded - at * CHUNK_SIZE) + _TAG_SIZE


class Attachment(NamedTuple):
    """What a message says of one. All but id and key is the author's claim.

    `view` and `view_limit` as in a text; None: absent.
    """

    name: str
    mime: str
    size: int
    id: bytes
    key: bytes
    view: int | None = None
    view_limit: int | None = None

    def __repr__(self) -> str:
        return "Attachment()"  # neither name nor key in a traceback


class Place(NamedTuple):
    """What chunks are bound to besides their attachment: the room, and the message."""

    room_nonce: bytes
    author: bytes
    message: bytes


def file_content(file: Attachment) -> dict[str, object]:
    """The content of the message; refuses `content_field` for what no reader takes."""
    content: dict[str, object] = {
        "type": FILE,
        "name": file.name,
        "mime": file.mime,
        "size": file.size,
        "attachment": b64encode(file.id),
        "key": b64encode(file.key),
    }
    if file.view is not None:
        content["view"] = file.view
    if file.view_limit is not None:
        content["view_limit"] = file.view_limit
    read_file(content)
    return content


def read_file(content: Mapping[str, object]) -> Attachment:
    """What a content of type `file`, as `read_content` gave it, says; refuses `content_field`.

    Other keys are ignored, as in any content.
    """
    try:
        view, limit = content.get("view"), content.get("view_limit")
        refuse("view" in content and view is None, "malformed")
        refuse("view_limit" in content and limit is None, "malformed")
        return Attachment(
            _name(content.get("name")),
            _mime(content.get("mime")),
            read_integer(content.get("size"), 1, ATTACHMENT_MAX),
            b64decode(content.get("attachment"), ID_SIZE),
            b64decode(content.get("key"), KEY_SIZE),
            None if view is None else _view(view),
            None if limit is None else read_integer(limit, *VIEW_LIMIT_SECONDS),
        )
    except Refusal:
        raise Refusal("content_field", _NO_CONTENT) from None


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise Refusal("malformed")
    try:
        length = len(value.encode())
    except UnicodeError:
        raise Refusal("malformed") from None
    refuse(not 1 <= length <= NAME_MAX, "malformed")
    return value


def _mime(value: object) -> str:
    if not isinstance(value, str) or _MIME.fullmatch(value) is None:
        raise Refusal("malformed")
    return value


def _view(value: object) -> int:
    low, high = TEXT_VIEW_SECONDS
    seconds = read_integer(value, 0, high)
    refuse(0 < seconds < low, "malformed")
    return seconds


class _Chunks:
    """The chunks of one attachment, all of one length but the last."""

    def __init__(self, file: Attachment, place: Place) -> None:
        # With other lengths, bytes could move from one id into the other under a valid tag.
        lengths = (len(place.room_nonce), len(place.author), len(place.message), len(file.id))
        refuse(lengths != (ROOM_NONCE_SIZE, ID_SIZE, ID_SIZE, ID_SIZE), "malformed")
        self.padded = padded_length(file.size)
        self.count = chunks_of(self.padded)
        self._size = file.size
        derived = HKDF(SHA256(), KEY_SIZE, place.room_nonce, _LABEL).derive(file.key)
        self._aead = AESGCM(derived)
        self._bound = b"".join((_LABEL, *place, file.id))

    def _ad(self, at: int) -> bytes:
        return b"".join((self._bound, at.to_bytes(4, "big"), bytes([at == self.count - 1])))

    def _content_length(self, at: int) -> int:
        """How much of a chunk is content."""
        return min(max(self._size - at * CHUNK_SIZE, 0), CHUNK_SIZE)


class Sealer(_Chunks):
    """Seals what is sent once. `message` of the place is the id of the message that will say it."""

    def chunk(self, at: int, content: bytes) -> bytes:
        """`content`: what there is of it from `at * CHUNK_SIZE` on, to the chunk's end or its own.

        Refuses `attachment_length`.
        """
        length = sealed_length(self.padded, at) - _TAG_SIZE
        refuse(len(content) != self._content_length(at), "attachment_length", _LENGTH)
        return self._aead.encrypt(
            at.to_bytes(12, "big"), content.ljust(length, b"\0"), self._ad(at)
        )


class Opener(_Chunks):
    """Opens what a message says. `padded`: what the message's notice says of its length.

    Refuses `attachment_size` for a size that isn't filled up to that.
    """

    def __init__(self, file: Attachment, place: Place, padded: int) -> None:
        check_size(padded, file.size)
        super().__init__(file, place)

    def open(self, at: int, sealed: bytes) -> bytes:
        """The content of a chunk, without padding.

        Refuses `attachment_length`, `attachment_open`, `attachment_padding`.
        """
        refuse(len(sealed) != sealed_length(self.padded, at), "attachment_length", _LENGTH)
        try:
            plaintext = self._aead.decrypt(at.to_bytes(12, "big"), sealed, self._ad(at))
        except InvalidTag:
            raise Refusal("attachment_open", _OPEN) from None
        end = self._content_length(at)
        refuse(plaintext[end:].strip(b"\0") != b"", "attachment_padding", _PADDING)
        return plaintext[:end]
