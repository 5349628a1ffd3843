"""Somebody takes the disk of a server with accounts: what is left of devices, accounts, and talk.

As with rooms (test_remains): names, shares, sealing keys, pins and links are planted through the
real services and destroyed in every way that there is. Copies from before an epoch ended open all
of it; two epochs later they open what lives, and of a deleted account nothing. What a row holds in
the clear is found as long as the row is. Of conversations it is the keys that count, under which
messages and boxes are sealed: without them nothing of these can be read, wherever it lies.
"""

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from support.machines.account_services import AccountDesk, Machine, Person
from support.machines.conversation_desk import ConversationDesk, Talk, seat
from support.machines.file_desk import LIMITS, FileDesk, new_file
from support.machines.services import Desk
from test_remains import Copy, end_epoch, keep_the_dead

from ephemeral.accounts.rows import account_rows
from ephemeral.accounts.rules.names import address_hash
from ephemeral.conversations.service.segments import Segments
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import AD_SIZE
from ephemeral.protocol.limits import KEY_SIZE
from ephemeral.sealing.seals import Kind
from ephemeral.settings import Settings
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.objects.deployed import open_objects
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


class Message(NamedTuple):
    """A message, by its place in a log."""

    conversation: bytes
    place: int
    entry: bytes
    sealed: bytes

    def opens(self, key: bytes) -> bool:
        """Whether it can be read with this key of a segment."""
        segments = Segments(cast("Any", None), os.urandom)
        segments._keep(b"", AESGCM(key))
        return segments.unseal(b"", self.conversation, self.place, self.sealed) == self.entry


class Scene:
    """What was planted, and byte-for-byte copies of what lay there."""

    before: Copy
    after: Copy

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.living: dict[bytes, str] = {}
        self.gone: dict[bytes, str] = {}
        #: These are never written down at all, by anybody.
        self.silent: dict[bytes, str] = {}
        #: What the row of the deleted account held in the clear.
        self.clear: dict[bytes, str] = {}
        #: Messages as people sent them, and as they lie in the database.
        self.messages: dict[str, Message] = {}
        self._read: dict[Path, set[bytes]] = {}

    def planted(self, what: str, *contents: bytes) -> None:
        self.living |= dict.fromkeys(contents, what)

    def destroyed(self, *contents: bytes) -> None:
        for one in contents:
            self.gone[one] = self.living.pop(one)

    async def running(self, pool: "Pool", work: str) -> None:
        desk = AccountDesk(await Desk.open(pool, self.folder / "keyring"))
        if work == "fill":
            await fill(self, desk)
            await fill_conversations(self, desk)
        else:
            for _ in range(2):
                await end_epoch(desk.desk)
        await desk.close()

    def recovered(self, copy: Copy) -> set[bytes]:
        """All that a burglar reads in a copy."""
        if copy.database not in self._read:
            self._read[copy.database] = copy.attack().plaintexts()
        return self._read[copy.database]

    def copy(self, name: str) -> Copy:
        to = self.folder / name
        shutil.copytree(self.folder / "data" / "postgres", to / "database")
        shutil.copytree(self.folder / "keyring", to / "keys")
        shutil.copytree(self.folder / "objects" / "objects", to / "objects")
        return Copy(to / "database", to / "keys", to / "objects")


async def full(scene: Scene, desk: AccountDesk, what: str) -> tuple[Person, list[bytes]]:
    """Somebody with two devices, of whom everything is kept; and what is kept."""
    person = await desk.person(machines=2)
    one, other = person.machines
    name, sealed, request = os.urandom(109), os.urandom(3000), os.urandom(2076)
    await desk.services.devices.rename(one.asker, other.id, name)
    [share], _ = await desk.services.shares.rotate(other.asker, 0)
    await desk.services.pins.put(other.asker, sealed, other.key.sign("pins", sealed))
    locator = os.urandom(32)
    await desk.services.links.deposit(await person.sign_in(), locator, request)
    keys = await desk.services.devices.listed(person.account)
    sealing = [one.sealing.key + one.sealing.signature for one in keys.devices if one.sealing]
    pins = other.key.sign("pins", sealed) + sealed
    for label, content in (("name", name), ("share", share.share), ("request", request)):
        scene.planted(f"{what}: {label}", content)
    scene.planted(f"{what}: pins", pins)
    scene.planted(f"{what}: sealing keys", *sealing)
    scene.silent |= {
        person.address.encode(): f"{what}: address",
        person.auth_key: f"{what}: auth key",
        locator: f"{what}: locator",
    }
    return person, [name, share.share, request, pins, *sealing]


