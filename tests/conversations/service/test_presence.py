"""Who is here, in several processes without a network: who is told, what passes, who has died."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import msgspec
import pytest

from ephemeral.accounts.doors import ContactsChanged
from ephemeral.conversations.api.socket_events import SocketEvents
from ephemeral.conversations.rules.presence import KINDS, Here
from ephemeral.conversations.service import presence as module
from ephemeral.conversations.service.presence import Presence
from ephemeral.live.bus import Hint, UnsureEvent
from ephemeral.live.hints import HintCodec
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import Refusal

ADA, BO, CY = (bytes([number]) * 16 for number in range(3))


def topic(account: bytes) -> bytes:
    return b"presence" + account


def account_topic(account: bytes) -> bytes:
    return b"account" + account


class Socket:
    """One that has presence on, or may have."""

    def __init__(self, account: bytes) -> None:
        self.account = account
        self.told: list[tuple[set[bytes], set[bytes]]] = []

    def deliver(self, frame: bytes) -> None:
        said = msgspec.json.decode(frame)
        assert said["type"] == "presence"
        come, gone = ({b64decode(one, 16) for one in said[way]} for way in ("come", "gone"))
        self.told.append((come, gone))

    @property
    def sees(self) -> set[bytes]:
        """Whom a client shows as here that believes all of it."""
        here = set[bytes]()
        for come, gone in self.told:
            here = (here - gone) | come
        return here


class Village:
    """Processes, the bus between them, and who is whose contact."""

    def __init__(self) -> None:
        self.codec = HintCodec()
        self.codec.register(KINDS)
        self.pairs: set[frozenset[bytes]] = set()
        self.processes: list[Process] = []
        self.hints: list[Hint] = []
        self.faults: list[BaseException] = []
        self.reads = 0
        self.is_away = False

    def befriend(self, one: bytes, two: bytes) -> None:
        self.pairs.add(frozenset((one, two)))

    def part(self, one: bytes, two: bytes) -> None:
        self.pairs.discard(frozenset((one, two)))
        self.say([(account_topic(each), ContactsChanged()) for each in (one, two)])

    async def contacts(self, accounts: Sequence[bytes]) -> Mapping[bytes, Collection[bytes]]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise Refusal("unavailable")
        return {
            one: {other for pair in self.pairs if one in pair for other in pair - {one}}
            for one in accounts
        }

    def say(self, hints: Sequence[Hint]) -> None:
        self.hints += hints
        for process in self.processes:
            if process.is_up:
                process.presence.receive([one for one in hints if process.presence.listens(one[0])])

    def process(self) -> "Process":
        made = Process(self)
        self.processes.append(made)
        return made


class Process:
    """One, with its end of the bus."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.is_up = True
        self.presence = Presence(
            self, os.urandom(16), topic, account_topic, village.contacts,
            SocketEvents().presence, village.faults.append,
        )  # fmt: skip
        self.running = asyncio.create_task(self.presence.run())

    def publish(self, hints: Sequence[Hint]) -> None:
        if self.is_up:
            self.village.say(hints)
        else:
            self.presence.receive([one for one in hints if self.presence.listens(one[0])])

    def subscribe(self, subscriber: object) -> None:
        """The village knows it."""

    def show(self, account: bytes) -> Socket:
        socket = Socket(account)
        self.presence.show(socket)
        return socket

    def kill(self) -> None:
        """It says nothing more."""
        self.is_up = False
        self.village.processes.remove(self)
        self.running.cancel()


@pytest.fixture
async def village(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Village]:
    """In which nothing takes long."""
    for name in ("_EACH_SECONDS", "_GATHER_SECONDS", "_AGAIN_SECONDS", "_ASK_SECONDS"):
        monkeypatch.setattr(module, name, 0.0)
    for name in ("GRACE_SECONDS", "_DOUBT_SECONDS", "_BEAT_SECONDS"):
        monkeypatch.setattr(module, name, 0.02)
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    made = Village()
    yield made
    for process in made.processes:
        process.running.cancel()
    await asyncio.gather(*(one.running for one in made.processes), return_exceptions=True)
    assert made.faults == []


