"""Rows of sealed payloads and of their wrapped keys, and keys of what lies beside the database.

Bodies are written once and never updated; keys only when their epoch ends (`epoch_rows`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.store.postgres import SnapshotBehind

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


class SealedRow(NamedTuple):
    """A payload with its wrapped key, as it is stored."""

    id: bytes
    body: bytes
    epoch: int
    wrapped: bytes


async def insert(connection: Connection, epoch: int, rows: Sequence[SealedRow]) -> bool:
    """Write payloads with their keys, wrapped by this epoch, and hold it as `hold_current_epoch`
    does; False, and nothing is written, if it is current no more."""
    held: bool = await connection.fetchval(
        """
        WITH held AS MATERIALIZED (
          SELECT FROM epochs WHERE id = $1 AND state = 'current' FOR SHARE
        ), bodies AS (
          INSERT INTO payloads (id, body)
          SELECT * FROM unnest($2::bytea[], $3::bytea[]) WHERE EXISTS (SELECT FROM held)
        ), keys AS (
          INSERT INTO payload_keys (payload, epoch, wrapped)
          SELECT payload, $1, wrapped FROM unnest($2::bytea[], $4::bytea[]) AS n (payload, wrapped)
          WHERE EXISTS (SELECT FROM held)
        )
        SELECT EXISTS (SELECT FROM held)
        """,
        epoch,
        [row.id for row in rows],
        [row.body for row in rows],
        [row.wrapped for row in rows],
    )
    return held


async def sealed(connection: Connection, ids: Sequence[bytes], mark: int) -> dict[bytes, SealedRow]:
    """Payloads by id, with their keys, of a database that has come to this mark.

    Raises SnapshotBehind of one that has not: it was set back since somebody has looked, and
    these may have been destroyed; or the mark was raised since this transaction took its snapshot.
    """
    rows = await connection.fetch(
        """
        SELECT coalesce((SELECT mark FROM keyring) >= $2, false), p.id, p.body, k.epoch, k.wrapped
        FROM payloads p JOIN payload_keys k ON k.payload = p.id WHERE p.id = ANY($1::bytea[])
        """,
        ids,
        mark,
    )
    if not all(follows for follows, *_ in rows):
        raise SnapshotBehind
    return {row[1]: SealedRow(*row[1:]) for row in rows}


async def insert_key(connection: Connection, payload: bytes, epoch: int, wrapped: bytes) -> None:
    """Write a data key without a payload, wrapped by an epoch that is held."""
    await connection.execute(
        "INSERT INTO payload_keys (payload, epoch, wrapped) VALUES ($1, $2, $3)",
        payload,
        epoch,
        wrapped,
    )


async def key(connection: Connection, payload: bytes, mark: int) -> tuple[int, bytes] | None:
    """A data key by the name of its payload: its epoch and itself, wrapped.

    Raises SnapshotBehind as `sealed` does.
    """
    row = await connection.fetchrow(
        """
        SELECT (SELECT mark FROM keyring) >= $2 AS follows, epoch, wrapped
        FROM payload_keys WHERE payload = $1
        """,
        payload,
        mark,
    )
    if row is None:
        return None
    if not row["follows"]:
        raise SnapshotBehind
    return row["epoch"], row["wrapped"]


async def delete_payloads(connection: Connection, ids: Sequence[bytes]) -> None:
    """Destroy payloads and their keys: what is gone from here is gone."""
    await connection.execute(
        """
        WITH keys AS (DELETE FROM payload_keys WHERE payload = ANY($1::bytea[]))
        DELETE FROM payloads WHERE id = ANY($1::bytea[])
        """,
        ids,
    )