async def fill(scene: Scene, desk: AccountDesk) -> None:
    """Accounts that live, and what is destroyed in every way that there is."""
    await full(scene, desk, "living")

    person, [name, share, _, _, _, sealing] = await full(scene, desk, "revoked")
    await person.revoke(*person.machines)
    scene.destroyed(name, share, sealing)

    person, [_, share, *_] = await full(scene, desk, "rotated")
    asker = person.machines[1].asker
    _, newer = (await desk.services.shares.rotate(asker, 1))[0]
    scene.planted("rotated: the next share", newer.share)
    await desk.services.shares.confirm(asker, 2)
    scene.destroyed(share)

    person, [_, _, _, pins, first, _] = await full(scene, desk, "replaced")
    machine, other = person.machines
    sealed = os.urandom(3000)
    signature = other.key.sign("pins", sealed)
    await desk.services.pins.put(other.asker, sealed, signature)
    scene.planted("replaced: the next pins", signature + sealed)
    key = machine.sealing(person.chain.id, await desk.today())
    await desk.services.sealing_keys.put(machine.asker, key)
    scene.planted("replaced: the next sealing key", key.key + key.signature)
    scene.destroyed(pins, first)

    person, [name, share, request, _, *sealing] = await full(scene, desk, "recovered")
    await person.recover()
    scene.destroyed(name, share, request, *sealing)

    person, kept = await full(scene, desk, "deleted")
    async with desk.pool.acquire() as connection:
        name_there = address_hash(desk.index_key, person.address)
        row = await account_rows.at(connection, name_there)
    assert row is not None
    assert row.password is not None
    hashed = row.password.encode()
    thief = Machine(session=await person.sign_in())
    await person.post_genesis(thief, person.begun(thief))
    assert await person.close(person.machines[0], by=person.recovery) is None
    scene.destroyed(*kept)
    scene.clear = {person.account: "id", name_there: "hash of the address", hashed: "password"}


async def fill_conversations(scene: Scene, desk: AccountDesk) -> None:
    """Conversations that live, of which all was read, and that were ended for all."""
    talks = ConversationDesk(desk)
    one, other = await talks.friends(1, 1)
    found = {what: await talks.talk(one, other) for what in ("waiting", "read", "ended")}
    sealed: dict[str, dict[str, bytes]] = {}
    for what, talk in found.items():
        entry = talk.entry(one.machines[0])
        await talk.send(one, entry)
        scene.silent[entry[AD_SIZE:]] = f"{what}: a message"
        row = await talks.pool.fetchrow(
            "SELECT s, sealed FROM accounts.entries WHERE conversation = $1", talk.id
        )
        assert row is not None
        scene.messages[what] = Message(talk.id, row["s"], entry, row["sealed"])
        sealed[what] = await kept_of(talks, talk)
        for name, content in sealed[what].items():
            scene.planted(f"{what}: {name}", content)
    await fill_files(scene, talks, found["waiting"], one)
    await found["read"].ack_all(one, other)
    await talks.sweep()
    scene.destroyed(sealed["read"]["segment key"], sealed["read"]["box key"])
    joined = found["ended"]
    await joined.renew(one, Change(joining=bytes(range(32))))
    third = await talks.person()
    wish = os.urandom(300)
    await talks.services.membership.join(seat(third), joined.id, bytes(range(32)), wish)
    content = b"\x20" + bytes(range(32)) + wish
    scene.planted("ended: somebody who waits", content)
    await talks.services.membership.end(seat(one), joined.id)
    scene.destroyed(*sealed["ended"].values(), content)
    await talks.services.ledger.close()
    assert await talks.orphans() == {}


