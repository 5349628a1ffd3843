"""The loads: rooms that talk, against the relay and against this server.

What a client must draw or encrypt is random bytes here; what is measured is the server.
"""

import asyncio
import base64
import hashlib
import os
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.wire import Client, Http, Receive

PATH, SUBPROTOCOL = "/room/socket", "ephemeral.v1"
#: Connects to a server; what it is given hears what comes.
Connect = Callable[[Receive], Awaitable[Client]]


def b64(data: bytes) -> str:
    """As the protocol writes bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Tally:
    """What was measured: whole cycles, and how long each took, in seconds.

    `repeated` are messages that were told to be over, or were served, a second time.
    """

    latencies: list[float] = field(default_factory=list)
    counting: bool = False
    failures: list[str] = field(default_factory=list)
    begun: int = 0
    over: int = 0
    repeated: int = 0
    _awaited: "tuple[int, asyncio.Future[None]] | None" = None

    def done(self, began: float) -> None:
        """One message has met its end."""
        self.over += 1
        if self.counting:
            self.latencies.append(time.perf_counter() - began)
        if self._awaited is not None and self.over >= self._awaited[0]:
            self._awaited[1].set_result(None)
            self._awaited = None

    async def reached(self, over: int, seconds: float) -> None:
        """Wait until so many messages are over; raises TimeoutError."""
        if self.over < over:
            self._awaited = (over, asyncio.get_running_loop().create_future())
            await asyncio.wait_for(self._awaited[1], seconds)


class RelayRoom:
    """One says, the others hear; when the last has heard it, it is said again."""

    def __init__(self, tally: Tally, size: int, members: int = 2) -> None:
        self._tally = tally
        # As many bytes of text as an envelope has in base64url.
        self._text = b"x" * (size * 4 // 3)
        self._members = members
        self._began: deque[float] = deque()
        self._again = True

    async def open(self, port: int) -> None:
        """Connect all."""
        name = os.urandom(8).hex()
        self._author = await Client.connect(port, f"/{name}", lambda _: None)
        self._readers = [
            await Client.connect(port, f"/{name}", self._heard if last else lambda _: None)
            for last in [*[False] * (self._members - 2), True]
        ]

    def start(self, window: int) -> None:
        """Put `window` messages under way, and another for each that has met its end."""
        for _ in range(window):
            self.say()

    def stop(self) -> None:
        """Say nothing more."""
        self._again = False

    def close(self) -> None:
        """Drop all connections."""
        for client in (self._author, *self._readers):
            client.close()

    def say(self) -> None:
        """Put one message under way."""
        self._tally.begun += 1
        self._began.append(time.perf_counter())
        self._author.send(self._text)

    def _heard(self, _text: bytes) -> None:
        self._tally.done(self._began.popleft())
        if self._again:
            self.say()


class EphemeralRoom:
    """One posts, another opens on notice and acknowledges, and so on; the others hear of it.

    A cycle ends when the author has the event that its message was viewed and destroyed.
    """

    def __init__(self, tally: Tally, size: int, members: int = 2, *, again: bool = True) -> None:
        self._tally = tally
        self._envelope = b64(os.urandom(size))
        self._members = members
        self._again = again
        self._began: dict[str, tuple[float, str]] = {}
        self._ref = 10
        self._decode = msgspec.json.Decoder(list[dict[str, Any]]).decode
        self._clients: list[Client] = []
        self.locator = b64(os.urandom(32))

    async def open(self, port: int) -> None:
        """Create the room and join, and say hello over sockets."""

        async def connect(receive: Receive) -> Client:
            return await Client.connect(port, PATH, receive, SUBPROTOCOL)

        await self.open_by(port, [connect] * self._members)

    async def open_by(self, port: int, ways: Sequence[Connect]) -> None:
        """The same, each member's socket by a way of its own."""
        seats = max(2, self._members)
        charter = struct.pack(">BB32sBHII", 1, 1, os.urandom(32), 1, seats, 3600, 3600)
        http = await Http.connect(port)
        bearer = {"Authorization": f"Bearer {self.locator}"}
        made = {"charter": b64(charter), "mac": b64(bytes(32))}
        await self._ask(http, "/rooms", bearer, made)
        for number, connect in enumerate(ways):
            token = b64(os.urandom(32))
            await self._ask(http, "/room/members", {**bearer, "Ephemeral-Member": token}, {})
            await self._enter(connect, number, token)
        http.close()

    async def _ask(
        self, http: Http, path: str, headers: dict[str, str], body: dict[str, str]
    ) -> None:
        status = await http.post(path, headers, msgspec.json.encode(body))
        if status != 201:
            self._tally.failures.append(str(status))

    def start(self, window: int) -> None:
        """Put `window` messages under way, and another for each that has met its end."""
        for _ in range(window):
            self.say()

    def stop(self) -> None:
        """Say nothing more."""
        self._again = False

    def close(self) -> None:
        """Drop all connections."""
        for client in self._clients:
            client.close()

    def leave(self) -> None:
        """Give all seats up."""
        for client in self._clients:
            self._tell(client, {"type": "leave", "ref": 1})

    def say(self) -> None:
        """Post one message."""
        message, viewing = b64(os.urandom(16)), os.urandom(32)
        self._ref += 1
        self._tally.begun += 1
        self._began[message] = (time.perf_counter(), b64(viewing))
        self._clients[0].send(
            b'[{"type":"post","ref":%d,"id":"%b","envelope":"%b","viewing_hash":"%b"}]'
            % (
                self._ref,
                message.encode(),
                self._envelope.encode(),
                b64(hashlib.sha256(viewing).digest()).encode(),
            )
        )

    async def _enter(self, connect: Connect, number: int, token: str) -> None:
        welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        hears = self._author_hears if number == 0 else self._reader_hears
        if number > 1:
            hears = self._another_hears

        def receive(text: bytes) -> None:
            if welcomed.done():
                hears(text)
            else:
                self._welcome(text, welcomed)

        client = await connect(receive)
        self._clients.append(client)
        hello = {"type": "hello", "ref": 1, "locator": self.locator, "token": token}
        self._tell(client, {**hello, "generation": 1})
        await asyncio.wait_for(welcomed, 60)

    def _welcome(self, text: bytes, welcomed: "asyncio.Future[None]") -> None:
        for frame in self._decode(text):
            if frame["type"] == "welcome":
                welcomed.set_result(None)
            elif frame["type"] == "error":
                self._failed(frame)

    def _failed(self, frame: dict[str, Any]) -> None:
        self._tally.failures.append(frame["error"]["code"])

    def _tell(self, client: Client, frame: dict[str, object]) -> None:
        client.send(msgspec.json.encode([frame]))

    def _author_hears(self, text: bytes) -> None:
        for frame in self._decode(text):
            kind = frame["type"]
            if kind == "destroyed":
                began = self._began.pop(frame["id"], None)
                if began is None:
                    self._tally.repeated += 1
                    continue
                self._tally.done(began[0])
                if self._again:
                    self.say()
            elif kind == "error":
                self._failed(frame)

    def _reader_hears(self, text: bytes) -> None:
        for frame in self._decode(text):
            kind = frame["type"]
            if kind == "notice":
                self._ref += 1
                self._clients[1].send(
                    b'[{"type":"open","ref":%d,"id":"%b"}]' % (self._ref, frame["id"].encode())
                )
            elif kind == "ok" and "envelope" in frame:
                self._ref += 1
                message = frame["id"]
                began = self._began.get(message)
                if began is None:
                    self._tally.repeated += 1
                    continue
                self._clients[1].send(
                    b'[{"type":"ack","ref":%d,"id":"%b","viewing":"%b"}]'
                    % (self._ref, message.encode(), began[1].encode())
                )
            elif kind == "error":
                self._failed(frame)

    def _another_hears(self, text: bytes) -> None:
        """It is told everything as well; looking at it would be the generator's cost."""
