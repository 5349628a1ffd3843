"""Which devices are told by a push: those that didn't come for a message, once a minute at most."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.account_services import Machine
from support.machines.conversation_desk import ConversationDesk
from support.machines.push_service import Browser, PushService

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

MINUTE = 60_000


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as opened:
        yield opened


@pytest.fixture
async def talks(
    pool: "Pool", tmp_path: Path, service: PushService
) -> AsyncIterator[ConversationDesk]:
    """With a push service; a fault, or a row that nothing leads to, fails the test."""
    opened = await ConversationDesk.open(pool, tmp_path / "keyring", service.origin)
    service.key = opened.accounts.pushing.public_key
    yield opened
    await opened.close()


async def subscribe(talks: ConversationDesk, service: PushService, machine: Machine) -> Browser:
    browser = service.browser()
    await talks.accounts.pushing.pushes.put(machine.asker, browser.subscription)
    return browser


async def look(talks: ConversationDesk) -> None:
    """Some seconds pass: whoever is there has acknowledged."""
    await talks.wakes.turn(0)
    await talks.wakes.turn(0)
    await talks.accounts.pushing.sender.turn(0)


async def test_who_is_away_is_told_and_nobody_else(
    talks: ConversationDesk, service: PushService
) -> None:
    one, other = await talks.friends(2, 2)
    away, here = [await subscribe(talks, service, machine) for machine in other.machines]
    own = [await subscribe(talks, service, machine) for machine in one.machines]
    talk = await talks.talk(one, other)
    await talk.ack_all(one, other)
    await talk.send(one)
    await talk.ack(other, machine=other.machines[1])
    await look(talks)
    assert [len(each.received) for each in (away, here, *own)] == [1, 0, 0, 0]


async def test_nothing_is_sent_before_whoever_is_there_could_come(
    talks: ConversationDesk, service: PushService
) -> None:
    one, other = await talks.friends(1, 1)
    browser = await subscribe(talks, service, other.machines[0])
    talk = await talks.talk(one, other)
    await talk.ack_all(one, other)
    await talk.send(one)
    await talks.wakes.turn(0)
    await talks.accounts.pushing.sender.turn(0)
    assert browser.received == []
    await talk.ack(other)
    await look(talks)
    assert browser.received == []


async def test_once_a_minute_while_nobody_looks_and_at_once_after_that(
    talks: ConversationDesk, service: PushService
) -> None:
    one, other = await talks.friends(1, 1)
    browser = await subscribe(talks, service, other.machines[0])
    talk = await talks.talk(one, other)
    await talk.ack_all(one, other)
    for _ in range(3):
        await talk.send(one)
        await look(talks)
    assert len(browser.received) == 1
    # What was held back is told when the minute is over, though nothing more is written.
    await talks.desk.clock.advance(MINUTE)
    for _ in range(20):
        await look(talks)
    assert len(browser.received) == 2
    await talk.ack(other)
    await talk.send(one)
    await look(talks)
    assert len(browser.received) == 3
    # Nothing more is held back.
    await talk.ack(other)
    await talks.desk.clock.advance(MINUTE)
    for _ in range(20):
        await look(talks)
    assert len(browser.received) == 3


async def test_another_conversation_is_no_reason_within_the_minute(
    talks: ConversationDesk, service: PushService
) -> None:
    one, other = await talks.friends(1, 1)
    browser = await subscribe(talks, service, other.machines[0])
    first, second = await talks.talk(one, other), await talks.talk(one, other)
    for talk in (first, second):
        await talk.ack_all(one, other)
    await first.send(one)
    await second.send(one)
    await look(talks)
    await second.send(one)
    await look(talks)
    assert len(browser.received) == 1


async def test_who_is_brought_into_a_conversation_is_told_and_a_renewal_wakes_nobody(
    talks: ConversationDesk, service: PushService
) -> None:
    one, other = await talks.friends(1, 1)
    browser, own = [await subscribe(talks, service, person.machines[0]) for person in (other, one)]
    talk = await talks.talk(one, other)
    await look(talks)
    assert (len(browser.received), len(own.received)) == (1, 0)
    await talk.ack_all(one, other)
    await talks.desk.clock.advance(MINUTE)
    await talk.renew(one)
    await look(talks)
    assert (len(browser.received), len(own.received)) == (1, 0)


async def test_who_has_left_is_told_nothing(talks: ConversationDesk, service: PushService) -> None:
    one, other, third = await talks.friends(1, 1, 1)
    browser = await subscribe(talks, service, other.machines[0])
    talk = await talks.talk(one, other, third)
    await talk.ack_all(one, other, third)
    await talk.leave(other)
    await talks.wakes.turn(0)
    talks.wakes.wrote([talk.id])
    await look(talks)
    assert browser.received == []


async def test_a_message_is_taken_whatever_push_services_do(
    talks: ConversationDesk, service: PushService
) -> None:
    one, other = await talks.friends(1, 1)
    browser = await subscribe(talks, service, other.machines[0])
    talk = await talks.talk(one, other)
    await talk.ack_all(one, other)
    await talk.send(one)
    assert browser.received == []
    assert service.raw == [], "nothing is asked of anybody before the message is answered"
    conversation = await talks.pool.fetchval("SELECT told_in FROM accounts.push_subscriptions")
    assert conversation is None
    await look(talks)
    assert await talks.pool.fetchval("SELECT told_in FROM accounts.push_subscriptions") == talk.id


async def test_what_waits_to_be_looked_at_is_bounded_and_kept_while_the_database_is_away(
    talks: ConversationDesk, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ephemeral.conversations.service.wakes._MOST", 1)
    one, other = await talks.friends(1, 1)
    browser = await subscribe(talks, service, other.machines[0])
    talk = await talks.talk(one, other)
    await talk.ack_all(one, other)
    await talk.send(one)
    talks.wakes.wrote([b"another conversation"])
    await talks.wakes.turn(0)

    async def away(_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(talks.wakes, "_mark", away)
        with pytest.raises(ConnectionError):
            await talks.wakes.turn(0)
    await look(talks)
    assert len(browser.received) == 1
