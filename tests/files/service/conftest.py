"""Services of files over a real database and a directory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.file_desk import FileDesk, file_desk

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


@pytest.fixture
async def files(pool: "Pool", tmp_path: Path) -> AsyncIterator[FileDesk]:
    """A worker's services; a fault, or a row that nothing leads to, fails the test."""
    async with file_desk(pool, tmp_path) as desk:
        yield desk
