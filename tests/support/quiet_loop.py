"""A test leaves its event loop as it found it: nothing went wrong unseen, nothing still runs."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def quiet_loop() -> AsyncIterator[None]:
    """Fail in the end if the loop met an exception that nobody caught, or if a task was left."""
    loop = asyncio.get_running_loop()
    unexpected: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unexpected.append(context))
    before = asyncio.all_tasks()
    yield
    # What was cancelled or closed at the very end of the test may take these turns to end.
    for _ in range(3):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    # A task whose exception nobody asked for says so when it is collected.
    gc.collect(1)
    loop.set_exception_handler(None)
    assert not unexpected, f"unexpected in the event loop: {unexpected}"
    assert not left, f"tasks left running: {left}"
