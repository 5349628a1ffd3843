"""Exchanging the encryption key: every key file is wrapped anew, while servers run or not."""

from dataclasses import dataclass

from ephemeral.sealing.encryption_key import EncryptionKeys, KeySource, OwnKeyFile
from ephemeral.sealing.keyring_files import (
    KeyFileDamaged,
    KeyringDirectory,
    WrongEncryptionKey,
)
from ephemeral.sealing.seals import Random


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many key files open, how many of them had to be wrapped anew, and which are damaged."""

    files: int
    rewrapped: int
    damaged: tuple[str, ...]


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
        complete_rotation(directory, source, random)
        rotation = _rewrap(directory, source.replace(random), random)
        source.forget_previous()
        return rotation


def complete_rotation(directory: KeyringDirectory, source: OwnKeyFile, random: Random) -> None:
    """Finish a rotation of our own key that was interrupted, if one was. The lock is held."""
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
