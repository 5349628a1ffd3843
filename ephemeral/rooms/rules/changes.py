"""What the rules of a room have decided: what has to be written, and what has to be told."""

from collections.abc import Mapping

from ephemeral.rooms.rules.room import (
    AudienceEvent,
    Event,
    KnownRoom,
    Listener,
    Message,
    Room,
    Tombstone,
)
from ephemeral.rooms.rules.views import notice_of

__all__ = ["Changes"]


class Changes:
    """Notes of one transaction over `known` rooms, at the time `now`, in milliseconds.

    They are to be written in this order, and then told. `listeners` names who of an audience
    changed; None: who is out of it. `used` are the rooms in which anything changed.
    """

    def __init__(self, now: int, known: Mapping[bytes, KnownRoom]) -> None:
        self.now = now
        self._known = known
        self.inserted: list[Message] = []
        self.invited: list[tuple[bytes, bytes, bytes]] = []
        self.changed: dict[tuple[bytes, bytes], Message] = {}
        self.listeners: dict[tuple[bytes, bytes, bytes], Listener | None] = {}
        self.destroyed: list[Message] = []
        self.buried: list[Tombstone] = []
        self.used: dict[bytes, Room] = {}
        self.events: list[tuple[bytes, Event]] = []

    def _change(self, message: Message, listener: Listener | None = None) -> None:
        self.changed[message.room, message.id] = message
        self.used[message.room] = self._known[message.room].room
        if listener is not None:
            self.listeners[message.room, message.id, listener.member] = listener

    def _tell(self, room: bytes, event: Event) -> None:
        self.events.append((room, event))

    def _tell_audience(self, message: Message) -> None:
        audience = notice_of(message, self.now).audience
        self._tell(message.room, AudienceEvent(message.id, audience))
