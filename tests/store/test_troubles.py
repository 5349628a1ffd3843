"""A trouble of the database is told when it begins and when it is over, whoever meets it."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest
from support.machines.own_postgres import Cluster, own_cluster

import app
from ephemeral import metrics
from ephemeral.protocol.errors import Refusal
from ephemeral.store import postgres as module
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.postgres import StoreUnavailable, connection, open_pool
from ephemeral.store.readiness import Needs
from ephemeral.store.troubles import QUIET_SECONDS, Trouble, Troubles

if TYPE_CHECKING:
    from support.machines.database import Server

    from ephemeral.store.postgres import Pool

NEEDS = Needs()
AWAY = Trouble("away", "It is away.")
FULL = Trouble("full", "It is full.")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What this program said; the driver's own words stay off its log."""
    return [one.getMessage() for one in caplog.records if one.name.startswith("ephemeral")]


async def unready(pool: "Pool") -> str:
    """What readiness says of it."""
    with pytest.raises(Refusal) as refused:
        await app._see_database(pool, NEEDS)
    assert refused.value.code == "unavailable"
    return refused.value.message or ""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def troubles(clock: Clock) -> Troubles:
    return Troubles(clock)


@pytest.fixture
def watched(pool: "Pool", clock: Clock) -> "Pool":
    pool.troubles = Troubles(clock)
    return pool


def test_a_trouble_is_one_line_when_it_begins_and_one_when_it_is_over(
    troubles: Troubles, clock: Clock, caplog: pytest.LogCaptureFixture
):
    for _ in range(1000):
        troubles.note(AWAY)
        clock.now += 0.01
        troubles.served()
    assert [one.levelname for one in caplog.records] == ["ERROR"]
    assert caplog.messages == ["It is away."]
    clock.now += QUIET_SECONDS
    assert troubles.present == AWAY
    for _ in range(3):
        troubles.served()
    assert caplog.messages[1:] == ["The database serves again, 15 seconds after that began."]
    assert (troubles.present, troubles.is_probe_due) == (None, False)
    troubles.note(AWAY)
    assert len(caplog.messages) == 3


def test_a_trouble_that_changes_tells_each_of_its_reasons_once(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
):
    for one in (AWAY, FULL, AWAY, FULL, AWAY):
        troubles.note(one)
        assert troubles.present == one
    assert caplog.messages == ["It is away.", "It is full."]


def test_a_connection_that_ends_is_a_doubt_and_no_trouble(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
):
    troubles.doubt()
    assert (troubles.is_probe_due, troubles.present) == (True, None)
    troubles.served()
    assert (troubles.is_probe_due, caplog.messages) == (False, [])


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "53400", "58030", "25006", "57014"])
async def test_what_the_server_says_of_its_condition_is_a_sentence_to_everybody(
    state: str, watched: "Pool", clock: Clock, caplog: pytest.LogCaptureFixture
):
    """In the log, in readiness and in the metrics; and no value of the statement's is in it."""
    raising = f"DO $$BEGIN RAISE EXCEPTION SQLSTATE '{state}' USING DETAIL = 'canary'; END$$"
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            async with connection(watched) as one:
                await one.execute(raising)
    [line] = told(caplog)
    known = watched.troubles.present
    assert known is not None
    assert known.kind in metrics.TROUBLES
    assert line == known.sentence
    assert "Error" not in line
    assert "canary" not in line
    assert app._is_troubled(watched, known.kind)
    if known.is_lasting:
        assert await unready(watched) == known.sentence
    clock.now += QUIET_SECONDS
    await NEEDS.watch(watched)
    assert not app._is_troubled(watched, known.kind)
    await app._see_database(watched, NEEDS)


async def test_a_connection_that_was_cut_is_looked_after_and_nothing_is_told(
    watched: "Pool", caplog: pytest.LogCaptureFixture
):
    with pytest.raises(StoreUnavailable):
        async with connection(watched) as one:
            await one.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert watched.troubles.is_probe_due
    await NEEDS.watch(watched)
    assert not watched.troubles.is_probe_due
    assert caplog.messages == []


