"""How a room ends: with everything in it, in the transaction that has locked it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral import metrics
from ephemeral.live.bus import Bus
from ephemeral.rooms.rows import attachment_rows, room_rows
from ephemeral.rooms.rules.room import ClosedEvent
from ephemeral.rooms.service.burning import burn
from ephemeral.sealing import payload_rows
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["end", "end_expired", "tell_end"]


async def end(connection: Connection, room: bytes) -> int:
    """Remove a room, which is locked, and every payload that goes with it. Counts messages."""
    payloads = await room_rows.payloads_of_room(connection, room)
    await burn(connection, await attachment_rows.delete_of_room(connection, room))
    messages = await room_rows.delete_room(connection, room)
    if payloads:
        await payload_rows.delete_payloads(connection, payloads)
    return messages


async def end_expired(connection: Connection, room: bytes) -> int | None:
    """Lock and remove a room whose time is over; None if there is none (any longer)."""
    locked = await room_rows.lock_room(connection, room)
    if locked is None or locked.expires_at > await clock(connection):
        return None
    return await end(connection, room)


def tell_end(bus: Bus, room: bytes, end: ClosedEvent, messages: int) -> None:
    """Tell members and count, once it is committed, that a room ended with so many messages."""
    metrics.room_ended(end.reason, messages)
    bus.publish([(room, end)])
