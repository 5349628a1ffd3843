"""How much of a request's body is read, before and after it is known who asks."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from ephemeral.protocol.limits import FRAME_MAX

__all__ = [
    "allow_body",
    "allow_time",
    "allowed_body",
    "may_take_longer",
    "read_on",
    "read_on_so_far",
]

# In a request's scope: how many bytes its body may have, and may have had if it is refused unread.
_ALLOWED, _READ_ON = "ephemeral.body", "ephemeral.read-on"
# Whether it may take longer than others.
_LONG = "ephemeral.long"


def read_on(scope: MutableMapping[str, Any], most: int) -> None:
    """Read such a body to its end even if it is refused.

    Whoever sends all of it before looking at the answer finds the answer there: closing with
    something unread would reset the connection, and the answer be lost.
    """
    scope[_READ_ON] = most


def read_on_so_far(scope: Mapping[str, Any]) -> int:
    """How much of a body is read that was refused unread; who sends more is cut off."""
    most: int = scope.get(_READ_ON, FRAME_MAX)
    return most + FRAME_MAX


def allow_body(scope: MutableMapping[str, Any], most: int) -> None:
    """Let the body of this request have so many bytes, once it is known who asks."""
    scope[_ALLOWED] = most


def allowed_body(scope: Mapping[str, Any]) -> int:
    """How many bytes it may have."""
    most: int = scope.get(_ALLOWED, FRAME_MAX)
    return most


def allow_time(scope: MutableMapping[str, Any]) -> None:
    """Let the body of this request come slowly, as long as it comes. Who allows it ends it."""
    scope[_LONG] = True


def may_take_longer(scope: Mapping[str, Any]) -> bool:
    """Whether it may."""
    return _LONG in scope
