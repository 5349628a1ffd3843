"""PostgreSQL is restarted, or dies and its standby takes over, while everybody talks on.

Two workers serve. What was accepted is on the disk, or on both disks, and nothing else counts:
members ask again, their sockets stay open, and the pools find the database by themselves.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from support.machines.hosts import Host
from support.machines.own_postgres import Cluster, OwnPostgres, own_cluster
from support.machines.passage import Passage
from support.machines.redis import RedisServer
from support.machines.server import AT_ANY_PACE, PATIENCE, Program, program
from support.people.roamers import (
    Author,
    Reader,
    ask_in_vain,
    assert_accounts,
    assert_nothing_was_told_twice,
    conversations,
    go_on_until,
    settle,
    talking,
    until,
)

Serving = Callable[..., Program]


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with own_cluster(request.config.getoption("--postgres")) as made:
        yield made


@asynccontextmanager
async def two_workers(serve: Serving, database: str, redis: RedisServer) -> AsyncIterator[Host]:
    """They serve meanwhile, and then end without having met a fault."""
    settings = {"REDIS_URL": redis.url, "WORKERS": 2, "DATABASE_WAIT_SECONDS": 30, **AT_ANY_PACE}
    running = await asyncio.to_thread(serve, database=database, **settings)
    host = Host(running)
    yield host
    await host.client.api.aclose()
    assert await asyncio.to_thread(running.stop) == 0


async def readiness(host: Host) -> str:
    """What either worker says: each connection is taken by any of them."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.get(f"{host.program.url}/readyz")).json()
    return str(answer.get("database") or answer["error"]["message"])


async def until_ready(host: Host, wanted: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while await readiness(host) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_away(host: Host) -> None:
    """Until it says so of the database, whatever it meets in its place."""
    async with asyncio.timeout(PATIENCE):
        while not (await readiness(host)).startswith("The database "):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_at_both(members: list[Author | Reader], server: OwnPostgres) -> None:
    """Until both workers have some of them."""
    database = await asyncpg.connect(
        host=str(server.socket.parent), port=server.port, user="postgres", database="ephemeral"
    )
    async with asyncio.timeout(PATIENCE):
        while await database.fetchval("SELECT count(DISTINCT worker) FROM seats") < 2:
            for one in members:
                one.leave()
            sockets = [one.sockets for one in members]
            await until(
                lambda before=sockets: all(
                    one.sockets > was for one, was in zip(members, before, strict=True)
                )
            )
    await database.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_postgresql_is_restarted_under_two_workers_and_their_members_talk_on(
    mode: str, cluster: Cluster, serve: Serving, redis: RedisServer
):
    postgres = await cluster.primary()
    database = cluster.dsn(postgres.port)
    async with two_workers(serve, database, redis) as host:
        authors, readers = await conversations([host])
        members: list[Author | Reader] = [*authors, *readers]
        async with talking(authors, readers):
            await go_on_until(readers, 3)
            await until_at_both(members, postgres)
            sockets = [one.sockets for one in members]
            for _ in range(2):
                await asyncio.to_thread(postgres.restart, mode)
                await until_ready(host, "ready")
                await go_on_until(readers, 5)
            # And it is away for long enough that everybody has asked in vain.
            await asyncio.to_thread(postgres.stop, mode)
            await until_away(host)
            await ask_in_vain(members)
            assert (await host.client.api.get("/healthz")).status_code == 200
            await asyncio.to_thread(postgres.start)
            await until_ready(host, "ready")
            await go_on_until(readers, 5)
            # Nobody had to come back.
            assert [one.sockets for one in members] == sockets
        assert_nothing_was_told_twice(members)
        await settle([host], authors, readers)
        await assert_accounts(database, authors, readers)


class Moving(Passage):
    """An address that leads to one server, and then to another."""

    def __init__(self, server: OwnPostgres) -> None:
        super().__init__(str(server.socket))
        self.used = asyncio.Event()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super()._pass(reader, writer)
        self.used.set()

    def move(self, server: OwnPostgres) -> None:
        self._socket = str(server.socket)


@pytest.mark.parametrize("way", ["two hosts", "an address that moves"])
async def test_the_primary_dies_and_its_standby_has_everything_that_was_answered(
    way: str, cluster: Cluster, serve: Serving, redis: RedisServer
):
    primary = await cluster.primary()
    standby = await cluster.standby(primary)
    moving = Moving(primary)
    await moving.mend()
    database = cluster.dsn(*([standby.port, primary.port] if way == "two hosts" else [moving.port]))
    async with two_workers(serve, database, redis) as host:
        authors, readers = await conversations([host])
        members: list[Author | Reader] = [*authors, *readers]
        async with talking(authors, readers):
            await go_on_until(readers, 3)
            await until_at_both(members, primary)
            await go_on_until(readers, 5)
            sockets = [one.sockets for one in members]
            await asyncio.to_thread(primary.kill)
            # It leads to the standby before that takes writes: no worker is to settle for that.
            moving.move(standby)
            await until_away(host)
            accepted = [len(one.accepted) for one in authors]
            await ask_in_vain(members)
            assert [len(one.accepted) for one in authors] == accepted
            await asyncio.to_thread(standby.promote)
            await until_ready(host, "ready")
            await go_on_until(readers, 8)
            assert [one.sockets for one in members] == sockets
        assert_nothing_was_told_twice(members)
        await settle([host], authors, readers)
        await assert_accounts(cluster.dsn(standby.port), authors, readers)
    await moving.cut()


async def test_a_program_that_starts_in_the_middle_waits_for_whoever_takes_writes(
    cluster: Cluster, serve: Serving, tmp_path: Path
):
    primary = await cluster.primary()
    standby = await cluster.standby(primary)
    await asyncio.to_thread(primary.kill)
    database = cluster.dsn(primary.port, standby.port)
    settings = {"DATABASE_URL": database, "ENCRYPTION_KEY": "5e" * 32, "PORT": "0"}
    impatient = program(
        "check",
        environment={**settings, "DATABASE_WAIT_SECONDS": "0"},
        folder=tmp_path,
        stderr=subprocess.PIPE,
    )
    _, said = await asyncio.to_thread(impatient.communicate)
    assert said == "The database takes no writes: it is a standby, or set to be read only.\n"
    assert impatient.returncode == 1
    moving = Moving(standby)
    await moving.mend()
    starting = asyncio.create_task(
        asyncio.to_thread(serve, database=cluster.dsn(moving.port), DATABASE_WAIT_SECONDS=60)
    )
    # It has been turned away.
    await moving.used.wait()
    await asyncio.to_thread(standby.promote)
    host = Host(await starting)
    assert await readiness(host) == "ready"
    await host.client.api.aclose()
    await asyncio.to_thread(host.program.stop)
    await moving.cut()
