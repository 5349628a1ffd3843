"""What the ledger asks of the tables: one statement for a batch, or two, whatever is in it.

Columns travel as one value each: bytes of one size joined (`_pieces`), numbers as a text (`_list`).

Where everything is remembered, `write` is enough: it does nothing unless that still holds.
Otherwise the service owns a transaction in which `lock` comes first and `write` last; in between
`room_rows` and its like load what isn't remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.domain.room import Message, Room, Tombstone
from ephemeral.store.payload_rows import SealedRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["UNCONDITIONAL", "Condition", "Locked", "Written", "lock", "rooms", "write"]

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


class Condition(NamedTuple):
    """What must hold, or nothing is written.

    `versions`: these rooms, sorted by name, still have these; they are locked. `now`: the clock is
    within `drift` of it. `epoch`: it is current, and held. `unknown`: none of these messages stands
    or has a tombstone.
    """

    versions: Sequence[tuple[bytes, int]] = ()
    now: int = 0
    drift: int | None = None
    epoch: int | None = None
    unknown: Sequence[Message] = ()


#: For a transaction that has locked and read everything by itself.
UNCONDITIONAL = Condition()


class Written(NamedTuple):
    """Whether the condition held, and what time it was."""

    held: bool
    now: int


async def write(
    connection: Connection,
    condition: Condition,
    payloads: Sequence[SealedRow],
    inserted: Sequence[Message],
    changed: Sequence[Message],
    buried: Sequence[Tombstone],
    destroyed: Sequence[Message],
    used: Sequence[Room],
    versions: Sequence[int | None],
) -> Written:
    """Write everything that a batch has decided, each row once: no two of these may share one.

    `payloads` are those of `inserted`; their epoch is held. `used` are all rooms in which anything
    changed, with the `versions` that they get; None: they have a new one already.
    """
    row = await connection.fetchrow(
        """
        WITH held AS MATERIALIZED (
            SELECT FROM unnest($2::text::bigint[]) WITH ORDINALITY AS q (version, n)
            JOIN rooms ON rooms.room = substr($1::bytea, (32 * q.n - 31)::int, 32)
                      AND rooms.version = q.version
            ORDER BY q.n FOR UPDATE OF rooms
        ), epoch AS MATERIALIZED (
            SELECT FROM epochs WHERE id = $6::bigint AND state = 'current' FOR SHARE
        ), go AS MATERIALIZED (
            SELECT now, ($5::int IS NULL OR abs(now - $4::bigint) <= $5::int)
                AND (SELECT count(*) FROM held) = $3::int
                AND ($6::bigint IS NULL OR EXISTS (SELECT FROM epoch))
                AND NOT EXISTS (
                    SELECT FROM generate_series(1, $10::int) n
                    JOIN messages m ON m.room = substr($7::bytea, 32 * n - 31, 32)
                                   AND m.id = substr($8::bytea, 16 * n - 15, 16))
                AND NOT EXISTS (
                    SELECT FROM generate_series(1, $10::int) n
                    JOIN tombstones t ON t.room = substr($7::bytea, 32 * n - 31, 32)
                                     AND t.tombstone = substr($9::bytea, 32 * n - 31, 32)) AS ok
            FROM clock_ms() now
        ), bodies AS (
            INSERT INTO payloads (id, body)
            SELECT substr($11::bytea, (16 * n - 15)::int, 16), q.body
            FROM unnest($12::bytea[]) WITH ORDINALITY AS q (body, n)
            WHERE (SELECT ok FROM go)
        ), keys AS (
            INSERT INTO payload_keys (payload, epoch, wrapped)
            SELECT substr($11::bytea, (16 * n - 15)::int, 16), q.epoch,
                   substr($14::bytea, (61 * n - 60)::int, 61)
            FROM unnest($13::text::bigint[]) WITH ORDINALITY AS q (epoch, n)
            WHERE (SELECT ok FROM go)
        ), accepted AS (
            INSERT INTO messages (payload, room, id, author, viewing_hash, digest, lease_holder,
                                  viewing, sequence, size, everyone, posted_at, expires_at,
                                  lease_until)
            SELECT substr($11::bytea, (16 * n - 15)::int, 16),
                   substr($15::bytea, (32 * n - 31)::int, 32),
                   substr($16::bytea, (16 * n - 15)::int, 16),
                   substr($17::bytea, (16 * n - 15)::int, 16),
                   substr($18::bytea, (32 * n - 31)::int, 32),
                   substr($19::bytea, (32 * n - 31)::int, 32),
                   CASE WHEN lease_until IS NOT NULL
                        THEN substr($20::bytea, (16 * n - 15)::int, 16) END,
                   CASE WHEN viewed THEN substr($21::bytea, (32 * n - 31)::int, 32) END,
                   sequence, size, everyone, posted_at, expires_at, lease_until
            FROM unnest($22::text::boolean[], $23::text::bigint[], $24::text::int[],
                        $25::text::boolean[], $26::text::bigint[], $27::text::bigint[],
                        $28::text::bigint[])
                 WITH ORDINALITY AS q (viewed, sequence, size, everyone, posted_at, expires_at,
                                       lease_until, n)
            WHERE (SELECT ok FROM go)
        ), leased AS (
            UPDATE messages
            SET lease_holder = CASE WHEN q.lease_until IS NOT NULL
                                    THEN substr($31::bytea, (16 * q.n - 15)::int, 16) END,
                viewing = CASE WHEN viewed THEN substr($32::bytea, (32 * q.n - 31)::int, 32) END,
                lease_until = q.lease_until, lease_ends = q.lease_ends, everyone = q.everyone
            FROM unnest($33::text::boolean[], $34::text::bigint[], $35::text::smallint[],
                        $36::text::boolean[])
                 WITH ORDINALITY AS q (viewed, lease_until, lease_ends, everyone, n)
            WHERE messages.room = substr($29::bytea, (32 * q.n - 31)::int, 32)
              AND messages.id = substr($30::bytea, (16 * q.n - 15)::int, 16)
              AND (SELECT ok FROM go)
        ), buried AS (
            INSERT INTO tombstones (tombstone, room, author, viewing, fate, until)
            SELECT substr($37::bytea, (32 * n - 31)::int, 32),
                   substr($38::bytea, (32 * n - 31)::int, 32),
                   substr($39::bytea, (16 * n - 15)::int, 16),
                   CASE WHEN fate = 1 THEN substr($40::bytea, (32 * n - 31)::int, 32) END,
                   fate, until
            FROM unnest($41::text::smallint[], $42::text::bigint[])
                 WITH ORDINALITY AS q (fate, until, n)
            WHERE (SELECT ok FROM go)
            ON CONFLICT (room, tombstone) DO UPDATE SET author = excluded.author,
                   fate = excluded.fate, viewing = excluded.viewing, until = excluded.until
        ), destroyed AS (
            DELETE FROM messages USING generate_series(1, $46::int) n
            WHERE messages.room = substr($43::bytea, 32 * n - 31, 32)
              AND messages.id = substr($44::bytea, 16 * n - 15, 16)
              AND (SELECT ok FROM go)
        ), opened_by_nobody AS (
            DELETE FROM payload_keys WHERE payload = ANY(ARRAY(
                SELECT substr($45::bytea, 16 * n - 15, 16) FROM generate_series(1, $46::int) n
                WHERE (SELECT ok FROM go)))
        ), gone AS (
            DELETE FROM payloads WHERE id = ANY(ARRAY(
                SELECT substr($45::bytea, 16 * n - 15, 16) FROM generate_series(1, $46::int) n
                WHERE (SELECT ok FROM go)))
        ), used AS (
            UPDATE rooms SET sequence = q.sequence, expires_at = q.expires_at,
                   lease_due = q.lease_due, version = coalesce(q.version, rooms.version)
            FROM unnest($48::text::bigint[], $49::text::bigint[], $50::text::bigint[],
                        $51::text::bigint[])
                 WITH ORDINALITY AS q (sequence, expires_at, lease_due, version, n)
            WHERE rooms.room = substr($47::bytea, (32 * q.n - 31)::int, 32)
              AND (SELECT ok FROM go)
        )
        SELECT ok, now FROM go
        """,
        _pieces(32, [room for room, _ in condition.versions]),
        _list([version for _, version in condition.versions]),
        len(condition.versions),
        condition.now,
        condition.drift,
        condition.epoch,
        _pieces(32, [one.room for one in condition.unknown]),
        _pieces(16, [one.id for one in condition.unknown]),
        _pieces(32, [one.grave or b"" for one in condition.unknown]),
        len(condition.unknown),
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
    assert row is not None, "there is one row"
    return Written(*row)


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
