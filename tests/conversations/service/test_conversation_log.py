"""The log of a conversation: what is written to it, in which order, and to whom it is served."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.machines.conversation_desk import DAY, HOUR, ConversationDesk, Talk, digest, seat

from ephemeral.conversations.rules import limits
from ephemeral.conversations.rules.changes import ConversationChanged, CursorMoved
from ephemeral.live.bus import UnsureEvent
from ephemeral.protocol.conversations.log import MESSAGE, RECORD, Log
from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.errors import Refusal
from ephemeral.store.postgres import StoreUnavailable


@contextmanager
def refused(code: str) -> Iterator[Refusal]:
    with pytest.raises(Refusal) as caught:
        yield caught  # type: ignore[misc]
    assert caught.value.code == code


def details(caught: object) -> dict[str, object]:
    found = caught.value.details  # type: ignore[attr-defined]
    assert found is not None
    return dict(found)


async def test_what_is_written_is_read_by_all_and_its_hashes_follow(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 2)
    talk = await talks.talk(one, other)
    entries = [talk.entry(one.machines[0], size=size) for size in ENTRY_SIZES[:3]]
    posted = await talk.send(one, *entries)
    assert [place.s for place in posted.places] == [2, 3, 4]
    assert not posted.renew
    for reader in (one, other):
        for machine in reader.machines:
            items = await talk.items(reader, machine=machine)
            assert [item.kind for item in items] == [RECORD, MESSAGE, MESSAGE, MESSAGE]
            assert [item.entry for item in items[1:]] == entries
            log = Log.first(talk.id)
            for item in items:
                assert item.entry is not None
                assert item.digest == digest(item.entry)
                log = log.next(item.kind, item.device, item.digest)
            assert (log.place, log.hash) == (talk.s, talk.log)
    page = await talk.read(other, after=2, most=1)
    assert ([item.s for item in page.items], page.more) == ([3], True)
    stored = await talks.pool.fetchval("SELECT sealed FROM accounts.entries WHERE s = 2")
    assert entries[0] not in stored


async def test_the_same_again_is_answered_as_before_and_other_bytes_are_a_conflict(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    [machine] = one.machines
    entry = talk.entry(machine)
    outcomes = await asyncio.gather(
        *(talks.post(seat(one), talk.id, [entry]) for _ in range(5)),
        talks.post(seat(one), talk.id, [entry, entry]),
    )
    assert {place for outcome in outcomes for place in outcome.places} == {outcomes[0].places[0]}
    talk.s, talk.log = outcomes[0].places[0].s, outcomes[0].places[0].hash
    with refused("conflict"):
        await talk.send(one, talk.entry(machine, id_=entry[66:82]))
    fresh = os.urandom(16)
    with refused("conflict"):
        await talk.send(one, talk.entry(machine, id_=fresh), talk.entry(machine, id_=fresh))
    assert [item.s for item in await talk.items(other)] == [1, 2]
    # Beyond its epoch and its destruction, and with a new message beside it.
    await talk.ack_all(one, other)
    await talk.renew(other)
    again = await talk.send(one, entry, talk.entry(machine))
    assert [place.s for place in again.places] == [2, 4]
    assert again.places[0] == outcomes[0].places[0]


async def test_the_same_id_of_two_devices_is_two_messages(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    id_ = os.urandom(16)
    for person in (one, other):
        await talk.send(person, talk.entry(person.machines[0], id_=id_))
    assert [item.id for item in await talk.items(one)][1:] == [id_, id_]


async def test_a_message_that_is_not_of_this_place_is_refused(talks: ConversationDesk) -> None:
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=2)
    machine, second = one.machines
    fits = talk.entry(machine)
    hashes = {item.s: item for item in await talk.items(one)}
    cases: dict[str, list[bytes]] = {
        "message_conversation": [talk.entry(machine, conversation=os.urandom(16))],
        "message_device": [talk.entry(second)],
        "stale_epoch": [talk.entry(machine, record=os.urandom(32))],
        "message_seen": [talk.entry(machine, seen=0, log=Log.first(talk.id).hash)],
        "message_length": [fits + b"x"],
        "message_version": [b"\x02" + fits[1:]],
        "broken": [talk.entry(machine, log=os.urandom(32))],
    }
    for code, entries in cases.items():
        with refused(code):
            await talk.send(one, fits, *entries)
    # A place that nobody has written yet, and the hash of another place.
    for ahead in ({"seen": talk.s + 1}, {"seen": talk.s - 1}, {"seen": 2**64 - 1}):
        with refused("broken") as caught:
            await talk.send(one, talk.entry(machine, **ahead))
        assert details(caught) == {"first": 0}
    assert (await talk.row("s"))[0] == talk.s, "all of them or none"
    # One that had read less is as good as any.
    log = Log(2, b"")
    log = Log.first(talk.id)
    for s in (1, 2):
        log = log.next(hashes[s].kind, hashes[s].device, hashes[s].digest)
    await talk.send(one, talk.entry(machine, seen=2, log=log.hash))


async def test_strangers_and_those_who_are_gone_find_nothing(talks: ConversationDesk) -> None:
    one, other, third = await talks.friends(1, 1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one)
    for asker in (third, other):
        if asker is other:
            await talk.leave(other)
        with refused("not_found"):
            await talk.send(asker, talk.entry(asker.machines[0]))
        with refused("not_found"):
            await talk.ack(asker, 1)
        with refused("not_found"):
            await talk.read(asker)
        reading = talks.services.reading
        for asked in (reading.epochs(seat(asker), talk.id, 0), reading.one(seat(asker), talk.id),
                      reading.members(seat(asker), talk.id)):  # fmt: skip
            with refused("not_found"):
                await asked
        assert (await reading.listed(seat(asker), b"")).conversations == []
    with refused("not_found"):
        await talks.post(seat(one), os.urandom(16), [talk.entry(one.machines[0])])


async def test_a_device_that_was_linked_later_is_sent_digests_and_told_to_renew(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(other, count=3)
    new = await one.link(one.machines[0])
    with refused("rekey_required") as caught:
        await talk.send(one, talk.entry(new), machine=new)
    assert details(caught) == {"why": "devices", "wait_ms": 0}
    with refused("not_found"):
        await talk.ack(one, machine=new)
    assert {item.entry for item in await talk.items(one, machine=new)} == {None}
    begun = await talk.renew(one, machine=new)
    await talk.send(other)
    items = await talk.items(one, machine=new)
    assert [item.s for item in items if item.entry is not None] == [begun.s, begun.s + 1]
    assert [item.s for item in items] == list(range(1, begun.s + 2)), "digests of what lies before"
    [record] = (await talks.services.reading.epochs(seat(one, new), talk.id, 1)).epochs
    assert record.box is not None


async def test_whatever_is_due_comes_before_messages_and_only_one_is_told_at_a_time(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    await one.revoke(one.machines[0], one.machines[1])
    with refused("rekey_required") as caught:
        await talk.send(other)
    assert details(caught) == {"why": "devices", "wait_ms": 0}
    with refused("rekey_required") as caught:
        await talk.send(one)
    wait = details(caught)["wait_ms"]
    assert isinstance(wait, int)
    assert 0 < wait <= limits.TOLD_MS
    with refused("rekey_required") as caught:
        await talk.send(other)
    assert details(caught)["wait_ms"] == 0, "it isn't held back by itself"
    await talks.desk.clock.advance(limits.TOLD_MS)
    with refused("rekey_required") as caught:
        await talk.send(one)
    assert details(caught)["wait_ms"] == 0
    await talk.renew(one)
    await talk.send(other)


async def test_an_epoch_ends_by_its_age_and_by_its_messages(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talks.desk.clock.advance(20 * HOUR)
    assert [(await talk.send(who)).renew for who in (one, other, one)] == [True, False, False]
    await talks.desk.clock.advance(4 * HOUR)
    with refused("rekey_required") as caught:
        await talk.send(one)
    assert details(caught)["why"] == "age"
    await talk.renew(one)

    async def sent(messages: int, told: int | None) -> bool:
        await talks.pool.execute(
            "UPDATE accounts.conversations SET messages = $1, renew_told = $2", messages, told
        )
        return (await talk.send(one)).renew

    assert not await sent(7_998, None)
    assert await sent(7_999, None)
    assert not await sent(8_100, 8_000)
    assert await sent(8_199, 8_000)
    assert await sent(9_999, 8_000)
    with refused("rekey_required") as caught:
        await talk.send(other)
    assert details(caught)["why"] == "count"


async def test_one_bad_post_does_not_cost_the_others_of_its_batch(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk, second = await talks.talk(one, other), await talks.talk(one)
    outcomes = await asyncio.gather(
        talks.post(seat(one), talk.id, [talk.entry(one.machines[0])]),
        talks.post(seat(one), talk.id, [talk.entry(one.machines[0], record=bytes(32))]),
        talks.post(seat(other), second.id, [second.entry(other.machines[0])]),
        talks.post(seat(other), talk.id, [talk.entry(other.machines[0])]),
        talks.acknowledge(seat(other), talk.id, 99),
        talks.post(seat(one), second.id, [second.entry(one.machines[0])]),
        return_exceptions=True,
    )
    codes = [one.code for one in outcomes if isinstance(one, Refusal)]
    assert codes == ["stale_epoch", "not_found", "broken"]
    assert sum(not isinstance(one, BaseException) for one in outcomes) == 3


async def test_two_workers_write_one_log(talks: ConversationDesk, tmp_path: Path) -> None:
    """Entries that name the same place, from both, all stand in one order, none twice."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    beside = await ConversationDesk.open(talks.pool, tmp_path / "keyring")
    entries = [[talk.entry(who.machines[0]) for _ in range(10)] for who in (one, other)]
    for mine, theirs in zip(*entries, strict=True):
        await asyncio.gather(
            *(desk.post(seat(one), talk.id, [mine]) for desk in (talks, beside)),
            *(desk.post(seat(other), talk.id, [theirs]) for desk in (talks, beside)),
        )
    found = [item.entry for item in await talk.items(one)][1:]
    assert sorted(found) == sorted(entry for both in entries for entry in both)
    assert [item.s for item in await talk.items(one)] == list(range(1, 22))
    items = await beside.services.reading.log(seat(other), talk.id, 1)
    assert [item.entry for item in items.items] == found
    await beside.services.ledger.close()
    await beside.accounts.desk.ledger.close()
    beside.accounts.passwords.close()


