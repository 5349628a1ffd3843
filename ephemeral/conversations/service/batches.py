"""A batch of posts and acknowledgements, in one transaction over many conversations.

The rows of the conversations are locked in their order, then one statement reads whatever the
requests name, each request is decided in turn, and a statement each writes what came of it: no
statement is for one message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ephemeral.accounts.service.people import People
from ephemeral.conversations.rows import log_rows, people_rows, segment_rows, tail_rows
from ephemeral.conversations.rows.log_rows import EntryRow, Found, PlaceRow
from ephemeral.conversations.rules import limits
from ephemeral.conversations.rules.log_state import Entry, LogState, Member, Place
from ephemeral.conversations.rules.requests import (
    Acknowledge,
    Acknowledged,
    Outcome,
    Post,
    Posted,
    Request,
)
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.recent import Item
from ephemeral.conversations.service.segments import Segments
from ephemeral.conversations.service.tail import Tail
from ephemeral.protocol.conversations.log import MESSAGE
from ephemeral.protocol.errors import Refusal, refuse

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Batch", "Done"]


@dataclass(slots=True)
class Done:
    """What a batch has come to, to be answered and told once it is committed."""

    outcomes: list[Outcome] = field(default_factory=list)
    #: What was written, by conversation, in order.
    written: dict[bytes, list[Item]] = field(default_factory=dict)
    #: Conversations that were trimmed, up to where.
    trimmed: dict[bytes, int] = field(default_factory=dict)
    #: Conversations of which something in the midst was destroyed.
    thinned: set[bytes] = field(default_factory=set)
    #: Cursors that have moved: conversation, device, cursor.
    moved: dict[tuple[bytes, bytes], int] = field(default_factory=dict)


class Batch:
    """Requests, decided in their order. `ttl`: how long a message waits at most, in ms. `accepts`:
    whether anything new is taken."""

    def __init__(
        self,
        people: People,
        segments: Segments,
        boxes: Boxes,
        tail: Tail,
        requests: Sequence[Request],
        ttl: int,
        *,
        accepts: bool = True,
    ) -> None:
        self._accepts = accepts
        self._people = people
        self._segments = segments
        self._boxes = boxes
        self._tail = tail
        self._requests = requests
        self._ttl = ttl

    async def run(self, connection: Connection) -> Done:
        """Lock, read, decide, write. Anew if a deadlock ends it: nothing of it is kept here."""
        deciding = await self._looked(connection)
        done = deciding.done
        for one in self._requests:
            try:
                done.outcomes.append(deciding.outcome(one))
            except Refusal as refusal:
                done.outcomes.append(refusal)
        if deciding.stored:
            await self._write(connection, deciding)
        answered = deciding.posters & deciding.found.silent
        if answered:
            await people_rows.answered(connection, sorted(answered))
        changed = [one for one in deciding.states.values() if one.changed]
        if changed:
            await log_rows.update(connection, changed)
        if done.moved:
            moved = [(*key, cursor) for key, cursor in done.moved.items()]
            await log_rows.move_cursors(connection, moved)
        if deciding.opened:
            await self._boxes.drop_read(
                connection, [(*key, done.moved[key]) for key in deciding.opened]
            )
        if deciding.passed:
            for trimmed in await self._tail.trim(connection, deciding.passed, deciding.now):
                done.trimmed[trimmed.conversation] = trimmed.tail
        for state, account in deciding.crowded():
            await self._thin(connection, state, account, done)
        return done

    async def _looked(self, connection: Connection) -> _Deciding:
        pairs = {(one.conversation, one.account) for one in self._requests}
        states, now = await log_rows.lock_as(connection, pairs)
        requests = [one for one in self._requests if one.conversation in states]
        posts = [one for one in requests if isinstance(one, Post)]
        found = await log_rows.look(
            connection,
            {(one.conversation, one.device, one.account) for one in requests},
            {(one.conversation, one.device, entry.ad.id) for one in posts for entry in one.entries},
            {
                (one.conversation, entry.ad.seen)
                for one in posts
                for entry in one.entries
                # What lies beyond the end is nowhere; not every number is one of the database's.
                if entry.ad.seen < states[one.conversation].s
            },
        )
        for (conversation, s), hash_ in found.hashes.items():
            states[conversation].hashes[s] = hash_
        return _Deciding(states, found, now, self._accepts)

    async def _write(self, connection: Connection, deciding: _Deciding) -> None:
        await self._have_segments(connection, deciding)
        now, places, entries = deciding.now, [], []
        for conversation, new in deciding.stored.items():
            state = deciding.states[conversation]
            segment = state.segment
            assert segment is not None, "a segment was begun"
            ends = now + self._ttl
            if state.timer:
                ends = min(ends, now + state.timer * 1000 + limits.DAY_MS)
            items = deciding.done.written[conversation] = []
            for place, one in new:
                ad = one.ad
                places.append(PlaceRow(conversation, MESSAGE, ad.device, ad.id, place))
                sealed = self._segments.seal(segment, conversation, place.s, one.entry)
                entries.append(EntryRow(conversation, place.s, segment, ends, sealed))
                items.append(Item(place.s, MESSAGE, ad.device, ad.id, now, place.digest, one.entry))
        await log_rows.write(connection, places, entries)

    async def _have_segments(self, connection: Connection, deciding: _Deciding) -> None:
        """Have the key at hand under which each of these seals now; another one each hour."""
        hour = deciding.now // limits.HOUR_MS
        states = [deciding.states[one] for one in deciding.stored]
        running = {one.segment for one in states if one.segment and one.segment_hour == hour}
        usable = await self._segments.load(connection, running) if running else set()
        lacking = [one for one in states if one.segment not in usable]
        if not lacking:
            return
        begun = []
        segments = await self._segments.begin(connection, len(lacking))
        for state, segment in zip(lacking, segments, strict=True):
            state.segment, state.segment_hour = segment, hour
            first = state.s - len(deciding.stored[state.conversation]) + 1
            begun.append((segment, state.conversation, first))
        await segment_rows.insert(connection, begun)

    async def _thin(
        self, connection: Connection, state: LogState, account: bytes, done: Done
    ) -> None:
        """Destroy the oldest of what somebody has waiting beyond their share."""
        chain = (await self._people.now(connection, [account]))[account].chain
        own = [one.id for one in (*chain.devices, *chain.removed)]
        beyond = await tail_rows.longest_waiting(
            connection,
            state.conversation,
            own,
            limits.WAITING_MESSAGES // state.people,
            limits.WAITING_BYTES // state.people,
        )
        if beyond:
            await self._tail.destroy(connection, [(state.conversation, s) for s in beyond])
            done.thinned.add(state.conversation)


@dataclass(slots=True)
class _Deciding:
    """What was read for a batch, and what has been decided so far."""

    states: dict[bytes, LogState]
    found: Found
    now: int
    accepts: bool
    done: Done = field(default_factory=Done)
    #: What is new, by conversation, in order.
    stored: dict[bytes, list[tuple[Place, Entry]]] = field(default_factory=dict)
    #: Who has stored messages: conversation and account.
    posters: set[tuple[bytes, bytes]] = field(default_factory=set)
    #: Conversations in which the device has moved on that was behind all others.
    passed: set[bytes] = field(default_factory=set)
    #: Devices that have read a record, whose box they need no more.
    opened: set[tuple[bytes, bytes]] = field(default_factory=set)

    def outcome(self, one: Request) -> Outcome:
        """What becomes of a request; refuses."""
        state = self.states.get(one.conversation)
        if state is None or (one.conversation, one.account) not in self.found.people:
            raise Refusal("not_found")
        member = self.found.members.get((one.conversation, one.device))
        if member is None:
            refuse(isinstance(one, Acknowledge), "not_found")
            # A device that was linked since: the next record lists it.
            raise state.tell(one.device, state.due or "devices", self.now)
        if isinstance(one, Post):
            return self._post(state, one)
        return self._acknowledge(state, member, one)

    def _post(self, state: LogState, one: Post) -> Posted:
        known = self.found.known
        key = (one.conversation, one.device)
        places = {
            (one.device, entry.ad.id): place
            for entry in one.entries
            if (place := known.get((*key, entry.ad.id))) is not None
        }
        stored, new = state.post(one.entries, one.device, places, self.now, accepts=self.accepts)
        for place, entry in new:
            known[(*key, entry.ad.id)] = place
        if new:
            self.stored.setdefault(one.conversation, []).extend(new)
            self.posters.add((one.conversation, one.account))
        return Posted(stored.places, stored.renew, self.now)

    def _acknowledge(self, state: LogState, member: Member, one: Acknowledge) -> Acknowledged:
        key = (one.conversation, one.device)
        cursor = state.acknowledge(member, one.cursor)
        # The first acknowledgement counts also where the cursor stands there already; but one of a
        # place before it doesn't say that the record was read, whose box would go.
        if one.cursor >= cursor > member.hold:
            if member.hold < state.record_s:
                self.opened.add(key)
            if member.cursor <= state.tail or member.hold < member.cursor:
                self.passed.add(one.conversation)
            self.found.members[key] = member._replace(cursor=cursor, hold=cursor)
            self.done.moved[key] = cursor
        return Acknowledged(cursor, self.now)

    def crowded(self) -> list[tuple[LogState, bytes]]:
        """Where so much waits that a share may be used up, and who has just added to it."""
        return [
            (self.states[conversation], account)
            for conversation, account in sorted(self.posters)
            if self.states[conversation].crowded
        ]
