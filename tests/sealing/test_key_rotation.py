"""The encryption key can be exchanged under running servers, and interrupted anywhere."""

import hashlib
import secrets
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from ephemeral.sealing.encryption_key import (
    EncryptionKeys,
    GivenKeys,
    KeyFile,
    OwnKeyFile,
)
from ephemeral.sealing.key_rotation import Rotation, rotate_encryption_key
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.keyring_files import KeyringDirectory, WrongEncryptionKey
from ephemeral.sealing.seals import KeyringUnusable

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

OLD, NEW, THIRD = "5a" * 32, "a5" * 32, "c3" * 32
KEYS: dict[int | None, bytes] = {None: b"\1" * 32, 1: b"\2" * 32, 2: b"\3" * 32}

watched: "Snapshots | None" = None


class Snapshots:
    """Copies of a directory, one for each state in which a process working on it could be killed.

    Taken before every opening, renaming and removal of a file in it.
    """

    def __init__(self, root: Path, copies: Path) -> None:
        self._root = root
        self._copies = copies
        self._seen: set[str] = set()
        self._busy = False
        self.taken: list[Path] = []

    def take(self) -> None:
        if self._busy:
            return
        self._busy = True
        state = hashlib.sha256()
        for path in sorted(self._root.rglob("*")):
            if path.is_file():
                state.update(f"{path.relative_to(self._root)}\0".encode() + path.read_bytes())
        if state.hexdigest() not in self._seen:
            self._seen.add(state.hexdigest())
            copy = self._copies / str(len(self.taken))
            shutil.copytree(self._root, copy)
            self.taken.append(copy)
        self._busy = False

    def touches(self, path: object) -> bool:
        return str(path).startswith(str(self._root))


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if (
        watched is not None
        and event in {"open", "os.rename", "os.remove"}
        and watched.touches(arguments[0])
    ):
        watched.take()


# A hook can't be taken away again; with nothing to watch it does nothing.
sys.addaudithook(watch)


@contextmanager
def snapshots_of(root: Path, copies: Path) -> Iterator[Snapshots]:
    global watched  # noqa: PLW0603
    watched = Snapshots(root, copies)
    try:
        yield watched
        watched.take()
    finally:
        watched = None


@pytest.fixture
def directory(tmp_path: Path) -> KeyringDirectory:
    (tmp_path / "data").mkdir()
    made = KeyringDirectory(tmp_path / "data" / "keyring")
    made.prepare()
    return made


@pytest.fixture
async def connection(database_url: str) -> "AsyncIterator[Connection]":
    connected = await asyncpg.connect(database_url)
    await connected.execute(
        """
        INSERT INTO deployment (suite, salt, created_at) VALUES (1, $1, clock_ms())
        ON CONFLICT DO NOTHING
        """,
        bytes(32),
    )
    yield connected
    await connected.close()


def fill(directory: KeyringDirectory, encryption_key: str) -> None:
    for epoch, key in KEYS.items():
        keys = EncryptionKeys(bytes.fromhex(encryption_key))
        directory.write(epoch, key, keys, secrets.token_bytes)


def opened(directory: KeyringDirectory, *keys: str) -> dict[int | None, bytes]:
    source = GivenKeys(*keys)
    return {epoch: directory.read(epoch, source) for epoch in directory.stored()}


def contents(path: Path) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes()
        for file in path.iterdir()
        if file.is_file() and file.name != "keyring.lock"
    }


def rotate(directory: KeyringDirectory, source: GivenKeys | KeyFile | OwnKeyFile) -> Rotation:
    return rotate_encryption_key(directory, source, secrets.token_bytes)


# A key that the operator gives


def test_after_a_rotation_the_new_key_alone_opens_everything(directory: KeyringDirectory) -> None:
    fill(directory, OLD)
    assert rotate(directory, GivenKeys(NEW, OLD)) == Rotation(3, 3, ())
    assert opened(directory, NEW) == KEYS
    for epoch in KEYS:
        with pytest.raises(WrongEncryptionKey):
            directory.read(epoch, GivenKeys(OLD))


def test_a_rotation_again_has_nothing_to_do(directory: KeyringDirectory) -> None:
    fill(directory, OLD)
    rotate(directory, GivenKeys(NEW, OLD))
    before = contents(directory.path)
    assert rotate(directory, GivenKeys(NEW, OLD)) == Rotation(3, 0, ())
    assert rotate(directory, GivenKeys(NEW)) == Rotation(3, 0, ())
    assert contents(directory.path) == before


def test_a_rotation_can_be_turned_back(directory: KeyringDirectory) -> None:
    fill(directory, OLD)
    rotate(directory, GivenKeys(NEW, OLD))
    assert rotate(directory, GivenKeys(OLD, NEW)) == Rotation(3, 3, ())
    assert opened(directory, OLD) == KEYS


def test_a_key_in_a_file_of_the_operators_rotates_too(
    directory: KeyringDirectory, tmp_path: Path
) -> None:
    fill(directory, OLD)
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text(NEW)
    assert rotate(directory, KeyFile(file, OLD)) == Rotation(3, 3, ())
    assert opened(directory, NEW) == KEYS


@pytest.mark.parametrize("given", [(NEW,), (NEW, THIRD)])
def test_without_the_old_key_nothing_is_changed(
    directory: KeyringDirectory, given: tuple[str, ...]
) -> None:
    fill(directory, NEW)
    directory.write(2, KEYS[2], EncryptionKeys(bytes.fromhex(OLD)), secrets.token_bytes)
    before = contents(directory.path)
    with pytest.raises(WrongEncryptionKey, match=r"epoch-2\.key was wrapped by a different"):
        rotate(directory, GivenKeys(*given))
    assert contents(directory.path) == before


