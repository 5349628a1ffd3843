"""A hollow server: the frames of a message and nothing behind them.

It takes the same requests over the same wire and tells the same answers and events as Ephemeral,
and does nothing else: no limits, no seats, no leases, no seal, no database, nothing that outlives
the process. What it costs beside the relay is what the protocol's frames cost in Python, whatever
a server does behind them. With a second argument it gathers what is asked for and answers it all
together, once in so many milliseconds, as one that commits does. The benchmark starts it on a port
of its own.
"""

import asyncio
import socket
import sys
import time
from collections import defaultdict
from functools import partial
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from ephemeral.edge.frames import ok
from ephemeral.edge.outbox import Flusher, Outbox
from ephemeral.edge.pace import Pace
from ephemeral.edge.pulse import Pulse
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.socket_frames import SocketFrames
from ephemeral.edge.socket_wire import SocketWire as Protocol
from ephemeral.edge.wire import WIRE, Wire
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.keys import member_id
from ephemeral.protocol.limits import FRAME_MAX, PROTOCOL
from ephemeral.rooms.api import answers
from ephemeral.rooms.api.actions import RoomActions
from ephemeral.rooms.api.bodies import HelloBody
from ephemeral.rooms.api.callers import RoomCallers
from ephemeral.rooms.api.handlers import RoomHandlers
from ephemeral.rooms.api.operations import room_operations
from ephemeral.rooms.rules import room as nouns
from ephemeral.settings import Settings

# Nothing is asked of the rooms: their table is read for its frames.
_NO_ROOMS: Any = SimpleNamespace(authenticate=None)
_CALLERS = RoomCallers.of(_NO_ROOMS)
_ACTIONS = RoomActions.of(Settings.parse({}))
_FRAMES = SocketFrames(
    SocketRoute(
        name="listen",
        path="",
        protocol=PROTOCOL,
        caller=_CALLERS.member,
        operations=room_operations(
            RoomHandlers(_NO_ROOMS, _NO_ROOMS, _NO_ROOMS), _NO_ROOMS, _CALLERS, _ACTIONS
        ),
        hello=HelloBody,
        session=partial(Session, _CALLERS.member, _ACTIONS.hello),
    )
)
_HOUR_MS = 3_600_000
_NOBODY = bytes(16)
_flusher = Flusher()
# Seconds; 0: answer at once.
_gather = int(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
_waiting: "list[tuple[Hollow, bytes, bytes]]" = []
_rooms: dict[str, "list[Hollow]"] = defaultdict(list)
_posts: dict[bytes, tuple[bytes, bytes]] = {}


class Hollow:
    """One socket; what it is told is believed."""

    def __init__(self, wire: Wire) -> None:
        self._outbox = Outbox(wire, _flusher, lambda: None, lambda: None)
        self._over = asyncio.get_running_loop().create_future()
        self._room: list[Hollow] | None = None
        self._member = _NOBODY

    async def over(self) -> None:
        """Return when the peer has gone."""
        await self._over

    def received(self, text: bytes) -> None:
        """Answer as if everything were so."""
        if self._room is None:
            [(hello, _)] = _FRAMES.early.decode(text)
            self._begin(hello)
            return
        for frame, body in _FRAMES.late.decode(text):
            self._answer(frame, body)

    def _answer(self, frame: Any, body: Any) -> None:
        now = time.time_ns() // 1_000_000
        event: nouns.Event
        match _FRAMES.operations[type(frame)].frame:
            case "post":
                message, envelope, _, _ = body
                _posts[message] = self._member, envelope
                ends = now + _HOUR_MS
                answer: answers.Outcome = nouns.Receipt(message, "stored", 1, now, ends, None, 0, 0)
                event = nouns.NoticeEvent(
                    nouns.Notice(
                        message,
                        1,
                        self._member,
                        len(envelope),
                        now,
                        ends,
                        "stored",
                        None,
                        None,
                        None,
                    )
                )
            case "open":
                message, _ = body
                author, envelope = _posts[message]
                answer = nouns.Opened(message, envelope, author, 1, now, now, now, now)
                event = nouns.OpenedEvent(message, self._member, now)
            case "ack":
                message, viewing = body
                del _posts[message]
                answer = nouns.Acknowledged(message, "viewed")
                event = nouns.DestroyedEvent(message, "viewed", viewing, self._member, 1, now)
            case _:
                return
        _waiting.append((self, ok(frame.ref, answers.outcome(answer)), answers.event(event)))
        if not _gather:
            answer_all()
        elif len(_waiting) == 1:
            asyncio.get_running_loop().call_later(_gather, answer_all)

    def answered(self, answer: bytes, event: bytes) -> None:
        """Answer, and tell everybody else in the room."""
        self.tell(answer)
        for one in self._room or ():
            if one is not self:
                one.tell(event)

    def tell(self, frame: bytes) -> None:
        """Queue one frame."""
        self._outbox.put(frame)

    def _begin(self, hello: Any) -> None:
        self._member = member_id(b64decode(hello.token))
        self._room = _rooms[hello.locator]
        self._room.append(self)
        self._outbox.put(
            b'{"type":"welcome","ref":%d,"member":"%b"}'
            % (hello.ref, b64encode(self._member).encode())
        )

    def received_binary(self) -> None:
        """Nobody sends any."""

    def flooded(self) -> None:
        """Nobody does."""

    def stalled(self) -> None:
        """Nobody is."""

    def writable(self) -> None:
        """Go on."""
        self._outbox.flush()

    def lost(self, _code: int | None = None) -> None:
        """The peer has gone."""
        if not self._over.done():
            self._over.set_result(None)


def answer_all() -> None:
    """Answer what was asked for and tell it."""
    waiting = _waiting.copy()
    _waiting.clear()
    for one, answer, event in waiting:
        one.answered(answer, event)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept every socket, and every request: rooms are there and seats are taken."""
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})
        return
    await receive()
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
    wire: Wire = scope["extensions"][WIRE]
    line = Hollow(wire)
    wire.attach(line, Pace(100_000, 100_000, asyncio.get_running_loop().time()))
    await line.over()


def main(port: int) -> None:
    """Serve on loopback as the measured server is served."""
    config = uvicorn.Config(
        app,
        ws=partial(Protocol, pulse=Pulse(20), handshake_seconds=30),  # type: ignore[arg-type]
        ws_max_size=FRAME_MAX,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        ws_ping_timeout=None,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_level="error",
    )
    uvicorn.Server(config).run(sockets=[socket.create_server(("127.0.0.1", port))])


if __name__ == "__main__":
    main(int(sys.argv[1]))
