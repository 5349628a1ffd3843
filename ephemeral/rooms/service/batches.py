"""Batches of requests: decided in order, written in one statement or one transaction.

A batch whose rooms are remembered is decided before the database is asked: one statement sees that
everything was so, and writes it; that is a round trip and a flush. Where something isn't
remembered, or the statement finds that it has changed, a transaction locks the rooms, reads what
is lacking, decides and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.live.bus import Hint
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows.ledger_rows import UNCONDITIONAL, Condition, Written
from ephemeral.rooms.rules.book import Book, Unread
from ephemeral.rooms.rules.credentials import tombstone_hash
from ephemeral.rooms.rules.room import Opened
from ephemeral.rooms.service.effects import write
from ephemeral.rooms.service.entries import Entry, Leased, Outcome, Post
from ephemeral.rooms.service.estimated_clock import DRIFT_MS, Clock
from ephemeral.rooms.service.recall import is_recalled, recall
from ephemeral.rooms.service.room_cache import CachedRoom, RoomCache
from ephemeral.rooms.service.storage import Storage
from ephemeral.sealing import payload_rows, seals
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.payload_rows import SealedRow
from ephemeral.sealing.seals import KeyringUnusable, Random, SealBroken

if TYPE_CHECKING:
    from ephemeral.sealing.seals import EpochKey
    from ephemeral.store.postgres import Connection

__all__ = ["Batches", "Decided"]

# Versions that this process gives: 52 bits, as many as the database draws.
_VERSION_BYTES, _VERSION_BITS = 7, 52

# What sealing a post draws.
_POST_BYTES = seals.PAYLOAD_ID_BYTES + seals.SEALING_BYTES

# Refusals that are given only after it was seen whether the message stands already.
_CROWDED = {"room_crowded", "storage_full"}

Known = dict[bytes, CachedRoom]


class Decided(NamedTuple):
    """What a batch has done, once it is committed; what it knows is then remembered."""

    outcomes: list[Outcome]
    hints: Sequence[Hint]
    remember: Callable[[], None]


class Batches:
    """Decides and writes. `fault` is told of exceptions nobody expected."""

    def __init__(
        self,
        keyring: Keyring,
        storage: Storage,
        random: Random,
        fault: Callable[[BaseException], None],
        clock: Clock,
    ) -> None:
        self._keyring = keyring
        self._storage = storage
        self._random = random
        self._fault = fault
        self._clock = clock
        self.cache = RoomCache()

    def divide(self, batch: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry], Known]:
        """Entries that can be decided at once, those that can't, and what is remembered of rooms.

        All entries of a room are on the same side. The rooms are the batch's alone from now on.
        """
        known: Known = {}
        unknown: set[bytes] = set()
        timeless = self._clock.read() is None
        limits = self._storage.limits
        for entry in batch:
            room = entry.room
            remembered = known.get(room)
            if remembered is None:
                if room in unknown:
                    continue
                remembered = self.cache.take(room)
                if remembered is None:
                    unknown.add(room)
                    continue
                known[room] = remembered
            if timeless or not is_recalled(entry, remembered, limits):
                unknown.add(room)
        if not unknown:
            return batch, (), known
        return (
            [entry for entry in batch if entry.room not in unknown],
            [entry for entry in batch if entry.room in unknown],
            known,
        )

    def accepted(self, size: int) -> None:
        """So many bytes more wait: that is committed."""
        self._storage.accepted(size)

    async def at_once(
        self, connection: Connection, batch: Sequence[Entry], known: Known
    ) -> Decided | None:
        """Decide by what is remembered and write it; None if something was otherwise.

        After that what was `known` of these rooms is worth nothing.
        """
        now = self._clock.read()
        assert now is not None, "divided by a clock that was heard"
        rooms = {entry.room: known[entry.room] for entry in batch}
        versions = sorted((room, one.version) for room, one in rooms.items())
        try:
            book = Book(now, self._storage.limits, self._tombstone_name, rooms)
            work = _Work(self, book, batch, rooms)
        except Unread:
            return None
        if work.crowded or any(one.returns for one in work.book.inserted):
            # What has expired counts until it is counted again: nobody is refused for that. And
            # what is new and given back already is not written by one statement.
            return None
        epoch = self._keyring.current if work.book.inserted else None
        condition = Condition(
            versions,
            now,
            DRIFT_MS,
            None if epoch is None else epoch.id,
            work.book.inserted,
        )
        written = await work.write(connection, epoch, condition)
        if not written.held:
            return None
        self._clock.hear(written.now)
        return work.decided(work.envelopes())

    async def in_transaction(
        self, connection: Connection, batch: Sequence[Entry], known: Known
    ) -> Decided:
        """Lock, recall, decide in order, write."""
        # Of a second attempt, after a deadlock, nothing is known: the first has changed it.
        rooms = {room: known.pop(room) for room in {one.room for one in batch} if room in known}
        limits = self._storage.limits
        recalled = await recall(connection, rooms, batch, limits, self._keyring.index_key)
        self._clock.set(recalled.now)
        posts = [one for one in batch if isinstance(one, Post) and one.room in recalled.rooms]
        epoch = await self._keyring.hold_current(connection) if posts else None
        book = Book(
            recalled.now,
            limits,
            self._tombstone_name,
            recalled.rooms,
            tombstones=recalled.tombstones,
            present=recalled.present,
            shares=recalled.shares,
        )
        work = _Work(self, book, batch, recalled.rooms)
        # What this batch has destroyed still stands.
        envelopes = work.envelopes()
        envelopes |= await self._unsealed(connection, work.leased_without(envelopes))
        await work.write(connection, epoch, UNCONDITIONAL)
        return work.decided(envelopes)

    def draw(self, length: int) -> Random:
        """So many random bytes, drawn at once and given out once each."""
        return _Drawn(self._random(length))

    def fault(self, error: BaseException) -> None:
        """Something that nobody expected."""
        self._fault(error)

    def _tombstone_name(self, room: bytes, message: bytes) -> bytes:
        return tombstone_hash(self._keyring.index_key, room, message)

    async def _unsealed(
        self, connection: Connection, payloads: Sequence[bytes]
    ) -> dict[bytes, bytes]:
        """Envelopes that are stored, by payload."""
        found: dict[bytes, bytes] = {}
        if payloads:
            for row in (await payload_rows.sealed(connection, payloads)).values():
                try:
                    data_key = seals.unwrap(self._keyring.key(row.epoch), row.id, row.wrapped)
                    found[row.id] = seals.open_sealed(row.body, data_key, row.id, "message")
                except (SealBroken, KeyringUnusable) as error:
                    self._fault(error)
        return found


class _Work:
    """A batch, decided on by a book."""

    def __init__(self, batches: Batches, book: Book, batch: Sequence[Entry], rooms: Known) -> None:
        self.book = book
        self._batches = batches
        self._rooms = rooms
        self._posts: dict[bytes, Post] = {}
        posts = sum(type(entry) is Post for entry in batch)
        self._draw = batches.draw(posts * _POST_BYTES + len(rooms) * _VERSION_BYTES)
        self._results = [self._decide(entry) for entry in batch]
        self._versions = {room: _version(self._draw(_VERSION_BYTES)) for room in book.used}

    @property
    def crowded(self) -> bool:
        """Whether a post was refused for what waits."""
        return any(isinstance(one, Refusal) and one.code in _CROWDED for one in self._results)

    def _decide(self, entry: Entry) -> Outcome | Leased:
        try:
            if isinstance(entry, Post):
                payload = self._draw(seals.PAYLOAD_ID_BYTES)
                self._posts[payload] = entry
                return entry.decide(self.book, payload)
            return entry.decide(self.book)
        except Refusal as refusal:
            return refusal

    async def write(
        self, connection: Connection, epoch: EpochKey | None, condition: Condition
    ) -> Written:
        """Seal what was accepted, and write everything."""
        sealed: dict[bytes, SealedRow] = {}
        if epoch is not None:
            for message in self.book.inserted:
                payload = message.payload
                body, wrapped = seals.seal_wrapped(
                    epoch, payload, "message", self._posts[payload].envelope, self._draw
                )
                sealed[payload] = SealedRow(payload, body, epoch.id, wrapped)
        return await write(connection, self.book, sealed, self._versions, condition)

    def envelopes(self) -> dict[bytes, bytes]:
        """Envelopes of what was leased, by payload, as far as they are remembered."""
        found: dict[bytes, bytes] = {}
        for one in self._results:
            if isinstance(one, Leased):
                message = one.message
                post = self._posts.get(message.payload)
                envelope = (
                    post.envelope
                    if post is not None
                    else self._rooms[message.room].envelopes.get(message.id)
                )
                if envelope is not None:
                    found[message.payload] = envelope
        return found

    def leased_without(self, envelopes: Mapping[bytes, bytes]) -> list[bytes]:
        """Payloads of what was leased that are not among these."""
        leased = [one.message.payload for one in self._results if isinstance(one, Leased)]
        return [payload for payload in leased if payload not in envelopes]

    def decided(self, envelopes: Mapping[bytes, bytes]) -> Decided:
        """What to answer and to tell, once this is committed."""
        return Decided(
            [
                self._opened(one, envelopes) if isinstance(one, Leased) else one
                for one in self._results
            ],
            self.book.events,
            self._remember,
        )

    def _opened(self, leased: Leased, envelopes: Mapping[bytes, bytes]) -> Outcome:
        message = leased.message
        envelope = envelopes.get(message.payload)
        if envelope is None:
            self._batches.fault(KeyringUnusable("A message that stands has no payload that opens."))
            return Refusal("internal")
        return Opened(
            message.id,
            envelope,
            message.author,
            message.sequence,
            message.posted_at,
            message.expires_at,
            leased.until,
            self.book.now,
        )

    def _remember(self) -> None:
        rooms = self._rooms
        for message in self.book.inserted:
            rooms[message.room].keep_envelope(message.id, self._posts[message.payload].envelope)
        if self.book.inserted:
            self._batches.accepted(sum(one.size for one in self.book.inserted))
        for message in self.book.destroyed:
            rooms[message.room].forget_envelope(message.id)
        for room, version in self._versions.items():
            rooms[room].version = version
        for remembered in rooms.values():
            self._batches.cache.keep(remembered)


class _Drawn:
    """Randomness drawn at once: asking the system for every piece costs more than sealing."""

    def __init__(self, drawn: bytes) -> None:
        self._drawn = drawn
        self._at = 0

    def __call__(self, length: int) -> bytes:
        at = self._at
        self._at = at + length
        if self._at > len(self._drawn):
            raise ValueError("more randomness is asked for than was drawn")
        return self._drawn[at : self._at]


def _version(drawn: bytes) -> int:
    return int.from_bytes(drawn) >> (8 * _VERSION_BYTES - _VERSION_BITS)
