"""A wire whose peer doesn't do its part, on a connection that is short enough to show it."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from support.machines.raw_line import frame_of
from uvicorn.server import ServerState
from websockets.frames import Opcode

from ephemeral.edge.pace import Pace
from ephemeral.edge.pulse import Pulse
from ephemeral.edge.socket_wire import SocketWire
from ephemeral.edge.wire import WIRE, Wire
from ephemeral.protocol.limits import FRAME_MAX

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"User-Agent: some browser, 7.3\r\n\r\n"
)
BEAT_SECONDS = 0.1
PATIENCE = 20


class Owner:
    """Accepts, takes everything, and notes what it is told."""

    def __init__(self, burst: int = 100_000) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.texts: list[bytes] = []
        self.wire: Wire
        self._burst = burst
        self._lost = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is lost."""
        await receive()
        await send({"type": "websocket.accept"})
        self.wire = scope["extensions"][WIRE]
        self.wire.attach(self, Pace(1, self._burst, asyncio.get_running_loop().time()))
        await self._lost.wait()

    def received(self, text: bytes) -> None:
        self.texts.append(text)
        self.told.put_nowait("text")

    def received_binary(self) -> None:
        self.told.put_nowait("binary")

    def flooded(self) -> None:
        self.told.put_nowait("flooded")

    def writable(self) -> None:
        self.told.put_nowait("writable")

    def stalled(self) -> None:
        self.told.put_nowait("stalled")

    def lost(self, code: int | None = None) -> None:
        self._lost.set()

    async def hear(self, word: str) -> None:
        """Return when this is told."""
        async with asyncio.timeout(PATIENCE):
            while await self.told.get() != word:
                pass


class Peer:
    """The other end, which reads when it is asked to."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._loop = asyncio.get_running_loop()

    async def read(self, size: int = 65536) -> bytes:
        async with asyncio.timeout(PATIENCE):
            return await self._loop.sock_recv(self._end, size)

    async def write(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._loop.sock_sendall(self._end, data)


@asynccontextmanager
async def connected(app: ASGIApp, handshake_seconds: float = 60) -> AsyncIterator[Peer]:
    """A wire on a short connection, to which a handshake was sent."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    config = uvicorn.Config(
        app, ws_max_size=FRAME_MAX, ws_per_message_deflate=False, ws_ping_interval=None,
        lifespan="off", interface="asgi3", log_config=None,
    )  # fmt: skip
    state = ServerState()
    made = partial(SocketWire, config, state, {}, pulse=Pulse(BEAT_SECONDS))
    loop = asyncio.get_running_loop()
    wire = made(handshake_seconds=handshake_seconds)
    await loop.connect_accepted_socket(lambda: wire, ours)
    peer = Peer(theirs)
    await peer.write(HANDSHAKE)
    try:
        yield peer
    finally:
        theirs.close()
        wire.transport.abort()
        for task in state.tasks:
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)


@asynccontextmanager
async def accepted(owner: Owner) -> AsyncIterator[Peer]:
    async with connected(owner) as peer:
        assert (await peer.read()).startswith(b"HTTP/1.1 101 ")
        yield peer


async def test_of_the_pings_of_a_peer_that_does_not_read_the_last_one_is_answered():
    owner = Owner()
    async with accepted(owner) as peer:
        pings = [b"%06d" % number for number in range(20_000)]
        await peer.write(b"".join(frame_of(ping, Opcode.PING) for ping in pings))
        await peer.write(frame_of(b"taken"))
        await owner.hear("text")
        heard = b""
        while not heard.endswith(b"\x8a\x06" + pings[-1]):
            heard += await peer.read()
        pongs = heard.replace(b"\x89\x00", b"").split(b"\x8a\x06")[1:]
        assert pongs == sorted(set(pongs)), "in their order"
        # What the transport takes before it says that it is enough.
        assert len(heard) < 200_000
        assert len(pongs) < len(pings)


async def test_a_peer_that_takes_nothing_is_told_of_and_a_slow_one_is_not():
    owner = Owner()
    async with accepted(owner) as peer:
        for _ in range(3):
            owner.wire.write(b"x" * 100_000)
        assert owner.wire.blocked
        # A little with each beat, for several: it is slow, but it reads.
        for _ in range(40):
            await peer.read(3_000)
            await asyncio.sleep(BEAT_SECONDS / 4)
        assert owner.told.empty()
        await owner.hear("stalled")
        await peer.write(frame_of(b"still here"))
        while owner.wire.blocked:
            await peer.read()
        await owner.hear("writable")


@pytest.mark.parametrize("burst", [1, 7])
async def test_what_is_over_the_pace_is_not_looked_into(burst: int):
    """Whatever kind it is; and a message in pieces of some size counts as one."""
    owner = Owner(burst)
    async with accepted(owner) as peer:
        pieces = [frame_of(b"x" * 1024, fin=False), frame_of(b"x" * 1024, Opcode.CONT, fin=False)]
        message = b"".join([*pieces, pieces[1], frame_of(b"x" * 1024, Opcode.CONT)])
        others = [frame_of(b"text"), frame_of(b"", Opcode.PONG), frame_of(b"", Opcode.PING)]
        await peer.write(message + b"".join((others * burst)[: burst - 1]))
        await peer.write(frame_of(b"too much") + b"\xff" * 1000)
        await owner.hear("flooded")
        assert owner.texts == [b"x" * 4096] + [b"text"] * ((burst + 1) // 3)
        owner.wire.close(4429)
        heard = b""
        while more := await peer.read():
            heard += more
        assert heard.endswith(b"\x88\x02\x11\x4d")


async def test_a_handshake_that_nobody_answers_has_its_time():
    async def silent(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async with connected(silent, handshake_seconds=0.05) as peer:
        assert await peer.read() == b""


def held(text: str) -> int:
    """How often anything holds this very text, or its bytes."""
    sought = {text, text.encode()}
    return sum(
        type(one) in {str, bytes} and one in sought
        for holder in gc.get_objects()
        for one in gc.get_referents(holder)
    )


async def test_of_a_handshake_nothing_is_kept_that_the_peer_said_of_itself():
    owner = Owner()
    agent = HANDSHAKE.decode().partition("User-Agent: ")[2].strip()
    before = held(agent)
    async with accepted(owner) as peer:
        await peer.write(frame_of(b"taken"))
        await owner.hear("text")
        assert held(agent) == before


async def test_an_error_in_a_handshake_is_answered_and_told_to_the_loop():
    told: list[object] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    broken = pytest.MonkeyPatch()

    def fail(*_: object) -> None:
        raise AssertionError("in a handshake")

    try:
        broken.setattr(SocketWire, "handle_events", fail)
        async with connected(Owner()) as peer:
            assert (await peer.read()).startswith(b"HTTP/1.1 500 ")
            assert await peer.read() == b""
    finally:
        broken.undo()
        loop.set_exception_handler(before)
    assert [str(error) for error in told] == ["in a handshake"]
