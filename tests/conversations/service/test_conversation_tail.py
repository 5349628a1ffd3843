"""The tail of a log: what all have read is destroyed, and nothing else is before its time."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.machines.account_services import Person
from support.machines.conversation_desk import DAY, HOUR, MINUTE, ConversationDesk, Talk, seat

from ephemeral.conversations.rules import limits
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.errors import Refusal


@contextmanager
def refused(code: str, **details: object) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code
    if details:
        assert caught.value.details == details


async def kept(talk: Talk, reader: Person, after: int = 0) -> dict[int, bool]:
    """Places that are served, and whether what was written there is."""
    return {item.s: item.entry is not None for item in await talk.items(reader, after)}


async def waiting(talk: Talk) -> tuple[int, int]:
    return tuple(await talk.row("waiting, waiting_bytes"))  # type: ignore[return-value]


async def keys(talks: ConversationDesk) -> int:
    """Keys of segments and of boxes that are there."""
    count: int = await talks.pool.fetchval(
        """
        SELECT count(*) FROM payload_keys WHERE payload IN (
          SELECT segment FROM accounts.segments
          UNION SELECT boxes FROM accounts.records WHERE boxes IS NOT NULL)
        """
    )
    return count


async def test_what_the_last_device_has_stored_is_destroyed_up_to_there(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 2)
    talk = await talks.talk(one, other)
    await talk.send(one, count=4)
    assert await talk.ack(one) == 5
    assert await talk.ack(other, 4) == 4
    assert (await waiting(talk))[0] == 4
    second = other.machines[1]
    assert await talk.ack(other, 3, second) == 3
    assert await waiting(talk) == (2, 2 * ENTRY_SIZES[0])
    assert await kept(talk, one) == {1: True, 2: False, 3: False, 4: True, 5: True}
    assert await talk.ack(other, 2, second) == 3, "cursors only rise"
    assert await talk.ack(other, 5, second) == 5
    assert await kept(talk, one) == {1: True, 2: False, 3: False, 4: False, 5: True}
    await talk.ack(other)
    assert await waiting(talk) == (0, 0)
    with refused("broken", first=0):
        await talk.ack(other, 6)


async def test_a_box_is_destroyed_when_its_device_has_read_the_record(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 2)
    talk = await talks.talk(one, other)

    async def boxes() -> set[tuple[int, bytes]]:
        rows = await talks.pool.fetch("SELECT epoch, device FROM accounts.boxes")
        return {(row[0], row[1]) for row in rows}

    machines = [*one.machines, *other.machines]
    everybody = {(1, machine.id) for machine in machines}
    assert await boxes() == everybody
    # The first record stands where cursors begin: it has to be acknowledged all the same.
    await talk.ack(one)
    assert await boxes() == everybody - {(1, one.machines[0].id)}
    await talk.renew(other)
    await talk.ack(other)
    gone = {(1, one.machines[0].id), (1, other.machines[0].id), (2, other.machines[0].id)}
    assert await boxes() == (everybody | {(2, machine.id) for machine in machines}) - gone
    reading = talks.services.reading
    page = await reading.epochs(seat(other), talk.id, 0)
    assert [epoch.box for epoch in page.epochs] == [None, None]
    assert await keys(talks) == 2
    await talk.ack_all(one, other)
    assert await boxes() == set()
    assert await keys(talks) == 0


async def test_a_box_stays_when_a_place_before_its_record_is_acknowledged(
    talks: ConversationDesk,
) -> None:
    """A new device has read up to there before the record came that lists it."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    new = await other.link(other.machines[0])
    await talk.renew(one)
    assert await talk.ack(other, 1, new) == 2, "where cursors begin"
    page = await talks.services.reading.epochs(seat(other, new), talk.id, 1)
    assert [epoch.box is not None for epoch in page.epochs] == [True]
    assert await talk.ack(other, 2, new) == 2
    page = await talks.services.reading.epochs(seat(other, new), talk.id, 1)
    assert [epoch.box for epoch in page.epochs] == [None]


