"""Rows of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.operators.rules.reports import Report

if TYPE_CHECKING:
    from ephemeral.operators.rules.reports import Decision
    from ephemeral.store.postgres import Connection

__all__ = [
    "Waiting",
    "decide",
    "delete_old",
    "drop_of",
    "exists",
    "hold_accounts",
    "insert",
    "listed",
    "lock_waiting",
    "read",
    "waiting",
]


class Waiting(NamedTuple):
    """How many reports wait: of one account, or of rooms, and of all; and how many bytes."""

    own: int
    all: int
    size: int


#: Names the advisory lock under which reports are taken: the bytes of "report".
_LOCK = 0x7265706F7274

_ROW = (
    "report, accused, account, reason, messages, size, day, payload, decision, decided_by,"
    " decided_day"
)


async def hold_accounts(connection: Connection, accounts: Sequence[bytes]) -> set[bytes]:
    """Those of these accounts that are there, and stay until the transaction ends."""
    rows = await connection.fetch(
        """
        SELECT account FROM accounts.accounts WHERE account = ANY($1::bytea[])
        ORDER BY account FOR KEY SHARE
        """,
        accounts,
    )
    return {row[0] for row in rows}


async def lock_waiting(connection: Connection) -> None:
    """Reports come one after the other, so that no two are each the last that is taken."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def exists(connection: Connection, report: bytes) -> bool:
    """Whether it is there already."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM accounts.reports WHERE report = $1)", report
    )
    return found


async def waiting(connection: Connection, account: bytes | None) -> Waiting:
    """What waits to be decided; `account` is None for rooms."""
    row = await connection.fetchrow(
        """
        SELECT count(*) FILTER (WHERE account IS NOT DISTINCT FROM $1
                                AND (accused IS NULL) = ($1::bytea IS NULL)),
               count(*), coalesce(sum(size), 0)::bigint
        FROM accounts.reports WHERE decision IS NULL
        """,
        account,
    )
    assert row is not None, "it counts"
    return Waiting(row[0], row[1], row[2])


async def insert(connection: Connection, row: Report) -> None:
    """One more."""
    await connection.execute(
        """
        INSERT INTO accounts.reports
               (report, accused, account, reason, messages, size, day, payload)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *row[:8],
    )


async def listed(connection: Connection, most: int) -> list[Report]:
    """Those that wait, the oldest first, and behind them those that were decided."""
    rows = await connection.fetch(
        f"""
        SELECT {_ROW} FROM accounts.reports ORDER BY (decision IS NOT NULL), day, report LIMIT $1
        """,  # noqa: S608
        most,
    )
    return [Report(*row) for row in rows]


async def read(connection: Connection, report: bytes) -> Report | None:
    """One of them."""
    row = await connection.fetchrow(
        f"SELECT {_ROW} FROM accounts.reports WHERE report = $1",  # noqa: S608
        report,
    )
    return None if row is None else Report(*row)


async def decide(
    connection: Connection, report: bytes, decision: Decision, operator: str
) -> bytes | None:
    """Decide on it; gives its payload, which is to be destroyed. None if somebody has decided.

    Of two who decide at once one is told so.
    """
    found: bytes | None = await connection.fetchval(
        """
        UPDATE accounts.reports r
        SET decision = $2, decided_by = $3, decided_day = clock_ms() / 86400000, payload = NULL
        FROM (SELECT report, payload FROM accounts.reports WHERE report = $1 FOR UPDATE) AS was
        WHERE r.report = was.report AND r.decision IS NULL RETURNING was.payload
        """,
        report,
        decision,
        operator,
    )
    return found


async def drop_of(connection: Connection, accused: bytes) -> list[bytes]:
    """Reports about an account go; gives the payloads, which are to be destroyed."""
    rows = await connection.fetch(
        "DELETE FROM accounts.reports WHERE accused = $1 RETURNING payload", accused
    )
    return [row[0] for row in rows if row[0] is not None]


async def delete_old(connection: Connection, before: int) -> list[bytes]:
    """Reports from before a day go; gives the payloads, which are to be destroyed."""
    rows = await connection.fetch(
        "DELETE FROM accounts.reports WHERE day < $1 RETURNING payload", before
    )
    return [row[0] for row in rows if row[0] is not None]
