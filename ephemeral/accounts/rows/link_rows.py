"""Rows of links: new devices that wait for an old one, and words that were tried in vain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "LinkRow",
    "Tries",
    "answer",
    "count",
    "forget_all",
    "forget_expired",
    "forget_tries",
    "insert",
    "link",
    "of_device",
    "remove",
    "tried",
    "tries",
]


class LinkRow(NamedTuple):
    """A new device that waits. `request` and `answer` are payloads."""

    locator: bytes
    account: bytes
    sid: bytes
    request: bytes
    digest: bytes
    answer: bytes | None
    device: bytes | None
    expires_at: int


class Tries(NamedTuple):
    """How often words were tried in vain, and until when that counts."""

    tries: int
    until: int


_COLUMNS = "locator, account, sid, request, digest, answer, device, expires_at"


async def link(connection: Connection, locator: bytes) -> LinkRow | None:
    """Who waits at a locator; perhaps longer than allowed."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.links WHERE locator = $1",  # noqa: S608
        locator,
    )
    return None if row is None else LinkRow(*row)


async def count(connection: Connection, account: bytes) -> int:
    """How many wait for this account, unanswered."""
    found: int = await connection.fetchval(
        """
        SELECT count(*) FROM accounts.links
        WHERE account = $1 AND answer IS NULL AND expires_at > clock_ms()
        """,
        account,
    )
    return found


async def insert(connection: Connection, row: LinkRow) -> bool:
    """Let somebody wait; False if somebody waits there."""
    made = await connection.fetchval(
        f"""
        INSERT INTO accounts.links ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (locator) DO NOTHING RETURNING true
        """,  # noqa: S608
        *row,
    )
    return made is not None


async def answer(connection: Connection, locator: bytes, payload: bytes, device: bytes) -> None:
    """Answer who waits there, with the device that it has become."""
    await connection.execute(
        "UPDATE accounts.links SET answer = $2, device = $3 WHERE locator = $1",
        locator,
        payload,
        device,
    )


async def remove(connection: Connection, locator: bytes) -> list[bytes]:
    """Nobody waits there any more; gives the payloads, which are destroyed next."""
    return _payloads(
        await connection.fetch(
            "DELETE FROM accounts.links WHERE locator = $1 RETURNING request, answer", locator
        )
    )


async def of_device(connection: Connection, account: bytes, device: bytes) -> list[bytes]:
    """A device that was added waits no more; gives the payloads."""
    return _payloads(
        await connection.fetch(
            """
            DELETE FROM accounts.links WHERE account = $1 AND device = $2
            RETURNING request, answer
            """,
            account,
            device,
        )
    )


async def forget_all(connection: Connection, account: bytes) -> list[bytes]:
    """Nobody waits for this account any more; gives the payloads."""
    return _payloads(
        await connection.fetch(
            "DELETE FROM accounts.links WHERE account = $1 RETURNING request, answer", account
        )
    )


async def forget_expired(connection: Connection, now: int, most: int) -> list[bytes]:
    """Who has waited ten minutes waits no more; gives the payloads.

    `now` comes from outside: by a clock that is asked for each row no index can be used.
    """
    return _payloads(
        await connection.fetch(
            """
            DELETE FROM accounts.links WHERE locator IN (
                SELECT locator FROM accounts.links WHERE expires_at <= $1
                ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
            ) RETURNING request, answer
            """,
            now,
            most,
        )
    )


async def tries(connection: Connection, account: bytes) -> Tries | None:
    """How often words were tried in vain, as long as that counts."""
    row = await connection.fetchrow(
        "SELECT tries, until FROM accounts.link_tries WHERE account = $1 AND until > clock_ms()",
        account,
    )
    return None if row is None else Tries(*row)


async def tried(connection: Connection, account: bytes, counts_for: int) -> None:
    """Count words that were tried in vain; a count ends so long after its beginning."""
    await connection.execute(
        """
        INSERT INTO accounts.link_tries AS old (account, tries, until)
        VALUES ($1, 1, clock_ms() + $2)
        ON CONFLICT (account) DO UPDATE SET
            tries = CASE WHEN old.until > clock_ms() THEN old.tries + 1 ELSE 1 END,
            until = CASE WHEN old.until > clock_ms() THEN old.until ELSE excluded.until END
        """,
        account,
        counts_for,
    )


async def forget_tries(connection: Connection, now: int) -> None:
    """Remove counts that count no more."""
    await connection.execute("DELETE FROM accounts.link_tries WHERE until <= $1", now)


def _payloads(rows: Iterable[Iterable[bytes | None]]) -> list[bytes]:
    return [one for row in rows for one in row if one is not None]
