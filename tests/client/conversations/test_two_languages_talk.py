"""One conversation of devices with the client's library, and with the browser's engine."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.correspondents import Device, refusals, texts
from support.people.scripted import Refused, Script, Scripted, befriend, scripted

from ephemeral.client.exits import ClientError
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.errors import Refusal


@pytest.fixture
async def script(shared_server: Program) -> AsyncIterator[Script]:
    async with scripted(shared_server.url) as running:
        yield running


@pytest.fixture
async def ada(shared_server: Program, tmp_path: Path) -> Device:
    """Of the library."""
    return await Device(shared_server.url, tmp_path / "ada").register()


@pytest.fixture
async def bob(script: Script, ada: Device) -> Scripted:
    """Of the engine, a contact of Ada's."""
    made = await Scripted(script, "bob").register()
    await befriend(made, ada)
    return made


async def heard(device: Device) -> list[str]:
    news = await device.hears()
    assert refusals(news) == []
    return texts(news)


@pytest.mark.parametrize("founder", ["library", "engine"])
async def test_what_is_said_in_one_language_is_heard_in_the_other(
    ada: Device, bob: Scripted, founder: str
):
    if founder == "library":
        async with ada.open() as talk:
            conversation = await talk.found([b64decode(bob.chain)])
        id_ = b64encode(conversation)
    else:
        account = b64encode(await ada.account_id())
        id_ = await bob.does("founds", accounts=[account])
        conversation = b64decode(id_)
        assert await heard(ada) == []
    await ada.says(conversation, "first")
    assert await bob.does("syncs") == []
    await bob.does("says", id=id_, text="second")
    assert await heard(ada) == ["first", "second"]
    await ada.says(conversation, "third 🌱")
    assert await bob.does("syncs") == []
    assert await bob.does("texts", id=id_) == ["(record)", "first", "second", "third 🌱"]


async def test_both_change_who_is_in_it_at_once_and_both_wishes_come_true(
    ada: Device, bob: Scripted, shared_server: Program, tmp_path: Path
):
    eve = await Device(shared_server.url, tmp_path / "eve").register()
    await ada.befriend(eve)
    fay = await Scripted(bob.script, "fay").register()
    await bob.does("befriends", whom="fay")
    async with ada.open() as talk:
        conversation = await talk.found({b64decode(bob.chain): "admin"})
    id_ = b64encode(conversation)
    assert await bob.does("syncs") == []

    async def adds() -> None:
        async with ada.open() as talk:
            await talk.add(conversation, [eve.chain])
            await talk.timer(conversation, 3600)

    await asyncio.gather(
        adds(),
        bob.does("adds", id=id_, accounts=[fay.account]),
        bob.does("says", id=id_, text="meanwhile", beside=True),
    )
    await bob.does("syncs")
    view = await bob.does("views", id=id_)
    assert {one["chain"] for one in view["people"]} == {
        b64encode(ada.chain), b64encode(eve.chain), bob.chain, fay.chain
    }  # fmt: skip
    assert view["timer"] == 3600
    await fay.does("syncs")
    await fay.does("says", id=id_, text="all here")
    assert (await heard(ada))[-1] == (await heard(eve))[-1] == "all here"
    await bob.does("syncs")
    assert (await bob.does("texts", id=id_))[-1] == "all here"
    # Who is removed in one language reads no more in the other.
    await bob.does("removes", id=id_, people=[b64encode(eve.chain)])
    async with ada.open() as talk:
        await talk.remove(conversation, [b64decode(fay.chain)])
        await talk.text(conversation, "two again")
    await fay.does("syncs")
    assert (await fay.does("views", id=id_))["standing"] == "gone"
    assert refusals(await eve.hears()) == ["not_member"]


async def test_what_was_said_is_changed_by_who_said_it_and_by_nobody_else(
    ada: Device, bob: Scripted
):
    async with ada.open() as talk:
        conversation = await talk.found([b64decode(bob.chain)])
        sent = await talk.text(conversation, "helo")
    id_ = b64encode(conversation)
    of = {"device": b64encode(ada.id), "id": b64encode(sent.id)}
    assert await bob.does("syncs") == []
    await bob.does("sends", id=id_, kind="edit", body={"of": of, "text": "mine", "mentions": []})
    await bob.does("sends", id=id_, kind="reaction", body={"of": of, "reaction": "+1"})
    news = await ada.hears()
    edits = [one for one in news if one.content is not None and one.content.kind == "edit"]
    assert [one.details.get("counts", True) for one in edits] == [False]
    async with ada.open() as talk:
        body = {"of": of, "text": "hello", "mentions": []}
        await talk.send(conversation, "edit", body)
    assert await bob.does("syncs") == []
    assert await bob.does("texts", id=id_) == ["(record)", "hello", "(message_target)"]
    lines = await bob.does("lines", id=id_)
    assert [one["value"].get("reactions") for one in lines] == [None, {bob.chain: "+1"}, None]


async def test_who_leaves_is_taken_out_by_whoever_speaks_next(ada: Device, bob: Scripted):
    eve = await Scripted(bob.script, "eve").register()
    await befriend(eve, ada)
    async with ada.open() as talk:
        conversation = await talk.found([b64decode(bob.chain), b64decode(eve.chain)])
    id_ = b64encode(conversation)
    assert await bob.does("syncs") == await eve.does("syncs") == []
    await bob.does("leaves", id=id_)
    await ada.says(conversation, "without him")
    assert await eve.does("syncs") == []
    async with ada.open() as talk:
        await talk.leave(conversation)
    await eve.does("says", id=id_, text="alone")
    view = await eve.does("views", id=id_)
    assert [(one["chain"], one["role"]) for one in view["people"]] == [(eve.chain, "admin")]
    assert await eve.does("texts", id=id_) == [
        "(record)", "(record)", "without him", "(record)", "alone"
    ]  # fmt: skip


