"""Being away for long, with a server in this process whose clock is moved."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import pytest
from support.machines.account_house import House, house
from support.people.correspondents import Device, refusals, texts

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.service.recent import Recent
from ephemeral.conversations.service.segments import Segments
from ephemeral.conversations.service.sweeper import Sweeper
from ephemeral.conversations.service.tail import Tail

HOUR, DAY = 3_600_000, 86_400_000


class Village:
    """A server and all who use it."""

    def __init__(self, opened: House, folder: Path) -> None:
        self.house = opened
        self.folder = folder
        self.devices: list[Device] = []
        values = SealedValues(opened.ground.keyring, os.urandom)
        segments = Segments(values, os.urandom)
        self._sweeper = Sweeper(opened.pool, values, segments, Tail(Recent()), _raised)

    async def new(self, name: str) -> Device:
        url = f"http://ephemeral.test{self.house.base}"
        device = Device(url, self.folder / name, way=self.house.api._transport)
        self.devices.append(device)
        return await device.register()

    async def passes(self, milliseconds: int) -> None:
        """Time passes, for all; what is due on the server happens."""
        await self.house.clock.advance(milliseconds)
        ahead = self.house.clock.ahead / 1000
        for one in self.devices:
            one.ahead = ahead
        await self._sweeper.sweep(asyncio.get_running_loop().time() + ahead)


def _raised(fault: BaseException) -> NoReturn:
    raise fault


@pytest.fixture
async def village(database_url: str, tmp_path: Path) -> AsyncIterator[Village]:
    async with house(
        database_url, tmp_path / "data", ACCOUNT_REQUESTS_PER_ACCOUNT="1000000/1"
    ) as opened:
        yield Village(opened, tmp_path)


New = Callable[[str], Awaitable[Device]]


async def two(village: Village) -> tuple[Device, Device, bytes]:
    ada, bob = await village.new("ada"), await village.new("bob")
    await ada.befriend(bob)
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
    return ada, bob, conversation


async def test_an_epoch_ends_after_a_day_and_the_next_who_speaks_begins_another(village: Village):
    ada, bob, conversation = await two(village)
    await ada.says(conversation, "today")
    await village.passes(25 * HOUR)
    await ada.says(conversation, "tomorrow")
    heard = await bob.hears()
    assert texts(heard) == ["today", "tomorrow"]
    assert refusals(heard) == []
    assert [one.details["epoch"] for one in heard if one.kind == "record"] == [1, 2]


async def test_before_a_day_is_over_somebody_renews_beside_what_they_say(village: Village):
    ada, bob, conversation = await two(village)
    await village.passes(21 * HOUR)
    await ada.says(conversation, "late")
    await bob.says(conversation, "later")
    heard = await bob.hears()
    assert texts(heard) == ["late", "later"]
    assert [one.details["epoch"] for one in heard if one.kind == "record"] == [1, 2]


async def test_who_was_away_for_five_days_reads_every_day_of_it(village: Village):
    ada, bob, conversation = await two(village)
    await bob.hears()
    for day in range(5):
        await village.passes(DAY)
        await ada.says_all(conversation, f"day {day}")
    heard = await bob.hears()
    assert texts(heard) == [f"day {day}" for day in range(5)]
    assert refusals(heard) == []


async def test_who_was_away_for_35_days_sees_a_gap_and_goes_on(village: Village):
    ada, bob, conversation = await two(village)
    await ada.says(conversation, "never read")
    await bob.hears()
    await ada.says(conversation, "lost")
    for _ in range(7):
        await village.passes(5 * DAY)
        await ada.hears()
        await ada.says(conversation, "as well")
    await ada.hears()
    await village.passes(HOUR)
    heard = await bob.hears()
    assert "gap" in [one.kind for one in heard]
    gap = next(one for one in heard if one.kind == "gap")
    assert gap.details["to"] > gap.details["from"]
    await bob.says(conversation, "here again")
    assert await ada.texts() == ["here again"]
    await ada.says(conversation, "welcome")
    assert (await bob.texts())[-1] == "welcome"
