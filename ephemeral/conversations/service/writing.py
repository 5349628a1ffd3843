"""Writing a record that was judged good, with all that follows from it, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import (
    advance_rows,
    conversation_rows,
    member_rows,
    people_rows,
    record_rows,
)
from ephemeral.conversations.rows.conversation_rows import Advance
from ephemeral.conversations.rows.people_rows import PersonRow
from ephemeral.conversations.rows.record_rows import NewRecord, RecordRow
from ephemeral.conversations.rows.standing_rows import NOTHING, Found
from ephemeral.conversations.rules import limits
from ephemeral.conversations.rules.log_state import LogState
from ephemeral.conversations.rules.records import Begun
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.records import Records
from ephemeral.conversations.service.tail import Tail
from ephemeral.protocol.accounts.statements import HASH_SIZE
from ephemeral.protocol.conversations.log import RECORD, Log
from ephemeral.protocol.conversations.records import ADMIN, Person, Record, SignedRecord
from ephemeral.protocol.errors import refuse
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Come", "Writing"]

# Whose account a chain is, of all people of a record; None if it is none's in force.
Accounts = Mapping[bytes, bytes | None]
# The account as whose device one is listed, of all devices of which that is anybody's.
Owners = Mapping[bytes, bytes]


class Come(NamedTuple):
    """Who has written a record, and which accounts they have brought by it, unasked."""

    author: bytes
    brought: AbstractSet[bytes]


class Writing:
    """Writes records."""

    def __init__(self, values: SealedValues, records: Records, boxes: Boxes, tail: Tail) -> None:
        self._values = values
        self._records = records
        self._boxes = boxes
        self._tail = tail

    async def now(self, connection: Connection) -> int:
        """The time."""
        return await clock(connection)

    async def begin(
        self,
        connection: Connection,
        signed: SignedRecord,
        boxes: Sequence[bytes],
        accounts: Accounts,
        owners: Owners,
        come: Come,
        now: int,
    ) -> Begun:
        """A conversation's first record; refuses `conflict` if somebody else founds it just now."""
        entry = signed.entry()
        digest = hashlib.sha256(entry).digest()
        new = _advance(signed, digest, Log.first(signed.record.conversation), now)
        refuse(not await conversation_rows.insert(connection, new), "conflict")
        row = await self._sealed(connection, signed, entry, digest, boxes, new)
        await record_rows.insert(connection, row)
        await self._list(connection, signed, accounts, owners, come, new)
        return Begun(new.conversation, new.epoch, new.s, new.log, now)

    async def go_on(
        self,
        connection: Connection,
        state: LogState,
        signed: SignedRecord,
        boxes: Sequence[bytes],
        accounts: Accounts,
        owners: Owners,
        come: Come,
        before: Record,
        rows: Found,
        now: int,
    ) -> Begun:
        """The next record of a conversation, which is locked, in this state, with these rows."""
        entry = signed.entry()
        digest = hashlib.sha256(entry).digest()
        new = _advance(signed, digest, Log(state.s, state.log), now)
        row = await self._sealed(connection, signed, entry, digest, boxes, new)
        await self._list(connection, signed, accounts, owners, come, new, rows)
        # Who is gone held something back, perhaps; and this author has seen more.
        trimmed = await advance_rows.advance(
            connection, row, new, now // limits.DAY_MS, limits.UNSEEN_DAYS
        )
        if trimmed is not None:
            self._tail.trimmed(trimmed)
        newcomers = [
            one for chain, one in accounts.items() if one is not None and chain not in rows.people
        ]
        if newcomers:
            payloads = await member_rows.drop_joins(connection, new.conversation, newcomers)
            await self._values.destroy(connection, payloads)
            await member_rows.forget_departures_of(connection, new.conversation, newcomers)
        if signed.record.joining != before.joining:
            await self._forget_link(connection, new.conversation, now)
        return Begun(new.conversation, new.epoch, new.s, new.log, now)

    async def _forget_link(self, connection: Connection, conversation: bytes, now: int) -> None:
        """Who waits by a link that is good no more waits no more: else whoever has spread it, and
        fills the places of all who wait, would hold them for a week."""
        waiting = await member_rows.joins(connection, conversation, now)
        known = await self._values.read(connection, "join", [one.payload for one in waiting])
        by_link = [
            one.account
            for one in waiting
            if (content := known.get(one.payload)) is None or content[0] == HASH_SIZE
        ]
        payloads = await member_rows.drop_joins(connection, conversation, by_link)
        await self._values.destroy(connection, payloads)

    async def _sealed(
        self,
        connection: Connection,
        signed: SignedRecord,
        entry: bytes,
        digest: bytes,
        boxes: Sequence[bytes],
        new: Advance,
    ) -> NewRecord:
        """The record, which has this entry, as it is written; its payloads are."""
        record, conversation = signed.record, new.conversation
        named = zip([one.device for one in record.devices], boxes, strict=True)
        kept = await self._boxes.store(connection, conversation, new.epoch, entry, named)
        row = RecordRow(
            conversation,
            new.epoch,
            new.record,
            new.s,
            new.log,
            new.at,
            kept.record,
            kept.key,
            len(entry),
        )
        chains = [one.chain for one in record.people]
        return NewRecord(row, record.by, digest, kept.boxes, chains)

    async def _list(
        self,
        connection: Connection,
        signed: SignedRecord,
        accounts: Accounts,
        owners: Owners,
        come: Come,
        new: Advance,
        rows: Found = NOTHING,
    ) -> None:
        """Who is in the conversation by this record, and by which devices."""
        record = signed.record
        present = {
            one.chain: PersonRow(
                one.chain,
                accounts[one.chain],
                one.role == ADMIN,
                one.since,
                *_since(record, one, accounts[one.chain], come, rows.people),
            )
            for one in record.people
        }
        if present != rows.people:
            await people_rows.replace_people(connection, new.conversation, list(present.values()))
        await self._list_devices(connection, signed, owners, new, rows.devices)
        self._records.remember(new.record, record)

    async def _list_devices(
        self,
        connection: Connection,
        signed: SignedRecord,
        owners: Owners,
        new: Advance,
        was: Mapping[bytes, bytes],
    ) -> None:
        """Cursors for the devices that the record lists, and for no others."""
        gone = sorted(one for one, account in was.items() if owners.get(one) != account)
        if gone:
            await people_rows.drop_devices(connection, new.conversation, gone)
            await self._boxes.drop_of(connection, [(new.conversation, one) for one in gone])
        come = [(one, account) for one, account in owners.items() if was.get(one) != account]
        if come:
            await people_rows.add_devices(
                connection, new.conversation, come, new.s, signed.record.seen
            )


def _advance(signed: SignedRecord, digest: bytes, log: Log, now: int) -> Advance:
    record = signed.record
    place = log.next(RECORD, record.by, digest)
    return Advance(
        record.conversation,
        record.epoch,
        signed.hash,
        place.place,
        place.hash,
        record.seen,
        record.timer,
        len(record.people),
        now,
    )


def _since(
    record: Record,
    person: Person,
    account: bytes | None,
    come: Come,
    was: Mapping[bytes, PersonRow],
) -> tuple[int, bytes | None]:
    """Up to which place a person is served nothing (what a newcomer's record had seen), and who has
    brought them."""
    row = was.get(person.chain)
    if row is not None:
        return row.first_seen, row.added_by
    return record.seen, come.author if account in come.brought else None
