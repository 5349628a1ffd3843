"""What a message says: kinds, and the body of each. docs/conversations.md, 6.2.

Bodies are checked when they are written and when they are read. A kind that isn't known here passes
without its body, so that a newer client's message is a line and no fault.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from ephemeral.protocol.accounts import canonical_json
from ephemeral.protocol.accounts.statements import DEVICE_SIZE, HASH_SIZE
from ephemeral.protocol.encoding import b64decode, read_integer
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.files import contents as files
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.names import is_name

__all__ = ["CONTENT_MAX", "PICTURE_MAX", "QUOTE_MAX", "TEXT_MAX", "UNKNOWN", "VALUE_MAX",
           "Content", "decode", "encode"]  # fmt: skip

VERSION = 1
#: Bytes of a content, of a text, a quote, a reaction, a picture.
CONTENT_MAX = 49_152
TEXT_MAX = 32_768
QUOTE_MAX = 512
REACTION_MAX = 64
PICTURE_MAX = 24_576
MENTIONS_MAX = 50
#: Of registers: bytes of a name, a key, a value.
REGISTER_MAX = 32
KEY_MAX = 256
VALUE_MAX = 8_192
#: What a kind that isn't known here passes as.
UNKNOWN = "unknown"

_FORM = "This message is not in the form that the protocol asks for."


class Content(NamedTuple):
    """`kind`, the sender's clock in milliseconds, and a body of JSON as the kind has it."""

    kind: str
    at: int
    body: Mapping[str, object]

    def __repr__(self) -> str:
        return f"Content(kind={self.kind!r})"  # no text in a traceback


def encode(kind: str, at: int, body: Mapping[str, object]) -> bytes:
    """The canonical JSON of a content; refuses `content_form` for what a reader would refuse."""
    try:
        data = canonical_json.encode({"v": VERSION, "kind": kind, "at": at, "body": dict(body)})
    except Refusal:
        _wrong_form()
    refuse(kind not in {*_BODIES, *_WHOLE}, "content_form", _FORM)
    decode(data)
    return data


def decode(data: bytes) -> Content:
    """What these bytes say; refuses `content_form`."""
    refuse(len(data) > CONTENT_MAX, "content_form", _FORM)
    try:
        value = canonical_json.decode(data)
        if not isinstance(value, dict) or set(value) != {"v", "kind", "at", "body"}:
            _wrong_form()
        read_integer(value["v"], VERSION, VERSION)
        at = read_integer(value["at"])
        kind, body = value["kind"], value["body"]
        if not isinstance(kind, str):
            _wrong_form()
        if kind in _WHOLE and isinstance(body, dict):
            _WHOLE[kind](body)
            return Content(kind, at, body)
        if kind not in _BODIES:
            refuse(kind in _WHOLE, "content_form", _FORM)
            return Content(UNKNOWN, at, {})
        fields = _BODIES[kind]
        if not isinstance(body, dict) or body.keys() != fields.keys():
            _wrong_form()
        for name, check in fields.items():
            check(body[name])
    except Refusal:
        _wrong_form()
    return Content(kind, at, body)


def _wrong_form() -> NoReturn:
    raise Refusal("content_form", _FORM) from None


_Check = Callable[[object], object]


def _text(low: int, high: int) -> _Check:
    """Text of so many bytes of UTF-8; canonical JSON has no lone surrogate in it."""

    def check(value: object) -> None:
        if not isinstance(value, str) or not low <= len(value.encode()) <= high:
            _wrong_form()

    return check


def _nullable(check: _Check) -> _Check:
    return lambda value: None if value is None else check(value)


def _mentions(value: object) -> None:
    if not isinstance(value, list) or len(value) > MENTIONS_MAX:
        _wrong_form()
    for one in value:
        b64decode(one, HASH_SIZE)


def _message(value: object) -> None:
    """A message of this conversation, by its device and id."""
    if not isinstance(value, dict) or value.keys() != {"device", "id"}:
        _wrong_form()
    b64decode(value["device"], DEVICE_SIZE)
    b64decode(value["id"], ID_SIZE)


def _name(value: object) -> None:
    if not isinstance(value, str) or not is_name(value):
        _wrong_form()


def _picture(value: object) -> None:
    if not 1 <= len(b64decode(value)) <= PICTURE_MAX:
        _wrong_form()


def _value(value: object) -> None:
    refuse(len(canonical_json.encode(value)) > VALUE_MAX, "content_form", _FORM)


_TEXT = _text(1, TEXT_MAX)

#: Bodies that another document has, as a whole (docs/files.md, 9).
_WHOLE: Mapping[str, _Check] = {files.FILE: files.read_files, files.DIGEST: files.read_confirmation}

_BODIES: Mapping[str, Mapping[str, _Check]] = {
    "text": {"text": _TEXT, "mentions": _mentions},
    "reply": {
        "text": _TEXT,
        "mentions": _mentions,
        "of": _message,
        "quote": _text(0, QUOTE_MAX),
    },
    "edit": {"of": _message, "text": _TEXT, "mentions": _mentions},
    "delete": {"of": _message},
    "reaction": {"of": _message, "reaction": _nullable(_text(1, REACTION_MAX))},
    "read": {"place": read_integer},
    "profile": {"name": _name, "picture": _nullable(_picture)},
    "card": {"name": _name, "picture": _nullable(_picture)},
    "sync": {
        "register": _text(1, REGISTER_MAX),
        "key": _text(0, KEY_MAX),
        "value": _value,
    },
}
