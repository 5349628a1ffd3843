"""A line to a server of this machine on which nothing stays for long."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PIECE = 2**18


class CutLine:
    """Carries connections from a port of its own to another; every so often all of them break.

    `breaks`: whether they do by now. `cut`: how many have broken after something came through them.
    """

    def __init__(self, port: int, seconds: float) -> None:
        self._there = port
        self._seconds = seconds
        self._carried: dict[asyncio.Task[None], int] = {}
        self.port = 0
        self.breaks = False
        self.cut = 0

    @property
    def url(self) -> str:
        """The server's, by this line."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, opened: threading.Event, ended: asyncio.Event) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        opened.set()
        while not ended.is_set():
            try:
                await asyncio.wait_for(ended.wait(), self._seconds)
            except TimeoutError:
                if not self.breaks:
                    continue
                self.cut += sum(1 for carried in self._carried.values() if carried > 0)
                await self._break_off()
        server.close()
        await self._break_off()
        await server.wait_closed()

    async def _break_off(self) -> None:
        tasks = list(self._carried)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried[task] = 0
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._there)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copy(task, reader, back))
                    group.create_task(self._copy(task, there, writer))
            finally:
                back.transport.abort()
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            del self._carried[task]

    async def _copy(
        self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(PIECE):
            self._carried[task] += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()


@contextmanager
def cut_line(port: int, seconds: float) -> Iterator[CutLine]:
    """One in a thread of its own, for tests whose loop is the browsers'."""
    line = CutLine(port, seconds)
    opened, ends = threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def run() -> None:
        ended = asyncio.Event()
        ends.append((asyncio.get_running_loop(), ended))
        await line.serve(opened, ended)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="cut line")
    thread.start()
    opened.wait()
    try:
        yield line
    finally:
        loop, ended = ends[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join()
