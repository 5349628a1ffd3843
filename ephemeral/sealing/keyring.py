"""The running keyring: what a server process knows of the keys, and how they come to be.

The files of ``KEYRING_DIR`` hold the keys, the database says which of them count: a key that has
a file but no row protects nothing, a row whose key has no file is a loss. So a file is always
durable before its row commits, and goes only after the database has recorded, durably, that it
protects nothing. Makers and destroyers of keys hold two locks, first that of the directory (other
processes, other hosts, ``rotate-keys``), then one in the database.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.sealing import epoch_rows
from ephemeral.sealing.encryption_key import KeySource, OwnKeyFile
from ephemeral.sealing.epoch_rows import EpochRow
from ephemeral.sealing.fingerprints import fingerprint
from ephemeral.sealing.history import follows, later_epochs, look
from ephemeral.sealing.key_rotation import complete_rotation
from ephemeral.sealing.keyring_files import KeyFileDamaged, KeyFileMissing, KeyringDirectory
from ephemeral.sealing.seals import KEY_BYTES, EpochKey, KeyringUnusable, Random
from ephemeral.store.counted import counted

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

_LOCK_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Loss:
    """Epochs whose keys are gone, and how many stored payloads nobody can open therefore."""

    epochs: tuple[int, ...]
    payloads: int


class Keyring:
    """The keys that a server process holds in memory. Made by ``open``.

    ``index_key`` is for ``fingerprints.keyed``; ``current`` wraps what is written now; ``mark`` is
    the highest of this database that the watch has seen.
    """

    _current: EpochKey

    def __init__(
        self,
        directory: KeyringDirectory,
        source: KeySource,
        index_key: bytes,
        epochs: dict[int, EpochKey],
    ) -> None:
        self.directory = directory
        self.source = source
        self.index_key = index_key
        self._epochs = epochs
        self.mark = 0

    @classmethod
    async def open(
        cls,
        connection: "Connection",
        directory: KeyringDirectory,
        source: KeySource,
        random: Random,
    ) -> "Keyring":
        """Load all keys, making on the first start those that must exist.

        ``connection`` is in no transaction and its database is migrated. Finishes the destruction
        of keys that a crash has interrupted. Raises KeyringUnusable, with nothing changed that is
        in use, when the encryption key is missing or wrong, when the index key isn't the one of
        this database, when payloads are stored whose keys are gone, and SetBack when the database
        is not the one that was served last with this directory, or at an earlier state.
        """
        directory.prepare()
        async with directory_lock(directory):
            async with connection.transaction():
                await epoch_rows.lock_keyring(connection)
                directory.clear_temporaries()
                expected_index = await epoch_rows.index_fingerprint(connection)
                _require_index_file(directory, expected=expected_index is not None)
                _require_own_keys(directory, known=expected_index is not None)
                _prepare_encryption_key(directory, source, random)
                if directory.holds(None):
                    index_key = _load_index_key(directory, source, expected_index)
                else:
                    index_key = random(KEY_BYTES)
                    directory.write(None, index_key, source.read(), random)
                if expected_index is None:
                    await epoch_rows.set_index_fingerprint(connection, fingerprint(index_key))
                await _require_history(connection, directory)

                rows = await epoch_rows.all_epochs(connection)
                found = _load_epochs(directory, source, rows)
                lost = _lost(rows, found)
                if lost:
                    await _let_go(connection, directory, lost)
                for row in rows:
                    if row.state == "destroyed":
                        directory.remove(row.id)
                        await epoch_rows.forget_epoch(connection, row.id)
                current = any(row.state == "current" and row.id in found for row in rows)
            if not current:
                await make_epoch(connection, directory, source, random, replacing=None)
            keyring = cls(directory, source, index_key, found)
            await keyring.refresh(connection)
            return keyring

    @property
    def current(self) -> EpochKey:
        """The epoch key for what is written now, as far as this process knows.

        Inserts prove it by ``hold_current_epoch`` and call ``refresh`` when they are late.
        """
        return self._current

    @property
    def known(self) -> tuple[int, ...]:
        """The epochs whose keys are in memory."""
        return tuple(self._epochs)

    def key(self, epoch: int) -> EpochKey:
        """The key of an epoch; of one that another process has made, read from its file.

        Raises KeyringUnusable when the file is missing, damaged or doesn't open.
        """
        known = self._epochs.get(epoch)
        if known is None:
            known = EpochKey(epoch, self.directory.read(epoch, self.source))
            self._epochs[epoch] = known
        return known

    def key_of(self, row: EpochRow) -> EpochKey:
        """As ``key``; also raises KeyringUnusable if it isn't the one that the row speaks of."""
        key = self.key(row.id)
        if fingerprint(key.key) != row.fingerprint:
            # The right file may be put in its place.
            self.forget(row.id)
            raise KeyringUnusable(f"{self.directory.name(row.id)} isn't the key of this database.")
        return key

    def prove_current(self) -> None:
        """Raise KeyringUnusable unless the current key could be read again after a restart."""
        epoch = self._current
        if self.directory.read(epoch.id, self.source) != epoch.key:
            raise KeyringUnusable(f"{self.directory.name(epoch.id)} has been exchanged.")

    def forget(self, epoch: int) -> None:
        """Drop a key from memory, as of an epoch that has been destroyed."""
        del self._epochs[epoch]

    async def hold_current(self, connection: "Connection") -> EpochKey:
        """The key for what this transaction writes; its epoch stays current until the commit.

        Raises KeyringUnusable when this process can't get it.
        """

        async def hold(epoch: EpochKey) -> bool:
            return await epoch_rows.hold_current_epoch(connection, epoch.id)

        return await self.while_current(connection, hold)

    async def while_current(
        self, connection: "Connection", work: Callable[[EpochKey], Awaitable[bool]]
    ) -> EpochKey:
        """Do `work` with the key of the current epoch, which it holds; False: it is current no
        more, and nothing was done. Raises KeyringUnusable when this process can't get the next."""
        for _ in range(2):
            epoch = self._current
            if await work(epoch):
                return epoch
            await self.refresh(connection)
        raise KeyringUnusable("The epoch changed twice at once.")

    async def refresh(self, connection: "Connection") -> None:
        """Take up the epoch that is current in the database; raises as ``follow`` does."""
        self.follow(await epoch_rows.current_epoch(connection))

    def follow(self, row: EpochRow | None) -> None:
        """Take up an epoch that has become current.

        Raises KeyringUnusable when this process can't get its key: it is not ready then.
        """
        if row is None:
            raise KeyringUnusable("The database has no current epoch.")
        self._current = self.key_of(row)


