"""Devices of an account: begun, added, removed, and what is destroyed with them."""

import asyncio
import os

import pytest
from support.machines.account_services import AccountDesk, Machine

from ephemeral.accounts.rules.nouns import DAY_MS, GRACE_MS
from ephemeral.accounts.service import statements
from ephemeral.accounts.service.due import PAUSE_SECONDS
from ephemeral.accounts.service.links import LINK_MS, TRIES
from ephemeral.protocol.errors import Refusal


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    """Expect a refusal with this code."""
    return pytest.raises(Refusal, check=lambda error: error.code == code)


async def test_the_first_device_is_the_session_that_began_the_chain(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=0)
    machine = await person.genesis()
    listed = await accounts.services.devices.listed(person.account)
    assert listed.chain == person.chain.id
    assert [one.id for one in listed.devices] == [machine.id]
    assert listed.devices[0].sealing is not None
    session = await accounts.pool.fetchval(
        "SELECT device FROM accounts.sessions WHERE sid = $1", machine.asker.sid
    )
    assert session == machine.id


async def test_a_genesis_again_is_answered_as_before(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=0)
    machine = Machine(session=await person.sign_in())
    signed = person.begun(machine)
    first = await person.post_genesis(machine, signed)
    again = await person.post_genesis(machine, signed)
    assert (
        (again.sequence, again.head) == (first.sequence, first.head) == (0, signed.statement.hash)
    )
    # Another session that shows the same public bytes does not become the device's.
    thief = Machine(key=machine.key, session=await person.sign_in())
    await person.post_genesis(thief, signed)
    bound = await accounts.pool.fetch("SELECT sid FROM accounts.sessions WHERE device IS NOT NULL")
    assert [row[0] for row in bound] == [machine.asker.sid]


async def test_a_chain_of_another_account_is_nobody_elses(accounts: AccountDesk) -> None:
    person, thief = await accounts.person(machines=0), await accounts.person(machines=0)
    machine = await person.genesis()
    copied = Machine(key=machine.key, session=await thief.sign_in())
    with refused("conflict"):
        await thief.post_genesis(copied, person.begun(machine))


async def test_a_chain_is_filled_by_adding_and_ended_all_the_same(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "STATEMENTS_MAX", 2)
    person = await accounts.person(machines=2)
    first, second = person.machines
    with refused("chain_adds"):
        await person.link(first)
    await person.revoke(first, second)
    await person.recover()


async def test_a_linked_device_gets_the_answer_and_the_session(accounts: AccountDesk) -> None:
    person = await accounts.person()
    old, new = person.machines[0], Machine(session=await person.sign_in())
    locator = await person.deposit(new)
    looked = await accounts.services.links.look(old.asker, locator)
    assert looked.request is not None
    assert (await accounts.services.links.look(new.asker, locator)).answer is None
    signed = person.added(old, new)
    posted = await person.post_add(old, new, signed, locator)
    assert (posted.sequence, posted.head) == (1, signed.statement.hash)
    answered = await accounts.services.links.look(new.asker, locator)
    assert answered.answer is not None
    assert answered.request is None
    device = await accounts.pool.fetchval(
        "SELECT device FROM accounts.sessions WHERE sid = $1", new.asker.sid
    )
    assert device == new.id
    # One use: an old device finds nothing there any more.
    with refused("link_unknown"):
        await accounts.services.links.look(old.asker, locator)


async def test_an_add_again_is_answered_as_before_and_another_one_conflicts(
    accounts: AccountDesk,
) -> None:
    person = await accounts.person()
    old, new = person.machines[0], Machine(session=await person.sign_in())
    locator = await person.deposit(new)
    signed = person.added(old, new)
    first = await person.post_add(old, new, signed, locator)
    again = await person.post_add(old, new, signed, locator)
    assert (again.sequence, again.head) == (first.sequence, first.head)
    other = Machine(session=await person.sign_in())
    locator = await person.deposit(other)
    with refused("conflict"):
        await person.post_add(old, other, person.added(old, other), locator)


