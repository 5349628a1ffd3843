"""Rows of the keys that sign access tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection


class SigningKeyRow(NamedTuple):
    """A key; `private` is the payload that holds its other half."""

    kid: bytes
    public: bytes
    private: bytes
    created_at: int


async def lock(connection: Connection) -> None:
    """Keep other hosts from changing keys until the transaction ends; they may read."""
    await connection.execute("LOCK TABLE accounts.signing_keys IN SHARE ROW EXCLUSIVE MODE")


async def read(connection: Connection) -> list[SigningKeyRow]:
    """All keys, the oldest first."""
    rows = await connection.fetch(
        "SELECT kid, public, private, created_at FROM accounts.signing_keys ORDER BY created_at"
    )
    return [SigningKeyRow(*row) for row in rows]


async def insert(connection: Connection, row: SigningKeyRow) -> None:
    """Keep a key."""
    await connection.execute(
        "INSERT INTO accounts.signing_keys (kid, public, private, created_at)"
        " VALUES ($1, $2, $3, $4)",
        *row,
    )


async def delete(connection: Connection, kids: Sequence[bytes]) -> None:
    """Forget keys; their private halves are payloads, and destroyed as such."""
    await connection.execute("DELETE FROM accounts.signing_keys WHERE kid = ANY($1::bytea[])", kids)
