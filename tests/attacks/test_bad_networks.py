"""Conversations over networks that break, before the server and behind it.

Connections are cut, cut in the middle of a frame or a statement, closed on one way, and delayed,
between clients and server and between server and database. Everybody asks again until there is an
answer, as clients do.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

from httpx import HTTPStatusError
from support.machines.bad_network import BadNetwork, Opened
from support.machines.server import AT_ANY_PACE, Program
from support.people.raw_client import Client, Line, Member, Message
from websockets.exceptions import ConnectionClosed, InvalidHandshake

MESSAGES = 24
_BROKEN = (ConnectionClosed, InvalidHandshake, OSError, EOFError)


class Persistent:
    """A member who asks until there is an answer, over as many sockets as that takes."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.sockets = 0
        self._line: Line | None = None
        self._stack = AsyncExitStack()

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        async with asyncio.timeout(100):
            while True:
                answer = None
                with suppress(*_BROKEN):
                    answer = await self._once(kind, fields)
                if answer is None:
                    await self.hang_up()
                elif answer.get("error", {}).get("code") != "unavailable":
                    return answer
                await asyncio.sleep(0.01)

    async def _once(self, kind: str, fields: dict[str, object]) -> dict[str, Any]:
        if self._line is None:
            line = await self._stack.enter_async_context(self.member.room.line())
            self._stack.callback(line.socket.transport.abort)
            welcome = await line.ask("hello", **self.member.greeting)
            if welcome["type"] != "welcome":
                # It said why, and will close.
                raise EOFError
            self._line = line
            self.sockets += 1
        return await self._line.ask(kind, **fields)

    async def waiting(self) -> list[dict[str, Any]]:
        """The notices of all messages that wait; asked beside the networks that break in front."""
        async with asyncio.timeout(100):
            while True:
                with suppress(HTTPStatusError):
                    return await self.member.waiting()
                await asyncio.sleep(0.01)

    async def hang_up(self) -> None:
        self._line = None
        with suppress(*_BROKEN):
            await self._stack.aclose()


async def writes(author: Persistent, messages: list[Message]) -> list[int]:
    """All of them, each a second time; the sequences that were answered."""
    sequences = []
    for message in messages:
        first = await author.ask("post", **message.post)
        second = await author.ask("post", **message.post)
        for answer in (first, second):
            assert answer["type"] == "ok", answer
            if answer["state"] in {"stored", "opened"}:
                sequences.append(answer["sequence"])
            else:
                assert (answer["state"], answer["viewing"]) == ("viewed", message.viewing)
    return sequences


async def reads(reader: Persistent, messages: dict[str, Message], wanted: set[str]) -> None:
    """Those that are wanted, as they come."""
    left = set(wanted)
    while left:
        for notice in await reader.waiting():
            name = notice["id"]
            if name not in left:
                continue
            opened = await reader.ask("open", id=name)
            assert opened.get("envelope") == messages[name].envelope, opened
            answer = await reader.ask("ack", id=name, viewing=messages[name].viewing)
            assert answer["state"] == "viewed", answer
            left.remove(name)


async def talk(author: Member, reader: Member) -> int:
    """A conversation, and what must be true afterwards; returns how many sockets it took."""
    messages = [Message() for _ in range(MESSAGES)]
    by_name = {one.id: one for one in messages}
    wanted = {one.id for one in messages[::2]}
    writing, reading = Persistent(author), Persistent(reader)
    async with asyncio.TaskGroup() as group:
        told = group.create_task(writes(writing, messages))
        group.create_task(reads(reading, by_name, wanted))
    # None twice, and none that nobody sent.
    assert set(told.result()) <= set(range(1, MESSAGES + 1))
    receipts = (await writing.ask("status", ids=list(by_name)))["receipts"]
    viewed = {one["id"] for one in receipts if one["state"] == "viewed"}
    waiting = {one["id"]: one["sequence"] for one in receipts if one["state"] == "stored"}
    assert viewed == wanted
    assert {one["id"] for one in receipts} == viewed | set(waiting)
    assert len(receipts) == MESSAGES
    for one in receipts:
        if one["state"] == "viewed":
            assert one["viewing"] == by_name[one["id"]].viewing
    notices = await reading.waiting()
    assert {one["id"]: one["sequence"] for one in notices} == waiting
    # The next message is the next that the room has ever taken.
    last = await writing.ask("post", **Message().post)
    assert last["sequence"] == MESSAGES + 1
    for one in (writing, reading):
        await one.hang_up()
    return writing.sockets + reading.sockets


def to_port(port: int) -> Callable[[], Any]:
    return lambda: asyncio.open_connection("127.0.0.1", port)


class ToDatabase:
    """How to reach a database, and its address by another way."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        query = parse_qs(self._parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"

    async def reach(self) -> Opened:
        return await asyncio.open_unix_connection(self._socket)

    def by(self, port: int) -> str:
        user = self._parts.netloc.rpartition("@")[0]
        return self._parts._replace(netloc=f"{user}@127.0.0.1:{port}", query="").geturl()


async def test_over_networks_that_break_on_both_sides_nothing_is_lost_and_nothing_is_twice(
    database_url: str, serve: Callable[..., Program]
) -> None:
    random = Random(2)
    database = ToDatabase(database_url)
    async with BadNetwork(database.reach, random, 0.3).opened() as behind:
        server = await asyncio.to_thread(
            serve, database=database.by(behind.port), **AT_ANY_PACE, SWEEP_SECONDS=1
        )
        async with BadNetwork(to_port(server.port), random, 2).opened() as before:
            ws_url = f"ws://127.0.0.1:{before.port}/room/socket"
            async with Client(server.url, ws_url) as client:
                rooms = [await client.room() for _ in range(3)]
                pairs = [(await one.member(), await one.member()) for one in rooms]
                before.calm = behind.calm = False
                async with asyncio.timeout(110), asyncio.TaskGroup() as group:
                    talks = [group.create_task(talk(*pair)) for pair in pairs]
                before.calm = behind.calm = True
        assert sum(one.result() for one in talks) > 2 * len(pairs)
        for network in (before, behind):
            assert {"cut", "truncated", "half closed"} <= set(network.mishaps), network.mishaps
        print(before.mishaps, behind.mishaps)
        await asyncio.to_thread(server.stop)
