"""The wing of conversations: its services, opened on the ground, and what they add."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ephemeral.accounts.doors import Doors
from ephemeral.edge.wing import Ground, Wing

__all__ = ["conversations_wing"]


@asynccontextmanager
async def conversations_wing(_ground: Ground, _doors: Doors) -> AsyncIterator[Wing]:
    """Open the conversations; `doors` are those of accounts, which were opened before."""
    yield Wing()
