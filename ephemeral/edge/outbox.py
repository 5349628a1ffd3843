"""The outbox of a socket: frames on their way to one peer, several in one message.

Whoever puts a frame in never waits. All that gathers in a turn of the event loop goes out as one
message; while the peer doesn't take more, frames gather here, up to a bound.
"""

import asyncio
from collections.abc import Callable

from ephemeral.edge.wire import Wire

__all__ = ["FRAMES_MAX", "SIZE_MAX", "Flusher", "Outbox"]

#: What may wait for a peer that is not reading: bytes and frames.
SIZE_MAX = 1024 * 1024
FRAMES_MAX = 1000
# More than this is sent as several messages, so that no client needs a large limit of its own.
_MESSAGE_MAX = 256 * 1024


class Flusher:
    """The outboxes that are to be emptied in this turn of the event loop.

    One callback for all of them costs less than one for each.
    """

    def __init__(self) -> None:
        self._due: list[Outbox] = []

    def add(self, outbox: "Outbox") -> None:
        """Flush `outbox` once everything that is happening now has happened."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._flush_all)
        self._due.append(outbox)

    def _flush_all(self) -> None:
        due, self._due = self._due, []
        for outbox in due:
            try:
                outbox.flush()
            except Exception as error:  # noqa: BLE001 - one that can't must not hold up the others
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "An outbox could not be emptied.", "exception": error}
                )


class Outbox:
    """Frames of one socket; `size` is how many bytes wait.

    `flushed` is called when everything is on its way, `overflow` when the peer has not read for too
    long; after that nothing more is taken. Neither may raise.
    """

    __slots__ = (
        "_flushed",
        "_flusher",
        "_frames",
        "_overflow",
        "_scheduled",
        "_shut",
        "_wire",
        "size",
    )

    def __init__(
        self,
        wire: Wire,
        flusher: Flusher,
        flushed: Callable[[], None],
        overflow: Callable[[], None],
    ) -> None:
        self.size = 0
        self._wire = wire
        self._flusher = flusher
        self._flushed = flushed
        self._overflow = overflow
        self._frames: list[bytes] = []
        self._scheduled = False
        self._shut = False

    def put(self, frame: bytes) -> None:
        """Queue one frame."""
        if self._shut:
            return
        self._frames.append(frame)
        self.size += len(frame)
        if self._wire.blocked:
            if self.size > SIZE_MAX or len(self._frames) > FRAMES_MAX:
                self.shut()
                self._overflow()
        elif not self._scheduled:
            self._scheduled = True
            self._flusher.add(self)

    def shut(self) -> None:
        """Forget what is queued and take no more."""
        self._shut = True
        self._frames.clear()
        self.size = 0

    def flush(self) -> None:
        """Send what is queued, as far as the peer takes it."""
        self._scheduled = False
        wire = self._wire
        while (frames := self._frames) and not wire.blocked:
            if self.size > _MESSAGE_MAX:
                frames = self._first_of(frames)
            else:
                self._frames, self.size = [], 0
            # An array of frames (11.1).
            wire.write(b"[%b]" % (frames[0] if len(frames) == 1 else b",".join(frames)))
        if not self._frames:
            self._flushed()

    def _first_of(self, frames: list[bytes]) -> list[bytes]:
        """As many as one message may have; the others stay."""
        size = count = 0
        for frame in frames:
            if count and size + len(frame) > _MESSAGE_MAX:
                break
            size += len(frame)
            count += 1
        self._frames = frames[count:]
        self.size -= size
        return frames[:count]
