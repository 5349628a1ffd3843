"""Leaving, joining, ending; and what happens to conversations when something does to accounts."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from support.machines.account_services import Machine, Person
from support.machines.conversation_desk import DAY, ConversationDesk, seat

from ephemeral.accounts.rules.nouns import GRACE_MS
from ephemeral.conversations.rules import limits
from ephemeral.conversations.rules.changes import ConversationChanged, ConversationsChanged
from ephemeral.protocol.conversations.epochs import sign_record
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.records import ADMIN, MEMBER, Record, SignedRecord
from ephemeral.protocol.errors import Refusal

TABLES = (
    "conversations", "conversation_people", "conversation_devices", "conversation_chains",
    "log_places", "entries", "segments", "records", "boxes", "leaves", "joins", "departures",
)  # fmt: skip


@contextmanager
def refused(code: str, why: str | None = None) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code
    if why is not None:
        assert caught.value.details is not None
        assert caught.value.details["why"] == why


async def listed(talks: ConversationDesk, person: Person) -> list[bytes]:
    found = await talks.services.reading.listed(seat(person), b"")
    return [one.conversation for one in found.conversations]


def epochs_signed(person: Person, record: Record) -> SignedRecord:
    """This record, as if this person had written it."""
    machine = person.machines[0]
    data = replace(record, by=machine.id).encode()
    return sign_record(machine.key, data, [b""] * len(record.devices))


async def nothing_left(talks: ConversationDesk) -> None:
    assert {name: count for name, count in (await talks.rows(*TABLES)).items() if count} == {}


# --- leaving, ending ------------------------------------------------------------------------------


async def test_who_leaves_is_gone_at_once_and_the_next_record_says_so(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.friends(1, 2, 1)
    talk = await talks.talk(one, other, third)
    await talk.send(other)
    leave = await talk.leave(other)
    assert await listed(talks, other) == []
    with refused("rekey_required", "leave"):
        await talk.send(third)
    members = await talks.services.reading.members(seat(third), talk.id)
    assert [tuple(left) for left in members.leaves] == [tuple(leave)]
    assert {one_.chain for one_ in members.people} == {
        who.chain.id for who in (one, other, third)
    }, "all of the record, whose lines the next one is judged by"
    with refused("conflict"):
        # As if nobody had left.
        await talk.renew(third)
    await talk.renew(third, Change(leaves=(leave,)))
    assert {one_.chain for one_ in talk.record.people} == {one.chain.id, third.chain.id}
    assert (await talks.services.reading.members(seat(third), talk.id)).leaves == []
    await talk.send(third)


async def test_a_leave_that_proves_nothing_is_none(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 2)
    talk = await talks.talk(one, other)
    good = talk.leave_of(other)
    wrong = [
        good._replace(signature=os.urandom(64)),
        good._replace(since=2),
        good._replace(chain=one.chain.id),
        good._replace(device=other.machines[1].id),
        good._replace(device=os.urandom(16)),
        talk.leave_of(one),
    ]
    for leave in wrong:
        with refused("record_leave"):
            await talks.services.membership.leave(seat(other), talk.id, leave)
    # By a device that the record doesn't judge by yet.
    new = await other.link(other.machines[0])
    with refused("record_leave"):
        await talks.services.membership.leave(seat(other), talk.id, talk.leave_of(other, new))
    await talks.services.membership.leave(seat(other, new), talk.id, good)
    assert await listed(talks, other) == []


async def test_who_has_left_is_brought_back_by_nobody_but_comes_when_they_ask(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What they ask for isn't counted.
    monkeypatch.setattr(limits, "UNANSWERED_MAX", 1)
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    joining = os.urandom(32)
    await talk.renew(one, Change(joining=joining))
    leave, back = await talk.leave(other), Change(add={other.chain.id: MEMBER})
    await talk.renew(one, Change(leaves=(leave,)))
    for _ in range(2):
        with refused("consent_needed"):
            await talk.renew(one, back, others=[other])
        await talks.talk(one, other)
        await talks.services.membership.join(seat(other), talk.id, joining, b"sealed")
        await talk.renew(one, back, others=[other])
        assert (await talks.rows("departures"))["departures"] == 0
        leave = await talk.leave(other)
        await talk.renew(one, Change(leaves=(leave,)))
        await talks.pool.execute("UPDATE accounts.conversation_people SET added_by = NULL")
    # After a month it is forgotten.
    await talks.desk.clock.advance(limits.DEPARTED_MS + DAY)
    await talks.sweep()
    await talk.renew(one, back, others=[other])


async def test_the_last_admin_leaves_and_the_first_of_the_others_is_admin(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    leave = await talk.leave(one)
    await talk.renew(other, Change(leaves=(leave,)))
    assert [(who.chain, who.role) for who in talk.record.people] == [(other.chain.id, ADMIN)]
    await talks.services.membership.end(seat(other), talk.id)
    await nothing_left(talks)


async def test_with_the_last_person_all_of_it_goes(talks: ConversationDesk) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one, count=3)
    await talk.leave(other)
    await talk.leave(one)
    await nothing_left(talks)
    topic, _ = talks.services.hints.changed(talk.id, 0)
    assert (topic, ConversationChanged(0)) in talks.desk.hints


async def test_who_is_not_in_it_waits_for_nobody_there_and_holds_nobody_up(
    talks: ConversationDesk,
) -> None:
    """Neither a stranger nor who has left: the time of `not_found` tells of no conversation."""
    one, other, stranger = await talks.friends(1, 1, 1)
    talk = await talks.talk(one, other)
    leave = await talk.leave(other)
    made = await talk.renewal(one, Change(leaves=(leave,)))
    membership, epochs = talks.services.membership, talks.services.epochs
    async with talks.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM accounts.conversations FOR UPDATE")
        for who in (stranger, other):
            entry, asker = talk.entry(who.machines[0]), seat(who)
            signed = epochs_signed(who, made.record)
            for work in (
                talks.post(asker, talk.id, [entry]),
                talks.acknowledge(asker, talk.id, 1),
                membership.end(asker, talk.id),
                membership.leave(asker, talk.id, leave),
                membership.destroy_message(asker, talk.id, os.urandom(16)),
                epochs.begin(asker, talk.id, signed, made.boxes),
            ):
                with refused("not_found"):
                    # Whoever asks for the row waits until this block ends.
                    await asyncio.wait_for(work, 20)


async def test_only_an_admin_ends_it_for_all(talks: ConversationDesk) -> None:
    one, other, stranger = await talks.friends(1, 1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one)
    with refused("not_admin"):
        await talks.services.membership.end(seat(other), talk.id)
    with refused("not_found"):
        await talks.services.membership.end(seat(stranger), talk.id)
    talks.desk.hints.clear()
    await talks.services.membership.end(seat(one), talk.id)
    await nothing_left(talks)
    told = {topic for topic, event in talks.desk.hints if isinstance(event, ConversationsChanged)}
    assert told == {talks.accounts.watches.topic(who.account) for who in (one, other)}
    with refused("not_found"):
        await talk.send(one, talk.entry(one.machines[0]))


# --- joining --------------------------------------------------------------------------------------


async def invited(
    talks: ConversationDesk, one: Person, other: Person, conversation: bytes
) -> bytes:
    """An invitation of one into a conversation, which the other has redeemed."""
    id_ = os.urandom(16)
    invitations = talks.accounts.contacts.invitations
    await invitations.make(one.machines[0].asker, id_, os.urandom(50), conversation)
    await invitations.redeem(other.machines[0].asker, id_, os.urandom(50))
    return id_


async def test_a_link_lets_anybody_wait_whom_an_admin_then_adds(talks: ConversationDesk) -> None:
    one, other, third = await talks.person(), await talks.person(), await talks.person()
    talk = await talks.talk(one)
    joining = os.urandom(32)
    join = talks.services.membership.join
    with refused("invitation_unknown"):
        await join(seat(other), talk.id, joining, b"sealed")
    await talk.renew(one, Change(joining=joining))
    for who, sealed in ((other, b"first"), (other, b"sealed"), (third, b"third")):
        await join(seat(who), talk.id, joining, sealed)
    with refused("invitation_unknown"):
        await join(seat(other), talk.id, os.urandom(32), b"sealed")
    members = await talks.services.reading.members(seat(one), talk.id)
    waits = [(wait.person.account, wait.invitation, wait.sealed) for wait in members.joins]
    assert waits == [(other.account, joining, b"sealed"), (third.account, joining, b"third")]
    async with talks.pool.acquire() as connection:
        beside = talks.accounts.hooks.lists_beside
        assert await beside(connection, one.account, other.chain.id), "to write it into a record"
        assert not await beside(connection, other.account, one.chain.id)
    await talk.renew(one, Change(add={other.chain.id: MEMBER}), others=[other])
    members = await talks.services.reading.members(seat(other), talk.id)
    assert [wait.person.account for wait in members.joins] == [third.account]
    await join(seat(other), talk.id, joining, b"again")
    assert (await talks.rows("joins"))["joins"] == 1, "whoever is in it doesn't wait"
    await talks.desk.clock.advance(8 * DAY)
    members = await talks.services.reading.members(seat(other), talk.id)
    assert members.joins == []
    await talks.sweep()
    assert (await talks.rows("joins"))["joins"] == 0


async def test_no_more_than_so_many_wait(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JOINS_MAX", 1)
    one, other, third = await talks.person(), await talks.person(), await talks.person()
    talk = await talks.talk(one)
    joining = os.urandom(32)
    await talk.renew(one, Change(joining=joining))
    join = talks.services.membership.join
    for _ in range(2):
        await join(seat(other), talk.id, joining, b"sealed")
    with refused("too_many"):
        await join(seat(third), talk.id, joining, b"sealed")
    # Where a link was spread too far, whoever is admin makes another, and there is room again.
    another = os.urandom(32)
    await talk.renew(one, Change(joining=another))
    await join(seat(third), talk.id, another, b"sealed")


async def test_an_invitation_is_for_whoever_has_redeemed_it_into_this_one(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.person(), await talks.person(), await talks.person()
    talk, beside = await talks.talk(one), await talks.talk(one)
    id_ = await invited(talks, one, other, talk.id)
    join = talks.services.membership.join
    for asker, conversation in ((third, talk.id), (other, beside.id), (other, os.urandom(16))):
        with refused("invitation_unknown"):
            await join(seat(asker), conversation, id_, b"sealed")
    await join(seat(other), talk.id, id_, b"sealed")
    # Links come and go beside it.
    await talk.renew(one, Change(joining=os.urandom(32)))
    members = await talks.services.reading.members(seat(one), talk.id)
    assert [wait.person.account for wait in members.joins] == [other.account]


async def test_only_an_admin_invites_into_a_conversation(talks: ConversationDesk) -> None:
    one, member = await talks.friends(1, 1)
    stranger, guest = await talks.person(), await talks.person()
    talk = await talks.talk(one, member)
    join = talks.services.membership.join
    for inviter in (member, stranger):
        id_ = await invited(talks, inviter, guest, talk.id)
        with refused("invitation_unknown"):
            await join(seat(guest), talk.id, id_, b"sealed")
    await talk.renew(one, Change(roles={member.chain.id: ADMIN}))
    id_ = await invited(talks, member, guest, talk.id)
    await join(seat(guest), talk.id, id_, b"sealed")


# --- accounts that change -------------------------------------------------------------------------


async def test_linking_and_revoking_make_a_renewal_due_where_it_changes_who_is_listed(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk, alone = await talks.talk(one, other), await talks.talk(one)
    new = await other.link(other.machines[0])
    with refused("rekey_required", "devices"):
        await talk.send(one)
    await alone.send(one)
    await talk.renew(one)
    await other.revoke(other.machines[0], new)
    with refused("rekey_required", "devices"):
        await talk.send(one)
    await talk.renew(one)
    rows = await talks.pool.fetch("SELECT device FROM accounts.conversation_devices")
    assert new.id not in {row[0] for row in rows}


async def test_a_device_beyond_those_that_are_listed_changes_nothing(
    talks: ConversationDesk,
) -> None:
    """Two of each at least; with fifty people no more."""
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    await talks.pool.execute("UPDATE accounts.conversations SET people = 50")
    third = await one.link(one.machines[0])
    assert (await talk.row("due"))[0] is None
    await one.revoke(one.machines[0], third)
    assert (await talk.row("due"))[0] is None
    await one.revoke(one.machines[0], one.machines[1])
    assert (await talk.row("due"))[0] == "devices"


async def test_an_account_that_is_closed_is_put_out_by_whoever_writes_next(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    await talk.send(one)
    await one.close(one.machines[0], by=one.recovery)
    with refused("rekey_required", "people"):
        await talk.send(other)
    await talk.renew(other)
    assert [who.chain for who in talk.record.people] == [other.chain.id]
    await talk.send(other)
    await talk.leave(other)
    await nothing_left(talks)


async def test_who_closed_their_account_long_ago_is_taken_out_by_anybody(
    talks: ConversationDesk,
) -> None:
    """7.2: what was said of the chain is there as long as a record is kept that names it."""
    one, other, third = await talks.friends(1, 1, 1)
    talk = await talks.talk(one, other, third)
    leave = await talk.leave(third)
    for each in (one, third):
        await each.close(each.machines[0], by=each.recovery)
    await talks.desk.clock.advance(31 * DAY)
    await talks.accounts.sweep()
    looked = "SELECT count(*) FROM accounts.chains WHERE counts_from < clock_ms() - $1"
    assert await talks.pool.fetchval(looked, limits.RETURN_MS) == 0, "each day, not each minute"
    await talk.renew(other, Change(leaves=(leave,)))
    assert [who.chain for who in talk.record.people] == [other.chain.id]
    assert (await talks.rows("chains"))["chains"] == 3
    await talks.desk.clock.advance(31 * DAY)
    await talks.sweep()
    await talks.accounts.sweep()
    assert (await talks.rows("chains"))["chains"] == 1


async def test_with_the_last_account_that_is_deleted_its_conversations_go(
    talks: ConversationDesk,
) -> None:
    one, other, third = await talks.friends(1, 1, 1)
    talk, joined = await talks.talk(one, other), await talks.talk(third)
    await talk.send(one, count=2)
    joining = os.urandom(32)
    await joined.renew(third, Change(joining=joining))
    await talks.services.membership.join(seat(one), joined.id, joining, b"sealed")
    await one.close(one.machines[0], by=one.recovery)
    assert (await talks.rows("joins"))["joins"] == 0
    assert (await talks.rows("conversations"))["conversations"] == 2
    await other.close(other.machines[0], by=other.recovery)
    assert (await talks.rows("conversations"))["conversations"] == 1
    await third.close(third.machines[0], by=third.recovery)
    await nothing_left(talks)


async def test_a_recovery_leaves_one_device_which_goes_on_everywhere(
    talks: ConversationDesk,
) -> None:
    one, other = await talks.friends(2, 1)
    talk = await talks.talk(one, other)
    await talk.send(other)
    machine = await one.recover()
    rows = await talks.pool.fetch("SELECT device FROM accounts.conversation_devices")
    assert [row[0] for row in rows] == [other.machines[0].id]
    with refused("rekey_required", "devices"):
        await talk.send(one, talk.entry(machine))
    await talk.renew(one)
    await talk.send(one)


async def test_another_chain_is_another_person(talks: ConversationDesk) -> None:
    """Whoever begins anew isn't in what the former list of devices was in; who comes back is."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one, other)
    thief = Person(talks.accounts, one.account, one.address)
    thief.auth_key = one.auth_key
    machine = Machine(session=await one.sign_in())
    await thief.post_genesis(machine, thief.begun(machine))
    await talks.desk.clock.advance(GRACE_MS)
    await talks.accounts.sweep()
    thief.machines = [machine]
    assert await listed(talks, thief) == []
    with refused("not_found"):
        await talk.send(thief, talk.entry(machine))
    await talk.renew(other)
    await talk.send(other)
    await one.recover()
    assert await listed(talks, one) == [talk.id]
    with refused("rekey_required", "devices"):
        await talk.send(other)
    await talks.pool.execute(
        "UPDATE accounts.box_budgets SET bytes = $1, day = clock_ms() / 86400000",
        limits.BOXES_PER_DAY,
    )
    await talk.renew(one)
    await talk.send(one)


