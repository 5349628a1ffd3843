"""Hosts, workers, Redis and PostgreSQL end in the middle of load: what was accepted is not lost.

Members come back by whatever host there is, send again what had no answer, and read what waits.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
from support.machines.hosts import Host, start_hosts
from support.machines.passage import Passage
from support.machines.processes import wait_until_gone
from support.machines.redis import RedisServer
from support.machines.server import AT_ANY_PACE, PATIENCE, Program
from support.people.raw_client import Line, Message, Room, text
from support.people.roamers import (
    assert_accounts,
    assert_nothing_was_told_twice,
    conversations,
    go_on_until,
    settle,
    talking,
)

from ephemeral.protocol.encoding import b64decode

Serving = Callable[..., Program]


async def test_either_host_is_killed_under_load_and_its_members_go_on_at_the_other(
    database_url: str, serve: Serving, redis: RedisServer, tmp_path: Path
):
    programs = await asyncio.to_thread(
        start_hosts, serve, database_url, tmp_path, redis.url, **AT_ANY_PACE
    )
    hosts = [Host(one) for one in programs]
    authors, readers = await conversations(hosts)
    async with talking(authors, readers):
        await go_on_until(readers, 8)
        programs[0].kill()
        await go_on_until(readers, 8)
        await asyncio.to_thread(programs[0].start)
        await go_on_until(readers, 3)
        programs[1].kill()
        await go_on_until(readers, 8)
    assert_nothing_was_told_twice([*authors, *readers])
    await settle(hosts[:1], authors, readers)
    await assert_accounts(database_url, authors, readers)
    for one in hosts:
        await one.client.api.aclose()


async def bus(host: Host) -> str:
    return (await host.client.api.get("/readyz")).json()["bus"]


async def until_bus(hosts: list[Host], state: str) -> None:
    async with asyncio.timeout(PATIENCE):
        for host in hosts:
            while await bus(host) != state:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_redis_is_slow_is_killed_and_comes_back_and_everybody_learns_everything(
    database_url: str, serve: Serving, redis: RedisServer, tmp_path: Path
):
    passage = Passage(str(redis.socket))
    await passage.mend()
    programs = await asyncio.to_thread(
        start_hosts, serve, database_url, tmp_path, f"redis://127.0.0.1:{passage.port}"
    )
    hosts = [Host(one) for one in programs]
    room = await hosts[0].client.room(seats=3)
    author, reader, neighbour = [await room.member() for _ in range(3)]
    reader.room = hosts[1].room(room)
    async with author.line() as here, neighbour.line() as beside, reader.line() as there:
        await here.take(lambda one: one.get("present") and one.get("member") == reader.id)
        passage.delay = 0.2
        slow = [Message() for _ in range(5)]
        for one in slow:
            assert (await here.ask("post", **one.post))["state"] == "stored"
        assert [(await there.event("notice"))["id"] for _ in slow] == [one.id for one in slow]
        passage.delay = 0.0

        redis.kill()
        await until_bus(hosts, "away")
        alone = Message()
        assert (await here.ask("post", **alone.post))["state"] == "stored"
        # On the same host nobody waits for Redis.
        assert (await beside.take(lambda one: one.get("id") == alone.id))["type"] == "notice"
        opened = await reader.open(alone)
        assert opened.json()["envelope"] == alone.envelope
        assert (await reader.acknowledge(alone)).json()["state"] == "viewed"
        unheard = Message()
        await here.ask("post", **unheard.post)

        redis.start()
        await until_bus(hosts, "ready")
        told = await there.event("backlog")
        while unheard.id not in {one["id"] for one in told["notices"]}:
            told = await there.event("backlog")
        assert alone.id not in {one["id"] for one in told["notices"]}
        told = await here.event("backlog")
        # And from now on as ever.
        last = Message()
        await here.ask("post", **last.post)
        await there.take(lambda one: one["type"] == "notice" and one["id"] == last.id)
        # A host that stops says whom it takes with it.
        assert await asyncio.to_thread(programs[1].stop) == 0
        await here.take(lambda one: one.get("member") == reader.id and one.get("present") is False)
    await asyncio.to_thread(programs[0].stop)
    for one in programs:
        assert "Redis is away (" in one.output()
        assert "Redis is back" in one.output()
    for host in hosts:
        await host.client.api.aclose()
    await passage.cut()


async def test_a_host_starts_while_redis_is_away_and_joins_the_others_later(
    database_url: str, serve: Serving, redis: RedisServer
):
    redis.kill()
    program = await asyncio.to_thread(serve, database=database_url, REDIS_URL=redis.url)
    host = Host(program)
    assert await bus(host) == "away"
    room = await host.client.room()
    one, two = await room.member(), await room.member()
    async with one.line() as here, two.line() as there:
        message = Message()
        await here.ask("post", **message.post)
        assert (await there.event("notice"))["id"] == message.id
        redis.start()
        await until_bus([host], "ready")
    await host.client.api.aclose()


# Several processes of one host


def workers_of(program: Program) -> list[int]:
    """The processes below the one that minds them."""
    return children(program.pid, b"worker")


def children(parent: int, argument: bytes) -> list[int]:
    """The processes that any thread of a process has started with this argument."""
    threads = Path(f"/proc/{parent}/task").glob("*/children")
    listed = [int(one) for thread in threads for one in thread.read_text().split()]
    commands = {one: Path(f"/proc/{one}/cmdline").read_bytes() for one in listed}
    return [pid for pid, command in commands.items() if argument in command.split(b"\0")]


async def test_two_workers_are_one_server_and_outlive_one_of_them_and_postgresql(
    database_url: str, serve: Serving, redis: RedisServer
):
    query = parse_qs(urlsplit(database_url).query)
    passage = Passage(f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}")
    await passage.mend()
    user = urlsplit(database_url).netloc.rpartition("@")[0]
    dsn = urlsplit(database_url)._replace(netloc=f"{user}@127.0.0.1:{passage.port}", query="")
    program = await asyncio.to_thread(
        serve, database=dsn.geturl(), REDIS_URL=redis.url, WORKERS=2, SWEEP_SECONDS=1
    )
    assert len(workers_of(program)) == 2
    host = Host(program)
    room = await host.client.room(seats=50)
    curl = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--noproxy", "*", f"{program.url}/readyz", stdout=asyncio.subprocess.PIPE
    )
    assert b'"bus": "ready"' in (await curl.communicate())[0]

    async with AsyncExitStack() as sockets:
        lines = await connect_apart(database_url, room, sockets)
        message = Message()
        await lines[0].ask("post", **message.post)
        for line in lines[1:]:
            await line.take(lambda one: one["type"] == "notice" and one["id"] == message.id)

        # PostgreSQL is away for a moment; the pools of both recover by themselves.
        await passage.cut()
        for line in lines:
            asked = await line.ask("status", ids=[message.id])
            assert asked["error"]["code"] == "unavailable"
        await passage.mend()
        for line in lines:
            await answered(line)

    # One of the two is killed: the other one serves, and a new one takes its place.
    before = workers_of(program)
    os.kill(before[0], signal.SIGKILL)
    wait_until_gone(before[0])
    assert [one["id"] for one in await (await room.member()).waiting()] == [message.id]
    async with asyncio.timeout(PATIENCE):
        while len(workers_of(program)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert len(set(workers_of(program)) & set(before)) == 1
    last = workers_of(program)
    await host.client.api.aclose()
    assert await asyncio.to_thread(program.stop) == 0
    for pid in last:
        wait_until_gone(pid)
    await passage.cut()


async def answered(line: Line) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await line.ask("status", ids=[text(16)]))["type"] == "error":  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def connect_apart(database: str, room: Room, sockets: AsyncExitStack) -> list[Line]:
    """Sockets of two members at different workers, as the database tells them apart."""
    connection = await asyncpg.connect(database)
    found: dict[bytes, Line] = {}
    while len(found) < 2:
        member = await room.member()
        line = await sockets.enter_async_context(member.line())
        worker = await connection.fetchval(
            "SELECT worker FROM seats WHERE member = $1", b64decode(member.id)
        )
        found.setdefault(worker, line)
    await connection.close()
    return list(found.values())


async def test_whoever_minds_the_workers_is_killed_and_none_of_them_stays(
    serve: Serving, redis: RedisServer
):
    """Not even to drain: they hold the port, which the next server wants."""
    program = await asyncio.to_thread(serve, REDIS_URL=redis.url, WORKERS=2, DRAIN_SECONDS=500)
    host = Host(program)
    room = await host.client.room()
    async with (await room.member()).line() as line:
        below = workers_of(program)
        assert len(below) == 2
        program.signal(signal.SIGKILL)
        try:
            for pid in below:
                await asyncio.to_thread(wait_until_gone, pid, 10)
        finally:
            for pid in below:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await line.end()
    program.wait()
    await host.client.api.aclose()


async def test_a_worker_that_is_killed_while_it_starts_is_started_again_and_that_is_said(
    serve: Serving, redis: RedisServer
):
    settings = {"REDIS_URL": redis.url, "WORKERS": 2, "just_started": True}
    starting = asyncio.create_task(asyncio.to_thread(serve, **settings))
    async with asyncio.timeout(PATIENCE):
        while not (minding := children(os.getpid(), b"serve")):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        while not (first := children(minding[0], b"worker")):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    os.kill(first[0], signal.SIGKILL)
    program = await starting
    assert len(workers_of(program)) == 2
    assert first[0] not in workers_of(program)
    said = "A server process was ended by SIGKILL before it served; another one starts."
    assert program.output().splitlines()[0] == said
    await asyncio.to_thread(program.stop)
