"""Keys of access tokens over time, over restarts, on two hosts, and after a loss."""

import asyncio
import os

import pytest
from support.machines.account_services import AccountDesk

from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.signing_keys import SigningKeys
from ephemeral.accounts.service.tokens import ACCESS_SECONDS, Tokens
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal

DAY = 86_400_000
SESSION = Session(bytes(16), bytes(16), None)


def host(accounts: AccountDesk) -> tuple[SigningKeys, Tokens]:
    """A process that shares the database; its clock is the database's."""
    keys = SigningKeys(accounts.pool, accounts.values, os.urandom)
    now = accounts.desk.clock
    start = 1_700_000_000_000
    return keys, Tokens(keys, accounts.ended, "here", lambda: start + now.ahead)


async def good(tokens: Tokens, token: str) -> bool:
    try:
        return await tokens.read(token) == SESSION
    except Refusal:
        return False


async def test_where_nobody_signs_in_there_is_no_key(accounts: AccountDesk):
    keys, _ = host(accounts)
    await keys.renew()
    assert keys.published() == []
    assert await accounts.pool.fetchval("SELECT count(*) FROM payloads") == 0


async def test_two_hosts_that_start_at_once_have_one_key(accounts: AccountDesk):
    await accounts.ended.load()
    (one, issue), (other, read) = host(accounts), host(accounts)
    await one.ready()
    await one.renew()
    await other.ready()
    await other.renew()
    assert one.published() == other.published()
    assert len(one.published()) == 1
    assert await good(read, issue.issue(SESSION))


async def test_a_key_that_another_host_has_just_made_is_looked_up(accounts: AccountDesk):
    await accounts.ended.load()
    (one, issue), (other, read) = host(accounts), host(accounts)
    await other.ready()
    await other.renew()
    await accounts.pool.execute("UPDATE accounts.signing_keys SET created_at = 0")
    await one.ready()
    await one.renew()
    await accounts.pool.execute(
        "UPDATE accounts.signing_keys SET created_at = created_at - 7200000"
    )
    await one.ready()
    await one.renew()
    one._keys = one._keys[-1:]
    token = issue.issue(SESSION)
    assert len(other.published()) == 1, "it has not been told"
    assert await good(read, token)
    assert len(other.published()) == 2


async def test_all_who_bring_such_a_key_at_once_wait_for_that_look(accounts: AccountDesk):
    await accounts.ended.load()
    (one, issue), (_, read) = host(accounts), host(accounts)
    await one.ready()
    token = issue.issue(SESSION)
    assert await asyncio.gather(*(good(read, token) for _ in range(3))) == [True] * 3


async def test_a_token_that_is_forgotten_while_its_key_is_looked_for_is_good(
    accounts: AccountDesk, monkeypatch: pytest.MonkeyPatch
):
    await accounts.ended.load()
    keys, tokens = host(accounts)
    await keys.ready()
    token = tokens.issue(SESSION)
    assert await good(tokens, token)
    named = keys.named

    async def slowly(kid: str, now: int) -> object:
        tokens._known.clear()
        return await named(kid, now)

    monkeypatch.setattr(keys, "named", slowly)
    assert await good(tokens, token)


async def test_a_key_is_replaced_after_a_month_and_forgotten_after_another_day(
    accounts: AccountDesk,
):
    await accounts.ended.load()
    keys, _ = host(accounts)
    clock = accounts.desk.clock
    await keys.ready()
    await keys.renew()
    first = keys.published()
    await clock.advance(30 * DAY)
    await keys.ready()
    await keys.renew()
    assert len(keys.published()) == 2
    assert keys.published()[0] == first[0]
    await clock.advance(DAY + 2 * 3_600_000)
    await keys.ready()
    await keys.renew()
    assert keys.published()[0] != first[0]
    assert len(keys.published()) == 1


async def test_a_private_half_is_nowhere_in_the_clear_and_a_lost_one_is_replaced(
    accounts: AccountDesk,
):
    await accounts.ended.load()
    keys, tokens = host(accounts)
    await keys.ready()
    await keys.renew()
    before = tokens.issue(SESSION)
    private = keys._keys[0].jwk.as_dict(private=True)["d"]
    rows = await accounts.pool.fetch("SELECT t::text FROM accounts.signing_keys t")
    bodies = await accounts.pool.fetch("SELECT encode(body, 'hex') FROM payloads")
    raw = b64decode(private, 32).hex()
    assert not [row for row in (*rows, *bodies) if raw in row[0] or private in row[0]]
    # As after a backup that was restored and accepted.
    await accounts.pool.execute("DELETE FROM payload_keys; DELETE FROM payloads")
    again, fresh = host(accounts)
    await again.ready()
    await again.renew()
    assert len(again.published()) == 1
    assert again.published() != keys.published()
    assert not await good(fresh, before)
    assert await good(fresh, fresh.issue(SESSION))


async def test_a_token_that_was_good_is_good_for_its_time_and_as_long_as_its_key(
    accounts: AccountDesk,
):
    """It is known again by its hash, and not checked in full."""
    await accounts.ended.load()
    keys, tokens = host(accounts)
    await keys.ready()
    first = tokens.issue(SESSION)
    assert [await good(tokens, first) for _ in range(2)] == [True, True]
    accounts.desk.clock.ahead += (ACCESS_SECONDS + 31) * 1000
    assert not await good(tokens, first)
    second = tokens.issue(SESSION)
    assert await good(tokens, second)
    await accounts.pool.execute("DELETE FROM payload_keys; DELETE FROM payloads")
    await keys.renew()
    assert not await good(tokens, second)
