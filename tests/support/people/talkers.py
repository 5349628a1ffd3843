"""People who talk in conversations at a server, in the raw: right records, messages that nobody
reads, and sockets. Boxes are random bytes: a server can't tell."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from support.people.account_people import SEALING_PUBLIC, AccountHolder, Machine
from support.people.raw_client import NO_TLS, Line
from websockets.asyncio.client import connect

from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.conversations import lines, making
from ephemeral.protocol.conversations.contents import encode
from ephemeral.protocol.conversations.epochs import sign_record
from ephemeral.protocol.conversations.log import MESSAGE, Log, digest
from ephemeral.protocol.conversations.messages import seal_message
from ephemeral.protocol.conversations.records import ADMIN, MEMBER, Record
from ephemeral.protocol.encoding import b64decode, b64encode

PROTOCOL = "ephemeral.account.v1"
BOX_SIZE = 1168


async def befriend(one: AccountHolder, two: AccountHolder) -> None:
    """One invites, the other redeems: they are contacts."""
    name = b64encode(os.urandom(16))
    invite = {"id": name, "sealed": b64encode(os.urandom(500))}
    await one.ask(one.machines[0], "POST", "/contacts/invitations", invite)
    redeem = {"sealed": b64encode(os.urandom(500))}
    await two.ask(two.machines[0], "POST", f"/contacts/invitations/{name}/redeem", redeem)


def hello(holder: AccountHolder, machine: Machine, path: str = "/account/socket") -> dict[str, str]:
    """What is said first at a socket."""
    token = machine.signed_in.access
    return {"token": token, "proof": holder.proved(machine.key, "GET", path, token)}


@asynccontextmanager
async def silent(url: str, most: int | None = None) -> AsyncIterator[Line]:
    """A socket at which nothing was said yet; reads ahead `most` messages at most."""
    there = f"{url.replace('http', 'ws', 1)}/account/socket"
    tls = NO_TLS if there.startswith("wss") else None
    async with connect(
        there, subprotocols=[PROTOCOL], ssl=tls, max_size=2**24, max_queue=most, ping_interval=None
    ) as socket:
        yield Line(socket)


@asynccontextmanager
async def listening(
    holder: AccountHolder, machine: Machine, url: str | None = None, most: int | None = None
) -> AsyncIterator[tuple[Line, dict[str, Any]]]:
    """A socket that was welcomed, and how it was."""
    async with silent(url or holder.url, most) as line:
        await holder.clock()
        welcome = await line.ask("hello", **hello(holder, machine))
        assert welcome["type"] == "welcome", welcome
        yield line, welcome


class Talk:
    """A conversation, as all its people know it: they never disagree."""

    def __init__(self, people: Mapping[AccountHolder, str]) -> None:
        self.id = os.urandom(16)
        self.people = dict(people)
        self.log = Log.first(self.id)
        self.record: Record | None = None

    @classmethod
    async def found(cls, by: AccountHolder, *others: AccountHolder) -> "Talk":
        """Begun by the first machine of one who is a contact of the others."""
        talk = cls({by: ADMIN, **dict.fromkeys(others, MEMBER)})
        roles = {one.chain.id: role for one, role in talk.people.items()}
        made = making.founding(
            talk.id, roles, talk._lines(), talk._keys(), by.machines[0].id, os.urandom(32)
        )
        await talk._post(by, by.machines[0], made, "/chatrooms")
        return talk

    async def renew(
        self, by: AccountHolder, *, come: AccountHolder | None = None, **wish: Any
    ) -> None:
        """The next epoch, by its first machine."""
        if come is not None:
            self.people[come] = MEMBER
            wish["add"] = {come.chain.id: MEMBER}
        assert self.record is not None
        made = making.renewal(
            self.record, self._lines(), self._keys(), self.log.place, self.log.hash,
            by.machines[0].id, os.urandom(32), making.Change(**wish),
        )  # fmt: skip
        await self._post(by, by.machines[0], made, f"/chatrooms/{self.name}/epochs")

    @property
    def name(self) -> str:
        """Its id as it goes over the wire."""
        return b64encode(self.id)

    def message(self, machine: Machine, size: int = 10) -> tuple[bytes, bytes]:
        """An entry, as it may be posted now, and its id."""
        assert self.record is not None
        name = os.urandom(16)
        content = encode("text", 0, {"text": "x" * size, "mentions": []})
        entry = seal_message(
            os.urandom(32), 1, self.id, self.record.hash, machine.id, name,
            self.log.place, self.log.hash, os.urandom(12), machine.key, content,
        )  # fmt: skip
        return entry, name

    def post(self, *entries: bytes) -> dict[str, object]:
        """The frame, or with its path the body, that posts these."""
        return {"conversation": self.name, "entries": [b64encode(one) for one in entries]}

    def stored(self, machine: Machine, *entries: bytes) -> Log:
        """These stand in the log now; gives where it is then."""
        for one in entries:
            self.log = self.log.next(MESSAGE, machine.id, digest(one))
        return self.log

    async def say(self, line: Line, machine: Machine, size: int = 10) -> bytes:
        """Post a message by a socket; gives it once it is stored."""
        entry, _ = self.message(machine, size)
        answer = await line.ask("post", **self.post(entry))
        assert answer["type"] == "ok", answer
        self.stored(machine, entry)
        assert answer["stored"][0]["s"] == self.log.place
        return entry

    def _lines(self) -> dict[bytes, lines.Line]:
        return {one.chain.id: lines.Line.of(one.history) for one in self.people}

    def _keys(self) -> dict[bytes, SealingKey]:
        return {
            machine.id: SealingKey(machine.number, 0, SEALING_PUBLIC)
            for one in self.people
            for machine in one.machines
        }

    async def _post(self, by: AccountHolder, machine: Machine, made: Record, path: str) -> None:
        boxes = [os.urandom(BOX_SIZE) for _ in made.devices]
        signed = sign_record(machine.key, made.encode(), boxes)
        body = {
            "record": b64encode(signed.record_bytes),
            "signature": b64encode(signed.signature),
            "boxes": [b64encode(one) for one in boxes],
        }
        answer = await by.ask(machine, "POST", path, body)
        self.record, self.log = made, Log(answer["s"], b64decode(answer["hash"]))


def through(holder: AccountHolder, http: httpx.AsyncClient) -> AccountHolder:
    """The same person, who asks another host."""
    return holder.through(http)
