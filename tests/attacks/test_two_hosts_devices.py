"""Two hosts, one PostgreSQL, one Redis: what one host commits of an account the other acts upon."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.hosts import start_hosts
from support.machines.redis import RedisServer, redis_server
from support.machines.server import Serve
from support.people.account_people import AccountHolder, Machine, Refused


def refused(code: str) -> "pytest.RaisesExc[Refused]":
    return pytest.raises(Refused, check=lambda error: error.code == code)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(scope="module")
def urls(
    postgres: Postgres, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    folder = tmp_path_factory.mktemp("hosts")
    starting = Serve(postgres, folder)
    with postgres.database() as database:
        programs: list[Any] = start_hosts(starting, database, folder, redis.url)
        yield [one.url for one in programs]
        starting.close()


async def test_who_waits_at_one_host_hears_of_what_another_answers(urls: list[str]) -> None:
    async with (
        AccountHolder(urls[0]) as here,
        httpx.AsyncClient(base_url=urls[1], timeout=60) as http,
    ):
        there = here.through(http)
        first = await here.found()
        second, third = await here.sign_in(), await here.sign_in()

        async def waiting(machine: Machine, locator: str) -> "asyncio.Task[Any]":
            headers = {"Ephemeral_Link": locator, "Prefer": "wait=25"}
            return asyncio.create_task(there.ask(machine, "GET", "/devices/links", **headers))

        other = await waiting(third, await here.deposit(third))
        locator = await here.deposit(second)
        wait = await waiting(second, locator)
        signed = here.added(first, second)
        body = here.add_body(second, signed, locator)
        await here.ask(first, "POST", "/devices", body)
        assert (await wait)["answer"] == body["answer"]
        # It was woken: who has waited for longer, and in vain, still does.
        assert not other.done()
        other.cancel()


async def test_a_device_that_one_host_removes_is_refused_by_the_other(
    urls: list[str],
) -> None:
    async with (
        AccountHolder(urls[0]) as here,
        httpx.AsyncClient(base_url=urls[1], timeout=60) as http,
    ):
        first = await here.found()
        second = await here.link(first)
        there = here.through(http)
        await there.ask(second, "POST", "/devices/me/share", {"rotate": 0})
        await here.revoke(first, second)
        # What needs the device's signature, at once; what a token alone may see, when the hint is
        # there.
        with refused("device_revoked"):
            await there.ask(second, "GET", "/devices/me/share")
        with refused("session_ended"):
            await there.refresh(second)
        async with asyncio.timeout(30):
            while (await there.send(second, "GET", "/devices")).status_code == 200:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        with refused("device_revoked"):
            await there.ask(second, "GET", "/devices")


async def test_two_hosts_judge_one_chain(urls: list[str]) -> None:
    """Each remembers chains; what the other has added is no surprise to it."""
    async with (
        AccountHolder(urls[0]) as here,
        httpx.AsyncClient(base_url=urls[1], timeout=60) as http,
    ):
        first = await here.found()
        there = here.through(http)
        for turn in range(6):
            asking = (here, there)[turn % 2]
            asking.chain, asking.history = here.chain, here.history
            added = await asking.link(first)
            here.chain, here.history = asking.chain, asking.history
            other = (there, here)[turn % 2]
            other.chain, other.history = here.chain, here.history
            await other.revoke(first, added)
            here.chain, here.history = other.chain, other.history
        listed = await there.ask(first, "GET", "/devices")
        assert len(listed["statements"]) == 13
        assert len(listed["devices"]) == 1
