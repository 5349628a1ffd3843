"""History for a new device: it waits for that device alone, for a day, and not without end."""

import asyncio
import os

import pytest
from support.machines.account_services import AccountDesk

from ephemeral.accounts.service import histories as service
from ephemeral.accounts.service.histories import Histories
from ephemeral.protocol.errors import Refusal

DAY = 86_400_000


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: error.code == code)


async def waiting(accounts: AccountDesk) -> list[int]:
    rows = await accounts.pool.fetch("SELECT number FROM accounts.history_chunks ORDER BY 1")
    return [row[0] for row in rows]


async def test_a_chunk_waits_until_its_device_has_stored_it(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    histories, (old, new) = accounts.services.histories, person.machines
    chunks = [os.urandom(65_536), os.urandom(40)]
    for number, chunk in enumerate(chunks):
        await histories.put(old.asker, new.id, number, chunk)
    for number, chunk in enumerate(chunks):
        # Whoever had no answer asks again.
        await histories.put(old.asker, new.id, number, chunk)
        assert (await histories.get(new.asker, new.id, number))[0] == chunk
        assert (await histories.get(new.asker, new.id, number))[0] == chunk
    with refused("conflict"):
        await histories.put(old.asker, new.id, 0, chunks[1])
    await histories.forget(new.asker, new.id, 0)
    await histories.forget(new.asker, new.id, 0)
    with refused("not_found"):
        await histories.get(new.asker, new.id, 0)
    assert await waiting(accounts) == [1]


async def test_it_is_for_one_device_and_from_its_own_account(accounts: AccountDesk) -> None:
    person, stranger = await accounts.person(machines=3), await accounts.person()
    histories, (old, new, third) = accounts.services.histories, person.machines
    other = stranger.machines[0]
    chunk = os.urandom(500)
    await histories.put(old.asker, new.id, 0, chunk)
    for asker in (old.asker, third.asker, other.asker):
        with refused("not_found"):
            await histories.get(asker, new.id, 0)
        with refused("not_found"):
            await histories.forget(asker, new.id, 0)
    for asker, device in (
        (other.asker, new.id),
        (old.asker, other.id),
        (old.asker, os.urandom(16)),
        (new.asker, new.id),
    ):
        with refused("not_found"):
            await histories.put(asker, device, 1, chunk)
    assert (await histories.get(new.asker, new.id, 0))[0] == chunk


async def test_it_goes_with_its_device_and_a_removed_one_hands_over_nothing(
    accounts: AccountDesk,
) -> None:
    person = await accounts.person(machines=3)
    histories, (old, new, third) = accounts.services.histories, person.machines
    await histories.put(old.asker, new.id, 0, os.urandom(99))
    await histories.put(old.asker, third.id, 0, os.urandom(99))
    await person.revoke(old, new)
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.history_chunks") == 1
    with refused("device_revoked"):
        await histories.put(new.asker, third.id, 1, os.urandom(99))
    with refused("device_revoked"):
        await histories.forget(new.asker, new.id, 0)
    with refused("not_found"):
        await histories.put(old.asker, new.id, 1, os.urandom(99))


async def test_after_a_day_nobody_can_fetch_it_and_it_is_destroyed(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    histories, (old, new) = accounts.services.histories, person.machines
    await accounts.sweep()
    chunk = os.urandom(99)
    await histories.put(old.asker, new.id, 0, chunk)
    await accounts.desk.clock.advance(DAY - 60_000)
    await accounts.sweep()
    assert (await histories.get(new.asker, new.id, 0))[0] == chunk
    await accounts.desk.clock.advance(60_000)
    with refused("not_found"):
        await histories.get(new.asker, new.id, 0)
    # Another one of this number takes its place, though nobody has swept.
    await histories.put(old.asker, new.id, 0, os.urandom(99))
    await accounts.desk.clock.advance(DAY)
    await accounts.sweep()
    assert await waiting(accounts) == []


async def test_no_more_waits_than_an_account_may_have_nor_than_the_server(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "HISTORY_BYTES", 2_000)
    person, other = await accounts.person(machines=3), await accounts.person(machines=2)
    histories, (old, new, third) = accounts.services.histories, person.machines
    await histories.put(old.asker, new.id, 0, os.urandom(1_000))
    last = os.urandom(1_000)
    await histories.put(old.asker, third.id, 0, last)
    with refused("storage_full"):
        await histories.put(old.asker, new.id, 1, b"x")
    # What is there already was taken.
    await histories.put(old.asker, third.id, 0, last)
    bounded = Histories(accounts.pool, accounts.watches, accounts.values, 2_001)
    await bounded.put(other.machines[0].asker, other.machines[1].id, 0, b"x")
    with pytest.raises(Refusal) as full:
        await bounded.put(other.machines[0].asker, other.machines[1].id, 1, b"x")
    assert (full.value.code, full.value.retry_after) == ("storage_full", 60)


async def test_the_new_device_is_told_when_something_begins_to_wait(
    accounts: AccountDesk,
) -> None:
    person = await accounts.person(machines=2)
    histories, (old, new) = accounts.services.histories, person.machines
    told = []
    with accounts.watches.waiting(person.account, lambda: told.append(1)):
        for number in range(3):
            await histories.put(old.asker, new.id, number, os.urandom(99))
        await asyncio.sleep(0)
        assert len(told) == 1
        for number in range(3):
            await histories.forget(new.asker, new.id, number)
        await histories.put(old.asker, new.id, 3, os.urandom(99))
        await asyncio.sleep(0)
        assert len(told) == 2


async def test_two_who_store_the_same_at_once_store_it_once(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    histories, (old, new) = accounts.services.histories, person.machines
    chunk = os.urandom(9_000)
    await asyncio.gather(*(histories.put(old.asker, new.id, 0, chunk) for _ in range(4)))
    assert await waiting(accounts) == [0]
    gone = await asyncio.gather(*(histories.forget(new.asker, new.id, 0) for _ in range(4)))
    assert gone == [None] * 4


async def test_a_restored_server_has_lost_it_and_takes_it_again(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    histories, (old, new) = accounts.services.histories, person.machines
    await histories.put(old.asker, new.id, 0, os.urandom(99))
    # A restored database keeps no payload.
    await accounts.pool.execute(
        "DELETE FROM payloads WHERE id IN (SELECT payload FROM accounts.history_chunks);"
        "DELETE FROM payload_keys WHERE payload IN (SELECT payload FROM accounts.history_chunks)"
    )
    with refused("not_found"):
        await histories.get(new.asker, new.id, 0)
    again = os.urandom(99)
    await histories.put(old.asker, new.id, 0, again)
    assert (await histories.get(new.asker, new.id, 0))[0] == again
