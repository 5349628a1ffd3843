"""Rows of epoch records and of the boxes that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "WRITING",
    "NewRecord",
    "RecordRow",
    "after",
    "at_places",
    "box",
    "ended_before",
    "forget",
    "insert",
    "newest",
    "payloads",
    "with_hash",
]


class RecordRow(NamedTuple):
    """A record. `payload`, `boxes`: of its entry, which has `size` bytes, and of the key of its
    boxes, if any are left."""

    conversation: bytes
    epoch: int
    record: bytes
    s: int
    log: bytes
    at: int
    payload: bytes
    boxes: bytes | None
    size: int


_COLUMNS = "conversation, epoch, record, s, log, at, payload, boxes, size"


class NewRecord(NamedTuple):
    """A record with what is written beside it. `author`: the device; `digest`: SHA-256 of its
    entry; `boxes`, by device, wait; `chains` are those that it names."""

    row: RecordRow
    author: bytes
    digest: bytes
    boxes: Mapping[bytes, bytes]
    chains: Sequence[bytes]

    @property
    def arguments(self) -> tuple[object, ...]:
        """As `WRITING` has them."""
        return (
            *self.row,
            self.author,
            self.digest,
            list(self.boxes),
            list(self.boxes.values()),
            self.chains,
        )


#: Writes a record with its place in the log, its boxes and the chains that it names, and ends the
#: epoch before it.
WRITING = f"""
        ended AS (
          UPDATE accounts.records SET ended_at = $6
          WHERE conversation = $1 AND epoch = $2 - 1 AND ended_at IS NULL
        ), placed AS (
          INSERT INTO accounts.log_places (conversation, s, kind, device, digest, hash, at)
          VALUES ($1, $4, 1, $10, $11, $5, $6)
        ), sealed AS (
          INSERT INTO accounts.boxes (conversation, epoch, device, sealed)
          SELECT $1, $2, * FROM unnest($12::bytea[], $13::bytea[])
        ), named AS (
          INSERT INTO accounts.conversation_chains (conversation, chain, first_epoch, last_epoch)
          SELECT $1, chain, $2, $2 FROM unnest($14::bytea[]) AS n (chain)
          ON CONFLICT (conversation, chain) DO UPDATE SET last_epoch = excluded.last_epoch
        ), written AS (
          INSERT INTO accounts.records ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        )
"""  # noqa: S608


async def insert(connection: Connection, new: NewRecord) -> None:
    """Write a record with all that belongs to it."""
    await connection.execute(f"WITH {WRITING} SELECT", *new.arguments)


async def newest(connection: Connection, conversation: bytes) -> RecordRow | None:
    """The newest record of a conversation."""
    row = await connection.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM accounts.records WHERE conversation = $1
        ORDER BY epoch DESC LIMIT 1
        """,  # noqa: S608
        conversation,
    )
    return None if row is None else RecordRow(*row)


async def with_hash(connection: Connection, conversation: bytes, record: bytes) -> RecordRow | None:
    """The record with this R, if it is kept."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.records WHERE conversation = $1 AND record = $2",  # noqa: S608
        conversation,
        record,
    )
    return None if row is None else RecordRow(*row)


async def after(
    connection: Connection, conversation: bytes, epoch: int, most: int
) -> list[RecordRow]:
    """Records of epochs after one, in order."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.records WHERE conversation = $1 AND epoch > $2
        ORDER BY epoch LIMIT $3
        """,  # noqa: S608
        conversation,
        epoch,
        most,
    )
    return [RecordRow(*row) for row in rows]


async def at_places(
    connection: Connection, conversation: bytes, places: Sequence[int]
) -> dict[int, RecordRow]:
    """Records by their places in the log, of those that are kept."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.records
        WHERE conversation = $1 AND s = ANY($2::bigint[])
        """,  # noqa: S608
        conversation,
        list(places),
    )
    return {row[3]: RecordRow(*row) for row in rows}


async def box(
    connection: Connection, conversation: bytes, device: bytes, epochs: Sequence[int]
) -> dict[int, bytes]:
    """The boxes of one device that wait, by epoch."""
    rows = await connection.fetch(
        """
        SELECT epoch, sealed FROM accounts.boxes
        WHERE conversation = $1 AND epoch = ANY($3::bigint[]) AND device = $2
        """,
        conversation,
        device,
        list(epochs),
    )
    return {row[0]: row[1] for row in rows}


async def ended_before(connection: Connection, moment: int, most: int) -> list[tuple[bytes, int]]:
    """Epochs (conversation, epoch) that ended before a moment."""
    rows = await connection.fetch(
        """
        SELECT conversation, epoch FROM accounts.records WHERE ended_at <= $1
        ORDER BY ended_at LIMIT $2
        """,
        moment,
        most,
    )
    return [(row[0], row[1]) for row in rows]


async def forget(connection: Connection, epochs: Sequence[tuple[bytes, int]]) -> list[bytes]:
    """Destroy records with their boxes, and what is said of chains that no other names.

    Gives their payloads. The conversations are locked.
    """
    rows = await connection.fetch(
        """
        WITH asked AS MATERIALIZED (
          SELECT * FROM unnest($1::bytea[], $2::bigint[]) AS n (conversation, epoch)
        ), boxes AS (
          DELETE FROM accounts.boxes b USING asked n
          WHERE b.conversation = n.conversation AND b.epoch = n.epoch
        ), oldest AS (
          SELECT n.conversation, max(n.epoch) AS epoch FROM asked n GROUP BY n.conversation
        ), chains AS (
          DELETE FROM accounts.conversation_chains x USING oldest o
          WHERE x.conversation = o.conversation AND x.last_epoch <= o.epoch
        )
        DELETE FROM accounts.records r USING asked n
        WHERE r.conversation = n.conversation AND r.epoch = n.epoch AND r.ended_at IS NOT NULL
        RETURNING r.payload, r.boxes
        """,
        [one[0] for one in epochs],
        [one[1] for one in epochs],
    )
    return [one for row in rows for one in row if one is not None]


async def payloads(connection: Connection, conversation: bytes) -> list[bytes]:
    """The payloads of all records of a conversation, and of all its boxes' keys."""
    rows = await connection.fetch(
        "SELECT payload, boxes FROM accounts.records WHERE conversation = $1", conversation
    )
    return [one for row in rows for one in row if one is not None]
