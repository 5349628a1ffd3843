"""What is read of conversations: the list, the log, records with own boxes, people and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.doors import Doors
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import (
    conversation_rows,
    member_rows,
    people_rows,
    reading_rows,
    record_rows,
)
from ephemeral.conversations.rows.member_rows import LeaveRow
from ephemeral.conversations.rows.reading_rows import LogRow
from ephemeral.conversations.rows.record_rows import RecordRow
from ephemeral.conversations.rules.summary import Summary
from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.recent import Item
from ephemeral.conversations.service.records import Records
from ephemeral.conversations.service.segments import Segments
from ephemeral.protocol.conversations.log import RECORD
from ephemeral.protocol.errors import Refusal
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.accounts.doors import ChainState, Sealing
    from ephemeral.store.postgres import Connection, Pool

__all__ = [
    "Epoch",
    "EpochPage",
    "Join",
    "ListPage",
    "LogPage",
    "MembersPage",
    "PersonNow",
    "Reading",
]

#: What an answer holds at most: things, and bytes of them.
PAGE, PAGE_BYTES = 100, 1024 * 1024
#: Conversations in one answer.
LISTED = 250


class ListPage(NamedTuple):
    """Conversations of an account."""

    conversations: Sequence[Summary]
    more: bool
    now: int


class LogPage(NamedTuple):
    """A piece of a log, and how the conversation stands."""

    items: Sequence[Item]
    summary: Summary
    more: bool
    now: int


class Epoch(NamedTuple):
    """An epoch's record, and the own box if it waits."""

    epoch: int
    s: int
    at: int
    entry: bytes
    box: bytes | None


class EpochPage(NamedTuple):
    """Records of a conversation."""

    epochs: Sequence[Epoch]
    more: bool
    now: int


class PersonNow(NamedTuple):
    """Somebody's chain at its newest statement, and the keys of its devices, if they have any."""

    chain: bytes
    account: bytes | None
    sequence: int
    head: bytes
    devices: Sequence[tuple[bytes, Sealing | None]]


class Join(NamedTuple):
    """Who waits to be added."""

    invitation: bytes
    sealed: bytes
    person: PersonNow


class MembersPage(NamedTuple):
    """Who is in a conversation, has left it, and waits to be added; up to which place each listed
    device has stored what it read."""

    people: Sequence[PersonNow]
    leaves: Sequence[LeaveRow]
    joins: Sequence[Join]
    cursors: Mapping[bytes, int]
    now: int


