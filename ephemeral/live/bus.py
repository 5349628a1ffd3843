"""The bus: how one worker's commit reaches every worker's sockets, its own included.

The store is the truth; what the bus carries is a hint (metadata, never a payload). A lost hint
is healed by the backlog that every new socket reads and by the sweeper's comparison.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from ephemeral.domain.room import Event

__all__ = ["Bus", "Hint", "LocalBus", "Receiver"]

#: A room's keyed hash and what happened in it, in order.
Hint = tuple[bytes, Event]
Receiver = Callable[[Sequence[Hint]], None]


class Bus(Protocol):
    """Publishing never blocks and never raises: the commit has already happened."""

    @property
    def is_up(self) -> bool:
        """Whether hints reach all workers at this moment."""

    def publish(self, hints: Sequence[Hint]) -> None:
        """Tell every worker, in order."""

    def subscribe(self, receiver: Receiver) -> None:
        """Hand every batch of hints to `receiver` on this worker's event loop."""


class LocalBus:
    """The bus of a single worker: calls its receivers at once."""

    def __init__(self) -> None:
        self._receivers: list[Receiver] = []
        self.is_up = True

    def publish(self, hints: Sequence[Hint]) -> None:
        """Hand the batch to every receiver."""
        for receiver in self._receivers:
            receiver(hints)

    def subscribe(self, receiver: Receiver) -> None:
        """Add a receiver for the life of the process."""
        self._receivers.append(receiver)
