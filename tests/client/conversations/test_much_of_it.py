"""Much of everything, in both languages: messages by the thousand, many people and devices, and
many conversations."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from support.machines.database import Server as Postgres
from support.machines.server import Program, Serve
from support.people.correspondents import Device, refusals, texts
from support.people.scripted import Script, Scripted, befriend, scripted
from support.people.village import free_port, served, village_at

from ephemeral.client.conversations.news import DESTROYED, RECORD, News
from ephemeral.client.exits import ClientError
from ephemeral.conversations.rules import limits
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal


@pytest.fixture(scope="module")
def shared_server(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """One at which people may do in a minute what takes them hours otherwise."""
    starting = Serve(postgres, tmp_path_factory.mktemp("much"))
    yield starting(ACCOUNT_REQUESTS_PER_ACCOUNT="off")
    starting.close()


@pytest.fixture
async def script(shared_server: Program) -> AsyncIterator[Script]:
    async with scripted(shared_server.url) as running:
        yield running


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def destroyed(news: list[News]) -> int:
    """How many messages are said to be no more."""
    ranges = [one.details for one in news if one.kind == DESTROYED]
    return sum(int(str(one["to"])) - int(str(one["from"])) + 1 for one in ranges)


async def three(ada: Device, bob: Device, cleo: Scripted) -> bytes:
    """A conversation that all have seen."""
    await befriend(cleo, ada)
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain, b64decode(cleo.chain)])
    assert refusals(await bob.hears()) == []
    assert await cleo.does("syncs") == []
    return conversation


async def founded(
    count: int, found: Callable[[], Awaitable[bytes]], other: Device
) -> tuple[list[bytes], list[News]]:
    """So many conversations, and what the other has heard of them, who says a word in each: else
    nobody could bring them into so many."""
    made: list[bytes] = []
    heard: list[News] = []
    while len(made) < count:
        some = [await found() for _ in range(min(limits.UNANSWERED_MAX, count - len(made)))]
        heard += await other.hears()
        async with other.open() as talk:
            for one in some:
                await talk.text(one, "I am here")
        made += some
    return made, heard


@pytest.mark.parametrize("count", [1_000, pytest.param(6_000, marks=pytest.mark.release)])
async def test_who_missed_thousands_of_messages_reads_all_that_waits(
    ada: Device, bob: Device, script: Script, count: int
):
    """A third of what a conversation keeps is for each of three people."""
    cleo = await Scripted(script, "cleo").register()
    conversation = await three(ada, bob, cleo)
    await ada.says_many(conversation, numbers(count))
    kept = numbers(count)[-(limits.WAITING_MESSAGES // 3) :]
    lost = count - len(kept)
    heard = await bob.hears()
    assert (texts(heard), destroyed(heard), refusals(heard)) == (kept, lost, [])
    assert await cleo.does("syncs") == []
    id_ = b64encode(conversation)
    assert await cleo.does("texts", id=id_) == ["(record)", *["(destroyed)"] * lost, *kept]
    await cleo.does("says", id=id_, text="I have read all of it")
    assert await bob.texts() == ["I have read all of it"]
    assert (await ada.texts())[-1] == "I have read all of it"


async def test_who_floods_a_conversation_loses_only_their_own(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(limits, "WAITING_MESSAGES", 30)
    port = free_port()
    async with (
        scripted(f"http://127.0.0.1:{port}") as script,
        village_at(database_url, tmp_path) as village,
        served(village, port),
    ):
        ada, bob, dan = [await village.new(name) for name in ("ada", "bob", "dan")]
        await ada.befriend(bob)
        await ada.befriend(dan)
        cleo = await Scripted(script, "cleo").register()
        await befriend(cleo, ada)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain, dan.chain, b64decode(cleo.chain)])
        id_ = b64encode(conversation)
        await bob.says(conversation, "before")
        await ada.says_many(conversation, numbers(40))
        await bob.says(conversation, "between")
        await ada.says_many(conversation, numbers(40))
        await bob.says(conversation, "after")
        # One of four has a share of seven.
        last = numbers(40)[-7:]
        heard = await dan.hears()
        assert texts(heard) == ["before", "between", *last, "after"]
        assert (destroyed(heard), refusals(heard)) == (73, [])
        assert await cleo.does("syncs") == []
        seen = await cleo.does("texts", id=id_)
        assert [one for one in seen if one[0] != "("] == ["before", "between", *last, "after"]
        await dan.says(conversation, "nobody is held up")
        assert (await bob.texts())[-1] == "nobody is held up"


@pytest.mark.parametrize("people", [8, pytest.param(20, marks=pytest.mark.release)])
async def test_many_people_with_two_devices_each_hear_the_same(
    ada: Device, new, script: Script, tmp_path: Path, people: int
):
    """Four of them with the browser's engine."""
    library = [ada, *[await new(f"library{number}") for number in range(people - 5)]]
    for one in library[1:]:
        await ada.befriend(one)
    engine = [await Scripted(script, f"engine{number}").register() for number in range(4)]
    for one in engine:
        await befriend(one, ada)
    others = [await one.another(tmp_path / f"other{at}") for at, one in enumerate(library)]
    more = [await one.another(f"other of {one.name}") for one in engine]
    async with ada.open() as talk:
        chains = [one.chain for one in library[1:]]
        conversation = await talk.found([*chains, *[b64decode(one.chain) for one in engine]])
        record = talk._of(conversation).record
    assert (len(record.people), len(record.devices)) == (people, 2 * people)
    id_ = b64encode(conversation)
    # All who haven't even seen it yet say something at once.
    await asyncio.gather(
        *[one.says(conversation, one.id.hex()) for one in library + others],
        *[one.does("says", id=id_, text=b64decode(one.device).hex()) for one in engine + more],
    )
    devices = [one.id for one in library + others] + [
        b64decode(one.device) for one in engine + more
    ]
    said = await ada.texts()
    assert sorted(said) == sorted(one.hex() for one in devices)
    for one in library[1:] + others:
        heard = await one.hears()
        assert (texts(heard), refusals(heard)) == (said, [])
    for one in engine + more:
        assert await one.does("syncs") == []
        assert await one.does("texts", id=id_) == ["(record)", *said]
    # Two of them are removed: the others go on with a key that those don't have.
    gone = [library[-1].chain, b64decode(engine[-1].chain)]
    async with ada.open() as talk:
        await talk.remove(conversation, gone)
    await more[0].does("says", id=id_, text="two less")
    assert await others[1].texts() == ["two less"]
    assert refusals(await others[-1].hears()) == ["not_member"]
    await more[3].does("syncs")
    assert (await more[3].does("views", id=id_))["standing"] == "gone"


