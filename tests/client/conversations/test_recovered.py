"""An account that was recovered by its ten words, with what a lost device had pinned."""

from pathlib import Path

import pytest
from support.people.account_holders import Machine
from support.people.command_line import Cli
from support.people.correspondents import Device, Person, refusals

from ephemeral.protocol.encoding import b64encode

pytestmark = pytest.mark.usefixtures("_stretched_cheaply")


async def device_of(machine: Machine) -> Device:
    """What a machine at the command line has, by the library."""
    found = Device(machine.cli.url, machine.state, Person(machine.address, "", None))  # type: ignore[arg-type]
    async with found.file() as account:
        assert account.kept.pin is not None
        assert account.kept.device is not None
        found.chain, found.id = account.kept.pin.chain, account.kept.device
    return found


async def test_who_recovers_an_account_goes_on_in_its_conversations(
    cli: Cli, bob: Device, tmp_path: Path
):
    laptop = Machine(cli, "laptop")
    laptop.register()
    ada = await device_of(laptop)
    await ada.befriend(bob)
    async with bob.open() as talk:
        conversation = await talk.found([ada.chain])
    # They are no contacts any more: by itself no device of hers follows him.
    account = b64encode(await ada.account_id())
    async with bob.file() as file:
        await file.ask("DELETE", f"/contacts/{account}")
    async with ada.open() as talk:
        await talk.sync()
        await talk.agree(conversation)
        await talk.text(conversation, "from the laptop")
        await talk.sync()
    assert await bob.texts() == ["from the laptop"]
    phone = Machine(cli, "phone", "a wholly new one")
    words = {"EPHEMERAL_WORDS": laptop.words, "EPHEMERAL_NEW_PASSWORD": phone.password}
    phone.json("recover", laptop.address, environment=words)
    phone.address = laptop.address
    again = await device_of(phone)
    heard = await again.hears()
    assert refusals(heard) == []
    await again.says(conversation, "from the phone")
    assert await bob.texts() == ["from the phone"]
    await bob.says(conversation, "welcome back")
    assert (await again.texts())[-1] == "welcome back"
