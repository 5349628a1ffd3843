"""Two hosts, one PostgreSQL, one Redis: members of both are in the same rooms, as if of one."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from support.machines.database import Server as Postgres
from support.machines.hosts import Host, start_hosts
from support.machines.redis import RedisServer, redis_server
from support.machines.server import Serve
from support.people.raw_client import Line, Message, Room

from ephemeral.protocol.encoding import b64decode

JOINS = 8


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture(scope="module")
def programs(
    postgres: Postgres, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Any]]:
    folder = tmp_path_factory.mktemp("hosts")
    starting = Serve(postgres, folder)
    with postgres.database() as database:
        limits = {"JOINS_PER_ROOM": f"{JOINS}/80000", "MISSES_PER_ADDRESS": "5/80000"}
        proxied = {"TRUSTED_PROXIES": "127.0.0.0/8"}
        yield start_hosts(starting, database, folder, redis.url, **limits, **proxied)
        starting.close()


@pytest.fixture
async def hosts(programs: list[Any]) -> AsyncIterator[list[Host]]:
    opened = [Host(one) for one in programs]
    yield opened
    for one in opened:
        await one.client.api.aclose()


@asynccontextmanager
async def pair(hosts: list[Host]) -> AsyncIterator[tuple[Room, Line, Line, Any, Any]]:
    """A room with a member on each host."""
    room = await hosts[0].client.room()
    one, two = await room.member(), await room.member()
    two.room = hosts[1].room(room)
    async with one.line() as here, two.line() as there:
        await here.take(lambda each: each.get("present") and each.get("member") == two.id)
        yield room, here, there, one, two


async def test_members_on_different_hosts_hear_everything_of_each_other(hosts: list[Host]):
    async with pair(hosts) as (room, here, there, _one, two):
        message = Message()
        assert (await here.ask("post", **message.post))["state"] == "stored"
        assert (await there.event("notice"))["id"] == message.id
        assert (await there.ask("open", id=message.id))["envelope"] == message.envelope
        assert (await here.event("opened"))["member"] == two.id
        await there.ask("ack", id=message.id, viewing=message.viewing)
        destroyed = await here.event("destroyed")
        assert (destroyed["state"], destroyed["viewing"]) == ("viewed", message.viewing)

        await there.ask("typing", typing=True)
        assert await here.event("typing") == {"type": "typing", "member": two.id, "typing": True}
        await here.ask("lock", locked=True)
        assert (await there.event("locked"))["locked"] is True
        await here.ask("lock", locked=False)

        await there.ask("leave")
        assert (await here.event("left"))["member"] == two.id
        three = await hosts[1].room(room).member()
        assert (await here.event("joined"))["member"]["member"] == three.id
        async with three.line() as later:
            await here.take(lambda each: each.get("present") and each.get("member") == three.id)
            await later.ask("destroy")
        assert (await here.end())[0] == 4410
    answer = await hosts[1].client.api.get("/room", headers=room.headers)
    assert answer.status_code == 404


async def test_a_member_that_comes_back_by_the_other_host_is_there_once(hosts: list[Host]):
    async with pair(hosts) as (room, here, there, one, _two):
        one.room = hosts[1].room(room)
        async with one.line() as newer:
            code, frames = await here.end()
            assert (code, frames[-1]["error"]["code"]) == (4409, "replaced")
            # The older socket's end takes nothing from the newer one.
            await newer.ask("typing", typing=True)
            assert (await there.event("typing"))["member"] == one.id
            members = (await one.look())["members"]
            assert all(each["present"] for each in members)


async def test_a_member_that_leaves_by_one_host_loses_its_socket_on_the_other(hosts: list[Host]):
    async with pair(hosts) as (room, here, there, _one, two):
        two.room = room
        assert (await two.http("DELETE", "/room/members")).status_code == 204
        assert (await there.end())[0] == 4401
        assert (await here.event("left"))["member"] == two.id


async def test_what_passes_through_redis_names_nobody_and_opens_nothing(
    hosts: list[Host], redis: RedisServer
):
    link = Redis.from_url(redis.url, protocol=2)
    seen: list[bytes] = []
    async with link.pubsub() as ears:
        await ears.psubscribe("*")
        await ears.get_message(timeout=10)
        async with pair(hosts) as (room, here, there, one, two):
            message, last = Message(), Message()
            for each in (message, last):
                await here.ask("post", **each.post)
            await there.event("notice")
            await there.ask("open", id=message.id)
            await there.ask("ack", id=message.id, viewing=message.viewing)
            await here.event("destroyed")
            await here.ask("destroy")
            await there.end()
        await link.publish("the end", b"")
        while (heard := await ears.get_message(timeout=10)) is not None:
            if heard["channel"] == b"the end":
                break
            seen.append(heard["data"])
    secrets = [room.locator, room.mac, one.token, two.token]
    secrets += [message.envelope, last.envelope, message.viewing_hash, last.viewing]
    everything = b"".join(seen)
    assert len(everything) > 500
    for name in await link.keys("*"):
        assert await link.pttl(name) > 0, "what is kept must end by itself"
        everything += name + b" " + await link.get(name)
    await link.aclose()
    for secret in secrets:
        raw = b64decode(secret)
        assert secret.encode() not in everything
        assert raw[:32] not in everything
        assert raw[:32].hex().encode() not in everything
    assert b"127.0.0." not in everything


async def test_what_an_address_and_a_room_may_do_both_hosts_count_together(hosts: list[Host]):
    room = await hosts[0].client.room(seats=50)
    places = [room, hosts[1].room(room)]
    for number in range(JOINS):
        await places[number % 2].member()
    for place in places:
        refused = await place.api.post(
            "/room/members",
            headers={**room.headers, "Ephemeral-Member": room.mac},
            json={},
        )
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 1000
    # Somebody else, who guesses.
    guesser = {"X-Forwarded-For": "198.51.100.7"}
    seen = []
    for number in range(12):
        headers = {**guesser, "Authorization": f"Bearer {Message().viewing}"}
        answer = await hosts[number % 2].client.api.get("/room", headers=headers)
        seen.append(answer.status_code)
    assert seen == [404] * 5 + [429] * 7


async def test_both_hosts_say_how_they_are(hosts: list[Host]):
    for host in hosts:
        answer = await host.client.api.get("/readyz")
        parts = {"database": "ready", "keys": "ready", "bus": "ready"}
        assert answer.json() == {"status": "ready", **parts}


async def test_a_hundred_hints_at_once_come_in_their_order(hosts: list[Host]):
    async with pair(hosts) as (_room, here, there, _one, _two):
        messages = [Message() for _ in range(100)]
        for each in messages:
            await here.send("post", **each.post)
        heard = [await there.event("notice") for _ in messages]
        sequences = [each["sequence"] for each in heard]
        assert sequences == sorted(sequences)
        assert {each["id"] for each in heard} == {each.id for each in messages}


async def test_a_lease_that_is_lost_at_one_host_fetches_nothing_at_the_other(hosts: list[Host]):
    async with pair(hosts) as (room, here, there, one, two):
        message = Message(attachment=True)
        assert (await one.reserve(message)).status_code == 201
        # The chunk goes in by one host and comes out by the other: they have one store.
        assert (await one.send(message)).status_code == 204
        await here.ask("post", **message.post)
        assert (await there.event("notice"))["attachment"] == 65_536
        assert (await there.ask("open", id=message.id))["error"]["code"] == "attachment_client"
        opened = await there.ask("open", id=message.id, attachment=True)
        assert opened["envelope"] == message.envelope
        fetched = await two.fetch(message)
        assert (fetched.status_code, fetched.content) == (200, message.chunk)
        two.room = room
        await two.http("POST", f"/room/messages/{message.id}/release")
        for host in hosts:
            two.room = host.room(room)
            assert (await two.fetch(message)).json()["error"]["code"] == "lease_lost"
