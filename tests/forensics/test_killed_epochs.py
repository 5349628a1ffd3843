"""The program is killed while an epoch ends, at every point: no key is lost and none is left."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.server import ROOT, Program
from support.machines.services import ENCRYPTION_KEY, EPOCH_MS, Desk, Message
from support.programs.killed_program import POINTS

from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


def killed(point: str, environment: dict[str, str], folder: Path) -> None:
    ended = subprocess.run(
        [
            sys.executable,
            ROOT / "tests" / "support" / "programs" / "killed_program.py",
            point,
            "serve",
        ],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert "Fault" not in ended.stderr


async def until_one_is_left(pool: "Pool", keyring: KeyringDirectory, old: int) -> None:
    """Wait for an epoch after `old`, alone in the database and in the directory."""
    while True:
        rows = {row["id"]: row["state"] for row in await pool.fetch("SELECT * FROM epochs")}
        alone = set(rows.values()) == {"current"} and keyring.epochs() == list(rows)
        if alone and min(rows) > old:
            return
        await asyncio.sleep(0.02)


#: Every other point in every run, and the others before a release.
SOME = [
    pytest.param(point, marks=[pytest.mark.release] if number % 2 else [])
    for number, point in enumerate(POINTS)
]


@pytest.mark.parametrize("point", SOME)
async def test_killed_anywhere_the_next_start_ends_the_epoch_and_opens_every_message(
    point: str, database_url: str, pool: "Pool", serve: Callable[..., Program], tmp_path: Path
) -> None:
    keyring = tmp_path / "keyring"
    desk = await Desk.open(pool, keyring)
    _, author, reader = await desk.pair()
    messages = [Message() for _ in range(7)]
    for message in messages:
        await desk.post(author, message)
    for message in messages[5:]:
        await desk.open_message(reader, message)
        await desk.acknowledge(reader, message)
    old = desk.keyring.current.id
    await desk.clock.advance(EPOCH_MS)
    environment = {
        "DATABASE_URL": database_url,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "KEYRING_DIR": str(keyring),
        "DATA_DIR": str(tmp_path),
        "PORT": "0",
    }
    await asyncio.to_thread(killed, point, environment, tmp_path)
    # An epoch of two seconds: what the killed one left behind counts as old by then.
    server = await asyncio.to_thread(
        serve,
        database=database_url,
        ENCRYPTION_KEY=ENCRYPTION_KEY,
        KEYRING_DIR=keyring,
        EPOCH_SECONDS=2,
        DATA_DIR=tmp_path,
    )
    async with asyncio.timeout(60):
        await until_one_is_left(pool, desk.keyring.directory, old)
    answer = await asyncio.to_thread(httpx.get, f"{server.url}/readyz", trust_env=False)
    assert answer.status_code == 200
    for message in messages[:5]:
        assert (await desk.open_message(reader, message)).envelope == message.envelope
    assert await desk.rows("payload_keys") == {"payload_keys": 5}
    assert await desk.orphans() == {}
    assert desk.faults == []
    await desk.ledger.close()


@pytest.mark.parametrize("preset", ["on", "off"])
async def test_a_database_that_is_killed_when_an_epoch_has_ended_has_lost_no_survivor(
    postgres: Postgres, tmp_path: Path, preset: str
) -> None:
    """Also where it is set to commit without waiting for the disk: the program overrules that."""
    postgres.put_data_dir(tmp_path / "data")
    cluster = tmp_path / "data" / "postgres"
    async with EmbeddedPostgres(tmp_path / "data") as database:
        plain = await asyncpg.connect(database.dsn)
        await plain.execute(f"ALTER DATABASE ephemeral SET synchronous_commit = {preset}")
        await plain.close()
    with (cluster / "postgresql.conf").open("a") as settings:
        # So that nobody else writes the log to the disk meanwhile.
        settings.write("wal_writer_delay = 10s\n")
    async with EmbeddedPostgres(tmp_path / "data") as database:
        pool = await open_pool(database.dsn, size=4, wait_seconds=0)
        desk = await Desk.open(pool, tmp_path / "keyring")
        _, author, reader = await desk.pair()
        messages = [Message() for _ in range(5)]
        for message in messages:
            await desk.post(author, message)
        old = desk.keyring.current.id
        await desk.clock.advance(EPOCH_MS)
        await desk.keep_epochs()
        assert desk.keyring.directory.epochs() == [old + 1]
        os.kill(int((cluster / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        await desk.ledger.close()
        pool.terminate()
        async with asyncio.timeout(60):
            again = await recovered(database.dsn)
        back = await Desk.open(again, tmp_path / "keyring")
        for message in messages:
            assert (await back.open_message(reader, message)).envelope == message.envelope
        await back.ledger.close()
        await again.close()


async def recovered(dsn: str) -> "Pool":
    """A pool, once the database that was killed takes connections again."""
    while True:
        try:
            await (await asyncpg.connect(dsn)).close()
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.05)
        else:
            return await open_pool(dsn, size=4, wait_seconds=30)
