"""Key files belong to one user, to one writer at a time, and open only as what they are."""

import os
import secrets
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.machines.users import GROUP, folder_for_all, nobodys

from ephemeral.sealing.encryption_key import EncryptionKeys, GivenKeys
from ephemeral.sealing.keyring_files import (
    KeyFileDamaged,
    KeyFileMissing,
    KeyringDirectory,
    WrongEncryptionKey,
)
from ephemeral.sealing.seals import KeyringUnusable, encode_key_file

CURRENT = bytes(range(32))
PREVIOUS = bytes(range(1, 33))
KEY = bytes(range(100, 132))
KEYS = EncryptionKeys(CURRENT)

SOURCE = GivenKeys(CURRENT.hex())


class Scripted:
    """A key source that changes from one reading to the next, as a rotation changes it."""

    def __init__(self, *readings: EncryptionKeys) -> None:
        self.readings = list(readings)

    def read(self) -> EncryptionKeys:
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]


@pytest.fixture
def directory(tmp_path: Path) -> KeyringDirectory:
    made = KeyringDirectory(tmp_path / "keyring")
    made.prepare()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = KeyringDirectory(tmp_path / "a b" / "keyring")
    made.prepare()
    made.prepare()
    assert mode(made.path) == 0o700


@pytest.mark.parametrize("others", [0o750, 0o705, 0o720, 0o702, 0o710, 0o755, 0o777])
def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path, others: int) -> None:
    path = tmp_path / "keyring"
    path.mkdir()
    path.chmod(others)
    with pytest.raises(KeyringUnusable, match=r"open to others than its owner: run `chmod 700 /"):
        KeyringDirectory(path).prepare()
    path.chmod(0o700)
    KeyringDirectory(path).prepare()


def test_a_directory_of_another_user_that_is_open_is_told_what_can_be_done() -> None:
    """Who isn't its owner can't change its mode: the root of a volume, for instance."""
    with folder_for_all() as folder:
        path = folder / "volume"
        path.mkdir()
        path.chmod(0o2770)
        with nobodys(path, 0, GROUP):
            with pytest.raises(KeyringUnusable, match="name a directory in it, to be made"):
                KeyringDirectory(path).prepare()
            KeyringDirectory(path / "keyring").prepare()
            assert (path / "keyring").stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_directorys_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keyring").touch(0o600)
    with pytest.raises(KeyringUnusable, match="isn't a directory"):
        KeyringDirectory(tmp_path / "keyring").prepare()
    with pytest.raises(KeyringUnusable, match="can't be used: Not a directory"):
        KeyringDirectory(tmp_path / "keyring" / "below").prepare()


def test_a_directory_that_cannot_be_made_is_named() -> None:
    with pytest.raises(KeyringUnusable, match="KEYRING_DIR /proc/keyring can't be used: "):
        KeyringDirectory(Path("/proc/keyring")).prepare()


@pytest.mark.parametrize("epoch", [None, 1, 2**63 - 1])
def test_a_written_key_is_read_again(directory: KeyringDirectory, epoch: int | None) -> None:
    assert not directory.holds(epoch)
    directory.write(epoch, KEY, KEYS, secrets.token_bytes)
    assert directory.holds(epoch)
    assert directory.read(epoch, SOURCE) == KEY
    assert mode(directory.path / directory.name(epoch)) == 0o600


def test_no_file_holds_a_key_in_the_clear(directory: KeyringDirectory) -> None:
    directory.write(None, KEY, KEYS, secrets.token_bytes)
    directory.write(1, KEY, KEYS, secrets.token_bytes)
    stored = b"".join(path.read_bytes() for path in directory.path.iterdir())
    assert KEY not in stored
    assert CURRENT not in stored


def test_what_is_stored_is_listed_by_the_names_that_keys_have(directory: KeyringDirectory) -> None:
    assert directory.stored() == []
    for epoch in (10, 9, None):
        directory.write(epoch, KEY, KEYS, secrets.token_bytes)
    for other in ("epoch-0.key", "epoch-07.key", "epoch-8.key.bak", "epoch-٣.key", "epoch-.key"):
        (directory.path / other).touch()
    assert directory.epochs() == [9, 10]
    assert directory.stored() == [None, 9, 10]


def test_a_removed_key_is_gone(directory: KeyringDirectory) -> None:
    directory.write(1, KEY, KEYS, secrets.token_bytes)
    directory.remove(1)
    directory.remove(1)
    assert directory.stored() == []
    with pytest.raises(KeyFileMissing, match=r"epoch-1\.key is missing"):
        directory.read(1, SOURCE)


