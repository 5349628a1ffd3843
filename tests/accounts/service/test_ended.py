"""Sessions that have ended, on several processes and hosts, whatever becomes of the bus."""

import os
from typing import TYPE_CHECKING

import pytest
from support.machines.account_services import AccountDesk

from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.ended import KEPT_MS, TOPIC, EndedSessions, SessionEnded
from ephemeral.live.bus import LocalBus, UnsureEvent

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


class Deaf:
    """A pool that must not be asked."""

    def __getattr__(self, name: str) -> None:
        raise AssertionError(f"the database was asked: {name}")


async def other(pool: "Pool", bus: LocalBus) -> EndedSessions:
    """Another process's knowledge, after its start."""
    made = EndedSessions(pool, bus)
    bus.subscribe(_Numberless(made))
    await made.load()
    return made


class _Numberless:
    """On a bus within one process a second subscriber may not bring the same kinds."""

    def __init__(self, one: EndedSessions) -> None:
        self.kinds: dict[int, type] = {}
        self.receive, self.listens, self.missed = one.receive, one.listens, one.missed


async def ended(accounts: AccountDesk) -> bytes:
    """A session that ends, told to nobody yet."""
    person = await accounts.person(machines=0)
    session = await person.sign_in()
    async with accounts.pool.acquire() as connection, connection.transaction():
        return (await accounts.sessions.end_all(connection, session.account))[0]


async def test_another_process_knows_by_the_bus_without_asking(accounts: AccountDesk):
    bus = LocalBus()
    here, there = await other(accounts.pool, bus), await other(accounts.pool, bus)
    sid = await ended(accounts)
    there._pool = Deaf()
    assert not await there.has(sid), "it hasn't been told"
    here.tell([sid])
    assert await there.has(sid)
    assert not await there.has(os.urandom(16))


async def test_while_the_bus_is_down_the_database_is_asked(accounts: AccountDesk):
    bus = LocalBus()
    there = await other(accounts.pool, bus)
    bus.is_up = False
    assert await there.has(await ended(accounts))
    person = await accounts.person(machines=0)
    assert not await there.has((await person.sign_in()).sid)


@pytest.mark.parametrize("miss", ["missed", "unsure"])
async def test_after_a_miss_of_the_bus_the_database_is_asked_until_all_is_read_again(
    accounts: AccountDesk, miss: str
):
    bus = LocalBus()
    there = await other(accounts.pool, bus)
    sid = await ended(accounts)
    if miss == "missed":
        there.missed()
    else:
        bus.publish([(TOPIC, UnsureEvent())])
    assert await there.has(sid)
    await there.heal()
    there._pool = Deaf()
    assert await there.has(sid)
    assert not await there.has(os.urandom(16))


async def test_a_start_reads_what_ended_before(accounts: AccountDesk):
    sid = await ended(accounts)
    there = await other(accounts.pool, LocalBus())
    there._pool = Deaf()
    assert await there.has(sid)


async def test_what_no_token_can_name_any_more_is_forgotten(accounts: AccountDesk):
    there = await other(accounts.pool, LocalBus())
    sid = await ended(accounts)
    there.receive([(b"", SessionEnded(sid))])
    await there.load()
    await there.load()
    assert await there.has(sid)
    await accounts.desk.clock.advance(KEPT_MS)
    await accounts.sessions.sweep()
    await there.load()
    assert there._ended == {}
    assert await accounts.pool.fetchval("SELECT count(*) FROM accounts.ended_sessions") == 0


async def test_only_a_device_that_a_list_has_named_was_removed(accounts: AccountDesk):
    """A program destroys what it keeps when it hears this: a restored server must not say it."""
    person = await accounts.person(machines=2)
    first, second = person.machines
    account = person.account
    await person.revoke(first, second)

    async def removed(device: bytes | None, whose: bytes = account) -> bool:
        return await accounts.ended.by_removal(Session(whose, os.urandom(16), device))

    assert await removed(second.id)
    assert not await removed(first.id), "it is one still, wherever it was signed out"
    assert not await removed(os.urandom(16)), "no statement knows it"
    assert not await removed(None)
    assert not await removed(second.id, os.urandom(16)), "an account that is deleted"
