"""What belongs to nothing is found and deleted, and nothing else; and not if it is much."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ephemeral import faults, metrics
from ephemeral.settings import Settings
from ephemeral.store.objects import sweeping
from ephemeral.store.objects.deployed import Objects, open_objects
from ephemeral.store.objects.purge_rows import insert_purge
from ephemeral.store.objects.purger import Purger
from ephemeral.store.objects.sweeping import Sweep, accept_orphans

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

DAY = 86_400
LIVING, PURGED, ORPHAN = os.urandom(16), os.urandom(16), os.urandom(16)


class House:
    def __init__(self, pool: "Pool", objects: Objects) -> None:
        self.pool = pool
        self.objects = objects
        self.late = 0
        self._sweep = Sweep(pool, objects, faults.record, lambda: time.time() + self.late, 0)

    async def put(self, *keys: str) -> None:
        for key in keys:
            await self.objects.store.put(key, b"x")

    async def kept(self) -> set[str]:
        own = self.objects.own
        return {
            one.key.removeprefix(own)
            async for one in self.objects.store.held(own)
            if "/sweep/" not in one.key
        }

    async def sweep(self, days: float) -> set[str]:
        """So many days later; what is left then."""
        self.late = int(days * DAY)
        await self._sweep.sweep()
        await Purger(self.pool, self.objects, 1, faults.record).purge()
        return await self.kept()


@pytest.fixture
async def house(pool: "Pool", tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings.parse({"DATA_DIR": str(tmp_path)})
    async with open_objects(settings, pool, bytes(16), bytes(32), os.urandom) as objects:

        async def living(_: "Connection", prefixes: object) -> set[bytes]:
            return {LIVING}

        objects.register("f", living)
        yield House(pool, objects)


async def test_what_belongs_to_nothing_goes_after_a_day_and_nothing_else(
    house: House, pool: "Pool", tmp_path: Path
) -> None:
    objects = house.objects
    # Of a kind that nobody knows here nothing is known to belong to nothing.
    left = {
        objects.key("f", LIVING, 0), objects.key("f", LIVING, 1), objects.key("a", ORPHAN, 0),
        f"{objects.own}other/0",
    }  # fmt: skip
    await house.put(*left, objects.key("f", ORPHAN, 0), f"{objects.own}probe/abc/0")
    # And what is another deployment's in the same place is none of ours.
    settings = Settings.parse({"DATA_DIR": str(tmp_path)})
    async with open_objects(settings, pool, bytes(15) + b"x", bytes(32), os.urandom) as other:
        foreign = other.key("f", ORPHAN, 0)
        await other.store.put(foreign, b"x")
        everything = await house.kept()
        assert await house.sweep(0.9) == everything
        assert await house.sweep(1.9) == {one.removeprefix(objects.own) for one in left}
        assert [one.key async for one in other.store.held(other.own)] == [foreign]


async def test_what_is_being_deleted_already_is_left_to_that(house: House, pool: "Pool") -> None:
    await house.put(house.objects.key("f", PURGED, 0))
    async with pool.acquire() as connection:
        await insert_purge(connection, "f", PURGED)
        await connection.execute("UPDATE purges SET round = 2, due_at = clock_ms() + 86400000")
        await house.sweep(2)
        assert await connection.fetchval("SELECT round FROM purges") == 2


async def test_each_day_has_one_sweep(house: House) -> None:
    key = house.objects.key("f", ORPHAN, 0)
    assert await house.sweep(2) == set()
    await house.put(key)
    assert await house.sweep(2) == {key.removeprefix(house.objects.own)}
    assert await house.sweep(3) == set()
    marks = [one.key async for one in house.objects.store.held(f"{house.objects.own}sweep/")]
    assert len(marks) == 1


async def test_much_of_it_is_an_alarm_until_an_operator_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sweeping, "FEW", 2)
    orphans = [house.objects.key("f", ORPHAN, number) for number in range(3)]
    await house.put(*orphans)
    assert len(await house.sweep(2)) == 3
    assert [one.getMessage()[:41] for one in caplog.records] == [
        "3 objects of 3 in the object store belong"
    ]
    assert metrics.STORE_ORPHANS.collect()[0].samples[0].value == 3
    await accept_orphans(house.objects.store, house.objects.own)
    assert await house.sweep(2) == set()
    assert metrics.STORE_ORPHANS.collect()[0].samples[0].value == 0
    # Only that once.
    await house.put(*orphans)
    assert len(await house.sweep(4)) == 3
