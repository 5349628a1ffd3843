"""The loads: rooms of two in a closed loop, against the relay and against this server.

What a client must draw or encrypt is random bytes here; what is measured is the server.
"""

import asyncio
import base64
import hashlib
import os
import struct
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.wire import Client


def b64(data: bytes) -> str:
    """As the protocol writes bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Tally:
    """What was measured: whole cycles, and how long each took, in seconds."""

    latencies: list[float] = field(default_factory=list)
    counting: bool = False
    failures: list[str] = field(default_factory=list)

    def done(self, began: float) -> None:
        """One message has met its end."""
        if self.counting:
            self.latencies.append(time.perf_counter() - began)


class RelayRoom:
    """Two sockets: one says, the other hears; what was heard is said again."""

    def __init__(self, tally: Tally, size: int) -> None:
        self._tally = tally
        self._text = b"x" * size
        self._began: list[float] = []

    async def open(self, port: int, name: str) -> None:
        """Connect both."""
        self._author = await Client.connect(port, f"/{name}", lambda _: None)
        self._reader = await Client.connect(port, f"/{name}", self._heard)

    def start(self, window: int) -> None:
        """Put `window` messages under way."""
        for _ in range(window):
            self._say()

    def close(self) -> None:
        """Drop both."""
        self._author.close()
        self._reader.close()

    def _say(self) -> None:
        self._began.append(time.perf_counter())
        self._author.send(self._text)

    def _heard(self, _text: bytes) -> None:
        self._tally.done(self._began.pop(0))
        self._say()


class EphemeralRoom:
    """Two members: one posts, the other opens on notice and acknowledges, and so on.

    A cycle ends when the author has the event that its message was viewed and destroyed.
    """

    def __init__(self, tally: Tally, size: int) -> None:
        self._tally = tally
        self._envelope = b64(os.urandom(size))
        self._began: dict[str, tuple[float, str]] = {}
        self._ref = 10
        self._welcomed = [asyncio.get_running_loop().create_future() for _ in range(2)]
        self._decode = msgspec.json.Decoder(list[dict[str, Any]]).decode

    async def open(self, port: int, suite: int) -> None:
        """Create the room, join and say hello, all over the sockets."""
        locator = b64(os.urandom(32))
        charter = struct.pack(">BB32sBHII", 1, suite, os.urandom(32), 1, 2, 3600, 3600)
        self._author = await Client.connect(
            port, "/room/socket", self._author_hears, "ephemeral.v1"
        )
        self._reader = await Client.connect(
            port, "/room/socket", self._reader_hears, "ephemeral.v1"
        )
        self._tell(
            self._author,
            {"type": "create", "ref": 1, "locator": locator, "charter": b64(charter),
             "mac": b64(bytes(32))},
        )  # fmt: skip
        for client, welcomed in zip((self._author, self._reader), self._welcomed, strict=True):
            token = b64(os.urandom(32))
            self._tell(
                client,
                {"type": "join", "ref": 2, "locator": locator, "token": token,
                 "member": b64(os.urandom(16))},
            )  # fmt: skip
            self._tell(client, {"type": "hello", "ref": 3, "locator": locator, "token": token})
            await asyncio.wait_for(welcomed, 30)

    def start(self, window: int) -> None:
        """Put `window` messages under way."""
        for _ in range(window):
            self._post()

    def close(self) -> None:
        """Drop both."""
        self._author.close()
        self._reader.close()

    def _tell(self, client: Client, frame: dict[str, object]) -> None:
        client.send(msgspec.json.encode(frame))

    def _post(self) -> None:
        message, viewing = b64(os.urandom(16)), os.urandom(32)
        self._ref += 1
        self._began[message] = (time.perf_counter(), b64(viewing))
        self._author.send(
            b'{"type":"post","ref":%d,"id":"%b","envelope":"%b","viewing_hash":"%b"}'
            % (
                self._ref,
                message.encode(),
                self._envelope.encode(),
                b64(hashlib.sha256(viewing).digest()).encode(),
            )
        )

    def _author_hears(self, text: bytes) -> None:
        for frame in self._decode(text):
            kind = frame["type"]
            if kind == "destroyed":
                began, _ = self._began.pop(frame["id"])
                self._tally.done(began)
                self._post()
            elif kind == "welcome":
                self._welcomed[0].set_result(None)
            elif kind == "error":
                self._tally.failures.append(frame["error"]["code"])

    def _reader_hears(self, text: bytes) -> None:
        for frame in self._decode(text):
            kind = frame["type"]
            if kind == "notice":
                self._ref += 1
                self._reader.send(
                    b'{"type":"open","ref":%d,"id":"%b"}' % (self._ref, frame["id"].encode())
                )
            elif kind == "ok" and "envelope" in frame:
                self._ref += 1
                message = frame["id"]
                self._reader.send(
                    b'{"type":"ack","ref":%d,"id":"%b","viewing":"%b"}'
                    % (self._ref, message.encode(), self._began[message][1].encode())
                )
            elif kind == "welcome":
                self._welcomed[1].set_result(None)
            elif kind == "error":
                self._tally.failures.append(frame["error"]["code"])
