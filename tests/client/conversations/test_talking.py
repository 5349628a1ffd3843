"""Two people talk by the client's library, against the real server."""

from pathlib import Path

import pytest
from support.machines.server import Program
from support.people.correspondents import Device, refusals, texts


@pytest.fixture
async def ada(shared_server: Program, tmp_path: Path) -> Device:
    return await Device(shared_server.url, tmp_path / "ada").register()


@pytest.fixture
async def bob(shared_server: Program, tmp_path: Path, ada: Device) -> Device:
    made = await Device(shared_server.url, tmp_path / "bob").register()
    await ada.befriend(made)
    return made


async def test_what_is_said_is_heard_once_by_everybody_in_one_order(ada: Device, bob: Device):
    async with ada.open() as talk:
        conversation = await talk.found([bob.chain])
        await talk.text(conversation, "first")
        await talk.text(conversation, "second")
    heard = await bob.hears()
    assert texts(heard) == ["first", "second"]
    assert refusals(heard) == []
    await bob.says(conversation, "third")
    assert await ada.texts() == ["first", "second", "third"]
    assert await bob.texts() == ["third"]
    assert await bob.texts() == await ada.texts() == []
