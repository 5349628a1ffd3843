"""Rows of conversations: found, advanced by records, listed, and destroyed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.conversations.rules.summary import Summary

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "SPEND",
    "Advance",
    "Counts",
    "count",
    "delete",
    "free_boxes",
    "insert",
    "listed",
    "lock_some",
    "note_repair",
    "repairs",
    "spend_boxes",
    "stored_bytes",
    "summary",
    "there",
    "waits_of",
]


class Advance(NamedTuple):
    """What a record makes of its conversation."""

    conversation: bytes
    epoch: int
    record: bytes
    s: int
    log: bytes
    seen: int
    timer: int
    people: int
    at: int


class Counts(NamedTuple):
    """What there is in all conversations together: these, messages that wait, and their bytes."""

    conversations: int
    messages: int
    size: int


_SUMMARY = """
    c.conversation, c.epoch, c.record, c.record_s, c.s, c.log,
    greatest(c.kept, p.first_seen + 1), c.began_at, c.messages,
    c.due, p.admin, p.since, d.cursor, d.first_s
    FROM accounts.conversation_people p
    JOIN accounts.conversations c ON c.conversation = p.conversation
    LEFT JOIN accounts.conversation_devices d
      ON d.conversation = p.conversation AND d.device = $2 AND d.account = p.account
"""


# The sum of what each row of a table costs, by a thousand of its pages.
_PAGES = "(SELECT pg_relation_size('{table}') / current_setting('block_size')::float8)"
_SAMPLED = (
    "SELECT greatest(1, {pages} / 1000) * (SELECT coalesce(sum({cost})::float8, 0) FROM {table}"
    " TABLESAMPLE SYSTEM (100 * least(1, 1000 / greatest(1, {pages}))))"
).replace("{pages}", _PAGES)


async def insert(connection: Connection, new: Advance) -> bool:
    """A conversation with its first record; False if there is one of that name."""
    made = await connection.fetchval(
        """
        INSERT INTO accounts.conversations
          (conversation, epoch, record, record_s, log, record_seen, timer, people, began_at, s,
           tail, kept, trimmed_day)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $4, $4, 1, ($9::bigint / 86400000)::integer)
        ON CONFLICT (conversation) DO NOTHING RETURNING true
        """,
        *new,
    )
    return made is not None


async def summary(
    connection: Connection, conversation: bytes, account: bytes, device: bytes
) -> Summary | None:
    """A conversation that an account is in."""
    row = await connection.fetchrow(
        f"SELECT {_SUMMARY} WHERE p.account = $1 AND p.conversation = $3",
        account,
        device,
        conversation,
    )
    return None if row is None else Summary(*row)


async def listed(
    connection: Connection, account: bytes, device: bytes, after: bytes, most: int
) -> list[Summary]:
    """The conversations that an account is in, in the order of their names, after one."""
    rows = await connection.fetch(
        f"""
        SELECT {_SUMMARY} WHERE p.account = $1 AND p.conversation > $3
        ORDER BY p.conversation LIMIT $4
        """,
        account,
        device,
        after,
        most,
    )
    return [Summary(*row) for row in rows]


async def waits_of(connection: Connection, account: bytes, device: bytes) -> dict[bytes, int]:
    """The conversations that list a device, with the last place of each."""
    rows = await connection.fetch(
        """
        SELECT c.conversation, c.s FROM accounts.conversation_devices d
        JOIN accounts.conversations c ON c.conversation = d.conversation
        WHERE d.account = $1 AND d.device = $2
        """,
        account,
        device,
    )
    return {row[0]: row[1] for row in rows}


async def lock_some(connection: Connection, conversations: Sequence[bytes]) -> list[bytes]:
    """Those of these conversations that are there and nobody holds at this moment, locked."""
    rows = await connection.fetch(
        """
        SELECT conversation FROM accounts.conversations WHERE conversation = ANY($1::bytea[])
        ORDER BY conversation FOR UPDATE SKIP LOCKED
        """,
        list(conversations),
    )
    return [row[0] for row in rows]


async def there(connection: Connection, conversations: Sequence[bytes]) -> list[bytes]:
    """Those of these conversations that are there."""
    rows = await connection.fetch(
        "SELECT conversation FROM accounts.conversations WHERE conversation = ANY($1::bytea[])",
        list(conversations),
    )
    return [row[0] for row in rows]


async def delete(connection: Connection, conversation: bytes) -> None:
    """Destroy a conversation, which is locked, with all its rows; payloads go beside."""
    await connection.execute(
        """
        WITH places AS (DELETE FROM accounts.log_places WHERE conversation = $1),
        entries AS (DELETE FROM accounts.entries WHERE conversation = $1),
        segments AS (DELETE FROM accounts.segments WHERE conversation = $1),
        records AS (DELETE FROM accounts.records WHERE conversation = $1),
        boxes AS (DELETE FROM accounts.boxes WHERE conversation = $1)
        DELETE FROM accounts.conversations WHERE conversation = $1
        """,
        conversation,
    )


async def repairs(
    connection: Connection, conversation: bytes, account: bytes, device: bytes, today: int
) -> tuple[int, int | None]:
    """How many epochs a person has begun here today without a reason, and when this device last did
    so."""
    row = await connection.fetchrow(
        """
        SELECT CASE WHEN p.repairs_day = $4 THEN p.repairs ELSE 0 END, d.repaired_at
        FROM accounts.conversation_people p
        LEFT JOIN accounts.conversation_devices d
          ON d.conversation = p.conversation AND d.device = $3
        WHERE p.conversation = $1 AND p.account = $2
        """,
        conversation,
        account,
        device,
        today,
    )
    return (0, None) if row is None else (row[0], row[1])


async def note_repair(
    connection: Connection, conversation: bytes, account: bytes, device: bytes, today: int, now: int
) -> None:
    """One more."""
    await connection.execute(
        """
        WITH own AS (
          UPDATE accounts.conversation_devices SET repaired_at = $5
          WHERE conversation = $1 AND device = $3
        )
        UPDATE accounts.conversation_people
        SET repairs = CASE WHEN repairs_day = $4 THEN repairs + 1 ELSE 1 END, repairs_day = $4
        WHERE conversation = $1 AND account = $2
        """,
        conversation,
        account,
        device,
        today,
        now,
    )


#: Counts bytes ($2) to an account's ($1) day ($3), at this moment ($4).
SPEND = """
    INSERT INTO accounts.box_budgets AS b (account, day, bytes)
    VALUES ($1, $3::integer, $2::bigint)
    ON CONFLICT (account) DO UPDATE
    SET bytes = CASE WHEN b.day = $3 THEN b.bytes ELSE 0 END + $2, day = $3,
        free_until = CASE WHEN b.free_until > $4::bigint THEN b.free_until END
    RETURNING bytes, coalesce(free_until > $4, false) AS free
