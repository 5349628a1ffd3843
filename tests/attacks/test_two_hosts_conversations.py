"""Two hosts, one PostgreSQL, one Redis: sockets at either hear what is done at the other."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.hosts import start_hosts
from support.machines.redis import RedisServer, redis_server
from support.machines.server import PATIENCE, Program, Serve
from support.people.account_people import AccountHolder
from support.people.raw_client import Line
from support.people.talkers import Talk, befriend, listening

from ephemeral.protocol.encoding import b64encode


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(scope="module")
def programs(
    postgres: Postgres, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Program]]:
    folder = tmp_path_factory.mktemp("hosts")
    starting = Serve(postgres, folder)
    with postgres.database() as database:
        yield start_hosts(starting, database, folder, redis.url)
        starting.close()


@asynccontextmanager
async def apart(
    programs: list[Program],
) -> AsyncIterator[tuple[Talk, AccountHolder, Line, AccountHolder, Line]]:
    """Two in a conversation, each at a host of their own; the second has two devices, and listens
    with the later one."""
    async with (
        AccountHolder(programs[0].url) as one,
        AccountHolder(programs[1].url) as two,
    ):
        await one.found()
        await two.link(await two.found())
        await befriend(one, two)
        talk = await Talk.found(one, two)
        async with (
            listening(one, one.machines[0]) as (here, _),
            listening(two, two.machines[1]) as (there, _),
        ):
            yield talk, one, here, two, there


async def entry(line: Line, place: int) -> dict[str, Any]:
    """What stands at a place, told after all before it."""
    while True:
        frame = await line.event("entry")
        for item in frame["entries"]:
            if item["s"] == place:
                return dict(item)


async def test_messages_records_receipts_and_typing_reach_the_other_host(
    programs: list[Program],
):
    async with apart(programs) as (talk, one, here, two, there):
        for size in (10, 30_000):
            said = await talk.say(here, one.machines[0], size)
            assert (await entry(there, talk.log.place))["entry"] == b64encode(said)
        device = b64encode(two.machines[1].id)
        await there.ask("ack", conversation=talk.name, cursor=talk.log.place)
        receipts = (await here.event("receipt"))["receipts"]
        assert receipts == [{"device": device, "cursor": talk.log.place}]
        await there.ask("typing", conversation=talk.name)
        assert (await here.event("typing"))["device"] == device
        # A record at one host, and a message of the other device right behind it.
        await talk.renew(one)
        assert (await there.event("epoch"))["epoch"] == 2
        said = await talk.say(there, two.machines[1])
        assert (await entry(here, talk.log.place))["entry"] == b64encode(said)


async def test_a_device_that_is_removed_at_one_host_loses_its_socket_at_the_other(
    programs: list[Program],
):
    async with apart(programs) as (talk, one, here, two, there):
        gone = two.machines[1]
        async with httpx.AsyncClient(base_url=programs[0].url, timeout=30) as http:
            elsewhere = two.through(http)
            await elsewhere.revoke(two.machines[0], gone)
            two.chain, two.history = elsewhere.chain, elsewhere.history
        code, frames = await there.end()
        assert (code, frames[-1]["error"]["code"]) == (4403, "device_revoked")
        assert (await here.event("people"))["conversation"] == talk.name
        await talk.renew(one)
        await talk.say(here, one.machines[0])


async def test_a_file_that_lands_at_one_host_is_told_fetched_and_ended_at_the_other(
    programs: list[Program],
):
    async with apart(programs) as (talk, one, here, two, there):
        file, bytes_ = b64encode(os.urandom(16)), os.urandom(4128)
        info = b64encode(b"\1" + os.urandom(1023))
        body = {"id": file, "padded": 4096, "info": info, "conversation": talk.name, "ttl": 3600}
        async with httpx.AsyncClient(base_url=programs[1].url, timeout=30) as http:
            [put] = (await one.ask(one.machines[0], "POST", "/files/upload", body))["urls"]
            # The address is good at every host, and so is the question what has landed.
            sent = await http.put(put["url"], content=bytes_, headers=put["headers"])
            assert sent.status_code == 201
            landed = {"segments": [0]}
            elsewhere = one.through(http)
            await elsewhere.ask(one.machines[0], "POST", f"/files/{file}/landed", landed)
            for line in (here, there):
                assert (await line.event("file"))["bitmap"] == "AQ"
            wanted = {"purpose": "get", **landed}
            given = await two.ask(two.machines[1], "POST", f"/files/{file}/urls", wanted)
            got = await one.http.get(given["urls"][0]["url"])
            assert got.content == bytes_
            await elsewhere.ask(one.machines[0], "DELETE", f"/files/{file}")
        for line in (here, there):
            assert (await line.event("file"))["bitmap"] is None
        for who in (one, two):
            answer = await who.send(who.machines[0], "GET", f"/files/{file}")
            assert answer.json()["error"]["code"] == "file_unknown"


async def test_presence_passes_between_hosts_also_after_redis_was_away(
    programs: list[Program], redis: RedisServer
):
    async with apart(programs) as (_, one, here, two, there):
        names = [b64encode(each.account) for each in (one, two)]
        await here.ask("presence", on=True)
        assert (await here.event("presence"))["come"] == []
        # Who comes later asks, at the other host, who is here.
        await there.ask("presence", on=True)
        seen = (await there.event("presence"))["come"]
        assert seen or (await there.event("presence"))["come"] == names[:1]
        assert (await here.event("presence"))["come"] == names[1:]
        redis.kill()
        for each in programs:
            await _bus(each, "away")
        # Nobody hears of it there.
        await there.ask("presence", on=False)
        redis.start()
        assert (await here.event("presence"))["gone"] == names[1:]
        await there.ask("presence", on=True)
        assert (await here.event("presence"))["come"] == names[1:]
        # And one that is blocked at the one host is told nothing at the other.
        async with httpx.AsyncClient(base_url=programs[1].url, timeout=30) as http:
            elsewhere = one.through(http)
            path = f"/contacts/{names[1]}"
            await elsewhere.ask(one.machines[0], "PUT", path, {"state": "blocked"})
        assert (await here.event("presence"))["gone"] == names[1:]


async def _bus(program: Program, state: str) -> None:
    async with httpx.AsyncClient(base_url=program.url) as http, asyncio.timeout(PATIENCE):
        while (await http.get("/readyz")).json()["bus"] != state:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_while_redis_is_away_nothing_is_lost_and_who_was_removed_is_not_served(
    programs: list[Program], redis: RedisServer
):
    async with apart(programs) as (talk, one, here, two, there):
        gone = two.machines[1]
        async with listening(two, two.machines[0]) as (stays, _):
            redis.kill()
            for each in programs:
                await _bus(each, "away")
            said = await talk.say(here, one.machines[0])
            # On the same host nobody waits for Redis.
            assert (await entry(here, talk.log.place))["entry"] == b64encode(said)
            async with httpx.AsyncClient(base_url=programs[0].url, timeout=30) as http:
                elsewhere = two.through(http)
                await elsewhere.revoke(two.machines[0], gone)
                two.chain, two.history = elsewhere.chain, elsewhere.history
            # The other host has heard of nothing, and looks by itself.
            assert (await there.end())[0] == 4403
            assert "entry" not in [each["type"] for each in await stays.settle()]
            redis.start()
            assert (await entry(stays, talk.log.place))["entry"] == b64encode(said)
