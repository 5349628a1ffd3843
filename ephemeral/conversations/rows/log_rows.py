"""Rows of logs: what a batch of posts and acknowledgements reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.conversations.rules.log_state import LogState, Member, Place

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = [
    "STATE",
    "EntryRow",
    "Found",
    "PlaceRow",
    "lock",
    "lock_as",
    "look",
    "move_cursors",
    "update",
    "write",
]

#: A conversation's row, as `LogState` has it.
STATE = """
    conversation, epoch, record, record_s, record_seen, timer, people, s, log, began_at, messages,
    renew_told, due, told_device, told_at, tail, waiting, waiting_bytes, segment, segment_hour
"""


class PlaceRow(NamedTuple):
    """A place of a log."""

    conversation: bytes
    kind: int
    device: bytes
    id: bytes | None
    place: Place


class EntryRow(NamedTuple):
    """A message that waits."""

    conversation: bytes
    s: int
    segment: bytes
    expires_at: int
    sealed: bytes


class Found(NamedTuple):
    """What a batch asks for beside the conversations themselves.

    `members` by conversation and device; `people` are conversations with accounts, `silent` those
    of them who were brought there and have said nothing yet; `known` are places by conversation,
    device and id; `hashes` by conversation and place.
    """

    members: dict[tuple[bytes, bytes], Member]
    people: set[tuple[bytes, bytes]]
    silent: set[tuple[bytes, bytes]]
    known: dict[tuple[bytes, bytes, bytes], Place]
    hashes: dict[tuple[bytes, int], bytes]


async def lock(
    connection: Connection, conversations: Iterable[bytes]
) -> tuple[dict[bytes, LogState], int]:
    """Conversations by id, locked in the order of these, and the time."""
    rows = await connection.fetch(
        f"""
        SELECT clock_ms(), {STATE} FROM accounts.conversations
        WHERE conversation = ANY($1::bytea[]) ORDER BY conversation FOR UPDATE
        """,  # noqa: S608
        sorted(conversations),
    )
    now = rows[0][0] if rows else 0
    return {row[1]: LogState(*tuple(row)[1:]) for row in rows}, now


async def lock_as(
    connection: Connection, asked: Iterable[tuple[bytes, bytes]]
) -> tuple[dict[bytes, LogState], int]:
    """The same of those conversations that their accounts are in: (conversation, account).

    Whoever is in none locks nothing and writes nothing, as where there is none: else the time of a
    refusal would tell which ids are there.
    """
    pairs = sorted(set(asked))
    rows = await connection.fetch(
        f"""
        SELECT clock_ms(), {STATE} FROM accounts.conversations WHERE conversation IN (
          SELECT p.conversation FROM unnest($1::bytea[], $2::bytea[]) AS a (conversation, account)
          JOIN accounts.conversation_people p
            ON p.account = a.account AND p.conversation = a.conversation
        ) ORDER BY conversation FOR UPDATE
        """,  # noqa: S608
        [one[0] for one in pairs],
        [one[1] for one in pairs],
    )
    now = rows[0][0] if rows else 0
    return {row[1]: LogState(*tuple(row)[1:]) for row in rows}, now


async def look(
    connection: Connection,
    devices: Iterable[tuple[bytes, bytes, bytes]],
    ids: Iterable[tuple[bytes, bytes, bytes]],
    places: Iterable[tuple[bytes, int]],
) -> Found:
    """What a batch needs: of (conversation, device, account), (conversation, device, id) and
    (conversation, place)."""
    asked, messages, seen = list(devices), list(ids), list(places)
    rows = await connection.fetch(
        """
        SELECT 1, d.conversation, d.device, d.account, NULL::bytea, d.cursor, d.hold
        FROM unnest($1::bytea[], $2::bytea[]) AS a (conversation, device)
        JOIN accounts.conversation_devices d
          ON d.conversation = a.conversation AND d.device = a.device
        UNION ALL
        SELECT 2, p.conversation, p.account, NULL, NULL, (p.added_by IS NOT NULL)::integer, 0
        FROM unnest($1::bytea[], $3::bytea[]) AS a (conversation, account)
        JOIN accounts.conversation_people p
          ON p.account = a.account AND p.conversation = a.conversation
        UNION ALL
        SELECT 3, p.conversation, p.device || p.id, p.digest, p.hash, p.s, p.at
        FROM unnest($4::bytea[], $5::bytea[], $6::bytea[]) AS a (conversation, device, id)
        JOIN accounts.log_places p
          ON p.conversation = a.conversation AND p.device = a.device AND p.id = a.id
        UNION ALL
        SELECT 4, p.conversation, p.hash, NULL, NULL, p.s, 0
        FROM unnest($7::bytea[], $8::bigint[]) AS a (conversation, s)
        JOIN accounts.log_places p ON p.conversation = a.conversation AND p.s = a.s
        """,
        [one[0] for one in asked],
        [one[1] for one in asked],
        [one[2] for one in asked],
        [one[0] for one in messages],
        [one[1] for one in messages],
        [one[2] for one in messages],
        [one[0] for one in seen],
        [one[1] for one in seen],
    )
    found = Found({}, set(), set(), {}, {})
    for kind, conversation, first, second, third, n, m in rows:
        if kind == 1:
            found.members[conversation, first] = Member(second, n, m)
        elif kind == 2:
            found.people.add((conversation, first))
            if n:
                found.silent.add((conversation, first))
        elif kind == 3:
            found.known[conversation, first[:16], first[16:]] = Place(n, second, third, m)
        else:
            found.hashes[conversation, n] = first
    return found


async def write(
    connection: Connection, places: Sequence[PlaceRow], entries: Sequence[EntryRow]
) -> None:
    """Write places, and the messages that wait."""
    await connection.execute(
        """
        WITH placed AS (
          INSERT INTO accounts.log_places (conversation, s, kind, device, id, digest, hash, at)
          SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::smallint[], $4::bytea[], $5::bytea[],
                               $6::bytea[], $7::bytea[], $8::bigint[])
        )
        INSERT INTO accounts.entries (conversation, s, segment, expires_at, sealed)
        SELECT * FROM unnest($9::bytea[], $10::bigint[], $11::bytea[], $12::bigint[], $13::bytea[])
        """,
        [one.conversation for one in places],
        [one.place.s for one in places],
        [one.kind for one in places],
        [one.device for one in places],
        [one.id for one in places],
        [one.place.digest for one in places],
        [one.place.hash for one in places],
        [one.place.at for one in places],
        [one.conversation for one in entries],
        [one.s for one in entries],
        [one.segment for one in entries],
        [one.expires_at for one in entries],
        [one.sealed for one in entries],
    )


async def update(connection: Connection, states: Sequence[LogState]) -> None:
    """Note what posts have changed of conversations, which are locked."""
    await connection.execute(
        """
        UPDATE accounts.conversations c
        SET s = n.s, log = n.log, messages = n.messages, renew_told = n.renew_told,
            told_device = n.told_device, told_at = n.told_at, waiting = n.waiting,
            waiting_bytes = n.waiting_bytes, segment = n.segment, segment_hour = n.segment_hour
        FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::integer[], $5::integer[],
                    $6::bytea[], $7::bigint[], $8::integer[], $9::bigint[], $10::bytea[],
                    $11::integer[])
          AS n (conversation, s, log, messages, renew_told, told_device, told_at, waiting,
                waiting_bytes, segment, segment_hour)
        WHERE c.conversation = n.conversation
        """,
        [one.conversation for one in states],
        [one.s for one in states],
        [one.log for one in states],
        [one.messages for one in states],
        [one.renew_told for one in states],
        [one.told_device for one in states],
        [one.told_at for one in states],
        [one.waiting for one in states],
        [one.waiting_bytes for one in states],
        [one.segment for one in states],
        [one.segment_hour for one in states],
    )


async def move_cursors(connection: Connection, moved: Sequence[tuple[bytes, bytes, int]]) -> None:
    """Note how far devices have stored what they read: (conversation, device, cursor)."""
    await connection.execute(
        """
        UPDATE accounts.conversation_devices d SET cursor = n.cursor, hold = n.cursor
        FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) AS n (conversation, device, cursor)
        WHERE d.conversation = n.conversation AND d.device = n.device
        """,
        [one[0] for one in moved],
        [one[1] for one in moved],
        [one[2] for one in moved],
    )
