"""What a device keeps of its conversations, and for how long."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.people.correspondents import Device, texts

from ephemeral.client.exits import ClientError
from ephemeral.protocol.encoding import b64encode

CANARY = "canary-of-a-text"


def store_of(device: Device) -> Path:
    (found,) = device.folder.rglob("*.conversations")
    return found


def rows(device: Device, sql: str) -> Iterator[tuple]:
    with sqlite3.connect(store_of(device)) as database:
        yield from database.execute(sql)
    database.close()


@pytest.fixture
async def conversation(ada: Device, bob: Device) -> bytes:
    async with ada.open() as talk:
        made = await talk.found([bob.chain], name="canary-of-a-name")
        await talk.text(made, CANARY)
    return made


async def test_nothing_that_was_said_lies_in_the_file(
    ada: Device, bob: Device, conversation: bytes
):
    async with bob.open() as talk:
        await talk.sync()
        assert texts(talk.news()) == [CANARY]
        (seed,) = [talk._store.unseal("records", conversation, one) for (one,) in talk._store.all(
            "SELECT seed FROM records"
        )]  # fmt: skip
    for device in (ada, bob):
        path = store_of(device)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for one in path.parent.glob(f"{path.name}*"):
            data = one.read_bytes()
            # Neither texts, nor names, nor secrets; the file itself is read all the same.
            assert not [
                word for word in (CANARY.encode(), b"canary-of-a-name", seed) if word in data
            ]
            assert conversation in data


async def test_the_secret_of_an_epoch_goes_with_it(ada: Device, bob: Device, conversation: bytes):
    await bob.hears()
    async with ada.open() as talk:
        await talk.timer(conversation, 60)
        await talk.text(conversation, "next")
    assert await bob.texts() == ["next"]
    for device in (ada, bob):
        kept = list(rows(device, "SELECT epoch, seed IS NOT NULL FROM records ORDER BY epoch"))
        assert kept == [(1, 0), (2, 1)]
        assert list(rows(device, "SELECT * FROM drafts")) == []


async def test_what_was_taken_is_forgotten(ada: Device, bob: Device, conversation: bytes):
    assert await bob.texts() == [CANARY]
    for table in ("news", "outbox", "attempts", "drafts"):
        assert list(rows(bob, f"SELECT * FROM {table}")) == []


async def test_what_was_not_shown_is_not_acknowledged(
    ada: Device, bob: Device, conversation: bytes
):
    async def cursor() -> object:
        async with bob.file() as file:
            return (await file.ask("GET", f"/chatrooms/{b64encode(conversation)}"))["cursor"]

    async with bob.open() as talk:
        await talk.sync()
        first, *rest = talk.news()
        assert rest
    before = await cursor()
    async with bob.open() as talk:
        await talk.taken([first])
    assert await cursor() == before == 1
    async with bob.open() as talk:
        await talk.taken(rest)
    assert await cursor() == 3


async def test_a_file_that_others_may_read_is_not_used(ada: Device, conversation: bytes):
    store_of(ada).chmod(0o644)
    with pytest.raises(ClientError):
        async with ada.open():
            pass


async def test_another_device_of_the_same_account_inherits_nothing(
    ada: Device, bob: Device, conversation: bytes, tmp_path: Path
):
    """A store that was left by a device that isn't here any more is destroyed."""
    phone = await ada.another(tmp_path / "phone")
    (account,) = phone.folder.rglob("*.json")
    account.with_suffix(".conversations").write_bytes(store_of(ada).read_bytes())
    account.with_suffix(".conversations").chmod(0o600)
    async with phone.open() as talk:
        assert talk.known() == talk.news() == []


async def test_a_full_disk_loses_nothing(ada: Device, bob: Device, conversation: bytes):
    async with bob.open() as talk:
        await talk.sync()
        await talk.taken(talk.news())
    await ada.says(conversation, "x" * 30_000)
    async with bob.open() as talk:
        # As full as it is.
        talk._store._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(ClientError):
            await talk.sync()
    assert await bob.texts() == ["x" * 30_000]
