"""An operation: what clients may ask for, stated once.

Routing, credentials, decoding, limits, the contract (`openapi`) and the frames of a socket are all
made from this one statement (`dispatch`, `frames`, `socket`). A handler gets `(caller, body)`: who
asks, as the operation's kind of caller identifies it, and what is asked, decoded, with the fields
that stand in the path among its own; or what the body's method `unpack` makes of it, if it has one.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import UnionType
from typing import Any

from msgspec import Struct
from starlette.routing import compile_path

from ephemeral.edge.credentials import NOBODY, Caller
from ephemeral.edge.crowds import Crowd
from ephemeral.edge.guesses import Guesses
from ephemeral.edge.holds import Hold
from ephemeral.edge.limiter import Action
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import FRAME_MAX

__all__ = [
    "BODY_MAX",
    "NOTHING",
    "OCTETS",
    "Answer",
    "Created",
    "Deferred",
    "Handler",
    "HoldOn",
    "Operation",
    "Size",
    "Waiting",
    "beside_json",
    "header_fields",
    "path_fields",
    "settle",
]

#: No body of any operation has more bytes.
BODY_MAX = 1_114_112

#: The type of octets, of a body or an answer that is no JSON.
OCTETS = "application/octet-stream"

#: The answer where there is nothing to say.
NOTHING = b"{}"


class Created(bytes):
    """An answer, a JSON object, to what has made something new (201)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP with headers of its own. Without a body it says what its status says."""

    body: bytes
    status: int
    headers: Mapping[str, str]


#: Returns a JSON object, or over HTTP an Answer; refuses.
Handler = Callable[[Any, Any], Awaitable[bytes | Answer]]

#: A request waits in the context of what this makes; refuses one that is too many.
HoldOn = Callable[[], AbstractContextManager[Hold]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """In place of a handler, for what may wait until it has an answer; over HTTP alone."""

    perform: Callable[[Any, Any, HoldOn], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Deferred:
    """In place of a handler, for what is asked so often that no task may wait for each.

    `submit(caller, body, reply)` returns at once; `reply` is called once, later, with a Refusal,
    None for an answer that says nothing, or what `encode` makes the answer of. `weight`: how much
    this is of the work that one socket may have under way.
    """

    submit: Callable[[Any, Any, Callable[[Any], None]], None]
    encode: Callable[[Any], bytes]
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How large a request is, by its body as its handler gets it, and what that is counted as."""

    action: Action
    of: Callable[[Any], int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """One method of one path, and perhaps a frame.

    `{field}` in `path` is a field of `body`. `answers` maps statuses to what is answered (None: no
    body); `refusals` are the codes beside those that every operation may give. What has no
    `action` is not counted. `frame` is the type of the frame that asks for the same on the wing's
    socket; with `ref_optional` a client may do without its answer, and after one with `closes` the
    socket is closed with that code. `schemas` are types that the contract has besides.

    `headers` are fields of the body that stand in headers of the request, named after them unless a
    mapping says how, `query` those that stand in the query, by their own names; either may be
    absent. `octets` is the field that is the whole body of the request, as it is and not JSON;
    without a body there is none of any, unless `bodiless` says that all its fields may be absent
    with it. An answer of `bytes` is octets. `answer_headers` describes headers of the answer by
    name. A body has `body_max` bytes at most, more than a frame only where who asks has to be known
    before it is read. The size of the body is counted as well (`size`), and each 64 KiB of an
    answer beyond the first as `large`. `crowd` bounds how many are performed at once. What tells
    whether a secret was guessed says so (`guesses`).

    Several operations may share method and path if they differ in their callers: the first of
    them all of whose credentials were sent is meant, or else the last. What can't work is refused
    when it is stated (ValueError).
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler | Deferred | Waiting
    answers: Mapping[int, type[Struct] | type[bytes] | UnionType | None]
    caller: Caller = NOBODY
    body: type[Struct] | None = None
    refusals: tuple[str, ...] = ()
    action: Action | None = None
    frame: str | None = None
    ref_optional: bool = False
    closes: int | None = None
    schemas: tuple[type[Struct], ...] = ()
    headers: tuple[str, ...] | Mapping[str, str] = ()
    query: tuple[str, ...] = ()
    octets: str | None = None
    bodiless: bool = False
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    body_max: int = FRAME_MAX
    size: Size | None = None
    large: Action | None = None
    crowd: Crowd | None = None
    guesses: Guesses | None = None

    def __post_init__(self) -> None:
        fields = () if self.body is None else self.body.__struct_fields__
        missing = {*beside_json(self)} - set(fields)
        if missing:
            raise ValueError(f"{self.name}: the body lacks {missing} of path, headers or query")
        if self.frame and (self.guesses or self.caller.each):
            raise ValueError(
                f"{self.name}: over HTTP alone guesses are counted and requests proved"
            )
        if isinstance(self.handler, Deferred) and (self.ref_optional or self.closes):
            raise ValueError(f"{self.name}: what is deferred is answered, and ends no socket")
        if self.frame and (self.headers or self.query or self.octets or self.crowd):
            raise ValueError(f"{self.name}: frames are JSON alone, and there are few at once")
        if self.frame and isinstance(self.handler, Waiting):
            raise ValueError(f"{self.name}: nothing waits on a socket")
        if self.body_max > BODY_MAX or (self.body_max > FRAME_MAX and not self.caller.credentials):
            raise ValueError(f"{self.name}: nobody reads as much for whoever comes")
        if self.size is not None and self.frame and not isinstance(self.handler, Deferred):
            raise ValueError(f"{self.name}: of frames only what is deferred is counted by its size")

    def status(self, answer: bytes) -> int:
        """With which status an answer is given."""
        if isinstance(answer, Created):
            return 201
        return 200 if 200 in self.answers else next(iter(self.answers))


def beside_json(operation: Operation) -> tuple[str, ...]:
    """Fields of the body that don't stand in the JSON of the request."""
    octets = () if operation.octets is None else (operation.octets,)
    return (*path_fields(operation.path), *operation.headers, *operation.query, *octets)


def path_fields(path: str) -> tuple[str, ...]:
    """Fields of the body that stand in a path."""
    return tuple(compile_path(path)[2])


def header_fields(operation: Operation) -> dict[str, str]:
    """Fields of the body that stand in headers of the request, with these headers' names."""
    if isinstance(operation.headers, Mapping):
        return dict(operation.headers)
    return {one: one.replace("_", "-").title() for one in operation.headers}


def settle(outcome: Any, encode: Callable[[Any], bytes]) -> bytes:
    """The answer that a `Deferred` outcome is; raises it if it is a Refusal."""
    if isinstance(outcome, Refusal):
        raise outcome
    return NOTHING if outcome is None else encode(outcome)
