"""Subscriptions: kept sealed, gone with what asked for them; one worker of several sends."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.responses import Response
from support.machines.account_services import AccountDesk, Person
from support.machines.push_service import Browser, PushService

from ephemeral.accounts.rows import suspension_rows
from ephemeral.accounts.service.push_delivery import Outcome
from ephemeral.accounts.service.push_sending import PushSender
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

MINUTE = 60_000


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: error.code == code)


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as opened:
        yield opened


@pytest.fixture
async def accounts(
    pool: "Pool", tmp_path: Path, service: PushService
) -> AsyncIterator[AccountDesk]:
    """With a push service; a fault, or a payload that nothing leads to, fails the test."""
    opened = await AccountDesk.open(pool, tmp_path / "keyring", service.origin)
    service.key = opened.pushing.public_key
    yield opened
    await opened.close()


async def subscribed(
    accounts: AccountDesk, service: PushService, machines: int = 1
) -> tuple[Person, Browser]:
    """Somebody whose first device is told by pushes."""
    person, browser = await accounts.person(machines), service.browser()
    await accounts.pushing.pushes.put(person.machines[0].asker, browser.subscription)
    return person, browser


async def kept(accounts: AccountDesk) -> int:
    found: int = await accounts.pool.fetchval("SELECT count(*) FROM accounts.push_subscriptions")
    return found


async def due(accounts: AccountDesk) -> None:
    """A push is due to everybody."""
    await accounts.pool.execute(
        "UPDATE accounts.push_subscriptions SET due_at = clock_ms(), tries = 0"
    )


async def turn(accounts: AccountDesk) -> None:
    await accounts.pushing.sender.turn(0)


async def state(accounts: AccountDesk) -> tuple[int | None, int]:
    """In how long the push is due, and how often it was tried."""
    row = await accounts.pool.fetchrow(
        "SELECT due_at - told_at, tries FROM accounts.push_subscriptions"
    )
    return row[0], row[1]


async def test_a_push_says_nothing_but_that_there_is_something(
    accounts: AccountDesk, service: PushService
) -> None:
    person, browser = await subscribed(accounts, service)
    for _ in range(2):
        await due(accounts)
        await turn(accounts)
    one, other = browser.received
    assert len(one) == len(other) == 16
    assert one != other
    canaries = [person.account, person.address.encode(), person.machines[0].id, person.chain.id]
    for said in (*service.raw, *browser.received):
        for secret in canaries:
            assert secret not in said
            assert secret.hex().encode() not in said
    assert await state(accounts) == (None, 0)


async def test_who_is_suspended_is_told_nothing_until_that_is_lifted(
    accounts: AccountDesk, service: PushService
) -> None:
    person, browser = await subscribed(accounts, service)
    _, others = await subscribed(accounts, service)
    async with accounts.pool.acquire() as connection:
        assert await suspension_rows.suspend(connection, person.account)
    await due(accounts)
    await turn(accounts)
    assert (len(browser.received), len(others.received)) == (0, 1)
    async with accounts.pool.acquire() as connection:
        assert await suspension_rows.lift(connection, person.account)
    await turn(accounts)
    assert (len(browser.received), len(others.received)) == (1, 1)


async def test_where_a_browser_is_reached_is_sealed(
    accounts: AccountDesk, service: PushService
) -> None:
    _, browser = await subscribed(accounts, service)
    for table in ("accounts.push_subscriptions", "payloads", "payload_keys"):
        rows = await accounts.pool.fetch(f"SELECT row_to_json(t)::text FROM {table} t")
        text = "".join(row[0] for row in rows)
        for secret in (browser.name.encode(), browser.auth, browser.subscription.public):
            assert secret.hex() not in text
            assert secret.decode("latin-1") not in text


async def test_the_same_again_changes_nothing_and_another_takes_its_place(
    accounts: AccountDesk, service: PushService
) -> None:
    person, browser = await subscribed(accounts, service)
    pushes, asker = accounts.pushing.pushes, person.machines[0].asker
    payload = await accounts.pool.fetchval("SELECT payload FROM accounts.push_subscriptions")
    await pushes.put(asker, browser.subscription)
    assert payload == await accounts.pool.fetchval(
        "SELECT payload FROM accounts.push_subscriptions"
    )
    other = service.browser()
    await pushes.put(asker, other.subscription)
    await due(accounts)
    await turn(accounts)
    assert (len(browser.received), len(other.received), await kept(accounts)) == (0, 1, 1)
    await pushes.remove(asker)
    await pushes.remove(asker)
    assert await kept(accounts) == 0


async def test_what_no_browser_says_is_refused(accounts: AccountDesk, service: PushService) -> None:
    person = await accounts.person()
    pushes, asker = accounts.pushing.pushes, person.machines[0].asker
    said = service.browser().subscription
    for endpoint in ("https://127.0.0.1/x", "http://push.example/x", "https://push.example:22/x"):
        with refused("push_endpoint"):
            await pushes.put(asker, said._replace(endpoint=endpoint))
    with refused("malformed"):
        await pushes.put(asker, said._replace(public=b"\x04" + os.urandom(64)))
    with refused("not_found"):
        await pushes.test(asker)
    assert await kept(accounts) == 0


async def test_it_is_gone_with_the_device_the_session_and_the_account(
    accounts: AccountDesk, service: PushService
) -> None:
    person, browser = await subscribed(accounts, service, machines=2)
    first, second = person.machines
    await person.revoke(second, first)
    assert await kept(accounts) == 0
    with refused("session_ended"):
        await accounts.pushing.pushes.put(first.asker, browser.subscription)

    await accounts.pushing.pushes.put(second.asker, browser.subscription)
    await accounts.sessions.log_out(second.asker, None)
    assert await kept(accounts) == 0

    closing, _ = await subscribed(accounts, service)
    await accounts.watches.told(lambda one: accounts.deletion.delete(one, closing.account))
    assert await kept(accounts) == 0

    recovered, browser = await subscribed(accounts, service)
    await recovered.recover()
    assert await kept(accounts) == 0
    await due(accounts)
    await turn(accounts)
    assert browser.received == []


async def test_one_that_its_service_has_forgotten_is_forgotten_here(
    accounts: AccountDesk, service: PushService
) -> None:
    for status in (404, 410):
        _, browser = await subscribed(accounts, service)
        service.says[browser.name] = Response(status_code=status)
        await due(accounts)
        await turn(accounts)
        assert await kept(accounts) == 0


async def test_one_that_took_its_place_meanwhile_is_not(
    accounts: AccountDesk, service: PushService
) -> None:
    person, browser = await subscribed(accounts, service)
    pushes = accounts.pushing.pushes
    payload = await accounts.pool.fetchval("SELECT payload FROM accounts.push_subscriptions")
    now = await accounts.pool.fetchval("SELECT clock_ms()")
    service.says[browser.name] = Response(status_code=410)
    await pushes.put(person.machines[0].asker, service.browser().subscription)
    # What is sent is what was read before.
    assert (await pushes.send(payload, now)).outcome is Outcome.GONE
    assert await kept(accounts) == 1


async def test_what_may_pass_is_tried_again_after_longer_each_time_and_then_given_up(
    accounts: AccountDesk, service: PushService
) -> None:
    _, browser = await subscribed(accounts, service)
    service.says[browser.name] = Response(status_code=503)
    await due(accounts)
    waits = []
    for _ in range(4):
        await turn(accounts)
        wait, _ = await state(accounts)
        assert wait is not None
        waits.append(wait)
        await turn(accounts)
        await accounts.desk.clock.advance(wait)
    assert waits == [30_000, 60_000, 120_000, 240_000]
    assert len(service.raw) == 4
    await turn(accounts)
    assert len(service.raw) == 5
    assert await state(accounts) == (None, 0)


async def test_a_service_says_how_long_to_wait(accounts: AccountDesk, service: PushService) -> None:
    _, browser = await subscribed(accounts, service)
    service.says[browser.name] = Response(status_code=429, headers={"Retry-After": "900"})
    await due(accounts)
    await turn(accounts)
    assert await state(accounts) == (900_000, 1)
    service.says[browser.name] = Response(status_code=403)
    await accounts.desk.clock.advance(900_000)
    await turn(accounts)
    assert await state(accounts) == (None, 0)
    assert await kept(accounts) == 1


async def test_of_several_workers_one_sends(accounts: AccountDesk, service: PushService) -> None:
    browsers = [(await subscribed(accounts, service))[1] for _ in range(3)]
    others = [
        PushSender(accounts.pool, accounts.pushing.pushes, accounts.desk.faults.append)
        for _ in range(3)
    ]
    await due(accounts)
    await asyncio.gather(*(one.turn(0) for one in others))
    assert [len(one.received) for one in browsers] == [1, 1, 1]


async def test_one_that_was_claimed_by_a_worker_that_died_is_sent_a_minute_later(
    accounts: AccountDesk, service: PushService
) -> None:
    _, browser = await subscribed(accounts, service)
    await accounts.pool.execute(
        "UPDATE accounts.push_subscriptions SET due_at = clock_ms() + 60000, told_at = clock_ms()"
    )
    await turn(accounts)
    assert browser.received == []
    await accounts.desk.clock.advance(MINUTE)
    await turn(accounts)
    assert len(browser.received) == 1


async def test_more_than_one_turn_takes_are_sent_in_it_all_the_same(
    accounts: AccountDesk, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ephemeral.accounts.service.push_sending._AT_ONCE", 2)
    browsers = [(await subscribed(accounts, service))[1] for _ in range(5)]
    await due(accounts)
    await turn(accounts)
    assert [len(one.received) for one in browsers] == [1] * 5


async def test_one_sends_oneself_one(accounts: AccountDesk, service: PushService) -> None:
    person, browser = await subscribed(accounts, service)
    pushes, asker = accounts.pushing.pushes, person.machines[0].asker
    assert await pushes.test(asker) is Outcome.SENT
    assert len(browser.received) == 1
    service.says[browser.name] = Response(status_code=403)
    assert await pushes.test(asker) is Outcome.REFUSED
    service.says[browser.name] = Response(status_code=410)
    assert await pushes.test(asker) is Outcome.GONE
    assert await kept(accounts) == 0


async def test_a_request_tells_who_is_asked_and_wants_that(
    accounts: AccountDesk, service: PushService
) -> None:
    asked, browser = await subscribed(accounts, service)
    asker, own = await subscribed(accounts, service)
    requests = accounts.contacts.requests
    await requests.ask(asker.machines[0].asker, asked.address, asker.address)
    await turn(accounts)
    assert browser.received == [], "it doesn't want to be told"

    await requests.set_findable(asked.machines[0].asker, wish=True)
    second, _ = await subscribed(accounts, service)
    await requests.ask(second.machines[0].asker, asked.address, second.address)
    await turn(accounts)
    await turn(accounts)
    assert len(browser.received) == 1
    third = await accounts.person()
    await requests.ask(third.machines[0].asker, asked.address, third.address)
    await turn(accounts)
    assert len(browser.received) == 1, "once a minute"

    await accounts.desk.clock.advance(MINUTE)
    blocked = await accounts.person()
    await accounts.pool.execute(
        "INSERT INTO accounts.contacts (account, other, state, chain, day)"
        " VALUES ($1, $2, 'blocked', NULL, 0)",
        asked.account,
        blocked.account,
    )
    await requests.ask(blocked.machines[0].asker, asked.address, blocked.address)
    await turn(accounts)
    assert len(browser.received) == 1, "not by whom it has blocked"
    assert own.received == []
