"""The outbox of a socket: frames on their way to one peer, several in one message.

Whoever puts a frame in never waits. The writer takes all that has gathered since its last turn and
sends it as one message; while the peer doesn't take more, frames gather here, up to a bound.
"""

import asyncio
from collections.abc import Callable

from starlette.types import Send

__all__ = ["FRAMES_MAX", "SIZE_MAX", "Outbox"]

#: What may wait for a peer that is not reading: bytes and frames.
SIZE_MAX = 1024 * 1024
FRAMES_MAX = 1000
# More than this is sent as several messages, so that no client needs a large limit of its own.
_MESSAGE_MAX = 256 * 1024


class Outbox:
    """Frames of one socket. `flushed` is called when a message is on its way, `overflow` when the
    peer has not read for too long; after that nothing more is taken.
    """

    def __init__(
        self, send: Send, flushed: Callable[[], None], overflow: Callable[[], None]
    ) -> None:
        self.size = 0
        self._send = send
        self._flushed = flushed
        self._overflow = overflow
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] = []
        self._wake: asyncio.Future[None] | None = None
        self._blocked = False
        self._finishing = False
        self._shut = False

    def put(self, frame: bytes) -> None:
        """Queue one frame."""
        if self._shut:
            return
        self._frames.append(frame)
        self.size += len(frame)
        # Without a message under way all this goes out on the writer's next turn.
        if self._blocked and (self.size > SIZE_MAX or len(self._frames) > FRAMES_MAX):
            self.shut()
            self._overflow()
            return
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def shut(self) -> None:
        """Forget what is queued and take no more."""
        self._shut = True
        self._frames.clear()
        self.size = 0

    def finish(self) -> None:
        """Let the writer end when everything is sent."""
        self._finishing = True
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def write(self) -> None:
        """Send what is queued until finished or cancelled; raises what sending raises."""
        while True:
            if not self._frames:
                if self._finishing:
                    return
                self._wake = self._loop.create_future()
                await self._wake
                self._wake = None
                continue
            text = self._take()
            self._blocked = True
            await self._send({"type": "websocket.send", "text": text})
            self._blocked = False
            self._flushed()

    def _take(self) -> str:
        """The next message: an array of frames (11.1)."""
        taken, self._frames = self._frames, []
        if self.size > _MESSAGE_MAX:
            size = count = 0
            for frame in taken:
                if count and size + len(frame) > _MESSAGE_MAX:
                    break
                size += len(frame)
                count += 1
            taken, self._frames = taken[:count], taken[count:]
            self.size -= size
        else:
            self.size = 0
        return (b"[" + b",".join(taken) + b"]").decode()
