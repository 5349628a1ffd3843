"""Waiting for something new, without holding the account."""

import asyncio

__all__ = ["something_new"]

_ASKED_EVERY = 2.0


async def something_new(seconds: float) -> None:
    """Return when something may be new, or the time is over."""
    await asyncio.sleep(max(0.0, min(_ASKED_EVERY, seconds)))
