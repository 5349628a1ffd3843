"""A way to a server on which the connection can be lost, as a train loses it."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CHUNK = 65_536


class Tunnel:
    """Carries connections from a port of its own to a server's.

    `change` is given what comes from clients, and gives what is passed on.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, port: int, tls: ssl.SSLContext | None = None
    ) -> None:
        self._loop = loop
        self._target = port
        self._tls = tls
        self.change: Callable[[bytes], bytes] = lambda data: data
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = True
        self._deaf = False
        self.port = 0

    async def listen(self) -> asyncio.Server:
        """Begins; `port` is known then."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def cut(self) -> None:
        """Every connection is lost, and none can be made."""
        self._loop.call_soon_threadsafe(self._set, False, False)

    def deafen(self) -> None:
        """What is sent still arrives; of the answers nothing comes back."""
        self._loop.call_soon_threadsafe(self._set, True, True)

    def lead_to(self, port: int) -> None:
        """New connections go to another server; those that there are stay where they are."""
        self._target = port

    def restore(self) -> None:
        """Connections can be made again."""
        self._loop.call_soon_threadsafe(self._set, True, False)

    def _set(self, is_open: bool, deaf: bool) -> None:
        self._open, self._deaf = is_open, deaf
        if not is_open:
            for writer in self._writers:
                writer.transport.abort()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if not self._open:
            back.transport.abort()
            return
        far, forth = await asyncio.open_connection("127.0.0.1", self._target)
        both = {back, forth}
        self._writers |= both
        try:
            await asyncio.gather(self._pump(near, forth), self._pump(far, back, answers=True))
        except OSError:
            pass
        finally:
            self._writers -= both
            for writer in both:
                writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        while data := await reader.read(CHUNK):
            if answers and self._deaf:
                continue
            writer.write(data if answers else self.change(data))
            await writer.drain()
        writer.transport.close()


@contextmanager
def tunnel_to(port: int, tls: ssl.SSLContext | None = None) -> Iterator[Tunnel]:
    """A tunnel to a server of this machine, open at first; it runs in a thread of its own.

    `tls`: what its near end speaks, as a front's does.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tunnel", daemon=True)
    thread.start()
    tunnel = Tunnel(loop, port, tls)
    server = asyncio.run_coroutine_threadsafe(tunnel.listen(), loop).result()
    try:
        yield tunnel
    finally:
        tunnel.cut()
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_finish(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _finish() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