async def until(socket: Socket, *here: bytes) -> None:
    """Wait until somebody sees these, and nobody else."""
    async with asyncio.timeout(10):
        while not socket.told or socket.sees != set(here):  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)
    await asyncio.sleep(0.005)


@pytest.mark.parametrize("apart", [False, True])
async def test_contacts_who_both_have_it_on_see_each_other_come_and_go(
    village: Village, apart: bool
):
    first = village.process()
    second = village.process() if apart else first
    village.befriend(ADA, BO)
    ada = first.show(ADA)
    await until(ada)
    bo = second.show(BO)
    # He comes last and is told who was there.
    await until(bo, ADA)
    await until(ada, BO)
    second.presence.hide(bo)
    await until(ada)
    before = list(bo.told)
    first.presence.hide(ada)
    await settled()
    assert bo.told == before, "who hides is told nothing more"
    assert not first.presence._people, "and nothing is left of anybody"


async def test_a_stranger_who_watches_others_is_told_of_nobody_and_seen_by_nobody(village: Village):
    process = village.process()
    village.befriend(ADA, BO)
    ada, cy = process.show(ADA), process.show(CY)
    bo = process.show(BO)
    await until(ada, BO)
    await until(cy)
    assert (bo.sees, cy.told) == ({ADA}, [(set(), set())])


@pytest.mark.parametrize("apart", [False, True])
async def test_where_a_contact_ends_both_are_gone_for_each_other_at_once(
    village: Village, apart: bool
):
    first = village.process()
    second = village.process() if apart else first
    village.befriend(ADA, BO)
    ada, bo = first.show(ADA), second.show(BO)
    await until(ada, BO)
    await until(bo, ADA)
    village.part(ADA, BO)
    await until(ada)
    await until(bo)
    # Whoever switches it now isn't heard of any more.
    second.presence.hide(bo)
    second.show(BO)
    await settled()
    assert ada.sees == set()


async def test_while_it_is_not_known_who_is_a_contact_nothing_is_told(village: Village):
    process = village.process()
    village.befriend(ADA, BO)
    ada = process.show(ADA)
    await until(ada)
    village.is_away = True
    village.part(ADA, BO)
    bo = process.show(BO)
    await settled()
    assert (ada.sees, bo.told) == (set(), [])
    village.is_away = False
    await until(bo)


async def test_a_connection_that_comes_back_soon_was_never_gone(village: Village):
    first, second = village.process(), village.process()
    village.befriend(ADA, BO)
    ada, bo = first.show(ADA), second.show(BO)
    await until(ada, BO)
    village.hints.clear()
    second.presence.leave(bo)
    again = second.show(BO)
    await until(again, ADA)
    await asyncio.sleep(module.GRACE_SECONDS * 2)
    assert not [event for _, event in village.hints if isinstance(event, Here) and not event.here]
    assert ada.sees == {BO}
    # And who stays away is gone; another device of theirs keeps them.
    other = first.show(BO)
    second.presence.leave(again)
    await asyncio.sleep(module.GRACE_SECONDS * 2)
    assert ada.sees == {BO}
    first.presence.leave(other)
    await until(ada)


