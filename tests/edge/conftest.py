"""A client of a server that all tests of a module share."""

from collections.abc import AsyncIterator

import pytest
from support.raw_client import Client
from support.server import Program


@pytest.fixture
async def client(shared_server: Program) -> AsyncIterator[Client]:
    """Rooms on the shared server."""
    async with Client(shared_server.url, shared_server.ws_url) as opened:
        yield opened
