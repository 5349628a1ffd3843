"""Batches of requests: decided in order, written in one statement or one transaction.

A batch whose rooms are remembered is decided before the database is asked: one statement sees that
everything was so, and writes it; that is a round trip and a flush. Where something isn't
remembered, or the statement finds that it has changed, a transaction locks the rooms, reads what
is lacking, decides and writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from struct import unpack
from types import MappingProxyType
from typing import TYPE_CHECKING

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows import attachment_rows, ledger_rows, room_rows
from ephemeral.rooms.rows.ledger_rows import UNCONDITIONAL, Condition, Written
from ephemeral.rooms.rules.book import Book, Unread
from ephemeral.rooms.rules.credentials import tombstone_hash
from ephemeral.rooms.rules.room import Message, Opened
from ephemeral.rooms.service.burning import burn
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

__all__ = ["Batch", "Batches", "write"]

# Versions that this process gives: 52 bits, as many as the database draws, of 64.
_VERSION_BYTES, _VERSION_BITS = 8, 52

# What sealing a post draws.
_POST_BYTES = seals.PAYLOAD_ID_BYTES + seals.SEALING_BYTES

# Refusals that are given only after it was seen whether the message stands already.
_CROWDED = {"room_crowded", "storage_full"}

_NONE_SEALED: Mapping[bytes, SealedRow] = MappingProxyType({})
_NO_VERSIONS: Mapping[bytes, int] = MappingProxyType({})

Known = dict[bytes, CachedRoom]


class Batches:
    """What all batches have in common. `fault` is told of exceptions nobody expected."""

    def __init__(
        self,
        keyring: Keyring,
        storage: Storage,
        random: Random,
        fault: Callable[[BaseException], None],
        clock: Clock,
    ) -> None:
        self.keyring = keyring
        self.storage = storage
        self.random = random
        self.fault = fault
        self.clock = clock
        self.cache = RoomCache()

    def divide(self, entries: Sequence[Entry]) -> tuple[Sequence[Entry], Sequence[Entry], Known]:
        """Entries that can be decided at once, those that can't, and what is remembered of rooms.

        All entries of a room are on the same side. The rooms are the entries' alone from now on.
        """
        known: Known = {}
        unknown: set[bytes] = set()
        timeless = self.clock.read() is None
        limits = self.storage.limits
        for entry in entries:
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
            return entries, (), known
        return (
            [entry for entry in entries if entry.room not in unknown],
            [entry for entry in entries if entry.room in unknown],
            known,
        )

    def tombstone_name(self, room: bytes, message: bytes) -> bytes:
        """The name that a message's tombstone has."""
        return tombstone_hash(self.keyring.index_key, room, message)

    async def unsealed(
        self, connection: Connection, payloads: Sequence[bytes]
    ) -> dict[bytes, bytes]:
        """Envelopes that are stored, by payload. Raises StoreUnavailable."""
        found: dict[bytes, bytes] = {}
        sealed = await payload_rows.sealed(connection, payloads, self.keyring.mark)
        for row in sealed.values():
            try:
                data_key = seals.unwrap(self.keyring.key(row.epoch), row.id, row.wrapped)
                found[row.id] = seals.open_sealed(row.body, data_key, row.id, "message")
            except (SealBroken, KeyringUnusable) as error:
                self.fault(error)
        return found


