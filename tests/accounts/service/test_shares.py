"""Shares: two side by side until a device needs the older no more, and none after a restore."""

import asyncio

import pytest
from support.machines.account_services import AccountDesk

from ephemeral.protocol.errors import Refusal


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: error.code == code)


async def test_a_rotation_makes_one_more_however_often_it_is_asked(accounts: AccountDesk) -> None:
    person = await accounts.person()
    shares, asker = accounts.services.shares, person.machines[0].asker
    assert (await shares.get(asker))[0] == []
    [first], _ = await shares.rotate(asker, 0)
    assert first.n == 1
    assert (await shares.rotate(asker, 0))[0] == [first]
    both, _ = await shares.rotate(asker, 1)
    assert [one.n for one in both] == [1, 2]
    assert both[0] == first
    assert (await shares.rotate(asker, 1))[0] == both
    for n in (0, 2, 7):
        with refused("conflict"):
            await shares.rotate(asker, n)
    assert (await shares.get(asker))[0] == both
    assert (await shares.confirm(asker, 2))[0] == both[1:]
    assert (await shares.confirm(asker, 2))[0] == both[1:]
    for n in (1, 3):
        with refused("conflict"):
            await shares.confirm(asker, n)
    assert (await shares.get(asker))[0] == both[1:]
    assert first.share != both[1].share


async def test_two_tabs_that_rotate_at_once_get_the_same(accounts: AccountDesk) -> None:
    person = await accounts.person()
    shares, asker = accounts.services.shares, person.machines[0].asker
    await shares.rotate(asker, 0)
    answers = await asyncio.gather(*(shares.rotate(asker, 1) for _ in range(4)))
    assert len({tuple(served) for served, _ in answers}) == 1


async def test_the_share_of_a_restored_server_is_gone_and_the_next_follows_the_device(
    accounts: AccountDesk,
) -> None:
    person = await accounts.person()
    shares, asker = accounts.services.shares, person.machines[0].asker
    await shares.rotate(asker, 0)
    # A restored database keeps no payload.
    await accounts.pool.execute("TRUNCATE payloads, payload_keys")
    assert (await shares.get(asker))[0] == []
    with refused("conflict"):
        await shares.confirm(asker, 1)
    [share], _ = await shares.rotate(asker, 41)
    assert share.n == 42
    assert (await shares.get(asker))[0] == [share]
    numbers = await accounts.pool.fetch("SELECT n FROM accounts.shares")
    assert [row[0] for row in numbers] == [42]


async def test_one_device_has_nothing_of_anothers(accounts: AccountDesk) -> None:
    person = await accounts.person(machines=2)
    shares, (one, other) = accounts.services.shares, person.machines
    await shares.rotate(one.asker, 0)
    assert (await shares.get(other.asker))[0] == []
