"""A request that waits: for something to happen, until its time is over or its sender has gone."""

import asyncio
from contextlib import suppress

from ephemeral.edge.limiter import Visitor

__all__ = ["Hold"]


class Hold:
    """One request that waits, of `visitor`. It counts as a socket."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        #: Who waits has gone, or is to ask another process.
        self.over = False
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something has happened. Never blocks."""
        self._woken.set()

    def end(self) -> None:
        """Wait no longer."""
        self.over = True
        self._woken.set()

    def listen(self) -> None:
        """What happens from now on ends the next `sleep`, even if it happens before that begins."""
        if not self.over:
            self._woken.clear()

    async def sleep(self, seconds: float) -> None:
        """Until something happens, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
