"""Rows for whoever listens: how conversations stand, and who may hear what of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["StandingRow", "attended", "rights", "standings"]


class StandingRow(NamedTuple):
    """How a conversation stands; places before `kept` are forgotten."""

    conversation: bytes
    epoch: int
    record: bytes
    s: int
    log: bytes
    kept: int
    due: str | None


_STANDING = "c.conversation, c.epoch, c.record, c.s, c.log, c.kept, c.due"


async def attended(
    connection: Connection, account: bytes, device: bytes
) -> list[tuple[StandingRow, int | None]]:
    """The conversations that an account is in, in the order of their names; each with the place of
    the first record that lists the device, None where none does."""
    rows = await connection.fetch(
        f"""
        SELECT {_STANDING}, d.first_s
        FROM accounts.conversation_people p
        JOIN accounts.conversations c ON c.conversation = p.conversation
        LEFT JOIN accounts.conversation_devices d
          ON d.conversation = p.conversation AND d.device = $2 AND d.account = p.account
        WHERE p.account = $1 ORDER BY p.conversation
        """,  # noqa: S608
        account,
        device,
    )
    return [(StandingRow(*row[:-1]), row[-1]) for row in map(tuple, rows)]


async def standings(
    connection: Connection, conversations: Sequence[bytes]
) -> dict[bytes, StandingRow]:
    """Those of these conversations that are there."""
    rows = await connection.fetch(
        f"""
        SELECT {_STANDING} FROM accounts.conversations c WHERE c.conversation = ANY($1::bytea[])
        """,  # noqa: S608
        list(conversations),
    )
    return {row[0]: StandingRow(*row) for row in rows}


async def rights(
    connection: Connection, asked: Sequence[tuple[bytes, bytes, bytes]]
) -> dict[tuple[bytes, bytes], int | None]:
    """Of (conversation, account, device): by conversation and device, where the account is in the
    conversation, the place of the first record that lists the device, None where none does."""
    rows = await connection.fetch(
        """
        SELECT a.conversation, a.device, d.first_s
        FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS a (conversation, account, device)
        JOIN accounts.conversation_people p
          ON p.account = a.account AND p.conversation = a.conversation
        LEFT JOIN accounts.conversation_devices d
          ON d.conversation = a.conversation AND d.device = a.device AND d.account = a.account
        """,
        [one[0] for one in asked],
        [one[1] for one in asked],
        [one[2] for one in asked],
    )
    return {(row[0], row[1]): row[2] for row in rows}
