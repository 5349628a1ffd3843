"""Bytes and JSON on the wire, read strictly: docs/protocol.md, 1.3 and 1.4.

Both readers take whatever arrives and raise nothing but `Refusal("malformed")`.
"""

import binascii
from collections.abc import Sequence
from typing import NoReturn

import msgspec
import pybase64

from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX, JSON_DEPTH

__all__ = [
    "b64",
    "b64decode",
    "b64decode_all",
    "b64encode",
    "dump_json",
    "parse_json",
    "read_integer",
]

# From so many bytes on what uses the processor's wide registers is faster than the standard
# library: at 64 KiB eight times and more. At 16 bytes it takes several times as long.
_LARGE = 512
_URL_SAFE = b"-_"
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# The standard alphabet's own two characters, and padding, are not in ours.
_TO_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"", b"==", b"=")
_PAD = ("", "", "==", "=")
# The last characters whose unused bits are zero, by the length of the text modulo 4 (never 1).
_CANONICAL_ENDS = (
    frozenset[str](),
    frozenset[str](),
    frozenset("AQgw"),
    frozenset("AEIMQUYcgkosw048"),
)

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def _malformed() -> NoReturn:
    # A parser's own error may quote its input: it must not become the cause that a log shows.
    raise Refusal("malformed") from None


def b64(data: bytes) -> bytes:
    """Base64url without padding (RFC 4648, section 5), as the bytes of its text."""
    if len(data) >= _LARGE:
        return pybase64.b64encode(data, _URL_SAFE).rstrip(b"=")
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL_SAFE).rstrip(b"=")


def b64encode(data: bytes) -> str:
    """The same as text."""
    return b64(data).decode("ascii")


def b64decode(text: object, length: int | None = None) -> bytes:
    """The bytes that `text` writes in canonical base64url; exactly `length` of them, if given."""
    if not isinstance(text, str):
        _malformed()
    rest = len(text) % 4
    if length is not None and len(text) != (4 * length + 2) // 3:
        _malformed()
    if rest and text[-1] not in _CANONICAL_ENDS[rest]:
        _malformed()
    try:
        if len(text) >= _LARGE:
            # It reads the standard alphabet's two characters as well, and padding.
            if "+" in text or "/" in text or text[-1] == "=":
                _malformed()
            return pybase64.b64decode(text + _PAD[rest], _URL_SAFE, validate=True)
        standard = text.encode("ascii").translate(_TO_STANDARD) + _PADDING[rest]
        return binascii.a2b_base64(standard, strict_mode=True)
    except ValueError:
        _malformed()


def b64decode_all(texts: Sequence[str], length: int) -> list[bytes]:
    """What each of `texts` writes, all of them `length` bytes: as `b64decode` does it, at once."""
    if not texts:
        return []
    digits = (4 * length + 2) // 3
    if set(map(len, texts)) != {digits}:
        _malformed()
    if digits >= _LARGE:
        return _decode_long(texts, digits % 4)
    # Filled up with zeros each has whole bytes; what stands there, and unused bits, has to be zero.
    spare = -length % 3
    filler = "A" * (-digits % 4)
    try:
        joined = filler.join(texts).encode("ascii").translate(_TO_STANDARD)
        data = pybase64.b64decode(joined + filler.encode(), validate=True)
    except ValueError:
        _malformed()
    step = length + spare
    if len(data) != step * len(texts) or any(any(data[length + n :: step]) for n in range(spare)):
        _malformed()
    return [data[at : at + length] for at in range(0, len(data), step)]


def _decode_long(texts: Sequence[str], rest: int) -> list[bytes]:
    """What long texts of one length write: a piece of memory of all of them would take longer."""
    whole = "".join(texts)
    ends = _CANONICAL_ENDS[rest]
    if "+" in whole or "/" in whole or "=" in whole:
        _malformed()
    if rest and not ends.issuperset(one[-1] for one in texts):
        _malformed()
    try:
        pad = _PAD[rest]
        return [pybase64.b64decode(one + pad, _URL_SAFE, validate=True) for one in texts]
    except ValueError:
        _malformed()


def parse_json(data: bytes | str) -> object:
    """The one JSON value in `data`, which is UTF-8 without a byte order mark.

    Refused beside bad JSON: more than 16 levels of arrays and objects, lone surrogates, and numbers
    beyond the range of a double, which JavaScript would read as Infinity.
    """
    try:
        value = _decode(data)
        _check(value, JSON_DEPTH)
    except (msgspec.DecodeError, UnicodeError, OverflowError, RecursionError):
        _malformed()
    return value


def _check(value: object, levels: int) -> None:
    """Raise RecursionError below `levels`, OverflowError for an integer that no double holds."""
    children: object
    if isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list):
        children = value
    else:
        if isinstance(value, int):
            float(value)
        return
    if levels == 0:
        raise RecursionError
    for child in children:
        _check(child, levels - 1)


def dump_json(value: object) -> bytes:
    """JSON in UTF-8 without white space, escaped no more than JSON demands.

    `value` is made of dict, list, str, int, float, bool and None. A lone surrogate is refused.
    """
    try:
        return _encode(value)
    except UnicodeError:
        _malformed()


def read_integer(value: object, low: int = 0, high: int = INTEGER_MAX) -> int:
    """The integer between `low` and `high` that a parsed JSON value is.

    `1.0` and `1e0` are 1, because JavaScript's parser can't tell them apart; `true` is nothing.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        _malformed()
    return value
