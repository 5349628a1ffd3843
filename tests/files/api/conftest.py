"""A server with accounts, conversations and files, asked over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.machines.account_house import House
from support.machines.account_house import house as opened


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A server that is open to all."""
    async with opened(database_url, tmp_path) as made:
        yield made
