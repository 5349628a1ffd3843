"""Rows of chains and of their statements. Whoever changes them has locked the account's row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "ChainRow",
    "append",
    "chain_of_recovery",
    "close",
    "close_later",
    "destroy",
    "end",
    "ended",
    "ended_before",
    "insert",
    "insert_statements",
    "is_known",
    "known",
    "open_chain",
    "open_chains",
    "owned_chain",
    "reopen",
    "statements",
]


class ChainRow(NamedTuple):
    """A chain as it stands; `state` is open, ended or closed."""

    chain: bytes
    state: str
    sequence: int
    head: bytes
    recovery: bytes
    ended_at: int | None


_COLUMNS = "chain, state, sequence, head, recovery, ended_at"


async def open_chain(connection: Connection, account: bytes) -> ChainRow | None:
    """The account's chain in force."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.chains WHERE account = $1 AND state = 'open'",  # noqa: S608
        account,
    )
    return None if row is None else ChainRow(*row)


async def owned_chain(connection: Connection, account: bytes, chain: bytes) -> ChainRow | None:
    """A chain of this account, whatever became of it."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM accounts.chains WHERE chain = $2 AND account = $1",  # noqa: S608
        account,
        chain,
    )
    return None if row is None else ChainRow(*row)


async def open_chains(connection: Connection, accounts: Sequence[bytes]) -> dict[bytes, ChainRow]:
    """The chains in force of these accounts, by account."""
    rows = await connection.fetch(
        f"""
        SELECT account, {_COLUMNS} FROM accounts.chains
        WHERE account = ANY($1::bytea[]) AND state = 'open'
        """,  # noqa: S608
        accounts,
    )
    return {row[0]: ChainRow(*row[1:]) for row in rows}


async def known(
    connection: Connection, chains: Sequence[bytes]
) -> dict[bytes, tuple[bytes | None, ChainRow]]:
    """Chains by their ids, each with the account whose it is, if it is one's still."""
    rows = await connection.fetch(
        f"SELECT account, {_COLUMNS} FROM accounts.chains WHERE chain = ANY($1::bytea[])",  # noqa: S608
        chains,
    )
    return {row[1]: (row[0], ChainRow(*row[1:])) for row in rows}


async def is_known(connection: Connection, chain: bytes) -> bool:
    """Whether there is such a chain, whosever it is or was."""
    found = await connection.fetchval("SELECT true FROM accounts.chains WHERE chain = $1", chain)
    return found is not None


