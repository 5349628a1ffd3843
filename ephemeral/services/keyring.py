"""The running keyring: what a server process knows of the keys, and how they come to be.

The files of ``KEYRING_DIR`` hold the keys, the database says which of them count: a key that has
a file but no row protects nothing, a row whose key has no file is a loss. So a file is always
durable before its row commits. Makers of keys hold two locks, first that of the directory (other
processes, other hosts, ``rotate-keys``), then one in the database.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.domain.credentials import fingerprint
from ephemeral.domain.keyring import KEY_BYTES, EpochKey, KeyringUnusable, Random
from ephemeral.store import epoch_rows
from ephemeral.store.encryption_key import EncryptionKeys, KeySource, OwnKeyFile
from ephemeral.store.epoch_rows import EpochRow
from ephemeral.store.keyring_files import (
    KeyFileDamaged,
    KeyFileMissing,
    KeyringDirectory,
    WrongEncryptionKey,
)

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

_LOCK_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Loss:
    """Epochs whose keys are gone, and how many stored payloads nobody can open therefore."""

    epochs: tuple[int, ...]
    payloads: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many key files open, how many of them had to be wrapped anew, and which are damaged."""

    files: int
    rewrapped: int
    damaged: tuple[str, ...]


class Keyring:
    """The keys that a server process holds in memory. Made by ``open``.

    ``index_key`` is for ``domain.credentials``; ``current`` wraps what is written now.
    """

    def __init__(
        self,
        directory: KeyringDirectory,
        source: KeySource,
        index_key: bytes,
        epochs: dict[int, EpochKey],
        current: int,
    ) -> None:
        self._directory = directory
        self._source = source
        self._epochs = epochs
        self._current = epochs[current]
        self.index_key = index_key

    @classmethod
    async def open(
        cls,
        connection: "Connection",
        directory: KeyringDirectory,
        source: KeySource,
        random: Random,
    ) -> "Keyring":
        """Load all keys, making on the first start those that must exist.

        ``connection`` is in no transaction and its database is migrated and has its deployment
        row. Raises KeyringUnusable, with nothing changed that is in use, when the encryption key
        is missing or wrong, when the index key isn't the one of this database, or when payloads
        are stored whose keys are gone.
        """
        directory.prepare()
        async with _directory_lock(directory), connection.transaction():
            await epoch_rows.lock_keyring(connection)
            directory.clear_temporaries()
            expected_index = await epoch_rows.index_fingerprint(connection)
            _require_index_file(directory, expected_index)
            _prepare_encryption_key(directory, source, random)
            if directory.holds(None):
                index_key = _load_index_key(directory, source, expected_index)
            else:
                index_key = random(KEY_BYTES)
                directory.write(None, index_key, source.read(), random)
            if expected_index is None and not await epoch_rows.set_index_fingerprint(
                connection, fingerprint(index_key)
            ):
                raise KeyringUnusable("The database has no deployment yet: migrate it first.")

            rows = await epoch_rows.all_epochs(connection)
            epochs = _load_epochs(directory, source, rows)
            lost = [row.id for row in rows if row.id not in epochs]
            if lost:
                await _let_go(connection, directory, lost)
            current = next((row.id for row in rows if row.current and row.id in epochs), None)
            if current is None:
                made = await _make_epoch(connection, directory, source, random)
                epochs[made.id] = made
                current = made.id
        return cls(directory, source, index_key, epochs, current)

    @property
    def current(self) -> EpochKey:
        """The epoch key for what is written now, as far as this process knows.

        Inserts prove it by ``hold_current_epoch`` and call ``refresh`` when they are late.
        """
        return self._current

    def key(self, epoch: int) -> EpochKey:
        """The key of an epoch; of one that another process has made, read from its file.

        Raises KeyringUnusable when the file is missing, damaged or doesn't open.
        """
        known = self._epochs.get(epoch)
        if known is None:
            known = EpochKey(epoch, self._directory.read(epoch, self._source))
            self._epochs[epoch] = known
        return known

    async def hold_current(self, connection: "Connection") -> EpochKey:
        """The key for what this transaction writes; its epoch stays current until the commit.

        Raises KeyringUnusable when this process can't get it.
        """
        for _ in range(2):
            epoch = self._current
            if await epoch_rows.hold_current_epoch(connection, epoch.id):
                return epoch
            await self.refresh(connection)
        raise KeyringUnusable("The epoch changed twice at once.")

    async def refresh(self, connection: "Connection") -> None:
        """Take up the epoch that is current in the database.

        Raises KeyringUnusable when this process can't get its key: it is not ready then.
        """
        row = await epoch_rows.current_epoch(connection)
        if row is None:
            raise KeyringUnusable("The database has no current epoch.")
        key = self.key(row.id)
        if fingerprint(key.key) != row.fingerprint:
            raise KeyringUnusable(f"{self._directory.name(row.id)} isn't the key of this database.")
        self._current = key