"""


async def spend_boxes(
    connection: Connection, account: bytes, size: int, today: int, now: int
) -> tuple[int, bool]:
    """Count bytes of a record and its boxes to an account's day; gives how many it has posted, and
    whether it may post more than others."""
    row = await connection.fetchrow(
        SPEND,
        account,
        size,
        today,
        now,
    )
    assert row is not None
    return row[0], row[1]


async def free_boxes(connection: Connection, account: bytes, until: int, today: int) -> None:
    """An account may post more boxes than others until then."""
    await connection.execute(
        """
        INSERT INTO accounts.box_budgets (account, day, bytes, free_until) VALUES ($1, $3, 0, $2)
        ON CONFLICT (account) DO UPDATE SET free_until = excluded.free_until
        """,
        account,
        until,
        today,
    )


async def stored_bytes(
    connection: Connection, conversation: int, person: int, place: int, record: int, box: int
) -> int:
    """What all conversations cost: bytes of messages that wait and of records, and so much for each
    row of these kinds with what belongs to it.

    Of many thousands an estimate, by a thousand pages of a table that are chosen at random.
    """
    costs = {
        "accounts.conversations": (
            "waiting_bytes + $1::bigint + $2::bigint * people + $3::bigint * (s - kept + 1)"
        ),
        "accounts.records": "size + $4::bigint",
        "accounts.boxes": "$5::bigint",
    }
    sums = " UNION ALL ".join(
        _SAMPLED.format(table=table, cost=cost) for table, cost in costs.items()
    )
    total: int = await connection.fetchval(
        f"SELECT sum(cost)::bigint FROM ({sums}) AS sums (cost)",  # noqa: S608
        conversation,
        person,
        place,
        record,
        box,
    )
    return total


async def count(connection: Connection) -> Counts:
    """How many conversations there are, and what waits in them."""
    row = await connection.fetchrow(
        """
        SELECT count(*), coalesce(sum(waiting), 0)::bigint, coalesce(sum(waiting_bytes), 0)::bigint
        FROM accounts.conversations
        """
    )
    assert row is not None
    return Counts(*row)
