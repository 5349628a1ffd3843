"""Lines of a file descriptor, as they come, while the event loop goes on."""

import asyncio
import os
from collections.abc import AsyncGenerator

__all__ = ["LINE_LIMIT", "chunks", "lines"]

#: A line beyond this many bytes is cut into several: no message could hold it.
LINE_LIMIT = 65_536
_CHUNK = 4096


async def chunks(descriptor: int) -> AsyncGenerator[bytes]:
    """What can be read, as soon as it can be, until the end."""
    while True:
        await _readable(descriptor)
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


async def _readable(descriptor: int) -> None:
    """Wait until a read from `descriptor` would not block."""
    loop = asyncio.get_running_loop()
    # One for each wait: what is told after a read may speak of what was read already.
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:
        # A regular file can't be watched; reading it never waits for long.
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


async def lines(descriptor: int) -> AsyncGenerator[bytes]:
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
