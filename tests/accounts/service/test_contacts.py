"""Contacts: asked by an address, invited by a link, refused, blocked, bound to devices' lists."""

import asyncio
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from support.machines.account_services import AccountDesk, Machine, Person

from ephemeral.accounts.rules.changes import ChainMoved, ContactsChanged
from ephemeral.accounts.rules.nouns import GRACE_MS
from ephemeral.accounts.service import contact_requests
from ephemeral.accounts.service.contact_list import Listed
from ephemeral.accounts.service.contact_requests import REQUESTS_A_DAY
from ephemeral.accounts.service.contacts import CONTACTS_MAX
from ephemeral.protocol.errors import Refusal
from ephemeral.store import postgres

DAY = 86_400_000


async def listed(accounts: AccountDesk, person: Person) -> Listed:
    return await accounts.contacts.listed.of(person.account)


async def states(accounts: AccountDesk, person: Person) -> dict[bytes, str]:
    return {one.account: one.state for one in (await listed(accounts, person)).contacts}


async def findable(accounts: AccountDesk, machines: int = 1) -> Person:
    person = await accounts.person(machines)
    await accounts.contacts.requests.set_findable(person.machines[0].asker, wish=True)
    return person


async def ask(accounts: AccountDesk, asker: Person, address: str) -> bytes:
    session = asker.machines[0].asker
    return (await accounts.contacts.requests.ask(session, address, asker.address))[0]


async def befriended(accounts: AccountDesk) -> tuple[Person, Person]:
    """Two who have agreed."""
    one, other = await accounts.person(), await findable(accounts)
    await ask(accounts, one, other.address)
    await accounts.contacts.contacts.accept(other.machines[0].asker, one.account)
    return one, other


async def agreed(accounts: AccountDesk, one: Person, other: Person) -> set[bool]:
    """What either side is told."""
    async with accounts.pool.acquire() as connection:
        known = accounts.contacts.contacts.accepted
        return {
            await known(connection, one.account, [other.account]) == {other.account},
            await known(connection, other.account, [one.account]) == {one.account},
        }


def told(accounts: AccountDesk, event: type) -> set[bytes]:
    return {topic for topic, one in accounts.desk.hints if isinstance(one, event)}


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code


# --- asking by an address ---------------------------------------------------------------------


async def test_nobody_is_hidden_by_those_who_ask_later(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact_requests, "SHOWN", 2)
    other = await findable(accounts)
    askers = [await accounts.person() for _ in range(5)]
    for one in askers:
        await ask(accounts, one, other.address)
    # At one moment, they have an order all the same.
    await accounts.pool.execute("UPDATE accounts.contact_requests SET at = clock_ms()")
    seen: list[bytes] = []
    more = True
    while more:
        page = await accounts.contacts.listed.of(other.account, seen[-1] if seen else None)
        seen += [one.account for one in page.asked]
        more = page.more
        assert len(page.asked) == (2 if more else 1)
    assert sorted(seen) == sorted(one.account for one in askers)
    # Who was refused silently is a mark in the list still; who never asked, or was accepted, isn't.
    contacts, session = accounts.contacts.contacts, other.machines[0].asker
    await contacts.deny(session, seen[1], tell=False)
    assert [
        one.account for one in (await accounts.contacts.listed.of(other.account, seen[1])).asked
    ] == seen[2:4]
    await contacts.accept(session, seen[2])
    for gone in (seen[2], other.account, os.urandom(16)):
        with refused("not_found"):
            await accounts.contacts.listed.of(other.account, gone)


async def test_whoever_is_asked_sees_who_asks_and_by_accepting_both_have_agreed(
    accounts: AccountDesk,
) -> None:
    one, other = await accounts.person(), await findable(accounts)
    request = await ask(accounts, one, other.address)
    [asked] = (await listed(accounts, other)).asked
    assert (asked.account, asked.chain, asked.address) == (one.account, one.chain.id, one.address)
    assert await agreed(accounts, one, other) == {False}
    assert other.account not in await states(accounts, one), "keys and chain only by acceptance"
    await accounts.contacts.contacts.accept(other.machines[0].asker, one.account)
    assert await agreed(accounts, one, other) == {True}
    [mine] = (await listed(accounts, one)).contacts
    [theirs] = (await listed(accounts, other)).contacts
    assert (mine.account, mine.chain, mine.request) == (other.account, other.chain.id, request)
    assert (theirs.account, theirs.chain, theirs.request) == (one.account, one.chain.id, None)
    after = [await listed(accounts, person) for person in (one, other)]
    assert not any((*all_.asked, *all_.requests) for all_ in after)
    await accounts.contacts.contacts.accept(other.machines[0].asker, one.account)


