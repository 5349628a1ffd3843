"""What is kept of the notices of rooms: true at every moment, made once, and bounded."""

import asyncio
import os
from collections.abc import Sequence

import pytest
from support.machines.services import Desk, Message

from ephemeral.protocol.charter import Policy
from ephemeral.rooms.rules.room import Notice, Seat
from ephemeral.rooms.service import notice_cache
from ephemeral.rooms.service.notice_cache import NoticeCache


class Encoder:
    """Notices stay as they are; `made` says how often any were encoded."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, notices: Sequence[Notice]) -> Sequence[Notice]:
        self.made += 1
        return tuple(notices)


@pytest.fixture
def encoder(desk: Desk) -> Encoder:
    encoding = Encoder()
    desk.rooms._cache = NoticeCache(encoding)
    return encoding


async def told(desk: Desk, seat: Seat) -> list[tuple[bytes, str]]:
    """What a member is told, whichever way it asks."""
    listed = (await desk.rooms.notices(seat))[1]
    assert (await desk.rooms.snapshot(seat)).notices is listed
    return [(one.id, one.state) for one in listed]


async def test_it_is_made_once_for_each_change_however_many_ask(desk: Desk, encoder: Encoder):
    locator = await desk.room()
    token, socket = os.urandom(32), os.urandom(16)
    author, reader = (await desk.join(locator)).seat, (await desk.join(locator, token=token)).seat
    encoder.made = 0
    for changes in range(1, 4):
        await desk.post(author, Message())
        # Who comes and goes is not in it.
        await desk.connect(locator, token, socket)
        await asyncio.gather(*(told(desk, one) for one in (author, reader) for _ in range(3)))
        await desk.rooms.disconnect(reader, socket)
        await desk.rooms.members(reader)
        assert len(await told(desk, reader)) == changes
        assert encoder.made == changes


@pytest.mark.parametrize("policy", [Policy.FIRST_VIEW, Policy.EVERYONE])
async def test_it_is_true_after_whatever_happens_to_a_message(
    desk: Desk, encoder: Encoder, policy: Policy
):
    _, author, reader = await desk.pair(policy=policy, message_ttl=600)
    one, two = Message(), Message()
    leased = "opened" if policy is Policy.FIRST_VIEW else "stored"

    async def ask() -> list[tuple[bytes, str]]:
        before = await told(desk, reader)
        # What is told from the cache is what is in the tables.
        desk.rooms._cache = NoticeCache(encoder)
        assert await told(desk, reader) == before
        return before

    assert await ask() == []
    await desk.post(author, one)
    await desk.post(author, two)
    assert await ask() == [(one.id, "stored"), (two.id, "stored")]
    await desk.open_message(reader, one)
    assert await ask() == [(one.id, leased), (two.id, "stored")]
    # A lease ends, and messages expire, before anybody has swept, and so under the same version.
    assert await told(desk, reader) == [(one.id, leased), (two.id, "stored")]
    await desk.clock.advance(desk.limits.lease)
    assert await ask() == [(one.id, "stored"), (two.id, "stored")]
    await desk.acknowledge(reader, one)
    assert await ask() == [(two.id, "stored")]
    await desk.clock.advance(600_000)
    assert await told(desk, reader) == []
    # Of a clock that is set back as well.
    await desk.clock.advance(-300_000)
    assert await ask() == [(two.id, "stored")]


async def test_all_rooms_together_take_no_more_than_so_much_and_the_last_asked_for_stay(desk: Desk):
    made = []

    def encode(notices: Sequence[Notice]) -> bytes:
        made.append(len(notices))
        return bytes(1000)

    desk.rooms._cache = NoticeCache(encode, size=3 * (1000 + notice_cache._ROOM_SIZE))
    seats = [(await desk.join(await desk.room())).seat for _ in range(4)]
    made.clear()

    async def ask(number: int) -> int:
        """How often something was encoded for that."""
        before = len(made)
        await desk.rooms.notices(seats[number])
        return len(made) - before

    # The last three are there since they were joined; the first is asked for again.
    assert [await ask(number) for number in (1, 2, 3, 1)] == [0, 0, 0, 0]
    assert await ask(0) == 1
    assert [await ask(number) for number in (1, 3, 2)] == [0, 0, 1]


async def test_what_nobody_asks_for_is_forgotten_within_a_minute(desk: Desk):
    cache = desk.rooms._cache = NoticeCache(tuple)
    ended, lively = [(await desk.join(await desk.room())).seat for _ in range(2)]
    await desk.rooms.destroy(ended)
    for round_ in range(1, 3):
        await desk.rooms.notices(lively)
        cache.age(notice_cache.IDLE_SECONDS * round_)
        cache.age(notice_cache.IDLE_SECONDS * round_ + 1)
    assert list(cache._rooms) == [lively.room]
    assert cache._asked == set()