async def test_a_conversation_waits_for_whoever_may_be_back_and_no_longer(
    talks: ConversationDesk,
) -> None:
    """A thief began another list of devices; for thirty days that can be undone."""
    one, other = await talks.friends(1, 1)
    left, deleted = await talks.talk(other, one), await talks.talk(one)
    thief = Person(talks.accounts, one.account, one.address)
    thief.auth_key = one.auth_key
    machine = Machine(session=await one.sign_in())
    await thief.post_genesis(machine, thief.begun(machine))
    await talks.desk.clock.advance(GRACE_MS)
    await talks.accounts.sweep()
    await left.leave(other)
    await talks.sweep()
    assert (await talks.rows("conversations"))["conversations"] == 2
    await talks.desk.clock.advance(32 * DAY)
    await talks.accounts.sweep()
    await talks.sweep()
    await nothing_left(talks)
    assert deleted.s == left.s == 1


async def test_a_statement_waits_for_a_record_that_brings_its_person(
    talks: ConversationDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the record would be set after the statement had found nothing to say to it."""
    one, other = await talks.friends(1, 1)
    talk = await talks.talk(one)
    judged, go_on = asyncio.Event(), asyncio.Event()
    writing = talks.services.epochs._writing
    write = writing.go_on

    async def held(*given: Any) -> Any:
        judged.set()
        await go_on.wait()
        return await write(*given)

    monkeypatch.setattr(writing, "go_on", held)
    change = Change(add={other.chain.id: MEMBER})
    record = asyncio.create_task(talk.renew(one, change, others=[other]))
    await judged.wait()
    link = asyncio.create_task(other.link(other.machines[0]))
    waits = """
        SELECT true FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1
    """
    while not await talks.pool.fetchval(waits) and not link.done():  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert not link.done()
    go_on.set()
    await asyncio.gather(record, link)
    assert tuple(await talk.row("epoch, due")) == (2, "devices")
