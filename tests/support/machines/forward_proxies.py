"""A proxy of the network, through which clients go out: by HTTP CONNECT, and by SOCKS5."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536
BY_NAME, BY_ADDRESS = 3, 1


class ForwardProxy:
    """Carries whatever is asked for to one port of this machine, and remembers what it was.

    `refuses`: answers with this instead (a status of HTTP, or a reply of SOCKS). `asks`: for whose
    name and password.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.port = 0
        self.refuses: int | None = None
        self.asks: tuple[str, str] | None = None
        #: How it was asked, and for which host and port.
        self.asked: list[tuple[str, str, int]] = []

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        forth = None
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                first = await near.readexactly(1)
                granted = await (self._socks if first == b"\x05" else self._http)(near, back)
                if granted:
                    far, forth = await asyncio.open_connection("127.0.0.1", self._target)
                    await asyncio.gather(_pump(near, forth), _pump(far, back))
        finally:
            for writer in (back, forth):
                if writer is not None:
                    writer.transport.abort()

    async def _http(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> bool:
        head = (await near.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        host, _, port = head[0].split()[1].rpartition(":")
        self.asked.append(("http", host, int(port)))
        status = self.refuses or 200
        if self.asks is not None:
            right = base64.b64encode(":".join(self.asks).encode()).decode()
            if f"proxy-authorization: basic {right}".lower() not in map(str.lower, head):
                status = 407
        # In two segments, as some do; and what says no may say anything.
        back.write(f"HTTP/1.1 {status} {'Yes' if status == 200 else chr(27)}\r\n".encode())
        await back.drain()
        await asyncio.sleep(0)
        back.write(b"Content-Length: 0\r\n\r\n" if status != 200 else b"\r\n")
        await back.drain()
        return status == 200

    async def _socks(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> bool:
        methods = await near.readexactly((await near.readexactly(1))[0])
        wanted = 0 if self.asks is None else 2
        back.write(bytes([5, wanted if wanted in methods else 0xFF]))
        if wanted not in methods:
            return False
        if self.asks is not None:
            await near.readexactly(1)
            told = [(await near.readexactly((await near.readexactly(1))[0])).decode() for _ in "np"]
            back.write(bytes([1, told != list(self.asks)]))
            if told != list(self.asks):
                return False
        kind = (await near.readexactly(4))[3]
        size = 4 if kind == BY_ADDRESS else (await near.readexactly(1))[0]
        host = await near.readexactly(size)
        port = int.from_bytes(await near.readexactly(2), "big")
        named = host.decode() if kind == BY_NAME else ".".join(map(str, host))
        self.asked.append(("socks5 by name" if kind == BY_NAME else "socks5", named, port))
        reply = bytes([5, self.refuses or 0, 0, 1, 0, 0, 0, 0, 0, 0])
        # In pieces, as a network may.
        back.write(reply[:3])
        await back.drain()
        await asyncio.sleep(0)
        back.write(reply[3:])
        return not self.refuses


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.transport.close()


@contextmanager
def forward_proxy(port: int) -> Iterator[ForwardProxy]:
    """A proxy in a thread of its own, which leads to this port."""
    loop = asyncio.new_event_loop()
    proxy = ForwardProxy(port)
    ready, over = threading.Event(), asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()
        await over.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # What was aborted is closed in the loop's next turn.
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=[run()], name="proxy")
    thread.start()
    ready.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
