"""What a process does beside serving, for as long as it serves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

__all__ = ["running"]


@asynccontextmanager
async def running(
    work: Sequence[tuple[str, Callable[[], Awaitable[None]]]],
    broken: list[str],
    fault: Callable[[BaseException], None],
) -> AsyncIterator[None]:
    """Do all of this meanwhile, by name; what it does at the end is waited for.

    Whatever ends by an error is a fault, and its name goes to `broken`: without it this process
    isn't what it should be. `fault` is told of each.
    """

    async def run(name: str, one: Callable[[], Awaitable[None]]) -> None:
        try:
            await one()
        except Exception as error:  # noqa: BLE001 - the others go on
            broken.append(name)
            fault(error)

    tasks = [asyncio.create_task(run(name, one), name=name) for name, one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
