"""The frames of a socket, made from the operations that have one.

A frame is the operation's body with a `type` and a `ref` in front: it is unpacked as the body is. A
message is an array of frames. All of them are unpacked before any is taken, so that a message with
one that is malformed does nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ephemeral.edge.credentials import Caller
from ephemeral.edge.operations import NOTHING, Operation
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import FRAMES_MAX, INTEGER_MAX

__all__ = [
    "Bare",
    "Frames",
    "Ref",
    "decode_json",
    "hello_frame",
    "ok",
    "operation_frame",
    "without",
]

Ref = Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
#: What a frame's credential is before `unauthorized` can be told: any text.
_TEXT = str

# Everything that the decoder raises for input alone: a lone surrogate in text and a nesting
# deeper than its stack are not among its own errors.
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)


class Bare(Struct, forbid_unknown_fields=True, gc=False):
    """A body without fields; no key is taken that isn't asked for."""

    def unpack(self) -> "Bare":
        """There is nothing in it."""
        return self


def decode_json(decode: Callable[[bytes], Any], data: bytes) -> Any:
    """What a strict decoder makes of `data`; refuses `malformed`."""
    try:
        return decode(data)
    except _UNREADABLE:
        raise Refusal("malformed") from None


class Frames:
    """What a message from a client may hold: frames of these `kinds`, 1 to `most` of them.

    Each kind is a struct with a tag, a `ref`, and a method `unpack`.
    """

    def __init__(self, kinds: Iterable[type[Struct]], most: int = FRAMES_MAX) -> None:
        union: Any = None
        for kind in kinds:
            union = kind if union is None else union | kind
        array = Annotated[list[union], Meta(min_length=1, max_length=most)]
        self._decode = msgspec.json.Decoder(array).decode

    def decode(self, text: bytes) -> list[tuple[Any, Any]]:
        """The frames of a message in order, each with its unpacked body, or what refuses that.

        Refuses `malformed` if any of them is.
        """
        taken = []
        for frame in decode_json(self._decode, text):
            try:
                taken.append((frame, frame.unpack()))
            except Refusal as refusal:
                if refusal.code == "malformed":
                    raise
                taken.append((frame, refusal))
        return taken


def operation_frame(operation: Operation) -> type[Struct]:
    """The frame that asks for an operation."""
    assert operation.frame is not None
    ref: Any = ("ref", Ref | None, None) if operation.ref_optional else ("ref", Ref)
    return _frame(operation.frame, [ref], operation.body or Bare)


def hello_frame(caller: Caller, body: type[Struct]) -> type[Struct]:
    """The frame that greets as a `caller`: its credentials are fields, beside those of `body`."""
    credentials = [(one.field, _TEXT) for one in caller.credentials]
    return _frame("hello", [("ref", Ref), *credentials], body)


def _frame(tag: str, fields: Sequence[Any], body: type[Struct]) -> type[Struct]:
    if {"type", *(field[0] for field in fields)} & set(body.__struct_fields__):
        raise ValueError(f"{tag}: a field of the body has the name of one of the frame")
    return msgspec.defstruct(
        tag.capitalize(),
        fields,
        bases=(body,),
        namespace=None if hasattr(body, "unpack") else {"unpack": _itself},
        tag=tag,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _itself(frame: Struct) -> Struct:
    return frame


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
        body.__name__,
        fields,
        # Two wings may have bodies of one name: by their modules they are told apart.
        module=body.__module__,
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )
    made.__doc__ = body.__doc__
    return made


def ok(ref: int, answer: bytes) -> bytes:
    """The frame that gives `answer`, a JSON object, to the request with this `ref`."""
    if answer == NOTHING:
        return b'{"type":"ok","ref":%d}' % ref
    return b'{"type":"ok","ref":%d,%b' % (ref, answer[1:])
