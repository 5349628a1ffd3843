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
import pytest
from support.machines.server import Program, program
from support.people.raw_client import Client, Message

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


@pytest.mark.parametrize("way", ["commands", "a copy of the files"])
async def test_a_restored_backup_is_refused_until_everything_in_it_has_ended(
    serve: Serve, way: str
):
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    data, file = Path(server.environment["DATA_DIR"]), server.folder / "backup"
    async with Client(server.url, server.ws_url) as client:
        room, other = await client.room(), await client.room()
        author, reader = await room.member(), await room.member()
        alone = await other.member()
        message, left = Message(), Message()
        await author.post(message)
        await author.post(left)
        if way == "commands":
            assert str(file) in told(server, "backup", str(file))
            assert file.stat().st_mode & 0o777 == 0o600
        else:
            server.stop()
            shutil.copytree(data / "postgres", file)
            server.start()
        assert (await reader.open(message)).status_code == 200
        assert (await reader.acknowledge(message)).status_code == 200
        assert (await alone.http("DELETE", "/room")).status_code == 204
        # After its end, so that nothing depends on when the last second began.
        server.stop()
        if way == "commands":
            said = told(server, "restore", str(file), code=1)
            assert "was restored, and can't be served yet" in said
        else:
            shutil.rmtree(data / "postgres")
            shutil.copytree(file, data / "postgres")
        for command in ("serve", "check") if way == "commands" else ("serve",):
            refused = told(server, command, code=1)
            assert "set back" in refused
            assert "restore-accept" in refused
            assert len(refused.splitlines()) == 1
        said = told(server, "restore-accept")
        assert "have ended: 2, with 2 messages" in said
        server.start()
        for member in (reader, alone):
            assert (await member.http("GET", "/room")).status_code in {401, 404}
        again = await client.room()
        writer = await again.member()
        assert (await writer.post(Message())).status_code == 201


async def test_a_backup_of_a_server_that_stands_still_moves_it(serve: Serve):
    """To another machine, with its keys: nothing is lost, and nothing is asked."""
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="")
    file = server.folder / "backup"
    async with Client(server.url, server.ws_url) as client:
        room = await client.room()
        author, reader = await room.member(), await room.member()
        message = Message()
        await author.post(message)
        assert "in use by another" in told(server, "restore", "/dev/null", code=1)
        server.stop()
        told(server, "backup", str(file))
        shutil.rmtree(Path(server.environment["DATA_DIR"]) / "postgres")
        assert "was restored" in told(server, "restore", str(file))
        server.start()
        assert (await reader.open(message)).json()["envelope"] == message.envelope


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
        assert "hours ahead: 1 messages" in told(server, "check", code=1)
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
        assert server.output().count("--accept-clock`") == 2


async def test_a_start_may_be_told_that_the_clock_is_right(serve: Serve):
    server = serve()
    database = server.environment["DATABASE_URL"]
    async with Client(server.url, server.ws_url) as client:
        author = await (await client.room()).member()
        await author.post(Message())
    server.stop()
    await set_clock(database, DAY)
    server.arguments = ["--accept-clock"]
    server.start()
    async with Client(server.url, server.ws_url) as client:
        assert (await client.api.get("/readyz")).status_code == 200