async def find_loss(
    connection: "Connection", directory: KeyringDirectory, source: KeySource
) -> Loss:
    """What ``Keyring.open`` would refuse to start without; changes nothing.

    Raises KeyringUnusable when that can't be told, as with a wrong encryption key.
    """
    expected_index = await epoch_rows.index_fingerprint(connection)
    if expected_index is not None:
        _require_index_file(directory, expected_index)
        _load_index_key(directory, source, expected_index)
    rows = await epoch_rows.all_epochs(connection)
    found = _load_epochs(directory, source, rows)
    lost = [row.id for row in rows if row.id not in found]
    return Loss(tuple(lost), await epoch_rows.count_payloads(connection, lost))


async def accept_loss(
    connection: "Connection", directory: KeyringDirectory, source: KeySource
) -> Loss:
    """Destroy every payload whose epoch key is gone, so that ``Keyring.open`` works again.

    Only missing and damaged files count as gone. One that doesn't open may be in need of another
    encryption key, and raises KeyringUnusable with nothing destroyed.
    """
    async with _directory_lock(directory), connection.transaction():
        await epoch_rows.lock_keyring(connection)
        loss = await find_loss(connection, directory, source)
        epochs = list(loss.epochs)
        # Rooms before epochs, as in every insert: the other order could lock up with one.
        await epoch_rows.lock_rooms_of_epochs(connection, epochs)
        await epoch_rows.lock_epochs(connection, epochs)
        destroyed = await epoch_rows.destroy_unreadable(connection, epochs)
        await epoch_rows.delete_epochs(connection, epochs)
        return Loss(loss.epochs, destroyed)


def rotate_encryption_key(
    directory: KeyringDirectory, source: KeySource, random: Random
) -> Rotation:
    """Wrap every key file by the current encryption key, so that it opens by that one alone.

    Where the encryption key is a file of ours, a new one is made first. Where the operator gives
    it, the old one must be given as the previous one. Servers may be running meanwhile. A crash
    at any moment leaves files which all open by the keys that are in place; another run, and in
    the first case also the next start of a server, completes what was begun. Raises
    KeyringUnusable.
    """
    directory.prepare()
    with directory.locked():
        directory.clear_temporaries()
        if not isinstance(source, OwnKeyFile):
            return _rewrap(directory, source.read(), random)
        source.clear_temporaries()
        _complete_rotation(directory, source, random)
        rotation = _rewrap(directory, source.replace(random), random)
        source.forget_previous()
        return rotation


def _complete_rotation(directory: KeyringDirectory, source: OwnKeyFile, random: Random) -> None:
    keys = source.read()
    if keys.previous is None:
        return
    if keys.previous != keys.current:
        _rewrap(directory, keys, random)
    source.forget_previous()


