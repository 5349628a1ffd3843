"""What became of a member's own messages: those that wait, and those of which a tombstone tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ephemeral.rooms.rows import room_rows
from ephemeral.rooms.rules.room import Receipt, Seat
from ephemeral.rooms.rules.views import fate_of, receipt_of
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["receipts"]


async def receipts(
    connection: Connection, seat: Seat, tombstones: Mapping[bytes, bytes]
) -> tuple[int, Sequence[Receipt]]:
    """The database's clock and a receipt for each message, by id, with its tombstone's name."""
    now = await clock(connection)
    names = {(seat.room, one): name for one, name in tombstones.items()}
    messages = await room_rows.messages(connection, names)
    await room_rows.audiences(connection, messages)
    living = {one.id: one for one in messages if one.author == seat.member}
    left = await room_rows.tombstones(connection, names)
    dead = {one.tombstone: one for one in left if one.author == seat.member}
    found = []
    for one, name in tombstones.items():
        tombstone = dead.get(name)
        if one in living:
            found.append(receipt_of(living[one], now))
        elif tombstone is not None and tombstone.until > now:
            found.append(fate_of(one, tombstone))
        else:
            found.append(Receipt(one, "unknown"))
    return now, found
