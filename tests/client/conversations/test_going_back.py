"""A server that was set back to an older state, as after the restoring of a backup."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.people.correspondents import Ask, Device, refusals, texts
from support.people.village import village_at

from ephemeral.client.exits import ClientError, unreachable
from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.encryption_key import GivenKeys
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.mark import this_machine
from ephemeral.sealing.restores import accept_restore
from ephemeral.store.postgres import open_pool


async def test_a_server_that_was_set_back_is_followed_visibly_and_nothing_is_shown_twice(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    people: list[Device] = []
    async with village_at(database_url, tmp_path) as village:
        ada, bob = await village.new("ada"), await village.new("bob")
        people = village.devices
        await ada.befriend(bob)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain])
        await ada.says(conversation, "before")
        assert await bob.texts() == ["before"]
    backup = copied(database_url)
    # All of the machine is set back, as by a snapshot of it.
    shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
    async with village_at(database_url, tmp_path, people):
        async with ada.open() as talk:
            await talk.text(conversation, "lost by the server")
            await talk.timer(conversation, 3600)
            await talk.text(conversation, "as well")
        assert await bob.texts() == ["lost by the server", "as well"]
        await ada.hears()
        # Sealed for that log, and never posted.
        ada.around = unreachable_for("/message")
        with pytest.raises(ClientError):
            await ada.says(conversation, "kept here")
        ada.around = None
    async with village_at(backup, tmp_path / "older", people):
        await bob.says(conversation, "after")
        heard = await ada.hears()
        assert refusals(heard) == ["server_back"]
        assert texts(heard) == ["after", "kept here"]
        await ada.says(conversation, "indeed")
        heard = await bob.hears()
        assert "server_back" in refusals(heard)
        assert texts(heard) == ["after", "kept here", "indeed"]


@pytest.mark.parametrize("most", [100, 2])
async def test_a_log_that_went_another_way_is_shown_in_its_own_order_and_nobody_is_blamed(
    database_url: str, tmp_path: Path, copied: Callable[[str], str], most: int
):
    """Also where the first of what is new there was written before anything of it was read."""
    people: list[Device] = []
    async with village_at(database_url, tmp_path) as village:
        ada, bob, eve = [await village.new(name) for name in ("ada", "bob", "eve")]
        people = village.devices
        await ada.befriend(bob)
        await ada.befriend(eve)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain, eve.chain])
        for one in people:
            await one.hears()
    backup = copied(database_url)
    shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
    async with village_at(database_url, tmp_path, people):
        await bob.says(conversation, "lost by the server")
    async with village_at(backup, tmp_path / "older", people):
        for one, said in ((ada, "one"), (eve, "two")):
            await one.says(conversation, said)
        for said in ("three", "four", "five"):
            await ada.says_all(conversation, said)
        bob.around = paged(most)
        heard = await bob.hears()
        assert refusals(heard) == ["server_back"]
        assert texts(heard) == ["lost by the server", "one", "two", "three", "four", "five"]


@pytest.mark.parametrize("renewed", [False, True])
async def test_nothing_that_is_kept_is_skipped_where_what_was_before_it_is_not(
    database_url: str, tmp_path: Path, copied: Callable[[str], str], renewed: bool
):
    """It had been read there, and isn't kept any more behind the record to which one goes back.

    Where a later epoch had begun in the log that the server has lost, the secret of the one before
    is gone: what was said in it can't be read, and is no gap.
    """
    people: list[Device] = []
    async with village_at(database_url, tmp_path) as village:
        ada, bob = await village.new("ada"), await village.new("bob")
        people = village.devices
        await ada.befriend(bob)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain])
        await ada.says(conversation, "one")
        assert await bob.texts() == ["one"]
    backup = copied(database_url)
    shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
    async with village_at(database_url, tmp_path, people):
        await ada.says(conversation, "lost by the server")
        if renewed:
            async with ada.open() as talk:
                await talk.timer(conversation, 60)
        assert await bob.texts() == ["lost by the server"]
    async with village_at(backup, tmp_path / "older", people):
        await ada.says(conversation, "two")
        async with ada.open() as talk:
            await talk.timer(conversation, 3600)
            await talk.text(conversation, "three")
        await ada.hears()
        asked: list[str] = []
        bob.around = noting(asked)
        heard = await bob.hears()
        assert refusals(heard) == ["server_back", *["box_broken"] * renewed]
        assert texts(heard) == (["three"] if renewed else ["two", "three"])
        assert [one.kind for one in heard if one.kind in {"gap", "destroyed"}] == []
        # It is the case that was meant.
        assert any(path.endswith("/messages?after=0") for path in asked)


async def test_who_was_removed_and_added_again_in_the_lost_log_reads_what_is_said_after_it(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    people: list[Device] = []
    async with village_at(database_url, tmp_path) as village:
        ada, bob = await village.new("ada"), await village.new("bob")
        people = village.devices
        await ada.befriend(bob)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain])
        await bob.hears()
    backup = copied(database_url)
    shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
    async with village_at(database_url, tmp_path, people):
        async with ada.open() as talk:
            await talk.text(conversation, "lost by the server")
            await talk.remove(conversation, [bob.chain])
        await bob.hears()
        async with ada.open() as talk:
            await talk.add(conversation, [bob.chain])
        await bob.hears()
    async with village_at(backup, tmp_path / "older", people):
        async with ada.open() as talk:
            await talk.timer(conversation, 3600)
            await talk.text(conversation, "after")
        assert texts(await bob.hears()) == ["after"]


async def test_who_was_removed_does_not_come_back_with_a_server_that_went_back(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    people: list[Device] = []
    async with village_at(database_url, tmp_path) as village:
        ada, bob, eve = [await village.new(name) for name in ("ada", "bob", "eve")]
        people = village.devices
        await ada.befriend(bob)
        await ada.befriend(eve)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain, eve.chain])
        for one in people:
            await one.hears()
    backup = copied(database_url)
    # All of the machine is set back, as by a snapshot of it.
    shutil.copytree(tmp_path / "data", tmp_path / "older" / "data")
    async with village_at(database_url, tmp_path, people):
        async with ada.open() as talk:
            await talk.remove(conversation, [eve.chain])
        await bob.hears()
    async with village_at(backup, tmp_path / "older", people):
        for one in (ada, bob):
            assert refusals(await one.hears()) == ["server_back"]
            with pytest.raises(Refusal) as refused:
                await one.says(conversation, "not for her")
            assert refused.value.code == "server_back"
        async with ada.open() as talk:
            again = await talk.repair(conversation)
            await talk.text(again, "for us two")
        assert await bob.texts() == ["for us two"]
        assert "for us two" not in await eve.texts()


async def test_a_server_that_has_lost_what_was_sealed_is_gone_on_with_by_a_repair(
    database_url: str, tmp_path: Path, copied: Callable[[str], str]
):
    """An older database that was accepted: its keys are destroyed, and so are all records."""
    people: list[Device] = []
    async with village_at(database_url, tmp_path) as village:
        ada, bob = await village.new("ada"), await village.new("bob")
        people = village.devices
        await ada.befriend(bob)
        async with ada.open() as talk:
            conversation = await talk.found([bob.chain])
        await ada.says(conversation, "before")
        await bob.hears()
    backup = copied(database_url)
    async with village_at(database_url, tmp_path, people):
        await ada.says(conversation, "since then")
        await bob.hears()
    await accepted(backup, tmp_path / "data")
    async with village_at(backup, tmp_path, people):
        for one in (bob, ada):
            # With its sessions, too.
            await one.sign_in()
            await one.hears()
        with pytest.raises(Refusal) as refused:
            await ada.says(conversation, "is anybody there")
        assert refused.value.code == "server_back"
        async with ada.open() as talk:
            again = await talk.repair(conversation)
            await talk.text(again, "here we are")
        assert await bob.texts() == ["here we are"]
        await bob.says(again, "indeed")
        assert (await ada.texts())[-1] == "indeed"


def paged(most: int) -> Callable[[Ask], Ask]:
    """A server whose pages of a log hold so many entries."""

    def around(ask: Ask) -> Ask:
        async def asked(method, path, *rest, **more):
            return await ask(
                method, f"{path}&limit={most}" if "/messages?" in path else path, *rest, **more
            )

        return asked

    return around


def noting(asked: list[str]) -> Callable[[Ask], Ask]:
    """Writes down what is asked for."""

    def around(ask: Ask) -> Ask:
        async def noted(method, path, *rest, **more):
            asked.append(path)
            return await ask(method, path, *rest, **more)

        return noted

    return around


def unreachable_for(end: str) -> Callable[[Ask], Ask]:
    """A line on which these requests get lost."""

    def around(ask: Ask) -> Ask:
        async def asked(method, path, *rest, **more):
            if path.endswith(end):
                raise unreachable("lost")
            return await ask(method, path, *rest, **more)

        return asked

    return around


async def accepted(database_url: str, folder: Path) -> None:
    """What `ephemeral restore-accept` does."""
    directory, source = KeyringDirectory(folder / "keyring"), GivenKeys("5e" * 32)
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    try:
        async with pool.acquire() as connection:
            assert await accept_restore(connection, directory, source, this_machine(), 0)
    finally:
        await pool.close()
