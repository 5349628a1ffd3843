"""What is deleted in the database goes where the objects lie, also what comes there late."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ephemeral import faults
from ephemeral.settings import Settings
from ephemeral.store.objects import purge_rows
from ephemeral.store.objects.deployed import Objects, open_objects
from ephemeral.store.objects.interface import Failed
from ephemeral.store.objects.purge_rows import Kind, insert_purge
from ephemeral.store.objects.purger import Purger

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PREFIX, OTHER = os.urandom(16), os.urandom(16)


@pytest.fixture
async def objects(pool: "Pool", tmp_path: Path) -> AsyncIterator[Objects]:
    settings = Settings.parse({"DATA_DIR": str(tmp_path)})
    async with open_objects(settings, pool, bytes(16), bytes(32), os.urandom) as opened:
        yield opened


@pytest.fixture
def purger(pool: "Pool", objects: Objects) -> Purger:
    return Purger(pool, objects, 1, faults.record)


class Clock:
    """The database's clock, in milliseconds."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    async def set(self, now: int) -> None:
        await self._connection.execute(
            "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql "
            f"RETURN {now}::bigint"
        )


async def keys(objects: Objects) -> list[str]:
    return [one.key async for one in objects.store.held(objects.own)]


@pytest.mark.parametrize(
    ("kind", "put_until", "rounds"),
    [
        ("a", None, [0, MINUTE, DAY]),
        ("f", 10 * MINUTE, [0, 11 * MINUTE, 10 * MINUTE + HOUR, 10 * MINUTE + DAY]),
    ],
)
async def test_what_comes_late_is_deleted_too_and_then_the_row_goes(
    pool: "Pool", objects: Objects, purger: Purger, kind: Kind, put_until: int | None,
    rounds: list[int],
) -> None:  # fmt: skip
    kept = objects.key(kind, OTHER, 0)
    await objects.store.put(kept, b"another's")
    async with pool.acquire() as connection:
        clock = Clock(connection)
        await clock.set(0)
        await insert_purge(connection, kind, PREFIX, put_until)
        for at in rounds:
            # Somebody's address was still good.
            await objects.store.put(objects.key(kind, PREFIX, at), b"late")
            if at:
                await clock.set(at - 1)
                await purger.purge()
                assert len(await keys(objects)) == 2
            await clock.set(at)
            await purger.purge()
            assert await keys(objects) == [kept]
        # The last time something was there: that isn't believed yet.
        assert await connection.fetchval("SELECT count(*) FROM purges") == 1
        await clock.set(rounds[-1] + 2 * HOUR)
        await purger.purge()
        assert await connection.fetchval("SELECT count(*) FROM purges") == 0
    assert await keys(objects) == [kept]


async def test_what_a_killed_host_had_taken_another_one_deletes(
    pool: "Pool", objects: Objects, purger: Purger
) -> None:
    await objects.store.put(objects.key("a", PREFIX, 0), b"burnt")
    async with pool.acquire() as connection:
        clock = Clock(connection)
        await clock.set(0)
        await insert_purge(connection, "a", PREFIX)
        # Taken, and then nothing more is heard of it.
        assert len(await purge_rows.due(connection, 32, 2 * MINUTE)) == 1
        await purger.purge()
        assert await keys(objects) != []
        await clock.set(2 * MINUTE)
        await purger.purge()
        assert await keys(objects) == []


async def test_a_store_that_does_not_delete_is_asked_for_ever_and_that_is_measured(
    pool: "Pool", objects: Objects, purger: Purger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await objects.store.put(objects.key("a", PREFIX, 0), b"burnt")

    async def failing(listed: list[str]) -> list[Failed]:
        return [Failed(key, "AccessDenied") for key in listed]

    waits: list[int] = []
    async with pool.acquire() as connection:
        clock = Clock(connection)
        await clock.set(0)
        await insert_purge(connection, "a", PREFIX)
        with monkeypatch.context() as patched:
            patched.setattr(objects.store, "delete", failing)
            now = 0
            for _ in range(14):
                await purger.purge()
                assert await connection.fetchval("SELECT tries > 0 FROM purges")
                due_at = await connection.fetchval("SELECT due_at FROM purges")
                waits.append(due_at - now)
                now = due_at
                await clock.set(now)
        assert waits[:3] == [5_000, 10_000, 20_000]
        assert waits[-1] == HOUR
        await purger.purge()
        assert await keys(objects) == []
        assert await connection.fetchval("SELECT tries FROM purges") == 0


async def test_a_clock_that_was_ahead_is_not_waited_for(
    pool: "Pool", objects: Objects, purger: Purger
) -> None:
    month = 30 * DAY
    async with pool.acquire() as connection:
        clock = Clock(connection)
        await clock.set(month)
        await insert_purge(connection, "f", PREFIX, month + 15 * MINUTE)
        await purger.purge()
        # It is set right, and something came late.
        await clock.set(0)
        await objects.store.put(objects.key("f", PREFIX, 0), b"late")
        await purger.purge()
        assert await keys(objects) == []
        # Still it is looked after for a day.
        assert await connection.fetchval("SELECT due_at FROM purges") < DAY
        for days in (1, 2, 3, 4):
            await clock.set(days * DAY)
            await purger.purge()
        assert await connection.fetchval("SELECT count(*) FROM purges") == 0
