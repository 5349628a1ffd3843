"""The notices of rooms as they are told, encoded once for each version of a room.

Of all that is told of a room they alone are large: 500 of them with long audiences are 750 KB, and
reading and encoding them takes longer than everything else that a member may ask for. Whoever
changes anything in a room gives it a new version, so what was made under one version is true as
long as the room has it, and until a message expires or a lease ends. Who is a member and who is
present is not in it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.rooms.rows import room_rows
from ephemeral.rooms.rules.views import notice_of

if TYPE_CHECKING:
    from ephemeral.rooms.rules.room import Message, Notice, RoomView
    from ephemeral.store.postgres import Connection

__all__ = ["SIZE_MAX", "NoticeCache"]

#: Bytes that all rooms together may take.
SIZE_MAX = 32 * 1024 * 1024

#: What nobody asks for is forgotten after this many seconds to twice as many.
IDLE_SECONDS = 30

# What a room with nothing in it takes besides, generously.
_ROOM_SIZE = 512


class _Kept(NamedTuple):
    """Encoded notices. `since`, `until`: times, in ms, from and before which they are true."""

    version: int
    since: int
    until: int | None
    notices: bytes

    def holds(self, shown: RoomView) -> bool:
        """Whether that is what a room has to tell that looks like this."""
        within = self.since <= shown.now and (self.until is None or shown.now < self.until)
        return self.version == shown.version and within


class NoticeCache:
    """`encode` makes the JSON array of notices; `size` bounds what all of them take, in bytes."""

    def __init__(self, encode: Callable[[Sequence[Notice]], bytes], size: int = SIZE_MAX) -> None:
        self._encode = encode
        self._most = size
        self._size = 0
        # Those that were asked for last at the end.
        self._rooms: OrderedDict[bytes, _Kept] = OrderedDict()
        self._asked: set[bytes] = set()
        self._aged_at = 0.0
        # What is being read at this moment: by room and version.
        self._reading: dict[tuple[bytes, int], asyncio.Event] = {}

    async def of(self, connection: Connection, room: bytes, shown: RoomView) -> bytes:
        """The notices of a room that was `shown` so in this transaction, encoded.

        Who asks while another reads the same waits for that: when something happens in a room,
        all its members may ask at once.
        """
        key = room, shown.version
        while True:
            kept = self._get(room, shown)
            if kept is not None:
                return kept
            others = self._reading.get(key)
            if others is None:
                break
            await others.wait()
        done = self._reading[key] = asyncio.Event()
        try:
            return self._keep(room, shown, await _messages(connection, room))
        finally:
            del self._reading[key]
            done.set()

    def age(self, monotonic: float) -> None:
        """To be called now and then: forgets what has not been asked for lately.

        Of a room that has ended nothing is to stay here for long.
        """
        if monotonic - self._aged_at < IDLE_SECONDS:
            return
        self._aged_at = monotonic
        for room in [one for one in self._rooms if one not in self._asked]:
            self._forget(room)
        self._asked.clear()

    def _get(self, room: bytes, shown: RoomView) -> bytes | None:
        kept = self._rooms.get(room)
        if kept is None or not kept.holds(shown):
            return None
        self._rooms.move_to_end(room)
        self._asked.add(room)
        return kept.notices

    def _keep(self, room: bytes, shown: RoomView, messages: Sequence[Message]) -> bytes:
        now = shown.now
        living = [one for one in messages if one.expires_at > now]
        notices = self._encode([notice_of(one, now) for one in living])
        times = (time for one in living for time in (one.expires_at, one.lease_until))
        ends = (time for time in times if time is not None and time > now)
        self._forget(room)
        self._asked.add(room)
        self._rooms[room] = _Kept(shown.version, now, min(ends, default=None), notices)
        self._size += _ROOM_SIZE + len(notices)
        while self._size > self._most:
            self._forget(next(iter(self._rooms)))
        return notices

    def _forget(self, room: bytes) -> None:
        kept = self._rooms.pop(room, None)
        self._asked.discard(room)
        if kept is not None:
            self._size -= _ROOM_SIZE + len(kept.notices)


async def _messages(connection: Connection, room: bytes) -> list[Message]:
    messages = await room_rows.messages_of_room(connection, room)
    await room_rows.audiences(connection, messages)
    return messages
