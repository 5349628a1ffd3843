"""Lines of a file descriptor, as they come, while the event loop goes on."""

import asyncio
import os
from collections.abc import AsyncIterator

__all__ = ["LINE_LIMIT", "chunks", "lines"]

#: A line beyond this many bytes is cut into several: no message could hold it.
LINE_LIMIT = 65_536
_CHUNK = 4096


async def chunks(descriptor: int) -> AsyncIterator[bytes]:
    """What can be read, as soon as it can be, until the end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
        watched = True
    except PermissionError:
        # A regular file can't be watched; reading it never waits for long.
        watched = False
    try:
        while True:
            if watched:
                await ready.wait()
                ready.clear()
            try:
                data = os.read(descriptor, _CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                # A terminal that went away is the end of its input.
                return
            if not data:
                return
            yield data
    finally:
        if watched:
            loop.remove_reader(descriptor)


async def lines(descriptor: int) -> AsyncIterator[bytes]:
    """Lines without their line feed; the last one also if it has none."""
    rest = b""
    async for data in chunks(descriptor):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line
        while len(rest) > LINE_LIMIT:
            yield rest[:LINE_LIMIT]
            rest = rest[LINE_LIMIT:]
    if rest:
        yield rest