class Batch:
    """Requests that are decided in order, written together, and answered once that is committed.

    `known` is what is remembered of rooms, these or others; it is the batch's alone. `book` has
    decided on them, `names` are the rooms that may be changed.
    """

    book: Book

    def __init__(self, batches: Batches, entries: Sequence[Entry], known: Known) -> None:
        self._batches = batches
        self.entries = entries
        self.names = {entry.room for entry in entries}
        self._known = known
        self._rooms: Known = {}
        self._posts: dict[bytes, Post] = {}
        self._results: list[Outcome | Leased] = []
        # Somebody was refused because too much waits.
        self._crowded = False
        self._versions: dict[bytes, int] = {}
        # Envelopes that were read from the database, by payload.
        self._read: Mapping[bytes, bytes] = {}

    async def at_once(self, connection: Connection) -> bool:
        """Decide by what is remembered and write it; False if something was otherwise.

        After that what was remembered of these rooms is worth nothing.
        """
        batches, known = self._batches, self._known
        now = batches.clock.read()
        assert now is not None, "divided by a clock that was heard"
        # In the order of their names, in which they are locked.
        rooms = {name: known[name] for name in sorted(self.names)}
        versions = [(name, one.version) for name, one in rooms.items()]
        book = Book(now, batches.storage.limits, batches.tombstone_name, rooms)
        try:
            self.decide(book, rooms)
        except Unread:
            return False
        if any(one.leases for one in book.inserted):
            # What is new and leased already is not written by one statement.
            return False
        if self._crowded:
            # What has expired counts until it is counted again: nobody is refused for that.
            return False
        epoch = batches.keyring.current if book.inserted else None
        condition = Condition(
            versions, now, DRIFT_MS, None if epoch is None else epoch.id, book.inserted
        )
        written = await self.write(connection, epoch, condition)
        if not written.held:
            return False
        batches.clock.hear(written.now)
        return True

    async def in_transaction(self, connection: Connection) -> None:
        """Lock, recall, decide, write."""
        batches, entries, known = self._batches, self.entries, self._known
        # Of a second attempt, after a deadlock, nothing is known: the first has changed it.
        rooms = {room: known.pop(room) for room in self.names if room in known}
        recalled = await recall(
            connection, rooms, entries, batches.storage.limits, batches.keyring.index_key
        )
        batches.clock.set(recalled.now)
        posts = any(type(one) is Post and one.room in recalled.rooms for one in entries)
        epoch = await batches.keyring.hold_current(connection) if posts else None
        book = Book(
            recalled.now,
            batches.storage.limits,
            batches.tombstone_name,
            recalled.rooms,
            tombstones=recalled.tombstones,
            present=recalled.present,
            shares=recalled.shares,
            attachments=recalled.attachments,
        )
        self.decide(book, recalled.rooms)
        # What this batch has destroyed still stands.
        leased = [one.message for one in self._results if isinstance(one, Leased)]
        unread = [one.payload for one in leased if self._envelope(one) is None]
        self._read = await batches.unsealed(connection, unread) if unread else {}
        await self.write(connection, epoch, UNCONDITIONAL)

    def decide(self, book: Book, rooms: Known) -> None:
        """Let `book` decide on every request; `rooms` are those that it changes. Raises Unread."""
        entries = self.entries
        posts: dict[bytes, Post] = {}
        results: list[Outcome | Leased] = []
        self.book, self._rooms, self._posts, self._results = book, rooms, posts, results
        count = len([entry for entry in entries if type(entry) is Post])
        self._draw = draw = _Drawn(self._batches.random(count * _POST_BYTES))
        for entry in entries:
            try:
                if isinstance(entry, Post):
                    payload = draw(seals.PAYLOAD_ID_BYTES)
                    posts[payload] = entry
                    results.append(entry.decide(book, payload))
                else:
                    results.append(entry.decide(book))
            except Refusal as refusal:
                results.append(refusal)
                self._crowded = self._crowded or refusal.code in _CROWDED
        used = book.used
        drawn = unpack(f">{len(used)}Q", self._batches.random(len(used) * _VERSION_BYTES))
        self._versions = {
            room: one >> (8 * _VERSION_BYTES - _VERSION_BITS)
            for room, one in zip(used, drawn, strict=True)
        }

    async def write(
        self, connection: Connection, epoch: EpochKey | None, condition: Condition
    ) -> Written:
        """Seal what was accepted, and write everything, if the condition holds."""
        sealed: dict[bytes, SealedRow] = {}
        if epoch is not None:
            posts, draw = self._posts, self._draw
            for message in self.book.inserted:
                payload = message.payload
                body, wrapped = seals.seal_wrapped(
                    epoch, payload, "message", posts[payload].envelope, draw
                )
                sealed[payload] = SealedRow(payload, body, epoch.id, wrapped)
        return await write(connection, self.book, sealed, self._versions, condition)

    def outcome(self) -> list[Outcome]:
        """It is committed: what to answer, in order. What is known of its rooms is remembered."""
        answers = [self._opened(one) if isinstance(one, Leased) else one for one in self._results]
        rooms, book = self._rooms, self.book
        for message in book.inserted:
            rooms[message.room].keep_envelope(message.id, self._posts[message.payload].envelope)
        if book.inserted:
            self._batches.storage.accepted(sum(one.size for one in book.inserted))
        for message in book.destroyed:
            rooms[message.room].forget_envelope(message.id)
        for room, version in self._versions.items():
            rooms[room].version = version
        keep = self._batches.cache.keep
        for remembered in rooms.values():
            keep(remembered)
        return answers

    def _envelope(self, message: Message) -> bytes | None:
        post = self._posts.get(message.payload)
        if post is not None:
            return post.envelope
        return self._rooms[message.room].envelopes.get(message.id)

    def _opened(self, leased: Leased) -> Outcome:
        message = leased.message
        envelope = self._envelope(message) or self._read.get(message.payload)
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


