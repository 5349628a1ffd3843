"""Rows of attachments. What is deleted here has a data key and objects, which go next.

Rows come and go under the lock of their room. Which chunks have landed (`land`) changes without it,
by one statement alone in its transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.rooms.rules.attachments import Attachment

if TYPE_CHECKING:
    from ephemeral.rooms.rules.room import Message
    from ephemeral.store.postgres import Connection

__all__ = [
    "Gone",
    "Leased",
    "delete",
    "delete_of_messages",
    "delete_of_room",
    "delete_unposted",
    "expired",
    "find",
    "insert",
    "land",
    "leased",
    "living",
    "note_leases",
    "note_lengths",
    "of_room",
    "post",
    "reserved",
    "waiting_bytes",
]

Key = tuple[bytes, bytes]


class Gone(NamedTuple):
    """What is left of one: the name of its objects, and that of its data key."""

    prefix: bytes
    payload: bytes


class Leased(NamedTuple):
    """One whose message a member reads until `until`, since `opened`, at the time `now`."""

    attachment: Attachment
    message: bytes
    until: int
    opened: int | None
    now: int


async def insert(connection: Connection, one: Attachment) -> None:
    """Reserve one."""
    await connection.execute(
        """
        INSERT INTO attachments (room, id, author, prefix, payload, padded, chunks, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        one.room, one.id, one.author, one.prefix, one.payload, one.padded, one.chunks,
        one.expires_at,
    )  # fmt: skip


async def of_room(connection: Connection, room: bytes) -> list[Attachment]:
    """All of a room."""
    rows = await connection.fetch(
        """
        SELECT room, id, author, prefix, payload, padded, chunks, landed, message, expires_at
        FROM attachments WHERE room = $1
        """,
        room,
    )
    return [Attachment(*row) for row in rows]


async def find(connection: Connection, room: bytes, one: bytes) -> tuple[Attachment, int] | None:
    """One, with the clock."""
    row = await connection.fetchrow(
        """
        SELECT room, id, author, prefix, payload, padded, chunks, landed, message, expires_at,
               clock_ms()
        FROM attachments WHERE room = $1 AND id = $2
        """,
        room,
        one,
    )
    return None if row is None else (Attachment(*tuple(row)[:-1]), row[-1])


async def reserved(connection: Connection, keys: Iterable[Key]) -> dict[Key, Attachment]:
    """Those by room and id, locked, of rooms that are locked: whether all has landed stays so."""
    distinct = sorted(set(keys))
    rows = await connection.fetch(
        """
        SELECT a.room, a.id, a.author, a.prefix, a.payload, a.padded, a.chunks, a.landed,
               a.message, a.expires_at
        FROM unnest($1::bytea[], $2::bytea[]) AS q (room, id)
        JOIN attachments a ON a.room = q.room AND a.id = q.id
        ORDER BY a.room, a.id FOR UPDATE OF a
        """,
        [room for room, _ in distinct],
        [one for _, one in distinct],
    )
    return {(row[0], row[1]): Attachment(*row) for row in rows}


async def leased(connection: Connection, room: bytes, one: bytes, member: bytes) -> Leased | None:
    """One whose message this member reads at this moment."""
    row = await connection.fetchrow(
        """
        SELECT a.room, a.id, a.author, a.prefix, a.payload, a.padded, a.chunks, a.landed,
               a.message, a.expires_at, m.id, l.lease_until, l.lease_opened, clock_ms()
        FROM attachments a JOIN messages m ON m.room = a.room AND m.id = a.message,
             LATERAL (
                 SELECT m.lease_until, m.lease_opened
                 WHERE NOT m.everyone AND m.lease_holder = $3
                 UNION ALL
                 SELECT r.lease_until, r.lease_opened FROM audience r
                 WHERE m.everyone AND r.room = m.room AND r.message = m.id AND r.member = $3
             ) l
        WHERE a.room = $1 AND a.id = $2 AND l.lease_until > clock_ms()
          AND m.expires_at > clock_ms()
        """,
        room,
        one,
        member,
    )
    if row is None:
        return None
    *values, message, until, opened, now = row
    return Leased(Attachment(*values), message, until, opened, now)


