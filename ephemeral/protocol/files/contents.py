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
    "Registered",
    "confirmation_body",
    "files_body",
    "read_confirmation",
    "read_files",
    "read_registered",
    "registered_value",
]

#: The kinds of these contents.
FILE = "file"
DIGEST = "digest"
#: Files that one message names.
FILES_MAX = 20
HASH_SIZE = 32

_FORM = "This message is not in the form that the protocol asks for."
_REFERENCE = {"file", "key", "padded", "info"}
_REGISTERED = _REFERENCE - {"file"} | {"conversation", "device", "id", "digest", "until"}


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


class Registered(NamedTuple):
    """What own devices know of a file: where it was named, the digest once that was said, and until
    when the file may be there, in milliseconds."""

    reference: Reference
    conversation: bytes
    device: bytes
    message: bytes
    digest: bytes | None
    until: int


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


def registered_value(known: Registered) -> dict[str, object]:
    """The value of register `files` under the file's id."""
    file, padded, info = known.reference
    return {
        "conversation": b64encode(known.conversation),
        "device": b64encode(known.device),
        "id": b64encode(known.message),
        "key": b64encode(file.key),
        "padded": padded,
        "info": b64encode(info),
        "digest": None if known.digest is None else b64encode(known.digest),
        "until": known.until,
    }


def read_registered(file: str, value: object) -> Registered:
    """What `registered_value` gave, under the file's id; refuses `content_form`."""
    known = _object(value, _REGISTERED)
    named = {"file": file} | {key: known[key] for key in ("key", "padded", "info")}
    reference = _read(named)
    try:
        until = read_integer(known["until"])
    except Refusal:
        raise Refusal("content_form", _FORM) from None
    digest = known["digest"]
    return Registered(
        reference,
        _bytes(known["conversation"], ID_SIZE),
        _bytes(known["device"], ID_SIZE),
        _bytes(known["id"], ID_SIZE),
        None if digest is None else _bytes(digest, HASH_SIZE),
        until,
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
