"""The bus as rooms see it: what this worker has committed is counted on its way."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ephemeral import metrics
from ephemeral.live.bus import Bus, Hint, Subscriber
from ephemeral.rooms.rules.room import (
    AcknowledgedEvent,
    DestroyedEvent,
    JoinedEvent,
    NoticeEvent,
    OpenedEvent,
    StoredEvent,
)

__all__ = ["CountedBus"]

_STEPS: Mapping[type, str] = {
    NoticeEvent: "stored",
    OpenedEvent: "opened",
    StoredEvent: "returned",
    AcknowledgedEvent: "acknowledged",
}


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
        if OpenedEvent in kinds:
            longer = sum(isinstance(event, OpenedEvent) and event.prolonged for event in events)
            steps["opened"] -= longer
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

    def subscribe(self, subscriber: Subscriber) -> None:
        """What others publish isn't counted here: they have."""
        self._bus.subscribe(subscriber)
