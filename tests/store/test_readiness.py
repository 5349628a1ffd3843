"""A database that answers is not enough: it must take writes, in every table of ours."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from ephemeral.protocol.errors import Refusal
from ephemeral.store.postgres import StoreUnavailable, connection, open_pool
from ephemeral.store.readiness import Needs

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

NEEDS = Needs()


@pytest.fixture
async def operator(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's beside the server's pool."""
    connected = await asyncpg.connect(database_url)
    yield connected
    await connected.close()


async def unready(pool: "Pool") -> str:
    with pytest.raises(Refusal) as refused:
        await NEEDS.see(pool)
    assert refused.value.code == "unavailable"
    return refused.value.message


async def test_every_table_is_asked_for(pool: "Pool"):
    there = await pool.fetch(
        "SELECT format('%I.%I', schemaname, tablename)::regclass::text FROM pg_tables "
        "WHERE schemaname IN ('public', 'accounts', 'operators')"
    )
    assert sorted(NEEDS.tables) == sorted(row[0] for row in there)
    await NEEDS.see(pool)


async def test_a_database_that_takes_no_writes_any_more_is_not_ready_and_then_is(
    pool: "Pool", operator: asyncpg.Connection
):
    async with connection(pool) as one:
        await one.execute("SET default_transaction_read_only = on")
    assert "takes no writes" in await unready(pool)
    # That connection is not asked again: the next may be to a host that takes writes.
    await NEEDS.see(pool)


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE", "ALL"])
async def test_a_table_that_may_not_be_used_is_named(
    right: str, pool: "Pool", operator: asyncpg.Connection
):
    for table in (one for one in NEEDS.tables if one != "schema_migrations"):
        await operator.execute(f"REVOKE {right} ON {table} FROM CURRENT_USER")
        assert await unready(pool) == (
            f"The database's user may not read and write the table {table}."
        )
        await operator.execute(f"GRANT {right} ON {table} TO CURRENT_USER")
    await NEEDS.see(pool)


async def test_the_record_of_migrations_needs_to_be_read_alone(
    pool: "Pool", operator: asyncpg.Connection
):
    await operator.execute("REVOKE INSERT, UPDATE ON schema_migrations FROM CURRENT_USER")
    await NEEDS.see(pool)
    await operator.execute("REVOKE SELECT ON schema_migrations FROM CURRENT_USER")
    assert "schema_migrations" in await unready(pool)


async def test_a_table_that_is_gone_is_named(pool: "Pool", operator: asyncpg.Connection):
    await operator.execute("ALTER TABLE tombstones RENAME TO elsewhere")
    assert await unready(pool) == "The database has no table tombstones: restart, or restore it."


async def test_every_key_is_asked_for_and_one_that_is_gone_is_named(
    pool: "Pool", operator: asyncpg.Connection
):
    there = await pool.fetch(
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class c ON c.oid = indrelid "
        "WHERE indisunique AND relnamespace::regnamespace::text"
        " IN ('public', 'accounts', 'operators')"
    )
    assert sorted(NEEDS.keys) == sorted(row[0] for row in there)
    for key in NEEDS.keys:
        await operator.execute(f"ALTER INDEX {key} RENAME TO elsewhere")
        # As a restore leaves it that was ended before its last part.
        assert await unready(pool) == f"The database lacks the key {key}: restore it whole."
        schema, _, name = key.rpartition(".")
        there_now = f"{schema}.elsewhere" if schema else "elsewhere"
        await operator.execute(f"ALTER INDEX {there_now} RENAME TO {name}")
    await NEEDS.see(pool)


async def test_a_database_that_is_away_is_told_apart(database_url: str):
    pool = await open_pool(database_url, size=2, wait_seconds=0)
    await pool.close()
    with pytest.raises(StoreUnavailable):
        await NEEDS.see(pool)
