"""Lanes: group commit. Many requests in few transactions, and none held back.

A lane has one batch at a time: while that is written and flushed, the next one gathers. Nothing
waits for a clock, so a lone request is not held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ephemeral import metrics

__all__ = ["BATCH", "Lane"]

#: Requests in one transaction at most: larger batches gain nothing and make the others wait.
BATCH = 256

T = TypeVar("T")


class Lane(Generic[T]):
    """Gathers entries while the previous batch commits. `commit` answers every one of its batch."""

    def __init__(self, commit: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._commit = commit
        self._pending: list[T] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, entry: T) -> None:
        """Have an entry committed with whatever else there is."""
        self._pending.append(entry)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())

    @property
    def waiting(self) -> int:
        """Entries that no transaction has begun for."""
        return len(self._pending)

    async def idle(self) -> None:
        """Wait until everything added has been committed."""
        while self._task is not None:
            await asyncio.shield(self._task)

    async def _drain(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
                metrics.BATCH_SIZE.observe(len(batch))
                with metrics.BATCH_SECONDS.time():
                    await self._commit(batch)
        finally:
            self._task = None