@pytest.mark.parametrize("count", [6, pytest.param(500, marks=pytest.mark.release)])
@pytest.mark.parametrize("language", ["library", "engine"])
@pytest.mark.timeout(1200)
async def test_a_removed_device_is_rid_of_in_all_conversations_at_once(
    ada: Device, bob: Device, script: Script, tmp_path: Path, language: str, count: int
):
    """Bob sees it in each, whichever program removes it."""
    if language == "library":
        phone = await ada.another(tmp_path / "phone")
        async with ada.open() as talk:
            found, heard = await founded(count, lambda: talk.found([bob.chain]), bob)
        assert refusals(await phone.hears()) == []
        await ada.revoke(phone.id)
        async with ada.open() as talk:
            assert await talk.renew() == 0
        with pytest.raises((ClientError, Refusal)):
            await phone.hears()
    else:
        cleo = await Scripted(script, "cleo").register()
        await befriend(cleo, bob)
        old = await cleo.another("old")
        account = b64encode(await bob.account_id())

        async def founds() -> bytes:
            return b64decode(await cleo.does("founds", accounts=[account]))

        found, heard = await founded(count, founds, bob)
        assert await old.does("syncs") == []
        await cleo.does("revokes", device=old.device)
        assert await cleo.does("renewsAll") == 0
    heard += await bob.hears()
    assert refusals(heard) == []
    epochs = [(one.conversation, one.details["epoch"]) for one in heard if one.kind == RECORD]
    assert sorted(epochs) == sorted((one, epoch) for one in found for epoch in (1, 2))
    async with bob.open() as talk:
        assert {len(talk._of(one).record.devices) for one in found} == {2}
