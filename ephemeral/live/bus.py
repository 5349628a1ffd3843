"""The bus: how one worker's commit reaches every worker's sockets, its own included.

The store is the truth; what the bus carries is a hint (metadata, never a payload). A lost hint
is healed by the backlog that every new socket reads and by the sweeper's comparison.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

__all__ = ["Bus", "Event", "Hint", "LocalBus", "Receiver", "Subscriber", "UnsureEvent"]


#: What a hint says, as a wing defines it: an array-like struct of metadata, never of a payload.
Event = Struct


class UnsureEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Nobody knows whether something was committed: whoever listens reads the state again."""


#: The topic that something happened in (the keyed hash of a room), and what happened, in order.
Hint = tuple[bytes, Event]
Receiver = Callable[[Sequence[Hint]], None]


class Subscriber(Protocol):
    """What a wing wants of the bus. Nothing here may block."""

    #: The kinds of event that the wing publishes, by their numbers on the wire (`hints`).
    kinds: Mapping[int, type[Event]]

    def receive(self, hints: Sequence[Hint]) -> None:
        """Take a batch of hints, in order, on this worker's event loop."""

    def listens(self, topic: bytes) -> bool:
        """Whether anybody here wants a topic's hints."""

    def missed(self) -> None:
        """Hints may have been lost, of whatever topic."""


class Bus(Protocol):
    """Publishing never blocks and never raises: the commit has already happened."""

    @property
    def is_up(self) -> bool:
        """Whether hints reach all workers at this moment."""

    def publish(self, hints: Sequence[Hint]) -> None:
        """Tell every worker, in order."""

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand every batch of hints to `subscriber` for the life of the process."""


class LocalBus:
    """The bus of a single worker: hands everything over at once."""

    def __init__(self) -> None:
        self._receivers: list[Receiver] = []
        self._numbers: set[int] = set()
        self.is_up = True

    def publish(self, hints: Sequence[Hint]) -> None:
        """Hand the batch to every receiver."""
        for receiver in self._receivers:
            receiver(hints)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber for the life of the process; raises ValueError as `HintCodec` does."""
        if self._numbers & subscriber.kinds.keys():
            raise ValueError("two kinds of hints have the same number")
        self._numbers |= subscriber.kinds.keys()
        self._receivers.append(subscriber.receive)
