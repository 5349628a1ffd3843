"""What is to be deleted where objects lie: rows that outlive what the objects belonged to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "Kind",
    "Purge",
    "done",
    "due",
    "failed",
    "finish",
    "insert_purge",
    "insert_purges",
    "purged",
    "waiting",
]

#: a: attachments of rooms, f: files of accounts.
Kind = Literal["a", "f"]


class Purge(NamedTuple):
    """What is deleted now. `due_at`: until then nobody else does it."""

    prefix: bytes
    kind: Kind
    put_until: int | None
    made_at: int
    round: int
    tries: int
    due_at: int


async def insert_purge(
    connection: Connection, kind: Kind, prefix: bytes, put_until: int | None = None
) -> None:
    """Have all objects under a prefix deleted once this transaction is committed.

    `put_until`: until when, by the database's clock, an address may be in use by which one more is
    stored.
    """
    await insert_purges(connection, kind, [prefix], put_until)


async def insert_purges(
    connection: Connection, kind: Kind, prefixes: Sequence[bytes], put_until: int | None = None
) -> None:
    """The same for many."""
    await connection.execute(
        """
        INSERT INTO purges (prefix, kind, put_until)
        SELECT prefix, $1, $3 FROM unnest($2::bytea[]) AS n (prefix)
        ON CONFLICT (prefix) DO UPDATE
        SET put_until = greatest(purges.put_until, excluded.put_until),
            made_at = excluded.made_at, due_at = excluded.due_at, round = 0, tries = 0
        """,
        kind,
        prefixes,
        put_until,
    )


async def due(connection: Connection, most: int, hold_ms: int) -> list[Purge]:
    """Take what is due: for so long nobody else does, and then somebody does it again.

    Nothing is rightly due in two days: the clock was ahead when that was written.
    """
    rows = await connection.fetch(
        """
        WITH taken AS MATERIALIZED (
          SELECT prefix FROM purges
          WHERE due_at <= clock_ms() OR due_at > clock_ms() + 172800000
          ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE purges SET due_at = clock_ms() + $2
        WHERE prefix IN (SELECT prefix FROM taken)
        RETURNING prefix, kind, put_until, made_at, round, tries, due_at
        """,
        most,
        hold_ms,
    )
    return [Purge(*row) for row in rows]


async def done(connection: Connection, one: Purge, due_at: int, *, round_: int) -> None:
    """Everything that was there has been deleted; when it is done again."""
    await connection.execute(
        """
        UPDATE purges SET due_at = $3, round = $4, tries = 0
        WHERE prefix = $1 AND due_at = $2
        """,
        one.prefix,
        one.due_at,
        due_at,
        round_,
    )


async def failed(connection: Connection, one: Purge, wait_ms: int) -> None:
    """It could not be deleted; tried again after so long."""
    await connection.execute(
        """
        UPDATE purges SET due_at = clock_ms() + $3, tries = least(tries + 1, 1000)
        WHERE prefix = $1 AND due_at = $2
        """,
        one.prefix,
        one.due_at,
        wait_ms,
    )


async def finish(connection: Connection, one: Purge) -> None:
    """Nothing was there for the last time."""
    await connection.execute(
        "DELETE FROM purges WHERE prefix = $1 AND due_at = $2", one.prefix, one.due_at
    )


async def purged(connection: Connection, prefixes: Sequence[bytes]) -> set[bytes]:
    """Those of them that are to be deleted."""
    rows = await connection.fetch(
        "SELECT prefix FROM purges WHERE prefix = ANY($1::bytea[])", prefixes
    )
    return {row[0] for row in rows}


async def waiting(connection: Connection) -> int:
    """How many could not be deleted when that was tried last."""
    count: int = await connection.fetchval("SELECT count(*) FROM purges WHERE tries > 0")
    return count