async def test_everybody_is_told_where_the_log_has_come_to(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    topic, _ = talks.services.hints.changed(talk.id, 0)
    talks.desk.hints.clear()
    await talk.send(one, count=3)
    await talk.ack(other)
    assert talks.desk.hints == [
        (topic, ConversationChanged(4)),
        (topic, CursorMoved(other.machines[0].id, 4)),
    ]


async def test_when_nobody_knows_what_was_committed_all_look(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    topic, _ = talks.services.hints.changed(talk.id, 0)

    async def lost(*_: object, **__: object) -> None:
        unsure = StoreUnavailable()
        unsure.unsure = True
        raise unsure

    talks.desk.hints.clear()
    with monkeypatch.context() as patch, refused("unavailable"):
        patch.setattr("ephemeral.conversations.service.ledger.transaction", lost)
        await talk.send(one)
    assert talks.desk.hints == [(topic, UnsureEvent())]


async def test_what_was_just_written_is_at_hand_without_a_gap(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    recent = talks.services.recent
    assert recent.after(talk.id, 1) is None
    await talk.send(one, count=2)
    kept = recent.after(talk.id, 1)
    assert kept == (await talk.items(other, after=1))
    assert recent.after(talk.id, 0) is None, "the record isn't there"
    await talk.ack_all(one, other)
    assert not recent.after(talk.id, 1)


async def test_nothing_stays_at_hand_for_longer_than_two_rounds(talks: ConversationDesk) -> None:
    """Another process may have destroyed it."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    recent = talks.services.recent
    await talk.send(one)
    await talks.sweep()
    await talk.send(other)
    await talks.sweep()
    assert [item.s for item in recent.after(talk.id, 2) or ()] == [3]
    assert recent.after(talk.id, 1) is None, "the first is forgotten"
    await talks.sweep()
    assert recent.after(talk.id, 2) is None


async def test_a_log_is_read_in_pieces_of_a_mebibyte(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    for _ in range(2):
        await talk.send(one, count=16, size=ENTRY_SIZES[-1])
    page = await talk.read(other)
    assert page.more
    assert 1 < len(page.items) < 33
    assert sum(len(item.entry or b"") for item in page.items) <= 1024 * 1024
    assert len(await talk.items(other)) == 33


async def test_devices_of_a_day_ago_still_write(talks: ConversationDesk) -> None:
    """Nothing that merely grows old keeps a conversation from going on."""
    one, other = await talks.friends(1, 1)
    talk: Talk = await talks.talk(one, other)
    await talks.desk.clock.advance(40 * DAY)
    await talks.sweep()
    await talk.renew(other)
    await talk.send(one)
