"""Limits that two hosts count together over a real Redis, and what of them is kept there."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis
from support.machines.redis import RedisServer, redis_server

from ephemeral.edge.limiter import Action, Limiter, Visitor
from ephemeral.live.redis_counts import DAY_SECONDS, RedisCounts
from ephemeral.live.redis_link import LINK_ERRORS, name_in_redis, open_link
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.api.actions import ROOM, RoomActions
from ephemeral.sealing.fingerprints import limits_key
from ephemeral.settings import Settings

LIMITS = {
    "CREATES_PER_ADDRESS": "6/36000",
    "JOINS_PER_ROOM": "4/36000",
    "JOINS_PER_ADDRESS": "1000/36000",
    "MISSES_PER_ADDRESS": "10/36000",
}
INDEX_KEY = os.urandom(32)
ACT = RoomActions.of(Settings.parse(LIMITS))


class Host:
    """A limiter that counts together with others."""

    def __init__(self, redis: RedisServer, salt: bytes) -> None:
        self.limiter = Limiter(Settings.parse(LIMITS), os.urandom, lambda: 0.0)
        self.faults: list[BaseException] = []
        self.link = open_link(redis.url)
        self.counts = RedisCounts(
            self.link, partial(name_in_redis, salt), partial(limits_key, INDEX_KEY),
            self.limiter.adopt, os.urandom, self.faults.append,
        )  # fmt: skip
        self.limiter.shared = self.counts

    def visitor(self, address: str = "192.0.2.1") -> Visitor:
        return self.limiter.visitor({"client": (address, 4711), "headers": []})


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
async def hosts(redis: RedisServer) -> AsyncIterator[list[Host]]:
    salt = os.urandom(32)
    opened = [Host(redis, salt) for _ in range(2)]
    for one in opened:
        one.limiter.__enter__()
        await one.counts.share_day()
    running = [asyncio.create_task(one.counts.run()) for one in opened]
    yield opened
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for one in opened:
        one.limiter.__exit__(None, None, None)
        await one.link.aclose()
        assert one.faults == []


async def admitted(visitors: list[Visitor], action: Action, tries: int) -> int:
    """How many of so many tries are, taking turns."""
    done = 0
    for number in range(tries):
        with suppress(Refusal):
            await visitors[number % len(visitors)].spend_together(action)
            done += 1
    return done


async def ask(visitor: Visitor, code: str | None) -> bool:
    """Ask for something that is there, or is answered by `code`; whether that was let through."""
    asked = False
    with suppress(Refusal):
        async with visitor.asking_together(ACT.state):
            asked = True
            if code is not None:
                raise Refusal(code)
    return asked


async def test_what_one_host_has_given_the_other_does_not_give_again(hosts: list[Host]):
    assert await admitted([one.visitor() for one in hosts], ACT.create, 20) == 6
    assert await admitted([hosts[1].visitor()], ACT.create, 5) == 0
    assert await admitted([hosts[1].visitor("192.0.2.2")], ACT.create, 9) == 6


async def test_all_that_comes_at_once_is_counted(hosts: list[Host]):
    visitors = [one.visitor() for one in hosts] * 10
    outcomes = await asyncio.gather(
        *(one.spend_together(ACT.create) for one in visitors), return_exceptions=True
    )
    assert outcomes.count(None) == 6


async def test_a_room_that_is_full_of_joins_takes_nothing_from_whoever_joins(hosts: list[Host]):
    rooms = [one.visitor().at({ROOM: b"L" * 43}) for one in hosts]
    assert await admitted(rooms, ACT.join, 10) == 4
    names = await hosts[0].link.keys("*join:address*")
    [full] = [float(await hosts[0].link.get(name)) for name in names]
    seconds, _ = await hosts[0].link.time()
    # Four joins of a thousand in ten hours.
    assert 100 < full / 1_000_000 - seconds <= 145


async def test_rooms_that_are_not_there_are_counted_wherever_they_are_asked_for(hosts: list[Host]):
    visitors = [one.visitor() for one in hosts]
    done = 0
    for number in range(20):
        done += await ask(visitors[number % 2], "room_unknown")
    assert done == 10
    assert not await ask(visitors[0], None), "the answer is the same for a room that is there"


async def test_what_is_there_costs_nothing(hosts: list[Host]):
    visitors = [one.visitor() for one in hosts]
    for number in range(30):
        assert await ask(visitors[number % 2], None)
        # What is given back is on its way.
        while any(one.counts._charges for one in hosts):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_redis_knows_no_address_and_keeps_nothing_longer_than_it_means_something(
    hosts: list[Host], redis: RedisServer
):
    await admitted([one.visitor("203.0.113.9") for one in hosts], ACT.create, 3)
    await ask(hosts[0].visitor("203.0.113.9"), "room_unknown")
    link = Redis.from_url(redis.url, protocol=2)
    held = {}
    for name in await link.keys("*"):
        held[name] = await link.get(name)
        left = await link.pttl(name)
        assert 0 < left <= DAY_SECONDS * 1000
    assert len(held) == 3
    [drawn] = [value for name, value in held.items() if name.endswith(b":day")]
    # With all that Redis has, the address can't be told from others: the index key is missing.
    for key in (drawn, limits_key(bytes(32), drawn)):
        guess = Limiter(Settings.parse({}), lambda _size, key=key: key, lambda: 0.0)
        name = guess.name(b"4" + bytes([203, 0, 113, 9]))
        assert not [one for one in held if name_hex(name) in one]
    mine = hosts[0].limiter.name(b"4" + bytes([203, 0, 113, 9]))
    assert len([one for one in held if name_hex(mine) in one]) == 2
    everything = b" ".join([*held, *held.values()])
    assert b"203.0.113.9" not in everything
    assert bytes([203, 0, 113, 9]) not in everything
    await link.aclose()


def name_hex(name: Any) -> bytes:
    return b"".join(cell.to_bytes(2, "big") for cell in name).hex().encode()


async def test_without_redis_each_host_counts_alone_and_then_together_again(
    hosts: list[Host], redis: RedisServer
):
    drawn = hosts[0].counts._drawn
    redis.kill()
    assert await admitted([one.visitor() for one in hosts], ACT.create, 20) == 12
    redis.start()
    # Redis has forgotten the day: they agree on another, under which everybody begins anew.
    for one in hosts:
        async with asyncio.timeout(20):
            while one.counts._drawn == drawn:
                with suppress(*LINK_ERRORS):
                    await one.counts.share_day()
        one.counts._paused_until = 0.0
    assert hosts[0].limiter.name(b"x") == hosts[1].limiter.name(b"x")
    assert await admitted([one.visitor() for one in hosts], ACT.create, 20) == 6


async def test_a_host_whose_day_has_ended_elsewhere_notices_and_follows(hosts: list[Host]):
    before = hosts[0].limiter.name(b"x")
    await hosts[0].link.flushall()
    await hosts[1].counts.share_day()
    assert await admitted([hosts[0].visitor()], ACT.create, 1) == 1
    async with asyncio.timeout(20):
        while hosts[0].limiter.name(b"x") == before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert hosts[0].limiter.name(b"x") == hosts[1].limiter.name(b"x")


async def test_whoever_is_stopped_while_connecting_stops(redis: RedisServer):
    for steps in range(40):
        host = Host(redis, os.urandom(32))
        running = asyncio.create_task(host.counts.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        ended, _ = await asyncio.wait({running}, timeout=20)
        assert ended, steps
        host.limiter.__exit__(None, None, None)
        await host.link.aclose()
