"""The one statement by which a batch is written, composed of the parts that it needs.

A batch of one request, as most are where there is little to do, writes two or three tables. A
statement that names all six costs more to begin, in the database and in its driver, however little
it finds to do: a lone message took PostgreSQL a fifth longer. The texts are few and are made once,
so that each is prepared once.

All parts see the database as it was when the statement began. Values of many rows come as one:
bytes of one size behind one another, numbers as the text of an array.
"""

import re
from functools import cache
from typing import NamedTuple

__all__ = [
    "BURIED",
    "CHANGED",
    "CLOCK",
    "DESTROYED",
    "EPOCH",
    "LEASED",
    "POSTED",
    "UNKNOWN",
    "USED",
    "VERSIONS",
    "Part",
    "composed",
]


class Part(NamedTuple):
    """What is to be done, or, if it has a `test`, what must hold for anything to be done.

    Its `values` are numbered from $1. What does something asks `go` whether it may.
    """

    values: int
    text: str
    test: str = ""


#: These rooms still have these versions; they are locked, in this order. Names, versions, count.
VERSIONS = Part(
    3,
    """
    held AS MATERIALIZED (
        SELECT FROM unnest($2::text::bigint[]) WITH ORDINALITY AS q (version, n)
        JOIN rooms ON rooms.room = substr($1::bytea, (32 * q.n - 31)::int, 32)
                  AND rooms.version = q.version
        ORDER BY q.n FOR UPDATE OF rooms
    )""",
    "(SELECT count(*) FROM held) = $3::int",
)

#: The clock is near this time. Time, how near.
CLOCK = Part(2, "", "abs(now - $1::bigint) <= $2::int")

#: This epoch is current, and held.
EPOCH = Part(
    1,
    """
    epoch AS MATERIALIZED (
        SELECT FROM epochs WHERE id = $1::bigint AND state = 'current' FOR SHARE
    )""",
    "EXISTS (SELECT FROM epoch)",
)

#: None of these messages stands or has a tombstone. Rooms, ids, names of tombstones, count.
UNKNOWN = Part(
    4,
    "",
    """NOT EXISTS (
            SELECT FROM generate_series(1, $4::int) n
            JOIN messages m ON m.room = substr($1::bytea, 32 * n - 31, 32)
                           AND m.id = substr($2::bytea, 16 * n - 15, 16))
        AND NOT EXISTS (
            SELECT FROM generate_series(1, $4::int) n
            JOIN tombstones t ON t.room = substr($1::bytea, 32 * n - 31, 32)
                             AND t.tombstone = substr($3::bytea, 32 * n - 31, 32))""",
)

#: Payloads with their keys, and messages that nobody has leased yet. Payloads: ids, bodies, their
#: epoch, wrapped keys; messages: rooms, ids, authors, viewing hashes, digests, sequences, sizes,
#: whether for everyone, expiring; when all of them were posted.
POSTED = Part(
    14,
    """
    bodies AS (
        INSERT INTO payloads (id, body)
        SELECT substr($1::bytea, (16 * n - 15)::int, 16), q.body
        FROM unnest($2::bytea[]) WITH ORDINALITY AS q (body, n)
        WHERE (SELECT ok FROM go)
    ), keys AS (
        INSERT INTO payload_keys (payload, epoch, wrapped)
        SELECT substr($1::bytea, 16 * n - 15, 16), $3::bigint, substr($4::bytea, 61 * n - 60, 61)
        FROM generate_series(1, octet_length($1::bytea) / 16) n
        WHERE (SELECT ok FROM go)
    ), accepted AS (
        INSERT INTO messages (payload, room, id, author, viewing_hash, digest, sequence, size,
                              everyone, posted_at, expires_at)
        SELECT substr($1::bytea, (16 * n - 15)::int, 16),
               substr($5::bytea, (32 * n - 31)::int, 32),
               substr($6::bytea, (16 * n - 15)::int, 16),
               substr($7::bytea, (16 * n - 15)::int, 16),
               substr($8::bytea, (32 * n - 31)::int, 32),
               substr($9::bytea, (32 * n - 31)::int, 32),
               sequence, size, everyone, $14::bigint, expires_at
        FROM unnest($10::text::bigint[], $11::text::int[], $12::text::boolean[],
                    $13::text::bigint[])
             WITH ORDINALITY AS q (sequence, size, everyone, expires_at, n)
        WHERE (SELECT ok FROM go)
    )""",
)

#: Messages' leases. Rooms, ids, holders, until, how many have ended, how many have begun.
LEASED = Part(
    6,
    """
    leased AS (
        UPDATE messages
        SET lease_holder = CASE WHEN q.lease_until IS NOT NULL
                                THEN substr($3::bytea, (16 * q.n - 15)::int, 16) END,
            lease_until = q.lease_until, lease_ends = q.lease_ends, leases = q.leases
        FROM unnest($4::text::bigint[], $5::text::smallint[], $6::text::int[])
             WITH ORDINALITY AS q (lease_until, lease_ends, leases, n)
        WHERE messages.room = substr($1::bytea, (32 * q.n - 31)::int, 32)
          AND messages.id = substr($2::bytea, (16 * q.n - 15)::int, 16)
          AND (SELECT ok FROM go)
    )""",
)

