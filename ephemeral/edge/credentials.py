"""Credentials: what a request proves its right with, read by one rule wherever it comes from.

A `Credential` is one secret with a header over HTTP and a field in frames. A `Caller` is a kind of
caller: which credentials it brings, whom they prove, and what is counted by them. Wings bring
theirs; nothing here knows what any of them means.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.types import Scope

from ephemeral.edge.guard import header_values
from ephemeral.protocol.errors import Refusal

__all__ = [
    "NOBODY",
    "Asked",
    "Caller",
    "Credential",
    "Subjects",
    "Texts",
    "from_frame",
    "from_headers",
    "is_sent",
]

#: Credentials as they were sent, by name; None for one that is missing.
Texts = Mapping[str, str | None]
#: What an action is counted by, besides the address: kinds of subject, each with bytes that name
#: one. Only a keyed hash of them is kept (`limiter`).
Subjects = Mapping[str, bytes]

_BEARER = b"bearer"


class Asked(NamedTuple):
    """What a request is, for proofs that are of one request alone. `path` has no query."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret. `name` is that of its security scheme in the contract, `field` that in frames.

    `header` is lower case; `authorization` has the scheme Bearer (RFC 6750). `decode` makes the
    value of the text, and refuses `unauthorized`. One that is `optional` is None where it is
    missing.
    """

    name: str
    header: bytes
    description: str
    decode: Callable[[str], Any]
    field: str = ""
    optional: bool = False


def _no_subjects(_texts: Mapping[str, str]) -> Subjects:
    return {}


async def _no_one() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Caller:
    """A kind of caller. `name` is for people who read the table.

    `identify` gets the decoded credentials in order and returns who that is, as the handlers of
    its operations get it; it refuses. `subjects` gets the texts as they were sent, "" for one that
    is missing, whether they mean anything or not; an empty subject is nobody. An `alone` caller may
    not bring what others bring at the same address. One that proves itself for `each` request is
    identified by an Asked and the credentials; it has no frames.
    """

    name: str
    credentials: tuple[Credential, ...]
    identify: Callable[..., Awaitable[Any]]
    subjects: Callable[[Mapping[str, str]], Subjects] = field(default=_no_subjects)
    alone: bool = False
    each: bool = False

    def subjects_of(self, texts: Texts) -> Subjects:
        """Whom these credentials name, for counting."""
        named = self.subjects({name: text or "" for name, text in texts.items()})
        return {kind: one for kind, one in named.items() if one}

    def decode(self, texts: Texts) -> list[Any]:
        """The values of its credentials, in order; refuses `unauthorized`."""
        values = []
        for one in self.credentials:
            text = texts[one.name]
            if text is None and not one.optional:
                raise Refusal("unauthorized")
            values.append(None if text is None else one.decode(text))
        return values

    async def read(self, texts: Texts, asked: Asked | None = None) -> Any:
        """Who that is; refuses `unauthorized`, and what `identify` refuses."""
        if self.each:
            return await self.identify(asked, *self.decode(texts))
        return await self.identify(*self.decode(texts))


#: Anybody, who needs no credential and is nobody in particular.
NOBODY = Caller("anybody", (), _no_one)


def from_headers(scope: Scope, credentials: tuple[Credential, ...]) -> Texts:
    """The credentials of a request.

    A header that came twice could be read as either, so it counts as missing.
    """
    found: dict[str, str | None] = {}
    for one in credentials:
        values = header_values(scope, one.header)
        found[one.name] = _text(one, values[0]) if len(values) == 1 else None
    return found


def from_frame(frame: Any, credentials: tuple[Credential, ...]) -> Texts:
    """The credentials of a frame, whose decoder has seen that its fields are texts."""
    return {one.name: getattr(frame, one.field) for one in credentials}


def is_sent(scope: Scope, credentials: tuple[Credential, ...]) -> bool:
    """Whether a request has the headers of all of these, whatever stands there."""
    return all(header_values(scope, one.header) for one in credentials)


def _text(credential: Credential, value: bytes) -> str | None:
    if credential.header != b"authorization":
        return value.decode("latin-1")
    scheme, _, rest = value.partition(b" ")
    return rest.decode("latin-1") if scheme.lower() == _BEARER else None
