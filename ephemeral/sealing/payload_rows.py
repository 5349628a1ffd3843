"""Rows of sealed payloads and of their wrapped keys.

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


async def insert_bodies(connection: Connection, rows: Sequence[SealedRow]) -> None:
    """Write sealed bodies; their keys are to be written next."""
    await connection.execute(
        "INSERT INTO payloads (id, body) SELECT * FROM unnest($1::bytea[], $2::bytea[])",
        [row.id for row in rows],
        [row.body for row in rows],
    )


async def insert_keys(connection: Connection, rows: Sequence[SealedRow]) -> None:
    """Write wrapped keys; the epoch is held by `hold_current_epoch` in the same transaction."""
    await connection.execute(
        """
        INSERT INTO payload_keys (payload, epoch, wrapped)
        SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[])
        """,
        [row.id for row in rows],
        [row.epoch for row in rows],
        [row.wrapped for row in rows],
    )


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


async def delete_payloads(connection: Connection, ids: Sequence[bytes]) -> None:
    """Destroy payloads and their keys: what is gone from here is gone."""
    await connection.execute(
        """
        WITH keys AS (DELETE FROM payload_keys WHERE payload = ANY($1::bytea[]))
        DELETE FROM payloads WHERE id = ANY($1::bytea[])
        """,
        ids,
    )
