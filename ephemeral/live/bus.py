"""The bus: how one worker's commit reaches every worker's sockets, its own included.

The store is the truth; what the bus carries is a hint (metadata, never a payload). A lost hint
is healed by the backlog that every new socket reads and by the sweeper's comparison.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ephemeral import metrics
from ephemeral.rooms.rules.room import (
    AcknowledgedEvent,
    DestroyedEvent,
    Event,
    JoinedEvent,
    NoticeEvent,
    OpenedEvent,
    StoredEvent,
)

__all__ = ["Bus", "CountedBus", "Hint", "LocalBus", "Receiver"]

#: A room's keyed hash and what happened in it, in order.
Hint = tuple[bytes, Event]
Receiver = Callable[[Sequence[Hint]], None]

_STEPS: Mapping[type, str] = {
    NoticeEvent: "stored",
    OpenedEvent: "opened",
    StoredEvent: "returned",
    AcknowledgedEvent: "acknowledged",
}


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


class CountedBus:
    """Counts for the metrics what this worker has committed, and passes it on."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def is_up(self) -> bool:
        """As the bus beneath says."""
        return self._bus.is_up

    def publish(self, hints: Sequence[Hint]) -> None:
        """Count a batch, once for each kind of event, and publish it."""
        events = [event for _, event in hints]
        kinds = Counter(map(type, events))
        steps = {step: kinds[kind] for kind, step in _STEPS.items() if kind in kinds}
        if DestroyedEvent in kinds:
            ends = [event for event in events if isinstance(event, DestroyedEvent)]
            # Who has viewed a message last has acknowledged it as well.
            last = sum(event.state == "viewed" and event.member is not None for event in ends)
            steps["acknowledged"] = steps.get("acknowledged", 0) + last
            metrics.happened(steps, Counter(event.state for event in ends))
        elif steps:
            metrics.happened(steps, {})
        if JoinedEvent in kinds:
            metrics.JOINS.inc(kinds[JoinedEvent])
        self._bus.publish(hints)

    def subscribe(self, receiver: Receiver) -> None:
        """What others publish isn't counted here: they have."""
        self._bus.subscribe(receiver)
