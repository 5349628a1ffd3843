"""Ten words undo a thief who has a device and the password; pins, which recovery begins from."""

import os
from dataclasses import replace
from typing import Any

import pytest
from support.machines.account_services import AccountDesk, Machine, Person

from ephemeral.accounts.rows import account_rows, chain_rows
from ephemeral.accounts.rules.nouns import DAY_MS, GRACE_MS
from ephemeral.accounts.service import recovery
from ephemeral.accounts.service.statements import KEPT_PINS
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.errors import Refusal


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: error.code == code)


async def store_pins(accounts: AccountDesk, machine: Machine) -> bytes:
    sealed = os.urandom(3000)
    await accounts.services.pins.put(machine.asker, sealed, machine.key.sign("pins", sealed))
    return sealed


async def link_identity(accounts: AccountDesk, person: Person) -> None:
    await accounts.pool.execute(
        "INSERT INTO accounts.identities VALUES ($1, $2, 0)", os.urandom(32), person.account
    )


async def test_a_thief_with_device_and_password_is_undone(accounts: AccountDesk) -> None:
    """Who fills the chain, asks for CLOSE, lets a device wait, and links an identity."""
    person = await accounts.person(machines=2)
    _, stolen = person.machines
    mine = [one for one in person.machines if one is not stolen]
    for machine in mine:
        await person.revoke(stolen, machine)
    while len(person.machines) < 10:
        await person.link(stolen)
    await link_identity(accounts, person)
    waiting = Machine(session=await person.sign_in())
    await person.deposit(waiting)
    await person.close(stolen)
    thieves = [one.asker.sid for one in person.machines]

    new = await person.recover()
    listed = await accounts.services.devices.listed(person.account)
    assert [one.id for one in listed.devices] == [new.id]
    assert listed.pending is None
    assert [await accounts.ended.has(sid) for sid in thieves] == [True] * len(thieves)
    for table in ("identities", "links", "pending"):
        assert await accounts.pool.fetchval(f"SELECT count(*) FROM accounts.{table}") == 0
    sessions = await accounts.pool.fetch("SELECT sid, device FROM accounts.sessions")
    assert [tuple(row) for row in sessions] == [(new.asker.sid, new.id)]
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    assert (await accounts.services.devices.listed(person.account)).chain == person.chain.id


async def test_a_recovery_sets_the_password(accounts: AccountDesk) -> None:
    person = await accounts.person()
    old, person.auth_key = person.auth_key, os.urandom(32)
    await person.recover()
    await accounts.passwords.check(person.auth_key, person.account)
    with refused("password_wrong"):
        await accounts.passwords.check(old, person.account)


@pytest.mark.parametrize("wrong", ["address", "words", "account of another"])
async def test_without_the_words_nothing_is_told(accounts: AccountDesk, wrong: str) -> None:
    person, other = await accounts.person(), await accounts.person()
    if wrong == "address":
        person.address = "nobody.00000"
    elif wrong == "words":
        person.recovery = SigningKey.generate(os.urandom)
    else:
        person.address = other.address
    with refused("not_found"):
        await person.begin_recovery()
    machine = Machine()
    with refused("not_found"):
        await person.post_recover(machine, person.recovered(machine))
    assert len((await accounts.services.devices.listed(other.account)).statements) == 1


async def test_a_recovery_again_needs_the_password_that_it_set(accounts: AccountDesk) -> None:
    """Its answer was lost; or somebody has read the statement, which is no secret."""
    person = await accounts.person()
    machine = Machine()
    signed = person.recovered(machine)
    first = await person.post_recover(machine, signed)
    again = await person.post_recover(machine, signed)
    assert again.session.device == first.session.device == machine.id
    assert again.session.sid != first.session.sid
    person.auth_key = os.urandom(32)
    with refused("password_wrong"):
        await person.post_recover(machine, signed)


async def test_a_recovery_again_opens_nothing_once_its_device_has_come(
    accounts: AccountDesk,
) -> None:
    """Else the password and a copy of the chain would be as good as the device for reading."""
    person = await accounts.person()
    machine = Machine()
    signed = person.recovered(machine)
    machine.session = (await person.post_recover(machine, signed)).session
    await accounts.services.shares.rotate(machine.asker, 0)
    with refused("conflict"):
        await person.post_recover(machine, signed)


