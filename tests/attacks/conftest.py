"""A worker's services over a database of the test's own, and a second worker where one is asked."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.services import Desk

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


@pytest.fixture
async def desk(pool: "Pool", tmp_path: Path) -> AsyncIterator[Desk]:
    """Services with the default limits; a fault or an orphaned row fails the test."""
    opened = await Desk.open(pool, tmp_path / "keyring")
    yield opened
    await opened.ledger.close()
    assert await opened.orphans() == {}
    assert opened.faults == []


@pytest.fixture
async def other_desk(desk: Desk, pool: "Pool", tmp_path: Path) -> AsyncIterator[Desk]:
    """Another worker on the same database, with the same keys and nothing else in common."""
    opened = await Desk.open(pool, tmp_path / "keyring")
    yield opened
    await opened.ledger.close()
    assert opened.faults == []
