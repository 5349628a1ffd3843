"""A client that speaks the protocol in the raw: right or wrong frames, envelopes of random bytes.

No cryptography is needed to test a server that can't read: locators, tokens, macs and envelopes are
random. Only the hash of the viewing bytes is true.
"""

import asyncio
import hashlib
import json
import secrets
import ssl
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.keys import member_id

PATIENCE = 20
# Made once: loading certificates that nobody needs takes longer than a whole test.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def text(count: int) -> str:
    """So many random bytes, as the wire writes them."""
    return b64encode(secrets.token_bytes(count))


def charter(
    *,
    version: int = 1,
    suite: int = 1,
    policy: int = 1,
    seats: int = 2,
    message_ttl: int = 86400,
    room_ttl: int = 604800,
) -> str:
    """A charter as the wire writes it."""
    numbers = struct.pack(">BHII", policy, seats, message_ttl, room_ttl)
    return b64encode(bytes([version, suite]) + secrets.token_bytes(32) + numbers)


def sent_from(address: str | None) -> dict[str, str]:
    """What a proxy notes of an address."""
    return {} if address is None else {"X-Forwarded-For": address}


class Message:
    """A message to be posted, perhaps with an attachment of one chunk."""

    def __init__(self, size: int = 512, *, attachment: bool = False) -> None:
        viewing = secrets.token_bytes(32)
        self.id = text(16)
        self.envelope = text(size)
        self.viewing = b64encode(viewing)
        self.viewing_hash = b64encode(hashlib.sha256(viewing).digest())
        self.attachment = text(16) if attachment else None
        self.chunk = secrets.token_bytes(65_552 if attachment else 0)

    @property
    def post(self) -> dict[str, str]:
        fields = {"id": self.id, "envelope": self.envelope, "viewing_hash": self.viewing_hash}
        return fields if self.attachment is None else {**fields, "attachment": self.attachment}


class NotWelcome(AssertionError):
    """A `hello` was refused; `code` says why."""

    def __init__(self, frame: dict[str, Any]) -> None:
        super().__init__(frame)
        self.code = frame["error"]["code"]


class Line:
    """One socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self._ref = 0

    async def send(self, kind: str, **fields: object) -> int:
        """Send a frame; its ref."""
        [ref] = await self.send_all([(kind, fields)])
        return ref

    async def send_all(self, frames: Sequence[tuple[str, Mapping[str, object]]]) -> list[int]:
        """Send frames, each a type and its fields, in one message; their refs."""
        refs = [self._ref + number for number in range(1, len(frames) + 1)]
        self._ref += len(frames)
        said = [
            {"type": kind, "ref": ref, **fields}
            for ref, (kind, fields) in zip(refs, frames, strict=True)
        ]
        await self.socket.send(json.dumps(said))
        return refs

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send a frame and wait for its answer."""
        return await self.answer(await self.send(kind, **fields))

    async def answer(self, ref: int) -> dict[str, Any]:
        """The answer to `ref`; other frames stay."""
        return await self.take(lambda frame: frame.get("ref") == ref)

    async def event(self, kind: str) -> dict[str, Any]:
        """The next event of this kind; other frames stay."""
        return await self.take(lambda frame: frame["type"] == kind and "ref" not in frame)

    async def take(self, wanted: Any) -> dict[str, Any]:
        """Remove and return the first frame that is wanted, waiting for it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for number, frame in enumerate(self.frames):
                    if wanted(frame):
                        return self.frames.pop(number)
                self.frames += json.loads(await self.socket.recv())

    async def settle(self) -> list[dict[str, Any]]:
        """Everything that came before the answer to a ping, and has not been taken."""
        await self.ask("ping")
        kept, self.frames = self.frames, []
        return kept

    async def end(self) -> tuple[int | None, list[dict[str, Any]]]:
        """Wait until the server closes; the code, and the frames that have not been taken."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    self.frames += json.loads(await self.socket.recv())
            except ConnectionClosed:
                return self.socket.close_code, self.frames


