"""Rows of seats and of the workers that hold their sockets.

A seat is taken and given up under the lock of its room. Only its clock and its socket
(`touch`, `connect`, `disconnect`) change without it, each by one statement alone in its
transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.protocol.limits import CLOSED_TAB_SECONDS
from ephemeral.rooms.rules.room import Seat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

#: Requests within this many milliseconds of the last one don't write the seat again.
TOUCH_STEP = 5_000


#: How long the seat of a closed tab is held, in ms, where others are for a longer grace.
CLOSED_TAB_MS = CLOSED_TAB_SECONDS * 1000


class SeatRow(NamedTuple):
    """A seat. `held_until`: its grace after its last request; None while a socket holds it."""

    room: bytes
    member: bytes
    token_hash: bytes
    profile: bytes | None
    resume_key: bytes | None
    joined_at: int
    seen_at: int
    generation: int
    present: bool
    held_until: int | None

    def is_free(self, now: int) -> bool:
        """Whether somebody else may take it."""
        return self.held_until is not None and self.held_until <= now


async def seats_of_room(connection: Connection, room: bytes, grace: int) -> list[SeatRow]:
    """All seats of a room, the longest absent first among those not held."""
    rows = await connection.fetch(
        """
        SELECT s.room, s.member, s.token_hash, s.profile, s.resume_key, s.joined_at, s.seen_at,
               s.generation, w.id IS NOT NULL,
               CASE WHEN w.id IS NULL
                    THEN s.seen_at + CASE WHEN s.closed_tab THEN $3::bigint ELSE $2 END END
        FROM seats s LEFT JOIN workers w ON w.id = s.worker AND w.alive_until > clock_ms()
        WHERE s.room = $1 ORDER BY s.seen_at, s.member
        """,
        room,
        grace,
        min(grace, CLOSED_TAB_MS),
    )
    return [SeatRow(*row) for row in rows]


async def present(
    connection: Connection, rooms: Sequence[bytes], grace: int
) -> dict[bytes, dict[bytes, int]]:
    """Members that hold a seat, with when they took it, by room; every room asked for is in it."""
    rows = await connection.fetch(
        """
        SELECT s.room, s.member, s.joined_at
        FROM seats s LEFT JOIN workers w ON w.id = s.worker AND w.alive_until > clock_ms()
        WHERE s.room = ANY($1::bytea[])
          AND (w.id IS NOT NULL
               OR s.seen_at + CASE WHEN s.closed_tab THEN $3::bigint ELSE $2 END > clock_ms())
        """,
        rooms,
        grace,
        min(grace, CLOSED_TAB_MS),
    )
    found: dict[bytes, dict[bytes, int]] = {room: {} for room in rooms}
    for room, member, joined_at in rows:
        found[room][member] = joined_at
    return found


async def existing(connection: Connection, seats: Iterable[Seat]) -> list[Seat]:
    """Those of `seats` that exist with this token."""
    distinct = list(set(seats))
    rows = await connection.fetch(
        """
        SELECT s.room, s.member, s.token_hash
        FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS q (room, member, token_hash)
        JOIN seats s ON s.room = q.room AND s.member = q.member AND s.token_hash = q.token_hash
        """,
        [seat.room for seat in distinct],
        [seat.member for seat in distinct],
        [seat.token_hash for seat in distinct],
    )
    return [Seat(*row) for row in rows]


async def find(connection: Connection, room: bytes, token_hash: bytes) -> tuple[Seat, bool] | None:
    """The seat of a token in a living room, and whether its clock should be touched."""
    row = await connection.fetchrow(
        """
        SELECT s.room, s.member, s.token_hash, s.closed_tab OR s.seen_at + $3 < clock_ms()
        FROM rooms r JOIN seats s ON s.room = r.room
        WHERE r.room = $1 AND r.expires_at > clock_ms() AND s.token_hash = $2
        """,
        room,
        token_hash,
        TOUCH_STEP,
    )
    return (Seat(row[0], row[1], row[2]), row[3]) if row is not None else None


async def lives(connection: Connection, room: bytes) -> bool:
    """Whether a room stands and has not expired."""
    found = await connection.fetchval(
        "SELECT true FROM rooms WHERE room = $1 AND expires_at > clock_ms()", room
    )
    return found is not None


async def touch(connection: Connection, seat: Seat) -> None:
    """The member has made a request."""
    await connection.execute(
        """
        UPDATE seats SET seen_at = clock_ms(), closed_tab = false
        WHERE room = $1 AND member = $2 AND token_hash = $3
        """,
        seat.room,
        seat.member,
        seat.token_hash,
    )


async def insert_seat(
    connection: Connection,
    seat: Seat,
    now: int,
    profile: bytes | None,
    resume_hash: bytes | None,
    resume_key: bytes | None,
) -> bool:
    """Take a seat; False if another has that resume token.

    `profile` and `resume_key` name payloads that stand already.
    """
    taken = await connection.fetchval(
        """
        INSERT INTO seats (room, member, token_hash, profile, resume_hash, resume_key,
                           joined_at, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        ON CONFLICT (resume_hash) DO NOTHING RETURNING true
        """,
        seat.room, seat.member, seat.token_hash, profile, resume_hash, resume_key, now,
    )  # fmt: skip
    return taken is not None


async def delete_seat(connection: Connection, room: bytes, member: bytes) -> list[bytes]:
    """Give a seat up; returns its payloads, which are to be removed next."""
    row = await connection.fetchrow(
        "DELETE FROM seats WHERE room = $1 AND member = $2 RETURNING profile, resume_key",
        room,
        member,
    )
    return [payload for payload in row or () if payload is not None]


async def connect(
    connection: Connection,
    room: bytes,
    token_hash: bytes,
    worker: bytes,
    socket: bytes,
    generation: int,
) -> tuple[Seat, int] | None:
    """A socket holds the seat of this token from now on; None if there is none to be had.

    It is not had by a socket of a lower generation than the seat has seen: a hello may arrive after
    that of the next connection. Also tells when the seat was taken: each time later than before.

    A worker that others took for dead is known again; it lives from its next heartbeat on.
    """
    row = await connection.fetchrow(
        """
        WITH known AS (
            INSERT INTO workers (id, alive_until) VALUES ($3, 0) ON CONFLICT (id) DO NOTHING)
        UPDATE seats s SET worker = $3, connection = $4, generation = $5, closed_tab = false,
                           seen_at = greatest(clock_ms(), s.seen_at + 1)
        FROM rooms r WHERE r.room = s.room AND r.expires_at > clock_ms()
          AND s.room = $1 AND s.token_hash = $2 AND s.generation <= $5
        RETURNING s.room, s.member, s.token_hash, s.seen_at
        """,
        room, token_hash, worker, socket, generation,
    )  # fmt: skip
    return (Seat(*row[:3]), row[3]) if row is not None else None


async def disconnect(connection: Connection, seat: Seat, socket: bytes, closed_tab: bool) -> bool:
    """The socket ended, perhaps with its tab; False if it did not hold the seat any more."""
    gone = await connection.fetchval(
        """
        UPDATE seats SET worker = NULL, connection = NULL, seen_at = clock_ms(), closed_tab = $5
        WHERE room = $1 AND member = $2 AND token_hash = $3 AND connection = $4 RETURNING true
        """,
        seat.room,
        seat.member,
        seat.token_hash,
        socket,
        closed_tab,
    )
    return gone is not None


async def connections(
    connection: Connection, members: Sequence[tuple[bytes, bytes]]
) -> dict[tuple[bytes, bytes], bytes]:
    """The sockets that hold the seats of members (room, member), where one does."""
    rows = await connection.fetch(
        """
        SELECT room, member, connection FROM seats
        JOIN unnest($1::bytea[], $2::bytea[]) AS q (room, member) USING (room, member)
        WHERE connection IS NOT NULL
        """,
        [room for room, _ in members],
        [member for _, member in members],
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def held(
    connection: Connection, worker: bytes, youngest: int, oldest: int
) -> list[tuple[Seat, bytes]]:
    """Seats that a worker's sockets have held for a time between two, in ms, and the sockets."""
    rows = await connection.fetch(
        """
        SELECT room, member, token_hash, connection FROM seats
        WHERE worker = $1 AND seen_at BETWEEN clock_ms() - $3 AND clock_ms() - $2
        """,
        worker,
        youngest,
        oldest,
    )
    return [(Seat(row[0], row[1], row[2]), row[3]) for row in rows]


async def reclaim(
    connection: Connection, worker: bytes, held: Sequence[tuple[bytes, bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Hold seats again after this worker was taken for dead: room, member, socket.

    Returns room and member of those that had been released.
    """
    rows = await connection.fetch(
        """
        UPDATE seats SET worker = $1, connection = q.socket
        FROM unnest($2::bytea[], $3::bytea[], $4::bytea[]) AS q (room, member, socket)
        WHERE seats.room = q.room AND seats.member = q.member AND seats.worker IS NULL
        RETURNING seats.room, seats.member
        """,
        worker,
        [room for room, _, _ in held],
        [member for _, member, _ in held],
        [socket for _, _, socket in held],
    )
    return [(row[0], row[1]) for row in rows]


async def resume_payload(
    connection: Connection, resume_hash: bytes, lasts: int
) -> tuple[Seat, bytes, int] | None:
    """The server's half of a resume secret, by the keyed hash of its token, and the generation.

    None also where it is over, `lasts` milliseconds after the member's last sign of life, and only
    waits to be swept.
    """
    row = await connection.fetchrow(
        """
        SELECT s.room, s.member, s.token_hash, s.resume_key, s.generation
        FROM seats s JOIN rooms r ON r.room = s.room
        WHERE s.resume_hash = $1 AND r.expires_at > clock_ms()
          AND (s.worker IS NOT NULL OR s.seen_at + $2 > clock_ms())
        """,
        resume_hash,
        lasts,
    )
    return (Seat(row[0], row[1], row[2]), row[3], row[4]) if row is not None else None


async def forgettable_resumes(
    connection: Connection, before: int, limit: int
) -> list[tuple[bytes, bytes]]:
    """Room and member of seats without a socket whose member was last seen before `before`."""
    rows = await connection.fetch(
        """
        SELECT room, member FROM seats
        WHERE resume_key IS NOT NULL AND worker IS NULL AND seen_at <= $1 LIMIT $2
        """,
        before,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def forget_resume(
    connection: Connection, room: bytes, member: bytes, before: int
) -> bytes | None:
    """Unlink the resume secret, unless the member came back; returns its payload."""
    payload: bytes | None = await connection.fetchval(
        """
        WITH old AS (
            SELECT room, member, resume_key FROM seats
            WHERE room = $1 AND member = $2 AND resume_key IS NOT NULL AND worker IS NULL
              AND seen_at <= $3 FOR UPDATE)
        UPDATE seats SET resume_hash = NULL, resume_key = NULL
        FROM old WHERE seats.room = old.room AND seats.member = old.member
        RETURNING old.resume_key
        """,
        room,
        member,
        before,
    )
    return payload


async def beat(connection: Connection, worker: bytes, ms: int) -> bool:
    """The worker is alive for another `ms`; True if it was not known to be (any longer)."""
    fresh: bool = await connection.fetchval(
        """
        WITH before AS (SELECT 1 FROM workers WHERE id = $1 AND alive_until > clock_ms())
        INSERT INTO workers (id, alive_until) VALUES ($1, clock_ms() + $2)
        ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
        RETURNING NOT EXISTS (SELECT FROM before)
        """,
        worker,
        ms,
    )
    return fresh


async def last_beat(connection: Connection, worker: bytes, ms: int) -> None:
    """The worker lives for another `ms`, and no longer."""
    await connection.execute(
        "UPDATE workers SET alive_until = least(alive_until, clock_ms() + $2) WHERE id = $1",
        worker,
        ms,
    )


async def dead_workers(connection: Connection) -> list[bytes]:
    """Workers whose heartbeat stopped."""
    rows = await connection.fetch("SELECT id FROM workers WHERE alive_until <= clock_ms()")
    return [row[0] for row in rows]


async def lock_dead_worker(connection: Connection, worker: bytes) -> int | None:
    """When a dead worker was last known to live; None if it lives, or is forgotten already."""
    alive_until: int | None = await connection.fetchval(
        "SELECT alive_until FROM workers WHERE id = $1 AND alive_until <= clock_ms() FOR UPDATE",
        worker,
    )
    return alive_until


async def release_seats(connection: Connection, worker: bytes, seen_at: int) -> list[Seat]:
    """The sockets of a worker are gone since `seen_at`."""
    rows = await connection.fetch(
        """
        UPDATE seats SET worker = NULL, connection = NULL, seen_at = greatest(seen_at, $2)
        WHERE worker = $1 RETURNING room, member, token_hash
        """,
        worker,
        seen_at,
    )
    return [Seat(*row) for row in rows]


async def delete_worker(connection: Connection, worker: bytes) -> None:
    """Forget a worker that holds no sockets."""
    await connection.execute("DELETE FROM workers WHERE id = $1", worker)
