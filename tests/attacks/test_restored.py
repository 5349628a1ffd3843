"""The program on a database that was restored, and on one whose clock is wrong.

The commands that docs/operations.md names, as somebody uses them who has only that.
"""

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
from support.machines.redis import RedisServer
from support.machines.server import Program, program
from support.people.raw_client import Client, Member, Message

Serve = Callable[..., Program]
DAY = 86_400_000


def run(server: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command with the settings of a server, to its end."""
    started = program(
        *arguments,
        environment=server.environment,
        folder=server.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    output, errors = started.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, started.returncode, output, errors)


def told(server: Program, *arguments: str, code: int = 0) -> str:
    """What a command says, which ends with this code."""
    ended = run(server, *arguments)
    assert ended.returncode == code, ended.stderr
    return ended.stderr if code else ended.stdout


async def test_a_restored_backup_is_served_only_as_long_as_nothing_has_happened_since(serve: Serve):
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    database, file = Path(server.environment["DATA_DIR"]) / "postgres", server.folder / "backup"
    async with Client(server.url, server.ws_url) as client:
        room, other = await client.room(), await client.room()
        author, reader = await room.member(), await room.member()
        alone = await other.member()
        message, left = Message(), Message()
        await author.post(message)
        await author.post(left)
        assert "in use by another" in told(server, "restore", "/dev/null", code=1)
        server.stop()
        assert str(file) in told(server, "backup", str(file))
        # As on another machine to which it moves: nothing is lost, and nothing is asked.
        shutil.rmtree(database)
        assert "was restored" in told(server, "restore", str(file))
        server.start()
        assert (await reader.open(message)).json()["envelope"] == message.envelope
        assert (await reader.acknowledge(message)).status_code == 200
        assert (await alone.http("DELETE", "/room")).status_code == 204
        server.stop()
        assert "can't be served yet" in told(server, "restore", str(file), code=1)
        await refused_until_all_has_ended(server, client, reader, alone)


async def test_files_that_are_put_back_are_refused_until_everything_in_them_has_ended(serve: Serve):
    """As a snapshot is, of which the database knows nothing."""
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    database, copy = Path(server.environment["DATA_DIR"]) / "postgres", server.folder / "copy"
    async with Client(server.url, server.ws_url) as client:
        room, other = await client.room(), await client.room()
        author, reader = await room.member(), await room.member()
        alone = await other.member()
        message = Message()
        await author.post(message)
        await author.post(Message())
        server.stop()
        shutil.copytree(database, copy)
        server.start()
        assert (await reader.open(message)).status_code == 200
        assert (await reader.acknowledge(message)).status_code == 200
        assert (await alone.http("DELETE", "/room")).status_code == 204
        server.stop()
        shutil.rmtree(database)
        copy.rename(database)
        await refused_until_all_has_ended(server, client, reader, alone)


async def refused_until_all_has_ended(server: Program, client: Client, *members: Member) -> None:
    """Of a database that was set back, in which there are two rooms with two messages."""
    refused = told(server, "serve", code=1)
    assert "set back" in refused
    assert len(refused.splitlines()) == 1
    assert "in them: 2 rooms, 2 messages." in told(server, "restore-accept")
    server.start()
    for member in members:
        assert (await member.http("GET", "/room")).status_code == 404
    writer = await (await client.room()).member()
    assert (await writer.post(Message())).status_code == 201


async def set_clock(database: str, ahead: int) -> None:
    connected = await asyncpg.connect(database)
    await connected.execute(
        "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE RETURN "
        f"(extract(epoch FROM clock_timestamp()) * 1000)::bigint + {ahead}"
    )
    await connected.close()


async def test_a_clock_a_day_ahead_ends_nothing_until_it_is_accepted(serve: Serve):
    server = serve()
    database = server.environment["DATABASE_URL"]

    async def ready(api: httpx.AsyncClient, wanted: int) -> str:
        async with asyncio.timeout(20):
            while (answer := await api.get("/readyz")).status_code != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return str(answer.json())

    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        await author.post(message)
        server.stop()
        await set_clock(database, DAY)
        assert "hours ahead: 1 message and" in told(server, "check", code=1)
        server.start()
        assert "clock can't be right" in await ready(client.api, 503)
        assert (await reader.open(message)).status_code == 503
        # It comes back by itself when the clock does, and whatever ended meanwhile is still there.
        await set_clock(database, 0)
        await ready(client.api, 200)
        assert (await reader.open(message)).status_code == 200
        # It jumps while the server runs; whoever says that this is right is believed.
        await set_clock(database, 2 * DAY)
        await ready(client.api, 503)
        assert "taken for right" in told(server, "check", "--accept-clock")
        await ready(client.api, 200)
        # What is printed comes by another way than the answers.
        async with asyncio.timeout(20):
            while server.output().count("--accept-clock`") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert server.output().count("--accept-clock`") == 2


async def test_a_start_may_be_told_that_the_clock_is_right(serve: Serve, redis: RedisServer):
    """And its workers are."""
    server = serve(WORKERS=2, REDIS_URL=redis.url)
    database = server.environment["DATABASE_URL"]
    async with Client(server.url, server.ws_url) as client:
        author = await (await client.room()).member()
        await author.post(Message())
    server.stop()
    await set_clock(database, DAY)
    server.arguments = ["--accept-clock"]
    server.start()
    async with Client(server.url, server.ws_url) as client:
        for _ in range(4):
            assert (await client.api.get("/readyz")).status_code == 200
