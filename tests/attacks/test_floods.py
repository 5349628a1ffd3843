"""Floods: thousands who begin and never end, who say too much, or something that grows.

The server's memory stays within bounds, it goes on answering others, and what was begun is ended by
it in time. The figures are generous: a bound that is missed by a little is no finding, one
that grows with what was sent is.
"""

import asyncio
import contextlib
import gzip
import resource
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from support.machines.database import Server as Postgres
from support.machines.processes import status
from support.machines.server import AT_ANY_PACE, Program, Serve
from support.people.raw_client import PATIENCE, Client, text

MIB = 1024 * 1024
# As many as make a difference, and as one process may open.
CONNECTIONS = min(1500, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
# What one connection may cost: uvicorn's objects, and 64 KiB of headers at most.
EACH = 128 * 1024

BEGINNINGS = {
    "nothing": b"",
    "headers": b"GET /config HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 2000,
    "a body": b"POST /rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 90000\r\n\r\n" + b"a" * 2000,
    "a handshake": b"GET /room/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
}
HANDSHAKE = BEGINNINGS["a handshake"] + (
    b"Sec-WebSocket-Protocol: ephemeral.v1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def resident(server: Program) -> int:
    """Bytes of memory that the server has."""
    return int(status(server.pid)["VmRSS"].split()[0]) * 1024


@contextmanager
def connections(server: Program, count: int) -> Iterator[list[socket.socket]]:
    """So many at once."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE))
            for _ in range(count)
        ]


@pytest.fixture(scope="module", name="server")
def impatient_server(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """One server for all, which waits as long as is usual for hello, and no longer for requests."""
    starting = Serve(postgres, tmp_path_factory.mktemp("floods"))
    yield starting(REQUEST_SECONDS=5, TRUSTED_PROXIES="127.0.0.1", **AT_ANY_PACE)
    starting.close()


@pytest.fixture
async def client(server: Program) -> AsyncIterator[Client]:
    async with Client(server.url, server.ws_url) as opened:
        yield opened


async def test_thousands_who_begin_and_never_end_cost_little_are_cut_off_and_stall_nobody(
    server: Program, client: Client
):
    member = await (await client.room()).member()
    before = resident(server)
    with connections(server, CONNECTIONS) as opened:
        everything = [*BEGINNINGS.values(), HANDSHAKE, HANDSHAKE + b"\x81\xfe\xff\xff"]
        for number, connection in enumerate(opened):
            connection.sendall(everything[number % len(everything)])
        assert (await client.api.get("/config")).status_code == 200
        async with member.line() as line:
            assert (await line.ask("ping"))["type"] == "ok"
        grown = resident(server) - before
        assert grown < CONNECTIONS * EACH
        await asyncio.to_thread(drain, opened)
    print(f"{CONNECTIONS} connections, {grown / MIB:.1f} MiB more")
    assert (await client.api.get("/healthz")).status_code == 200


def drain(opened: list[socket.socket]) -> None:
    """Read until the server has ended each; fails if it doesn't."""
    for connection in opened:
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


async def test_a_flood_over_http_and_sockets_leaves_the_memory_as_it_was(
    server: Program, client: Client
):
    """Big bodies, unknown rooms, typing without end: after the first third it costs no more."""
    room = await client.room(seats=3)
    author, reader = await room.member(), await room.member()
    sizes = []
    async with author.line() as line, reader.line() as other:
        for _ in range(3):
            await asyncio.gather(*(flood(client) for _ in range(8)))
            for number in range(2_000):
                await line.socket.send(TYPING[number % 2])
            assert (await line.ask("ping"))["type"] == "ok"
            told = await other.settle()
            assert {one["type"] for one in told} <= {"typing", "presence", "welcome"}
            sizes.append(resident(server))
    print([f"{size / MIB:.1f} MiB" for size in sizes])
    assert sizes[2] - sizes[0] < 16 * MIB


TYPING = ('[{"type":"typing","typing":true}]', '[{"type":"typing","typing":false}]')
BIG = b'{"typing":true}'.ljust(90_000)


async def flood(client: Client) -> None:
    """What one machine might send in a moment, under names that are all new."""
    for number in range(8):
        headers = {
            "Authorization": f"Bearer {text(32)}",
            "Ephemeral-Member": text(32),
            "Content-Type": "application/json",
            "X-Forwarded-For": f"2001:db8:{number:x}:{secrets.token_hex(2)}::1",
        }
        answer = await client.api.get("/room/messages", headers=headers)
        assert answer.status_code == 404
        answer = await client.api.post("/room/typing", headers=headers, content=BIG)
        assert answer.status_code == 404


async def test_a_compressed_body_is_not_unpacked(server: Program, client: Client):
    """Ten megabytes of blanks in ten kilobytes: bytes that are no JSON."""
    member = await (await client.room()).member()
    bomb = gzip.compress(b'{"typing":true}'.ljust(10 * MIB))
    assert len(bomb) < 20_000
    before = resident(server)
    for coding in ("gzip", "br", "deflate", "zstd", "gzip, gzip"):
        headers = {"Content-Type": "application/json", "Content-Encoding": coding}
        answer = await client.api.post(
            "/room/typing", headers=headers | member.headers, content=bomb
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed")
    assert resident(server) - before < 8 * MIB


async def test_compressed_frames_are_not_agreed_on_and_end_the_socket(server: Program):
    offer = b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(HANDSHAKE[:-2] + offer + b"\r\n")
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        assert b"permessage-deflate" not in head.lower()
        # The bit of a compressed message, in a frame of a few bytes that would be many.
        writer.write(b"\xc1\x85" + bytes(4) + b"\xaa\x56\x4a\x2c\x2d")
        closing = await reader.read()
        # A close by 1002, and in words why.
        assert (closing[0], closing[2:4]) == (0x88, b"\x03\xea")
    writer.close()
