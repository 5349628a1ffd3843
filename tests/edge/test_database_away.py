"""The database goes away and comes back: refusals that say so, no fault, nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.raw_client import Client, Message
from support.server import Program


class Passage:
    """The only way to a database; it can be cut and mended."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        query = parse_qs(self._parts.query)
        self._socket = f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}"
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def dsn(self) -> str:
        user = self._parts.netloc.rpartition("@")[0]
        return self._parts._replace(netloc=f"{user}@127.0.0.1:{self._port}", query="").geturl()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_unix_connection(self._socket)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_copy(reader, back))
                    group.create_task(_copy(there, writer))
            finally:
                back.transport.abort()
                writer.transport.abort()
        self._tasks.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
async def passage(database_url: str) -> AsyncIterator[Passage]:
    made = Passage(database_url)
    await made.mend()
    yield made
    await made.cut()


def assert_unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "unavailable"


async def test_while_the_database_is_away_everything_says_so_and_then_goes_on(
    serve: Callable[..., Program], passage: Passage
):
    server = await asyncio.to_thread(serve, database=passage.dsn)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        async with author.line() as line:
            await passage.cut()
            assert_unavailable(await client.api.get("/readyz"))
            assert_unavailable(await reader.http("GET", "/room/messages"))
            assert_unavailable(await author.post(message))
            for kind, fields in (
                ("post", message.post),
                ("messages", {}),
                ("open", {"id": message.id}),
            ):
                answer = await line.ask(kind, **fields)
                assert answer["error"]["code"] == "unavailable"
            async with room.line() as other:
                await other.send("hello", locator=room.locator, token=reader.token)
                code, frames = await other.end()
                assert (code, frames[-1]["error"]["code"]) == (1012, "unavailable")
            assert (await client.api.get("/healthz")).status_code == 200
            assert (await client.api.get("/config")).status_code == 200

            await passage.mend()
            assert (await client.api.get("/readyz")).status_code == 200
            receipt = await line.ask("post", **message.post)
            assert (receipt["type"], receipt["state"]) == ("ok", "stored")
            assert (await line.event("notice"))["id"] == message.id
            assert (await reader.open(message)).status_code == 200
        await asyncio.to_thread(server.stop)


async def test_a_socket_that_ends_while_the_database_is_away_gives_its_seat_up_afterwards(
    serve: Callable[..., Program], passage: Passage
):
    server = await asyncio.to_thread(serve, database=passage.dsn)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        leaving, watching = await room.member(), await room.member()
        async with watching.line() as line:
            async with leaving.line():
                await line.take(lambda one: one["type"] == "presence" and one["present"])
                await passage.cut()
            assert (await line.ask("messages"))["error"]["code"] == "unavailable"
            await passage.mend()
            gone = await line.event("presence")
            assert gone == {"type": "presence", "member": leaving.id, "present": False}
        await asyncio.to_thread(server.stop)
