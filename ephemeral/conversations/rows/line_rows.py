"""Rows of accounts that conversations read: whose a chain is, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["hold", "statements"]


async def hold(connection: Connection, chains: Sequence[bytes], account: bytes) -> None:
    """Let nobody change these chains, nor the account, until the transaction ends.

    Accounts are locked before conversations, in their order. Who changes one holds it alone.
    """
    await connection.execute(
        """
        SELECT FROM accounts.accounts WHERE account = ANY(ARRAY(
          SELECT account FROM accounts.chains WHERE chain = ANY($1::bytea[])
          UNION ALL SELECT $2
        )) ORDER BY account FOR SHARE
        """,
        list(chains),
        account,
    )


async def statements(
    connection: Connection, chains: Sequence[bytes], first: Sequence[int]
) -> dict[bytes, list[bytes]]:
    """What stands in chains, each from a place on, in order."""
    rows = await connection.fetch(
        """
        SELECT s.chain, s.signed
        FROM unnest($1::bytea[], $2::integer[]) AS asked (chain, first)
        JOIN accounts.chain_statements s ON s.chain = asked.chain AND s.sequence >= asked.first
        ORDER BY s.chain, s.sequence
        """,
        list(chains),
        list(first),
    )
    found: dict[bytes, list[bytes]] = {}
    for chain, signed in rows:
        found.setdefault(chain, []).append(signed)
    return found
