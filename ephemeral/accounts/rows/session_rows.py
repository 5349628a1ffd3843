"""Rows of sessions, and of those that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rules.sessions import SessionView

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


class SessionRow(NamedTuple):
    """A session. `secret` is the payload of its family secret; `since`: when `counter` was set."""

    sid: bytes
    account: bytes
    device: bytes | None
    secret: bytes
    counter: int
    since: int


async def insert(
    connection: Connection, sid: bytes, account: bytes, device: bytes | None, secret: bytes
) -> None:
    """Somebody has signed in."""
    await connection.execute(
        """
        INSERT INTO accounts.sessions
               (sid, account, device, secret, advanced_at, created_day, seen_day)
        SELECT $1, $2, $3, $4, now, now / 86400000, now / 86400000 FROM clock_ms() AS now
        """,
        sid,
        account,
        device,
        secret,
    )


async def read(connection: Connection, sid: bytes) -> SessionRow | None:
    """A session that has not ended."""
    row = await connection.fetchrow(
        "SELECT sid, account, device, secret, counter, advanced_at FROM accounts.sessions"
        " WHERE sid = $1",
        sid,
    )
    return None if row is None else SessionRow(*row)


async def prover(connection: Connection, sid: bytes) -> tuple[tuple[bytes, bytes] | None, int]:
    """Device and key by which a session proves its requests, None if it can't, or has ended; and
    the time."""
    row = await connection.fetchrow(
        """
        SELECT found.device, found.key, now FROM clock_ms() AS now
        LEFT JOIN (
          SELECT s.device, d.key FROM accounts.sessions s
          JOIN accounts.devices d ON d.account = s.account AND d.device = s.device
          WHERE s.sid = $1
        ) AS found ON true
        """,
        sid,
    )
    assert row is not None
    return None if row[0] is None else (row[0], row[1]), row[2]


async def advance(connection: Connection, sid: bytes) -> None:
    """The next refresh token is the present one."""
    await connection.execute(
        """
        UPDATE accounts.sessions
        SET counter = counter + 1, advanced_at = now, seen_day = now / 86400000
        FROM clock_ms() AS now WHERE sid = $1
        """,
        sid,
    )


async def bind(connection: Connection, sid: bytes, device: bytes) -> bool:
    """A session becomes a device's; False if it has ended, or is one's already."""
    done = await connection.fetchval(
        "UPDATE accounts.sessions SET device = $2 WHERE sid = $1 AND device IS NULL RETURNING true",
        sid,
        device,
    )
    return done is not None


async def of_account(connection: Connection, account: bytes) -> list[SessionView]:
    """All sessions of an account, those that were used last first."""
    rows = await connection.fetch(
        """
        SELECT sid, device, created_day, seen_day FROM accounts.sessions WHERE account = $1
        ORDER BY advanced_at DESC, sid
        """,
        account,
    )
    return [SessionView(*row) for row in rows]


async def end(connection: Connection, sids: Sequence[bytes]) -> list[bytes]:
    """End these; gives what they have sealed, their secrets and where they are pushed to, which is
    to be destroyed."""
    rows = await connection.fetch(
        """
        WITH ended AS (
            DELETE FROM accounts.sessions WHERE sid = ANY($1::bytea[]) RETURNING sid, secret
        ), noted AS (
            INSERT INTO accounts.ended_sessions (sid, ended_at) SELECT sid, clock_ms() FROM ended
            ON CONFLICT (sid) DO NOTHING
        ), unsubscribed AS (
            DELETE FROM accounts.push_subscriptions WHERE sid = ANY($1::bytea[]) RETURNING payload
        )
        SELECT secret FROM ended UNION ALL SELECT payload FROM unsubscribed
        """,
        sids,
    )
    return [row[0] for row in rows]


async def stale(connection: Connection, before: int, plain_before: int, most: int) -> list[bytes]:
    """Sessions that were last refreshed before a day, and before another if they have no device.

    At most so many of both. Each is an index of its own: most devices are seen less often than a
    session without one may be.
    """
    rows = await connection.fetch(
        """
        (SELECT sid FROM accounts.sessions WHERE seen_day < $1 ORDER BY seen_day LIMIT $3)
        UNION
        (SELECT sid FROM accounts.sessions WHERE device IS NULL AND seen_day < $2
         ORDER BY seen_day LIMIT $3)
        LIMIT $3
        """,
        before,
        plain_before,
        most,
    )
    return [row[0] for row in rows]


async def without_secret(connection: Connection) -> list[bytes]:
    """Sessions whose family secret is gone, as after a restored backup."""
    rows = await connection.fetch(
        "SELECT sid FROM accounts.sessions s"
        " WHERE NOT EXISTS (SELECT FROM payloads p WHERE p.id = s.secret)"
    )
    return [row[0] for row in rows]


async def ended(connection: Connection) -> list[tuple[bytes, int]]:
    """Sessions that have ended while an access token of theirs may still be shown, and when."""
    rows = await connection.fetch("SELECT sid, ended_at FROM accounts.ended_sessions")
    return [(row[0], row[1]) for row in rows]


async def has_ended(connection: Connection, sid: bytes) -> bool:
    """Whether a session has ended, or never was."""
    found = await connection.fetchval("SELECT true FROM accounts.sessions WHERE sid = $1", sid)
    return found is None


async def forget_ended(connection: Connection, before: int) -> None:
    """Forget those that have ended before."""
    await connection.execute("DELETE FROM accounts.ended_sessions WHERE ended_at < $1", before)
