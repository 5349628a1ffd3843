"""Rows of who is in a conversation: people, their devices, and the chains that records name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "ChangedRow",
    "PersonRow",
    "add_devices",
    "answered",
    "bind",
    "cursors",
    "deserted",
    "devices_of",
    "drop_devices",
    "drop_devices_of",
    "drop_person",
    "full",
    "is_active",
    "is_beside",
    "lock_of_account",
    "lock_of_chains",
    "people",
    "person",
    "replace_people",
    "set_due",
    "unanswered",
    "unbind",
]


class PersonRow(NamedTuple):
    """Somebody in a conversation; `account` is None where the chain is none's in force. What stands
    in the log up to `first_seen` is from before this person. `added_by`: the account that has
    brought them, as long as they have said nothing."""

    chain: bytes
    account: bytes | None
    admin: bool
    since: int
    first_seen: int
    added_by: bytes | None


class ChangedRow(NamedTuple):
    """A conversation that something about its people may have changed for."""

    conversation: bytes
    people: int
    due: str | None
    s: int


async def person(connection: Connection, conversation: bytes, account: bytes) -> PersonRow | None:
    """An account in a conversation."""
    row = await connection.fetchrow(
        """
        SELECT chain, account, admin, since, first_seen, added_by
        FROM accounts.conversation_people
        WHERE account = $2 AND conversation = $1
        """,
        conversation,
        account,
    )
    return None if row is None else PersonRow(*row)


async def people(connection: Connection, conversation: bytes) -> dict[bytes, PersonRow]:
    """All who are in a conversation and haven't left, by chain."""
    rows = await connection.fetch(
        """
        SELECT chain, account, admin, since, first_seen, added_by
        FROM accounts.conversation_people
        WHERE conversation = $1 ORDER BY since, chain
        """,
        conversation,
    )
    return {row[0]: PersonRow(*row) for row in rows}


async def is_active(connection: Connection, account: bytes, device: bytes) -> bool:
    """Whether a device is one of its account's still."""
    found = await connection.fetchval(
        "SELECT true FROM accounts.devices WHERE account = $1 AND device = $2", account, device
    )
    return found is not None


async def full(connection: Connection, accounts: Sequence[bytes], most: int) -> bool:
    """Whether any of these accounts is in so many conversations."""
    found = await connection.fetchval(
        """
        SELECT true FROM unnest($1::bytea[]) AS asked (account)
        WHERE (SELECT count(*) FROM accounts.conversation_people p
               WHERE p.account = asked.account) >= $2 LIMIT 1
        """,
        list(accounts),
        most,
    )
    return found is not None


async def unanswered(
    connection: Connection, author: bytes, accounts: Sequence[bytes], most: int
) -> bool:
    """Whether any of these was brought by this author into so many in which they said nothing."""
    found = await connection.fetchval(
        """
        SELECT true FROM unnest($2::bytea[]) AS asked (account)
        WHERE (SELECT count(*) FROM accounts.conversation_people p
               WHERE p.added_by = $1 AND p.account = asked.account) >= $3 LIMIT 1
        """,
        author,
        list(accounts),
        most,
    )
    return found is not None


async def answered(connection: Connection, who: Sequence[tuple[bytes, bytes]]) -> None:
    """These have said something: (conversation, account)."""
    await connection.execute(
        """
        UPDATE accounts.conversation_people p SET added_by = NULL
        FROM unnest($1::bytea[], $2::bytea[]) AS n (conversation, account)
        WHERE p.conversation = n.conversation AND p.account = n.account
        """,
        [one[0] for one in who],
        [one[1] for one in who],
    )


async def replace_people(
    connection: Connection, conversation: bytes, present: Sequence[PersonRow]
) -> None:
    """These are in a conversation from now on, and nobody else."""
    await connection.execute(
        """
        DELETE FROM accounts.conversation_people
        WHERE conversation = $1 AND NOT chain = ANY($2::bytea[])
        """,
        conversation,
        [one.chain for one in present],
    )
    await connection.execute(
        """
        INSERT INTO accounts.conversation_people
          (conversation, chain, account, admin, since, first_seen, added_by)
        SELECT $1, * FROM
          unnest($2::bytea[], $3::bytea[], $4::boolean[], $5::bigint[], $6::bigint[], $7::bytea[])
        ON CONFLICT (conversation, chain)
        DO UPDATE SET account = excluded.account, admin = excluded.admin, since = excluded.since,
                      first_seen = excluded.first_seen, added_by = excluded.added_by
        """,
        conversation,
        [one.chain for one in present],
        [one.account for one in present],
        [one.admin for one in present],
        [one.since for one in present],
        [one.first_seen for one in present],
        [one.added_by for one in present],
    )


async def drop_person(connection: Connection, conversation: bytes, chain: bytes) -> None:
    """Somebody has left."""
    await connection.execute(
        "DELETE FROM accounts.conversation_people WHERE conversation = $1 AND chain = $2",
        conversation,
        chain,
    )


async def devices_of(connection: Connection, conversation: bytes) -> dict[bytes, bytes]:
    """The devices that are listed, with their accounts."""
    rows = await connection.fetch(
        "SELECT device, account FROM accounts.conversation_devices WHERE conversation = $1",
        conversation,
    )
    return {row[0]: row[1] for row in rows}


async def cursors(connection: Connection, conversation: bytes) -> dict[bytes, int]:
    """Up to which place each listed device has stored what it read."""
    rows = await connection.fetch(
        "SELECT device, cursor FROM accounts.conversation_devices WHERE conversation = $1",
        conversation,
    )
    return {row[0]: row[1] for row in rows}


