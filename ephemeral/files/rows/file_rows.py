"""Rows of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.files.rules.file import File, State

if TYPE_CHECKING:
    import asyncpg

    from ephemeral.store.postgres import Connection

__all__ = [
    "Counts",
    "count",
    "delete",
    "due",
    "extend",
    "insert",
    "listed",
    "living",
    "living_of_account",
    "living_of_conversation",
    "lock",
    "look_at_oldest",
    "mark_deleting",
    "note_look",
    "read",
    "set_broken",
    "update_landed",
    "uploading",
]

_COLUMNS = """file, account, conversation, prefix, padded, landed, payload, state, ttl, latest,
created_at, expires_at, put_until, looked_at, broken"""


class Counts(NamedTuple):
    """Of everything that is stored of files."""

    files: int
    uploading: int
    size: int


def _file(row: asyncpg.Record) -> File:
    file = File(*row)
    return file._replace(state=State(file.state))


async def insert(connection: Connection, file: File) -> bool:
    """Make one; False where its id is taken."""
    made = await connection.fetchval(
        f"""
        INSERT INTO accounts.files ({_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT (file) DO NOTHING RETURNING true
        """,  # noqa: S608
        *file,
    )
    return made is not None


async def read(connection: Connection, id_: bytes) -> File | None:
    """One of them."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.files WHERE file = $1",  # noqa: S608
        id_,
    )
    return None if row is None else _file(row)


async def lock(connection: Connection, id_: bytes) -> File | None:
    """The same, and nobody else changes it until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.files WHERE file = $1 FOR UPDATE",  # noqa: S608
        id_,
    )
    return None if row is None else _file(row)


async def listed(
    connection: Connection,
    account: bytes,
    conversations: Sequence[bytes],
    after: bytes,
    most: int,
) -> list[File]:
    """Those of an account, and of conversations, behind an id, in the order of their ids."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.files WHERE file IN (
          SELECT found.file FROM (
            SELECT own.file FROM (
              SELECT file FROM accounts.files
              WHERE account = $1 AND file > $3 AND state <> $5 ORDER BY file LIMIT $4
            ) AS own
            UNION
            SELECT theirs.file FROM unnest($2::bytea[]) AS asked (conversation)
            CROSS JOIN LATERAL (
              SELECT file FROM accounts.files f
              WHERE f.conversation = asked.conversation AND f.file > $3 ORDER BY f.file LIMIT $4
            ) AS theirs
          ) AS found ORDER BY found.file LIMIT $4
        ) ORDER BY file
        """,  # noqa: S608
        account,
        list(conversations),
        after,
        most,
        State.DELETING,
    )
    return [_file(row) for row in rows]


async def uploading(connection: Connection, account: bytes) -> int:
    """How many of an account are unfinished."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM accounts.files WHERE account = $1 AND state = 1", account
    )
    return found


async def extend(connection: Connection, id_: bytes, now: int, length: int) -> File | None:
    """Addresses to store segments may be in use for so long from now on, as long as the file isn't
    complete. `now`: another clock than the database's, by which they are signed."""
    row = await connection.fetchrow(
        f"""
        UPDATE accounts.files SET put_until = greatest(put_until, greatest(clock_ms(), $2) + $3)
        WHERE file = $1 AND state = 1 RETURNING {_COLUMNS}
        """,  # noqa: S608
        id_,
        now,
        length,
    )
    return None if row is None else _file(row)


async def note_look(connection: Connection, id_: bytes, now: int) -> None:
    """The store is asked what has landed."""
    await connection.execute("UPDATE accounts.files SET looked_at = $2 WHERE file = $1", id_, now)


async def look_at_oldest(connection: Connection, now: int, rest: int) -> File | None:
    """The file that was looked at before all others, if that is so long ago; it is looked at now,
    and by nobody else. By a clock that is asked for each row no index could be used."""
    row = await connection.fetchrow(
        f"""
        UPDATE accounts.files SET looked_at = $1 WHERE file = (
          SELECT file FROM accounts.files
          WHERE state <> 3 AND looked_at <= $1::bigint - $2
          ORDER BY looked_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING {_COLUMNS}
        """,  # noqa: S608
        now,
        rest,
    )
    return None if row is None else _file(row)


async def set_broken(connection: Connection, id_: bytes, *, broken: bool) -> None:
    """Something that had landed is gone, or all of it is there again."""
    await connection.execute("UPDATE accounts.files SET broken = $2 WHERE file = $1", id_, broken)


async def update_landed(connection: Connection, file: File) -> None:
    """Segments have landed; the row is locked."""
    await connection.execute(
        """
        UPDATE accounts.files SET landed = $2, state = $3, expires_at = $4 WHERE file = $1
        """,
        file.id,
        file.landed,
        file.state,
        file.expires_at,
    )


async def living_of_account(connection: Connection, account: bytes) -> list[File]:
    """All of an account that are there, locked."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.files
        WHERE account = $1 AND state <> $2 ORDER BY file FOR UPDATE
        """,  # noqa: S608
        account,
        State.DELETING,
    )
    return [_file(row) for row in rows]


async def living_of_conversation(connection: Connection, conversation: bytes) -> list[File]:
    """All in a conversation, locked."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.files
        WHERE conversation = $1 ORDER BY file FOR UPDATE
        """,  # noqa: S608
        conversation,
    )
    return [_file(row) for row in rows]


async def living(connection: Connection, prefixes: Sequence[bytes]) -> set[bytes]:
    """Those of these prefixes whose files are there, and not being deleted."""
    rows = await connection.fetch(
        "SELECT prefix FROM accounts.files WHERE prefix = ANY($1::bytea[]) AND state <> $2",
        prefixes,
        State.DELETING,
    )
    return {row[0] for row in rows}


async def due(connection: Connection, now: int, most: int) -> list[File]:
    """Those whose time has come, locked; what somebody else holds waits."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.files WHERE expires_at <= $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        """,  # noqa: S608
        now,
        most,
    )
    return [_file(row) for row in rows]


async def mark_deleting(
    connection: Connection, files: Sequence[bytes], count_until: Sequence[int]
) -> None:
    """These are there for nobody any more, and count until then."""
    await connection.execute(
        """
        UPDATE accounts.files SET state = 3, payload = NULL, conversation = NULL, latest = NULL,
               expires_at = n.count_until
        FROM unnest($1::bytea[], $2::bigint[]) AS n (file, count_until)
        WHERE files.file = n.file
        """,
        list(files),
        list(count_until),
    )


async def delete(connection: Connection, files: Sequence[bytes]) -> None:
    """Nothing is left of these."""
    await connection.execute(
        "DELETE FROM accounts.files WHERE file = ANY($1::bytea[])", list(files)
    )


async def count(connection: Connection) -> Counts:
    """How many there are, and what they count for all accounts."""
    row = await connection.fetchrow(
        """
        SELECT (SELECT count(*) FROM accounts.files WHERE state <> 3),
               (SELECT count(*) FROM accounts.files WHERE state = 1),
               (SELECT bytes FROM accounts.file_stock)
        """
    )
    assert row is not None
    return Counts(*row)
