"""Seats that become free: their members leave, or are evicted by whoever comes to a full room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING

from ephemeral.live.bus import Hint
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.rows import attachment_rows, room_rows, seat_rows
from ephemeral.rooms.rows.seat_rows import SeatRow
from ephemeral.rooms.rules.book import Book
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import KnownRoom, Room
from ephemeral.rooms.service.batches import write
from ephemeral.rooms.service.burning import burn
from ephemeral.sealing import payload_rows

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Vacancies"]


class Vacancies:
    """Frees seats of rooms that are locked. `name` is that of a message's tombstone."""

    def __init__(self, limits: Limits, name: Callable[[bytes, bytes], bytes]) -> None:
        self._limits = limits
        self._name = name

    async def find(
        self, connection: Connection, room: Room, seats: Sequence[SeatRow], now: int
    ) -> list[Hint]:
        """See that a seat is free; may take the one that has been absent longest.

        Refuses `room_locked`, and `room_full` with the time until the first can be taken.
        """
        locked, limit = await room_rows.admission(connection, room.room)
        refuse(locked, "room_locked")
        if len(seats) < limit:
            return []
        absent = next((one for one in seats if one.is_free(now)), None)
        if absent is None:
            ends = [one.held_until for one in seats if one.held_until is not None]
            raise Refusal("room_full", retry_after=ceil((min(ends) - now) / 1000) if ends else None)
        return await self.make(connection, room, absent.member, now, evicted=True)

    async def make(
        self, connection: Connection, room: Room, member: bytes, now: int, *, evicted: bool = False
    ) -> list[Hint]:
        """Take a seat away, and free what its member held."""
        messages = await room_rows.messages_of_room(connection, room.room)
        await room_rows.audiences(connection, messages)
        known = KnownRoom(room)
        known.messages.update((one.id, one) for one in messages)
        book = Book(now, self._limits, self._name, {room.room: known})
        book.leave(room.room, member, evicted=evicted)
        await write(connection, book)
        await burn(connection, await attachment_rows.delete_unposted(connection, room.room, member))
        payloads = await seat_rows.delete_seat(connection, room.room, member)
        if payloads:
            await payload_rows.delete_payloads(connection, payloads)
        return [*book.events]