async def test_who_asks_is_answered_after_the_same_work_whoever_has_the_address(
    accounts: AccountDesk,
) -> None:
    """Found, not to be found, blocked, refused, no account: the same statements, the same list."""
    asker = await accounts.person()
    shown, hidden = await findable(accounts), await accounts.person()
    blocking, refusing = await findable(accounts), await findable(accounts)
    for person in (blocking, refusing):
        await ask(accounts, asker, person.address)
    await accounts.contacts.contacts.block(blocking.machines[0].asker, asker.account)
    await accounts.contacts.contacts.deny(refusing.machines[0].asker, asker.account, tell=False)
    addresses = {
        "shown": shown.address, "hidden": hidden.address, "nobody": "nobody_at_all.12345",
    }  # fmt: skip
    done = {}
    own = accounts.watches.topic(asker.account)
    for name, address in addresses.items():
        accounts.desk.hints.clear()
        accounts.later.clear()
        with statements(accounts) as seen:
            await ask(accounts, asker, address)
        assert told(accounts, ContactsChanged) == {own}, "whoever has it is told afterwards"
        [tell] = accounts.later
        tell()
        done[name] = (list(seen), [type(event) for _, event in accounts.desk.hints])
        assert done[name][1] == [ContactsChanged] * 2
        accounts.desk.hints.clear()
        accounts.later.clear()
        await ask(accounts, asker, address)
        assert accounts.desk.hints == accounts.later == [], "once"
    assert done["shown"] == done["hidden"] == done["nobody"]
    assert len(done["nobody"][0]) > 5
    again = {}
    for name, person in {"refused": refusing, "blocked": blocking, "hidden": hidden}.items():
        with statements(accounts) as seen:
            await ask(accounts, asker, person.address)
        again[name] = list(seen)
    assert again["refused"] == again["blocked"] == again["hidden"], "the same again"
    found = await listed(accounts, asker)
    assert len(found.requests) == len({one.request for one in found.requests}) == 5
    assert found.contacts == []


@contextmanager
def statements(accounts: AccountDesk) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    seen: list[str] = []
    plain = asyncpg.Connection._execute

    async def noting(
        self: asyncpg.Connection, query: str, *arguments: object, **named: object
    ) -> object:
        seen.append(query)
        return await plain(self, query, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "_execute", noting)
        yield seen


async def test_only_who_wants_to_be_found_is_told_of_requests(accounts: AccountDesk) -> None:
    one, other = await accounts.person(), await accounts.person()
    await ask(accounts, one, other.address)
    assert (await listed(accounts, other)).asked == []
    await accounts.contacts.requests.set_findable(other.machines[0].asker, wish=True)
    assert [asked.account for asked in (await listed(accounts, other)).asked] == [one.account]
    await accounts.contacts.requests.set_findable(other.machines[0].asker, wish=False)
    assert not (await listed(accounts, other)).findable
    assert (await listed(accounts, other)).asked == []


async def test_nobody_asks_under_another_address_or_without_end(accounts: AccountDesk) -> None:
    one, other = await accounts.person(), await findable(accounts)
    session = one.machines[0].asker
    with refused("malformed"):
        await accounts.contacts.requests.ask(session, "somebody.12345", other.address)
    for number in range(REQUESTS_A_DAY):
        await ask(accounts, one, f"nobody_{number}.12345")
    with refused("too_many"):
        await ask(accounts, one, other.address)
    await ask(accounts, one, "nobody_3.12345")
    await accounts.desk.clock.advance(DAY)
    await ask(accounts, one, other.address)


async def test_a_silent_refusal_is_not_seen_and_one_that_is_told_is(accounts: AccountDesk) -> None:
    one, other = await accounts.person(), await findable(accounts)
    request = await ask(accounts, one, other.address)
    before = await listed(accounts, one)
    refuser = other.machines[0].asker
    await accounts.contacts.contacts.deny(refuser, one.account, tell=False)
    assert (await listed(accounts, one))._replace(now=0) == before._replace(now=0)
    assert (await listed(accounts, other)).asked == []
    await ask(accounts, one, other.address)
    assert (await listed(accounts, other)).asked == []
    await accounts.contacts.contacts.deny(refuser, one.account, tell=True)
    after = await listed(accounts, one)
    assert [(told.state, told.request) for told in after.contacts] == [("denied", request)]
    assert after.requests == []
    await ask(accounts, one, other.address)
    assert (await listed(accounts, other)).asked == [], "nor is it shown when asked again"
    assert await agreed(accounts, one, other) == {False}


