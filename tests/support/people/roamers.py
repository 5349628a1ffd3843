"""Members who talk on whatever happens: they come back when a connection breaks, and ask again.

An author posts again what had no answer, a reader opens and acknowledges what it is told of, and
leaves one message in so many. In the end it is counted: accepted is viewed and waiting, and
nobody was told anything twice.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from support.machines.hosts import Host
from support.machines.server import PATIENCE
from support.people.raw_client import Line, Member, Message, NotWelcome
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

ROOMS = 3
#: One message in so many is left waiting.
LEFT = 10
#: How long somebody waits before asking again what was answered with `unavailable`.
_PAUSE = 0.02


#: What a member does before it comes back. It is told which host has closed its socket or turned it
#: away, and how.
ComingBack = Callable[["Roamer", Host, Exception], Awaitable[None]]


async def _at_once(_member: "Roamer", _host: Host, _why: Exception) -> None:
    # A host that has gone refuses at once: let others have their turn.
    await asyncio.sleep(0)


class Roamer(ABC):
    """A member who comes back by the next host when the connection breaks.

    `hosts` may change meanwhile. `welcomes` has one frame for each socket; `events` is what was
    told, each with the number of the socket that told it.
    """

    def __init__(
        self, member: Member, hosts: Sequence[Host], first: int, coming_back: ComingBack = _at_once
    ) -> None:
        self.member = member
        self.welcomes: list[dict[str, Any]] = []
        self.events: list[tuple[int, dict[str, Any]]] = []
        #: How often it was answered that something can't be had at this moment.
        self.refused = 0
        self._hosts = hosts
        self._turn = first
        self._coming_back = coming_back
        self._line: Line | None = None

    @property
    def sockets(self) -> int:
        """On how many it was welcomed."""
        return len(self.welcomes)

    async def live(self, finished: asyncio.Event) -> None:
        """Until it is finished."""
        while not finished.is_set():
            host = self._hosts[self._turn % len(self._hosts)]
            self._turn += 1
            self.member.room = host.room(self.member.room)
            try:
                async with self.member.line() as self._line:
                    self.welcomes.append(self._line.frames[0])
                    try:
                        await self.talk(self._line, finished)
                    finally:
                        self._sift(self._line)
            except (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError) as why:
                if not finished.is_set():
                    await self._coming_back(self, host, why)
            except NotWelcome as refusal:
                if refusal.code != "unavailable":
                    raise
                await asyncio.sleep(_PAUSE)

    def leave(self) -> None:
        """Break the connection off."""
        if self._line is not None:
            self._line.socket.transport.abort()

    @abstractmethod
    async def talk(self, line: Line, finished: asyncio.Event) -> None:
        """Say and hear what there is, on one connection, until it is finished or breaks."""

    def _sift(self, line: Line) -> None:
        """Keep answers in the line, and events here."""
        self.events += [(self.sockets, one) for one in line.frames if "ref" not in one]
        line.frames = [one for one in line.frames if "ref" in one]

    async def _insist(self, line: Line, kind: str, **fields: object) -> dict[str, Any]:
        """Ask until there is an answer that will be the same later."""
        while True:
            answer = await line.ask(kind, **fields)
            if answer.get("error", {}).get("code") != "unavailable":
                return answer
            self.refused += 1
            await asyncio.sleep(_PAUSE)


class Author(Roamer):
    """Posts, and posts again what had no answer."""

    def __init__(
        self, member: Member, hosts: Sequence[Host], first: int, coming_back: ComingBack = _at_once
    ) -> None:
        super().__init__(member, hosts, first, coming_back)
        self.messages: dict[str, Message] = {}
        self.accepted: set[str] = set()
        self.viewed: set[str] = set()

    async def talk(self, line: Line, finished: asyncio.Event) -> None:
        while not finished.is_set():
            self._sift(line)
            if len(self.accepted) > len(self.viewed) * LEFT / (LEFT - 1) + 20:
                # The reader is behind.
                await line.ask("ping")
                await asyncio.sleep(_PAUSE)
                continue
            due = [one for name, one in self.messages.items() if name not in self.accepted]
            due += [Message() for _ in range(4 - len(due))]
            self.messages |= {one.id: one for one in due}
            refs = [await line.send("post", **one.post) for one in due]
            answers = [await line.answer(ref) for ref in refs]
            taken = {one.id for one, got in zip(due, answers, strict=True) if got["type"] == "ok"}
            self.accepted |= taken
            if len(taken) < len(due):
                self.refused += len(due) - len(taken)
                await asyncio.sleep(_PAUSE)


class Reader(Roamer):
    """Opens and acknowledges what it is told of, but leaves some of it."""

    def __init__(
        self,
        author: Author,
        member: Member,
        hosts: Sequence[Host],
        first: int,
        coming_back: ComingBack = _at_once,
    ) -> None:
        super().__init__(member, hosts, first, coming_back)
        self._author = author
        self.viewed = author.viewed

    async def talk(self, line: Line, finished: asyncio.Event) -> None:
        while not finished.is_set():
            frame = await line.take(lambda one: "notices" in one or one["type"] == "notice")
            if frame["type"] == "notice":
                self.events.append((self.sockets, frame))
            for notice in frame.get("notices", [frame]):
                if notice["sequence"] % LEFT and notice.get("state") != "viewed":
                    await self._read(line, notice["id"])

    def _sift(self, line: Line) -> None:
        self.events += [(self.sockets, one) for one in line.frames if "ref" not in one]

    async def _read(self, line: Line, name: str) -> None:
        message = self._author.messages[name]
        opened = await self._insist(line, "open", id=name)
        if opened["type"] == "ok":
            assert name not in self.viewed, "what was destroyed was served"
            assert opened["envelope"] == message.envelope
            answer = await self._insist(line, "ack", id=name, viewing=message.viewing)
            if answer.get("state") == "viewed":
                self.viewed.add(name)


async def conversations(
    hosts: Sequence[Host], coming_back: ComingBack = _at_once
) -> tuple[list[Author], list[Reader]]:
    """Rooms of two, half of the authors at each host and their readers at the other."""
    authors, readers = [], []
    for number in range(ROOMS):
        room = await hosts[0].client.room()
        author = Author(await room.member(), hosts, number, coming_back)
        authors.append(author)
        readers.append(Reader(author, await room.member(), hosts, number + 1, coming_back))
    return authors, readers


@asynccontextmanager
async def talking(authors: list[Author], readers: list[Reader]) -> AsyncIterator[None]:
    """They all talk meanwhile."""
    finished = asyncio.Event()
    everybody: list[Roamer] = [*authors, *readers]
    async with asyncio.TaskGroup() as group:
        for one in everybody:
            group.create_task(one.live(finished))
        yield
        finished.set()
        for one in everybody:
            one.leave()


async def go_on_until(readers: list[Reader], more: int) -> None:
    """Until each of them has viewed so many more."""
    goals = [len(one.viewed) + more for one in readers]
    await until(
        lambda: all(len(one.viewed) >= goal for one, goal in zip(readers, goals, strict=True))
    )


async def ask_in_vain(members: Sequence[Roamer]) -> None:
    """Until in every room somebody was refused a few times more: an author may wait for others."""

    def refused() -> Counter[str]:
        found: Counter[str] = Counter()
        for one in members:
            found[one.member.room.locator] += one.refused
        return found

    before = refused()
    await until(lambda: all(count > before[room] + 5 for room, count in refused().items()))


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(3 * PATIENCE):
        while not done():  # noqa: ASYNC110 - of many tasks, at any moment
            await asyncio.sleep(0.01)


async def assert_accounts(database: str, authors: list[Author], readers: list[Reader]) -> None:
    """Accepted is viewed, expired and waiting, one by one."""
    connection = await asyncpg.connect(database)
    waiting = await connection.fetchval("SELECT count(*) FROM messages")
    fates = dict(await connection.fetch("SELECT fate::int, count(*) FROM tombstones GROUP BY fate"))
    await connection.close()
    accepted = sum(len(one.accepted) for one in authors)
    viewed = sum(len(one.viewed) for one in readers)
    # A last request whose answer was lost may have counted.
    sent = sum(len(one.messages) for one in authors)
    stored = waiting + sum(fates.values())
    assert accepted <= stored <= sent
    assert viewed <= fates.get(1, 0)
    assert set(fates) <= {1}


async def settle(hosts: Sequence[Host], authors: list[Author], readers: list[Reader]) -> None:
    """Everything that had no answer is asked again: then no doubt is left."""
    for author, reader in zip(authors, readers, strict=True):
        for one in (author, reader):
            one.member.room = hosts[0].room(one.member.room)
        async with author.member.line() as writing, reader.member.line():
            for message in author.messages.values():
                assert (await writing.ask("post", **message.post))["type"] == "ok"
                author.accepted.add(message.id)
            waiting = {one["id"] for one in await reader.member.waiting()}
            names = list(author.messages)
            states = {}
            for start in range(0, len(names), 100):
                answer = await writing.ask("status", ids=names[start : start + 100])
                states |= {one["id"]: one["state"] for one in answer["receipts"]}
            gone = {name for name, state in states.items() if state == "viewed"}
            assert gone | waiting == author.accepted
            assert not gone & waiting
            assert reader.viewed <= gone
            # Each had a number of its own, and none was given to what came a second time.
            last = Message()
            assert (await writing.ask("post", **last.post))["sequence"] == len(names) + 1
            author.messages[last.id] = last
            author.accepted.add(last.id)


def assert_nothing_was_told_twice(members: Iterable[Roamer]) -> None:
    """One notice on a socket, and one end of a message for all of them together."""
    for member in members:
        told = Counter(
            (number if frame["type"] == "notice" else 0, frame["type"], frame["id"])
            for number, frame in member.events
            if frame["type"] in {"notice", "destroyed"}
        )
        assert told
        assert set(told.values()) == {1}, told.most_common(3)
