"""A pooler that takes sessions apart is noticed at the start; one that keeps them is as good."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from support.machines.passage import DatabasePassage
from support.machines.pooler import pooler

from ephemeral.store.postgres import open_pool, transaction
from ephemeral.store.start_error import StartError


@pytest.fixture
async def passage(database_url: str) -> AsyncIterator[DatabasePassage]:
    made = DatabasePassage(database_url)
    await made.mend()
    yield made
    await made.cut()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_a_pooler_that_takes_sessions_apart_is_refused(mode: str, passage: DatabasePassage):
    with pooler(passage, mode) as url, pytest.raises(StartError) as refused:
        # Would last longer than a test may.
        await open_pool(url, size=2, wait_seconds=3600)
    assert "let it pool by session, or name the port of PostgreSQL itself." in str(refused.value)


@pytest.mark.parametrize("turns", [0, 1])
async def test_so_is_one_that_others_use_meanwhile(turns: int, passage: DatabasePassage):
    """Then it gives other connections, in turns or the one that was given back last."""
    with pooler(passage, "transaction", f"server_round_robin = {turns}") as url:
        done = asyncio.Event()

        async def busy() -> None:
            connected = await asyncpg.connect(url, statement_cache_size=0)
            while not done.is_set():
                await connected.execute("BEGIN; SELECT pg_sleep(0.002); COMMIT")
            await connected.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(busy())
            await asyncio.sleep(0.2)
            with pytest.raises(StartError, match="a pooler that gives each transaction another"):
                await open_pool(url, size=2, wait_seconds=0)
            done.set()


async def test_a_pooler_that_keeps_sessions_is_as_good_as_none(passage: DatabasePassage):
    with pooler(passage, "session") as url:
        pool = await open_pool(url, size=4, wait_seconds=0)
        shown = [
            await transaction(pool, lambda one: one.fetchval("SHOW statement_timeout"))
            for _ in range(3)
        ]
        assert shown == ["15s"] * 3
        await pool.close()