#: The same with what most messages never have: viewing bytes, readers (zeros: none), whether
#: viewed, returns, returners.
CHANGED = Part(
    11,
    """
    changed AS (
        UPDATE messages
        SET lease_holder = CASE WHEN q.lease_until IS NOT NULL
                                THEN substr($3::bytea, (16 * q.n - 15)::int, 16) END,
            lease_until = q.lease_until, lease_ends = q.lease_ends, leases = q.leases,
            viewing = CASE WHEN viewed THEN substr($7::bytea, (32 * q.n - 31)::int, 32) END,
            reader = nullif(substr($8::bytea, (16 * q.n - 15)::int, 16),
                            decode(repeat('00', 16), 'hex')),
            returns = q.returns, returners = q.returners
        FROM unnest($4::text::bigint[], $5::text::smallint[], $6::text::int[],
                    $9::text::boolean[], $10::text::int[], $11::bytea[])
             WITH ORDINALITY AS q (lease_until, lease_ends, leases, viewed, returns, returners, n)
        WHERE messages.room = substr($1::bytea, (32 * q.n - 31)::int, 32)
          AND messages.id = substr($2::bytea, (16 * q.n - 15)::int, 16)
          AND (SELECT ok FROM go)
    )""",
)

#: Tombstones. Names, rooms, authors, viewing bytes, readers (zeros: none), whether viewed, fates,
#: how often opened; when all of them ended, and until when they stand.
BURIED = Part(
    10,
    """
    new_tombstones AS (
        INSERT INTO tombstones (tombstone, room, author, viewing, reader, fate, opened, ended_at,
                                until)
        SELECT substr($1::bytea, (32 * n - 31)::int, 32),
               substr($2::bytea, (32 * n - 31)::int, 32),
               substr($3::bytea, (16 * n - 15)::int, 16),
               CASE WHEN viewed THEN substr($4::bytea, (32 * n - 31)::int, 32) END,
               nullif(substr($5::bytea, (16 * n - 15)::int, 16), decode(repeat('00', 16), 'hex')),
               fate, opened, $9::bigint, $10::bigint
        FROM unnest($6::text::boolean[], $7::text::smallint[], $8::text::int[])
             WITH ORDINALITY AS q (viewed, fate, opened, n)
        WHERE (SELECT ok FROM go)
        ON CONFLICT (room, tombstone) DO UPDATE SET author = excluded.author,
               fate = excluded.fate, viewing = excluded.viewing, reader = excluded.reader,
               opened = excluded.opened, ended_at = excluded.ended_at, until = excluded.until
    )""",
)

#: Messages to be deleted, with payloads and keys. Rooms, ids, payloads, count.
DESTROYED = Part(
    4,
    """
    destroyed AS (
        DELETE FROM messages USING generate_series(1, $4::int) n
        WHERE messages.room = substr($1::bytea, 32 * n - 31, 32)
          AND messages.id = substr($2::bytea, 16 * n - 15, 16)
          AND (SELECT ok FROM go)
    ), opened_by_nobody AS (
        DELETE FROM payload_keys WHERE payload = ANY(ARRAY(
            SELECT substr($3::bytea, 16 * n - 15, 16) FROM generate_series(1, $4::int) n
            WHERE (SELECT ok FROM go)))
    ), gone AS (
        DELETE FROM payloads WHERE id = ANY(ARRAY(
            SELECT substr($3::bytea, 16 * n - 15, 16) FROM generate_series(1, $4::int) n
            WHERE (SELECT ok FROM go)))
    )""",
)

#: Rooms in which anything changed. Names, sequences, ends, when leases are due, versions.
USED = Part(
    5,
    """
    used AS (
        UPDATE rooms SET sequence = q.sequence, expires_at = q.expires_at,
               lease_due = q.lease_due, version = coalesce(q.version, rooms.version)
        FROM unnest($2::text::bigint[], $3::text::bigint[], $4::text::bigint[],
                    $5::text::bigint[])
             WITH ORDINALITY AS q (sequence, expires_at, lease_due, version, n)
        WHERE rooms.room = substr($1::bytea, (32 * q.n - 31)::int, 32)
          AND (SELECT ok FROM go)
    )""",
)


# Whether anything may be done, and what time it is.
_GO = """
    go AS MATERIALIZED (
        SELECT now, {} AS ok FROM clock_ms() now
    )"""
_STATEMENT = "WITH {} SELECT ok, now FROM go"


@cache
def composed(parts: tuple[Part, ...]) -> str:
    """The statement of these parts, whose values come one after the other.

    It answers whether all tests held, and what time it is. Those with a test come first.
    """
    tests, before = ["true"], 0
    tested: list[str] = []
    done: list[str] = []
    for part in parts:
        if part.test:
            tests.append(_moved(part.test, before))
        if part.text:
            (tested if part.test else done).append(_moved(part.text, before))
        before += part.values
    go = _GO.format(" AND ".join(tests))
    return _STATEMENT.format(",".join([*tested, go, *done]))


def _moved(text: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + by}", text)
