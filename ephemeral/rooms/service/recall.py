"""Locking the rooms of a batch, and reading what of them isn't remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.rooms.rows import ledger_rows, room_rows, seat_rows
from ephemeral.rooms.rules.credentials import tombstone_hash
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Tombstone
from ephemeral.rooms.service.entries import EndLeases, Entry, Open, Post
from ephemeral.rooms.service.room_cache import CachedRoom

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Recalled", "is_recalled", "recall"]

Key = tuple[bytes, bytes]


class Recalled(NamedTuple):
    """The locked rooms of a batch, with everything that its entries are about."""

    rooms: dict[bytes, CachedRoom]
    now: int
    tombstones: Sequence[Tombstone]


def is_recalled(entry: Entry, remembered: CachedRoom, limits: Limits) -> bool:
    """Whether everything that an entry is about is remembered, so that nothing need be read.

    Under *everyone* it depends on who is present, which nobody remembers. A post counts as such
    before it is known that nothing stands in its place.
    """
    room = remembered.room
    if room.policy != 1 or entry.seat not in remembered.seats:
        return False
    kind = type(entry)
    if kind is Post:
        # Far from being crowded, so that a batch hardly ever gets there.
        return (
            remembered.counted
            and 2 * room.waiting < limits.waiting_messages
            and 2 * room.waiting_bytes < limits.waiting_bytes
        )
    message = entry.message
    return message in (remembered.envelopes if kind is Open else remembered.messages)


async def recall(
    connection: Connection,
    rooms: dict[bytes, CachedRoom],
    batch: Sequence[Entry],
    limits: Limits,
    index_key: bytes,
) -> Recalled:
    """Lock the rooms of a batch, and read what isn't known of them."""
    names = {entry.room for entry in batch}
    rooms = {room: one for room, one in rooms.items() if room in names}
    tombstone_names = _unknown(rooms, batch, index_key)
    locked = await ledger_rows.lock(connection, names, tombstone_names)
    stale = []
    for room, version in locked.versions.items():
        remembered = rooms.get(room)
        if remembered is None or remembered.version != version:
            stale.append(room)
    if len(locked.versions) < len(names):
        rooms = {room: one for room, one in rooms.items() if room in locked.versions}
    if stale:
        for found in await ledger_rows.rooms(connection, stale):
            rooms[found.room] = CachedRoom(found, locked.versions[found.room])
    tombstones: Sequence[Tombstone] = ()
    if stale or locked.found:
        # What was found may have met its end in the meantime, or changed hands: read it now.
        tombstone_names = _unknown(rooms, batch, index_key)
        tombstones = await _read(connection, rooms, tombstone_names)
    await _count(connection, rooms, [one for one in batch if isinstance(one, Post)], limits)
    await _seat(connection, rooms, batch)
    ending = [rooms[one.room] for one in batch if isinstance(one, EndLeases) and one.room in rooms]
    if ending:
        await _read_leased(connection, ending)
    return Recalled(rooms, locked.now, tombstones)


def _unknown(
    rooms: dict[bytes, CachedRoom], batch: Sequence[Entry], index_key: bytes
) -> dict[Key, bytes]:
    """Messages of a batch that aren't remembered, with the names of their tombstones."""
    return {
        (entry.room, entry.message): tombstone_hash(index_key, entry.room, entry.message)
        for entry in batch
        if entry.message is not None
        and (remembered := rooms.get(entry.room)) is not None
        and entry.message not in remembered.messages
    }


async def _read(
    connection: Connection, rooms: dict[bytes, CachedRoom], unknown: dict[Key, bytes]
) -> Sequence[Tombstone]:
    messages = await room_rows.messages(connection, unknown)
    await room_rows.audiences(connection, messages)
    for message in messages:
        rooms[message.room].messages[message.id] = message
    standing = {(one.room, one.id) for one in messages}
    destroyed = {
        key: tombstone_name for key, tombstone_name in unknown.items() if key not in standing
    }
    return await room_rows.tombstones(connection, destroyed) if destroyed else ()


async def _read_leased(connection: Connection, ending: Iterable[CachedRoom]) -> None:
    by_room = {one.room.room: one for one in ending}
    found = await room_rows.leased_messages(connection, list(by_room))
    # Those that are remembered are the same, and may have changed in this batch's hands already.
    fresh = [one for one in found if one.id not in by_room[one.room].messages]
    await room_rows.audiences(connection, fresh)
    for message in fresh:
        by_room[message.room].messages[message.id] = message


async def _count(
    connection: Connection,
    rooms: dict[bytes, CachedRoom],
    posts: Sequence[Post],
    limits: Limits,
) -> None:
    """See that nobody is refused for what waits before that was counted."""
    more: dict[bytes, list[int]] = {}
    for post in posts:
        counts = more.setdefault(post.room, [0, 0])
        counts[0] += 1
        counts[1] += len(post.envelope)
    unsure = []
    for room, (count, size) in more.items():
        remembered = rooms.get(room)
        if remembered is not None and (
            not remembered.counted
            or remembered.room.waiting + count > limits.waiting_messages
            or remembered.room.waiting_bytes + size > limits.waiting_bytes
        ):
            unsure.append(room)
    if unsure:
        waiting = await room_rows.waiting(connection, unsure)
        for room in unsure:
            remembered = rooms[room]
            counted = waiting.get(room, (0, 0))
            remembered.room.waiting, remembered.room.waiting_bytes = counted
            remembered.counted = True


async def _seat(
    connection: Connection, rooms: dict[bytes, CachedRoom], batch: Sequence[Entry]
) -> None:
    unknown = {
        entry.seat
        for entry in batch
        if entry.seat is not None
        and (remembered := rooms.get(entry.room)) is not None
        and entry.seat not in remembered.seats
    }
    if unknown:
        for seat in await seat_rows.existing(connection, unknown):
            rooms[seat.room].seats.add(seat)
