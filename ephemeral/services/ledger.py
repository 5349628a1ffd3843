"""The ledger: posts, opens, acknowledgements and releases of many members in few commits.

Requests for the same room always go through the same lane, and a lane has one transaction at a
time: while that commits and is flushed, the next batch gathers. Nothing waits for a clock, so a
lone message is not held back. A request is answered after the commit, its events are published
after the answers, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from ephemeral import metrics
from ephemeral.domain import keyring as sealing
from ephemeral.domain.book import Book
from ephemeral.domain.credentials import tombstone_hash
from ephemeral.domain.keyring import KeyringUnusable, Random, SealBroken
from ephemeral.domain.limits import Limits
from ephemeral.domain.room import Opened, Seat
from ephemeral.live.bus import Bus, Hint
from ephemeral.protocol.errors import Refusal
from ephemeral.services.commits import commit
from ephemeral.services.effects import write
from ephemeral.services.entries import (
    Acknowledge,
    EndLeases,
    Entry,
    Leased,
    Open,
    Outcome,
    Post,
    Release,
    Reply,
    Settle,
)
from ephemeral.services.keyring import Keyring
from ephemeral.services.memory import Memory
from ephemeral.services.recall import Recalled, recall
from ephemeral.store import payload_rows, seat_rows
from ephemeral.store.payload_rows import SealedRow
from ephemeral.store.postgres import StoreUnavailable

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Ledger"]

#: Requests in one transaction at most: larger batches gain nothing and make the others wait.
BATCH = 256

LANES = 2

# Versions that this process gives: 52 bits, as many as the database draws.
_VERSION_BYTES, _VERSION_BITS = 7, 52

Key = tuple[bytes, bytes]


class _Decided(NamedTuple):
    """What a transaction has done, once it is committed; what it knows is then remembered."""

    outcomes: list[Outcome]
    hints: list[Hint]
    remember: Callable[[], None]


class Ledger:
    """Batches requests by lane. `fault` is told of exceptions nobody expected."""

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        bus: Bus,
        limits: Limits,
        random: Random,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._bus = bus
        self._limits = limits
        self._random = random
        self._fault = fault
        self._memory = Memory()
        self._lanes = [_Lane(self._commit) for _ in range(LANES)]

    def post(
        self, seat: Seat, message: bytes, envelope: bytes, viewing_hash: bytes, reply: Reply
    ) -> None:
        """Accept a message; the reply is a Receipt."""
        payload = self._random(sealing.PAYLOAD_ID_BYTES)
        self._submit(
            Post(
                seat.room,
                message,
                seat,
                reply,
                envelope,
                viewing_hash,
                sha256(envelope).digest(),
                payload,
                sealing.seal(payload, "message", envelope, self._random),
            )
        )

    def open(self, seat: Seat, message: bytes, reply: Reply) -> None:
        """Lease a message and serve its envelope; the reply is Opened."""
        self._submit(Open(seat.room, message, seat, reply))

    def acknowledge(self, seat: Seat, message: bytes, viewing: bytes, reply: Reply) -> None:
        """Destroy a message upon proof; the reply is Acknowledged."""
        self._submit(Acknowledge(seat.room, message, seat, reply, viewing))

    def release(self, seat: Seat, message: bytes, reply: Reply) -> None:
        """Give a lease back; the reply is Released."""
        self._submit(Release(seat.room, message, seat, reply))

    async def settle(self, keys: Sequence[Key]) -> None:
        """Let time pass for messages (room, id); returns when that is written and told."""
        await self._submit_all([partial(Settle, *key) for key in keys])

    async def end_leases(self, rooms: Sequence[bytes]) -> None:
        """Let time pass for the leases in rooms; returns when that is written and told."""
        await self._submit_all([partial(EndLeases, room) for room in rooms])

    def age(self, monotonic: float) -> None:
        """To be called now and then: forget rooms that nothing happens in."""
        self._memory.age(monotonic)

    @property
    def queued(self) -> int:
        """Requests that wait for a transaction to begin."""
        return sum(lane.waiting for lane in self._lanes)

    async def close(self) -> None:
        """Wait until everything submitted has been answered."""
        for lane in self._lanes:
            await lane.idle()

    def _submit(self, entry: Entry) -> None:
        self._lanes[entry.room[0] % LANES].add(entry)

    async def _submit_all(self, entries: Sequence[Callable[[Reply], Entry]]) -> None:
        loop = asyncio.get_running_loop()
        waiting = []
        for entry in entries:
            done: asyncio.Future[None] = loop.create_future()
            waiting.append(done)
            self._submit(entry(_resolve(done)))
        await asyncio.gather(*waiting)

    async def _commit(self, batch: Sequence[Entry]) -> None:
        outcomes: Sequence[Outcome]
        hints: Sequence[Hint] = ()
        try:
            outcomes, hints, remember = await commit(
                self._pool,
                self._bus,
                {entry.room for entry in batch},
                lambda connection: self._decide(connection, batch),
            )
            remember()
        except StoreUnavailable:
            outcomes = [Refusal("unavailable", retry_after=1)] * len(batch)
        except KeyringUnusable as error:
            self._fault(error)
            outcomes = [Refusal("unavailable", retry_after=5)] * len(batch)
        except Exception as error:  # noqa: BLE001 -- every entry must be answered
            if len(batch) > 1:
                # Whatever is wrong is wrong with one of them: the others must not suffer.
                for entry in batch:
                    await self._commit([entry])
                return
            self._fault(error)
            outcomes = [Refusal("internal")]
        for entry, outcome in zip(batch, outcomes, strict=True):
            try:
                entry.reply(outcome)
            except Exception as error:  # noqa: BLE001 -- one broken reply must not cost the others theirs
                self._fault(error)
        self._bus.publish(hints)

    async def _decide(self, connection: Connection, batch: Sequence[Entry]) -> _Decided:
        """One transaction: lock, recall, decide in order, write."""
        recalled = await recall(
            connection, self._memory, batch, self._limits, self._keyring.index_key
        )
        posts = [
            entry for entry in batch if isinstance(entry, Post) and entry.room in recalled.rooms
        ]
        sealed = await self._wrap(connection, posts) if posts else {}
        book = await self._book(connection, recalled, posts)
        decided = [_decided(entry, book) for entry in batch]
        served = await self._served(connection, recalled, posts, decided, book.now)
        drawn = self._random(_VERSION_BYTES * len(book.used))
        versions = {room: _version(drawn, at * _VERSION_BYTES) for at, room in enumerate(book.used)}
        await write(connection, book, sealed, versions)
        return _Decided(
            served, book.events, lambda: self._remember(recalled, posts, book, versions)
        )

    async def _wrap(self, connection: Connection, posts: Sequence[Post]) -> dict[bytes, SealedRow]:
        """Wrap the keys of posts under the current epoch, which the transaction then holds."""
        epoch = await self._keyring.hold_current(connection)
        return {
            post.payload: SealedRow(
                post.payload,
                post.sealed.body,
                epoch.id,
                sealing.wrap(epoch, post.payload, post.sealed.data_key, self._random),
            )
            for post in posts
        }

    async def _book(
        self, connection: Connection, recalled: Recalled, posts: Sequence[Post]
    ) -> Book:
        rooms = [one.room for one in recalled.rooms.values()]
        everyone = {post.room for post in posts if recalled.rooms[post.room].room.policy == 2}
        present = None
        if everyone:
            grace = self._limits.seat_grace
            present = await seat_rows.present(connection, list(everyone), grace)
        return Book(
            recalled.now,
            self._limits,
            partial(_grave, self._keyring.index_key, recalled),
            rooms=rooms,
            seats=set[Seat]().union(*(one.seats for one in recalled.rooms.values())),
            messages=recalled.messages,
            tombstones=recalled.tombstones,
            present=present,
        )

    async def _served(
        self,
        connection: Connection,
        recalled: Recalled,
        posts: Sequence[Post],
        decided: Sequence[Outcome | Leased],
        now: int,
    ) -> list[Outcome]:
        """The outcomes, with the envelopes of what has been leased.

        What this batch has accepted is not written yet, what it has destroyed still stands.
        """
        envelopes = {post.payload: post.envelope for post in posts}
        missing = []
        for one in decided:
            if isinstance(one, Leased) and one.message.payload not in envelopes:
                message = one.message
                envelope = recalled.rooms[message.room].envelopes.get(message.id)
                if envelope is not None:
                    envelopes[message.payload] = envelope
                else:
                    missing.append(message.payload)
        if missing:
            for row in (await payload_rows.sealed(connection, missing)).values():
                try:
                    data_key = sealing.unwrap(self._keyring.key(row.epoch), row.id, row.wrapped)
                    envelopes[row.id] = sealing.open_sealed(row.body, data_key, row.id, "message")
                except (SealBroken, KeyringUnusable) as error:
                    self._fault(error)
        return [
            self._opened(one, envelopes, now) if isinstance(one, Leased) else one for one in decided
        ]

    def _opened(self, leased: Leased, envelopes: Mapping[bytes, bytes], now: int) -> Outcome:
        message = leased.message
        envelope = envelopes.get(message.payload)
        if envelope is None:
            self._fault(KeyringUnusable("A message that stands has no payload that opens."))
            return Refusal("internal")
        return Opened(
            message.id,
            envelope,
            message.author,
            message.sequence,
            message.posted_at,
            message.expires_at,
            leased.until,
            now,
        )

    def _remember(
        self,
        recalled: Recalled,
        posts: Sequence[Post],
        book: Book,
        versions: Mapping[bytes, int],
    ) -> None:
        """The transaction is committed: its rooms are known as it has left them."""
        rooms = recalled.rooms
        envelopes = {post.payload: post.envelope for post in posts}
        for message in book.inserted:
            grave = recalled.graves.get((message.room, message.id))
            rooms[message.room].accept(message, envelopes[message.payload], grave)
        for message in book.destroyed:
            rooms[message.room].forget(message.id)
        for room, version in versions.items():
            rooms[room].version = version
        for remembered in rooms.values():
            self._memory.keep(remembered)


class _Lane:
    """Gathers entries while the previous batch commits."""

    def __init__(self, commit: Callable[[Sequence[Entry]], Awaitable[None]]) -> None:
        self._commit = commit
        self._pending: list[Entry] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, entry: Entry) -> None:
        self._pending.append(entry)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain())

    @property
    def waiting(self) -> int:
        return len(self._pending)

    async def idle(self) -> None:
        while self._task is not None:
            await asyncio.shield(self._task)

    async def _drain(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
                metrics.BATCH_SIZE.observe(len(batch))
                with metrics.BATCH_SECONDS.time():
                    await self._commit(batch)
        finally:
            self._task = None


def _decided(entry: Entry, book: Book) -> Outcome | Leased:
    try:
        return entry.decide(book)
    except Refusal as refusal:
        return refusal


def _grave(index_key: bytes, recalled: Recalled, room: bytes, message: bytes) -> bytes:
    """The name of a message's tombstone, which may be known already."""
    return (
        recalled.graves.get((room, message))
        or recalled.rooms[room].graves.get(message)
        or tombstone_hash(index_key, room, message)
    )


def _version(drawn: bytes, at: int) -> int:
    return int.from_bytes(drawn[at : at + _VERSION_BYTES]) >> (8 * _VERSION_BYTES - _VERSION_BITS)


def _resolve(done: asyncio.Future[None]) -> Reply:
    def reply(_outcome: Outcome) -> None:
        if not done.done():
            done.set_result(None)

    return reply
