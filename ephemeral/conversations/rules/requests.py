"""What is asked of a conversation's log, so often that many are committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ephemeral.conversations.rules.log_state import Entry, Place
from ephemeral.protocol.errors import Refusal

__all__ = ["Acknowledge", "Acknowledged", "Outcome", "Post", "Posted", "Reply", "Request"]


class Posted(NamedTuple):
    """Messages that stand in the log; `renew`: whoever posted them is to begin another epoch."""

    places: Sequence[Place]
    renew: bool
    now: int


class Acknowledged(NamedTuple):
    """Where a device's cursor stands."""

    cursor: int
    now: int


Outcome = Posted | Acknowledged | Refusal
#: Called once with what became of a request.
Reply = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Post:
    """A device's messages."""

    conversation: bytes
    account: bytes
    device: bytes
    reply: Reply
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A device has stored what it read up to a place."""

    conversation: bytes
    account: bytes
    device: bytes
    reply: Reply
    cursor: int


Request = Post | Acknowledge
