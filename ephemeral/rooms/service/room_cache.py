"""The cache of rooms: a lively one isn't read again for every message.

Entries are validated by version. Whoever changes anything in a room holds its lock and gives it a
new version, so what was read under one version is true as long as the locked room still has it. A
batch takes its rooms out of the cache, changes them as it decides, and puts them back once that is
committed: what a transaction left in doubt is not cached.

What is cached of a room is a part of it; what isn't there is unknown, not absent.
"""

from __future__ import annotations

from ephemeral.rooms.rules.room import KnownRoom, Room

__all__ = ["CachedRoom", "RoomCache"]

#: Bytes that all rooms together may take, by estimate, and a single room.
SIZE_MAX = 32 * 1024 * 1024
ROOM_SIZE_MAX = 1024 * 1024

#: A room that nothing happens in is forgotten after this many seconds to twice as many.
IDLE_SECONDS = 30

# What a room, and a message without its envelope, take in CPython, generously.
_ROOM_SIZE = 4096
_MESSAGE_SIZE = 2048


class CachedRoom(KnownRoom):
    """What is known of a room as long as it has this version.

    `counted`: the room's `waiting` is no less than it should be. `envelopes` are those that were
    posted here a moment ago, of messages that wait.
    """

    __slots__ = ("_envelope_bytes", "counted", "envelopes", "kept_size", "version")

    def __init__(self, room: Room, version: int) -> None:
        super().__init__(room)
        self.version = version
        #: What it took when it was put into the cache.
        self.kept_size = 0
        self.counted = False
        self.envelopes: dict[bytes, bytes] = {}
        self._envelope_bytes = 0

    @property
    def size(self) -> int:
        """Bytes that this takes, by estimate."""
        return _ROOM_SIZE + len(self.messages) * _MESSAGE_SIZE + self._envelope_bytes

    def keep_envelope(self, message: bytes, envelope: bytes) -> None:
        """Remember the envelope of a message that stands, if there is room."""
        if self.size + len(envelope) <= ROOM_SIZE_MAX:
            self.envelopes[message] = envelope
            self._envelope_bytes += len(envelope)

    def forget_envelope(self, message: bytes) -> None:
        """A message is no more, and nothing of it stays here."""
        envelope = self.envelopes.pop(message, None)
        if envelope is not None:
            self._envelope_bytes -= len(envelope)


class RoomCache:
    """Rooms that something has happened in lately."""

    def __init__(self) -> None:
        self._young: dict[bytes, CachedRoom] = {}
        self._old: dict[bytes, CachedRoom] = {}
        self._size = 0
        self._aged_at = 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def take(self, room: bytes) -> CachedRoom | None:
        """What is remembered of a room; from now on it is the caller's alone."""
        found = self._young.pop(room, None) or self._old.pop(room, None)
        if found is not None:
            self._size -= found.kept_size
        return found

    def keep(self, remembered: CachedRoom) -> None:
        """Remember a room as it was committed."""
        remembered.kept_size = size = remembered.size
        if size > ROOM_SIZE_MAX:
            return
        self._young[remembered.room.room] = remembered
        self._size += size
        while self._size > SIZE_MAX:
            self._age()

    def age(self, monotonic: float) -> None:
        """To be called now and then: forgets what has not been taken for a while."""
        if monotonic - self._aged_at >= IDLE_SECONDS:
            self._aged_at = monotonic
            self._age()

    def _age(self) -> None:
        self._size -= sum(one.kept_size for one in self._old.values())
        self._old, self._young = self._young, {}
