"""A hub with all that it stands on, without a database: what is there is a word of the test."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ephemeral.conversations.api.socket_events import SocketEvents
from ephemeral.conversations.rules.changes import ConversationChanged
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.hub import Hub
from ephemeral.conversations.service.listening import Attended, Standing, StandingRow, Wanted
from ephemeral.conversations.service.recent import Item, Recent
from ephemeral.live.bus import LocalBus
from ephemeral.protocol.conversations.log import MESSAGE, RECORD, Log
from ephemeral.protocol.errors import Refusal, refuse

ONE, OTHER = b"1" * 16, b"2" * 16
ACCOUNT, DEVICE = b"a" * 16, b"d" * 16
TOPIC = b"of the account"
HINTS = Hints(None, bytes(32))


class Socket:
    """A listener that keeps what it is told."""

    def __init__(self, device: bytes = DEVICE, account: bytes = ACCOUNT) -> None:
        self.account, self.device, self.sid = account, device, os.urandom(16)
        self.told: list[dict[str, Any]] = []
        self.has_ended = False

    def deliver(self, frame: bytes) -> None:
        self.told.append(json.loads(frame))

    def session_ended(self) -> None:
        self.has_ended = True

    def take(self) -> list[dict[str, Any]]:
        told, self.told = self.told, []
        return told

    def kinds(self) -> list[str]:
        return [one["type"] for one in self.take()]


class Table:
    """A log as the database has it."""

    def __init__(self, conversation: bytes) -> None:
        self.conversation = conversation
        self.log = Log.first(conversation)
        self.items: list[Item] = []
        self.epoch, self.record, self.due, self.kept = 0, bytes(32), None, 1
        self.firsts: dict[bytes, int | None] = {}
        self.begin(DEVICE)

    def write(self, kind: int = MESSAGE, size: int = 10) -> Item:
        digest = os.urandom(32)
        self.log = self.log.next(kind, OTHER, digest)
        name = os.urandom(16) if kind == MESSAGE else None
        item = Item(self.log.place, kind, OTHER, name, 0, digest, bytes(size))
        self.items.append(item)
        return item

    def begin(self, *devices: bytes) -> Item:
        """Another record, which lists these too."""
        item = self.write(RECORD)
        self.epoch, self.record = self.epoch + 1, os.urandom(32)
        for one in devices:
            self.firsts.setdefault(one, item.s)
        return item

    @property
    def row(self) -> StandingRow:
        return StandingRow(
            self.conversation, self.epoch, self.record, self.log.place, self.log.hash, self.kept,
            self.due,
        )  # fmt: skip


class Tables:
    """What the hub reads. `meanwhile` is called between one reading and what is made of it."""

    def __init__(self) -> None:
        self.logs = {ONE: Table(ONE)}
        self.members: dict[bytes, set[bytes]] = {ACCOUNT: {ONE}}
        self.meanwhile: list[Callable[[], None]] = []
        self.readings: list[Sequence[bytes]] = []
        self.lists = 0
        #: The reading that is held here has its answer already.
        self.held: asyncio.Event | None = None
        self.away = False

    async def attended(self, account: bytes, device: bytes) -> tuple[list[Attended], int]:
        self.lists += 1
        found = [
            Attended(self.logs[one].row, self.logs[one].firsts.get(device))
            for one in sorted(self.members[account])
            if one in self.logs
        ]
        if self.held is not None:
            held, self.held = self.held, None
            await held.wait()
        await self._pass()
        return found, 7

    async def standings(self, wanted: Sequence[Wanted]) -> dict[bytes, Standing]:
        self.readings.append([one.conversation for one in wanted])
        found = {}
        for one in wanted:
            table = self.logs.get(one.conversation)
            if table is not None:
                firsts = {
                    device: table.firsts.get(device)
                    for account, device in one.devices
                    if one.conversation in self.members[account]
                }
                items = [each for each in table.items if each.s > one.after]
                found[one.conversation] = Standing(table.row, firsts, items)
        await self._pass()
        return found

    async def _pass(self) -> None:
        if self.away:
            raise Refusal("unavailable")
        await asyncio.sleep(0)
        if self.meanwhile:
            self.meanwhile.pop(0)()


class Ended:
    """Sessions that are known to have ended."""

    def __init__(self) -> None:
        self.sids: set[bytes] = set()
        self.unread: set[bytes] = set()

    def are_known(self, socket: Socket) -> bool:
        return socket.sid in self.sids

    async def check(self, socket: Socket) -> None:
        refuse(socket.sid in self.sids, "session_ended")

    async def load(self) -> None:
        self.sids |= self.unread


class Stage:
    """A hub, and all that it stands on."""

    def __init__(self) -> None:
        self.tables, self.recent, self.bus, self.ended = Tables(), Recent(), LocalBus(), Ended()
        self.faults: list[BaseException] = []

        async def topics_of(account: bytes) -> list[bytes]:
            return [TOPIC, account]

        self.hub = Hub(
            self.tables, self.recent, HINTS, self.bus, self.ended, topics_of, SocketEvents(),
            self.faults.append,
        )  # fmt: skip

    @property
    def log(self) -> Table:
        return self.tables.logs[ONE]

    async def socket(self, *given: bytes) -> Socket:
        """One that has been welcomed."""
        socket = Socket(*given)
        await self.hub.begin(socket)
        return socket

    def say(self, size: int = 10) -> Item:
        """A message that is written here."""
        item = self.log.write(size=size)
        self.recent.add(ONE, [item])
        self.hint(ConversationChanged(item.s))
        return item

    @property
    def topic(self) -> bytes:
        return HINTS.topic(ONE)

    def hint(self, event: Any, conversation: bytes = ONE) -> None:
        self.bus.publish([(HINTS.topic(conversation), event)])

    async def settle(self) -> None:
        """All that is to be read has been read."""
        for _ in range(20):
            await asyncio.sleep(0)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    running = asyncio.create_task(made.hub.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert made.faults == []


def places(told: Sequence[dict[str, Any]]) -> list[int]:
    return [each["s"] for one in told if one["type"] == "entry" for each in one["entries"]]
