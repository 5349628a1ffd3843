"""A host is killed while it deletes objects, at every point: nothing is left, and no row."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.server import ROOT
from support.programs.killed_purger import POINTS

from ephemeral import faults
from ephemeral.settings import Settings
from ephemeral.store.objects.deployed import open_objects
from ephemeral.store.objects.purge_rows import insert_purge
from ephemeral.store.objects.purger import Purger

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

DAY, TWO_MINUTES = 86_400_000, 120_000
PREFIX = os.urandom(16)
PROGRAM = ROOT / "tests" / "support" / "programs" / "killed_purger.py"
#: Every third point in every run, and the others before a release.
SOME = [
    pytest.param(point, marks=[pytest.mark.release] if number % 3 else [])
    for number, point in enumerate(POINTS)
]


@pytest.mark.parametrize("point", SOME)
async def test_killed_anywhere_the_next_host_deletes_the_rest(
    point: str, database_url: str, pool: "Pool", tmp_path: Path
) -> None:
    settings = Settings.parse({"DATA_DIR": str(tmp_path)})
    last = point in list(POINTS)[-2:]
    async with open_objects(settings, pool, bytes(16), bytes(32), os.urandom) as objects:

        async def at(now: int) -> None:
            await pool.execute(
                "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql "
                f"RETURN {now}::bigint"
            )

        await at(0)
        await insert_purge(pool, "a", PREFIX)
        for number in () if last else range(5):
            await objects.store.put(objects.key("a", PREFIX, number), b"burnt")
        if last:
            await pool.execute("UPDATE purges SET round = 2")
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, PROGRAM, point],
            env={
                "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
                "DATABASE_URL": database_url, "DATA_DIR": str(tmp_path),
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        purger = Purger(pool, objects, 1, faults.record)
        for now in (TWO_MINUTES, 2 * TWO_MINUTES, 2 * DAY):
            await at(now)
            await purger.purge()
            assert [one async for one in objects.store.held(objects.own)] == []
        assert await pool.fetchval("SELECT count(*) FROM purges") == 0