async def make_epoch(
    connection: "Connection",
    directory: KeyringDirectory,
    source: KeySource,
    random: Random,
    *,
    replacing: int | None,
) -> bool:
    """Make a key, and its epoch current in place of another or, with None, of none.

    False if another host was first. The directory's lock is held and ``connection`` is in no
    transaction. A file name that is taken is left alone: what it holds might still be needed.
    """
    # A volume that isn't mounted (any longer) looks like an empty directory.
    _require_index_file(directory, expected=True)
    epoch = await epoch_rows.next_epoch_id(connection)
    while directory.holds(epoch):
        epoch = await epoch_rows.next_epoch_id(connection)
    async with connection.transaction():
        await epoch_rows.lock_keyring(connection)
        standing = await epoch_rows.current_epoch(connection)
        if (standing.id if standing is not None else None) != replacing:
            return False
        key = random(KEY_BYTES)
        await asyncio.to_thread(directory.write, epoch, key, source.read(), random)
        # Only now, so that inserts don't wait for a disk.
        await epoch_rows.retire_current_epoch(connection)
        await epoch_rows.insert_current_epoch(connection, epoch, fingerprint(key))
    return True


async def find_loss(
    connection: "Connection", directory: KeyringDirectory, source: KeySource
) -> Loss:
    """What ``Keyring.open`` would refuse to start with; changes nothing. Servers may be running.

    Raises KeyringUnusable when that can't be told, as with a wrong encryption key.
    """
    directory.prepare()
    async with directory_lock(directory), connection.transaction():
        await epoch_rows.lock_keyring(connection)
        return await _find_loss(connection, directory, source)


async def accept_loss(
    connection: "Connection", directory: KeyringDirectory, source: KeySource
) -> Loss:
    """Destroy every payload whose epoch key is gone, so that ``Keyring.open`` works again.

    Only missing and damaged files count as gone. One that doesn't open may be in need of another
    encryption key, and raises KeyringUnusable with nothing destroyed. So does a database that was
    set back, in which more than that must end.
    """
    directory.prepare()
    async with directory_lock(directory), connection.transaction():
        await epoch_rows.lock_keyring(connection)
        loss = await _find_loss(connection, directory, source)
        epochs = list(loss.epochs)
        # Rooms before epochs, as in every insert: the other order could lock up with one.
        await epoch_rows.lock_rooms_of_epochs(connection, epochs)
        await epoch_rows.lock_epochs(connection, epochs)
        destroyed = await epoch_rows.destroy_unreadable(connection, epochs)
        await epoch_rows.delete_epochs(connection, epochs)
        return Loss(loss.epochs, destroyed)