async def test_what_nobody_answered_is_forgotten_after_thirty_days(accounts: AccountDesk) -> None:
    one, other, third = await accounts.person(), await findable(accounts), await accounts.person()
    await ask(accounts, one, other.address)
    await ask(accounts, third, other.address)
    await accounts.contacts.contacts.deny(other.machines[0].asker, third.account, tell=True)
    await accounts.desk.clock.advance(29 * DAY)
    await accounts.sweep()
    assert (await listed(accounts, one)).requests
    assert (await listed(accounts, third)).contacts
    await accounts.desk.clock.advance(2 * DAY)
    await accounts.sweep()
    await accounts.desk.clock.advance(3_700_000)
    await accounts.sweep()
    for table in ("contact_requests", "contacts"):
        assert await accounts.pool.fetchval(f"SELECT count(*) FROM accounts.{table}") == 0


# --- leaving and blocking ---------------------------------------------------------------------


async def test_who_blocks_looks_as_if_they_had_left_and_is_asked_no_more(
    accounts: AccountDesk,
) -> None:
    one, other = await befriended(accounts)
    accounts.desk.hints.clear()
    await accounts.contacts.contacts.block(other.machines[0].asker, one.account)
    assert await states(accounts, one) == {}
    assert await states(accounts, other) == {one.account: "blocked"}
    assert accounts.watches.topic(one.account) in told(accounts, ContactsChanged)
    await ask(accounts, one, other.address)
    assert (await listed(accounts, other)).asked == []
    with refused("not_found"):
        await accounts.contacts.contacts.devices(one.account, other.account)
    await accounts.contacts.contacts.drop(other.machines[0].asker, one.account)
    assert [asked.account for asked in (await listed(accounts, other)).asked] == [one.account]


async def test_who_leaves_a_contact_leaves_both_sides(accounts: AccountDesk) -> None:
    one, other = await befriended(accounts)
    await accounts.contacts.contacts.drop(one.machines[0].asker, other.account)
    assert await states(accounts, one) == await states(accounts, other) == {}
    await accounts.contacts.contacts.drop(one.machines[0].asker, other.account)


async def test_a_stranger_is_neither_accepted_nor_denied_nor_blocked(accounts: AccountDesk) -> None:
    """Nor somebody who isn't there, after the same work."""
    one, other = await accounts.person(), await accounts.person()
    session, contacts = one.machines[0].asker, accounts.contacts.contacts
    done = []
    for name in (other.account, os.urandom(16), one.account):
        with statements(accounts) as seen:
            for doing in (
                contacts.accept(session, name),
                contacts.deny(session, name, tell=True),
                contacts.block(session, name),
            ):
                with refused("not_found"):
                    await doing
            if name != one.account:
                await contacts.drop(session, name)
        done.append(list(seen))
    assert done[0] == done[1]
    assert len(done[0]) > 15


async def test_nobody_has_more_contacts_than_may_be(accounts: AccountDesk) -> None:
    one, other = await accounts.person(), await findable(accounts)
    await accounts.pool.execute(
        """
        WITH made AS (
            INSERT INTO accounts.accounts (account, address, password, created_day)
            SELECT substr(sha256(n::text::bytea), 1, 16), sha256(n::text::bytea), NULL, 0
            FROM generate_series(1, $2) n RETURNING account
        )
        INSERT INTO accounts.contacts SELECT $1, account, 'accepted', $3, NULL, 0 FROM made
        """,
        one.account,
        CONTACTS_MAX,
        one.chain.id,
    )
    await ask(accounts, one, other.address)
    with refused("contacts_full"):
        await accounts.contacts.contacts.accept(other.machines[0].asker, one.account)


