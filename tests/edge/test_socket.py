"""A socket without a network: how far it goes with a message of many frames."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

from msgspec import Struct

from ephemeral.edge.credentials import Caller
from ephemeral.edge.limiter import Action
from ephemeral.edge.operations import Deferred, Operation
from ephemeral.edge.outbox import Flusher
from ephemeral.edge.pace import Pace
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.socket import Socket
from ephemeral.edge.socket_frames import SocketFrames
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import FRAMES_MAX

# Of the work that a socket may have under way, so much is one of these.
_WEIGHT = 8
_MOST = 64 // _WEIGHT


class NumberBody(Struct, forbid_unknown_fields=True):
    number: int


class WireEnd:
    """The other end of the wire: what was written, and whether reading pauses."""

    def __init__(self) -> None:
        self.blocked = self.paused = False
        self.said: list[dict[str, Any]] = []
        self.closed: int | None = None

    def attach(self, handler: Socket, pace: Pace) -> None:
        pass

    def write(self, text: bytes) -> None:
        self.said += json.loads(text)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def close(self, code: int) -> None:
        self.closed = code


class Desk:
    """Takes what is asked, and answers when the test wants it."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, Callable[[Any], None]]] = []

    def submit(self, _caller: object, body: NumberBody, reply: Callable[[Any], None]) -> None:
        self.asked.append((body.number, reply))

    async def wait(self, _caller: object, body: NumberBody) -> bytes:
        done = asyncio.get_running_loop().create_future()
        self.asked.append((body.number, done.set_result))
        await done
        return b"{}"

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.asked]

    async def answer(self, place: int) -> None:
        """Answer what was asked as the so manieth, and let it go round."""
        self.asked[place][1](None)
        for _ in range(5):
            await asyncio.sleep(0)


async def _anybody() -> str:
    return "anybody"


@asynccontextmanager
async def welcomed() -> AsyncIterator[tuple[Socket, WireEnd, Desk]]:
    """A socket that was greeted, and what it stands on."""
    desk, wire, anybody = Desk(), WireEnd(), Caller("anybody", (), _anybody)
    stated = partial(Operation, method="POST", summary="", answers={200: None}, caller=anybody,
                     body=NumberBody)  # fmt: skip
    route = SocketRoute(
        name="socket",
        path="/socket",
        protocol="test.v1",
        caller=anybody,
        operations=[
            stated(path="/x", name="x", frame="often",
                   handler=Deferred(desk.submit, lambda _: b"{}", _WEIGHT)),
            stated(path="/y", name="y", frame="seldom", handler=desk.wait),
        ],
        session=partial(Session, anybody, Action("greet", {})),
    )  # fmt: skip

    @asynccontextmanager
    async def counted(_action: Action) -> AsyncIterator[None]:
        yield

    visitor = SimpleNamespace(counted=counted)
    visitor.at = lambda _subjects: visitor
    now = asyncio.get_running_loop().time()
    socket = Socket(b"c" * 16, wire, Flusher(), route, SocketFrames(route),
                    lambda error: Refusal("internal", str(error)), visitor)  # fmt: skip
    running = asyncio.create_task(socket.run(Pace(1, 1000, now), 5, lambda _: None))
    await asyncio.sleep(0)
    socket.received(b'[{"type":"hello","ref":0}]')
    while not wire.said:  # noqa: ASYNC110 - a few turns of the loop
        await asyncio.sleep(0)
    yield socket, wire, desk
    socket.end(1000)
    await running


def message(*kinds: str) -> bytes:
    frames = [{"type": kind, "ref": ref, "number": ref} for ref, kind in enumerate(kinds)]
    return json.dumps(frames).encode()


async def test_no_more_of_a_message_is_taken_than_may_be_under_way():
    async with welcomed() as (socket, wire, desk):
        socket.received(message(*["often"] * FRAMES_MAX))
        taken = _MOST
        while taken < FRAMES_MAX:
            assert (desk.numbers, wire.paused) == (list(range(taken)), True)
            await desk.answer(taken - _MOST)
            taken += 1
        assert wire.paused, "as much as may be is under way"
        await desk.answer(taken - _MOST)
        assert not wire.paused


async def test_what_stands_behind_something_that_is_awaited_waits_for_it():
    async with welcomed() as (socket, wire, desk):
        socket.received(message("often", "seldom", "often", "seldom", "often"))
        await asyncio.sleep(0)
        for place, seen in ((1, [0, 1]), (3, [0, 1, 2, 3])):
            await asyncio.sleep(0)
            assert (desk.numbers, wire.paused) == (seen, True)
            await desk.answer(place)
        assert (desk.numbers, wire.paused) == ([0, 1, 2, 3, 4], False)
        assert [one["ref"] for one in wire.said[1:]] == [1, 3]


async def test_whoever_is_sent_elsewhere_is_answered_all_that_it_asked_in_its_last_message():
    async with welcomed() as (socket, wire, desk):
        socket.received(message("seldom", "often"))
        await asyncio.sleep(0)
        socket.retire()
        for place in (0, 1):
            assert wire.closed is None
            await desk.answer(place)
        assert [one["ref"] for one in wire.said[1:]] == [0, 1]
        assert wire.closed == 1012
