"""``KEYRING_DIR``: the small files that hold wrapped keys, written so that they survive.

One file a key: ``index.key`` and ``epoch-<id>.key``, in the format of ``seals``; beside them
``database.mark``. The directory belongs to one user (0700) and so do its files (0600).

Whoever writes here holds ``keyring.lock``; several processes, and hosts that share the
directory, may be making and re-wrapping keys at once. Readers need no lock: a file appears and
changes by rename alone. A key counts as written only when its bytes and its name have been
synced and it has been read back and opened.

In all of this module an epoch of None stands for the index key.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ephemeral.sealing.encryption_key import EncryptionKeys, KeySource
from ephemeral.sealing.mark import MARK
from ephemeral.sealing.seals import (
    KeyFileMalformed,
    KeyringUnusable,
    Random,
    SealBroken,
    decode_key_file,
    encode_key_file,
)
from ephemeral.store.durable_files import (
    erase,
    remove_temporaries,
    sync_directory,
    write_private,
)

_LOCK = "keyring.lock"
_INDEX = "index.key"
_EPOCH = re.compile(r"epoch-([1-9][0-9]{0,18})\.key")


class KeyFileMissing(KeyringUnusable):
    """A key that was asked for has no file."""


class KeyFileDamaged(KeyringUnusable):
    """A file that can't be the key its name says, whatever the encryption key."""


class WrongEncryptionKey(KeyringUnusable):
    """A file in good form that opens under none of the encryption keys."""


class KeyringOpened(KeyringUnusable):
    """Others than its owner can look into the directory by now."""


class KeyringDirectory:
    """The key files of one deployment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Make the directory if it is absent; refuse one that others can look into."""
        with _explained(f"KEYRING_DIR {self.path} can't be used"):
            if not self.path.exists():
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                sync_directory(self.path.parent)
            state = self.path.stat()
            if not self.path.is_dir():
                raise KeyringUnusable(f"KEYRING_DIR {self.path} isn't a directory.")
            if state.st_mode & 0o077:
                cure = f"run `chmod 700 {self.path}`"
                if os.geteuid() not in {0, state.st_uid}:
                    # The root of a mounted volume, for instance.
                    cure = "it belongs to another user, so name a directory in it, to be made"
                raise KeyringUnusable(
                    f"KEYRING_DIR {self.path} is open to others than its owner: {cure}."
                )

    def require_private(self) -> None:
        """Refuse a directory that others can look into by now, or that can't be seen any more."""
        with _explained(f"KEYRING_DIR {self.path} can't be read"):
            mode = self.path.stat().st_mode
        if mode & 0o077:
            raise KeyringOpened(
                f"KEYRING_DIR {self.path} is open to others than its owner: "
                f"run `chmod 700 {self.path}`."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writers' lock, waiting for it as long as it takes."""
        with self._open_lock() as file:
            with _explained(f"KEYRING_DIR {self.path} can't be locked"):
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def try_lock(self) -> BinaryIO | None:
        """The writers' lock, held until what is returned is closed; None if another holds it."""
        file = self._open_lock()
        try:
            with _explained(f"KEYRING_DIR {self.path} can't be locked"):
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    file.close()
                    return None
        except KeyringUnusable:
            file.close()
            raise
        return file

    def name(self, epoch: int | None) -> str:
        """The file name of a key."""
        return _INDEX if epoch is None else f"epoch-{epoch}.key"

    def holds(self, epoch: int | None) -> bool:
        """Whether a key has a file, whatever is in it."""
        with _explained(f"KEYRING_DIR {self.path} can't be read"):
            return (self.path / self.name(epoch)).exists()

    def epochs(self) -> list[int]:
        """The ids of all epochs that have a file, ascending."""
        with _explained(f"KEYRING_DIR {self.path} can't be read"):
            matches = [_EPOCH.fullmatch(path.name) for path in self.path.iterdir()]
        return sorted(int(match[1]) for match in matches if match)

    def stored(self) -> list[int | None]:
        """All keys that have a file: the index key first, then epochs."""
        return [*([None] if self.holds(None) else []), *self.epochs()]

    def has_served(self) -> bool:
        """Whether there is more than an index key: a database has been served with these keys."""
        return bool(self.epochs()) or (self.path / MARK).exists()

    def read(self, epoch: int | None, source: KeySource) -> bytes:
        """The key in a file, by the current encryption key or the previous one.

        Needs no lock. Raises KeyFileMissing, KeyFileDamaged, WrongEncryptionKey.
        """
        keys = source.read()
        while True:
            try:
                return self.open_file(epoch, keys)
            except WrongEncryptionKey:
                # A rotation may have run since the keys were read. It wraps files only by keys
                # that are already in place, so that keys read again after the failure suffice.
                fresh = source.read()
                if fresh == keys:
                    raise
                keys = fresh

    def open_file(self, epoch: int | None, keys: EncryptionKeys) -> bytes:
        """The key in a file, by exactly these encryption keys; raises as ``read`` does."""
        path = self.path / self.name(epoch)
        with _explained(f"{path} can't be read"):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                raise KeyFileMissing(f"{path} is missing.") from None
        for key in (keys.current, keys.previous):
            if key is None:
                continue
            try:
                return decode_key_file(key, epoch, content)
            except SealBroken:
                continue
            except KeyFileMalformed as error:
                raise KeyFileDamaged(f"{path} is damaged: {error}.") from None
        raise WrongEncryptionKey(
            f"{path} was wrapped by a different ENCRYPTION_KEY: "
            "set that one, or add it as ENCRYPTION_KEY_PREVIOUS."
        )

    def write(self, epoch: int | None, key: bytes, keys: EncryptionKeys, random: Random) -> None:
        """Wrap a key by the current encryption key and make its file durable.

        Replaces a file of the same key; whoever writes a new key looks first whether its name is
        free. The lock is held.
        """
        path = self.path / self.name(epoch)
        with _explained(f"{path} can't be written"):
            write_private(path, encode_key_file(keys.current, epoch, key, random))
        if self.open_file(epoch, EncryptionKeys(keys.current)) != key:
            raise KeyFileDamaged(f"{path} doesn't hold what was written to it.")

    def written_at(self, epoch: int | None) -> int | None:
        """When a key's file was last written, in milliseconds since 1970; None if it is absent."""
        path = self.path / self.name(epoch)
        with _explained(f"{path} can't be read"):
            try:
                return path.stat().st_mtime_ns // 1_000_000
            except FileNotFoundError:
                return None

    def remove(self, epoch: int | None) -> None:
        """Destroy the file of a key, if it is there, durably. The lock is held."""
        path = self.path / self.name(epoch)
        with _explained(f"{path} can't be removed"):
            erase(path)

    def clear_temporaries(self) -> None:
        """Remove what killed writers left. The lock is held."""
        with _explained(f"KEYRING_DIR {self.path} can't be written"):
            remove_temporaries(self.path)

    def _open_lock(self) -> BinaryIO:
        with _explained(f"KEYRING_DIR {self.path} can't be written"):
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "r+b")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn a fault of the file system into a sentence."""
    try:
        yield
    except OSError as error:
        raise KeyringUnusable(f"{what}: {error.strerror}.") from error
