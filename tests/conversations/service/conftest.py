"""Services of conversations over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.conversation_desk import ConversationDesk

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool


@pytest.fixture
async def talks(pool: "Pool", tmp_path: Path) -> AsyncIterator[ConversationDesk]:
    """A worker's services; a fault, or a row that nothing leads to, fails the test."""
    opened = await ConversationDesk.open(pool, tmp_path / "keyring")
    yield opened
    await opened.close()
