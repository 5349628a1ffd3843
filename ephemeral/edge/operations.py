"""An operation of the HTTP interface: a row of the table that is served and documented."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import UnionType

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from ephemeral.edge.limiter import Action

__all__ = ["Credentials", "Operation"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Which credentials an operation reads (docs/protocol.md, section 6)."""

    locator: bool = False
    member: bool = False
    member_optional: bool = False
    resume_instead: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `answers` maps statuses to what is answered (None: no body); `refusals` are the codes beside
    those that every operation may give. What has no `action` is not counted.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Callable[[Request], Awaitable[Response]]
    answers: Mapping[int, type[Struct] | UnionType | None]
    body: type[Struct] | None = None
    body_optional: bool = False
    credentials: Credentials = field(default_factory=Credentials)
    refusals: tuple[str, ...] = ()
    action: Action | None = None
