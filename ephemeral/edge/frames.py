"""The frames of a socket, made from the operations that have one.

A frame is the operation's body with a `type` and a `ref` in front, and with the fields of its
credentials where it comes before the socket has a caller of its own. So a frame is its body: what
is decoded is handed to the handler as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ephemeral.edge.operations import NOTHING, Operation
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import INTEGER_MAX

__all__ = ["Bare", "Frames", "Ref", "decode_json", "ok", "without"]

Ref = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
#: What a frame's credential is before `unauthorized` can be told: any text.
_TEXT = str

# Everything that the decoder raises for input alone: a lone surrogate in text and a nesting
# deeper than its stack are not among its own errors.
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


class Bare(Struct, forbid_unknown_fields=True, gc=False):
    """A body without fields; no key is taken that isn't asked for."""


def decode_json(decode: Callable[[bytes], Any], data: bytes) -> Any:
    """What a strict decoder makes of `data`; refuses `malformed`."""
    try:
        return decode(data)
    except _UNREADABLE:
        raise Refusal("malformed") from None


class Frames:
    """The frames that a socket takes at one time of its life.

    `operations` have `frame`; with `credentials` their callers' are fields as well. `more` are
    frames that no operation has, each a struct with a tag and a `ref`.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        more: Iterable[type[Struct]] = (),
        *,
        credentials: bool = False,
    ) -> None:
        #: By the type of the decoded frame.
        self.operations: Mapping[type, Operation] = {
            _frame(one, credentials=credentials): one for one in operations if one.frame
        }
        kinds: Any = None
        for kind in (*self.operations, *more):
            kinds = kind if kinds is None else kinds | kind
        self._decode = msgspec.json.Decoder(kinds).decode

    def decode(self, text: bytes) -> Any:
        """One frame; refuses `malformed`."""
        return decode_json(self._decode, text)


def _frame(operation: Operation, *, credentials: bool) -> type[Struct]:
    body = operation.body or Bare
    fields: list[Any] = [("ref", Ref | None, None) if operation.ref_optional else ("ref", Ref)]
    if credentials:
        fields += [(one.field, _TEXT) for one in operation.caller.credentials]
    assert operation.frame is not None
    names = {"type", *(field[0] for field in fields)}
    if names & set(body.__struct_fields__):
        raise ValueError(f"{operation.name}: a field of the body has the name of one of the frame")
    return msgspec.defstruct(
        operation.frame.capitalize(),
        fields,
        bases=(body,),
        tag=operation.frame,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def without(body: type[Struct], names: Iterable[str]) -> type[Struct]:
    """`body` without some of its fields, under its name: what is left of it beside the path."""
    left_out = set(names)
    fields: list[Any] = []
    for one in msgspec.structs.fields(body):
        if one.name in left_out:
            continue
        if one.default_factory is not msgspec.NODEFAULT:
            default = msgspec.field(default_factory=one.default_factory, name=one.encode_name)
        else:
            default = msgspec.field(default=one.default, name=one.encode_name)
        fields.append((one.name, one.type, default))
    made = msgspec.defstruct(
        body.__name__, fields, kw_only=True, forbid_unknown_fields=True, gc=False
    )
    made.__doc__ = body.__doc__
    return made


def ok(ref: int, answer: bytes) -> bytes:
    """The frame that gives `answer`, a JSON object, to the request with this `ref`."""
    if answer == NOTHING:
        return b'{"type":"ok","ref":%d}' % ref
    return b'{"type":"ok","ref":%d,%b' % (ref, answer[1:])