async def test_a_flood_of_coming_and_going_is_told_as_it_stands_in_the_end(
    village: Village, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_EACH_SECONDS", 0.05)
    process = village.process()
    village.befriend(ADA, BO)
    ada, bo = process.show(ADA), process.show(BO)
    await until(ada, BO)
    village.hints.clear()
    for _ in range(100):
        process.presence.hide(bo)
        process.presence.show(bo)
    process.presence.hide(bo)
    await until(ada)
    assert len([event for _, event in village.hints if isinstance(event, Here)]) == 1
    assert len(ada.told) <= 3


async def test_many_changes_at_once_are_one_frame(village: Village):
    process = village.process()
    others = [os.urandom(16) for _ in range(500)]
    for one in others:
        village.befriend(ADA, one)
    ada = process.show(ADA)
    await until(ada)
    for one in others:
        process.show(one)
    await until(ada, *others)
    assert len(ada.told) == 2


async def test_who_was_at_a_process_that_was_killed_is_gone_after_its_silence(village: Village):
    first, second = village.process(), village.process()
    village.befriend(ADA, BO)
    ada = first.show(ADA)
    second.show(BO)
    await until(ada, BO)
    second.kill()
    await until(ada)
    # And who was taken for dead, and isn't, is asked.
    third = village.process()
    third.show(BO)
    await until(ada, BO)
    third.is_up = False
    await until(ada)
    third.is_up = True
    await until(ada, BO)


@pytest.mark.parametrize("said", ["hint", "missed"])
async def test_what_was_not_heard_is_asked_and_without_an_answer_not_believed(
    village: Village, said: str
):
    first, second = village.process(), village.process()
    village.befriend(ADA, BO)
    village.befriend(ADA, CY)
    ada, bo = first.show(ADA), second.show(BO)
    second.show(CY)
    await until(ada, BO, CY)
    # His going gets lost on the way.
    first.is_up = False
    second.presence.hide(bo)
    await settled()
    first.is_up = True
    assert ada.sees == {BO, CY}
    if said == "hint":
        first.presence.receive([(topic(BO), UnsureEvent())])
    else:
        first.presence.missed()
    await until(ada, CY)


async def test_who_is_doubted_later_has_as_long_to_answer(
    village: Village, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_DOUBT_SECONDS", 100.0)
    monkeypatch.setattr(module, "SILENCE_SECONDS", 10_000.0)
    loop, ahead = asyncio.get_running_loop(), 0.0
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + ahead, raising=False)
    first, second = village.process(), village.process()
    village.befriend(ADA, BO)
    village.befriend(ADA, CY)
    ada = first.show(ADA)
    for one in (BO, CY):
        second.show(one)
    await until(ada, BO, CY)
    # Neither answers.
    second.kill()
    first.presence.receive([(topic(BO), UnsureEvent())])
    ahead += 90.0
    first.presence.receive([(topic(CY), UnsureEvent())])
    ahead += 20.0
    await until(ada, CY)
    await settled()
    assert ada.sees == {CY}
    ahead += 90.0
    await until(ada)


async def test_of_whom_nothing_is_sure_at_once_others_are_asked_at_once(village: Village):
    process = village.process()
    village.befriend(ADA, BO)
    village.befriend(ADA, CY)
    await until(process.show(ADA))
    published: list[Sequence[Hint]] = []
    process.publish = published.append  # type: ignore[method-assign]
    process.presence.receive([(topic(one), UnsureEvent()) for one in (BO, CY, BO)])
    assert [sorted(one for one, _ in hints) for hints in published] == [[topic(BO), topic(CY)]]


async def test_while_the_bus_is_away_contacts_that_have_ended_are_found_by_themselves(
    village: Village,
):
    process = village.process()
    village.befriend(ADA, BO)
    ada, bo = process.show(ADA), process.show(BO)
    await until(ada, BO)
    process.is_up = False
    village.part(ADA, BO)
    await until(ada)
    await until(bo)


async def test_what_passes_by_the_bus_names_no_account_and_is_read_there_again(village: Village):
    process = village.process()
    village.befriend(ADA, BO)
    process.show(ADA)
    await until(process.show(BO), ADA)
    frame = village.codec.encode(b"w", village.hints)
    assert village.codec.decode(frame, lambda _: True)[1] == village.hints
    events = [msgspec.msgpack.encode(event) for _, event in village.hints]
    assert not [one for one in events if ADA in one or BO in one]
