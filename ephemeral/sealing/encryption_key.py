"""``ENCRYPTION_KEY``: where the operator's 32 bytes come from, and how strictly they are taken.

A key is written as 64 hexadecimal digits. It is given in the settings, or in a file of the
operator's (``ENCRYPTION_KEY_FILE``), or, beside the embedded database only, in
``DATA_DIR/encryption.key``, which the program makes and replaces by itself. Beside the current
key a previous one may stand: what it wrapped is still opened, nothing new is wrapped by it.

No exception here shows a key or a part of one.
"""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ephemeral.sealing.seals import KEY_BYTES, KeyringUnusable, Random
from ephemeral.store.durable_files import remove, remove_temporary, write_private

HOW_TO_MAKE_ONE = "`openssl rand -hex 32` makes one"

_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")
# More than a key and its line end, so that a wrong file is noticed without being read whole.
_FILE_LIMIT = 256


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """The key that wraps, and one more that may still be needed to unwrap; 32 bytes each."""

    current: bytes = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)


class KeySource(Protocol):
    """Where the keys are read, anew for each use: a file may have changed meanwhile."""

    def read(self) -> EncryptionKeys:
        """The keys as they are now; raises KeyringUnusable."""
        ...


class GivenKeys:
    """Keys given as text in the settings."""

    def __init__(self, current: str, previous: str | None = None) -> None:
        self._keys = EncryptionKeys(
            parse_key("ENCRYPTION_KEY", current),
            parse_key("ENCRYPTION_KEY_PREVIOUS", previous) if previous else None,
        )

    def read(self) -> EncryptionKeys:
        return self._keys


class KeyFile:
    """A key in a file of the operator's; the previous one, if any, is given in the settings."""

    def __init__(self, path: Path, previous: str | None = None) -> None:
        self._path = path
        self._previous = parse_key("ENCRYPTION_KEY_PREVIOUS", previous) if previous else None

    def read(self) -> EncryptionKeys:
        return EncryptionKeys(_read_file(self._path), self._previous)


class OwnKeyFile:
    """``encryption.key`` in a directory of ours, beside the embedded database.

    Writers hold the lock of the keyring directory.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "encryption.key"
        self._previous = directory / "encryption.key.previous"

    def read(self) -> EncryptionKeys:
        # In this order: a rotation that runs between the two reads then gives a pair that fails
        # to open something, and differs when it is read again (see KeyringDirectory.read).
        current = _read_file(self.path)
        return EncryptionKeys(current, _read_file_if_there(self._previous))

    def exists(self) -> bool:
        return self.path.exists()

    def create(self, random: Random) -> None:
        """Make the first key."""
        self._write(self.path, _new_key(random))

    def replace(self, random: Random) -> EncryptionKeys:
        """Make a new key current and the current one previous.

        The old key is on the disk under its second name before it loses its first.
        """
        old = _read_file(self.path)
        new = _new_key(random)
        self._write(self._previous, old)
        self._write(self.path, new)
        return EncryptionKeys(new, old)

    def forget_previous(self) -> None:
        """Remove the previous key, when nothing needs it any more."""
        try:
            remove(self._previous)
        except OSError as error:
            raise KeyringUnusable(
                f"{self._previous} can't be removed: {error.strerror}."
            ) from error

    def clear_temporaries(self) -> None:
        """Remove what killed writers left: it may hold a key in the clear."""
        for path in (self.path, self._previous):
            try:
                remove_temporary(path)
            except OSError as error:
                raise KeyringUnusable(
                    f"Temporaries of {path} can't be removed: {error.strerror}."
                ) from error

    @staticmethod
    def _write(path: Path, key: bytes) -> None:
        try:
            write_private(path, key.hex().encode() + b"\n")
        except OSError as error:
            raise KeyringUnusable(f"{path} can't be written: {error.strerror}.") from error


def choose_key_source(
    *,
    encryption_key: str | None,
    encryption_key_previous: str | None,
    encryption_key_file: Path | None,
    own_directory: Path | None,
) -> KeySource:
    """Decide from the settings where the key is; an empty text counts as absent.

    ``own_directory`` is ``DATA_DIR`` where the embedded database is used, None elsewhere: there
    a key must be given. Raises KeyringUnusable.
    """
    if encryption_key and encryption_key_file:
        raise KeyringUnusable("Set ENCRYPTION_KEY or ENCRYPTION_KEY_FILE, not both.")
    if encryption_key:
        return GivenKeys(encryption_key, encryption_key_previous)
    if encryption_key_file:
        return KeyFile(encryption_key_file, encryption_key_previous)
    if encryption_key_previous:
        raise KeyringUnusable("ENCRYPTION_KEY_PREVIOUS is set, but ENCRYPTION_KEY is not.")
    if own_directory is None:
        raise KeyringUnusable(
            "ENCRYPTION_KEY is required with a database of your own: "
            f"{HOW_TO_MAKE_ONE}; keep it where the database's backups are not."
        )
    return OwnKeyFile(own_directory)


def parse_key(name: str, text: str) -> bytes:
    """The 32 bytes of a key; ``name`` says in the refusal whose text it was."""
    if not _HEX_KEY.fullmatch(text):
        raise KeyringUnusable(
            f"{name} must be 64 hexadecimal digits (32 bytes): {HOW_TO_MAKE_ONE}."
        )
    return bytes.fromhex(text)


def _read_file(path: Path) -> bytes:
    key = _read_file_if_there(path)
    if key is None:
        raise KeyringUnusable(f"The encryption key {path} is missing.")
    return key


def _read_file_if_there(path: Path) -> bytes | None:
    try:
        # Not blocking: a pipe in the file's place must be refused, not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            _require_private(path, os.fstat(descriptor))
            content = os.read(descriptor, _FILE_LIMIT)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyringUnusable(
            f"The encryption key {path} can't be read: {error.strerror}."
        ) from error
    whole = content if len(content) < _FILE_LIMIT else b""
    return parse_key(f"The encryption key in {path}", whole.decode("latin-1").strip())


def _require_private(path: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise KeyringUnusable(f"The encryption key {path} isn't a regular file.")
    allowed = stat.S_IRWXU
    if state.st_uid == 0 and os.geteuid() != 0:
        # As orchestrators hand a secret to a program that isn't root: by a group of its own.
        allowed |= stat.S_IRGRP
    if state.st_mode & 0o777 & ~allowed:
        raise KeyringUnusable(
            f"The encryption key {path} is open to others than its owner: "
            f"run `chmod 600 {path}`, and make a new key if others may have read it."
        )


def _new_key(random: Random) -> bytes:
    key = random(KEY_BYTES)
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key must be {KEY_BYTES} bytes")
    return key
