"""Changes of rooms, of which members learn even if nobody learns whether they were committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from ephemeral.live.bus import Bus, UnsureEvent
from ephemeral.store.postgres import StoreUnavailable, statement, transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["commit", "commit_statement"]

T = TypeVar("T")


async def commit(
    pool: Pool, bus: Bus, rooms: Iterable[bytes], work: Callable[[Connection], Awaitable[T]]
) -> T:
    """Run `work`, which may change `rooms`, in a transaction; raises like `transaction`.

    A connection that is lost while it commits leaves the caller without an answer and everybody
    else without the events: the members of `rooms` are told the complete state again.
    """
    try:
        return await transaction(pool, work)
    except StoreUnavailable as error:
        _doubt(bus, rooms, error)
        raise


async def commit_statement(
    pool: Pool, bus: Bus, rooms: Iterable[bytes], work: Callable[[Connection], Awaitable[T | None]]
) -> T | None:
    """The same for `work` of a single statement; raises and returns like `statement`."""
    try:
        return await statement(pool, work)
    except StoreUnavailable as error:
        _doubt(bus, rooms, error)
        raise


def _doubt(bus: Bus, rooms: Iterable[bytes], error: StoreUnavailable) -> None:
    if error.unsure:
        bus.publish([(room, UnsureEvent()) for room in rooms])