class Member:
    """A token in a room, and the member id that follows from it.

    `generation` is that of the latest socket.
    """

    def __init__(self, room: "Room") -> None:
        self.room = room
        self.token = text(32)
        self.generation = 0

    @property
    def id(self) -> str:
        return b64encode(member_id(b64decode(self.token)))

    @property
    def headers(self) -> dict[str, str]:
        return {**self.room.headers, "Ephemeral-Member": self.token}

    async def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with this member's credentials."""
        return await self.room.api.request(method, path, headers=self.headers, **options)

    async def join(self, **fields: object) -> httpx.Response:
        return await self.http("POST", "/room/members", json=fields)

    async def look(self) -> dict[str, Any]:
        """The room, with its members."""
        answer: dict[str, Any] = (await self.http("GET", "/room")).raise_for_status().json()
        return answer

    async def waiting(self) -> list[dict[str, Any]]:
        """The notices of all messages that wait."""
        answer = (await self.http("GET", "/room/messages")).raise_for_status()
        notices: list[dict[str, Any]] = answer.json()["notices"]
        return notices

    async def post(self, message: Message) -> httpx.Response:
        return await self.http("POST", "/room/messages", json=message.post)

    async def open(self, message: Message) -> httpx.Response:
        options = {} if message.attachment is None else {"json": {"attachment": True}}
        return await self.http("POST", f"/room/messages/{message.id}/open", **options)

    async def reserve(self, message: Message) -> httpx.Response:
        """Reserve the attachment of a message."""
        body = {"id": message.attachment, "chunks": 1, "padded": 65_536}
        return await self.http("POST", "/room/attachments", json=body)

    async def send(self, message: Message) -> httpx.Response:
        """Send the one chunk of it."""
        headers = {"Content-Type": "application/octet-stream", **self.headers}
        path = f"/room/attachments/{message.attachment}/0"
        return await self.room.api.put(path, headers=headers, content=message.chunk)

    async def fetch(self, message: Message) -> httpx.Response:
        """Fetch it."""
        return await self.http("GET", f"/room/attachments/{message.attachment}/0")

    async def acknowledge(self, message: Message) -> httpx.Response:
        body = {"viewing": message.viewing}
        return await self.http("POST", f"/room/messages/{message.id}/ack", json=body)

    @property
    def greeting(self) -> dict[str, object]:
        """The fields of the next `hello`."""
        self.generation += 1
        return {
            "locator": self.room.locator,
            "token": self.token,
            "generation": self.generation,
        }

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A socket that was welcomed; the welcome is its first frame."""
        async with self.room.line() as line:
            welcome = await line.ask("hello", **self.greeting)
            if welcome["type"] != "welcome":
                raise NotWelcome(welcome)
            line.frames.insert(0, welcome)
            yield line


class Room:
    """A locator, and a charter for it."""

    def __init__(self, api: httpx.AsyncClient, ws_url: str, **charter_fields: int) -> None:
        self.api = api
        self.ws_url = ws_url
        self.locator = text(32)
        self.charter = charter(**charter_fields)
        self.mac = text(32)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.locator}"}

    async def create(self) -> httpx.Response:
        body = {"charter": self.charter, "mac": self.mac}
        return await self.api.post("/rooms", headers=self.headers, json=body)

    async def member(self, **fields: object) -> Member:
        """A new member with a seat."""
        member = Member(self)
        response = await member.join(**fields)
        assert response.status_code == 201, response.text
        return member

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A socket that has not said hello."""
        async with connect(
            self.ws_url,
            additional_headers=sent_from(self.api.headers.get("X-Forwarded-For")),
            subprotocols=["ephemeral.v1"],
            compression=None,
            max_size=None,
            ping_interval=None,
            proxy=None,
        ) as socket:
            yield Line(socket)


class Client:
    """All rooms of one server. `address`: where everything comes from, as a proxy would note it."""

    def __init__(self, url: str, ws_url: str, address: str | None = None) -> None:
        self.api = httpx.AsyncClient(
            base_url=url,
            timeout=PATIENCE,
            trust_env=False,
            verify=NO_TLS,
            headers=sent_from(address),
        )
        self.ws_url = ws_url

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.api.aclose()

    async def room(self, **charter_fields: int) -> Room:
        """A new room; its charter's fields may be chosen."""
        room = Room(self.api, self.ws_url, **charter_fields)
        response = await room.create()
        assert response.status_code == 201, response.text
        return room