async def test_a_login_that_is_refused_says_why(
    postgres: "Server", database_url: str, caplog: pytest.LogCaptureFixture
):
    """Too many connections, another password, writes that are refused, and nobody there."""
    pool = await open_pool(database_url, size=1, wait_seconds=0)
    name = urlsplit(database_url).path.removeprefix("/")
    operator = await asyncpg.connect(postgres.dsn("ephemeral"))

    async def after(*statements: str) -> str:
        for statement in statements:
            await operator.execute(statement)
        cut = "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity WHERE datname = $1"
        await operator.execute(cut, name)
        with pytest.raises(StoreUnavailable):
            async with connection(pool) as one:
                await one.execute("SELECT 1")
        return await unready(pool)

    # There is no moment in which a login would succeed: the driver tries by itself.

    crowded = await after(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    assert crowded.startswith("The database has no connection left: raise its max_connections")
    read_only = await after(
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
        f"ALTER DATABASE {name} CONNECTION LIMIT -1",
    )
    assert read_only.startswith("The database takes no writes:")
    closed = await after(
        f"ALTER DATABASE {name} RENAME TO {name}_aside",
        f"ALTER DATABASE {name}_aside RESET default_transaction_read_only",
    )
    assert closed == "The server has no database of the name that it was asked for."
    assert told(caplog) == [crowded, read_only, closed]
    await operator.execute(f"ALTER DATABASE {name}_aside RENAME TO {name}")
    await operator.close()
    await app._see_database(pool, NEEDS)
    await pool.close()


async def test_a_connection_that_takes_no_writes_any_more_makes_unready(watched: "Pool"):
    async with connection(watched) as one:
        await one.execute("SET default_transaction_read_only = on")
    assert (await unready(watched)).startswith("The database takes no writes")
    # It was given up.
    await app._see_database(watched, NEEDS)


async def test_a_pool_that_is_used_up_is_told(
    watched: "Pool", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    taken = [await watched.acquire() for _ in range(8)]
    monkeypatch.setattr(module, "_ACQUIRE_SECONDS", 0.01)
    said = await unready(watched)
    assert re.fullmatch(r"No connection .* free for \d+ seconds: .*DATABASE_POOL_SIZE.*", said)
    assert len(told(caplog)) == 1
    for each in taken:
        await watched.release(each)


# A full disk


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with own_cluster(request.config.getoption("--postgres")) as made:
        yield made


@pytest.fixture
def small(cluster: Cluster) -> Iterator[Path]:
    """A file system of a few megabytes."""
    place = cluster.folder / "small"
    place.mkdir()
    owner = cluster.folder.stat()
    options = f"size=24m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: this process may not mount a small file system")
    yield place
    cluster.close()
    subprocess.run(["umount", place], check=True)


async def test_a_full_disk_is_told_until_there_is_room_and_something_was_written(
    cluster: Cluster, small: Path, clock: Clock, caplog: pytest.LogCaptureFixture
):
    postgres = await cluster.primary()
    await postgres.execute(f"CREATE TABLESPACE small LOCATION '{small}'")
    await postgres.execute("GRANT CREATE ON TABLESPACE small TO ephemeral")
    await postgres.execute("ALTER DATABASE ephemeral SET TABLESPACE small")
    pool = await open_pool(cluster.dsn(postgres.port), size=2, wait_seconds=0)
    pool.troubles = Troubles(clock)
    await migrate(pool, read_migrations())
    await pool.execute("CREATE TABLE t (v text)")
    filler = small / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            pass
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            async with connection(pool) as one:
                await one.execute(
                    "INSERT INTO t SELECT repeat('x', 999) FROM generate_series(1, 99)"
                )
    for _ in range(3):
        # It answers, and it is quiet; but it can't write.
        clock.now += 2 * QUIET_SECONDS
        assert "disk is full" in await unready(pool)
        with pytest.raises(StoreUnavailable):
            await NEEDS.watch(pool)
    await asyncio.to_thread(filler.unlink)
    assert "disk is full" in await unready(pool)
    clock.now += QUIET_SECONDS
    await NEEDS.watch(pool)
    await app._see_database(pool, NEEDS)
    assert told(caplog)[0].startswith("The database's disk is full: nothing can be stored")
    assert told(caplog)[1:] == ["The database serves again, 35 seconds after that began."]
    await pool.close()