async def test_whatever_two_do_at_once_both_see_the_same(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any order: no two wait for each other, and nobody is one's contact alone."""
    # What two who wait for each other have begun would be begun anew.
    monkeypatch.setattr(postgres, "_ATTEMPTS", 1)
    one, other = await findable(accounts), await findable(accounts)
    contacts, invitations = accounts.contacts.contacts, accounts.contacts.invitations
    drawn = random.Random(7)
    for _ in range(20):
        doings = []
        for mine, theirs in ((one, other), (other, one)):
            session, id_ = mine.machines[0].asker, os.urandom(16)
            await invitations.make(theirs.machines[0].asker, id_, b"sealed", None)
            doings += [
                ask(accounts, mine, theirs.address),
                contacts.accept(session, theirs.account),
                contacts.deny(session, theirs.account, tell=True),
                contacts.drop(session, theirs.account),
                contacts.drop(session, theirs.account),
                invitations.redeem(session, id_, b"answer"),
            ]
        drawn.shuffle(doings)
        done = await asyncio.gather(*doings, return_exceptions=True)
        faults = [each for each in done if isinstance(each, BaseException)]
        assert {getattr(each, "code", each) for each in faults} <= {"not_found", "conflict"}
        assert len(await agreed(accounts, one, other)) == 1
        for mine in (one, other):
            async with accounts.pool.acquire() as connection:
                for each in await invitations.redeemed(connection, mine.account):
                    await invitations.withdraw(mine.machines[0].asker, each.invitation)


# --- bound to lists of devices ----------------------------------------------------------------


async def test_contacts_read_each_others_chain_and_keys_and_nobody_else_does(
    accounts: AccountDesk,
) -> None:
    one, other = await befriended(accounts)
    stranger = await accounts.person()
    read = accounts.services.devices.statements
    accounts.desk.hints.clear()
    await other.link(other.machines[0])
    assert accounts.watches.topic(one.account) in told(accounts, ChainMoved)
    signed, _ = await read(one.account, other.chain.id, 0)
    assert len(signed) == 1
    found = await accounts.contacts.contacts.devices(one.account, other.account)
    assert found.person.chain == other.chain
    assert found.sealing.keys() == {machine.id for machine in other.machines}
    assert {number for number, _ in found.person.keys.values()} == {1}
    with refused("not_found"):
        await read(stranger.account, other.chain.id, None)
    with refused("not_found"):
        await accounts.contacts.contacts.devices(stranger.account, other.account)


async def test_a_person_with_another_list_is_another_person_until_that_is_undone(
    accounts: AccountDesk,
) -> None:
    one, other = await befriended(accounts)
    old = other.chain
    thief = Person(accounts, other.account, other.address)
    new = Machine(session=await other.sign_in())
    signed = thief.begun(new)
    await thief.post_genesis(new, signed)
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    assert await agreed(accounts, one, other) == {False}
    [contact] = (await listed(accounts, one)).contacts
    assert (contact.state, contact.chain) == ("ended", old.id)
    signed_before, _ = await accounts.services.devices.statements(one.account, old.id, None)
    assert len(signed_before) == 1, "what it was can be read, to be told"
    with refused("not_found"):
        await accounts.services.devices.statements(one.account, signed.statement.hash, None)
    await other.recover()
    assert await agreed(accounts, one, other) == {True}


# --- invitations ------------------------------------------------------------------------------


async def test_an_invitation_makes_two_contacts_once(accounts: AccountDesk) -> None:
    one, other, third = [await accounts.person() for _ in range(3)]
    inviter, guest = one.machines[0].asker, other.machines[0].asker
    id_, sealed, answer, conversation = (
        os.urandom(16), os.urandom(900), os.urandom(800), os.urandom(16),
    )  # fmt: skip
    invitations = accounts.contacts.invitations
    made = await invitations.make(inviter, id_, sealed, conversation)
    assert (await invitations.make(inviter, id_, sealed, conversation))[0] == made[0]
    assert made[0] - made[1] == 7 * DAY
    with refused("conflict"):
        await invitations.make(third.machines[0].asker, id_, sealed, conversation)
    with refused("invitation_unknown"):
        await invitations.redeem(inviter, id_, answer)
    redeemed = await invitations.redeem(guest, id_, answer)
    assert (redeemed.account, redeemed.sealed) == (one.account, sealed)
    assert await agreed(accounts, one, other) == {True}
    [seen] = (await listed(accounts, one)).redemptions
    assert seen[:4] == (id_, other.account, answer, conversation)
    async with accounts.pool.acquire() as connection:
        by = accounts.contacts.contacts.inviter
        assert await by(connection, other.account, id_, conversation) == one.account
        assert await by(connection, third.account, id_, conversation) is None
        assert await by(connection, other.account, id_, os.urandom(16)) is None
    again = await invitations.redeem(guest, id_, answer)
    assert again[:2] == redeemed[:2]
    with refused("invitation_unknown"):
        await invitations.redeem(third.machines[0].asker, id_, answer)
    await invitations.withdraw(inviter, id_)
    assert (await listed(accounts, one)).redemptions == []
    assert await agreed(accounts, one, other) == {True}


@pytest.mark.parametrize("how", ["never made", "withdrawn", "a week ago", "blocked", "left"])
async def test_an_invitation_that_is_none_leads_nowhere(accounts: AccountDesk, how: str) -> None:
    one, other = await befriended(accounts) if how == "blocked" else (
        await accounts.person(), await accounts.person()
    )  # fmt: skip
    inviter, guest, id_ = one.machines[0].asker, other.machines[0].asker, os.urandom(16)
    invitations = accounts.contacts.invitations
    if how != "never made":
        await invitations.make(inviter, id_, os.urandom(900), None)
    if how == "withdrawn":
        await invitations.withdraw(inviter, id_)
    elif how == "a week ago":
        await accounts.desk.clock.advance(7 * DAY)
    elif how == "blocked":
        await accounts.contacts.contacts.block(inviter, other.account)
    elif how == "left":
        await one.close(one.machines[0], by=one.recovery)
    with refused("invitation_unknown"):
        await invitations.redeem(guest, id_, os.urandom(900))
    assert (
        await accounts.pool.fetchval(
            "SELECT count(*) FROM accounts.contacts WHERE state = 'accepted'"
        )
        == 0
    )
    if how == "a week ago":
        await accounts.sweep()
        await accounts.desk.clock.advance(3_700_000)
        await accounts.sweep()
        assert (
            await accounts.pool.fetchval("SELECT count(*) FROM accounts.contact_invitations") == 0
        )


async def test_in_a_restored_database_contacts_stay_and_what_was_sealed_is_as_if_it_were_not(
    accounts: AccountDesk,
) -> None:
    one, other = await befriended(accounts)
    third, inviter = await accounts.person(), one.machines[0].asker
    invitations, used, unused = accounts.contacts.invitations, os.urandom(16), os.urandom(16)
    await ask(accounts, third, other.address)
    for id_ in (used, unused):
        await invitations.make(inviter, id_, b"sealed", None)
    await invitations.redeem(third.machines[0].asker, used, b"answer")
    payloads = await accounts.pool.fetch(
        """
        WITH lost AS (
            DELETE FROM payloads WHERE id IN (
                SELECT own FROM accounts.contact_requests UNION
                SELECT unnest(ARRAY[payload, redemption]) FROM accounts.contact_invitations)
            RETURNING id
        ) DELETE FROM payload_keys WHERE payload IN (SELECT id FROM lost) RETURNING payload
        """
    )
    assert len(payloads) == 4
    assert await agreed(accounts, one, other) == {True}
    assert (await listed(accounts, other)).asked == []
    assert (await listed(accounts, one)).redemptions == []
    with refused("invitation_unknown"):
        await invitations.redeem(other.machines[0].asker, unused, b"answer")
    await invitations.withdraw(inviter, unused)
    await accounts.contacts.contacts.accept(other.machines[0].asker, third.account)
    assert await agreed(accounts, third, other) == {True}


async def test_whoever_deletes_an_account_is_in_nobodys_contacts(accounts: AccountDesk) -> None:
    one, other = await befriended(accounts)
    third, fourth = await findable(accounts), await accounts.person()
    id_, theirs = os.urandom(16), os.urandom(16)
    invitations = accounts.contacts.invitations
    await ask(accounts, one, third.address)
    await ask(accounts, third, one.address)
    await invitations.make(one.machines[0].asker, os.urandom(16), os.urandom(900), None)
    await invitations.make(one.machines[0].asker, id_, os.urandom(900), None)
    await invitations.redeem(fourth.machines[0].asker, id_, os.urandom(900))
    await invitations.make(third.machines[0].asker, theirs, os.urandom(900), None)
    await invitations.redeem(one.machines[0].asker, theirs, os.urandom(900))
    accounts.desk.hints.clear()
    await one.close(one.machines[0], by=one.recovery)
    topics = {accounts.watches.topic(person.account) for person in (other, third, fourth)}
    assert topics <= told(accounts, ContactsChanged)
    for person in (other, third, fourth):
        found = await listed(accounts, person)
        assert not (*found.contacts, *found.asked, *found.redemptions)
    assert len((await listed(accounts, third)).requests) == 1, "as for any address"