def test_a_damaged_file_is_named_and_stops_nothing(directory: KeyringDirectory) -> None:
    fill(directory, OLD)
    (directory.path / "epoch-1.key").write_bytes(b"torn")
    assert rotate(directory, GivenKeys(NEW, OLD)) == Rotation(2, 2, ("epoch-1.key",))
    assert (directory.path / "epoch-1.key").read_bytes() == b"torn"
    directory.remove(1)
    assert opened(directory, NEW) == {None: KEYS[None], 2: KEYS[2]}


def test_killed_anywhere_a_rotation_leaves_files_that_open_and_can_be_run_again(
    directory: KeyringDirectory, tmp_path: Path
) -> None:
    fill(directory, OLD)
    with snapshots_of(directory.path, tmp_path / "killed") as killed:
        rotate(directory, GivenKeys(NEW, OLD))
    # The start, the end, and for each file one with its temporary and one after its rename.
    assert len(killed.taken) >= 2 * len(KEYS) + 1
    for copy in killed.taken:
        left = KeyringDirectory(copy)
        assert opened(left, NEW, OLD) == KEYS
        assert opened(left, OLD, NEW) == KEYS
        rotate(left, GivenKeys(NEW, OLD))
        assert opened(left, NEW) == KEYS
        assert set(contents(copy)) == {"index.key", "epoch-1.key", "epoch-2.key"}


def test_a_rotation_waits_for_another_writer(directory: KeyringDirectory) -> None:
    fill(directory, OLD)
    done: list[Rotation] = []
    thread = threading.Thread(
        target=lambda: done.append(rotate(directory, GivenKeys(NEW, OLD))), daemon=True
    )
    with directory.locked():
        thread.start()
        # What a maker of keys writes meanwhile is not missed.
        directory.write(3, b"\4" * 32, EncryptionKeys(bytes.fromhex(OLD)), secrets.token_bytes)
        assert opened(directory, OLD) == {**KEYS, 3: b"\4" * 32}
    thread.join()
    assert done == [Rotation(4, 4, ())]


# A key of our own


async def start(connection: "Connection", directory: KeyringDirectory) -> Keyring:
    source = OwnKeyFile(directory.path.parent)
    return await Keyring.open(connection, directory, source, secrets.token_bytes)


async def test_our_own_key_is_exchanged_and_the_old_one_forgotten(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    before = await start(connection, directory)
    source = OwnKeyFile(directory.path.parent)
    old = source.read().current
    assert rotate(directory, source) == Rotation(2, 2, ())
    assert source.read().previous is None
    assert source.read().current != old
    assert set(contents(directory.path.parent)) == {"encryption.key"}
    with pytest.raises(WrongEncryptionKey):
        directory.read(None, GivenKeys(old.hex()))
    after = await start(connection, directory)
    assert (after.index_key, after.current) == (before.index_key, before.current)


async def test_killed_anywhere_our_own_rotation_can_be_run_again_or_a_server_started(
    connection: "Connection", directory: KeyringDirectory, tmp_path: Path
) -> None:
    expected = await start(connection, directory)
    data = directory.path.parent
    old = OwnKeyFile(data).read().current
    with snapshots_of(data, tmp_path / "killed") as killed:
        rotate(directory, OwnKeyFile(data))
    # Previous key, new key, two key files: each as a temporary and under its name; the removal.
    assert len(killed.taken) >= 10
    for copy in killed.taken:
        for recover in ("start", "rotate"):
            left = tmp_path / f"{copy.name}-{recover}"
            shutil.copytree(copy, left)
            kept = KeyringDirectory(left / "keyring")
            if recover == "rotate":
                rotate(kept, OwnKeyFile(left))
                assert OwnKeyFile(left).read().current != old
            keyring = await start(connection, kept)
            assert (keyring.index_key, keyring.current) == (expected.index_key, expected.current)
            assert set(contents(left)) == {"encryption.key"}
            alone = OwnKeyFile(left).read().current.hex()
            assert set(opened(kept, alone)) == {None, expected.current.id}


async def test_a_rotation_that_completes_another_still_makes_a_key_of_its_own(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    await start(connection, directory)
    source = OwnKeyFile(directory.path.parent)
    interrupted = source.replace(secrets.token_bytes)
    rotate(directory, source)
    assert source.read().current not in (interrupted.current, interrupted.previous)


async def test_a_running_server_uses_the_key_that_a_rotation_has_put_in_place(
    connection: "Connection", database_url: str, directory: KeyringDirectory
) -> None:
    running = await start(connection, directory)
    source = OwnKeyFile(directory.path.parent)
    rotate(directory, source)
    await connection.execute("UPDATE epochs SET state = 'retiring'")
    other = await asyncpg.connect(database_url)
    theirs = (await start(other, directory)).current
    await other.close()
    assert running.key(theirs.id) == theirs
    await running.refresh(connection)
    assert running.current == theirs
    assert theirs.id in opened(directory, source.read().current.hex())


async def test_readers_never_notice_a_rotation(
    connection: "Connection", directory: KeyringDirectory
) -> None:
    keyring = await start(connection, directory)
    source = OwnKeyFile(directory.path.parent)
    read: list[bytes] = []
    faults: list[Exception] = []
    stop = threading.Event()

    def reader() -> None:
        try:
            while not stop.is_set():
                read.append(directory.read(None, OwnKeyFile(directory.path.parent)))
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)

    threads = [threading.Thread(target=reader) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(40):
        rotate(directory, source)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert set(read) == {keyring.index_key}


def test_without_a_key_there_is_nothing_to_rotate(directory: KeyringDirectory) -> None:
    with pytest.raises(KeyringUnusable, match=r"encryption\.key is missing"):
        rotate(directory, OwnKeyFile(directory.path.parent))
    assert contents(directory.path.parent) == {}
