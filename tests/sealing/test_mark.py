"""The file of the mark, beside those who tidy the directory of the keys."""

import os
import threading
from pathlib import Path

from ephemeral.sealing.mark import MARK, Mark, read_mark, write_mark
from ephemeral.store.durable_files import remove_temporaries

ROUNDS = 300


def mark(number: int) -> Mark:
    return Mark(number, 1, bytes(16), 1)


def test_whoever_tidies_the_keys_leaves_the_mark_whole(tmp_path: Path):
    """What killed writers of keys left is overwritten; a draft of the mark is none of that."""
    over = threading.Event()

    def tidy() -> None:
        while not over.is_set():
            remove_temporaries(tmp_path)

    tidier = threading.Thread(target=tidy)
    tidier.start()
    try:
        for number in range(1, ROUNDS):
            write_mark(tmp_path, mark(number))
            assert read_mark(tmp_path) == mark(number)
    finally:
        over.set()
        tidier.join()
    assert [path.name for path in tmp_path.iterdir()] == [MARK]


def test_drafts_of_writers_that_were_killed_are_tidied_and_those_of_the_living_are_not(
    tmp_path: Path,
):
    old, young = tmp_path / f".{MARK}.new-1-a", tmp_path / f".{MARK}.new-1-b"
    for draft in (old, young):
        draft.write_bytes(b"half")
    os.utime(old, (1, 1))
    write_mark(tmp_path, mark(1), first=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, MARK]
