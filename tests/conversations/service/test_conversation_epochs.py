"""Epochs: records that are compared, judged and set, one after another, whoever writes them."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.machines.account_services import Person
from support.machines.conversation_desk import (
    DAY,
    HOUR,
    ConversationDesk,
    Made,
    Talk,
    continuing,
    seat,
)  # fmt: skip

from ephemeral.conversations.rules import limits
from ephemeral.conversations.rules.changes import ConversationsChanged
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.records import ADMIN, MEMBER, MemberDevice
from ephemeral.protocol.conversations.registers import founding_hash, self_conversation
from ephemeral.protocol.errors import Refusal


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code


async def listed(talks: ConversationDesk, person: Person) -> list[bytes]:
    found = await talks.services.reading.listed(seat(person), b"")
    return [one.conversation for one in found.conversations]


async def test_a_conversation_is_founded_once_and_all_have_their_boxes(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(2, 1)
    talk = talks.unfounded()
    made = await talk.founding(one, {other: MEMBER})
    begun = await talk.post_founding(one, made)
    again = await talk.post_founding(one, made)
    assert again[:4] == begun[:4] == (talk.id, 1, 1, talk.log)
    with refused("conflict"):
        await talk.found(one, {other: MEMBER})
    with refused("conflict"):
        await talks.unfounded(talk.id).found(other, {})
    told = {topic for topic, event in talks.desk.hints if isinstance(event, ConversationsChanged)}
    assert told == {talks.accounts.watches.topic(who.account) for who in (one, other)}
    devices = [device.device for device in made.record.devices]
    boxes = dict(zip(devices, made.boxes, strict=True))
    for who in (one, other):
        assert await listed(talks, who) == [talk.id]
        for machine in who.machines:
            page = await talks.services.reading.epochs(seat(who, machine), talk.id, 0)
            [epoch] = page.epochs
            assert (epoch.entry, epoch.box) == (made.signed.entry(), boxes[machine.id])


async def test_of_two_who_begin_an_epoch_at_once_one_does_and_the_other_is_told(
    talks: ConversationDesk, tmp_path: Path
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    beside = await ConversationDesk.open(talks.pool, tmp_path / "keyring")
    first, second = await talk.renewal(one), await talk.renewal(other)
    outcomes = await asyncio.gather(
        *(
            desk.services.epochs.begin(seat(who), talk.id, made.signed, made.boxes)
            for desk in (talks, beside)
            for who, made in ((one, first), (other, second))
        ),
        return_exceptions=True,
    )
    good = [one for one in outcomes if not isinstance(one, BaseException)]
    assert [(begun.epoch, begun.s) for begun in good] == [(2, 2)] * 2, "each answered by both"
    conflicts = [one for one in outcomes if isinstance(one, Refusal)]
    assert {
        (refusal.code, refusal.details["epoch"]) for refusal in conflicts if refusal.details
    } == {("conflict", 2)}
    await beside.services.ledger.close()
    await beside.accounts.desk.ledger.close()
    beside.accounts.passwords.close()


async def test_the_same_record_again_is_answered_as_before_whatever_came_since(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    made = await talk.renewal(one)
    begun = await talk.post_renewal(one, made)
    await talk.send(other)
    await talk.renew(other)
    asker = seat(one)
    again = await talks.services.epochs.begin(asker, talk.id, made.signed, made.boxes)
    assert again[:4] == begun[:4]
    assert (await talk.row("epoch"))[0] == 3
    # But a device is told nothing that was removed since its request was let in.
    await one.revoke(one.machines[1], one.machines[0])
    with refused("device_revoked"):
        await talks.services.epochs.begin(asker, talk.id, made.signed, made.boxes)


async def test_a_record_that_judges_by_what_is_old_comes_too_late(talks: ConversationDesk) -> None:
    """A chain that has gone on, a key that was replaced, a log that is another one."""
    one, other = await talks.friends(1, 2)
    talk = await talks.talk(one, other)
    made = await talk.renewal(one)
    await other.link(other.machines[0])
    with refused("conflict"):
        await talk.post_renewal(one, made)
    made = await talk.renewal(one)
    key = other.machines[0].sealing(other.chain.id, await talks.accounts.today())
    await talks.accounts.services.sealing_keys.put(other.machines[0].asker, key)
    with refused("conflict"):
        await talk.post_renewal(one, made)
    made = await talk.renewal(one)
    for number, entry in enumerate(made.record.devices):
        missing = MemberDevice(entry.device, 0, bytes(32))
        changed = [*made.record.devices[:number], missing, *made.record.devices[number + 1 :]]
        with refused("conflict"):
            await talk.post_renewal(one, remade(talk, one, made, devices=tuple(changed)))
    with refused("broken"):
        await talk.post_renewal(one, remade(talk, one, made, log=os.urandom(32)))
    with refused("broken"):
        await talk.post_renewal(one, remade(talk, one, made, seen=talk.s + 1))
    await talk.post_renewal(one, made)


def remade(talk: Talk, author: Person, made: Made, **fields: object) -> Made:
    return talk.made(author.machines[0], replace(made.record, **fields))  # type: ignore[arg-type]


async def test_a_record_that_the_judge_refuses_is_refused_by_its_code(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.friends(1, 1, 1)
    await talks.befriend(other, third)
    talk = await talks.talk(one, other)
    made = await talk.renewal(one)
    people = made.record.people
    wrong = {
        "record_role": await talk_of(talk, other, timer=60),
        "record_admin": remade(
            talk, one, made, people=tuple(person._replace(role=MEMBER) for person in people)
        ),
        "record_point": remade(
            talk, one, made, people=(people[0]._replace(head=os.urandom(32)), *people[1:])
        ),
        "record_devices": remade(talk, one, made, devices=made.record.devices[:1]),
    }
    for code, bad in wrong.items():
        author = other if code == "record_role" else one
        with refused(code):
            await talk.post_renewal(author, bad)
    forged = Made(replace(made.signed, signature=os.urandom(64)), made.boxes)
    with refused("record_signature"):
        await talk.post_renewal(one, forged)
    # Another's record, and one for another conversation, whoever shows it.
    with refused("record_author"):
        await talks.services.epochs.begin(seat(other), talk.id, made.signed, made.boxes)
    with refused("record_conversation"):
        await talks.services.epochs.begin(seat(one), os.urandom(16), made.signed, made.boxes)
    with refused("not_found"):
        by = third.machines[0]
        stranger = talk.made(by, replace(made.record, by=by.id))
        await talk.post_renewal(third, stranger)
    assert (await talk.row("epoch"))[0] == 1
    await talk.post_renewal(one, made)


async def talk_of(talk: Talk, author: Person, **fields: object) -> Made:
    made = await talk.renewal(author)
    return remade(talk, author, made, **fields)


async def test_people_come_and_go_by_records_of_admins(talks: ConversationDesk) -> None:
    one, other, third = await talks.friends(1, 1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one)
    await talk.renew(one, Change(add={third.chain.id: MEMBER}), others=[third])
    assert await listed(talks, third) == [talk.id]
    page = await talks.services.reading.epochs(seat(third), talk.id, 0)
    assert [epoch.epoch for epoch in page.epochs] == [2], "from when they entered on"
    with refused("behind"):
        # Who had written when, before they came, is not theirs to know.
        await talk.read(third, talk.record.seen - 1)
    items = await talk.items(third, talk.record.seen)
    assert [(item.s, item.entry is not None) for item in items] == [(3, True)]
    await talk.send(third)
    await talk.renew(one, Change(remove=frozenset({other.chain.id})))
    assert await listed(talks, other) == []
    with refused("not_found"):
        await talk.read(other)
    await talk.renew(one, Change(roles={third.chain.id: ADMIN}))
    await talk.renew(third, Change(remove=frozenset({one.chain.id})))
    assert await listed(talks, one) == []
    assert [person.chain for person in talk.record.people] == [third.chain.id]


async def test_only_contacts_can_be_brought_and_only_by_whom_they_know(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.person(), await talks.person(), await talks.person()
    await talks.befriend(one, other)
    await talks.befriend(other, third)
    with refused("contact_needed"):
        await talks.talk(one, other, third)
    talk = await talks.talk(one, other)
    with refused("contact_needed"):
        await talk.renew(one, Change(add={third.chain.id: MEMBER}), others=[third])
    await talk.renew(one, Change(roles={other.chain.id: ADMIN}))
    await talk.renew(other, Change(add={third.chain.id: MEMBER}), others=[third])
    # Whoever is there stays, whether or not all are contacts of who writes the next record.
    await talk.renew(one)


async def test_a_repair_brings_the_same_people_without_asking_again(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.person(), await talks.person(), await talks.person()
    await talks.befriend(one, other)
    await talks.befriend(other, third)
    talk = await talks.talk(other, one, third)
    again = talks.unfounded()
    # Nobody would follow a member: only the places of the others would be used up.
    with refused("contact_needed"):
        await again.found(one, {other: MEMBER, third: MEMBER}, continues=continuing(talk))
    await talk.renew(other, Change(roles={one.chain.id: ADMIN}))
    await again.found(one, {other: MEMBER, third: MEMBER}, continues=continuing(talk))
    assert await listed(talks, third) == sorted([talk.id, again.id])
    # Whoever is not there, or is another's, is a stranger.
    stranger = await talks.person()
    with refused("contact_needed"):
        await talks.unfounded().found(one, {stranger: MEMBER}, continues=continuing(talk))
    with refused("contact_needed"):
        await talks.unfounded().found(stranger, {third: MEMBER}, continues=continuing(talk))
    await talk.leave(third)
    with refused("contact_needed"):
        await talks.unfounded().found(one, {third: MEMBER}, continues=continuing(talk))


async def test_epochs_for_no_reason_are_few(talks: ConversationDesk) -> None:
    """For a device that can't open its box. What changes something is never too much."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.renew(one)
    with refused("too_many"):
        await talk.renew(one)
    await talk.renew(other)
    await talk.renew(one, Change(timer=60))
    await talk.renew(one, Change(timer=0))
    await talks.desk.clock.advance(HOUR)
    await talk.renew(one)


