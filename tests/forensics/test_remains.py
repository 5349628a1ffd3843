"""Somebody takes the disk: the database's files and log, the key directory and ENCRYPTION_KEY.

Messages, attachments, nicknames and resume secrets are planted through the real services and
destroyed in every way that there is. Of the object directory the thief has every state that it was
ever in, as of a bucket that keeps versions, or of backups of it. The same attack then runs on
byte-for-byte copies: one from before an epoch ended, in which it opens everything, and one from two
epochs later, in which it opens what lives.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from remains import Remains
from support.machines.services import ENCRYPTION_KEY, EPOCH_MS, Attachment, Desk, Message

from ephemeral.protocol.charter import Policy
from ephemeral.rooms.rules.room import Seat
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

KEY = bytes.fromhex(ENCRYPTION_KEY)
# In the row itself, and in pieces in the TOAST table.
SIZES = (512, 1_024, 8_192, 65_536)


@dataclass
class Copy:
    """A database and a key directory, byte for byte, as they lay there at some moment."""

    database: Path
    keys: Path
    objects: Path

    def attack(self, keys: "Copy | None" = None) -> Remains:
        """Take everything that this database and those keys (by default its own) give."""
        remains = Remains()
        remains.add(self.searched)
        remains.add_keys((keys or self).keys, KEY)
        return remains

    @cached_property
    def searched(self) -> Remains:
        """What is found in the database. To search it takes seconds."""
        remains = Remains()
        remains.add_database(self.database)
        remains.add_objects(self.objects)
        return remains


class Scene:
    """A server with a database of its own, which is stopped for each copy."""

    before: Copy
    after: Copy

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.living: set[bytes] = set()
        self.gone: set[bytes] = set()
        self._what: dict[bytes, str] = {}
        self._ahead = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Desk]:
        async with EmbeddedPostgres(self.folder / "data") as database:
            pool = await open_pool(database.dsn, size=8, wait_seconds=0)
            await migrate(pool, read_migrations())
            await keep_the_dead(pool)
            desk = await Desk.open(pool, self.folder / "keyring")
            desk.clock.ahead = self._ahead
            try:
                yield desk
                await desk.ledger.close()
                assert desk.faults == []
                assert await desk.orphans() == {}
            finally:
                self._ahead = desk.clock.ahead
                await pool.close()

    def copy(self, name: str) -> Copy:
        """As it lies there now."""
        to = self.folder / name
        shutil.copytree(self.folder / "data" / "postgres", to / "database")
        shutil.copytree(self.folder / "keyring", to / "keys")
        shutil.copytree(self.folder / "objects", to / "objects" / "present")
        shutil.copytree(self.folder / "versions", to / "objects" / "versions")
        return Copy(to / "database", to / "keys", to / "objects")

    def keep_versions(self) -> None:
        """A copy of all objects, which nobody deletes."""
        for path in (self.folder / "objects").rglob("*"):
            if path.is_file():
                to = self.folder / "versions" / path.relative_to(self.folder / "objects")
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(path.read_bytes())

    def planted(self, what: str, content: bytes) -> None:
        self.living.add(content)
        self._what[content] = what

    def destroyed(self, *contents: bytes) -> None:
        self.living.difference_update(contents)
        self.gone.update(contents)

    def names(self, contents: Iterable[bytes]) -> list[str]:
        """What these are, for people."""
        return sorted(self._what[one] for one in contents)


async def keep_the_dead(pool: "Pool") -> None:
    """Make it easy for the burglar: nobody tidies up behind the server."""
    for table in ("payloads", "payload_keys"):
        toast = ", toast.autovacuum_enabled = off" if table == "payloads" else ""
        await pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off{toast})")


async def fill(scene: Scene, desk: Desk) -> None:
    """Things that live, and things that are destroyed in every way that there is."""
    _, author, reader = await desk.pair(message_ttl=86_400)
    await post(scene, desk, author, "waiting")
    for message in await post(scene, desk, author, "viewed"):
        await view(scene, desk, message, reader)

    locator = await desk.room(policy=Policy.EVERYONE, seats=3, message_ttl=86_400)
    speaker, *listeners = [await present(desk, locator) for _ in range(3)]
    await post(scene, desk, speaker, "waiting for everyone")
    for message in await post(scene, desk, speaker, "viewed by everyone"):
        await view(scene, desk, message, *listeners)

    _, author, _ = await desk.pair(message_ttl=60)
    expired = await post(scene, desk, author, "expired")
    _, author, reader = await desk.pair(message_ttl=86_400)
    unconfirmed = await post(scene, desk, author, "unconfirmed")
    for _ in range(3):
        for message in unconfirmed:
            await desk.open_message(reader, message)
        await desk.clock.advance(desk.limits.lease + 1)
        await desk.sweep()
    scene.destroyed(*contents([*expired, *unconfirmed]))

    _, author, reader = await desk.pair()
    going = await post(scene, desk, author, "in a destroyed room")
    await desk.rooms.destroy(reader)
    scene.destroyed(*contents(going))
    _, author, _ = await desk.pair(message_ttl=86_400)
    given_up = Attachment()
    await desk.send(author, given_up)
    scene.keep_versions()
    scene.planted("an attachment that was not posted", given_up.chunks[0])
    await desk.attachments.give_up(author, given_up.id)
    scene.destroyed(*given_up.chunks)
    assert await desk.lying() == 2 * 2

    locator = await desk.room(seats=4, message_ttl=86_400)
    await member(scene, desk, locator)
    seat, *secrets = await member(scene, desk, locator)
    await desk.rooms.leave(seat)
    scene.destroyed(*secrets)
    seat, _, half = await member(scene, desk, locator)
    await desk.pool.execute("UPDATE seats SET seen_at = 0 WHERE member = $1", seat.member)
    await desk.sweep()
    scene.destroyed(half)


async def post(scene: Scene, desk: Desk, author: Seat, what: str) -> list[Message]:
    """One message of each size, the first with an attachment of two chunks."""
    messages = [Message(envelope=os.urandom(size)) for size in SIZES]
    messages[0].attachment = Attachment(padded=327_680)
    await desk.send(author, messages[0].attachment)
    scene.keep_versions()
    for message in messages:
        await desk.post(author, message)
        scene.planted(f"{what}, {len(message.envelope)} bytes", message.envelope)
    for chunk in messages[0].attachment.chunks:
        scene.planted(f"{what}, a chunk", chunk)
    return messages


def contents(messages: Iterable[Message]) -> list[bytes]:
    """Envelopes, and the chunks of attachments."""
    chunks = [chunk for one in messages if one.attachment for chunk in one.attachment.chunks]
    return [*(one.envelope for one in messages), *chunks]


async def view(scene: Scene, desk: Desk, message: Message, *readers: Seat) -> None:
    for reader in readers:
        await desk.open_message(reader, message)
        answer = await desk.acknowledge(reader, message)
    assert answer.state == "viewed"
    scene.destroyed(*contents([message]))


async def present(desk: Desk, locator: bytes) -> Seat:
    """A member with a socket, who belongs to the audience."""
    token = os.urandom(32)
    await desk.join(locator, token=token)
    return await desk.connect(locator, token, os.urandom(16))


async def member(scene: Scene, desk: Desk, locator: bytes) -> tuple[Seat, bytes, bytes]:
    """A member with a nickname and a resume secret."""
    profile, half = os.urandom(256), os.urandom(32)
    joined = await desk.join(locator, profile=profile, resume=(os.urandom(32), half))
    scene.planted("a nickname", profile)
    scene.planted("half of a resume secret", half)
    return joined.seat, profile, half


async def end_epoch(desk: Desk) -> None:
    before = desk.keyring.current.id
    await desk.clock.advance(EPOCH_MS)
    await desk.keep_epochs()
    assert desk.keyring.current.id != before


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Everything that was planted, with the copies `before` and `after`."""
    built = Scene(tmp_path_factory.mktemp("scene"))

    async def happen() -> None:
        async with built.running() as desk:
            await fill(built, desk)
        built.before = built.copy("before")
        async with built.running() as desk:
            await end_epoch(desk)
            await end_epoch(desk)
        built.after = built.copy("after")

    asyncio.run(happen())
    return built


