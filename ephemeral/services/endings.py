"""How a room ends: with everything in it, in the transaction that has locked it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.store import payload_rows, room_rows

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["end", "end_expired"]


async def end(connection: Connection, room: bytes) -> None:
    """Remove a room, which is locked, and every payload that goes with it."""
    payloads = await room_rows.payloads_of_room(connection, room)
    await room_rows.delete_room(connection, room)
    if payloads:
        await payload_rows.delete_payloads(connection, payloads)


async def end_expired(connection: Connection, room: bytes) -> bool:
    """Lock and remove a room whose time is over; False if there is none (any longer)."""
    locked = await room_rows.lock_room(connection, room)
    if locked is None or locked.expires_at > await room_rows.clock(connection):
        return False
    await end(connection, room)
    return True
