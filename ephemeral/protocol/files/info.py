"""What is told of a file besides its bytes, sealed once: docs/files.md, 8."""

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.keys import INFO_LABEL, FileKey
from ephemeral.protocol.files.layout import SIZE_MAX, TAG_SIZE, check_size
from ephemeral.protocol.limits import NONCE_SIZE

__all__ = ["INFO_SIZES", "NAME_MAX", "SIDE_MAX", "THUMBNAIL_MAX", "Info", "open_info", "seal_info"]

VERSION = 1
#: Bytes of a sealed info.
INFO_SIZES = (1_024, 4_096, 16_384, 32_768)
#: Bytes of a name, and of a thumbnail; pixels of a side.
NAME_MAX = 255
THUMBNAIL_MAX = 16_384
SIDE_MAX = 65_535
SECONDS_MAX = 2**32 - 1

_FIRST = b"\x01"
_HEAD = len(_FIRST) + NONCE_SIZE
_LENGTH = 4
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_MADE_BY = re.compile(r"[a-z0-9-]{1,32}")

_OPEN = "What is told of this file is another's, or has been changed on its way."
_FIELD = "What is told of this file is not in the form that the protocol asks for."


class Info(NamedTuple):
    """All of it is the sender's claim, and the thumbnail may be an attack on who decodes it.

    `made_by` names what has removed the metadata of a picture or film; None: nothing has.
    """

    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    thumbnail: bytes | None = None
    made_by: str | None = None

    def __repr__(self) -> str:
        return "Info()"  # no name in a traceback


def seal_info(file: FileKey, info: Info, random: Callable[[int], bytes]) -> bytes:
    """Refuses `info_field` for what a reader would refuse."""
    fields = info._asdict()
    thumbnail = None if info.thumbnail is None else b64encode(info.thumbnail)
    try:
        content = canonical_json.encode({"v": VERSION, **fields, "thumbnail": thumbnail})
    except Refusal:
        _wrong_field()
    plaintext = len(content).to_bytes(_LENGTH, "big") + content
    size = next((one for one in INFO_SIZES if _HEAD + len(plaintext) + TAG_SIZE <= one), 0)
    refuse(size == 0, "info_field", _FIELD)
    plaintext = plaintext.ljust(size - _HEAD - TAG_SIZE, b"\0")
    _read(plaintext)
    nonce = random(NONCE_SIZE)
    return _FIRST + nonce + AESGCM(file.info()).encrypt(nonce, plaintext, _bound(file))


def open_info(file: FileKey, padded: int, digest: bytes, sealed: bytes) -> Info:
    """What the sender's message means by `digest`, which is the SHA-256 of what was sealed.

    Refuses `info_open`, `info_field`, and `file_size` for a size that isn't filled up to `padded`.
    """
    refuse(hashlib.sha256(sealed).digest() != digest, "info_open", _OPEN)
    refuse(len(sealed) not in INFO_SIZES or sealed[:1] != _FIRST, "info_open", _OPEN)
    try:
        plaintext = AESGCM(file.info()).decrypt(
            sealed[len(_FIRST) : _HEAD], sealed[_HEAD:], _bound(file)
        )
    except InvalidTag:
        raise Refusal("info_open", _OPEN) from None
    info = _read(plaintext)
    check_size(padded, info.size)
    return info


def _bound(file: FileKey) -> bytes:
    return INFO_LABEL + file.id


def _wrong_field() -> NoReturn:
    raise Refusal("info_field", _FIELD) from None


def _read(plaintext: bytes) -> Info:
    end = _LENGTH + int.from_bytes(plaintext[:_LENGTH], "big")
    least = next((one for one in INFO_SIZES if _HEAD + end + TAG_SIZE <= one), 0)
    fits = len(plaintext) == least - _HEAD - TAG_SIZE
    refuse(not fits or any(plaintext[end:]), "info_field", _FIELD)
    try:
        return _fields(canonical_json.decode(plaintext[_LENGTH:end]))
    except Refusal:
        _wrong_field()


def _fields(value: object) -> Info:
    if not isinstance(value, dict) or value.keys() != {"v", *Info._fields}:
        _wrong_field()
    read_integer(value["v"], VERSION, VERSION)
    width, height, seconds = value["width"], value["height"], value["seconds"]
    refuse((width is None) != (height is None), "info_field", _FIELD)
    return Info(
        _name(value["name"]),
        _matching(value["type"], _TYPE),
        read_integer(value["size"], 0, SIZE_MAX),
        None if width is None else read_integer(width, 1, SIDE_MAX),
        None if height is None else read_integer(height, 1, SIDE_MAX),
        None if seconds is None else read_integer(seconds, 0, SECONDS_MAX),
        None if value["thumbnail"] is None else _thumbnail(value["thumbnail"]),
        None if value["made_by"] is None else _matching(value["made_by"], _MADE_BY),
    )


def _name(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value.encode()) <= NAME_MAX:
        _wrong_field()
    return value


def _matching(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        _wrong_field()
    return value


def _thumbnail(value: object) -> bytes:
    """JPEG or WebP by their first bytes; more isn't looked at before it is decoded."""
    data = b64decode(value)
    known = data[:3] == b"\xff\xd8\xff" or (data[:4], data[8:12]) == (b"RIFF", b"WEBP")
    refuse(not known or len(data) > THUMBNAIL_MAX, "info_field", _FIELD)
    return data