async def test_two_statements_for_one_place_one_is_taken(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=3)
    first, second, third = person.machines
    answers = await asyncio.gather(
        accounts.services.devices.remove(first.asker, third.id, person.removed(first, third)),
        accounts.services.devices.remove(second.asker, third.id, person.removed(second, third)),
        return_exceptions=True,
    )
    codes = [one.code for one in answers if isinstance(one, Refusal)]
    assert codes == ["conflict"]


@pytest.mark.parametrize("missing", ["the wait", "the session", "the time"])
async def test_who_waits_no_more_is_not_added(accounts: AccountDesk, missing: str) -> None:
    person = await accounts.person()
    old, new = person.machines[0], Machine(session=await person.sign_in())
    locator = await person.deposit(new)
    if missing == "the wait":
        locator = os.urandom(32)
    elif missing == "the session":
        await accounts.sessions.end(new.asker, new.asker.sid)
    else:
        await accounts.desk.clock.advance(LINK_MS)
    with refused("link_unknown"):
        await person.post_add(old, new, person.added(old, new), locator)
    listed = await accounts.services.devices.listed(person.account)
    assert len(listed.statements) == 1
    assert [one.id for one in listed.devices] == [old.id]


async def test_a_device_of_another_account_finds_no_link(accounts: AccountDesk) -> None:
    person, stranger = await accounts.person(), await accounts.person()
    new = Machine(session=await person.sign_in())
    locator = await person.deposit(new)
    with refused("link_unknown"):
        await accounts.services.links.look(stranger.machines[0].asker, locator)
    with refused("link_unknown"):
        # Nor does a session of the same account that has no device and didn't deposit it.
        await accounts.services.links.look(await person.sign_in(), locator)


