"""A private file is written whole or not at all, and is on the disk before anybody relies on it."""

import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ephemeral.store.durable_files import erase, remove, remove_temporaries, write_private

traced: list[tuple[str, str]] | None = None


def trace(event: str, arguments: tuple[object, ...]) -> None:
    if traced is not None and event in {"os.rename", "os.remove"}:
        traced.append((event, Path(str(arguments[0])).name))


# A hook can't be taken away again; without a list to write to it does nothing.
sys.addaudithook(trace)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """What is synced, renamed and removed, in order and by name; the syncs are carried out."""
    global traced  # noqa: PLW0603
    sync = os.fsync

    def recorded(descriptor: int) -> None:
        seen.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    seen: list[tuple[str, str]] = []
    traced = seen
    yield seen
    traced = None


@contextmanager
def files_no_longer_than(length: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_synced_before_its_name_and_its_name_before_anybody_relies_on_it(
    tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    write_private(tmp_path / "key", b"content")
    assert steps == [
        ("os.remove", ".key.tmp"),
        ("sync", ".key.tmp"),
        ("os.rename", ".key.tmp"),
        ("sync", tmp_path.name),
    ]


def test_a_removal_is_synced(tmp_path: Path, steps: list[tuple[str, str]]) -> None:
    (tmp_path / "key").write_bytes(b"content")
    remove(tmp_path / "key")
    assert steps == [("os.remove", "key"), ("sync", tmp_path.name)]
    assert not (tmp_path / "key").exists()


def test_a_removal_leaves_no_half_written_successor(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"content")
    (tmp_path / ".key.tmp").write_bytes(b"half")
    remove(tmp_path / "key")
    assert list(tmp_path.iterdir()) == []


def test_what_is_erased_loses_its_name_then_its_content_and_then_its_file(
    tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    write_private(tmp_path / "key", b"content")
    kept = tmp_path / "another name of the same file"
    os.link(tmp_path / "key", kept)
    steps.clear()
    erase(tmp_path / "key")
    assert steps == [
        ("os.rename", "key"),
        ("sync", ".key.tmp"),
        ("os.remove", ".key.tmp"),
        ("sync", tmp_path.name),
        ("sync", tmp_path.name),
    ]
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]
    assert kept.read_bytes() == bytes(len(b"content"))


def test_what_a_killed_writer_or_eraser_left_is_erased_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"content")
    left = tmp_path / ".key.tmp"
    left.write_bytes(b"half")
    kept = tmp_path / "another name of the same file"
    os.link(left, kept)
    erase(tmp_path / "key")
    assert kept.read_bytes() == bytes(len(b"half"))
    assert list(tmp_path.iterdir()) == [kept]
    os.link(kept, left)
    kept.write_bytes(b"half")
    erase(tmp_path / "key")
    assert kept.read_bytes() == bytes(len(b"half"))
    assert list(tmp_path.iterdir()) == [kept]


def test_erasing_what_is_gone_is_no_error_and_synced(
    tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    erase(tmp_path / "key")
    assert steps[-1] == ("sync", tmp_path.name)
    assert list(tmp_path.iterdir()) == []


def test_removing_what_is_gone_is_no_error(tmp_path: Path) -> None:
    remove(tmp_path / "key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_mode_is_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "key", b"content")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_full_disk_leaves_the_old_file_and_no_part_of_the_new(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"old")
    with files_no_longer_than(5), pytest.raises(OSError, match="File too large"):
        write_private(tmp_path / "key", b"new and longer")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").read_bytes() == b"old"


def test_what_a_killed_writer_left_does_not_stop_the_next(tmp_path: Path) -> None:
    (tmp_path / ".key.tmp").write_bytes(b"half")
    write_private(tmp_path / "key", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert (tmp_path / "key").read_bytes() == b"content"


def test_a_link_in_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".key.tmp").symlink_to(victim)
    write_private(tmp_path / "key", b"content")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "key").is_symlink()


def test_only_temporaries_are_swept(tmp_path: Path) -> None:
    for name in (".a.tmp", ".b.key.tmp", "c.tmp", ".d", "e.key"):
        (tmp_path / name).touch()
    remove_temporaries(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"c.tmp", ".d", "e.key"}