def test_a_key_wrapped_by_the_previous_encryption_key_is_read(directory: KeyringDirectory) -> None:
    directory.write(1, KEY, EncryptionKeys(PREVIOUS), secrets.token_bytes)
    assert directory.read(1, GivenKeys(CURRENT.hex(), PREVIOUS.hex())) == KEY


def test_new_files_are_wrapped_by_the_current_key_alone(directory: KeyringDirectory) -> None:
    directory.write(1, KEY, EncryptionKeys(CURRENT, PREVIOUS), secrets.token_bytes)
    assert directory.read(1, GivenKeys(CURRENT.hex())) == KEY
    with pytest.raises(WrongEncryptionKey):
        directory.read(1, GivenKeys(PREVIOUS.hex()))


def test_another_encryption_key_is_told_from_damage(directory: KeyringDirectory) -> None:
    directory.write(1, KEY, KEYS, secrets.token_bytes)
    with pytest.raises(WrongEncryptionKey, match="wrapped by a different ENCRYPTION_KEY") as wrong:
        directory.read(1, GivenKeys(PREVIOUS.hex()))
    assert PREVIOUS.hex()[:8] not in str(wrong.value)
    path = directory.path / "epoch-1.key"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(KeyFileDamaged, match=r"epoch-1\.key is damaged: it has 77 bytes"):
        directory.read(1, GivenKeys(PREVIOUS.hex()))


def test_a_file_under_another_keys_name_is_damage(directory: KeyringDirectory) -> None:
    directory.write(1, KEY, KEYS, secrets.token_bytes)
    (directory.path / "epoch-1.key").rename(directory.path / "epoch-2.key")
    with pytest.raises(KeyFileDamaged, match="another key than its name says"):
        directory.read(2, SOURCE)


def test_a_file_that_cannot_be_read_is_named(directory: KeyringDirectory) -> None:
    (directory.path / "epoch-1.key").mkdir()
    with pytest.raises(KeyringUnusable, match=r"epoch-1\.key can't be read: Is a directory"):
        directory.read(1, SOURCE)
    with pytest.raises(KeyringUnusable, match=r"epoch-1\.key can't be written: Is a directory"):
        directory.write(1, KEY, KEYS, secrets.token_bytes)


def test_a_rotation_between_reading_the_key_and_the_file_is_noticed(
    directory: KeyringDirectory,
) -> None:
    directory.write(1, KEY, EncryptionKeys(PREVIOUS), secrets.token_bytes)
    late = Scripted(
        EncryptionKeys(b"\1" * 32), EncryptionKeys(b"\2" * 32), EncryptionKeys(PREVIOUS)
    )
    assert directory.read(1, late) == KEY


def test_a_wrong_key_that_stays_the_same_is_not_tried_for_ever(directory: KeyringDirectory) -> None:
    directory.write(1, KEY, KEYS, secrets.token_bytes)
    wrong = Scripted(EncryptionKeys(b"\1" * 32), EncryptionKeys(b"\2" * 32))
    with pytest.raises(WrongEncryptionKey):
        directory.read(1, wrong)


def test_the_lock_keeps_a_second_writer_away(directory: KeyringDirectory) -> None:
    first = directory.try_lock()
    assert first is not None
    assert directory.try_lock() is None
    first.close()
    with directory.locked():
        assert directory.try_lock() is None
    second = directory.try_lock()
    assert second is not None
    second.close()
    assert mode(directory.path / "keyring.lock") == 0o600


def test_a_fault_under_the_lock_frees_it_and_stays_itself(directory: KeyringDirectory) -> None:
    fault = OSError("of the caller")
    with pytest.raises(OSError, match="of the caller") as raised, directory.locked():
        raise fault
    assert raised.value is fault
    lock = directory.try_lock()
    assert lock is not None
    lock.close()


def test_a_killed_writer_holds_no_lock(directory: KeyringDirectory) -> None:
    program = (
        "import sys, pathlib\n"
        "from ephemeral.sealing.keyring_files import KeyringDirectory\n"
        f"with KeyringDirectory(pathlib.Path({str(directory.path)!r})).locked():\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert directory.try_lock() is None
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    lock = directory.try_lock()
    assert lock is not None
    lock.close()


def test_what_a_killed_writer_left_is_swept_and_is_no_key(directory: KeyringDirectory) -> None:
    half = encode_key_file(CURRENT, 1, KEY, secrets.token_bytes)[:40]
    (directory.path / ".epoch-1.key.tmp").write_bytes(half)
    assert directory.stored() == []
    directory.clear_temporaries()
    assert list(directory.path.iterdir()) == []
