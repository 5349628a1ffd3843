"""Connections that begin and never end: a request has its time, and then it is cut off."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from support.machines.addresses import Minted
from support.machines.server import Program
from support.people.raw_client import Client

from ephemeral.store.objects.sweeping import PROBES

PATIENCE = 30
HALF_REQUESTS = {
    "nothing": b"",
    "half a request line": b"GET /con",
    "half of the headers": b"GET /config HTTP/1.1\r\nHost: here\r\nX-Slow: ",
    "half a body": b"POST /rooms HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{",
    "half a second request": b"GET /config HTTP/1.1\r\nHost: here\r\n\r\nGET /con",
}


@pytest.mark.parametrize("sent", HALF_REQUESTS.values(), ids=HALF_REQUESTS.keys())
async def test_a_request_that_never_ends_is_cut_off(
    serve: Callable[..., Program], sent: bytes
) -> None:
    program = serve(REQUEST_SECONDS=1)
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        await reader.read()
    writer.close()
    again, closing = await asyncio.open_connection("127.0.0.1", program.port)
    closing.write(b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        assert (await again.read()).startswith(b"HTTP/1.1 200")
    closing.close()


@pytest.mark.parametrize("comes", [True, False])
async def test_what_is_stored_may_come_slowly_as_long_as_it_comes(
    serve: Callable[..., Program], comes: bool
) -> None:
    program = serve(REQUEST_SECONDS=1)
    minted = Minted(program)
    size, pieces = 600_000, 10
    put = minted.addresses.put(f"{minted.own}{PROBES}a/0", size)
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    lines = [f"PUT {put.url} HTTP/1.1", "host: here", f"content-length: {size}"]
    lines += [f"{name}: {value}" for name, value in put.headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(PATIENCE):
        for _ in range(pieces if comes else 1):
            # Twice as long as a request may take, and each time something.
            writer.write(bytes(size // pieces))
            await asyncio.sleep(0.25)
        if comes:
            assert (await reader.readline()) == b"HTTP/1.1 201 Created\r\n"
        else:
            assert await reader.read() == b""
    writer.close()
    objects = Path(program.environment["DATA_DIR"]) / "objects"
    kept = [path.stat().st_size for path in objects.rglob("probe/a/*")]
    assert kept == ([size] if comes else [])


async def test_an_answered_connection_outlives_the_time_of_a_request(
    serve: Callable[..., Program],
) -> None:
    """The time is that of each request, not of the connection: a socket stays."""
    program = serve(REQUEST_SECONDS=1)
    async with Client(program.url, program.ws_url) as client:
        member = await (await client.room()).member()
        async with member.line() as line:
            loop = asyncio.get_running_loop()
            until = loop.time() + 1.5
            while loop.time() < until:
                await line.ask("ping")
                await asyncio.sleep(0.1)
