"""Being away for long, with a server in this process whose clock is moved."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.people.correspondents import Device, refusals, texts
from support.people.village import DAY, HOUR, Village, village_at


@pytest.fixture
async def village(database_url: str, tmp_path: Path) -> AsyncIterator[Village]:
    async with village_at(database_url, tmp_path) as opened:
        yield opened


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


async def test_two_who_speak_at_once_after_a_day_begin_one_epoch(village: Village):
    ada, bob, conversation = await two(village)
    await bob.hears()
    await village.passes(25 * HOUR)
    await asyncio.gather(ada.says(conversation, "good"), bob.says(conversation, "morning"))
    heard = await ada.hears()
    assert sorted(texts(heard)) == ["good", "morning"]
    assert refusals(heard) == []
    assert [one.details["epoch"] for one in heard if one.kind == "record"] == [1, 2]


async def test_of_a_conversation_that_one_has_left_nothing_is_kept_after_a_month(village: Village):
    ada, _, conversation = await two(village)
    async with ada.open() as talk:
        await talk.leave(conversation)
    for days, left in ((29, ["left"]), (2, [])):
        await village.passes(days * DAY)
        await ada.hears()
        async with ada.open() as talk:
            assert [one.state for one in talk.known()] == left
            records = talk._store.all("SELECT 1 FROM records WHERE conversation = ?", conversation)
            assert len(records) == len(left)


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


@pytest.mark.parametrize("days", [5, 10])
async def test_who_was_away_for_35_days_or_70_sees_a_gap_and_goes_on(village: Village, days: int):
    """After 70 not even the record is kept that followed on the last one that was read."""
    ada, bob, conversation = await two(village)
    await ada.says(conversation, "never read")
    await bob.hears()
    await ada.says(conversation, "lost")
    for _ in range(7):
        await village.passes(days * DAY)
        await ada.hears()
        await ada.says(conversation, "as well")
    await ada.hears()
    await village.passes(HOUR)
    heard = await bob.hears()
    assert "gap" in [one.kind for one in heard]
    gap = next(one for one in heard if one.kind == "gap")
    assert gap.details["to"] > gap.details["from"]
    assert refusals(heard) == ([] if days == 5 else ["changes_not_seen"])
    await bob.says(conversation, "here again")
    assert await ada.texts() == ["here again"]
    await ada.says(conversation, "welcome")
    assert (await bob.texts())[-1] == "welcome"