async def _find_loss(
    connection: "Connection", directory: KeyringDirectory, source: KeySource
) -> Loss:
    expected_index = await epoch_rows.index_fingerprint(connection)
    _require_own_keys(directory, known=expected_index is not None)
    if expected_index is not None:
        await verify_index_key(connection, directory, source)
        await _require_history(connection, directory)
    rows = await epoch_rows.all_epochs(connection)
    lost = _lost(rows, _load_epochs(directory, source, rows))
    return Loss(tuple(lost), await epoch_rows.count_payloads(connection, lost))


async def verify_index_key(
    connection: "Connection", directory: KeyringDirectory, source: KeySource
) -> None:
    """Raise KeyringUnusable unless the directory's index key opens, and is this database's."""
    expected = await epoch_rows.index_fingerprint(connection)
    _require_own_keys(directory, known=expected is not None)
    _require_index_file(directory, expected=True)
    _load_index_key(directory, source, expected)


def _prepare_encryption_key(directory: KeyringDirectory, source: KeySource, random: Random) -> None:
    if not isinstance(source, OwnKeyFile):
        return
    source.clear_temporaries()
    if source.exists():
        complete_rotation(directory, source, random)
    elif directory.stored():
        raise KeyringUnusable(
            f"{source.path} is missing, and the keys in {directory.path} open only by it: "
            "put it back from your copy; a new one would open nothing that is stored."
        )
    else:
        source.create(random)


def _require_index_file(directory: KeyringDirectory, *, expected: bool) -> None:
    if expected and not directory.holds(None):
        raise KeyringUnusable(
            f"{directory.name(None)} is missing from {directory.path}: put it back from your copy; "
            "without it no stored room can be found, and only an empty database can be served."
        )


def _require_own_keys(directory: KeyringDirectory, *, known: bool) -> None:
    """Refuse a directory that has served a database, where this one was never served.

    An index key alone is what a first start leaves that was killed before its commit.
    """
    if not known and directory.has_served():
        raise KeyringUnusable(
            f"The database is new, and {directory.path} holds the keys of another one: set the "
            "right DATABASE_URL or DATA_DIR, or a KEYRING_DIR of its own for the new database. If "
            "the other one is gone for good, delete the directory."
        )


async def _require_history(connection: "Connection", directory: KeyringDirectory) -> None:
    beside, row = await look(connection, directory)
    follows(directory, beside, row, await later_epochs(connection, directory))


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
        if row.state == "destroyed":
            continue
        try:
            key = directory.read(row.id, source)
        except (KeyFileMissing, KeyFileDamaged):
            continue
        # A file with this name from another life of the database is as good as none.
        if fingerprint(key) == row.fingerprint:
            found[row.id] = EpochKey(row.id, key)
    return found


def _lost(rows: list[EpochRow], found: dict[int, EpochKey]) -> list[int]:
    """The epochs that need a key and have none."""
    return [row.id for row in rows if row.state != "destroyed" and row.id not in found]


async def _let_go(connection: "Connection", directory: KeyringDirectory, lost: list[int]) -> None:
    """Forget epochs without a key, if no payload depends on them; refuse otherwise."""
    await epoch_rows.lock_epochs(connection, lost)
    payloads = await epoch_rows.count_payloads(connection, lost)
    if payloads:
        names = ", ".join(directory.name(epoch) for epoch in lost)
        raise KeyringUnusable(
            f"{counted(payloads, 'stored payload')} can't be opened, because keys ({names}) are "
            f"missing from {directory.path} or damaged: put these files back, or destroy what they "
            "protected by `check --accept-loss`."
        )
    await epoch_rows.delete_epochs(connection, lost)


@asynccontextmanager
async def directory_lock(directory: KeyringDirectory) -> AsyncIterator[None]:
    """Hold the writers' lock of the directory, waiting for it as long as it takes."""
    # Polled, because a thread that waits for this lock could not be cancelled.
    while (lock := directory.try_lock()) is None:  # noqa: ASYNC110
        await asyncio.sleep(_LOCK_POLL_SECONDS)
    with lock:
        yield