def _rewrap(directory: KeyringDirectory, keys: EncryptionKeys, random: Random) -> Rotation:
    current_alone = EncryptionKeys(keys.current)
    # All are opened before any is written: if one needs a third key, nothing has been changed.
    opened, damaged = {}, []
    for epoch in directory.stored():
        try:
            opened[epoch] = directory.open_file(epoch, keys)
        except KeyFileDamaged:
            damaged.append(directory.name(epoch))
    rewrapped = 0
    for epoch, key in opened.items():
        try:
            directory.open_file(epoch, current_alone)
        except WrongEncryptionKey:
            directory.write(epoch, key, keys, random)
            rewrapped += 1
    for epoch, key in opened.items():
        if directory.open_file(epoch, current_alone) != key:
            raise KeyFileDamaged(f"{directory.name(epoch)} changed while it was wrapped anew.")
    return Rotation(len(opened), rewrapped, tuple(damaged))


def _prepare_encryption_key(directory: KeyringDirectory, source: KeySource, random: Random) -> None:
    if not isinstance(source, OwnKeyFile):
        return
    source.clear_temporaries()
    if source.exists():
        _complete_rotation(directory, source, random)
    elif directory.stored():
        raise KeyringUnusable(
            f"{source.path} is missing, and the keys in {directory.path} open only by it: "
            "put it back from your copy; a new one would open nothing that is stored."
        )
    else:
        source.create(random)


def _require_index_file(directory: KeyringDirectory, expected: bytes | None) -> None:
    if expected is not None and not directory.holds(None):
        raise KeyringUnusable(
            f"{directory.name(None)} is missing from {directory.path}: put it back from your copy; "
            "without it no stored room can be found, and only an empty database can be served."
        )


def _load_index_key(
    directory: KeyringDirectory, source: KeySource, expected: bytes | None
) -> bytes:
    key = directory.read(None, source)
    if expected is not None and fingerprint(key) != expected:
        raise KeyringUnusable(
            f"{directory.name(None)} in {directory.path} belongs to another database: "
            "set the KEYRING_DIR that was used with this one."
        )
    return key


def _load_epochs(
    directory: KeyringDirectory, source: KeySource, rows: list[EpochRow]
) -> dict[int, EpochKey]:
    """The keys of those epochs that have one. What doesn't open isn't lost, and raises."""
    found = {}
    for row in rows:
        try:
            key = directory.read(row.id, source)
        except (KeyFileMissing, KeyFileDamaged):
            continue
        # A file with this name from another life of the database is as good as none.
        if fingerprint(key) == row.fingerprint:
            found[row.id] = EpochKey(row.id, key)
    return found


async def _let_go(connection: "Connection", directory: KeyringDirectory, lost: list[int]) -> None:
    """Forget epochs without a key, if no payload depends on them; refuse otherwise."""
    await epoch_rows.lock_epochs(connection, lost)
    payloads = await epoch_rows.count_payloads(connection, lost)
    if payloads:
        names = ", ".join(directory.name(epoch) for epoch in lost)
        raise KeyringUnusable(
            f"{payloads} stored payloads can't be opened, because their keys ({names}) are missing "
            f"from {directory.path} or damaged: put these files back, or destroy what they "
            "protected by `check --accept-loss`."
        )
    await epoch_rows.delete_epochs(connection, lost)


async def _make_epoch(
    connection: "Connection", directory: KeyringDirectory, source: KeySource, random: Random
) -> EpochKey:
    """Make a key that becomes the current epoch's when the transaction commits.

    Both locks are held. A name that is taken, by a maker whose transaction failed or after the
    database was set back, is left alone: what it holds might still be needed elsewhere.
    """
    epoch = await epoch_rows.next_epoch_id(connection)
    while directory.holds(epoch):
        epoch = await epoch_rows.next_epoch_id(connection)
    made = EpochKey(epoch, random(KEY_BYTES))
    await asyncio.to_thread(directory.write, epoch, made.key, source.read(), random)
    await epoch_rows.insert_current_epoch(connection, epoch, fingerprint(made.key))
    return made


@asynccontextmanager
async def _directory_lock(directory: KeyringDirectory) -> AsyncIterator[None]:
    # Polled, because a thread that waits for this lock could not be cancelled.
    while (lock := directory.try_lock()) is None:  # noqa: ASYNC110
        await asyncio.sleep(_LOCK_POLL_SECONDS)
    with lock:
        yield
