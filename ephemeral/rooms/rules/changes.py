"""What the rules of a room have decided: what has to be written, and what has to be told."""

from collections.abc import Mapping

from ephemeral.rooms.rules.room import (
    AudienceEvent,
    AudienceMember,
    Event,
    KnownRoom,
    Message,
    Room,
    Tombstone,
)
from ephemeral.rooms.rules.views import audience_of

__all__ = ["Changes"]


class Changes:
    """Notes of one transaction over `known` rooms, at the time `now`, in milliseconds.

    They are to be written in this order, and then told. `readers` names who of an audience
    changed; None: who is out of it. `used` are the rooms in which anything changed. `marked`: some
    message has got what most never have, a return, or a view while others are still to view it.
    `attached`: what belongs to a message from now on, by room and id, with the message's id.
    """

    def __init__(self, now: int, known: Mapping[bytes, KnownRoom]) -> None:
        self.now = now
        self._known = known
        self.inserted: list[Message] = []
        self.invited: list[tuple[bytes, bytes, bytes]] = []
        self.attached: dict[tuple[bytes, bytes], bytes] = {}
        self.changed: dict[tuple[bytes, bytes], Message] = {}
        self.marked = False
        self.readers: dict[tuple[bytes, bytes, bytes], AudienceMember | None] = {}
        self.destroyed: list[Message] = []
        self.new_tombstones: list[Tombstone] = []
        self.used: dict[bytes, Room] = {}
        self.events: list[tuple[bytes, Event]] = []

    def _change(self, message: Message, reader: AudienceMember | None = None) -> None:
        self.changed[message.room, message.id] = message
        self.used[message.room] = self._known[message.room].room
        if reader is not None:
            self.readers[message.room, message.id, reader.member] = reader

    def _tell(self, room: bytes, event: Event) -> None:
        self.events.append((room, event))

    def _tell_audience(self, message: Message) -> None:
        self._tell(message.room, AudienceEvent(message.id, audience_of(message) or ()))
