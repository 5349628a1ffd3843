"""Rows of all that stands when the next record of a conversation comes: locked, and read at once.

Round trips are what a record costs most. What is read is written one behind the other, in pieces
of one length: rows of a hundred devices by themselves would take longer than all that is done with
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import iter_unpack
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.conversations.rows.conversation_rows import SPEND
from ephemeral.conversations.rows.log_rows import STATE
from ephemeral.conversations.rows.member_rows import LeaveRow
from ephemeral.conversations.rows.people_rows import PersonRow
from ephemeral.conversations.rules.log_state import LogState

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["NOTHING", "ChainEnd", "Found", "lock", "read_and_spend"]

# In place of no account; no account is called so.
_NOBODY = bytes(16)


class ChainEnd(NamedTuple):
    """A chain's last statement, by its hash: whose the chain is, and whether it is in force."""

    account: bytes | None
    open: bool
    head: bytes


class Found(NamedTuple):
    """Of a conversation: its people by chain, who has left, and the listed devices with their
    accounts; how the chains end that were asked for, and the numbers and payloads of the sealing
    keys of those accounts whose they are, by account and device; and whether the device that asks
    is its account's still."""

    people: dict[bytes, PersonRow]
    leaves: list[LeaveRow]
    devices: dict[bytes, bytes]
    chains: dict[bytes, ChainEnd]
    keys: dict[tuple[bytes, bytes], tuple[int, bytes]]
    active: bool


#: Where nothing stands yet.
NOTHING = Found({}, [], {}, {}, {}, active=True)


async def lock(
    connection: Connection, chains: Sequence[bytes], conversation: bytes, account: bytes
) -> tuple[LogState | None, int]:
    """Let nobody change these chains, nor the account, as `line_rows.hold` does, and then lock a
    conversation that the account is in, as `log_rows.lock_as` does; with the time."""
    row = await connection.fetchrow(
        f"""
        WITH held AS MATERIALIZED (
          SELECT FROM accounts.accounts WHERE account = ANY(ARRAY(
            SELECT account FROM accounts.chains WHERE chain = ANY($1::bytea[])
            UNION ALL SELECT $2
          )) ORDER BY account FOR SHARE
        )
        SELECT clock_ms(), {STATE} FROM accounts.conversations
        WHERE (SELECT count(*) FROM held) > 0 AND conversation IN (
          SELECT conversation FROM accounts.conversation_people
          WHERE account = $2 AND conversation = $3
        ) FOR UPDATE
        """,  # noqa: S608
        chains,
        account,
        conversation,
    )
    return (None, 0) if row is None else (LogState(*tuple(row)[1:]), row[0])


async def read_and_spend(
    connection: Connection,
    account: bytes,
    size: int,
    today: int,
    now: int,
    conversation: bytes,
    device: bytes,
    chains: Sequence[bytes],
) -> tuple[Found, int, bool]:
    """All that stands of a conversation that is locked, as it was before; and, as `spend_boxes`
    does it, what its author's account has posted today with so many bytes more."""
    row = await connection.fetchrow(
        f"""
        WITH spent AS ({SPEND}), ends AS MATERIALIZED (
          SELECT chain, account, state = 'open' AS open, head FROM accounts.chains
          WHERE chain = ANY($7::bytea[])
        )
        SELECT bytes, free,
          (SELECT string_agg(chain || coalesce(account, $8) || boolsend(admin) || int8send(since)
                             || int8send(first_seen) || coalesce(added_by, $8), '')
           FROM accounts.conversation_people WHERE conversation = $5),
          (SELECT string_agg(chain || int8send(since) || device || signature, '')
           FROM accounts.leaves WHERE conversation = $5),
          (SELECT string_agg(device || account, '')
           FROM accounts.conversation_devices WHERE conversation = $5),
          (SELECT string_agg(chain || coalesce(account, $8) || boolsend(open) || head, '')
           FROM ends),
          (SELECT string_agg(account || device || int8send(number) || payload, '')
           FROM accounts.sealing_keys
           WHERE account = ANY(ARRAY(SELECT account FROM ends WHERE open))),
          EXISTS (SELECT FROM accounts.devices WHERE account = $1 AND device = $6)
        FROM spent
        """,  # noqa: S608
        account,
        size,
        today,
        now,
        conversation,
        device,
        chains,
        _NOBODY,
    )
    assert row is not None
    spent, free, people, leaves, devices, ends, keys, active = row
    found = Found(
        {
            chain: PersonRow(chain, _known(whose), admin, since, first_seen, _known(by))
            for chain, whose, admin, since, first_seen, by in iter_unpack(
                ">32s16s?qq16s", people or b""
            )
        },
        [LeaveRow(*one) for one in iter_unpack(">32sq16s64s", leaves or b"")],
        dict(iter_unpack(">16s16s", devices or b"")),
        {
            chain: ChainEnd(_known(whose), is_open, head)
            for chain, whose, is_open, head in iter_unpack(">32s16s?32s", ends or b"")
        },
        {
            (whose, one): (number, payload)
            for whose, one, number, payload in iter_unpack(">16s16sq16s", keys or b"")
        },
        active,
    )
    return found, spent, free


def _known(account: bytes) -> bytes | None:
    return None if account == _NOBODY else account
