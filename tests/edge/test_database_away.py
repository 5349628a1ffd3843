"""The database goes away and comes back: refusals that say so, no fault, nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from support.machines.passage import DatabasePassage
from support.machines.server import PATIENCE, Program
from support.people.raw_client import Client, Message


@pytest.fixture
async def passage(database_url: str) -> AsyncIterator[DatabasePassage]:
    made = DatabasePassage(database_url)
    await made.mend()
    yield made
    await made.cut()


def assert_unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "unavailable"


async def test_while_the_database_is_away_everything_says_so_and_then_goes_on(
    serve: Callable[..., Program], passage: DatabasePassage
):
    server = await asyncio.to_thread(serve, database=passage.dsn)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        async with author.line() as line:
            await passage.cut()
            unready = await client.api.get("/readyz")
            assert_unavailable(unready)
            why = "The database can't be reached: Connection refused."
            assert unready.json()["error"]["message"] == why
            assert_unavailable(await reader.http("GET", "/room/messages"))
            assert_unavailable(await author.post(message))
            for kind, fields in (
                ("post", message.post),
                ("status", {"ids": [message.id]}),
                ("open", {"id": message.id}),
            ):
                answer = await line.ask(kind, **fields)
                assert answer["error"]["code"] == "unavailable"
            async with room.line() as other:
                await other.send("hello", **reader.greeting)
                code, frames = await other.end()
                assert (code, frames[-1]["error"]["code"]) == (1012, "unavailable")
            assert (await client.api.get("/healthz")).status_code == 200
            assert (await client.api.get("/config")).status_code == 200

            await passage.mend()
            assert (await client.api.get("/readyz")).status_code == 200
            receipt = await line.ask("post", **message.post)
            assert (receipt["type"], receipt["state"]) == ("ok", "stored")
            assert (await reader.open(message)).status_code == 200
        # Of all that failed the log has one line, and one of its end.
        async with asyncio.timeout(PATIENCE):
            while "The database serves again" not in server.output():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        [_, begun, _] = server.output().splitlines()
        assert begun == why
        await asyncio.to_thread(server.stop)


async def test_a_socket_that_ends_while_the_database_is_away_gives_its_seat_up_afterwards(
    serve: Callable[..., Program], passage: DatabasePassage
):
    server = await asyncio.to_thread(serve, database=passage.dsn)
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        leaving, watching = await room.member(), await room.member()
        async with watching.line() as line:
            async with leaving.line():
                await line.take(lambda one: one["type"] == "presence" and one["present"])
                await passage.cut()
            asked = await line.ask("status", ids=[Message().id])
            assert asked["error"]["code"] == "unavailable"
            await passage.mend()
            gone = await line.event("presence")
            assert gone == {"type": "presence", "member": leaving.id, "present": False}
        await asyncio.to_thread(server.stop)
