"""JSON with one form for each value: RFC 8785, with integers only. docs/accounts.md, 1.5.

What is signed, hashed or sealed here is written so, and readers refuse what another form has: two
readers of the same bytes then have the same value.
"""

import json
from typing import NoReturn

from ephemeral.protocol.encoding import parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX, JSON_DEPTH

__all__ = ["decode", "encode"]


def _wrong_form() -> NoReturn:
    raise Refusal("json_form") from None


def encode(value: object) -> bytes:
    """The one form of a value made of dict, list, str, int, bool and None.

    Refuses (`json_form`) floats, integers beyond 2^53 - 1 either way, lone surrogates, keys that
    aren't texts, and more than 16 levels.
    """
    try:
        text = json.dumps(
            _ordered(value, JSON_DEPTH), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        return text.encode("utf-8")
    except UnicodeError:
        _wrong_form()


def decode(data: bytes) -> object:
    """The value that these bytes are the one form of; refuses `json_form`."""
    try:
        value = parse_json(data)
    except Refusal:
        _wrong_form()
    if encode(value) != data:
        _wrong_form()
    return value


def _ordered(value: object, levels: int) -> object:
    """The same value, its keys in the order of their UTF-16 code units."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= INTEGER_MAX else _wrong_form()
    if levels == 0:
        _wrong_form()
    if isinstance(value, list | tuple):
        return [_ordered(one, levels - 1) for one in value]
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        _wrong_form()
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return {key: _ordered(value[key], levels - 1) for key in keys}
