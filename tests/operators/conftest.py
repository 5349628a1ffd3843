"""A server with accounts, conversations and operators, asked over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.machines.account_house import House
from support.machines.account_house import house as opened


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A server that is open to all, at which nobody is counted."""
    off = {
        "JOINS_PER_ADDRESS": "off",
        "ACCOUNT_REQUESTS_PER_ADDRESS": "off",
        "ACCOUNT_REQUESTS_PER_ACCOUNT": "off",
    }
    async with opened(database_url, tmp_path, **off) as made:
        yield made
