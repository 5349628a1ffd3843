"""What the ledger asks of the tables: two statements for a batch, whatever is in it.

Columns travel as one value each: bytes of one size joined (`_pieces`), numbers as a text (`_list`).

The service owns the transaction. `lock` comes first, `write` last; in between `room_rows` and its
like load what isn't remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.domain.room import Message, Room, Tombstone
from ephemeral.store.payload_rows import SealedRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Locked", "lock", "rooms", "write"]

Key = tuple[bytes, bytes]

# Stand where there is none, so that all pieces have one size.
_NO_MEMBER, _NO_VIEWING = bytes(16), bytes(32)


class Locked(NamedTuple):
    """Rooms that stand and are locked, with their versions, at the time `now`.

    `found`: at least one of the messages asked for stands, or has a tombstone. That was read as the
    statement began, so of a room whose version has changed since it was remembered it says nothing.
    """

    versions: dict[bytes, int]
    now: int
    found: bool


async def lock(
    connection: Connection, names: Collection[bytes], unknown: Mapping[Key, bytes]
) -> Locked:
    """Lock rooms, in the order of their names so that no two transactions wait for each other.

    `unknown`: room and id of messages that are not remembered, and the names of their tombstones.
    """
    row = await connection.fetchrow(
        """
        WITH locked AS MATERIALIZED (
            SELECT room, version FROM rooms
            WHERE room = ANY(ARRAY(
                SELECT substr($1::bytea, 32 * i - 31, 32) FROM generate_series(1, $2::int) i))
            ORDER BY room FOR UPDATE
        ), unknown AS MATERIALIZED (
            SELECT substr($3::bytea, 32 * i - 31, 32) AS room,
                   substr($4::bytea, 16 * i - 15, 16) AS id,
                   substr($5::bytea, 32 * i - 31, 32) AS tombstone
            FROM generate_series(1, $6::int) i
        )
        SELECT array_agg(room), array_agg(version), clock_ms(),
               EXISTS (SELECT FROM unknown q JOIN messages m ON m.room = q.room AND m.id = q.id)
               OR EXISTS (SELECT FROM unknown q
                          JOIN tombstones t ON t.room = q.room AND t.tombstone = q.tombstone)
        FROM locked
        """,
        _pieces(32, names),
        len(names),
        _pieces(32, [room for room, _ in unknown]),
        _pieces(16, [message for _, message in unknown]),
        _pieces(32, unknown.values()),
        len(unknown),
    )
    assert row is not None, "an aggregate has one row"
    found, versions, now, known = row
    return Locked(dict(zip(found or (), versions or (), strict=True)), now, known)


async def rooms(connection: Connection, names: Sequence[bytes]) -> list[Room]:
    """Rooms, which are locked."""
    rows = await connection.fetch(
        """
        SELECT room, policy, message_ttl, room_ttl, sequence, expires_at, 0, 0, lease_due
        FROM rooms WHERE room = ANY($1::bytea[])
        """,
        names,
    )
    return [Room(*row) for row in rows]


async def write(
    connection: Connection,
    payloads: Sequence[SealedRow],
    inserted: Sequence[Message],
    changed: Sequence[Message],
    buried: Sequence[Tombstone],
    destroyed: Sequence[Message],
    used: Sequence[Room],
    versions: Sequence[int],
) -> None:
    """Write everything that a batch has decided, each row once: no two of these may share one.

    `payloads` are those of `inserted`; their epoch is held. `used` are all rooms in which anything
    changed, with the `versions` that they get.
    """
    await connection.execute(
        """
        WITH bodies AS (
            INSERT INTO payloads (id, body)
            SELECT substr($1::bytea, (16 * n - 15)::int, 16), q.body
            FROM unnest($2::bytea[]) WITH ORDINALITY AS q (body, n)
        ), keys AS (
            INSERT INTO payload_keys (payload, epoch, wrapped)
            SELECT substr($1::bytea, (16 * n - 15)::int, 16), q.epoch,
                   substr($4::bytea, (61 * n - 60)::int, 61)
            FROM unnest($3::text::bigint[]) WITH ORDINALITY AS q (epoch, n)
        ), accepted AS (
            INSERT INTO messages (payload, room, id, author, viewing_hash, digest, lease_holder,
                                  viewing, sequence, size, everyone, posted_at, expires_at,
                                  lease_until)
            SELECT substr($1::bytea, (16 * n - 15)::int, 16),
                   substr($5::bytea, (32 * n - 31)::int, 32),
                   substr($6::bytea, (16 * n - 15)::int, 16),
                   substr($7::bytea, (16 * n - 15)::int, 16),
                   substr($8::bytea, (32 * n - 31)::int, 32),
                   substr($9::bytea, (32 * n - 31)::int, 32),
                   CASE WHEN lease_until IS NOT NULL
                        THEN substr($10::bytea, (16 * n - 15)::int, 16) END,
                   CASE WHEN viewed THEN substr($11::bytea, (32 * n - 31)::int, 32) END,
                   sequence, size, everyone, posted_at, expires_at, lease_until
            FROM unnest($12::text::boolean[], $13::text::bigint[], $14::text::int[],
                        $15::text::boolean[], $16::text::bigint[], $17::text::bigint[],
                        $18::text::bigint[])
                 WITH ORDINALITY AS q (viewed, sequence, size, everyone, posted_at, expires_at,
                                       lease_until, n)
        ), leased AS (
            UPDATE messages
            SET lease_holder = CASE WHEN q.lease_until IS NOT NULL
                                    THEN substr($21::bytea, (16 * q.n - 15)::int, 16) END,
                viewing = CASE WHEN viewed THEN substr($22::bytea, (32 * q.n - 31)::int, 32) END,
                lease_until = q.lease_until, lease_ends = q.lease_ends, everyone = q.everyone
            FROM unnest($23::text::boolean[], $24::text::bigint[], $25::text::smallint[],
                        $26::text::boolean[])
                 WITH ORDINALITY AS q (viewed, lease_until, lease_ends, everyone, n)
            WHERE messages.room = substr($19::bytea, (32 * q.n - 31)::int, 32)
              AND messages.id = substr($20::bytea, (16 * q.n - 15)::int, 16)
        ), buried AS (
            INSERT INTO tombstones (tombstone, room, author, viewing, fate, until)
            SELECT substr($27::bytea, (32 * n - 31)::int, 32),
                   substr($28::bytea, (32 * n - 31)::int, 32),
                   substr($29::bytea, (16 * n - 15)::int, 16),
                   CASE WHEN fate = 1 THEN substr($30::bytea, (32 * n - 31)::int, 32) END,
                   fate, until
            FROM unnest($31::text::smallint[], $32::text::bigint[])
                 WITH ORDINALITY AS q (fate, until, n)
            ON CONFLICT (room, tombstone) DO UPDATE SET author = excluded.author,
                   fate = excluded.fate, viewing = excluded.viewing, until = excluded.until
        ), destroyed AS (
            DELETE FROM messages USING generate_series(1, $36::int) n
            WHERE messages.room = substr($33::bytea, 32 * n - 31, 32)
              AND messages.id = substr($34::bytea, 16 * n - 15, 16)
        ), opened_by_nobody AS (
            DELETE FROM payload_keys WHERE payload = ANY(ARRAY(
                SELECT substr($35::bytea, 16 * n - 15, 16) FROM generate_series(1, $36::int) n))
        ), gone AS (
            DELETE FROM payloads WHERE id = ANY(ARRAY(
                SELECT substr($35::bytea, 16 * n - 15, 16) FROM generate_series(1, $36::int) n))
        )
        UPDATE rooms SET sequence = q.sequence, expires_at = q.expires_at,
               lease_due = q.lease_due, version = q.version
        FROM unnest($38::text::bigint[], $39::text::bigint[], $40::text::bigint[],
                    $41::text::bigint[])
             WITH ORDINALITY AS q (sequence, expires_at, lease_due, version, n)
        WHERE rooms.room = substr($37::bytea, (32 * q.n - 31)::int, 32)
        """,
        _pieces(16, [one.id for one in payloads]),
        [one.body for one in payloads],
        _list([one.epoch for one in payloads]),
        _pieces(61, [one.wrapped for one in payloads]),
        _pieces(32, [one.room for one in inserted]),
        _pieces(16, [one.id for one in inserted]),
        _pieces(16, [one.author for one in inserted]),
        _pieces(32, [one.viewing_hash for one in inserted]),
        _pieces(32, [one.digest for one in inserted]),
        _pieces(16, [one.lease_holder or _NO_MEMBER for one in inserted]),
        _pieces(32, [one.viewing or _NO_VIEWING for one in inserted]),
        _list([one.viewing is not None for one in inserted]),
        _list([one.sequence for one in inserted]),
        _list([one.size for one in inserted]),
        _list([one.audience is not None for one in inserted]),
        _list([one.posted_at for one in inserted]),
        _list([one.expires_at for one in inserted]),
        _list([one.lease_until for one in inserted]),
        _pieces(32, [one.room for one in changed]),
        _pieces(16, [one.id for one in changed]),
        _pieces(16, [one.lease_holder or _NO_MEMBER for one in changed]),
        _pieces(32, [one.viewing or _NO_VIEWING for one in changed]),
        _list([one.viewing is not None for one in changed]),
        _list([one.lease_until for one in changed]),
        _list([one.lease_ends for one in changed]),
        _list([one.audience is not None for one in changed]),
        _pieces(32, [one.tombstone for one in buried]),
        _pieces(32, [one.room for one in buried]),
        _pieces(16, [one.author for one in buried]),
        _pieces(32, [one.viewing or _NO_VIEWING for one in buried]),
        _list([one.fate for one in buried]),
        _list([one.until for one in buried]),
        _pieces(32, [one.room for one in destroyed]),
        _pieces(16, [one.id for one in destroyed]),
        _pieces(16, [one.payload for one in destroyed]),
        len(destroyed),
        _pieces(32, [one.room for one in used]),
        _list([one.sequence for one in used]),
        _list([one.expires_at for one in used]),
        _list([one.lease_due for one in used]),
        _list(versions),
    )


def _pieces(size: int, values: Collection[bytes]) -> bytes:
    """Values of one size behind one another, which the statement cuts again.

    An array of bytes costs the driver a microsecond an element.
    """
    joined = b"".join(values)
    if len(joined) != size * len(values):
        raise ValueError("a value of another size would move all that follow")
    return joined


def _list(values: Sequence[int | None]) -> str:
    """Numbers, truths and nulls as the database writes an array; cheaper than an array, too."""
    elements = ",".join(["NULL" if one is None else str(one) for one in values])
    return f"{{{elements}}}"