async def test_epochs_for_no_reason_are_shared_by_people(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has many devices can't leave the others none of a day's."""
    monkeypatch.setattr(limits, "REPAIRS_PER_DAY", 6)
    one, other = await talks.friends(1, 4)
    talk = await talks.talk(one, other)
    for machine in other.machines[:3]:
        await talk.renew(other, machine=machine)
    with refused("too_many"):
        await talk.renew(other, machine=other.machines[3])
    await talk.renew(one)
    # However many people there are, each has some.
    monkeypatch.setattr(limits, "REPAIRS_PER_DAY", 0)
    await talks.desk.clock.advance(DAY)
    # The first ends an epoch that is a day old, for a reason that the server sees.
    for machine in other.machines[:3]:
        await talk.renew(other, machine=machine)
    with refused("too_many"):
        await talk.renew(other, machine=other.machines[3])


async def test_records_and_boxes_of_a_day_are_bounded_and_more_for_who_has_removed_a_device(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    today = await talks.accounts.today()

    async def spent(size: int) -> None:
        await talks.pool.execute("UPDATE accounts.box_budgets SET bytes = $1", size)

    await spent(limits.BOXES_PER_DAY - 4_000)
    with refused("too_many"):
        # The three boxes alone would find room, as many records without any do.
        await talk.renew(one, Change(timer=60))
    await spent(limits.BOXES_PER_DAY - 8_000)
    await talk.renew(one, Change(timer=60))
    with refused("too_many"):
        await talk.renew(one, Change(timer=120))
    assert (await talk.row("timer"))[0] == 60, "nothing of it stands"
    await one.revoke(one.machines[0], one.machines[1])
    await talk.renew(one)
    # Devices are removed easily, and so often that no other limit would count.
    await spent(limits.FREE_PER_DAY)
    with refused("too_many"):
        await talk.renew(one, Change(timer=120))
    assert today == await talks.accounts.today()
    await talks.desk.clock.advance(DAY)
    await talk.renew(one, Change(timer=180))


async def test_nobody_is_in_more_than_so_many(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONVERSATIONS_MAX", 2)
    one, other = await talks.friends(1, 1)
    for _ in range(2):
        await talks.talk(other)
    with refused("conversations_full"):
        await talks.talk(one, other)
    talk = await talks.talk(one)
    with refused("conversations_full"):
        await talk.renew(one, Change(add={other.chain.id: MEMBER}), others=[other])
    await talk.renew(one)
    # All devices need the one that they have with each other.
    own = self_conversation(other.chain.id, founding_hash(other.chain))
    await talks.unfounded(own).found(other, {})


async def test_nobody_is_brought_into_many_in_which_they_said_nothing(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they were brought: by founding, adding, or going on with another conversation."""
    monkeypatch.setattr(limits, "UNANSWERED_MAX", 2)
    one, other, third = await talks.friends(1, 1, 1)
    await talks.befriend(third, other)
    first = await talks.talk(one, other)
    second = await talks.talk(one)
    await second.renew(one, Change(add={other.chain.id: MEMBER}), others=[other])
    unfounded, third_one = talks.unfounded(), await talks.talk(one, third)
    again = {"continues": continuing(first)}
    for more in ({}, again):
        with refused("consent_needed"):
            await unfounded.found(one, {other: MEMBER}, **more)
    with refused("consent_needed"):
        await third_one.renew(one, Change(add={other.chain.id: MEMBER}), others=[other])
    # Others bring them still, and they found what they like.
    await talks.talk(third, other)
    await talks.talk(other, one)
    # By what they say in one, and by nothing that others write there.
    await first.renew(one, Change(timer=60))
    await first.send(one)
    await first.ack(other)
    with refused("consent_needed"):
        await unfounded.found(one, {other: MEMBER})
    await first.send(other)
    await first.renew(one, Change(timer=0))
    await unfounded.found(one, {other: MEMBER})
    with refused("consent_needed"):
        await talks.unfounded().found(one, {other: MEMBER})


async def test_records_of_one_account_are_set_one_after_the_other(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else several at once would each find that there is room for one more."""
    monkeypatch.setattr(limits, "UNANSWERED_MAX", 1)
    one, other = await talks.friends(1, 1)
    found = await asyncio.gather(
        *(talks.talk(one, other) for _ in range(6)), return_exceptions=True
    )
    codes = [each.code for each in found if isinstance(each, Refusal)]
    assert codes == ["consent_needed"] * 5


async def test_an_own_conversation_is_nobody_elses(talks: ConversationDesk) -> None:
    """Others can compute what it is called; whoever has founded one of that name loses it."""
    one, other = await talks.friends(1, 1)
    own = self_conversation(one.chain.id, founding_hash(one.chain))
    thief = talks.unfounded(own)
    await thief.found(other, {})
    await thief.send(other)
    talk = talks.unfounded(own)
    await talk.found(one, {})
    assert await listed(talks, other) == []
    with refused("conflict"):
        await talks.unfounded(own).found(other, {})
    with refused("conflict"):
        await talks.unfounded(own).found(one, {})
    await talk.send(one)


async def test_a_device_without_a_key_has_no_box_and_holds_nobody_up(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 2)
    await talks.pool.execute(
        "DELETE FROM accounts.sealing_keys WHERE device = $1", other.machines[1].id
    )
    orphan = await talks.pool.fetch(
        """
        DELETE FROM payloads p WHERE NOT EXISTS (
          SELECT FROM accounts.sealing_keys k WHERE k.payload = p.id)
          AND NOT EXISTS (SELECT FROM accounts.sessions s WHERE s.secret = p.id)
          AND NOT EXISTS (SELECT FROM accounts.signing_keys s WHERE s.private = p.id)
          AND NOT EXISTS (SELECT FROM accounts.links l WHERE p.id IN (l.request, l.answer))
        RETURNING id
        """
    )
    await talks.pool.execute(
        "DELETE FROM payload_keys WHERE payload = ANY($1::bytea[])", [row[0] for row in orphan]
    )
    talk = await talks.talk(one, other)
    assert [device.number for device in talk.record.devices].count(0) == 1
    page = await talks.services.reading.epochs(seat(other, other.machines[1]), talk.id, 0)
    assert [epoch.box for epoch in page.epochs] == [None]
    await talk.send(other)
    # Its number may fall to none where there is none; with a new key, boxes come again.
    key = other.machines[1].sealing(other.chain.id, await talks.accounts.today())
    await talks.accounts.services.sealing_keys.put(other.machines[1].asker, key)
    await talk.renew(one)
    assert [device.number for device in talk.record.devices].count(0) == 0
