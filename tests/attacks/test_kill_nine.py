"""Power cuts: the server and its PostgreSQL are killed in the middle of load, and nothing is lost.

What was answered is true afterwards. What had no answer is sent again with the same ids, as clients
do, and happens once. Meanwhile an epoch ends every second.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from support.machines.database import Server as Postgres
from support.machines.server import AT_ANY_PACE, Program
from support.people.raw_client import Client, Line, Member, Message
from websockets.exceptions import ConnectionClosed

from ephemeral.store.embedded.server import running_dsn

ROOMS, LEAST = 3, 80


class Pair:
    """An author and a reader, and what they were answered."""

    def __init__(self, author: Member, reader: Member) -> None:
        self.author, self.reader = author, reader
        self.messages: dict[str, Message] = {}
        self.posted: set[str] = set()
        self.viewed: set[str] = set()

    async def talk(self, finished: asyncio.Event) -> None:
        """Post, and read every other message, without end; a broken connection is one."""
        async with AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(one.line()) for one in (self.author, self.reader)
            ]
            for line in lines:
                stack.callback(line.socket.transport.abort)
            with suppress(ConnectionClosed):
                while not finished.is_set():
                    await self._round(*lines)

    async def _round(self, writing: Line, reading: Line) -> None:
        fresh = [Message() for _ in range(8)]
        self.messages |= {one.id: one for one in fresh}
        refs = [await writing.send("post", **one.post) for one in fresh]
        for one, ref in zip(fresh, refs, strict=True):
            if (await writing.answer(ref))["type"] == "ok":
                self.posted.add(one.id)
        for one in fresh[::2]:
            await reading.send("open", id=one.id)
        refs = [await reading.send("ack", id=one.id, viewing=one.viewing) for one in fresh[::2]]
        for one, ref in zip(fresh[::2], refs, strict=True):
            if (await reading.answer(ref)).get("state") == "viewed":
                self.viewed.add(one.id)

    async def check(self) -> None:
        """What was answered is so; what was not is asked again and then is."""
        async with self.author.line() as author, self.reader.line() as reader:
            welcome = (await reader.take(lambda one: one["type"] == "welcome"))["notices"]
            waiting = {one["id"] for one in welcome}
            fates = await self._fates(author)
            for name in self.posted:
                assert fates[name]["state"] in {"stored", "opened", "viewed"}
            for name, receipt in fates.items():
                assert (name in waiting) == (receipt["state"] in {"stored", "opened"})
                if receipt["state"] == "viewed":
                    assert receipt["viewing"] == self.messages[name].viewing
            for name in self.viewed:
                assert fates[name]["state"] == "viewed"
            for message in self.messages.values():
                again = await author.ask("post", **message.post)
                assert again["type"] == "ok", again
                expected = {fates[message.id]["state"]} - {"unknown"} or {"stored"}
                assert {again["state"]} == expected
            for notice in await self.reader.waiting():
                assert notice["id"] not in self.viewed
                opened = await reader.ask("open", id=notice["id"])
                assert opened["envelope"] == self.messages[notice["id"]].envelope
                viewing = self.messages[notice["id"]].viewing
                answer = await reader.ask("ack", id=notice["id"], viewing=viewing)
                assert answer["state"] == "viewed"
            assert {one["state"] for one in (await self._fates(author)).values()} == {"viewed"}

    async def _fates(self, line: Line) -> dict[str, dict[str, Any]]:
        names = list(self.messages)
        found = {}
        for start in range(0, len(names), 100):
            answer = await line.ask("status", ids=names[start : start + 100])
            found |= {one["id"]: one for one in answer["receipts"]}
        return found


async def pairs(client: Client) -> list[Pair]:
    rooms = [await client.room() for _ in range(ROOMS)]
    return [Pair(await room.member(), await room.member()) for room in rooms]


async def cut_short(talking: list[Pair], cut: Callable[[], None]) -> None:
    """Let them talk, and cut in the middle."""
    finished = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for one in talking:
            group.create_task(one.talk(finished))
        start = sum(len(one.viewed) for one in talking)
        while sum(len(one.viewed) for one in talking) < start + LEAST:  # noqa: ASYNC110
            await asyncio.sleep(0)
        cut()
        finished.set()


async def test_a_server_killed_in_the_middle_of_load_loses_nothing_it_has_answered(
    serve: Callable[..., Program],
):
    server = serve(**AT_ANY_PACE, EPOCH_SECONDS=1)
    async with Client(server.url, server.ws_url) as client:
        talking = await pairs(client)
        for _ in range(2):
            await cut_short(talking, server.kill)
            server.start()
        for one in talking:
            await one.check()
    connection = await asyncpg.connect(server.environment["DATABASE_URL"])
    left = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM payloads), "
        "(SELECT count(*) FROM payload_keys), (SELECT count(*) FROM audience)"
    )
    await connection.close()
    assert not any(left)


@pytest.fixture
def embedded(postgres: Postgres, tmp_path: Path) -> Iterator[Program]:
    """A server with its own PostgreSQL, as `make run` starts it."""
    with ExitStack() as stack:
        folder = tmp_path / "embedded"
        postgres.put_data_dir(folder / "data")
        running = Program(
            folder,
            {
                "DATA_DIR": str(folder / "data"),
                "ENCRYPTION_KEY": secrets.token_hex(32),
                **AT_ANY_PACE,
                "EPOCH_SECONDS": "1",
            },
        )
        stack.callback(running.stop)
        yield running


def data(server: Program) -> Path:
    return Path(server.environment["DATA_DIR"])


async def is_ready(client: Client) -> None:
    async with asyncio.timeout(30):
        while (await client.api.get("/readyz")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_postgresql_that_crashes_under_load_recovers_and_nothing_is_lost(embedded: Program):
    """One of its processes is killed: it breaks all connections and recovers from its log."""
    async with Client(embedded.url, embedded.ws_url) as client:
        talking = await pairs(client)
        dsn = running_dsn(data(embedded))
        assert dsn is not None
        for _ in range(2):
            connection = await asyncpg.connect(dsn)
            victim = await connection.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'ephemeral' LIMIT 1"
            )
            await connection.close()
            await cut_short(talking, lambda victim=victim: os.kill(victim, signal.SIGKILL))
            await is_ready(client)
        for one in talking:
            await one.check()
    assert embedded.stop() == 0
    embedded.verify()


async def test_server_and_postgresql_killed_together_come_back_with_everything(embedded: Program):
    async with Client(embedded.url, embedded.ws_url) as client:
        talking = await pairs(client)

        def power_cut() -> None:
            postmaster = int(
                (data(embedded) / "postgres" / "postmaster.pid").read_text().split()[0]
            )
            os.kill(postmaster, signal.SIGKILL)
            embedded.kill()

        await cut_short(talking, power_cut)
        embedded.start()
        for one in talking:
            await one.check()
    assert embedded.stop() == 0
    embedded.verify()


async def test_a_killed_tab_comes_back_to_its_seat_in_a_full_and_locked_room(server: Program):
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        token, key = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        other = await room.member()
        tab = await room.member(resume={"token": token, "key": key})
        message = Message()
        async with other.line() as line:
            async with tab.line() as lost:
                await line.ask("lock", locked=True)
                await line.ask("post", **message.post)
                await lost.ask("open", id=message.id)
                lost.socket.transport.abort()
            gone = {"type": "presence", "member": tab.id, "present": False}
            await line.take(lambda one: one == gone)
            # With the server killed as well.
            server.kill()
        server.start()
        resumed = await client.api.post("/room/members", headers={"Ephemeral-Resume": token})
        assert resumed.json() == {"key": key, "generation": 1}
        async with tab.line() as back:
            [welcome] = await back.settle()
            assert [one["holder"] for one in welcome["notices"]] == [tab.id]
            # The lease is still its own.
            assert (await back.ask("open", id=message.id))["envelope"] == message.envelope
            answer = await back.ask("ack", id=message.id, viewing=message.viewing)
            assert answer["state"] == "viewed"


async def test_the_lease_of_a_reader_who_is_gone_ends_and_its_socket_is_missed(
    serve: Callable[..., Program],
):
    """Three times, the last with a server killed meanwhile: then the author is told the truth."""
    server = serve(LEASE_SECONDS=1, SWEEP_SECONDS=1)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room(seats=3)
        author, reader = await room.member(), await room.member()
        message = Message()
        async with author.line() as line:
            await line.ask("post", **message.post)
            for _ in range(2):
                async with reader.line() as lost:
                    assert (await lost.ask("open", id=message.id))["type"] == "ok"
                    lost.socket.transport.abort()
                assert (await line.event("stored"))["id"] == message.id
            async with reader.line() as lost:
                assert (await lost.ask("open", id=message.id))["type"] == "ok"
                server.kill()
        server.start()
        async with author.line() as line:
            receipt = await line.ask("status", ids=[message.id])
            if receipt["receipts"][0]["state"] != "unconfirmed":
                ended = await line.event("destroyed")
                assert (ended["state"], ended["viewing"]) == ("unconfirmed", None)
            again = await line.ask("post", **message.post)
            assert (again["state"], again["viewing"]) == ("unconfirmed", None)
            late = await reader.acknowledge(message)
            assert (late.status_code, late.json()["error"]["state"]) == (410, "unconfirmed")
