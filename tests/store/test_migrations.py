"""Migrations lead to `sql/schema.sql`, run once each, and refuse what they can't vouch for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from support.catalog import Catalog, catalog, difference
from support.machines.database import DEBIAN_15, Server, server

from ephemeral.store.migrations import DIRECTORY, Migration, migrate, read_migrations
from ephemeral.store.postgres import open_pool
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

SCHEMA = DIRECTORY.parent / "schema.sql"
TABLE = """
CREATE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql RETURN 1;
CREATE TABLE schema_migrations (
    number integer PRIMARY KEY, name text, sha256 text, applied_at bigint
);
"""


@pytest.fixture(scope="module", params=["the wheel's", "the oldest"])
def each_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "the wheel's":
        yield request.getfixturevalue("postgres")
        return
    if not (DEBIAN_15 / "bin/initdb").exists():
        pytest.skip("NOT TESTED: Debian's PostgreSQL 15 is absent")
    with server(DEBIAN_15) as oldest:
        yield oldest


@pytest.fixture
def empty_url(postgres: Server) -> Iterator[str]:
    with postgres.database(migrated=False) as url:
        yield url


@pytest.fixture
async def empty(empty_url: str) -> "AsyncIterator[Pool]":
    async with pooled(empty_url) as pool:
        yield pool


@asynccontextmanager
async def pooled(url: str) -> "AsyncIterator[Pool]":
    pool = await open_pool(url, size=2, wait_seconds=0)
    try:
        yield pool
    finally:
        await pool.close()


def written(directory: Path, **files: str) -> tuple[Migration, ...]:
    """Migrations from files of these names and texts."""
    for name, text in files.items():
        (directory / f"{name.removeprefix('_')}.sql").write_text(text)
    return read_migrations(directory)


async def tables(pool: "Pool") -> set[str]:
    rows = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row[0] for row in rows}


async def refusal(pool: "Pool", migrations: tuple[Migration, ...]) -> str:
    with pytest.raises(StartError) as refused:
        await migrate(pool, migrations)
    assert refused.value.__cause__ is None
    assert "\n" not in str(refused.value)
    return str(refused.value)


# The schema


async def catalog_after(url: str, *statements: str) -> Catalog:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
        return await catalog(connection)
    finally:
        await connection.close()


async def test_migrations_make_what_the_schema_says(each_server: Server):
    with each_server.database() as migrated, each_server.database(migrated=False) as direct:
        one = await catalog_after(migrated)
        other = await catalog_after(direct, SCHEMA.read_text(encoding="utf-8"))
    assert difference(one, other) == {}
    assert len(one["columns"]) > 50


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra ()",
        "DROP TABLE audience",
        "ALTER TABLE rooms ADD COLUMN extra int",
        "ALTER TABLE rooms ALTER COLUMN joins TYPE bigint",
        "ALTER TABLE rooms ALTER COLUMN joins SET DEFAULT 1",
        "ALTER TABLE rooms ALTER COLUMN joins DROP NOT NULL",
        "ALTER TABLE payloads ALTER COLUMN body SET STORAGE EXTENDED",
        "ALTER TABLE payloads SET (fillfactor = 70)",
        "ALTER TABLE rooms DROP CONSTRAINT rooms_policy_check",
        "DROP INDEX rooms_expires_at",
        "CREATE INDEX extra ON rooms (joins)",
        "COMMENT ON TABLE rooms IS NULL",
        "COMMENT ON COLUMN rooms.joins IS 'other'",
        "COMMENT ON FUNCTION clock_ms() IS 'other'",
        "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql RETURN 0",
        "CREATE FUNCTION extra() RETURNS int LANGUAGE sql RETURN 0",
        "CREATE SEQUENCE extra",
        "CREATE VIEW extra AS SELECT 1 AS n",
        "CREATE TYPE extra AS ENUM ('a')",
        "ALTER TABLE rooms ENABLE ROW LEVEL SECURITY",
        "REVOKE SELECT ON rooms FROM CURRENT_USER",
        "ALTER TABLE tombstones SET UNLOGGED",
    ],
)
async def test_a_planted_difference_is_found(statement: str, database_url: str, postgres: Server):
    with postgres.database() as other_url:
        changed = await catalog_after(database_url, statement)
        plain = await catalog_after(other_url)
    assert difference(changed, plain) != {}


async def test_every_table_and_column_and_function_is_explained(database_url: str):
    found = await catalog_after(database_url)
    unexplained = [
        row[:2]
        for kind in ("tables", "columns", "functions")
        for row in found[kind]
        if row[-1] is None and not (kind == "tables" and row[1] == "S")
    ]
    assert unexplained == []


def test_what_has_landed_is_never_changed():
    """There are databases that were made with it: what is to be different is a new file, which is
    added to the list in the commit that brings it."""
    lines = (DIRECTORY / "SHA256SUMS").read_text().splitlines()
    landed = {name: sha256 for sha256, name in (line.split("  ") for line in lines)}
    assert landed == {each.name: each.sha256 for each in read_migrations()}


# Running them


async def test_each_is_applied_once_and_recorded(empty: "Pool"):
    migrations = read_migrations()
    assert await migrate(empty, migrations) == [each.name for each in migrations]
    assert await migrate(empty, migrations) == []
    rows = await empty.fetch("SELECT number, name, sha256 FROM schema_migrations ORDER BY number")
    assert [tuple(row) for row in rows] == [
        (each.number, each.name, each.sha256) for each in migrations
    ]


async def test_programs_that_start_at_once_apply_each_file_once(empty_url: str):
    async def program() -> list[str]:
        async with pooled(empty_url) as pool:
            return await migrate(pool, read_migrations())

    applied = await asyncio.gather(*(program() for _ in range(5)))
    assert sorted(chain(*applied)) == [each.name for each in read_migrations()]


async def test_a_later_version_applies_only_what_is_new(empty: "Pool", tmp_path: Path):
    old = written(tmp_path, _0001_a=TABLE)
    assert await migrate(empty, old) == ["0001_a.sql"]
    new = written(tmp_path, _0002_b="CREATE TABLE b ()", _0003_c="CREATE TABLE c ()")
    assert await migrate(empty, new) == ["0002_b.sql", "0003_c.sql"]
    assert await tables(empty) == {"schema_migrations", "b", "c"}


async def test_a_migration_that_fails_leaves_nothing_and_its_values_are_not_told(
    empty: "Pool", tmp_path: Path
):
    migrations = written(
        tmp_path,
        _0001_a=TABLE,
        _0002_b="CREATE TABLE b (v text UNIQUE); INSERT INTO b VALUES ('canary'), ('canary');",
    )
    assert await refusal(empty, migrations) == (
        "The database can't take 0002_b.sql: 23505 UniqueViolationError."
    )
    assert await tables(empty) == {"schema_migrations"}
    assert await empty.fetchval("SELECT max(number) FROM schema_migrations") == 1


async def test_an_applied_file_that_changed_is_refused(empty: "Pool", tmp_path: Path):
    await migrate(empty, written(tmp_path, _0001_a=TABLE))
    changed = written(tmp_path, _0001_a=f"{TABLE}\n-- reworded", _0002_b="CREATE TABLE b ()")
    assert "from before the first release or by one that was changed" in await refusal(
        empty, changed
    )
    assert await tables(empty) == {"schema_migrations"}


async def test_line_ends_that_a_checkout_changed_are_no_change(empty: "Pool", tmp_path: Path):
    await migrate(empty, written(tmp_path, _0001_a=TABLE))
    (tmp_path / "0001_a.sql").write_bytes(TABLE.replace("\n", "\r\n").encode())
    assert await migrate(empty, read_migrations(tmp_path)) == []


async def test_a_database_that_is_newer_than_the_program_is_refused(empty: "Pool", tmp_path: Path):
    both = written(tmp_path, _0001_a=TABLE, _0002_b="CREATE TABLE b ()")
    await migrate(empty, both)
    assert await refusal(empty, both[:1]) == (
        "The database was migrated by a newer version of this program (0002_b.sql); "
        "this one knows no more than 0001_a.sql."
    )


async def test_a_database_with_other_tables_of_these_names_is_refused(empty: "Pool"):
    await empty.execute("CREATE TABLE rooms (theirs text)")
    assert await refusal(empty, read_migrations()) == (
        f"The database can't take {read_migrations()[0].name}: "
        "something of the same name is there already."
    )
    assert await tables(empty) == {"rooms"}


async def test_a_user_who_may_not_make_tables_is_told_so(postgres: Server):
    async with pooled(postgres.dsn("postgres")) as pool:
        assert "make it the owner of the database" in await refusal(pool, read_migrations())


async def test_no_superuser_is_needed(postgres: Server, empty: "Pool"):
    assert await empty.fetchval("SHOW is_superuser") == "off"
    await migrate(empty, read_migrations())


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "holds no migrations."),
        (["0002_a"], "0002_a.sql should be number 0001 of the migrations."),
        (["0001_a", "0003_b"], "0003_b.sql should be number 0002 of the migrations."),
        (["0001_a", "0001_b"], "0001_b.sql should be number 0002 of the migrations."),
        (["0001_a", "0002 b"], "0002 b.sql should be number 0002 of the migrations."),
        (["1_a"], "1_a.sql should be number 0001 of the migrations."),
    ],
)
def test_files_out_of_order_are_refused(names: list[str], sentence: str, tmp_path: Path):
    with pytest.raises(StartError) as refused:
        written(tmp_path, **{f"_{name}": "" for name in names})
    assert str(refused.value).endswith(sentence)


async def test_a_program_that_lost_its_connection_says_so(empty: "Pool", tmp_path: Path):
    ending = written(tmp_path, _0001_a="SELECT pg_terminate_backend(pg_backend_pid())")
    assert (await refusal(empty, ending)).startswith("The database can't be migrated: ")
