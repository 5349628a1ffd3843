"""What the ledger asks of the tables: one statement for a batch, or two, whatever is in it.

Columns travel as one value each: bytes of one size joined (`_pieces`), numbers as a text (`_list`).

Where everything is remembered, `write` is enough: it does nothing unless that still holds.
Otherwise the service owns a transaction in which `lock` comes first and `write` last; in between
`room_rows` and its like load what isn't remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ephemeral.rooms.rows.ledger_statement import (
    BURIED,
    CHANGED,
    CLOCK,
    DESTROYED,
    EPOCH,
    LEASED,
    POSTED,
    UNKNOWN,
    USED,
    VERSIONS,
    Part,
    composed,
)
from ephemeral.rooms.rules.room import Message, Room, Tombstone
from ephemeral.sealing.payload_rows import SealedRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["UNCONDITIONAL", "Condition", "Locked", "Written", "lock", "rooms", "write"]

Key = tuple[bytes, bytes]

_encode = msgspec.json.Encoder().encode

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
        SELECT room, policy, message_ttl, room_ttl, sequence, expires_at, 0, 0, lease_due,
               seat_limit
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
    changed: Collection[Message],
    new_tombstones: Sequence[Tombstone],
    destroyed: Sequence[Message],
    used: Collection[Room],
    versions: Sequence[int | None],
    *,
    marked: bool = False,
) -> Written:
    """Write everything that a batch has decided, each row once: no two of these may share one.

    `payloads` are those of `inserted`, all of one epoch, which is held; `inserted` are all of one
    moment, as are `new_tombstones`. Leases are written of `changed` alone; returns and views only
    if one of them is `marked`. `used` are all rooms in which anything changed, with the `versions`
    that they get; None: they have a new one already.
    """
    parts: list[Part] = []
    values: list[object] = []

    def add(part: Part, *its: object) -> None:
        parts.append(part)
        values.extend(its)

    if condition.versions:
        add(
            VERSIONS,
            _pieces(32, [room for room, _ in condition.versions]),
            _list([version for _, version in condition.versions]),
            len(condition.versions),
        )
    if condition.drift is not None:
        add(CLOCK, condition.now, condition.drift)
    if condition.epoch is not None:
        add(EPOCH, condition.epoch)
    if condition.unknown:
        add(
            UNKNOWN,
            _pieces(32, [one.room for one in condition.unknown]),
            _pieces(16, [one.id for one in condition.unknown]),
            _pieces(32, [one.tombstone_name or b"" for one in condition.unknown]),
            len(condition.unknown),
        )
    if inserted:
        add(
            POSTED,
            _pieces(16, [one.id for one in payloads]),
            [one.body for one in payloads],
            payloads[0].epoch,
            _pieces(61, [one.wrapped for one in payloads]),
            _pieces(32, [one.room for one in inserted]),
            _pieces(16, [one.id for one in inserted]),
            _pieces(16, [one.author for one in inserted]),
            _pieces(32, [one.viewing_hash for one in inserted]),
            _pieces(32, [one.digest for one in inserted]),
            _list([one.sequence for one in inserted]),
            _list([one.size for one in inserted]),
            _list([one.audience is not None for one in inserted]),
            _list([one.expires_at for one in inserted]),
            inserted[0].posted_at,
        )
    if changed:
        leases = (
            _pieces(32, [one.room for one in changed]),
            _pieces(16, [one.id for one in changed]),
            _pieces(16, [one.lease_holder or _NO_MEMBER for one in changed]),
            _list([one.lease_until for one in changed]),
            _list([one.lease_ends for one in changed]),
            _list([one.leases for one in changed]),
        )
        if marked:
            add(
                CHANGED,
                *leases,
                _pieces(32, [one.viewing or _NO_VIEWING for one in changed]),
                _pieces(16, [one.reader or _NO_MEMBER for one in changed]),
                _list([one.viewing is not None for one in changed]),
                _list([one.returns for one in changed]),
                [_written(one.returners) for one in changed],
            )
        else:
            add(LEASED, *leases)
    if new_tombstones:
        add(
            BURIED,
            _pieces(32, [one.tombstone for one in new_tombstones]),
            _pieces(32, [one.room for one in new_tombstones]),
            _pieces(16, [one.author for one in new_tombstones]),
            _pieces(32, [one.viewing or _NO_VIEWING for one in new_tombstones]),
            _pieces(16, [one.reader or _NO_MEMBER for one in new_tombstones]),
            _list([one.viewing is not None for one in new_tombstones]),
            _list([one.fate for one in new_tombstones]),
            _list([one.opened for one in new_tombstones]),
            new_tombstones[0].ended_at,
            new_tombstones[0].until,
        )
    if destroyed:
        add(
            DESTROYED,
            _pieces(32, [one.room for one in destroyed]),
            _pieces(16, [one.id for one in destroyed]),
            _pieces(16, [one.payload for one in destroyed]),
            len(destroyed),
        )
    if used:
        add(
            USED,
            _pieces(32, [one.room for one in used]),
            _list([one.sequence for one in used]),
            _list([one.expires_at for one in used]),
            _list([one.lease_due for one in used]),
            _list(versions),
        )
    row = await connection.fetchrow(composed(tuple(parts)), *values)
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


def _written(returners: Sequence[tuple[bytes, int]]) -> bytes | None:
    """Members and times as `room_rows` reads them: 16 and 8 bytes each; None for nobody."""
    return b"".join(member + at.to_bytes(8) for member, at in returners) or None


def _list(values: Sequence[int | None]) -> str:
    """Numbers, truths and nulls as the database writes an array; cheaper than an array, too."""
    # As JSON writes them, but for the brackets.
    return f"{{{_encode(values)[1:-1].decode()}}}"