async def test_words_that_are_tried_in_vain_are_counted_by_account(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    first, second = person.machines
    for machine in (first, second) * (TRIES // 2):
        with refused("link_unknown"):
            await accounts.services.links.look(machine.asker, os.urandom(32))
    new = Machine(session=await person.sign_in())
    locator = await person.deposit(new)
    with refused("too_many"):
        await accounts.services.links.look(first.asker, locator)
    # Who waits is not kept from its answer by that.
    await accounts.services.links.look(new.asker, locator)
    await accounts.desk.clock.advance(3_600_000)
    locator = await person.deposit(new)
    assert (await accounts.services.links.look(second.asker, locator)).request is not None


async def test_one_deposit_a_locator(accounts: AccountDesk) -> None:
    person = await accounts.person()
    one, other = await person.sign_in(), await person.sign_in()
    locator, request = os.urandom(32), os.urandom(600)
    until, _ = await accounts.services.links.deposit(one, locator, request)
    assert (await accounts.services.links.deposit(one, locator, request))[0] == until
    for session, content in ((one, os.urandom(600)), (other, request)):
        with refused("conflict"):
            await accounts.services.links.deposit(session, locator, content)


async def test_a_removed_device_loses_everything_at_once(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    old, thief = person.machines
    await accounts.services.devices.rename(thief.asker, thief.id, os.urandom(109))
    await accounts.services.shares.rotate(thief.asker, 0)
    sid = thief.asker.sid
    await person.revoke(old, thief)
    for table in ("devices", "sealing_keys", "shares", "links", "sessions"):
        left = await accounts.pool.fetchval(
            f"SELECT count(*) FROM accounts.{table} WHERE device = $1", thief.id
        )
        assert left == 0, table
    assert await accounts.ended.has(sid)
    with refused("device_revoked"):
        await accounts.services.shares.rotate(thief.asker, 1)
    with refused("device_revoked"):
        await accounts.services.devices.rename(thief.asker, old.id, os.urandom(109))
    with refused("device_revoked"):
        await accounts.services.devices.remove(thief.asker, old.id, person.removed(thief, old))


async def test_a_device_signs_for_itself_alone(accounts: AccountDesk) -> None:
    """A session that has another device's statement can't post it as its own."""
    person = await accounts.person(machines=3)
    first, second, third = person.machines
    with refused("chain_signer"):
        await accounts.services.devices.remove(first.asker, third.id, person.removed(second, third))


async def test_the_day_of_a_sealing_key_is_today(accounts: AccountDesk) -> None:
    person = await accounts.person()
    [machine] = person.machines
    today = await accounts.today()
    for day in (today - 1, today, today + 1):
        await accounts.services.sealing_keys.put(
            machine.asker, machine.sealing(person.chain.id, day)
        )
    for day in (today - 2, today + 2):
        with refused("sealing_key"):
            await accounts.services.sealing_keys.put(
                machine.asker, machine.sealing(person.chain.id, day)
            )


async def test_sealing_keys_rise_and_take_a_seal(accounts: AccountDesk) -> None:
    person = await accounts.person()
    [machine] = person.machines
    today = await accounts.today()
    put = accounts.services.sealing_keys.put
    newest = machine.sealing(person.chain.id, today)
    await put(machine.asker, newest)
    await put(machine.asker, newest)
    with refused("conflict"):
        await put(machine.asker, newest._replace(day=today - 1))
    machine.number = 0
    with refused("conflict"):
        await put(machine.asker, machine.sealing(person.chain.id, today))
    machine.number = 10
    bad = b"\xff" * 1216
    with refused("sealing_key"):
        await put(machine.asker, machine.sealing(person.chain.id, today, bad))
    with refused("sealing_key"):
        forged = machine.sealing(person.chain.id, today)
        await put(machine.asker, forged._replace(signature=os.urandom(64)))
    listed = await accounts.services.devices.listed(person.account)
    assert listed.devices[0].sealing == newest


async def test_last_seen_is_a_day(accounts: AccountDesk) -> None:
    person = await accounts.person()
    [machine] = person.machines
    before = (await accounts.services.devices.listed(person.account)).devices[0].seen_day
    await accounts.desk.clock.advance(3 * DAY_MS)
    await accounts.session(person.account, machine.id)
    after = (await accounts.services.devices.listed(person.account)).devices[0].seen_day
    assert after == before + 3


async def test_a_name_is_kept_as_it_came(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    one, other = person.machines
    name = os.urandom(109)
    await accounts.services.devices.rename(one.asker, other.id, os.urandom(109))
    await accounts.services.devices.rename(one.asker, other.id, name)
    listed = await accounts.services.devices.listed(person.account)
    assert [device.name for device in listed.devices] == [None, name]
    with refused("not_found"):
        await accounts.services.devices.rename(one.asker, os.urandom(16), name)


# --- what waits three days ------------------------------------------------------------------------


async def test_another_genesis_waits_and_any_device_refuses_it(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    thief = Machine(session=await person.sign_in())
    signed = person.begun(thief)
    posted = await person.post_genesis(thief, signed)
    assert posted.pending is not None
    assert posted.pending.kind == "genesis"
    assert posted.pending.due == posted.pending.at + GRACE_MS
    again = await person.post_genesis(thief, signed)
    assert again.pending == posted.pending
    other = Machine(session=await person.sign_in())
    with refused("pending"):
        await person.post_genesis(other, person.begun(other))
    assert (await accounts.services.devices.listed(person.account)).pending == posted.pending
    await accounts.services.devices.refuse_waiting(person.machines[1].asker)
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    listed = await accounts.services.devices.listed(person.account)
    assert listed.chain == person.chain.id
    assert listed.pending is None


async def test_a_genesis_that_nobody_refused_takes_the_place(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    old = person.machines
    await accounts.services.shares.rotate(old[0].asker, 0)
    new = Machine(session=await person.sign_in())
    signed = person.begun(new)
    await person.post_genesis(new, signed)
    await accounts.desk.clock.advance(GRACE_MS - 1000)
    await accounts.sweep()
    assert (await accounts.services.devices.listed(person.account)).chain == person.chain.id
    await accounts.desk.clock.advance(1000)
    await accounts.sweep()
    listed = await accounts.services.devices.listed(person.account)
    assert listed.chain == signed.statement.hash
    assert [one.id for one in listed.devices] == [new.id]
    assert listed.devices[0].sealing is not None
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.shares") == 0
    # The old chain is served still, as one that has ended.
    before, _ = await accounts.services.devices.statements(person.account, person.chain.id, None)
    assert len(before) == 2
    state = await accounts.pool.fetchval(
        "SELECT state FROM accounts.chains WHERE chain = $1", person.chain.id
    )
    assert state == "ended"
    await accounts.desk.clock.advance(31 * DAY_MS)
    await accounts.sweep()
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.chains") == 1


async def test_a_close_by_a_device_waits_and_any_statement_voids_it(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=3)
    first, second, third = person.machines
    due = await person.close(second)
    assert due is not None
    assert await person.close(second) == due
    pending = (await accounts.services.devices.listed(person.account)).pending
    assert pending is not None
    assert (pending.kind, pending.device, pending.due) == ("close", second.id, due)
    await person.revoke(first, third)
    assert (await accounts.services.devices.listed(person.account)).pending is None
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    assert (await accounts.services.devices.listed(person.account)).chain == person.chain.id


async def test_a_close_that_nobody_refused_ends_the_account(accounts: AccountDesk) -> None:
    person, other = await accounts.person(machines=2), await accounts.person(machines=2)
    await person.close(person.machines[0])
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    left = await accounts.pool.fetch("SELECT account FROM accounts.accounts")
    assert [row[0] for row in left] == [other.account]
    assert await accounts.ended.has(person.machines[1].asker.sid)
    chain = await accounts.pool.fetchrow(
        "SELECT account, state, sequence FROM accounts.chains WHERE chain = $1", person.chain.id
    )
    assert tuple(chain) == (None, "closed", 2)


async def test_what_can_no_longer_act_is_dropped_and_others_do_not_wait_for_it(
    accounts: AccountDesk,
) -> None:
    """Another account has begun the same chain meanwhile, by a copy of its first statement."""
    person, other, third = [await accounts.person() for _ in range(3)]
    thief = Machine(session=await person.sign_in())
    signed = person.begun(thief)
    await person.post_genesis(thief, signed)
    await third.close(third.machines[0])
    copied = Machine(key=thief.key)
    bare = await accounts.person(machines=0)
    copied.session = await bare.sign_in()
    await bare.post_genesis(copied, signed)
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    listed = await accounts.services.devices.listed(person.account)
    assert (listed.chain, listed.pending) == (person.chain.id, None)
    left = await accounts.pool.fetch("SELECT account FROM accounts.accounts")
    assert {row[0] for row in left} == {person.account, other.account, bare.account}


async def test_a_clock_that_jumps_ends_no_account(accounts: AccountDesk) -> None:
    """Somebody may set it back: what ended by it would not come back."""
    person = await accounts.person()
    await person.close(person.machines[0])
    await accounts.sweep()
    await accounts.desk.clock.advance(GRACE_MS)
    jumped = asyncio.get_running_loop().time()
    for passed in (0, PAUSE_SECONDS - 60):
        await accounts.desk.clock.advance(passed * 1000)
        await accounts.services.due.sweep(jumped + passed)
        assert (await accounts.services.devices.listed(person.account)).pending is not None
    await accounts.desk.clock.advance(61_000)
    await accounts.services.due.sweep(jumped + PAUSE_SECONDS + 1)
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.accounts") == 0


async def test_a_close_by_the_words_acts_at_once(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    thief = Machine(session=await person.sign_in())
    await person.post_genesis(thief, person.begun(thief))
    assert await person.close(person.machines[0], by=person.recovery) is None
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.accounts") == 0
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.pending") == 0


async def test_statements_of_a_closed_chain_stay_thirty_days(accounts: AccountDesk) -> None:
    person = await accounts.person()
    await person.close(person.machines[0], by=person.recovery)
    await accounts.desk.clock.advance(30 * DAY_MS - 60_000)
    await accounts.sweep()
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.chain_statements") == 2
    await accounts.desk.clock.advance(60_000)
    await accounts.sweep()
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.chain_statements") == 0
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.chains") == 0
