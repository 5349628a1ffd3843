"""What signed messages say of files: docs/files.md, 9.

Whoever can read the message that names a file has the key with it: the server has none of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ephemeral.protocol.encoding import b64decode, b64encode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files.keys import FileKey
from ephemeral.protocol.files.layout import PADDED_MIN, SIZE_MAX
from ephemeral.protocol.limits import ID_SIZE, KEY_SIZE

__all__ = [
    "DIGEST",
    "FILE",
    "FILES_MAX",
    "HASH_SIZE",
    "Confirmation",
    "Reference",
    "confirmation_body",
    "files_body",
    "read_confirmation",
    "read_files",
]

#: The kinds of these contents.
FILE = "file"
DIGEST = "digest"
#: Files that one message names.
FILES_MAX = 20
HASH_SIZE = 32

_FORM = "This message is not in the form that the protocol asks for."
_REFERENCE = {"file", "key", "padded", "info"}


class Reference(NamedTuple):
    """A file, how long it is in the store, and SHA-256 of its sealed info."""

    file: FileKey
    padded: int
    info: bytes


class Confirmation(NamedTuple):
    """All of a file is there. Device and id of the message that names it, its id, its digest."""

    device: bytes
    message: bytes
    file: bytes
    digest: bytes


def files_body(references: Sequence[Reference]) -> dict[str, object]:
    """The body of a content of kind `file`; refuses `content_form` for what no reader takes."""
    body: dict[str, object] = {
        "files": [
            {
                "file": b64encode(one.file.id),
                "key": b64encode(one.file.key),
                "padded": one.padded,
                "info": b64encode(one.info),
            }
            for one in references
        ]
    }
    read_files(body)
    return body


def read_files(body: object) -> list[Reference]:
    """1 to 20 files, none twice; refuses `content_form`."""
    value = _object(body, {"files"})["files"]
    if not isinstance(value, list) or not 1 <= len(value) <= FILES_MAX:
        raise Refusal("content_form", _FORM)
    found = [_read(_object(one, _REFERENCE)) for one in value]
    refuse(len({one.file.id for one in found}) != len(found), "content_form", _FORM)
    return found


def confirmation_body(of: Confirmation) -> dict[str, object]:
    """The body of a content of kind `digest`."""
    message = {"device": b64encode(of.device), "id": b64encode(of.message)}
    return {"of": message, "file": b64encode(of.file), "digest": b64encode(of.digest)}


def read_confirmation(body: object) -> Confirmation:
    """What `confirmation_body` gave; refuses `content_form`."""
    value = _object(body, {"of", "file", "digest"})
    of = _object(value["of"], {"device", "id"})
    return Confirmation(
        _bytes(of["device"], ID_SIZE),
        _bytes(of["id"], ID_SIZE),
        _bytes(value["file"], ID_SIZE),
        _bytes(value["digest"], HASH_SIZE),
    )


def _read(value: dict[str, object]) -> Reference:
    file = FileKey(_bytes(value["file"], ID_SIZE), _bytes(value["key"], KEY_SIZE))
    # Whether this is a length that files have is asked when it is opened: one that isn't makes no
    # other file of the same message unreadable.
    try:
        padded = read_integer(value["padded"], PADDED_MIN, SIZE_MAX)
    except Refusal:
        raise Refusal("content_form", _FORM) from None
    return Reference(file, padded, _bytes(value["info"], HASH_SIZE))


def _object(value: object, keys: set[str]) -> dict[str, object]:
    if not isinstance(value, dict) or value.keys() != keys:
        raise Refusal("content_form", _FORM)
    return value


def _bytes(value: object, length: int) -> bytes:
    try:
        return b64decode(value, length)
    except Refusal:
        raise Refusal("content_form", _FORM) from None
