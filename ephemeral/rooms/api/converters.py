"""From what the service returns to what the wire shows, made from the wire's structs.

A struct of `objects` has the fields of the value that it shows, under the same names. What is bytes
there is text here (base64url), what is a value there is a struct here, and the rest is as it is:
the annotations of the wire's struct say which.
"""

import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, UnsetType

from ephemeral.protocol.encoding import b64encode

__all__ = ["converter"]

Convert = Callable[[Any], Any]


def converter(shown: type[Struct]) -> Convert:
    """What makes a `shown` of any value with its fields."""
    hints = get_type_hints(shown)
    steps = tuple((name, _step(hints[name])) for name in shown.__struct_fields__)

    def convert(value: Any) -> Struct:
        return shown(*[
            getattr(value, name) if step is None else step(getattr(value, name))
            for name, step in steps
        ])  # fmt: skip

    return convert


def _step(hint: Any) -> Convert | None:
    """How a field is converted; None where it stays as it is."""
    kind = get_origin(hint)
    if kind is Annotated:
        return _step(get_args(hint)[0])
    if kind in {Union, types.UnionType}:
        [inner] = [one for one in get_args(hint) if one not in {type(None), UnsetType}]
        step = _step(inner)
        return None if step is None else lambda value: None if value is None else step(value)
    if kind is list:
        each = _step(get_args(hint)[0])
        return list if each is None else lambda values: [each(one) for one in values]
    if kind is Literal or hint in {int, bool}:
        return None
    if hint is str:
        return _text
    return converter(hint)


def _text(value: bytes | str) -> str:
    """Bytes in base64url; what is text already says what it means."""
    return value if isinstance(value, str) else b64encode(value)
