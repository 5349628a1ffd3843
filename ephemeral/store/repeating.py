"""Work that is done again and again beside everything else, whatever the database does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from ephemeral.protocol.errors import Refusal

__all__ = ["repeat", "running"]


async def repeat(
    work: Callable[[float], Awaitable[None]],
    seconds: float,
    fault: Callable[[BaseException], None],
) -> None:
    """Call `work` every so many seconds, with the loop's time, until cancelled.

    While the database is away everything waits, and so does this. `fault` is told of exceptions
    nobody expected; the next call tries again.
    """
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(seconds)
        try:
            await work(loop.time())
        except Refusal:
            continue
        except Exception as error:  # noqa: BLE001 - the next call tries again
            fault(error)


@asynccontextmanager
async def running(
    work: Sequence[tuple[str, Callable[[], Awaitable[None]]]],
    broken: list[str],
    fault: Callable[[BaseException], None],
) -> AsyncIterator[None]:
    """Do all of this meanwhile, by name; what it does at the end is waited for.

    Whatever ends by an error is a fault, and its name goes to `broken`: without it this process
    isn't what it should be.
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