async def test_a_recovery_that_came_second_is_told_so(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    first, second = person.machines
    machine = Machine()
    signed = person.recovered(machine)
    await person.revoke(first, second)
    with refused("conflict"):
        await person.post_recover(machine, signed)
    await person.recover(machine)


@pytest.mark.parametrize("thief_has_words", [False, True])
async def test_another_genesis_is_undone_for_thirty_days(
    accounts: AccountDesk, thief_has_words: bool
) -> None:
    person = await accounts.person()
    old = person.machines[0]
    sealed = await store_pins(accounts, old)
    thief = Person(accounts, person.account, person.address)
    thief.auth_key = person.auth_key
    machine = Machine(session=await person.sign_in())
    await thief.post_genesis(machine, thief.begun(machine))
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    begun = await person.begin_recovery()
    assert [(one.device, one.sealed) for one in begun.pins] == [(old.id, sealed)]
    new = await person.recover()
    listed = await accounts.services.devices.listed(person.account)
    assert listed.chain == person.chain.id
    assert [one.id for one in listed.devices] == [new.id]
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.devices") == 1
    if thief_has_words:
        # The words of what was undone undo nothing, nor does the same chain come again.
        with refused("not_found"):
            await thief.recover()
        machine.session = await person.sign_in()
        with refused("conflict"):
            await thief.post_genesis(machine, thief.begun(machine))


@pytest.mark.parametrize("by", ["words", "device"])
async def test_who_has_begun_another_list_deletes_the_account_after_those_thirty_days(
    accounts: AccountDesk, by: str
) -> None:
    """Else a thief with the password alone would have the account gone before it is undone."""
    person = await accounts.person()
    thief = Person(accounts, person.account, person.address)
    thief.auth_key = person.auth_key
    machine = Machine(session=await person.sign_in())
    signed = thief.begun(machine)
    await thief.post_genesis(machine, signed)
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    thief.read(signed)
    machine.session = machine.asker._replace(device=machine.id)
    key = thief.recovery if by == "words" else machine.key
    due = await thief.close(machine, by=key)
    assert due == await thief.close(machine, by=key)
    await accounts.desk.clock.advance(30 * DAY_MS - GRACE_MS)
    await accounts.sweep()
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.accounts") == 1
    if by == "words":
        await accounts.desk.clock.advance(GRACE_MS + 1)
        await accounts.sweep()
        assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.accounts") == 0
        return
    await person.recover()
    assert (await accounts.services.devices.listed(person.account)).pending is None


async def test_after_thirty_days_it_is_too_late(accounts: AccountDesk) -> None:
    person = await accounts.person()
    machine = Machine(session=await person.sign_in())
    await person.post_genesis(machine, person.begun(machine))
    await accounts.desk.clock.advance(GRACE_MS)
    await accounts.sweep()
    person.recovery, ours = SigningKey.generate(os.urandom), person.recovery
    await accounts.desk.clock.advance(30 * DAY_MS)
    person.recovery = ours
    signed = person.recovered(Machine())
    with refused("not_found"):
        await person.post_recover(Machine(), signed)


@pytest.mark.parametrize("sequence", [0, 1, 2**32 - 1])
async def test_other_words_are_as_much_work_at_nobodys_address_as_at_a_known_chains(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch, sequence: int
) -> None:
    """Else whoever knows a chain could learn from the time at which address it is."""
    person = await accounts.person()
    person.recovery = SigningKey.generate(os.urandom)
    made = person.recovered(Machine())
    signed = replace(made, statement=replace(made.statement, sequence=sequence))
    work: list[str] = []

    def noted(module: Any, name: str) -> None:
        real = getattr(module, name)

        def counting(*given: Any, **named: Any) -> Any:
            work.append(name)
            return real(*given, **named)

        monkeypatch.setattr(module, name, counting)

    for module, name in (
        (account_rows, "at"), (chain_rows, "owned_chain"), (chain_rows, "statements"),
        (recovery, "clock"), (recovery, "verify"),
    ):  # fmt: skip
        noted(module, name)
    for address in (person.address, "nobody.00000"):
        person.address = address
        with refused("not_found"):
            await person.post_recover(Machine(), signed)
    half = len(work) // 2
    assert work[:half] == work[half:]
    assert len(set(work)) == 5


# --- pins -----------------------------------------------------------------------------------------


async def test_pins_are_those_that_the_device_has_signed(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    one, other = person.machines
    with refused("not_found"):
        await accounts.services.pins.get(one.asker)
    await store_pins(accounts, one)
    sealed = await store_pins(accounts, one)
    with refused("pins_signature"):
        signature = other.key.sign("pins", sealed)
        await accounts.services.pins.put(one.asker, sealed, signature)
    with refused("pins_signature"):
        signature = one.key.sign("content", sealed)
        await accounts.services.pins.put(one.asker, sealed, signature)
    found, _ = await accounts.services.pins.get(one.asker)
    assert (found.device, found.sealed) == (one.id, sealed)
    assert found.signature == one.key.sign("pins", sealed)


async def test_pins_of_removed_devices_are_kept_for_a_while(accounts: AccountDesk) -> None:
    """A thief removes the owner's devices, and adds so many that each leaves pins of its own."""
    person = await accounts.person(machines=2)
    mine, stolen = person.machines
    pinned = await store_pins(accounts, mine)
    await person.revoke(stolen, mine)
    for _ in range(KEPT_PINS + 2):
        machine = await person.link(stolen)
        await store_pins(accounts, machine)
        await person.revoke(stolen, machine)
    begun = await person.begin_recovery()
    assert len(begun.pins) == KEPT_PINS
    assert (begun.pins[0].device, begun.pins[0].sealed) == (mine.id, pinned)
    await accounts.desk.clock.advance(31 * DAY_MS)
    await accounts.sweep()
    begun = await person.begin_recovery()
    assert begun.pins == []


# --- statements that a restored server lacks ------------------------------------------------------


async def test_a_restored_server_is_given_the_statements_that_it_lacks(
    accounts: AccountDesk,
) -> None:
    person = await accounts.person(machines=2)
    first, second = person.machines
    third = await person.link(first)
    added = (await accounts.services.devices.listed(person.account)).statements
    await person.revoke(first, second)
    after = (await accounts.services.devices.listed(person.account)).statements
    # Back to the evening before, when there were two; of payloads nothing comes back.
    await accounts.pool.execute("TRUNCATE payloads, payload_keys")
    await accounts.pool.execute("DELETE FROM accounts.chain_statements WHERE sequence > 1")
    await accounts.pool.execute(
        "UPDATE accounts.chains SET sequence = 1, head = sha256(substr(s.signed, 1, 198))"
        " FROM accounts.chain_statements s WHERE s.chain = chains.chain AND s.sequence = 1"
    )
    await accounts.pool.execute("DELETE FROM accounts.devices WHERE device = $1", third.id)
    await accounts.pool.execute(
        "INSERT INTO accounts.devices VALUES ($1, $2, $3, 1, NULL, 0)",
        person.account, second.id, second.key.public,
    )  # fmt: skip
    assert len(added) == 3
    session = await person.sign_in()
    offered = [Signed.decode(one) for one in after]
    for wrong in ([offered[3]], offered):
        with pytest.raises(Refusal):
            await accounts.services.devices.offer(session, person.chain.id, wrong)
    posted = await accounts.services.devices.offer(session, person.chain.id, offered[1:])
    assert (posted.sequence, posted.head) == (3, person.chain.head)
    listed = await accounts.services.devices.listed(person.account)
    assert [one.id for one in listed.devices] == [first.id, third.id]
    again = await accounts.services.devices.offer(session, person.chain.id, offered[1:])
    assert again.head == posted.head


@pytest.mark.parametrize("what", ["ADD", "REMOVE"])
async def test_what_a_restored_server_takes_is_no_way_around_the_password(
    accounts: AccountDesk, what: str
) -> None:
    person = await accounts.person(machines=2)
    owners, stolen = person.machines
    signed = person.added(stolen, Machine()) if what == "ADD" else person.removed(stolen, owners)
    with refused("conflict"):
        await accounts.services.devices.offer(stolen.asker, person.chain.id, [signed])
    listed = await accounts.services.devices.listed(person.account)
    assert [one.id for one in listed.devices] == [owners.id, stolen.id]


async def test_a_genesis_that_was_let_in_just_before_a_recovery_does_not_wait_after_it(
    accounts: AccountDesk,
) -> None:
    person = await accounts.person()
    thiefs = Machine(session=await person.sign_in())
    await person.recover()
    with refused("session_ended"):
        await person.post_genesis(thiefs, person.begun(thiefs))
    assert (await accounts.services.devices.listed(person.account)).pending is None