class Reading:
    """Reads for whoever is in a conversation; refuses `not_found` to everybody else."""

    def __init__(
        self,
        pool: Pool,
        doors: Doors,
        values: SealedValues,
        segments: Segments,
        records: Records,
        boxes: Boxes,
    ) -> None:
        self._pool = pool
        self._doors = doors
        self._values = values
        self._segments = segments
        self._records = records
        self._boxes = boxes

    async def listed(self, asker: Asker, after: bytes) -> ListPage:
        """The conversations of an account, in the order of their names, after one."""

        async def work(connection: Connection) -> ListPage:
            found = await conversation_rows.listed(connection, *asker, after, LISTED + 1)
            return ListPage(found[:LISTED], len(found) > LISTED, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def one(self, asker: Asker, conversation: bytes) -> tuple[Summary, int]:
        """One of them."""

        async def work(connection: Connection) -> tuple[Summary, int]:
            found = await self._summary(connection, asker, conversation)
            return found, await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def log(self, asker: Asker, conversation: bytes, after: int, most: int = PAGE) -> LogPage:
        """What stands in the log after a place; refuses `behind` where that isn't kept."""

        async def work(connection: Connection) -> LogPage:
            found = await self._summary(connection, asker, conversation)
            items = await self.items(
                connection,
                conversation,
                found.kept,
                found.s,
                after,
                min(most, PAGE),
                found.first,
            )
            more = bool(items) and items[-1].s < found.s
            return LogPage(items, found, more, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def items(
        self,
        connection: Connection,
        conversation: bytes,
        kept: int,
        last: int,
        after: int,
        most: int,
        first: int | None,
    ) -> list[Item]:
        """Places after one, with what was written from `first` on, if that is kept.

        `kept` and `last` are the first and the last place of the log. Refuses `behind`.
        """
        if after < kept - 1:
            raise Refusal("behind", details={"first": kept})
        readable_from = first if first is not None else last + 1
        rows = await reading_rows.log(
            connection, conversation, after, most, PAGE_BYTES, readable_from
        )
        readable = [one for one in rows if one.s >= readable_from]
        segments = {one.segment for one in readable if one.segment is not None}
        await self._segments.load(connection, segments)
        places = [one.s for one in readable if one.kind == RECORD]
        records = await record_rows.at_places(connection, conversation, places) if places else {}
        entries = await self._records.entries(connection, list(records.values()))
        items: list[Item] = []
        size = 0
        for one in rows:
            entry = None
            if one.s >= readable_from:
                entry = self._entry(conversation, one, records, entries)
            item = Item(one.s, one.kind, one.device, one.id, one.at, one.digest, entry)
            size += len(entry or b"")
            if items and size > PAGE_BYTES:
                break
            items.append(item)
        return items

    def _entry(
        self,
        conversation: bytes,
        row: LogRow,
        records: dict[int, RecordRow],
        entries: dict[int, bytes],
    ) -> bytes | None:
        if row.kind == RECORD:
            record = records.get(row.s)
            return None if record is None else entries.get(record.epoch)
        if row.segment is None or row.sealed is None:
            return None
        return self._segments.unseal(row.segment, conversation, row.s, row.sealed)

    async def epochs(
        self, asker: Asker, conversation: bytes, after: int, most: int = PAGE
    ) -> EpochPage:
        """Records after an epoch, from when the person entered on, with the own boxes."""

        async def work(connection: Connection) -> EpochPage:
            found = await self._summary(connection, asker, conversation)
            wanted = min(most, PAGE)
            rows = await record_rows.after(
                connection, conversation, max(after, found.since - 1), wanted + 1
            )
            rows, more = rows[:wanted], len(rows) > wanted
            entries = await self._records.entries(connection, rows)
            boxes = await self._boxes.of(connection, asker.device, rows)
            epochs: list[Epoch] = []
            size = 0
            for one in rows:
                entry = entries.get(one.epoch)
                if entry is None:
                    continue
                box = boxes.get(one.epoch)
                size += len(entry) + len(box or b"")
                if epochs and size > PAGE_BYTES:
                    more = True
                    break
                epochs.append(Epoch(one.epoch, one.s, one.at, entry, box))
            return EpochPage(epochs, more, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def members(self, asker: Asker, conversation: bytes) -> MembersPage:
        """All who are in a conversation with their newest chains and keys; who left, who waits."""

        async def work(connection: Connection) -> MembersPage:
            found = await self._summary(connection, asker, conversation)
            now = await clock(connection)
            record = await self._records.newest(connection, conversation, found.record)
            waiting = await member_rows.joins(connection, conversation, now)
            chains = await self._doors.people.chains(
                connection, [one.chain for one in record.people]
            )
            in_force = await self._doors.people.now(connection, [one.account for one in waiting])
            accounts = {one.account for one in chains.values() if one.account and one.open}
            keys = await self._doors.people.sealing_keys(
                connection, sorted(accounts | in_force.keys())
            )
            people = [
                _person(one.chain, chains[one.chain], keys)
                for one in record.people
                if one.chain in chains
            ]
            sealed = await self._values.read(connection, "join", [one.payload for one in waiting])
            joins = []
            for one in waiting:
                who = in_force.get(one.account)
                content = sealed.get(one.payload)
                if who is not None and content is not None:
                    length = content[0]
                    chain = who.chain
                    person = PersonNow(
                        chain.id, one.account, chain.sequence, chain.head,
                        [(each.id, keys.get((one.account, each.id))) for each in chain.devices],
                    )  # fmt: skip
                    joins.append(Join(content[1 : 1 + length], content[1 + length :], person))
            left = await member_rows.leaves(connection, conversation)
            cursors = await people_rows.cursors(connection, conversation)
            return MembersPage(people, left, joins, cursors, now)

        return await transaction(self._pool, work, read_only=True)

    async def _summary(self, connection: Connection, asker: Asker, conversation: bytes) -> Summary:
        found = await conversation_rows.summary(connection, conversation, *asker)
        if found is None:
            raise Refusal("not_found")
        return found


def _person(chain: bytes, state: ChainState, keys: dict[tuple[bytes, bytes], Sealing]) -> PersonNow:
    said = state.chain
    account = (state.account if state.open else None) or b""
    return PersonNow(
        chain,
        state.account if state.open else None,
        said.sequence,
        said.head,
        [(one.id, keys.get((account, one.id))) for one in said.devices],
    )