async def write(
    connection: Connection,
    book: Book,
    sealed: Mapping[bytes, SealedRow] = _NONE_SEALED,
    versions: Mapping[bytes, int] = _NO_VERSIONS,
    condition: Condition = UNCONDITIONAL,
) -> Written:
    """Write all that a book has decided, if the condition holds; `sealed` has payloads by id.

    `versions` has those that the rooms in `book.used` get, unless they have new ones already. A
    message that was accepted and destroyed at once leaves its tombstone only.
    """
    inserted, destroyed, changed = book.inserted, book.destroyed, book.changed
    if inserted and destroyed:
        both = {one.payload for one in inserted}.intersection(one.payload for one in destroyed)
        inserted = [one for one in inserted if one.payload not in both]
        destroyed = [one for one in destroyed if one.payload not in both]
    late: Collection[Message] = ()
    if inserted and changed:
        late = [one for one in inserted if (one.room, one.id) in changed]
        if late:
            fresh = {(one.room, one.id) for one in late}
            changed = {key: one for key, one in changed.items() if key not in fresh}
    written = await ledger_rows.write(
        connection,
        condition,
        [sealed[one.payload] for one in inserted],
        inserted,
        changed.values(),
        book.new_tombstones,
        destroyed,
        book.used.values(),
        [versions.get(room) for room in book.used],
        marked=book.marked,
    )
    if late:
        # A row is not changed by the statement that inserts it.
        await ledger_rows.write(
            connection, UNCONDITIONAL, (), (), late, (), (), (), (), marked=book.marked
        )
    await _write_attachments(connection, book, inserted)
    if book.invited or book.readers or any(one.audience is not None for one in destroyed):
        await _write_audiences(connection, book, inserted, destroyed)
    return written


async def _write_attachments(
    connection: Connection, book: Book, inserted: Collection[Message]
) -> None:
    """The same for attachments: of the few messages that have one, in a transaction."""
    if book.attached:
        await attachment_rows.post(connection, book.attached)
        await attachment_rows.note_lengths(
            connection, [one for one in inserted if one.attachment is not None]
        )
    leased = [one for one in book.changed.values() if one.attachment is not None]
    if leased:
        await attachment_rows.note_leases(connection, leased)
    ended = [one for one in book.destroyed if one.attachment is not None]
    if ended:
        await burn(connection, await attachment_rows.delete_of_messages(connection, ended))


async def _write_audiences(
    connection: Connection,
    book: Book,
    inserted: Collection[Message],
    destroyed: Collection[Message],
) -> None:
    """The same for who is still to view a message: under *everyone* alone, in a transaction."""
    standing = {(one.room, one.id) for one in inserted}
    invited = [one for one in book.invited if one[:2] in standing]
    if invited:
        await room_rows.insert_audience(connection, invited)
    heard = {key: one for key, one in book.readers.items() if one is not None}
    if heard:
        await room_rows.update_audience(connection, heard)
    gone = [key for key, one in book.readers.items() if one is None]
    if gone:
        await room_rows.delete_audience(connection, gone)
    heard_out = [message for message in destroyed if message.audience is not None]
    if heard_out:
        await room_rows.delete_audiences(connection, heard_out)


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
