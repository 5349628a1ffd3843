"""Rows of all that stands when the next record of a conversation comes, read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.conversations.rows.member_rows import LeaveRow
from ephemeral.conversations.rows.people_rows import PersonRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["NOTHING", "Found", "read"]


class Found(NamedTuple):
    """Of a conversation: its people by chain, who has left, and the listed devices with their
    accounts; and whether the device that asks is its account's still."""

    people: dict[bytes, PersonRow]
    leaves: list[LeaveRow]
    devices: dict[bytes, bytes]
    active: bool


#: Where nothing stands yet.
NOTHING = Found({}, [], {}, active=True)


async def read(connection: Connection, conversation: bytes, account: bytes, device: bytes) -> Found:
    """All of it, of a conversation that is locked."""
    rows = await connection.fetch(
        """
        SELECT 1, chain, account, added_by, admin, since, first_seen
        FROM accounts.conversation_people WHERE conversation = $1
        UNION ALL
        SELECT 2, chain, device, signature, NULL, since, NULL
        FROM accounts.leaves WHERE conversation = $1
        UNION ALL
        SELECT 3, device, account, NULL, NULL, NULL, NULL
        FROM accounts.conversation_devices WHERE conversation = $1
        UNION ALL
        SELECT 4, NULL, NULL, NULL, NULL, NULL, NULL
        FROM accounts.devices WHERE account = $2 AND device = $3
        """,
        conversation,
        account,
        device,
    )
    found = Found({}, [], {}, any(row[0] == 4 for row in rows))
    for kind, one, other, third, admin, since, first_seen in rows:
        if kind == 1:
            found.people[one] = PersonRow(one, other, admin, since, first_seen, third)
        elif kind == 2:
            found.leaves.append(LeaveRow(one, since, other, third))
        elif kind == 3:
            found.devices[one] = other
    return found
