"""One conversation of devices with the client's library, and with the browser's engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.correspondents import Device, refusals, texts
from support.people.scripted import Script, Scripted, scripted

from ephemeral.protocol.encoding import b64decode, b64encode


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


async def befriend(one: Scripted, other: Device) -> None:
    await one.asks("PUT", "contacts/findable", {"findable": True})
    async with other.file() as account:
        body = {"address": one.address, "own": other.person.address}
        await account.ask("POST", "/contacts/requests", body)
    account_id = b64encode(await other.account_id())
    await one.asks("PUT", f"contacts/{account_id}", {"state": "accepted"})


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
