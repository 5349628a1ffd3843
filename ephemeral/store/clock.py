"""The one clock that counts: the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["clock"]


async def clock(connection: Connection) -> int:
    """The database's clock: milliseconds since 1970-01-01 UTC."""
    now: int = await connection.fetchval("SELECT clock_ms()")
    return now
