"""SQL for the mark in the database, for what depends on its clock, and for ending everything."""

from typing import TYPE_CHECKING, NamedTuple

import asyncpg

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


#: The tables of whatever ends with a database that was set back: all but what the deployment is.
ENDING = (
    "rooms", "seats", "messages", "audience", "attachments", "tombstones", "workers", "payloads",
    "payload_keys", "epochs",
)  # fmt: skip


class MarkRow(NamedTuple):
    """The database's mark, when it was raised (None: never), and its clock now; times in ms."""

    number: int
    at: int | None
    now: int
    index_fingerprint: bytes


async def read(connection: "Connection") -> MarkRow | None:
    """The mark; None in a database that has never been served, or is just being restored."""
    try:
        row = await connection.fetchrow(
            "SELECT mark, marked_at, clock_ms(), index_fingerprint FROM keyring"
        )
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return None
    return None if row is None else MarkRow(*row)


async def raise_mark(connection: "Connection", number: int, at: int) -> bool:
    """Raise the mark above `number`, if it is that still; `at` is the clock that was trusted."""
    value = await connection.fetchval(
        "UPDATE keyring SET mark = mark + 1, marked_at = $2 WHERE mark = $1 RETURNING true",
        number,
        at,
    )
    return value is not None


async def set_mark(connection: "Connection", number: int) -> int:
    """Let the mark be this number, now; gives the clock."""
    at: int = await connection.fetchval(
        "UPDATE keyring SET mark = $1, marked_at = clock_ms() RETURNING marked_at", number
    )
    return at


async def count_due(connection: "Connection", after: int, until: int) -> tuple[int, int, int]:
    """How many messages, rooms and files have their end after one time, and not after another."""
    row = await connection.fetchrow(
        """
        SELECT (SELECT count(*) FROM messages WHERE expires_at > $1 AND expires_at <= $2),
               (SELECT count(*) FROM rooms WHERE expires_at > $1 AND expires_at <= $2),
               (SELECT count(*) FROM accounts.files
                WHERE expires_at > $1 AND expires_at <= $2 AND state <> 3)
        """,
        after,
        until,
    )
    assert row is not None
    return row[0], row[1], row[2]


async def count_all(connection: "Connection") -> tuple[int, int]:
    """How many messages and rooms there are."""
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM rooms)"
    )
    assert row is not None
    return row[0], row[1]


async def end_everything(connection: "Connection") -> None:
    """End every room with all that is in it, and forget every epoch."""
    await connection.execute(
        """
        INSERT INTO purges (prefix, kind) SELECT prefix, 'a' FROM attachments
        ON CONFLICT (prefix) DO NOTHING
        """
    )
    await connection.execute(f"TRUNCATE {', '.join(ENDING)}")


async def skip_epochs(connection: "Connection", last: int) -> None:
    """Give out no id of an epoch up to this one any more."""
    await connection.execute(
        "SELECT setval(pg_get_serial_sequence('epochs', 'id'), $1) WHERE $1 > 0", last
    )
