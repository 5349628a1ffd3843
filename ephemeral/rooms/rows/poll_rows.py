"""Seats that requests hold which wait for news, in place of a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.rooms.rules.room import Seat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["POLL", "hold"]

#: What the name of such a connection begins with; that of a socket is random.
POLL = bytes(8)


async def hold(connection: Connection, seat: Seat, worker: bytes, name: bytes) -> bool | None:
    """Requests that wait hold the seat from now on, by this `name`; whether somebody did before.

    None if a living socket holds it, which goes on, or if it is given up.
    """
    present: bool | None = await connection.fetchval(
        """
        WITH known AS (
            INSERT INTO workers (id, alive_until) VALUES ($4, 0) ON CONFLICT (id) DO NOTHING),
        before AS (
            SELECT s.room, s.member, s.connection, EXISTS (
                       SELECT FROM workers w WHERE w.id = s.worker AND w.alive_until > clock_ms()
                   ) AS present
            FROM seats s WHERE s.room = $1 AND s.member = $2 AND s.token_hash = $3 FOR UPDATE)
        UPDATE seats s SET worker = $4, connection = $5, closed_tab = false,
                           seen_at = greatest(clock_ms(), s.seen_at)
        FROM before b WHERE s.room = b.room AND s.member = b.member
          AND (NOT b.present OR substr(b.connection, 1, octet_length($6::bytea)) = $6)
        RETURNING b.present
        """,
        seat.room, seat.member, seat.token_hash, worker, name, POLL,
    )  # fmt: skip
    return present
