"""People in conversations, for measuring: real records, real messages, sockets. Boxes are drawn."""

import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.account_figures import Person
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.statements import device_id
from ephemeral.protocol.conversations.contents import encode
from ephemeral.protocol.conversations.epochs import message_key, sign_record
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.making import founding
from ephemeral.protocol.conversations.messages import Opened, open_message, seal_message
from ephemeral.protocol.conversations.records import ADMIN, MEMBER, SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode

__all__ = ["SOCKET", "Conversation", "Ear", "Talker"]

SOCKET, PROTOCOL = "/account/socket", Subprotocol("ephemeral.account.v1")
_BOX = 1168


class Talker(Person):
    """Somebody with one device, which listens and speaks."""

    def __init__(self, http: httpx.AsyncClient, audience: str, number: int) -> None:
        super().__init__(http, audience, number)
        self._signed: list[Any] = []

    async def settle(self) -> None:
        """An account with its first device."""
        await self.register()
        await self.begin()

    @property
    def line(self) -> Line:
        """The own chain, with all that it said."""
        return Line((self.chain,))

    @property
    def device(self) -> bytes:
        """The only one."""
        return device_id(self._first.key.public)

    @property
    def key(self) -> SealingKey:
        """What is sealed to."""
        return SealingKey(1, 0, self._sealing)

    async def befriend(self, other: "Talker") -> None:
        """Each agrees to the other."""
        name = b64encode(os.urandom(16))
        sealed = {"sealed": b64encode(os.urandom(500))}
        await self._ask("POST", "/contacts/invitations", {"id": name, **sealed}, self._first)
        path = f"/contacts/invitations/{name}/redeem"
        await other._ask("POST", path, sealed, other._first)  # noqa: SLF001 - another of us

    async def found(self, *others: "Talker") -> "Conversation":
        """Begin a conversation with contacts."""
        made = Conversation(self, *others)
        answer = await self._ask("POST", "/chatrooms", made.first(self), self._first)
        made.log = Log(answer["s"], b64decode(answer["hash"]))
        return made

    async def answer(self, talk: "Conversation") -> None:
        """Say a word where one was brought."""
        path = f"/chatrooms/{b64encode(talk.id)}/message"
        entry = self.seal(talk, "I am here")
        await self.clock()
        await self._ask("POST", path, {"entries": [b64encode(entry)]}, self._first)

    def sign(self, record: bytes, boxes: list[bytes]) -> SignedRecord:
        """A record of this device."""
        return sign_record(self._first.key, record, boxes)

    def seal(self, talk: "Conversation", text: str) -> bytes:
        """A message, as it goes to the log."""
        content = encode("text", 0, {"text": text, "mentions": []})
        name = talk.signed.hash
        return seal_message(
            message_key(talk.seed, name, self.device), 1, talk.id, name, self.device,
            os.urandom(16), *talk.log, os.urandom(12), self._first.key, content,
        )  # fmt: skip

    @asynccontextmanager
    async def ear(self, host: str) -> AsyncIterator["Ear"]:
        """A socket that was welcomed."""
        there = f"ws://{host}{SOCKET}"
        async with connect(
            there, subprotocols=[PROTOCOL], compression=None, max_size=2**24, ping_interval=None
        ) as socket:
            ear = Ear(socket)
            token = str(self._first.tokens["access_token"])
            shown = self._proved(self._first, "GET", SOCKET, token)
            await ear.send("hello", token=token, proof=shown)
            ear.welcome = await ear.take(lambda one: one["type"] == "welcome")
            yield ear

    async def clock(self) -> None:
        """Take the server's time."""
        self._now = (await self._http.get("/config")).json()["now"]


class Conversation:
    """One conversation, as its people know it who have told each other its seed."""

    def __init__(self, *people: Talker) -> None:
        self.id = os.urandom(16)
        self.people = people
        self.seed = os.urandom(32)
        self.log = Log.first(self.id)
        self.signed: SignedRecord

    @property
    def lines(self) -> dict[bytes, Line]:
        """Everybody's chain."""
        return {one.chain.id: one.line for one in self.people}

    def first(self, by: Talker) -> dict[str, object]:
        """The body that begins it."""
        roles = {one.chain.id: ADMIN if one is by else MEMBER for one in self.people}
        keys = {one.device: one.key for one in self.people}
        record = founding(self.id, roles, self.lines, keys, by.device, self.seed)
        boxes = [os.urandom(_BOX) for _ in record.devices]
        self.signed = by.sign(record.encode(), boxes)
        return {
            "record": b64encode(self.signed.record_bytes),
            "signature": b64encode(self.signed.signature),
            "boxes": list(map(b64encode, boxes)),
        }

    def opened(self, item: dict[str, Any]) -> Opened:
        """What stands at a place, judged and decrypted as any client does."""
        hashes = {self.log.place: self.log.hash}
        return open_message(
            self.seed, self.signed, 1, self.lines, b64decode(item["entry"]), item["s"],
            b64decode(item["device"], 16), hashes.get,
        )  # fmt: skip


class Ear:
    """A socket of somebody."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self._came: list[dict[str, Any]] = []
        self._ref = 0

    async def send(self, kind: str, **fields: object) -> None:
        """One frame."""
        self._ref += 1
        await self.socket.send(json.dumps([{"type": kind, "ref": self._ref, **fields}]))

    async def take(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first frame that is wanted; those before it are dropped."""
        while True:
            while self._came:
                frame = self._came.pop(0)
                if frame["type"] == "error":
                    raise SystemExit(f"refused: {frame}")
                if wanted(frame):
                    return frame
            self._came += json.loads(await self.socket.recv())