async def add_devices(
    connection: Connection,
    conversation: bytes,
    devices: Sequence[tuple[bytes, bytes]],
    first_s: int,
    seen: int,
) -> None:
    """Devices (device, account) that a record lists for the first time, at its place."""
    await connection.execute(
        """
        INSERT INTO accounts.conversation_devices
          (conversation, device, account, first_s, cursor, hold)
        SELECT $1, device, account, $4, $4, $5
        FROM unnest($2::bytea[], $3::bytea[]) AS n (device, account)
        """,
        conversation,
        [one[0] for one in devices],
        [one[1] for one in devices],
        first_s,
        seen,
    )


async def drop_devices(
    connection: Connection, conversation: bytes, devices: Sequence[bytes]
) -> None:
    """Devices that aren't listed any more."""
    await connection.execute(
        """
        DELETE FROM accounts.conversation_devices
        WHERE conversation = $1 AND device = ANY($2::bytea[])
        """,
        conversation,
        list(devices),
    )


async def drop_devices_of(
    connection: Connection, account: bytes, devices: Sequence[bytes] | None
) -> list[tuple[bytes, bytes]]:
    """Devices of an account, or all of them, go from all conversations: (conversation, device)."""
    rows = await connection.fetch(
        """
        DELETE FROM accounts.conversation_devices
        WHERE account = $1 AND ($2::bytea[] IS NULL OR device = ANY($2))
        RETURNING conversation, device
        """,
        account,
        None if devices is None else list(devices),
    )
    return [(row[0], row[1]) for row in rows]


async def lock_of_chains(connection: Connection, chains: Sequence[bytes]) -> list[ChangedRow]:
    """The conversations that these chains are in, locked in their order."""
    await connection.execute(
        """
        SELECT FROM accounts.conversations WHERE conversation IN (
          SELECT conversation FROM accounts.conversation_people WHERE chain = ANY($1::bytea[])
        ) ORDER BY conversation FOR UPDATE
        """,
        list(chains),
    )
    # What they were before others let go of them doesn't count.
    rows = await connection.fetch(
        """
        SELECT conversation, people, due, s FROM accounts.conversations WHERE conversation IN (
          SELECT conversation FROM accounts.conversation_people WHERE chain = ANY($1::bytea[])
        ) ORDER BY conversation
        """,
        list(chains),
    )
    return [ChangedRow(*row) for row in rows]


async def lock_of_account(connection: Connection, account: bytes) -> list[ChangedRow]:
    """The conversations that an account is in or waits to be, locked in their order."""
    rows = await connection.fetch(
        """
        SELECT conversation, people, due, s FROM accounts.conversations WHERE conversation IN (
          SELECT conversation FROM accounts.conversation_people WHERE account = $1
          UNION ALL SELECT conversation FROM accounts.conversation_devices WHERE account = $1
          UNION ALL SELECT conversation FROM accounts.joins WHERE account = $1
        ) ORDER BY conversation FOR UPDATE
        """,
        account,
    )
    return [ChangedRow(*row) for row in rows]


async def bind(connection: Connection, chain: bytes, account: bytes) -> None:
    """A chain is an account's in force."""
    await connection.execute(
        "UPDATE accounts.conversation_people SET account = $2 WHERE chain = $1", chain, account
    )


async def unbind(connection: Connection, account: bytes, but: bytes | None) -> None:
    """An account is in no conversation any more, but as one chain."""
    await connection.execute(
        """
        UPDATE accounts.conversation_people SET account = NULL
        WHERE account = $1 AND chain IS DISTINCT FROM $2
        """,
        account,
        but,
    )


async def set_due(connection: Connection, why: str, conversations: Sequence[bytes]) -> None:
    """Another epoch must begin there, for this reason, unless there is one already."""
    await connection.execute(
        """
        UPDATE accounts.conversations SET due = $1
        WHERE conversation = ANY($2::bytea[]) AND (due IS NULL OR $1 = 'people')
        """,
        why,
        list(conversations),
    )


async def is_beside(connection: Connection, account: bytes, chain: bytes) -> bool:
    """Whether kept records list a chain beside one of this account, or it waits to be added."""
    found = await connection.fetchval(
        """
        SELECT true FROM accounts.conversation_chains x
        JOIN accounts.conversation_chains own ON own.conversation = x.conversation
        JOIN accounts.chains c ON c.chain = own.chain
        WHERE x.chain = $2 AND c.account = $1 AND c.state = 'open'
          AND own.first_epoch <= x.last_epoch AND x.first_epoch <= own.last_epoch
        UNION ALL
        SELECT true FROM accounts.chains c
        JOIN accounts.joins j ON j.account = c.account
        JOIN accounts.conversation_people p ON p.conversation = j.conversation
        WHERE c.chain = $2 AND c.state = 'open' AND p.account = $1
        LIMIT 1
        """,
        account,
        chain,
    )
    return found is not None


async def deserted(
    connection: Connection, conversations: Sequence[bytes], ended: int, gone: bytes | None = None
) -> list[bytes]:
    """Those of these conversations that nobody is in who may be back: no account's chain in force,
    and none that has ended since `ended`, which a recovery may bring back. `gone`: an account that
    doesn't count."""
    rows = await connection.fetch(
        """
        SELECT x.conversation FROM unnest($1::bytea[]) AS asked (conversation)
        JOIN accounts.conversations x ON x.conversation = asked.conversation
        WHERE NOT EXISTS (
          SELECT FROM accounts.conversation_people p
          LEFT JOIN accounts.chains c
            ON c.chain = p.chain AND c.state = 'ended' AND c.ended_at > $2
          WHERE p.conversation = x.conversation AND coalesce(p.account, c.account) IS NOT NULL
            AND coalesce(p.account, c.account) IS DISTINCT FROM $3)
        """,
        list(conversations),
        ended,
        gone,
    )
    return [row[0] for row in rows]
