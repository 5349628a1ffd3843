"""Rows of contacts. Whoever changes them has locked the rows of both accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "ContactRow",
    "accepted",
    "all_accepted",
    "contact",
    "count",
    "followers",
    "forget",
    "forget_refusals",
    "listed",
    "put",
    "reads_chain",
]


class ContactRow(NamedTuple):
    """What an account is to another; `mutual`: both agreed, between chains that are in force."""

    other: bytes
    state: str
    chain: bytes | None
    request: bytes | None
    day: int
    mutual: bool


# Both rows, and the chains in force of both: a person with another chain is another person. Each
# is looked up, whatever else a plan could do that was made when the tables were small.
_MUTUAL = """
    accounts.contacts c
    LEFT JOIN LATERAL (
        SELECT chain FROM accounts.contacts
        WHERE account = c.other AND other = c.account AND state = 'accepted' LIMIT 1
    ) m ON true
    LEFT JOIN LATERAL (
        SELECT chain FROM accounts.chains WHERE account = c.account AND state = 'open' LIMIT 1
    ) mine ON true
    LEFT JOIN LATERAL (
        SELECT chain FROM accounts.chains WHERE account = c.other AND state = 'open' LIMIT 1
    ) theirs ON true
"""
_IS_MUTUAL = """
    c.state = 'accepted' AND c.chain IS NOT DISTINCT FROM theirs.chain
    AND m.chain IS NOT DISTINCT FROM mine.chain AND m.chain IS NOT NULL
"""


async def listed(connection: Connection, account: bytes) -> list[ContactRow]:
    """All that an account has with others, the oldest first."""
    rows = await connection.fetch(
        f"""
        SELECT c.other, c.state, c.chain, c.request, c.day, {_IS_MUTUAL}
        FROM {_MUTUAL} WHERE c.account = $1 ORDER BY c.day, c.other
        """,  # noqa: S608
        account,
    )
    return [ContactRow(*row) for row in rows]


async def contact(connection: Connection, account: bytes, other: bytes) -> ContactRow | None:
    """What one account is to another, if anything."""
    row = await connection.fetchrow(
        f"""
        SELECT c.other, c.state, c.chain, c.request, c.day, {_IS_MUTUAL}
        FROM {_MUTUAL} WHERE c.account = $1 AND c.other = $2
        """,  # noqa: S608
        account,
        other,
    )
    return None if row is None else ContactRow(*row)


async def accepted(connection: Connection, account: bytes, others: Sequence[bytes]) -> set[bytes]:
    """Which of these are mutual contacts of the account."""
    rows = await connection.fetch(
        f"""
        SELECT c.other FROM {_MUTUAL}
        WHERE c.account = $1 AND c.other = ANY($2::bytea[]) AND {_IS_MUTUAL}
        """,  # noqa: S608
        account,
        others,
    )
    return {row[0] for row in rows}


async def all_accepted(
    connection: Connection, accounts: Sequence[bytes]
) -> list[tuple[bytes, bytes]]:
    """The mutual contacts of these accounts: whose, and who."""
    rows = await connection.fetch(
        f"""
        SELECT c.account, c.other FROM {_MUTUAL}
        WHERE c.account = ANY($1::bytea[]) AND {_IS_MUTUAL}
        """,  # noqa: S608
        accounts,
    )
    return [(row[0], row[1]) for row in rows]


async def followers(connection: Connection, account: bytes) -> list[bytes]:
    """The accounts that have this one among their contacts."""
    rows = await connection.fetch(
        "SELECT account FROM accounts.contacts WHERE other = $1 AND state = 'accepted'", account
    )
    return [row[0] for row in rows]


async def reads_chain(connection: Connection, account: bytes, chain: bytes) -> bool:
    """Whether a chain is one to which this account and its owner have agreed."""
    found = await connection.fetchval(
        """
        SELECT true FROM accounts.contacts c
        JOIN accounts.contacts m
            ON m.account = c.other AND m.other = c.account AND m.state = 'accepted'
        JOIN accounts.chains theirs ON theirs.chain = c.chain AND theirs.account = c.other
        WHERE theirs.chain = $2 AND c.account = $1
        """,
        account,
        chain,
    )
    return found is not None


async def count(connection: Connection, account: bytes, state: str) -> int:
    """How many of a state an account has."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM accounts.contacts WHERE account = $1 AND state = $2", account, state
    )
    return found


async def put(
    connection: Connection,
    account: bytes,
    other: bytes,
    state: str,
    chain: bytes | None = None,
    request: bytes | None = None,
) -> None:
    """Let the other be this to the account, from today on."""
    await connection.execute(
        """
        INSERT INTO accounts.contacts (account, other, state, chain, request, day)
        VALUES ($1, $2, $3, $4, $5, clock_ms() / 86400000)
        ON CONFLICT (account, other) DO UPDATE
        SET state = excluded.state, chain = excluded.chain, request = excluded.request,
            day = excluded.day
        """,
        account,
        other,
        state,
        chain,
        request,
    )


async def forget(
    connection: Connection, account: bytes, other: bytes, state: str | None = None
) -> bool:
    """Let the other be nothing to the account, if it is in that state; whether it was."""
    gone = await connection.fetchval(
        """
        DELETE FROM accounts.contacts
        WHERE account = $1 AND other = $2 AND ($3::text IS NULL OR state = $3) RETURNING true
        """,
        account,
        other,
        state,
    )
    return gone is not None


async def forget_refusals(connection: Connection, before: int, most: int) -> None:
    """Forget refusals from before a day, `most` of them."""
    await connection.execute(
        """
        DELETE FROM accounts.contacts WHERE (account, other) IN (
            SELECT account, other FROM accounts.contacts
            WHERE state IN ('denied', 'declined') AND day < $1
            ORDER BY day LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        """,
        before,
        most,
    )
