"""Hints as Redis carries them: many in one frame, numbered kinds, nothing that is a secret.

A frame is MessagePack: `[version, origin, [[topic, kind, event], ...]]`. That much stays the same
in every version, so that a worker of another version still learns which topics to look after: an
event that it can't read is an UnsureEvent to it. `topic` is the keyed hash of a room, or whatever
else a wing has, `event` the tuple of its kind. An empty topic stands for all. A frame without hints
is a sign of life.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from ephemeral.live.bus import Event, Hint, UnsureEvent

__all__ = ["ALL_TOPICS", "VERSION", "FrameBroken", "HintCodec"]

#: Changes with any change of an event's fields or of the numbers of kinds.
VERSION = 2

#: In place of a topic: whatever topic it was.
ALL_TOPICS = b""

#: The bus's own kind, under the number that it has had among those of rooms.
UNSURE = 12


class FrameBroken(Exception):
    """What came is no frame at all."""


class _Frame(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    origin: bytes
    hints: list[tuple[bytes, int, msgspec.Raw]]


_encode = msgspec.msgpack.Encoder().encode
_frame = msgspec.msgpack.Decoder(_Frame).decode


class HintCodec:
    """Writes and reads frames of the kinds that wings have registered."""

    def __init__(self) -> None:
        self._numbers: dict[type[Event], int] = {}
        self._decoders: dict[int, Callable[[bytes], Event]] = {}
        self.register({UNSURE: UnsureEvent})

    def register(self, kinds: Mapping[int, type[Event]]) -> None:
        """Know these kinds too. No number may mean two; numbers once used are not given again."""
        for number, kind in kinds.items():
            if number in self._decoders:
                raise ValueError(f"two kinds of hints have the number {number}")
            self._numbers[kind] = number
            self._decoders[number] = msgspec.msgpack.Decoder(kind).decode

    def encode(self, origin: bytes, hints: Sequence[Hint]) -> bytes:
        """One frame; `origin` names the worker that it comes from."""
        numbers = self._numbers
        rows = [(topic, numbers[type(event)], event) for topic, event in hints]
        return _encode((VERSION, origin, rows))

    def decode(self, data: bytes, listens: Callable[[bytes], bool]) -> tuple[bytes, list[Hint]]:
        """Origin and hints; of topics that nobody `listens` to here nothing is read.

        Raises FrameBroken.
        """
        try:
            frame = _frame(data)
        except msgspec.MsgspecError:
            raise FrameBroken from None
        readable = frame.version == VERSION
        return frame.origin, [
            (topic, self._event(kind, raw) if readable else UnsureEvent())
            for topic, kind, raw in frame.hints
            if topic == ALL_TOPICS or listens(topic)
        ]

    def _event(self, kind: int, raw: msgspec.Raw) -> Event:
        decode = self._decoders.get(kind)
        if decode is None:
            return UnsureEvent()
        try:
            return decode(raw)
        except msgspec.MsgspecError:
            return UnsureEvent()
