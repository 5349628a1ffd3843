"""A second worker on the test's database, and a Redis."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.redis import RedisServer, redis_server
from support.machines.services import Desk

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


@pytest.fixture
async def other_desk(desk: Desk, pool: "Pool", tmp_path: Path) -> AsyncIterator[Desk]:
    """Another worker on the same database, with the same keys and nothing else in common."""
    opened = await Desk.open(pool, tmp_path / "keyring")
    yield opened
    await opened.ledger.close()
    assert opened.faults == []


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with redis_server() as running:
        yield running
