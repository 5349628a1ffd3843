"""The mark: its file, beside those who tidy the directory of the keys, and who reads meanwhile."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.services import Desk

from ephemeral.sealing.mark import MARK, Mark, read_mark, write_mark
from ephemeral.sealing.vault import Vault
from ephemeral.store.durable_files import remove_temporaries
from ephemeral.store.postgres import StoreUnavailable, transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

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


async def test_a_reader_that_began_before_the_mark_was_raised_begins_again(desk: Desk) -> None:
    """Else once a second somebody's answer would be that the database is away."""
    locator = await desk.room()
    profile = os.urandom(256)
    await desk.join(locator, profile=profile)
    [payload] = [row[0] for row in await desk.pool.fetch("SELECT id FROM payloads")]
    vault, attempts = Vault(desk.keyring, os.urandom), 0

    async def raised() -> None:
        await desk.pool.execute("UPDATE keyring SET mark = mark + 1")
        desk.keyring.mark += 1

    async def work(connection: "Connection") -> bytes | None:
        nonlocal attempts
        attempts += 1
        await connection.fetchval("SELECT mark FROM keyring")
        if attempts == 1:
            await raised()
        return vault.profile(payload, await vault.sealed(connection, [payload]))

    assert await transaction(desk.pool, work, read_only=True) == profile
    assert attempts == 2
    # A database that was set back stays so, however often it is asked.
    desk.keyring.mark += 5
    with pytest.raises(StoreUnavailable):
        await transaction(desk.pool, work, read_only=True)
