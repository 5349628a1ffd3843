"""Rows of rooms and of their messages. One function, one statement.

The service owns the transaction. Whoever changes anything in a room has locked it in the same
transaction, by `lock_room` here or by the ledger's own statements (`ledger_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from asyncpg import Record

from ephemeral.rooms.rules.room import AudienceMember, Message, Room, RoomView, Tombstone

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

Key = tuple[bytes, bytes]


async def lock_room(connection: Connection, room: bytes) -> Room | None:
    """Lock a room, to change what is in it: whatever is remembered of it is out of date."""
    row = await connection.fetchrow(
        """
        UPDATE rooms SET version = DEFAULT WHERE room = $1
        RETURNING room, policy, message_ttl, room_ttl, sequence, expires_at, 0, 0, lease_due,
                  seat_limit
        """,
        room,
    )
    return Room(*row) if row is not None else None


async def hold_room(connection: Connection, room: bytes) -> Room | None:
    """Lock a room, to change what nobody remembers of it: attachments that belong to no message."""
    row = await connection.fetchrow(
        """
        SELECT room, policy, message_ttl, room_ttl, sequence, expires_at, 0, 0, lease_due,
               seat_limit
        FROM rooms WHERE room = $1 FOR UPDATE
        """,
        room,
    )
    return Room(*row) if row is not None else None


async def insert_room(
    connection: Connection, room: Room, charter: bytes, mac: bytes, seats: int, now: int
) -> bool:
    """Make a room; False if one stands there."""
    inserted = await connection.fetchval(
        """
        INSERT INTO rooms (room, charter, charter_mac, policy, seat_limit, message_ttl, room_ttl,
                           created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (room) DO NOTHING RETURNING true
        """,
        room.room, charter, mac, room.policy, seats, room.message_ttl, room.room_ttl,
        now, room.expires_at,
    )  # fmt: skip
    return inserted is not None


async def room_view(connection: Connection, room: bytes) -> RoomView | None:
    """What members are told of a room; None if it is absent or has expired."""
    row = await connection.fetchrow(
        """
        SELECT clock_ms() AS now, charter, charter_mac, locked, joins,
               (SELECT count(*)::int FROM seats s WHERE s.room = r.room), created_at, expires_at,
               sequence, version
        FROM rooms r WHERE room = $1 AND expires_at > clock_ms()
        """,
        room,
    )
    return RoomView(*row) if row is not None else None


async def version(connection: Connection, room: bytes) -> int | None:
    """The version of a room; None if it is absent or has expired."""
    found: int | None = await connection.fetchval(
        "SELECT version FROM rooms WHERE room = $1 AND expires_at > clock_ms()", room
    )
    return found


async def set_locked(connection: Connection, room: bytes, locked: bool) -> None:
    """Close a room to new members, or open it again."""
    await connection.execute("UPDATE rooms SET locked = $2 WHERE room = $1", room, locked)


async def admission(connection: Connection, room: bytes) -> tuple[bool, int]:
    """Whether a room is locked, and how many seats it has."""
    rows = await connection.fetch("SELECT locked, seat_limit FROM rooms WHERE room = $1", room)
    return rows[0][0], rows[0][1]


async def is_last_of_locked(connection: Connection, room: bytes) -> bool:
    """Whether a room is locked and has one seat that is taken."""
    last: bool = await connection.fetchval(
        """
        SELECT locked AND (SELECT count(*) FROM seats s WHERE s.room = r.room) = 1
        FROM rooms r WHERE room = $1
        """,
        room,
    )
    return last


async def count_join(connection: Connection, room: bytes, expires_at: int) -> int:
    """Count a seat that was taken, which is also a use; returns how many that makes."""
    joins: int = await connection.fetchval(
        """
        UPDATE rooms SET joins = joins + 1, expires_at = greatest(expires_at, $2)
        WHERE room = $1 RETURNING joins
        """,
        room,
        expires_at,
    )
    return joins


async def sequences(connection: Connection, rooms: Sequence[bytes]) -> dict[bytes, int]:
    """The latest sequence of each room that lives."""
    rows = await connection.fetch(
        "SELECT room, sequence FROM rooms WHERE room = ANY($1::bytea[])", rooms
    )
    return {row[0]: row[1] for row in rows}


async def waiting(
    connection: Connection, rooms: Sequence[bytes]
) -> dict[bytes, dict[bytes, tuple[int, int]]]:
    """How many messages wait in each room, and their bytes, by author; without what is to be swept.

    Every room that was asked for is in it.
    """
    rows = await connection.fetch(
        """
        SELECT room, author, count(*), sum(size)::bigint FROM messages
        WHERE room = ANY($1::bytea[]) AND expires_at > clock_ms() GROUP BY room, author
        """,
        rooms,
    )
    found: dict[bytes, dict[bytes, tuple[int, int]]] = {room: {} for room in rooms}
    for room, author, count, size in rows:
        found[room][author] = count, size
    return found


def _messages(rows: Iterable[Record]) -> list[Message]:
    found = []
    for row in rows:
        *values, returners, everyone = row
        message = Message(*values)
        if returners is not None:
            message.returners = tuple(
                (returners[at : at + 16], int.from_bytes(returners[at + 16 : at + 24]))
                for at in range(0, len(returners), 24)
            )
        message.audience = {} if everyone else None
        found.append(message)
    return found


async def messages(connection: Connection, keys: Iterable[Key]) -> list[Message]:
    """Messages by room and id. Audiences are to be filled by `audiences`."""
    distinct = sorted(set(keys))
    rows = await connection.fetch(
        """
        SELECT m.room, m.id, m.sequence, m.author, m.size, m.viewing_hash, m.digest, m.payload,
               m.posted_at, m.expires_at, m.lease_holder, m.lease_until, m.lease_ends, m.leases,
               m.returns, m.viewing, m.reader, m.attachment, m.lease_opened, m.returners,
               m.everyone
        FROM unnest($1::bytea[], $2::bytea[]) AS q (room, id)
        JOIN messages m ON m.room = q.room AND m.id = q.id
        """,
        [room for room, _ in distinct],
        [message for _, message in distinct],
    )
    return _messages(rows)


async def messages_of_room(connection: Connection, room: bytes) -> list[Message]:
    """All messages that wait in a room, in order. Audiences are to be filled by `audiences`."""
    rows = await connection.fetch(
        """
        SELECT m.room, m.id, m.sequence, m.author, m.size, m.viewing_hash, m.digest, m.payload,
               m.posted_at, m.expires_at, m.lease_holder, m.lease_until, m.lease_ends, m.leases,
               m.returns, m.viewing, m.reader, m.attachment, m.lease_opened, m.returners,
               m.everyone
        FROM messages m WHERE m.room = $1 ORDER BY m.sequence
        """,
        room,
    )
    return _messages(rows)


async def audiences(connection: Connection, found: Sequence[Message]) -> None:
    """Fill in the audiences of messages under the policy everyone."""
    waited_for = {(one.room, one.id): one for one in found if one.audience is not None}
    if not waited_for:
        return
    rows = await connection.fetch(
        """
        SELECT a.room, a.message, a.member, a.state, a.lease_until, a.lease_ends, a.lease_opened
        FROM unnest($1::bytea[], $2::bytea[]) AS q (room, message)
        JOIN audience a ON a.room = q.room AND a.message = q.message
        """,
        [room for room, _ in waited_for],
        [message for _, message in waited_for],
    )
    for room, message, *reader in rows:
        audience = waited_for[room, message].audience
        if audience is not None:
            audience[reader[0]] = AudienceMember(*reader)


async def leased_messages(connection: Connection, rooms: Sequence[bytes]) -> list[Message]:
    """The messages in rooms with a lease, or with an audience, which is to be filled in."""
    rows = await connection.fetch(
        """
        SELECT m.room, m.id, m.sequence, m.author, m.size, m.viewing_hash, m.digest, m.payload,
               m.posted_at, m.expires_at, m.lease_holder, m.lease_until, m.lease_ends, m.leases,
               m.returns, m.viewing, m.reader, m.attachment, m.lease_opened, m.returners,
               m.everyone
        FROM messages m
        WHERE m.room = ANY($1::bytea[]) AND (m.lease_until IS NOT NULL OR m.everyone)
        """,
        rooms,
    )
    return _messages(rows)


async def expired_messages(connection: Connection, now: int, limit: int) -> list[Key]:
    """Messages whose time is over, a few at a time."""
    rows = await connection.fetch(
        "SELECT room, id FROM messages WHERE expires_at <= $1 LIMIT $2", now, limit
    )
    return [(row[0], row[1]) for row in rows]


async def rooms_with_leases_due(connection: Connection, now: int, limit: int) -> list[bytes]:
    """Rooms in which a lease may have ended, a few at a time."""
    rows = await connection.fetch(
        "SELECT room FROM rooms WHERE lease_due <= $1 LIMIT $2", now, limit
    )
    return [row[0] for row in rows]


async def insert_audience(
    connection: Connection, invited: Sequence[tuple[bytes, bytes, bytes]]
) -> None:
    """Write who was present: room, message, member."""
    await connection.execute(
        """
        INSERT INTO audience (room, message, member)
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[])
        """,
        *map(list, zip(*invited, strict=True)),
    )


async def update_audience(
    connection: Connection, changed: dict[tuple[bytes, bytes, bytes], AudienceMember]
) -> None:
    """Write what became of members of audiences."""
    keys, readers = list(changed), list(changed.values())
    await connection.execute(
        """
        UPDATE audience SET state = q.state, lease_until = q.lease_until, lease_ends = q.lease_ends,
                            lease_opened = q.lease_opened
        FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bigint[],
                    $6::smallint[], $7::bigint[])
             AS q (room, message, member, state, lease_until, lease_ends, lease_opened)
        WHERE audience.room = q.room AND audience.message = q.message
          AND audience.member = q.member
        """,
        [key[0] for key in keys],
        [key[1] for key in keys],
        [key[2] for key in keys],
        [one.state for one in readers],
        [one.lease_until for one in readers],
        [one.lease_ends for one in readers],
        [one.lease_opened for one in readers],
    )


async def delete_audience(
    connection: Connection, gone: Sequence[tuple[bytes, bytes, bytes]]
) -> None:
    """Take members out of audiences: room, message, member."""
    await connection.execute(
        """
        DELETE FROM audience
        USING unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS q (room, message, member)
        WHERE audience.room = q.room AND audience.message = q.message
          AND audience.member = q.member
        """,
        *map(list, zip(*gone, strict=True)),
    )


async def delete_audiences(connection: Connection, gone: Sequence[Message]) -> None:
    """Remove the audiences of messages."""
    await connection.execute(
        """
        DELETE FROM audience USING unnest($1::bytea[], $2::bytea[]) AS q (room, message)
        WHERE audience.room = q.room AND audience.message = q.message
        """,
        [one.room for one in gone],
        [one.id for one in gone],
    )


async def tombstones(connection: Connection, names: Mapping[Key, bytes]) -> list[Tombstone]:
    """Tombstones by name; `names` has those of messages by room and id."""
    rows = await connection.fetch(
        """
        SELECT t.tombstone, t.room, t.author, t.fate, t.viewing, t.until, t.reader, t.opened,
               t.ended_at
        FROM unnest($1::bytea[], $2::bytea[]) AS q (room, tombstone)
        JOIN tombstones t ON t.room = q.room AND t.tombstone = q.tombstone
        """,
        [room for room, _ in names],
        list(names.values()),
    )
    return [Tombstone(*row) for row in rows]


async def delete_tombstones(connection: Connection, now: int, limit: int) -> int:
    """Remove tombstones whose time is over, a few at a time; returns how many."""
    count: int = await connection.fetchval(
        """
        WITH gone AS (DELETE FROM tombstones WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM tombstones WHERE until <= $1 LIMIT $2 FOR UPDATE)) RETURNING 1)
        SELECT count(*) FROM gone
        """,
        now,
        limit,
    )
    return count


async def expired_rooms(connection: Connection, now: int, limit: int) -> list[bytes]:
    """Rooms whose time is over, a few at a time."""
    rows = await connection.fetch(
        "SELECT room FROM rooms WHERE expires_at <= $1 LIMIT $2", now, limit
    )
    return [row[0] for row in rows]


async def payloads_of_room(connection: Connection, room: bytes) -> list[bytes]:
    """Every payload that goes with a room."""
    rows = await connection.fetch(
        """
        SELECT payload FROM messages WHERE room = $1
        UNION ALL SELECT profile FROM seats WHERE room = $1 AND profile IS NOT NULL
        UNION ALL SELECT resume_key FROM seats WHERE room = $1 AND resume_key IS NOT NULL
        """,
        room,
    )
    return [row[0] for row in rows]


async def delete_room(connection: Connection, room: bytes) -> int:
    """Remove a room and all below it; its payloads are to be removed next. Counts messages."""
    count: int = await connection.fetchval(
        """
        WITH a AS (DELETE FROM audience WHERE room = $1),
             m AS (DELETE FROM messages WHERE room = $1 RETURNING 1),
             t AS (DELETE FROM tombstones WHERE room = $1),
             r AS (DELETE FROM rooms WHERE room = $1)
        SELECT count(*) FROM m
        """,
        room,
    )
    return count