async def test_what_can_not_go_on_goes_on_elsewhere(ada: Device, bob: Scripted):
    async with ada.open() as talk:
        first = await talk.found({b64decode(bob.chain): "admin"})
    assert await bob.does("syncs") == []
    id_ = await bob.does("repairs", id=b64encode(first))
    await bob.does("says", id=id_, text="over here")
    assert await heard(ada) == ["over here"]
    async with ada.open() as talk:
        third = await talk.repair(b64decode(id_))
        await talk.text(third, "and here")
    assert await bob.does("syncs") == []
    view = await bob.does("views", id=b64encode(third))
    assert view["standing"] == "following"
    assert await bob.does("texts", id=b64encode(third)) == ["(record)", "and here"]


@pytest.mark.parametrize("who", ["library", "engine"])
async def test_a_device_that_comes_and_goes_while_the_others_are_away(
    ada: Device, bob: Scripted, tmp_path: Path, who: str
):
    """It is linked, writes before anybody else has seen it, and is removed: those who were away
    all the while read what it said then, and it reads nothing more."""
    async with ada.open() as talk:
        conversation = await talk.found([b64decode(bob.chain)])
        await talk.text(conversation, "before")
        # Whoever is linked is told what was followed at the last look at everything.
        await talk.sync()
    id_ = b64encode(conversation)
    assert await bob.does("syncs") == []
    if who == "library":
        async with ada.file() as account:
            pinned = dict(account.kept.conversations)
        phone = await ada.another(tmp_path / "phone", pinned)
        assert await heard(phone) == []
        await phone.says(conversation, "from the phone")
        await ada.revoke(phone.id)
        async with ada.open() as talk:
            assert await talk.renew() == 0
        await ada.says(conversation, "it was stolen")
        with pytest.raises((ClientError, Refusal)):
            await phone.hears()
        assert await bob.does("syncs") == []
        assert (await bob.does("texts", id=id_))[1:] == [
            "before", "(record)", "from the phone", "(record)", "it was stolen"
        ]  # fmt: skip
    else:
        tablet = await bob.another("tablet")
        assert await tablet.does("syncs") == []
        await tablet.does("says", id=id_, text="from the tablet")
        await bob.does("revokes", device=tablet.device)
        assert await bob.does("renewsAll") == 0
        await bob.does("says", id=id_, text="it was stolen")
        with pytest.raises(Refused):
            await tablet.does("says", id=id_, text="still me")
        assert await heard(ada) == ["before", "from the tablet", "it was stolen"]
    async with ada.open() as talk:
        await talk.sync()
        left = {one.device for one in talk._of(conversation).record.devices}
    assert left == {ada.id, b64decode(bob.device)}


async def walk(
    ada: Device, eve: Device, bob: Scripted, fay: Scripted, steps: int, seed: int
) -> None:
    """Four people say and change things in any order, one of whose programs dies now and then."""
    drawn = random.Random(seed)
    async with ada.open() as talk:
        roles = dict.fromkeys([eve.chain, b64decode(bob.chain), b64decode(fay.chain)], "admin")
        conversation = await talk.found(roles)
    id_ = b64encode(conversation)
    said = []
    for step in range(steps):
        who = drawn.choice([ada, eve, bob, fay])
        deed = drawn.choice(["says", "says", "says", "times", "renews", "dies", "reads"])
        if isinstance(who, Scripted):
            if deed == "dies":
                await who.does("dies", after=drawn.randint(1, 6))
            if deed in {"says", "dies"}:
                said.append(f"{step}")
                await who.dies_or_does("says", id=id_, text=f"{step}")
            elif deed == "reads":
                await who.does("syncs")
            else:
                await who.does(deed, id=id_, **({"timer": step} if deed == "times" else {}))
            await who.does("begins")
        else:
            async with who.open() as talk:
                await talk.sync()
                if deed == "says":
                    said.append(f"{step}")
                    await talk.text(conversation, f"{step}")
                elif deed == "times":
                    await talk.timer(conversation, step)
    for one in (bob, fay):
        await one.does("syncs")
        await one.does("syncs")
    got = [await one.does("texts", id=id_) for one in (bob, fay)]
    assert got[0] == got[1]
    words = [one for one in got[0] if one != "(record)"]
    assert sorted(set(words), key=int) == sorted(words, key=int)
    assert set(words) <= set(said)
    for device in (ada, eve):
        assert await heard(device) == words
    # What was put away before a death is sent by the next start; only what never was is missing.
    for one in (bob, fay):
        view = await one.does("views", id=id_)
        assert (view["standing"], view["waiting"], view["copied"]) == ("following", [], False)


@pytest.mark.parametrize(
    ("steps", "seed"), [(30, 1), pytest.param(600, 2, marks=pytest.mark.release)]
)
@pytest.mark.timeout(600)
async def test_any_history_is_the_same_in_both(
    ada: Device, bob: Scripted, shared_server: Program, tmp_path: Path, steps: int, seed: int
):
    eve = await Device(shared_server.url, tmp_path / "eve").register()
    await ada.befriend(eve)
    fay = await Scripted(bob.script, "fay").register()
    await befriend(fay, ada)
    await walk(ada, eve, bob, fay, steps, seed)
