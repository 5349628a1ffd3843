"""Hints as Redis carries them: many in one frame, numbered kinds, nothing that is a secret.

A frame is MessagePack: `[version, origin, [[room, kind, event], ...]]`. That much stays the same in
every version, so that a worker of another version still learns which rooms to look after: an event
that it can't read is an UnsureEvent to it. `room` is the keyed hash, `event` the tuple of
`domain/room.py`. An empty room stands for all rooms. A frame without hints is a sign of life.
"""

from collections.abc import Callable, Sequence

import msgspec

from ephemeral.live.bus import Hint
from ephemeral.rooms.rules import room as nouns
from ephemeral.rooms.rules.room import Event, UnsureEvent

__all__ = ["ALL_ROOMS", "VERSION", "FrameBroken", "decode", "encode"]

#: Changes with any change of an event's fields or of the numbers below.
VERSION = 1

#: In place of a room: whatever room it was.
ALL_ROOMS = b""

# Numbers on the wire: new kinds at the end, and a new version.
_KINDS: tuple[type[Event], ...] = (
    nouns.NoticeEvent,
    nouns.OpenedEvent,
    nouns.StoredEvent,
    nouns.AcknowledgedEvent,
    nouns.AudienceEvent,
    nouns.DestroyedEvent,
    nouns.JoinedEvent,
    nouns.LeftEvent,
    nouns.PresenceEvent,
    nouns.TypingEvent,
    nouns.LockedEvent,
    nouns.ClosedEvent,
    nouns.UnsureEvent,
)
_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}


class FrameBroken(Exception):
    """What came is no frame at all."""


class _Frame(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    origin: bytes
    hints: list[tuple[bytes, int, msgspec.Raw]]


_encode = msgspec.msgpack.Encoder().encode
_frame = msgspec.msgpack.Decoder(_Frame).decode
_events = tuple(msgspec.msgpack.Decoder(kind).decode for kind in _KINDS)


def encode(origin: bytes, hints: Sequence[Hint]) -> bytes:
    """One frame; `origin` names the worker that it comes from."""
    rows = [(room, _NUMBERS[type(event)], event) for room, event in hints]
    return _encode((VERSION, origin, rows))


def decode(data: bytes, listens: Callable[[bytes], bool]) -> tuple[bytes, list[Hint]]:
    """Origin and hints; of rooms that nobody `listens` to here nothing is read.

    Raises FrameBroken.
    """
    try:
        frame = _frame(data)
    except msgspec.MsgspecError:
        raise FrameBroken from None
    readable = frame.version == VERSION
    return frame.origin, [
        (room, _event(kind, raw) if readable else UnsureEvent())
        for room, kind, raw in frame.hints
        if room == ALL_ROOMS or listens(room)
    ]


def _event(kind: int, raw: msgspec.Raw) -> Event:
    if not 0 <= kind < len(_events):
        return UnsureEvent()
    try:
        return _events[kind](raw)
    except msgspec.MsgspecError:
        return UnsureEvent()
