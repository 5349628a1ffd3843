"""Work that is done again and again beside everything else, whatever the database does."""

import asyncio
from collections.abc import Awaitable, Callable

from ephemeral.protocol.errors import Refusal

__all__ = ["repeat"]


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
