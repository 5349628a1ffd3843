"""Epochs: a record is compared with what stands, judged, and set, all under the conversation's row.

Accounts are locked before: no chain that the record names moves on meanwhile, so that either the
record knows of a statement, or the statement finds the record and says that another is due.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.accounts.doors import ChainState, Doors
from ephemeral.conversations.rows import (
    conversation_rows,
    line_rows,
    log_rows,
    member_rows,
    people_rows,
    record_rows,
    standing_rows,
)
from ephemeral.conversations.rows.standing_rows import ChainEnd, Found
from ephemeral.conversations.rules import limits, prices
from ephemeral.conversations.rules.log_state import LogState, why_due
from ephemeral.conversations.rules.records import (
    Begun,
    changes_nothing,
    is_newest_key,
    takes_out,
)
from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.consent import Consent
from ephemeral.conversations.service.destruction import Destruction
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.lines import Lines
from ephemeral.conversations.service.records import Records
from ephemeral.conversations.service.stock import Stock
from ephemeral.conversations.service.wakes import Wakes
from ephemeral.conversations.service.writing import Come, Writing
from ephemeral.protocol.conversations.judge import Bad, judge, listed_of
from ephemeral.protocol.conversations.judge import Lines as JudgeLines
from ephemeral.protocol.conversations.records import Record, SignedRecord
from ephemeral.protocol.conversations.registers import founding_hash, self_conversation
from ephemeral.protocol.errors import Refusal, refuse

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Epochs"]


@dataclass(slots=True)
class _Standing:
    """What a record is compared with, all as its rows say; and what its author's account has posted
    today, with it, and whether it may post more than others."""

    state: LogState
    before: Record
    rows: Found
    spent: int
    free: bool


class Epochs:
    """Begins conversations and their epochs."""

    def __init__(
        self,
        doors: Doors,
        lines: Lines,
        records: Records,
        consent: Consent,
        writing: Writing,
        destruction: Destruction,
        hints: Hints,
        stock: Stock,
        wakes: Wakes | None,
    ) -> None:
        self._doors = doors
        self._wakes = wakes
        self._lines = lines
        self._records = records
        self._consent = consent
        self._writing = writing
        self._destruction = destruction
        self._hints = hints
        self._stock = stock

    async def found(self, asker: Asker, signed: SignedRecord, boxes: Sequence[bytes]) -> Begun:
        """Begin a conversation; the same again changes nothing.

        Refuses what the judge does, `conflict`, and as `Consent` does.
        """
        record = signed.record
        refuse(record.epoch != 1, "record_epoch")
        refuse(record.by != asker.device, "record_author")

        async def work(connection: Connection) -> Begun:
            await self._hold(connection, asker, record)
            lines, states = await self._lines.of(connection, [one.chain for one in record.people])
            own = _own(states, asker.account)
            states_of, now = await log_rows.lock(connection, [record.conversation])
            standing = states_of.get(record.conversation)
            if standing is not None:
                again = await self._again(connection, signed, now)
                if again is not None:
                    return again
                await self._evict(connection, record, own)
            now = await self._writing.now(connection)
            verdict = judge(None, signed, lines, complete=True)
            if isinstance(verdict, Bad):
                raise Refusal(verdict.code)
            self._require_newest(record, lines, None)
            accounts = _accounts(record, states)
            owners = _owners(record, lines, accounts)
            named = await self._doors.people.key_names(connection, sorted(set(owners.values())))
            self._require_keys(record, None, owners, named, None)
            self._stock.require()
            # Locked behind all accounts and the conversation: of one account only one record is set
            # at a time.
            _require_budget(
                *await conversation_rows.spend_boxes(
                    connection, asker.account, _size(signed, boxes), now // limits.DAY_MS, now
                ),
                now,
            )
            brought: set[bytes] = set()
            if own is None or not _is_own(record, own):
                brought = await self._consent.to_founding(connection, asker, record, accounts)
            come = Come(asker.account, brought)
            begun = await self._writing.begin(
                connection, signed, boxes, accounts, owners, come, now
            )
            self._hints.later(record.conversation, begun.s, accounts.values())
            return begun

        return await self._told(work, signed, boxes)

    async def begin(
        self, asker: Asker, conversation: bytes, signed: SignedRecord, boxes: Sequence[bytes]
    ) -> Begun:
        """Begin the next epoch of a conversation; the same again changes nothing.

        Refuses what the judge does, `conflict` for what something else came before, `broken`,
        `too_many`, and as `Consent` does.
        """
        record, size = signed.record, _size(signed, boxes)
        refuse(record.conversation != conversation, "record_conversation")
        refuse(record.by != asker.device, "record_author")

        async def work(connection: Connection) -> Begun:
            chains = [one.chain for one in record.people]
            state, now = await standing_rows.lock(connection, chains, conversation, asker.account)
            refuse(state is None, "not_found")
            assert state is not None
            if (record.epoch, record.previous) != (state.epoch + 1, state.record):
                await self._require_there(connection, asker, conversation)
                again = await self._again(connection, signed, now)
                if again is not None:
                    return again
                raise _conflict(state)
            standing = await self._standing(connection, asker, state, record, size, now)
            before = standing.before
            ends = standing.rows.chains
            lines = await self._lines.reaching(connection, ends)
            verdict = judge(before, signed, lines, complete=True)
            if isinstance(verdict, Bad):
                raise Refusal(verdict.code)
            await self._require_place(connection, state, record)
            self._require_newest(record, lines, state)
            accounts = _accounts(record, ends)
            owners = _owners(record, lines, accounts)
            keys = await self._doors.people.named_keys(connection, standing.rows.keys)
            self._require_keys(record, before, owners, keys, state)
            present = {one.chain for one in record.people}
            left = standing.rows.leaves
            if any(one.chain in present for one in left):
                raise _conflict(state)
            # Whoever was here stays; whose account is another's by now is none's.
            here = {one.chain for one in before.people}
            come = {chain: account for chain, account in accounts.items() if chain not in here}
            if self._stock.is_full and not takes_out(before, record):
                self._stock.require()
            _require_budget(standing.spent, standing.free, now)
            brought = await self._consent.to_coming(
                connection, asker, conversation, come.values(), now
            )
            await self._require_reason(connection, asker, standing, record, now)
            begun = await self._writing.go_on(
                connection, state, signed, boxes, accounts, owners,
                Come(asker.account, brought), before, standing.rows, now,
            )  # fmt: skip
            if left:
                await member_rows.forget_leaves(connection, conversation)
            was = standing.rows.people
            gone = [one.account for chain, one in was.items() if chain not in present]
            self._hints.later(conversation, begun.s, [*gone, *come.values()])
            return begun

        return await self._told(work, signed, boxes)

    async def _told(
        self,
        work: Callable[[Connection], Awaitable[Begun]],
        signed: SignedRecord,
        boxes: Sequence[bytes],
    ) -> Begun:
        begun = await self._doors.watches.told(work)
        self._stock.took(prices.record(len(signed.entry()), len(boxes)))
        if self._wakes is not None:
            self._wakes.wrote([begun.conversation])
        return begun

    async def _hold(self, connection: Connection, asker: Asker, record: Record) -> None:
        """Lock the accounts; refuse a device that was removed since its request was let in."""
        await line_rows.hold(connection, [one.chain for one in record.people], asker.account)
        active = await people_rows.is_active(connection, asker.account, asker.device)
        refuse(not active, "device_revoked")

    async def _standing(
        self,
        connection: Connection,
        asker: Asker,
        state: LogState,
        record: Record,
        size: int,
        now: int,
    ) -> _Standing:
        """What stands in a conversation, which is locked. Locks the account's budget behind it: of
        one account only one record is set at a time."""
        before = await self._records.newest(connection, state.conversation, state.record)
        chains = {one.chain for one in (*before.people, *record.people)}
        rows, spent, free = await standing_rows.read_and_spend(
            connection, asker.account, size, now // limits.DAY_MS, now,
            state.conversation, asker.device, list(chains),
        )  # fmt: skip
        # Removed since its request was let in; its account is locked.
        refuse(not rows.active, "device_revoked")
        is_in = any(one.account == asker.account for one in rows.people.values())
        refuse(not is_in, "not_found")
        return _Standing(state, before, rows, spent, free)

    async def _require_there(
        self, connection: Connection, asker: Asker, conversation: bytes
    ) -> None:
        """The same of whoever is told what came before their record."""
        active = await people_rows.is_active(connection, asker.account, asker.device)
        refuse(not active, "device_revoked")
        person = await people_rows.person(connection, conversation, asker.account)
        refuse(person is None, "not_found")

    async def _again(self, connection: Connection, signed: SignedRecord, now: int) -> Begun | None:
        """The answer of before, if this very record stands."""
        conversation = signed.record.conversation
        row = await record_rows.with_hash(connection, conversation, signed.hash)
        return None if row is None else Begun(conversation, row.epoch, row.s, row.log, now)

    async def _evict(self, connection: Connection, record: Record, own: ChainState | None) -> None:
        """Refuse `conflict`; but an account's own conversation is nobody else's.

        Others can compute what it will be called. Whoever has founded one of that name loses it.
        """
        refuse(own is None or not _is_own(record, own), "conflict")
        assert own is not None
        people = await people_rows.people(connection, record.conversation)
        refuse(list(people) == [own.chain.id], "conflict")
        await self._destruction.destroy(connection, record.conversation)

    async def _require_place(self, connection: Connection, state: LogState, record: Record) -> None:
        """Refuse `broken` if the record's author has read another log."""
        if record.seen == state.s:
            known: bytes | None = state.log
        else:
            found = await log_rows.look(connection, (), (), [(state.conversation, record.seen)])
            known = found.hashes.get((state.conversation, record.seen))
        if known != record.log:
            raise state.broken

    def _require_newest(self, record: Record, lines: JudgeLines, state: LogState | None) -> None:
        """Refuse `conflict` if a chain has gone on from where the record judges."""
        for one in record.people:
            if lines[one.chain].last.sequence != one.sequence:
                raise _conflict(state)

    def _require_keys(
        self,
        record: Record,
        before: Record | None,
        owners: Mapping[bytes, bytes],
        named: Mapping[tuple[bytes, bytes], tuple[int, bytes]],
        state: LogState | None,
    ) -> None:
        """Refuse `conflict` if a device has published another key since, as the one under whom it
        is listed. `named`: numbers and hashes of the newest keys, by account and device."""
        was = {} if before is None else {one.device: one for one in before.devices}
        for one in record.devices:
            newest = named.get((owners.get(one.device, b""), one.device))
            # So it is with nearly all.
            if newest == (one.number, one.sealing):
                continue
            if not is_newest_key(one, was, newest):
                raise _conflict(state)

    async def _require_reason(
        self,
        connection: Connection,
        asker: Asker,
        standing: _Standing,
        record: Record,
        now: int,
    ) -> None:
        """Refuse `too_many` if an epoch that has just begun is replaced for no reason, often.

        That is for a device that can't open its box: the server can't tell.
        """
        state = standing.state
        age = now - state.began_at
        if age >= limits.HOUR_MS or state.messages >= limits.ADVISED_MESSAGES:
            return
        if why_due(state.due, state.began_at, state.messages, now) is not None:
            return
        if not changes_nothing(standing.before, record):
            return
        today = now // limits.DAY_MS
        whose = (state.conversation, asker.account, record.by, today)
        often, last = await conversation_rows.repairs(connection, *whose)
        if last is not None and now - last < limits.HOUR_MS:
            raise Refusal("too_many", retry_after=(last + limits.HOUR_MS - now) // 1000 + 1)
        # Shared by people: else one of them, with many devices, would leave the others none.
        share = max(limits.REPAIRS_OF_ONE, limits.REPAIRS_PER_DAY // state.people)
        if often >= share:
            raise Refusal("too_many", retry_after=_until_tomorrow(now))
        await conversation_rows.note_repair(connection, *whose, now)


def _own(states: Mapping[bytes, ChainState], account: bytes) -> ChainState | None:
    """The chain in force of an account, if it is among these."""
    return next((one for one in states.values() if one.account == account and one.open), None)


def _accounts(
    record: Record, states: Mapping[bytes, ChainState | ChainEnd]
) -> dict[bytes, bytes | None]:
    """Whose chain in force each person of a record is, if it is anybody's."""
    found = {one.chain: states[one.chain] for one in record.people}
    return {chain: one.account if one.open else None for chain, one in found.items()}


def _owners(
    record: Record, lines: JudgeLines, accounts: Mapping[bytes, bytes | None]
) -> dict[bytes, bytes]:
    """As whose account's each device is listed, of those people who have one."""
    return {
        device: account
        for device, person in listed_of(record.people, lines).items()
        if (account := accounts[person.chain]) is not None
    }


def _is_own(record: Record, own: ChainState) -> bool:
    """Whether a record founds the conversation that an account has with itself."""
    alone = [one.chain for one in record.people] == [own.chain.id]
    named = self_conversation(own.chain.id, founding_hash(own.chain))
    return alone and record.conversation == named


def _conflict(state: LogState | None) -> Refusal:
    return Refusal("conflict", details={"epoch": 0 if state is None else state.epoch})


def _size(signed: SignedRecord, boxes: Sequence[bytes]) -> int:
    """What a record counts of its author's day."""
    return sum(map(len, boxes)) + len(signed.entry())


def _require_budget(spent: int, free: bool, now: int) -> None:
    """Refuse `too_many` beyond what an account may post on a day."""
    if spent > (limits.FREE_PER_DAY if free else limits.BOXES_PER_DAY):
        raise Refusal("too_many", retry_after=_until_tomorrow(now))


def _until_tomorrow(now: int) -> int:
    return (limits.DAY_MS - now % limits.DAY_MS) // 1000 + 1
