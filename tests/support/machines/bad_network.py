"""A network that breaks: connections are delayed, cut, cut in the middle, and half closed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

Opened: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CHUNK = 65_536
#: The longest delay, in seconds.
LONGEST = 0.005


@dataclass
class BadNetwork:
    """Carries connections to where `reach` leads. What befalls a piece of data is drawn.

    Of a hundred pieces, on either way, `often` meet with each mishap, and ten times as many are
    delayed. `mishaps` counts what there was; a network that is `calm` has none.
    """

    reach: Callable[[], Awaitable[Opened]]
    random: Random
    often: float
    calm: bool = True
    port: int = 0
    mishaps: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["BadNetwork"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(near, back))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        ends = [back]
        try:
            with suppress(OSError):
                far, forth = await self.reach()
                ends.append(forth)
                await asyncio.gather(self._pump(near, forth), self._pump(far, back))
        finally:
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            mishap = self._mishap()
            if mishap == "delayed":
                await asyncio.sleep(self.random.uniform(0, LONGEST))
            elif mishap == "cut":
                raise ConnectionAbortedError
            elif mishap is not None:
                writer.write(data[: self.random.randrange(len(data))])
                await writer.drain()
                if mishap == "truncated":
                    raise ConnectionAbortedError
                break
            writer.write(data)
            await writer.drain()
        # This way is closed; the other may go on.
        writer.write_eof()

    def _mishap(self) -> str | None:
        if self.calm:
            return None
        drawn = self.random.uniform(0, 100) / self.often
        kinds = ("cut", "truncated", "half closed")
        mishap = kinds[int(drawn)] if drawn < 3 else "delayed" if drawn < 13 else None
        if mishap is not None:
            self.mishaps[mishap] += 1
        return mishap
