"""Services of accounts over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.account_services import AccountDesk

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


@pytest.fixture
async def accounts(pool: "Pool", tmp_path: Path) -> AsyncIterator[AccountDesk]:
    """A worker's services; a fault, or a payload that nothing leads to, fails the test."""
    opened = await AccountDesk.open(pool, tmp_path / "keyring")
    yield opened
    await opened.close()