async def chain_of_recovery(
    connection: Connection, account: bytes, recovery: bytes, ended_after: int
) -> ChainRow | None:
    """The account's chain with this recovery key: in force, or not ended before that moment."""
    row = await connection.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM accounts.chains
        WHERE account = $1 AND recovery = $2
          AND (state = 'open' OR (state = 'ended' AND ended_at > $3))
        ORDER BY ended_at DESC NULLS FIRST LIMIT 1
        """,  # noqa: S608
        account,
        recovery,
        ended_after,
    )
    return None if row is None else ChainRow(*row)


async def ended(connection: Connection, account: bytes) -> list[ChainRow]:
    """Chains of the account in whose place others came, oldest first."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS} FROM accounts.chains
        WHERE account = $1 AND state = 'ended' ORDER BY ended_at
        """,  # noqa: S608
        account,
    )
    return [ChainRow(*row) for row in rows]


async def insert(
    connection: Connection, chain: bytes, account: bytes, head: bytes, recovery: bytes
) -> bool:
    """Begin a chain, whose first statement is written next; False if there is one of that id."""
    made = await connection.fetchval(
        """
        INSERT INTO accounts.chains (chain, account, state, sequence, head, recovery)
        VALUES ($1, $2, 'open', 0, $3, $4) ON CONFLICT (chain) DO NOTHING RETURNING true
        """,
        chain,
        account,
        head,
        recovery,
    )
    return made is not None


async def append(
    connection: Connection, chain: bytes, sequence: int, head: bytes, recovery: bytes
) -> None:
    """Note the new end of a chain, whose statement is written next."""
    await connection.execute(
        "UPDATE accounts.chains SET sequence = $2, head = $3, recovery = $4 WHERE chain = $1",
        chain,
        sequence,
        head,
        recovery,
    )


async def insert_statements(
    connection: Connection, chain: bytes, first: int, signed: Sequence[bytes]
) -> None:
    """Write statements from this place on."""
    await connection.execute(
        """
        INSERT INTO accounts.chain_statements (chain, sequence, signed)
        SELECT $1, $2 + place - 1, signed
        FROM unnest($3::bytea[]) WITH ORDINALITY AS given (signed, place)
        """,
        chain,
        first,
        signed,
    )


async def statements(
    connection: Connection, chain: bytes, first: int = 0, most: int | None = None
) -> list[bytes]:
    """What stands in a chain from this place on, in order; `most` of it."""
    rows = await connection.fetch(
        """
        SELECT signed FROM accounts.chain_statements WHERE chain = $1 AND sequence >= $2
        ORDER BY sequence LIMIT $3
        """,
        chain,
        first,
        most,
    )
    return [row[0] for row in rows]


async def end(connection: Connection, account: bytes) -> None:
    """Let the open chain of the account be one that has ended."""
    await connection.execute(
        """
        UPDATE accounts.chains SET state = 'ended', ended_at = now, counts_from = now
        FROM clock_ms() AS now
        WHERE account = $1 AND state = 'open'
        """,
        account,
    )


async def reopen(connection: Connection, chain: bytes) -> None:
    """Let a chain that has ended be in force again; the account has no other open one."""
    await connection.execute(
        """
        UPDATE accounts.chains SET state = 'open', ended_at = NULL, counts_from = NULL
        WHERE chain = $1
        """,
        chain,
    )


async def close_later(connection: Connection, account: bytes, moment: int) -> None:
    """Unbind the account's chains that are open or ended after a moment: they are undone."""
    await connection.execute(
        """
        UPDATE accounts.chains
        SET state = 'closed', account = NULL, ended_at = coalesce(ended_at, now),
            counts_from = coalesce(counts_from, now)
        FROM clock_ms() AS now WHERE account = $1 AND (state = 'open' OR ended_at > $2)
        """,
        account,
        moment,
    )


async def close(connection: Connection, account: bytes) -> None:
    """Bind all chains of the account to none; those that had not ended end now."""
    await connection.execute(
        """
        UPDATE accounts.chains
        SET state = 'closed', account = NULL, ended_at = coalesce(ended_at, now),
            counts_from = coalesce(counts_from, now)
        FROM clock_ms() AS now WHERE account = $1
        """,
        account,
    )


async def ended_before(connection: Connection, moment: int, again: int, most: int) -> list[bytes]:
    """Chains that ended before a moment, locked; whoever else looks for them passes them by.

    Not those that a kept record of a conversation names: whoever judges the next one reads there
    that an account was closed, or whose device has signed a leave. These are looked at again when
    that moment is `again`; `most` of both.
    """
    rows = await connection.fetch(
        """
        WITH due AS MATERIALIZED (
          SELECT c.chain, EXISTS (
            SELECT FROM accounts.conversation_chains x WHERE x.chain = c.chain) AS named
          FROM accounts.chains c WHERE c.counts_from < $1
          ORDER BY c.counts_from LIMIT $3 FOR UPDATE OF c SKIP LOCKED
        ), later AS (
          UPDATE accounts.chains c SET counts_from = $2
          FROM due d WHERE c.chain = d.chain AND d.named
        )
        SELECT chain FROM due WHERE NOT named
        """,
        moment,
        again,
        most,
    )
    return [row[0] for row in rows]


async def destroy(connection: Connection, chains: Sequence[bytes]) -> None:
    """Destroy chains with their statements."""
    await connection.execute("DELETE FROM accounts.chains WHERE chain = ANY($1::bytea[])", chains)
