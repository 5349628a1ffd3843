"""Who listens is told what the services do: with a real database, and real hints."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from support.machines.account_services import Machine, Person
from support.machines.conversation_desk import ConversationDesk, seat

from ephemeral.conversations.api.socket_events import SocketEvents
from ephemeral.conversations.service.ends import Ends
from ephemeral.conversations.service.hub import Hub
from ephemeral.conversations.service.listening import Attended, Listening, Wanted
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.conversations.records import MEMBER
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

PATIENCE = 20


class Ear:
    """A device that listens, and what it is told."""

    def __init__(self, person: Person, machine: Machine) -> None:
        assert machine.session is not None
        self.account, self.device, self.sid = person.account, machine.id, machine.session.sid
        self.frames: list[dict[str, Any]] = []
        self.stands: Mapping[bytes, Attended] = {}
        self._came = asyncio.Event()
        self.ended = asyncio.Event()

    def deliver(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))
        self._came.set()

    def session_ended(self) -> None:
        self.ended.set()

    async def event(self, kind: str) -> dict[str, Any]:
        """The next of a kind; others stay."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for number, frame in enumerate(self.frames):
                    if frame["type"] == kind:
                        return self.frames.pop(number)
                self._came.clear()
                await self._came.wait()


Listen = Callable[..., Awaitable[Ear]]


@pytest.fixture
async def listen(talks: ConversationDesk) -> AsyncIterator[Listen]:
    """Lets a device listen."""
    accounts, services, desk = talks.accounts, talks.services, talks.desk

    async def topics_of(account: bytes) -> list[bytes]:
        return [accounts.watches.topic(account)]

    hub = Hub(
        Listening(talks.pool, services.reading), services.recent, services.hints, desk.bus,
        Ends(accounts.ended, accounts.suspensions), topics_of, SocketEvents(), desk.faults.append,
    )  # fmt: skip
    running = asyncio.create_task(hub.run())

    async def begin(person: Person, machine: Machine | None = None) -> Ear:
        ear = Ear(person, machine or person.machines[0])
        attended, _ = await hub.begin(ear)
        ear.stands = {one.row.conversation: one for one in attended}
        return ear

    yield begin
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_records_people_and_ends_are_told_to_whom_they_concern(
    talks: ConversationDesk, listen: Listen
):
    one, two, three = await talks.friends(1, 1, 1)
    talk = await talks.talk(one, two)
    ears = [await listen(each) for each in (one, two, three)]
    assert [sorted(each.stands) for each in ears] == [[talk.id], [talk.id], []]
    # Somebody comes.
    await talk.renew(one, Change(add={three.chain.id: MEMBER}), others=[three])
    for ear in ears[:2]:
        assert (await ear.event("epoch"))["epoch"] == 2
        (item,) = (await ear.event("entry"))["entries"]
        assert (item["s"], item["kind"], "entry" in item) == (2, 1, True)
    come = (await ears[2].event("conversations"))["come"]
    assert come == [{"conversation": b64encode(talk.id), "s": 2, "epoch": 2}]
    # Somebody links a device: the others learn that their chain has gone on.
    await two.link(two.machines[0])
    for ear in (ears[0], ears[2]):
        assert (await ear.event("people"))["conversation"] == b64encode(talk.id)
    await ears[1].event("device")
    # Somebody leaves, and hears nothing from then on.
    left = await talk.leave(three)
    assert (await ears[2].event("conversations"))["gone"] == [b64encode(talk.id)]
    ears[2].frames.clear()
    await ears[0].event("people")
    await talk.renew(one, Change(leaves=(left,)))
    await talk.send(one)
    while (await ears[0].event("entry"))["s"] < talk.s:
        pass
    assert ears[2].frames == []
    # All of it ends.
    await talks.services.membership.end(seat(one), talk.id)
    for ear in ears[:2]:
        assert (await ear.event("conversations"))["gone"] == [b64encode(talk.id)]


async def test_a_device_that_is_removed_hears_that_and_its_owner_of_all_conversations(
    talks: ConversationDesk, listen: Listen
):
    one, two = await talks.friends(1, 2)
    some = [await talks.talk(one, two) for _ in range(3)]
    here, gone, stays = await listen(one), await listen(two, two.machines[1]), await listen(two)
    await two.revoke(two.machines[0], two.machines[1])
    async with asyncio.timeout(PATIENCE):
        await gone.ended.wait()
    told = {(await here.event("people"))["conversation"] for _ in some}
    assert told == {b64encode(one.id) for one in some}
    # For the own devices too.
    assert {(await stays.event("people"))["conversation"] for _ in some} == told


async def test_of_what_is_forgotten_or_too_much_it_is_told_that_it_is_there(
    talks: ConversationDesk, listen: Listen
):
    one, two = await talks.friends(1, 1)
    talk = await talks.talk(one, two)
    ear = await listen(one)
    # As another process would write: not to be found in memory.
    for _ in range(4):
        await talk.send(two, count=16, size=ENTRY_SIZES[0])
    listening = Listening(talks.pool, talks.services.reading)
    devices = [(one.account, one.machines[0].id), (os.urandom(16), os.urandom(16))]

    async def standing(after: int) -> Any:
        found = await listening.standings([Wanted(talk.id, after, devices)])
        return found[talk.id]

    read = await standing(1)
    assert [item.s for item in read.items] == list(range(2, 66))
    assert all(item.entry for item in read.items)
    assert read.firsts == {one.machines[0].id: 1}
    assert (read.row.s, read.row.log) == (talk.s, talk.log)
    await talk.renew(one)
    await talk.ack_all(one, two)
    assert (await standing(1)).items == []
    assert (await standing(talk.s - 1)).items[-1].s == talk.s
    assert await listening.standings([Wanted(os.urandom(16), 0, devices)]) == {}
    assert (await ear.event("receipt"))["receipts"]


async def test_nobody_hears_of_an_account_that_is_gone(talks: ConversationDesk, listen: Listen):
    one, two = await talks.friends(1, 1)
    talk = await talks.talk(one, two)
    ear, other = await listen(one), await listen(two)
    await two.close(two.machines[0], by=two.recovery)
    async with asyncio.timeout(PATIENCE):
        await other.ended.wait()
    await ear.event("people")
    await talk.renew(one)
    assert (await ear.event("epoch"))["epoch"] == 2
    with pytest.raises(Refusal, match="session_ended"):
        await listen(two)