async def fill_files(scene: Scene, talks: ConversationDesk, talk: Talk, one: Person) -> None:
    """A file that lives, and one that was deleted."""
    settings = Settings.parse({"DATA_DIR": str(scene.folder / "objects")})
    async with open_objects(settings, talks.pool, bytes(16), bytes(32), os.urandom) as objects:
        files = FileDesk(talks, objects, LIMITS)
        for what in ("waiting", "deleted"):
            new = new_file(talk)
            await files.make(one, new)
            scene.planted(f"{what}: info of a file", new.info)
        await files.delete(one, new.id)
        scene.destroyed(new.info)


async def kept_of(talks: ConversationDesk, talk: Talk) -> dict[str, bytes]:
    """What the vault holds of a conversation with one epoch."""
    row = await talks.pool.fetchrow(
        """
        SELECT r.payload, r.boxes, g.segment FROM accounts.records r
        JOIN accounts.segments g ON g.conversation = r.conversation WHERE r.conversation = $1
        """,
        talk.id,
    )
    assert row is not None
    kinds: list[tuple[str, Kind]] = [
        ("record", "record"), ("box key", "box-key"), ("segment key", "segment-key"),
    ]  # fmt: skip
    found = {}
    async with talks.pool.acquire() as connection:
        for (what, kind), payload in zip(kinds, row, strict=True):
            found[what] = (await talks.accounts.values.read(connection, kind, [payload]))[payload]
    return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Everything that was planted, with the copies `before` and `after`."""
    built = Scene(tmp_path_factory.mktemp("scene"))

    async def run(work: str) -> None:
        async with EmbeddedPostgres(built.folder / "data") as database:
            pool = await open_pool(database.dsn, size=8, wait_seconds=0)
            await migrate(pool, read_migrations())
            await keep_the_dead(pool)
            await built.running(pool, work)
            await pool.close()

    asyncio.run(run("fill"))
    built.before = built.copy("before")
    asyncio.run(run("end epochs"))
    built.after = built.copy("after")
    return built


def named(contents: dict[bytes, str], found: set[bytes]) -> list[str]:
    return sorted(what for one, what in contents.items() if one in found)


def lost(contents: dict[bytes, str], found: set[bytes]) -> list[str]:
    return sorted(what for one, what in contents.items() if one not in found)


def test_at_first_the_attack_recovers_what_was_destroyed(scene: Scene) -> None:
    recovered = scene.recovered(scene.before)
    assert lost(scene.gone, recovered) == []
    assert lost(scene.living, recovered) == []


def test_two_epochs_later_nothing_that_was_destroyed_can_be_read(scene: Scene) -> None:
    recovered = scene.recovered(scene.after)
    assert named(scene.gone, recovered) == []
    # The attack still works.
    assert lost(scene.living, recovered) == []


def test_two_epochs_later_no_message_can_be_read_that_all_devices_have_acknowledged(
    scene: Scene,
) -> None:
    """Not even by whoever has its bytes from elsewhere: no file has the key to them."""
    for copy, left in ((scene.before, ["ended", "read", "waiting"]), (scene.after, ["waiting"])):
        keys = [one for one in scene.recovered(copy) if len(one) == KEY_SIZE]
        opened = {what for what, one in scene.messages.items() if any(map(one.opens, keys))}
        assert sorted(opened) == left


def test_nothing_that_was_planted_lies_there_unsealed_and_secrets_do_not_at_all(
    scene: Scene,
) -> None:
    every = scene.gone | scene.living | scene.silent
    for copy in (scene.before, scene.after):
        for path in copy.database.parent.rglob("*"):
            content = path.read_bytes().replace(bytes(4096), b"") if path.is_file() else b""
            for planted, what in every.items():
                # A sealing key is public and the same in all these tests; its signature isn't.
                piece = planted[-32:] if "key" in what else planted[:32]
                assert piece not in content, (what, path)


def test_a_row_in_the_clear_is_found_after_its_account_so_that_nobody_believes_more(
    scene: Scene,
) -> None:
    files = [path for path in scene.after.database.rglob("*") if path.is_file()]
    found = {one for path in files for one in scene.clear if one in path.read_bytes()}
    assert lost(scene.clear, found) == []
