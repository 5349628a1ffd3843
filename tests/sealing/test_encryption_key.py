"""The operator's key is taken from one place, strictly, and never shown."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from support.machines.users import GROUP, NOBODYS_UID, folder_for_all, nobodys

from ephemeral.sealing.encryption_key import (
    EncryptionKeys,
    GivenKeys,
    KeyFile,
    OwnKeyFile,
    choose_key_source,
)
from ephemeral.sealing.seals import KeyringUnusable

KEY = "c0ffee" + "5a" * 29
OLD = "decade" + "a5" * 29


def private_file(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def choose(**given: object) -> object:
    absent = {
        "encryption_key": None,
        "encryption_key_previous": None,
        "encryption_key_file": None,
        "own_directory": None,
    }
    return choose_key_source(**(absent | given))  # type: ignore[arg-type]


def assert_one_sentence_without(secret: str, error: BaseException) -> None:
    text = str(error)
    assert text.endswith(".")
    assert "\n" not in text
    for length in range(4, len(secret) + 1):
        assert secret[:length] not in text
    assert error.__cause__ is None or secret not in repr(error.__cause__)


def test_keys_in_the_settings_are_hexadecimal_in_either_case() -> None:
    keys = GivenKeys(KEY.upper(), OLD).read()
    assert keys == EncryptionKeys(bytes.fromhex(KEY), bytes.fromhex(OLD))
    assert GivenKeys(KEY).read().previous is None


@pytest.mark.parametrize(
    "text",
    [
        KEY[:-1],
        KEY[:-2],
        KEY + "0",
        KEY + "00",
        KEY[:-1] + "g",
        "0x" + KEY[2:],
        KEY[:-2] + " 0",
        " " + KEY[1:],
        KEY[:-1] + "\n",
        KEY[:-1] + "٣",
        "changeme",
        "dGhpcyBpcyAzMiBieXRlcyBvZiBiYXNlNjQgdGV4dCE=",
    ],
)
def test_a_malformed_key_is_refused_without_being_shown(text: str, tmp_path: Path) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: GivenKeys(text),
        lambda: GivenKeys(KEY, text),
        lambda: KeyFile(tmp_path / "key", text),
    ]
    for attempt in attempts:
        with pytest.raises(KeyringUnusable, match="must be 64 hexadecimal digits") as refusal:
            attempt()
        assert_one_sentence_without(text, refusal.value)
    # Around a key in a file white space is no part of it.
    if len(text.strip()) != 64 or text.strip() != text:
        return
    file = private_file(tmp_path / "key", text)
    with pytest.raises(KeyringUnusable, match="must be 64 hexadecimal digits") as refusal:
        KeyFile(file).read()
    assert_one_sentence_without(text, refusal.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        KEY[:63],
        KEY + "\n" + KEY,
        KEY + "0",
        KEY + " " * 200 + KEY,
        b"\x00" * 32,
        b"\xff" * 64,
    ],
)
def test_a_file_without_exactly_one_key_is_refused(content: str | bytes, tmp_path: Path) -> None:
    file = private_file(tmp_path / "key", content)
    with pytest.raises(KeyringUnusable, match="must be 64 hexadecimal digits") as refusal:
        KeyFile(file).read()
    assert_one_sentence_without(KEY, refusal.value)


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "  \n"])
def test_a_key_in_a_file_may_end_as_editors_end_lines(end: str, tmp_path: Path) -> None:
    file = private_file(tmp_path / "key", KEY + end)
    assert KeyFile(file, OLD).read() == EncryptionKeys(bytes.fromhex(KEY), bytes.fromhex(OLD))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o610, 0o666])
def test_a_key_file_that_others_can_touch_is_refused(mode: int, tmp_path: Path) -> None:
    file = private_file(tmp_path / "encryption.key", KEY, mode)
    for source in (KeyFile(file), OwnKeyFile(tmp_path)):
        with pytest.raises(KeyringUnusable, match=r"open to others.*chmod 600") as refusal:
            source.read()
        assert_one_sentence_without(KEY, refusal.value)


@pytest.mark.parametrize(
    ("owner", "group", "mode", "taken"),
    [
        (0, GROUP, 0o440, True),
        (0, GROUP, 0o640, True),
        (0, GROUP, 0o444, False),
        (0, GROUP, 0o644, False),
        (0, GROUP, 0o660, False),
        (NOBODYS_UID, GROUP, 0o640, False),
        (NOBODYS_UID, GROUP, 0o400, True),
        (1, GROUP, 0o440, False),
    ],
)
def test_a_key_that_root_hands_to_a_group_is_taken_by_who_is_not_root(
    owner: int, group: int, mode: int, taken: bool
) -> None:
    """As Kubernetes mounts a secret for a pod with an fsGroup."""
    with folder_for_all() as folder:
        file = private_file(folder / "key", f"{KEY}\n", mode)
        with nobodys(file, owner, group):
            if taken:
                assert KeyFile(file).read().current == bytes.fromhex(KEY)
                return
            with pytest.raises(KeyringUnusable, match="open to others"):
                KeyFile(file).read()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_its_owner_alone_is_taken(mode: int, tmp_path: Path) -> None:
    file = private_file(tmp_path / "key", KEY, mode)
    assert KeyFile(file).read().current == bytes.fromhex(KEY)


def test_a_key_file_is_read_anew_each_time(tmp_path: Path) -> None:
    source = KeyFile(private_file(tmp_path / "key", KEY))
    source.read()
    private_file(tmp_path / "key", OLD)
    assert source.read().current == bytes.fromhex(OLD)


def test_a_key_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyringUnusable, match="nowhere is missing"):
        KeyFile(tmp_path / "nowhere").read()


def test_a_pipe_or_a_directory_is_no_key_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "directory").mkdir(0o700)
    for name in ("pipe", "directory"):
        with pytest.raises(KeyringUnusable, match="isn't a regular file"):
            KeyFile(tmp_path / name).read()


def test_without_a_key_the_operator_is_told_how_to_make_one() -> None:
    for absent in (None, ""):
        with pytest.raises(KeyringUnusable, match="openssl rand -hex 32"):
            choose(encryption_key=absent)


def test_beside_the_embedded_database_a_key_of_our_own_serves(tmp_path: Path) -> None:
    assert isinstance(choose(own_directory=tmp_path), OwnKeyFile)
    assert isinstance(choose(own_directory=tmp_path, encryption_key=""), OwnKeyFile)


def test_a_key_that_is_given_goes_before_our_own(tmp_path: Path) -> None:
    assert isinstance(choose(own_directory=tmp_path, encryption_key=KEY), GivenKeys)
    given = choose(own_directory=tmp_path, encryption_key_file=tmp_path / "key")
    assert isinstance(given, KeyFile)


def test_contradicting_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyringUnusable, match="not both"):
        choose(encryption_key=KEY, encryption_key_file=tmp_path / "key")
    with pytest.raises(KeyringUnusable, match="ENCRYPTION_KEY is not"):
        choose(encryption_key_previous=OLD, own_directory=tmp_path)


def test_our_own_key_is_random_and_private(tmp_path: Path) -> None:
    source = OwnKeyFile(tmp_path)
    assert not source.exists()
    source.create(lambda length: bytes(range(length)))
    assert source.exists()
    assert source.path.read_text() == bytes(range(32)).hex() + "\n"
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600
    assert source.read() == EncryptionKeys(bytes(range(32)))


def test_a_replaced_key_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    source = OwnKeyFile(tmp_path)
    source.create(secrets.token_bytes)
    old = source.read().current
    replaced = source.replace(secrets.token_bytes)
    assert replaced.previous == old
    assert replaced.current != old
    assert source.read() == replaced
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    source.forget_previous()
    assert source.read() == EncryptionKeys(replaced.current)
    assert old.hex() not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_what_a_killed_writer_of_a_key_left_is_removed(tmp_path: Path) -> None:
    source = OwnKeyFile(tmp_path)
    source.create(secrets.token_bytes)
    for name in (".encryption.key.tmp", ".encryption.key.previous.tmp"):
        private_file(tmp_path / name, KEY)
    private_file(tmp_path / ".others.tmp", "")
    source.clear_temporaries()
    assert {path.name for path in tmp_path.iterdir()} == {"encryption.key", ".others.tmp"}


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    source = OwnKeyFile(tmp_path / "absent")
    with pytest.raises(KeyringUnusable, match=r"encryption\.key can't be written: No such file"):
        source.create(secrets.token_bytes)


def test_no_key_shows_when_keys_are_printed() -> None:
    shown = repr(EncryptionKeys(b"SECRET" * 5 + b"!!", b"SECRET" * 5 + b"??"))
    assert "SECRET" not in shown