# Before an epoch has ended


def test_at_first_the_attack_recovers_everything_that_was_destroyed(scene: Scene) -> None:
    recovered = scene.before.attack().plaintexts()
    assert scene.names(scene.gone - recovered) == []
    assert scene.names(scene.living - recovered) == []


@pytest.mark.parametrize("place", ["heap, dead", "heap, carved", "log", "raw"])
def test_wrapped_keys_of_what_was_destroyed_are_found_in_each_place(
    scene: Scene, place: str
) -> None:
    remains = scene.before.attack()
    assert remains.plaintexts(remains.by_place[place]) & scene.gone


# Two epochs later


def test_two_epochs_later_nothing_that_was_destroyed_can_be_read(scene: Scene) -> None:
    recovered = scene.after.attack().plaintexts()
    assert scene.names(recovered & scene.gone) == []
    # The attack still works.
    assert scene.names(scene.living - recovered) == []


def test_nothing_was_wiped_but_the_keys(scene: Scene) -> None:
    """What protects is that keys are gone: their wrapped copies and the bodies still lie there."""
    early, late = scene.before.attack(), scene.after.attack()
    assert {key for _, key in early.epoch_keys}.isdisjoint(key for _, key in late.epoch_keys)
    left = early.wrapped & late.wrapped
    assert early.plaintexts(left) & scene.gone
    late.epoch_keys |= early.epoch_keys
    assert late.plaintexts() & scene.gone


def test_of_what_was_destroyed_no_object_is_left_where_they_lie(scene: Scene) -> None:
    present, versions = (
        {path.read_bytes() for path in (scene.after.objects / name).rglob("[0-9]")}
        for name in ("present", "versions")
    )
    assert (len(present), len(versions)) == (2 * 2, 2 * 7 + 1)
    assert present < versions


def test_one_key_is_left_and_every_file_of_the_directory_is_known(scene: Scene) -> None:
    names = [path.name for path in sorted(scene.after.keys.iterdir())]
    assert len(names) == 3
    assert names[0].startswith("epoch-")
    assert names[1:] == ["index.key", "keyring.lock"]


# Backups


def test_a_backup_with_the_present_keys_gives_nothing_at_all(scene: Scene) -> None:
    assert scene.before.attack(scene.after).plaintexts() == set()


def test_a_backup_beside_the_present_database_brings_nothing_back(scene: Scene) -> None:
    remains = scene.after.attack()
    remains.add(scene.before.searched)
    recovered = remains.plaintexts()
    assert scene.names(recovered & scene.gone) == []
    assert scene.names(scene.living - recovered) == []


def test_a_copy_of_the_key_directory_is_not_covered(scene: Scene) -> None:
    """What docs/threat-model.md says of snapshots, so that nobody believes more."""
    assert scene.after.attack(scene.before).plaintexts() & scene.gone


# At all times


def test_nothing_that_was_planted_lies_there_unsealed(scene: Scene) -> None:
    for copy in (scene.before, scene.after):
        for path in copy.database.parent.rglob("*"):
            content = path.read_bytes().replace(bytes(4096), b"") if path.is_file() else b""
            for planted in scene.gone | scene.living:
                assert planted[:32] not in content, path
