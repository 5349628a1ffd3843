"""What one connection may cost: CPU of the server and its memory, for attacks of so many bytes.

Each shape is generated: kinds of frames, of heads and of handshakes, with what is usual and unusual
of each. A budget is some times what an attack costs now, and a small part of what one costs that
isn't noticed (a megabyte of pings: two seconds). One server for all that leaves it as it was.
"""

import asyncio
import itertools
import json
import re
import select
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from support.machines.database import Server as Postgres
from support.machines.processes import cpu_seconds, resident
from support.machines.raw_line import RawLine, frame_of
from support.machines.server import Program, Serve
from support.people.raw_client import Client, Room
from websockets.frames import Opcode

MIB = 1024 * 1024
PATIENCE = 30
# Of one attack. The server's own work goes on meanwhile, and the kernel's clock has hundredths.
CPU = 0.1
MEMORY = 4 * MIB
SAID = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")


@pytest.fixture(scope="module", name="server")
def patient_server(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    starting = Serve(postgres, tmp_path_factory.mktemp("stalls"))
    server = starting(REQUEST_SECONDS=2, PING_SECONDS=1)
    # Beside what is measured it packs files for a moment.
    spent, before = cpu_seconds(server.pid), 0.0
    while spent - before > 0.05:
        time.sleep(0.25)
        spent, before = cpu_seconds(server.pid), spent
    yield server
    starting.close()


class Bill:
    """What the server has spent since: CPU of the thread that serves, and memory."""

    def __init__(self, server: Program) -> None:
        self._pid = server.pid
        self._cpu, self._memory = self._spent(), resident(self._pid)

    def _spent(self) -> float:
        return cpu_seconds(self._pid, thread=self._pid)

    def pay(self, name: object, attacks: int = 1) -> None:
        """Fail if it is more than so many attacks may cost."""
        cpu, memory = self._spent() - self._cpu, resident(self._pid) - self._memory
        told = f"{name}: {cpu:.2f} s, {memory / MIB:.1f} MiB"
        assert cpu <= CPU * attacks, told
        assert memory <= MEMORY, told


def connection(server: Program) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def answer(server: Program, data: bytes) -> bytes:
    """All that is said to these bytes, until the server ends the connection, which it must.

    Whoever sends and listens at once hears it also if not all is taken.
    """
    heard, sent = b"", 0
    until = time.monotonic() + PATIENCE
    with connection(server) as peer:
        peer.setblocking(False)
        while time.monotonic() < until:
            readable, writable, _ = select.select(
                [peer], [peer] if sent < len(data) else [], [], PATIENCE
            )
            try:
                if writable:
                    sent += peer.send(data[sent : sent + 65536])
                if readable:
                    more = peer.recv(65536)
                    if not more:
                        return heard
                    heard += more
            except (ConnectionResetError, BrokenPipeError):
                return heard
    pytest.fail(f"The connection stays; it was told {heard[:100]!r}.")


def healthy(server: Program) -> bool:
    return SAID.findall(answer(server, request(b"GET", b"/healthz", b"Connection: close"))) == [
        b"200"
    ]


def request(method: bytes, path: bytes, *lines: bytes, body: bytes = b"") -> bytes:
    head = b"%b %b HTTP/1.1\r\nHost: x\r\n" % (method, path)
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


# --- frames ---------------------------------------------------------------------------------------

HELLO = [
    b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Protocol: ephemeral.v1", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
]  # fmt: skip
HANDSHAKE = request(b"GET", b"/room/socket", *HELLO)
# What an end by the server may say; None: it has not the time to.
ENDS = {1000, 1002, 1005, 1007, 1009, 4400, 4429, None}


def raw_frame(opcode: int, data: bytes, *, fin: bool) -> bytes:
    """A frame, allowed or not, masked by zeros."""
    return bytes([fin << 7 | opcode, 0x80 | len(data)]) + bytes(4) + data


def small_frames() -> Iterator[tuple[str, bytes, bytes]]:
    """Name, what comes first, and a frame of which there are then as many as fit."""
    payloads = (b"", b"x", b"x" * 125, b'[{"type":"typing","typing":true}]')
    for opcode, fin, data in itertools.product((*Opcode, 0x3, 0xB), (True, False), payloads):
        begun = raw_frame(Opcode.TEXT, b"", fin=False) if opcode == Opcode.CONT else b""
        name = f"{'whole' if fin else 'open'} {opcode!r} of {len(data)}"
        yield name, begun, raw_frame(opcode, data, fin=fin)


async def welcomed(room: Room) -> RawLine:
    line = RawLine(room.ws_url)
    await line.open()
    await line.hello(room, (await room.member()).token)
    return line


@pytest.fixture
async def client(server: Program) -> AsyncIterator[Client]:
    async with Client(server.url, server.ws_url) as opened:
        yield opened


@pytest.mark.parametrize("early", [True, False], ids=["before hello", "after hello"])
async def test_a_megabyte_of_any_frame_costs_nothing_and_ends_the_socket(
    server: Program, client: Client, *, early: bool
):
    for name, begun, one in small_frames():
        room = await client.room(seats=2)
        line = RawLine(room.ws_url) if early else await welcomed(room)
        if early:
            await line.open()
        bill = Bill(server)
        line.writer.write(begun + one * (MIB // len(one)))
        code = await line.end()
        line.writer.close()
        bill.pay(name)
        assert code in ENDS, name
        if one[0] in {0x80 | Opcode.PING, 0x80 | Opcode.PONG, Opcode.CONT}:
            # They break no rule: only their number does.
            assert code == 4429, name
    assert healthy(server)


async def test_a_burst_of_what_honest_clients_send_is_taken(client: Client):
    """A large message cut up by somebody on the way, each with a ping between, and small ones."""
    line = await welcomed(await client.room(seats=2))
    for ref in range(1, 41):
        data = json.dumps([{"type": "ping", "ref": ref}]).encode().ljust(90_000)
        pieces = [data[at : at + 1024] for at in range(0, len(data), 1024)]
        run = [frame_of(pieces[0], fin=False), frame_of(b"there?", Opcode.PING)]
        run += [frame_of(piece, Opcode.CONT, fin=False) for piece in pieces[1:-1]]
        line.writer.write(b"".join([*run, frame_of(pieces[-1], Opcode.CONT)]))
        await line.writer.drain()
    await line.until(set(range(1, 41)))
    assert len(line.pongs) == 40
    line.writer.close()


# --- heads and bodies -----------------------------------------------------------------------------

CHUNKED = (b"Content-Type: application/json", b"Transfer-Encoding: chunked")
OPEN = b"GET /config HTTP/1.1\r\nHost: x\r\n"
BODY = request(b"POST", b"/rooms", b"Authorization: Bearer " + b"A" * 43, *CHUNKED)
ELSEWHERE = request(b"POST", b"/nowhere", *CHUNKED)
SHAPES = {
    "ends of lines": (b"", b"\r\n", b""),
    "a long method": (b"", b"G", b""),
    "a long address": (b"GET /", b"a", b" HTTP/1.1\r\n\r\n"),
    "a long query": (b"GET /config?", b"a=b&", b" HTTP/1.1\r\n\r\n"),
    "a long name": (OPEN, b"a", b": b\r\n\r\n"),
    "a long value": (OPEN + b"a: ", b"b", b"\r\n\r\n"),
    "a folded value": (OPEN + b"a: b", b"\r\n b", b"\r\n\r\n"),
    "many headers": (OPEN, b"a: b\r\n", b"\r\n"),
    "many empty headers": (OPEN, b"a:\r\n", b"\r\n"),
    "many lines of 8 KiB": (OPEN, b"a: %b\r\n" % (b"b" * 8000), b"\r\n"),
    "many upgrades": (OPEN, b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"\r\n"),
    "a long chunk size": (BODY, b"0", b"\r\n\r\n"),
    "a long extension of a chunk": (BODY + b"1;a=", b"b", b"\r\nx\r\n0\r\n\r\n"),
    "chunks of a byte": (BODY, b"1\r\n \r\n", b"0\r\n\r\n"),
    "chunks of a byte and an extension": (BODY, b"1;a=b\r\n \r\n", b"0\r\n\r\n"),
    "chunks for nobody": (ELSEWHERE, b"1000\r\n" + bytes(4096) + b"\r\n", b"0\r\n\r\n"),
    "blank lines for nobody": (ELSEWHERE, b"1000\r\n" + b"\r\n" * 2048 + b"\r\n", b"0\r\n\r\n"),
    "many trailers": (BODY + b"0\r\n", b"a: b\r\n", b"\r\n"),
    "a long trailer": (BODY + b"0\r\na: ", b"b", b"\r\n\r\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_megabyte_of_any_head_costs_nothing_and_ends_the_connection(server: Program, shape: str):
    before, one, after = SHAPES[shape]
    bill = Bill(server)
    for end in (after, b""):
        heard = answer(server, before + one * (MIB // len(one)) + end)
        statuses = SAID.findall(heard)
        assert set(statuses) <= {b"400", b"404", b"413", b"431"}, statuses
    bill.pay(shape, attacks=2)
    assert healthy(server)


def status_of(server: Program, data: bytes) -> list[bytes]:
    return SAID.findall(answer(server, data))


def test_as_much_as_is_allowed_is_read_and_a_byte_more_is_not(server: Program):
    close = b"Connection: close"
    line = b"GET /config?%b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    room = 8192 - len(line.partition(b"\r\n")[0]) - len(b"\r\n") + len(b"%b")
    for more, status in ((0, b"200"), (1, b"431")):
        assert status_of(server, line % (b"a" * (room + more))) == [status]
        # The two that every request here has are counted, too.
        headers = [b"a: b"] * (98 + more)
        assert status_of(server, request(b"GET", b"/config", close, *headers)) == [status]
        long = b"a: " + b"b" * (8192 - 5 + more)
        assert status_of(server, request(b"GET", b"/config", close, long)) == [status]
        together = sum(len(one) + 2 for one in (b"Host: x", close))
        left = 16384 - together - 8192 - 5
        whole = (b"a: " + b"b" * (8192 - 5), b"a: " + b"b" * (left + more))
        data = request(b"GET", b"/config", close, *whole)
        assert status_of(server, data) == [status]
        # However it is cut.
        with connection(server) as peer:
            for at in range(0, len(data), 1000):
                peer.sendall(data[at : at + 1000])
                time.sleep(0.001)
            assert SAID.findall(peer.recv(65536)) == [status]


# --- what is sent ahead ---------------------------------------------------------------------------


def test_requests_sent_ahead_are_answered_in_their_order_whatever_stands_between(server: Program):
    joined = request(b"POST", b"/room/typing", *CHUNKED, body=b"2\r\n{}\r\n0\r\na: b\r\n\r\n")
    sized = request(
        b"POST", b"/room/typing", b"Content-Type: application/json", b"Content-Length: 6",
        body=b"\r\n\r\n{}",
    )  # fmt: skip
    one = [
        (request(b"GET", b"/healthz"), b"200"),
        (joined, b"401"),
        (request(b"GET", b"/nowhere"), b"404"),
        (sized, b"401"),
        (request(b"HEAD", b"/config"), b"200"),
        (request(b"POST", b"/config"), b"405"),
    ]
    last = request(b"GET", b"/config", b"Connection: close")
    data = b"".join(part for part, _ in one) * 20 + last
    assert status_of(server, data) == [status for _, status in one] * 20 + [b"200"]


def test_whoever_sends_requests_and_reads_nothing_costs_no_memory_and_is_cut_off(server: Program):
    bill = Bill(server)
    with connection(server) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.setblocking(False)
        data, sent = request(b"GET", b"/openapi.json") * 20_000, 0
        # Nobody reads any more when nothing can be sent, or the end is there.
        with suppress(ConnectionResetError, BrokenPipeError):
            while sent < len(data) and select.select([], [peer], [], PATIENCE)[1]:
                sent += peer.send(data[sent:])
            poll = select.poll()
            poll.register(peer, select.POLLHUP | select.POLLERR)
            assert poll.poll(PATIENCE * 1000), "it is cut off"
    bill.pay("reads nothing", attacks=10)
    assert healthy(server)


# --- handshakes -----------------------------------------------------------------------------------


def handshakes() -> Iterator[tuple[str, bytes]]:
    """Heads that ask for a WebSocket, with whatever else may stand in them."""
    bodies = {
        "no body": ([], b""),
        "a length": ([b"Content-Length: 5"], b"hello"),
        "no length": ([b"Content-Length: 0"], b""),
        "a length to wait for": ([b"Content-Length: 500"], b""),
        "chunks": ([b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
    }
    paths = (b"/room/socket", b"/nowhere", b"/room/socket?" + b"a" * 9000, b"/\xff", b"*")
    for (body, (lines, data)), path, method, count in itertools.product(
        bodies.items(), paths, (b"GET", b"POST", b"CONNECT"), (0, 140)
    ):
        more = [b"x-%d: a" % number for number in range(count)]
        name = f"{method.decode()} {path[:20]!r} {body}, {count} headers more"
        yield name, request(method, path, *HELLO, *lines, *more, body=data)
    for at, new in itertools.product(range(len(HELLO)), (b"", b"x", b"\xff" * 24)):
        changed = list(HELLO)
        changed[at] = changed[at].partition(b": ")[0] + b": " + new
        yield f"{changed[at]!r}", request(b"GET", b"/room/socket", *changed, b"Connection: close")
    yield "of an older HTTP", HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0")


def test_every_handshake_has_an_answer_or_hello_to_wait_for_and_leaves_nothing_behind(
    server: Program,
):
    descriptors = Path(f"/proc/{server.pid}/fd")
    before = len(list(descriptors.iterdir()))
    accepted = 0
    bill = Bill(server)
    for name, data in handshakes():
        with connection(server) as peer:
            peer.sendall(data)
            heard = peer.recv(65536)
            [status] = SAID.findall(heard.partition(b"\r\n\r\n")[0]) or [b"none"]
            accepted += status == b"101"
            allowed = {b"101", b"200", b"400", b"401", b"404", b"405", b"426", b"431"}
            assert status in allowed, (name, heard[:100])
            if status not in {b"101", b"200"}:
                while heard:
                    heard = peer.recv(65536)
    bill.pay("handshakes", attacks=10)
    assert 0 < accepted < 10
    until = time.monotonic() + PATIENCE
    while len(list(descriptors.iterdir())) > before and time.monotonic() < until:
        time.sleep(0.05)
    assert len(list(descriptors.iterdir())) <= before


def test_a_stop_ends_in_its_time_whatever_hangs(postgres: Postgres, tmp_path: Path):
    starting = Serve(postgres, tmp_path)
    server = starting(STOP_SECONDS=1, DRAIN_SECONDS=1, REQUEST_SECONDS=600, PING_SECONDS=600)
    with ExitStack() as stack:

        def begin(data: bytes) -> None:
            peer = stack.enter_context(connection(server))
            with suppress(OSError):
                peer.sendall(data)

        for _, data in handshakes():
            begin(data)
        for before, one, _ in SHAPES.values():
            begin(before + one * 3)
        for _, begun, frame in small_frames():
            begin(HANDSHAKE + begun + frame * 3)
        begin(request(b"GET", b"/openapi.json") * 10_000)
        assert healthy(server)
        server.signal(signal.SIGTERM)
        begun = time.monotonic()
        assert server.wait() == 0
        assert time.monotonic() - begun < 1 + 2 * 1 + 5
    starting.close()


# --- other protocols ------------------------------------------------------------------------------

UPGRADES = [
    (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    (b"Connection: upgrade", b"Upgrade: TLS/1.2"),
    (b"Connection: keep-alive, Upgrade", b"Upgrade: websocket, h2c"),
    (b"Upgrade: h2c", b"Connection: x", b"Connection: Upgrade"),
]


@pytest.mark.parametrize("upgrade", UPGRADES, ids=lambda one: one[1].decode())
async def test_an_upgrade_that_is_not_spoken_is_ignored_and_so_is_nothing_else(
    server: Program, client: Client, upgrade: tuple[bytes, ...]
):
    """Body or none, whole or cut, and what is sent behind it."""
    member = await (await client.room()).member()
    lines = [f"{name}: {value}".encode() for name, value in member.headers.items()]
    lines.append(b"Content-Type: application/json")
    body = b'{"typing":true}'
    sized, chunked = b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"
    run = [
        request(b"GET", b"/config", *upgrade),
        request(b"POST", b"/room/typing", *lines, *upgrade, sized, body=body),
        request(
            b"POST", b"/room/typing", *lines, *upgrade, chunked,
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        ),
        request(b"GET", b"/healthz", *upgrade, b"Connection: close, Upgrade"),
    ]  # fmt: skip
    data = b"".join(run)
    assert await asyncio.to_thread(status_of, server, data) == [b"200", b"204", b"204", b"200"]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for byte in range(0, len(data), 7):
        writer.write(data[byte : byte + 7])
        await asyncio.sleep(0)
    assert SAID.findall(await reader.read()) == [b"200", b"204", b"204", b"200"]
    writer.close()


# --- descriptors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [b"", b"GET /conf"], ids=["idle", "begun"])
def test_connections_leave_the_server_the_descriptors_that_it_needs(
    postgres: Postgres, tmp_path: Path, held: bytes
):
    """With 400 connections where 256 files may be open, keys of epochs are made and destroyed."""
    starting = Serve(postgres, tmp_path)
    server = starting(files=256, EPOCH_SECONDS=1, REQUEST_SECONDS=600)
    keys = tmp_path / "server 1" / "keyring"
    with ExitStack() as stack:
        opened = []
        for _ in range(400):
            peer = stack.enter_context(connection(server))
            with suppress(OSError):
                peer.sendall(held)
            opened.append(peer)
        here = {path.name for path in keys.glob("*.key")}
        until = time.monotonic() + PATIENCE
        while {path.name for path in keys.glob("*.key")} & here != {"index.key"}:
            assert time.monotonic() < until, "no key is made or destroyed any more"
            time.sleep(0.1)
        if not held:
            # Those that waited longest have made room.
            assert healthy(server)
            assert opened[0].recv(1) == b""
        for peer in opened[:200]:
            peer.close()
        assert healthy(server)
    starting.close()