async def test_places_stay_back_to_what_the_newest_record_had_seen(
    talks: ConversationDesk,
) -> None:
    """Or to the least cursor: a device that is away reads on without a gap."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=3)
    await talk.ack(one)
    await talk.ack(other, 2)
    await talk.renew(one)
    await talk.send(one, count=2)
    await talk.ack(one)
    assert (await talk.row("kept, record_seen")) == (2, 4)
    assert list(await kept(talk, other, 2)) == [3, 4, 5, 6, 7]
    with refused("behind", first=2):
        await talk.read(other, 0)
    await talk.ack(other)
    assert (await talk.row("kept"))[0] == 4
    assert list(await kept(talk, other, 3)) == [4, 5, 6, 7]
    # Whoever had read up to there still writes: its hash is known.
    await talk.send(one)


async def test_a_new_device_reads_from_its_first_record_with_nothing_destroyed_before(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one)
    new = await other.link(other.machines[0])
    begun = await talk.renew(one)
    await talk.send(one, count=2)
    await talk.ack_all(one)
    await talk.ack(other)
    assert (await waiting(talk))[0] == 2, "the new one has not read them"
    items = await talk.items(other, talk.record.seen, new)
    assert [item.s for item in items if item.entry is not None] == [
        begun.s,
        begun.s + 1,
        begun.s + 2,
    ]
    await talk.ack(other, machine=new)
    assert (await waiting(talk))[0] == 0


async def test_somebody_who_leaves_or_is_removed_holds_nothing_any_more(
    talks: ConversationDesk,
) -> None:
    one, other, third, fourth = await talks.friends(1, 1, 1, 2)
    talk = await talks.talk(one, other, third, fourth)
    await talk.send(one, count=2)
    await talk.ack_all(one)
    leave = await talk.leave(other)
    assert (await waiting(talk))[0] == 2
    await talk.renew(one, Change(remove=frozenset({third.chain.id}), leaves=(leave,)))
    assert (await waiting(talk))[0] == 2
    await talk.ack(fourth)
    await fourth.revoke(*fourth.machines)
    assert (await waiting(talk))[0] == 0
    rows = await talks.pool.fetch("SELECT DISTINCT device FROM accounts.boxes")
    members = {machine.id for who in (one, fourth) for machine in who.machines}
    assert {row[0] for row in rows} <= members


async def test_a_device_unseen_for_thirty_days_holds_nothing_and_finds_a_gap(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=3)
    for day in range(1, 36):
        await talks.desk.clock.advance(DAY)
        today = await talks.accounts.today()
        await talks.pool.execute(
            "UPDATE accounts.devices SET seen_day = $1 WHERE account = $2", today, one.account
        )
        if day == 29:
            await talk.renew(one)
            await talk.send(one, count=2)
            await talk.ack(one)
            await talks.sweep()
            assert (await waiting(talk))[0] == 5, "it may come back"
    await talks.sweep()
    assert (await waiting(talk))[0] == 0
    first = (await talk.row("kept"))[0]
    with refused("behind", first=first):
        await talk.read(other, 1)
    assert list(await kept(talk, other, first - 1)) == list(range(first, talk.s + 1))
    page = await talks.services.reading.epochs(seat(other), talk.id, 0)
    assert page.epochs[-1].epoch == 2
    assert page.epochs[-1].box is not None, "and goes on with the present epoch"
    await talk.ack(other)
    await talk.renew(other)
    await talk.send(other)


async def test_messages_go_after_the_timer_and_a_day_or_after_thirty_days(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk, slow = await talks.talk(one, other), await talks.talk(one, other)
    await talk.renew(one, Change(timer=3600))
    await talk.send(one, count=2)
    await slow.send(one)
    await talks.desk.clock.advance(DAY + HOUR - MINUTE)
    await talks.sweep()
    assert (await waiting(talk))[0] == 2
    await talks.desk.clock.advance(2 * MINUTE)
    await talks.sweep()
    assert ((await waiting(talk))[0], (await waiting(slow))[0]) == (0, 1)
    assert await kept(talk, other) == {1: True, 2: True, 3: False, 4: False}
    await talks.desk.clock.advance(29 * DAY)
    await talks.sweep()
    assert (await waiting(slow))[0] == 0


async def test_a_clock_that_jumps_destroys_nothing_for_a_while(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one)
    loop = asyncio.get_running_loop()
    await talks.services.sweeper.sweep(loop.time())
    await talks.desk.clock.advance(40 * DAY)
    await talks.services.sweeper.sweep(loop.time())
    assert (await waiting(talk))[0] == 1
    # Nor does a device that is there meanwhile, since the others would seem to be away.
    await talks.pool.execute(
        "UPDATE accounts.devices SET seen_day = $1 WHERE account = $2",
        await talks.accounts.today(), one.account,
    )  # fmt: skip
    await talk.ack(one)
    assert (await waiting(talk))[0] == 1
    await talks.services.sweeper.sweep(loop.time() + 3601)
    assert (await waiting(talk))[0] == 1, "that is another jump"


async def test_somebody_who_floods_destroys_only_what_is_their_own(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAITING_MESSAGES", 20)
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    await talk.send(other, count=5)
    await talk.send(one, count=6)
    await talk.send(one, count=9, machine=one.machines[1])
    page = await kept(talk, other)
    assert [s for s, there in page.items() if not there] == [7, 8, 9, 10, 11], "ten are its share"
    assert (await waiting(talk))[0] == 15
    await talk.send(other, count=6)
    page = await kept(talk, one)
    assert [s for s, there in page.items() if not there] == [2, *range(7, 12)]
    # A device that was removed wrote them all the same.
    await one.revoke(one.machines[0], one.machines[1])
    await talk.renew(one)
    await talk.send(one)
    assert [s for s, there in (await kept(talk, other)).items() if not there] == [2, *range(7, 13)]


async def test_a_share_is_one_of_bytes_too(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAITING_BYTES", 4 * ENTRY_SIZES[3])
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=2, size=ENTRY_SIZES[3])
    await talk.send(one)
    assert [s for s, there in (await kept(talk, other)).items() if not there] == [2]
    assert await waiting(talk) == (2, ENTRY_SIZES[3] + ENTRY_SIZES[0])


async def test_one_destroys_what_waits_of_the_own_accounts_alone(talks: ConversationDesk) -> None:
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    entry = talk.entry(one.machines[0])
    await talk.send(one, entry)
    theirs = talk.entry(other.machines[0])
    await talk.send(other, theirs)
    membership = talks.services.membership
    id_ = entry[66:82]
    for asker, message in ((other, id_), (one, theirs[66:82]), (one, os.urandom(16))):
        with refused("not_found"):
            await membership.destroy_message(seat(asker), talk.id, message)
    for _ in range(2):
        # By another of the account's devices; again it is gone already.
        await membership.destroy_message(seat(one, one.machines[1]), talk.id, id_)
    assert await kept(talk, other) == {1: True, 2: False, 3: True}
    assert talks.services.recent.after(talk.id, 1) is None


async def test_records_are_kept_for_thirty_days_and_the_newest_always(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.renew(one, Change(timer=60))
    await talk.renew(one, Change(remove=frozenset({other.chain.id})))
    reads = talks.services.reading.epochs
    assert [one.epoch for one in (await reads(seat(one), talk.id, 0)).epochs] == [1, 2, 3]
    async with talks.pool.acquire() as connection:
        beside = await talks.accounts.hooks.lists_beside(connection, other.account, one.chain.id)
        assert beside, "a kept record lists both"
    await talks.desk.clock.advance(29 * DAY)
    await talks.sweep()
    assert [one.epoch for one in (await reads(seat(one), talk.id, 1)).epochs] == [2, 3]
    await talks.desk.clock.advance(2 * DAY)
    await talks.sweep()
    assert [one.epoch for one in (await reads(seat(one), talk.id, 0)).epochs] == [3]
    assert (await talks.rows("records", "boxes")) == {"records": 1, "boxes": 1}
    async with talks.pool.acquire() as connection:
        for asker, chain in ((other, one), (one, other)):
            assert not await talks.accounts.hooks.lists_beside(
                connection, asker.account, chain.chain.id
            )
    await talk.renew(one)


async def test_a_key_goes_with_the_last_message_that_it_seals(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.ack_all(one, other)
    await talk.send(one, count=2)
    assert await keys(talks) == 1
    await talks.desk.clock.advance(HOUR)
    await talk.send(one, count=2)
    assert await keys(talks) == 2, "another hour, another key"
    await talks.sweep()
    assert await keys(talks) == 2
    await talk.ack_all(one)
    await talk.ack(other, 3)
    await talks.sweep()
    assert await keys(talks) == 1, "the first hour has gone"
    assert [item.entry is not None for item in await talk.items(other, 3)] == [True, True]
    await talk.ack(other)
    await talks.sweep()
    assert await keys(talks) == 0
    # And another begins.
    await talk.send(one)
    assert await keys(talks) == 1
    assert (await talk.items(other))[-1].entry is not None


async def test_a_key_that_nobody_told_of_is_found_all_the_same(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process was killed between destroying messages and looking for their keys."""
    one, other = await talks.friends(1, 1)
    monkeypatch.setattr("ephemeral.conversations.service.sweeper._SEGMENTS", 2)
    found = [await talks.talk(one, other) for _ in range(5)]
    for talk in found:
        await talk.send(one)
        await talk.ack_all(one, other)
    talks.services.sweeper._tail.loosened.clear()
    for left in (3, 1, 0):
        await talks.sweep()
        assert await keys(talks) == left


async def test_a_key_is_not_destroyed_under_somebody_who_writes(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    for _ in range(5):
        await talk.send(one)
        await talk.ack_all(one, other)
        entries = [talk.entry(who.machines[0]) for who in (one, other)]
        await asyncio.gather(
            talks.sweep(), *(talks.post(seat(who), talk.id, [entry])
                             for who, entry in zip((one, other), entries, strict=True))
        )  # fmt: skip
        items = await talk.items(one, talk.s)
        assert sorted(item.entry or b"" for item in items) == sorted(entries)
        talk.s = items[-1].s
        summary = (await talk.read(one)).summary
        talk.log = summary.log
