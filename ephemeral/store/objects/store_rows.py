"""Where the objects of a deployment lie, as all its hosts have to have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["adopt", "claim", "known"]


async def known(connection: Connection) -> bytes | None:
    """By what the place is known; None before the first start."""
    found: bytes | None = await connection.fetchval("SELECT id FROM object_store")
    return found


async def claim(connection: Connection, place: bytes) -> bytes:
    """Make this the place unless there is one; which it is then."""
    await connection.execute(
        "INSERT INTO object_store (id) VALUES ($1) ON CONFLICT DO NOTHING", place
    )
    found: bytes = await connection.fetchval("SELECT id FROM object_store")
    return found


async def adopt(connection: Connection, place: bytes) -> None:
    """Make this the place, whatever it was."""
    await connection.execute(
        "INSERT INTO object_store (id) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET id = $1",
        place,
    )
