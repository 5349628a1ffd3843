"""Short rounds with the account, between which other commands may have it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError
from ephemeral.client.talking.here import Here, here

__all__ = ["held"]

_T = TypeVar("_T")
_TRIES, _AGAIN_SECONDS = 60, 1.0


async def held(context: Context, run: Callable[[Here], Awaitable[_T]]) -> _T:
    """What `run` gives; another command that has the account is waited for."""
    for attempt in range(_TRIES):
        try:
            async with here(context) as place:
                return await run(place)
        except ClientError as error:
            if error.code != "account_busy" or attempt == _TRIES - 1:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)
    raise AssertionError("the last try returns or raises")
