"""Locking the rooms of a batch, and reading what of them isn't remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.rooms.rows import attachment_rows, ledger_rows, room_rows, seat_rows
from ephemeral.rooms.rules.attachments import Attachment
from ephemeral.rooms.rules.credentials import tombstone_hash
from ephemeral.rooms.rules.fates import Shares
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Tombstone
from ephemeral.rooms.service.entries import EndLeases, Entry, Open, Post, Release
from ephemeral.rooms.service.room_cache import CachedRoom

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Recalled", "is_recalled", "recall"]

Key = tuple[bytes, bytes]


class Recalled(NamedTuple):
    """The locked rooms of a batch, with everything that its entries are about.

    `present`, `shares` and `attachments` as a Book wants them, of the rooms that need them.
    """

    rooms: dict[bytes, CachedRoom]
    now: int
    tombstones: Sequence[Tombstone]
    present: Mapping[bytes, Mapping[bytes, int]]
    shares: Mapping[bytes, Shares]
    attachments: Mapping[Key, Attachment]


def is_recalled(entry: Entry, remembered: CachedRoom, limits: Limits) -> bool:
    """Whether everything that an entry is about is remembered, so that nothing need be read.

    Under *everyone* it depends on who is present, which nobody remembers; so it does where somebody
    has given a message back. Attachments change without a new version. A post counts as such before
    it is known that nothing stands in its place.
    """
    room = remembered.room
    if room.policy != 1 or entry.seat not in remembered.seats:
        return False
    if isinstance(entry, Post):
        # Far from being crowded, so that a batch hardly ever gets there.
        return (
            entry.attachment is None
            and remembered.counted
            and limits.accepts
            and 2 * room.waiting < limits.waiting_messages
            and 2 * room.waiting_bytes < limits.waiting_bytes
        )
    message = remembered.messages.get(entry.message)
    if message is None or message.attachment is not None:
        return False
    if not isinstance(entry, Open):
        return True
    return message.id in remembered.envelopes and not message.returners


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
    shares = await _count(connection, rooms, batch, limits)
    await _seat(connection, rooms, batch)
    ending = [rooms[one.room] for one in batch if isinstance(one, EndLeases) and one.room in rooms]
    if ending:
        await _read_leased(connection, ending)
    present = await _present(connection, rooms, batch, limits)
    named = [
        (one.room, one.attachment)
        for one in batch
        if isinstance(one, Post) and one.attachment is not None
    ]
    attachments = await attachment_rows.reserved(connection, named) if named else {}
    return Recalled(rooms, locked.now, tombstones, present, shares, attachments)


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
    batch: Sequence[Entry],
    limits: Limits,
) -> dict[bytes, Shares]:
    """See that nobody is refused for what waits before that was counted; what was, by author."""
    more: dict[bytes, list[int]] = {}
    for post in batch:
        if isinstance(post, Post):
            counts = more.setdefault(post.room, [0, 0])
            counts[0] += 1
            counts[1] += len(post.envelope)
    unsure = []
    for name, (count, size) in more.items():
        remembered = rooms.get(name)
        if remembered is None:
            continue
        room = remembered.room
        # Beyond two seats nobody's share is looked at before the room is half full.
        part = 1 if room.seats <= 2 else 2
        if (
            not remembered.counted
            or part * (room.waiting + count) > limits.waiting_messages
            or part * (room.waiting_bytes + size) > limits.waiting_bytes
        ):
            unsure.append(name)
    shares = await room_rows.waiting(connection, unsure) if unsure else {}
    for name, waiting in shares.items():
        remembered = rooms[name]
        remembered.room.waiting = sum(count for count, _ in waiting.values())
        remembered.room.waiting_bytes = sum(size for _, size in waiting.values())
        remembered.counted = True
    return shares


async def _present(
    connection: Connection,
    rooms: dict[bytes, CachedRoom],
    batch: Sequence[Entry],
    limits: Limits,
) -> Mapping[bytes, Mapping[bytes, int]]:
    """Who is there, in rooms where that decides: who is to view a message, or may lease it."""
    released = {one.room for one in batch if isinstance(one, Release)}
    asked = set()
    for entry in batch:
        remembered = rooms.get(entry.room)
        if remembered is None:
            continue
        if isinstance(entry, Post):
            decides = remembered.room.policy == 2
        elif isinstance(entry, Open):
            message = remembered.messages.get(entry.message)
            decides = entry.room in released or (message is not None and bool(message.returners))
        else:
            decides = False
        if decides:
            asked.add(entry.room)
    return await seat_rows.present(connection, list(asked), limits.seat_grace) if asked else {}


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