async def land(connection: Connection, one: Attachment, at: int, stays: int) -> bool:
    """A chunk lies there, and the attachment stays for so long, in ms; False if it is no more."""
    found = await connection.fetchval(
        """
        UPDATE attachments SET landed = landed | (1::bigint << $4),
               expires_at = CASE WHEN message IS NULL THEN clock_ms() + $5 END
        WHERE room = $1 AND id = $2 AND prefix = $3 RETURNING true
        """,
        one.room,
        one.id,
        one.prefix,
        at,
        stays,
    )
    return found is not None


async def post(connection: Connection, attached: Mapping[Key, bytes]) -> None:
    """These, by room and id, belong to messages from now on."""
    await connection.execute(
        """
        UPDATE attachments SET message = q.message, expires_at = NULL
        FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS q (room, id, message)
        WHERE attachments.room = q.room AND attachments.id = q.id
        """,
        [room for room, _ in attached],
        [one for _, one in attached],
        list(attached.values()),
    )


async def note_lengths(connection: Connection, messages: Collection[Message]) -> None:
    """Write into messages, which have just been inserted, how long their attachments are."""
    await connection.execute(
        """
        UPDATE messages SET attachment = q.attachment
        FROM unnest($1::bytea[], $2::bytea[], $3::int[]) AS q (room, id, attachment)
        WHERE messages.room = q.room AND messages.id = q.id
        """,
        [one.room for one in messages],
        [one.id for one in messages],
        [one.attachment for one in messages],
    )


async def note_leases(connection: Connection, messages: Collection[Message]) -> None:
    """Write when the leases of messages with attachments began."""
    await connection.execute(
        """
        UPDATE messages SET lease_opened = q.lease_opened
        FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS q (room, id, lease_opened)
        WHERE messages.room = q.room AND messages.id = q.id
        """,
        [one.room for one in messages],
        [one.id for one in messages],
        [one.lease_opened for one in messages],
    )


async def delete(connection: Connection, one: Attachment) -> list[Gone]:
    """This very one, if it belongs to no message."""
    rows = await connection.fetch(
        """
        DELETE FROM attachments WHERE room = $1 AND id = $2 AND prefix = $3 AND message IS NULL
        RETURNING prefix, payload
        """,
        one.room,
        one.id,
        one.prefix,
    )
    return [Gone(*row) for row in rows]


async def delete_of_messages(connection: Connection, messages: Collection[Message]) -> list[Gone]:
    """Those of messages that are no more."""
    rows = await connection.fetch(
        """
        DELETE FROM attachments USING unnest($1::bytea[], $2::bytea[]) AS q (room, message)
        WHERE attachments.room = q.room AND attachments.message = q.message
        RETURNING prefix, payload
        """,
        [one.room for one in messages],
        [one.id for one in messages],
    )
    return [Gone(*row) for row in rows]


async def delete_unposted(connection: Connection, room: bytes, author: bytes) -> list[Gone]:
    """Those of a member that belong to no message."""
    rows = await connection.fetch(
        """
        DELETE FROM attachments WHERE room = $1 AND author = $2 AND message IS NULL
        RETURNING prefix, payload
        """,
        room,
        author,
    )
    return [Gone(*row) for row in rows]


async def delete_of_room(connection: Connection, room: bytes) -> list[Gone]:
    """All of a room."""
    rows = await connection.fetch(
        "DELETE FROM attachments WHERE room = $1 RETURNING prefix, payload", room
    )
    return [Gone(*row) for row in rows]


async def living(connection: Connection, prefixes: Sequence[bytes]) -> set[bytes]:
    """Those of these prefixes whose attachments are there."""
    rows = await connection.fetch(
        "SELECT prefix FROM attachments WHERE prefix = ANY($1::bytea[])", prefixes
    )
    return {row[0] for row in rows}


async def expired(connection: Connection, now: int, limit: int) -> list[Key]:
    """Room and id of those that were not posted in time, a few at a time."""
    rows = await connection.fetch(
        "SELECT room, id FROM attachments WHERE expires_at <= $1 LIMIT $2", now, limit
    )
    return [(row[0], row[1]) for row in rows]


async def waiting_bytes(connection: Connection) -> int:
    """What all of them have together: there are few thousands, since none is short."""
    total: int = await connection.fetchval(
        "SELECT coalesce(sum(padded), 0)::bigint FROM attachments"
    )
    return total
