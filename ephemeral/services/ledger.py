"""The ledger: posts, opens, acknowledgements and releases of many members in few commits.

Requests for the same room always go through the same lane, and a lane has one transaction at a
time: while that commits and is flushed, the next batch gathers. Nothing waits for a clock, so a
lone message is not held back. A request is answered after the commit, its events are published
after the answers, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ephemeral import metrics
from ephemeral.domain import keyring as sealing
from ephemeral.domain.book import Book
from ephemeral.domain.credentials import tombstone_hash
from ephemeral.domain.keyring import KeyringUnusable, Random, SealBroken, Sealed
from ephemeral.domain.limits import Limits
from ephemeral.domain.room import Acknowledged, Message, Opened, Receipt, Released, Seat
from ephemeral.live.bus import Bus, Hint
from ephemeral.protocol.errors import Refusal
from ephemeral.services.commits import commit
from ephemeral.services.effects import write
from ephemeral.services.keyring import Keyring
from ephemeral.store import payload_rows, room_rows, seat_rows
from ephemeral.store.payload_rows import SealedRow
from ephemeral.store.postgres import StoreUnavailable

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Ledger", "Outcome", "Reply"]

Outcome = Receipt | Opened | Acknowledged | Released | None | Refusal
Reply = Callable[[Outcome], None]

#: Requests in one transaction at most: larger batches gain nothing and make the others wait.
BATCH = 256

LANES = 2


@dataclass(slots=True)
class Leased:
    """A message that may be opened; the envelope is still to be fetched."""

    message: Message
    until: int


@dataclass(slots=True)
class Post:
    """A message to be accepted; its payload is sealed already."""

    room: bytes
    seat: Seat
    message: bytes
    size: int
    viewing_hash: bytes
    digest: bytes
    payload: bytes
    sealed: Sealed
    reply: Reply

    def decide(self, book: Book) -> Outcome:
        """Accept it, or recognise it."""
        return book.post(
            self.seat, self.message, self.size, self.viewing_hash, self.digest, self.payload
        )


@dataclass(slots=True)
class Open:
    """A message to be leased and served."""

    room: bytes
    seat: Seat
    message: bytes
    reply: Reply

    def decide(self, book: Book) -> Leased:
        """Lease it."""
        return Leased(*book.open(self.seat, self.message))


@dataclass(slots=True)
class Acknowledge:
    """A message that has been viewed, with the proof."""

    room: bytes
    seat: Seat
    message: bytes
    viewing: bytes
    reply: Reply

    def decide(self, book: Book) -> Outcome:
        """Destroy it, if the proof holds."""
        return book.acknowledge(self.seat, self.message, self.viewing)


@dataclass(slots=True)
class Release:
    """A lease to be given back."""

    room: bytes
    seat: Seat
    message: bytes
    reply: Reply

    def decide(self, book: Book) -> Outcome:
        """Give it back."""
        return book.release(self.seat, self.message)


@dataclass(slots=True)
class Settle:
    """A message whose time may be over: the sweeper asks, nobody is answered."""

    room: bytes
    message: bytes
    reply: Reply
    seat: None = None

    def decide(self, book: Book) -> None:
        """Let its time pass."""
        book.settle_one(self.room, self.message)


#: A request on its way through the ledger.
Entry = Post | Open | Acknowledge | Release | Settle


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
        self._lanes = [_Lane(self._commit) for _ in range(LANES)]

    def post(
        self, seat: Seat, message: bytes, envelope: bytes, viewing_hash: bytes, reply: Reply
    ) -> None:
        """Accept a message; the reply is a Receipt."""
        payload = self._random(sealing.PAYLOAD_ID_BYTES)
        sealed = sealing.seal(payload, "message", envelope, self._random)
        self._submit(
            Post(
                seat.room,
                seat,
                message,
                len(envelope),
                viewing_hash,
                sha256(envelope).digest(),
                payload,
                sealed,
                reply,
            )
        )

    def open(self, seat: Seat, message: bytes, reply: Reply) -> None:
        """Lease a message and serve its envelope; the reply is Opened."""
        self._submit(Open(seat.room, seat, message, reply))

    def acknowledge(self, seat: Seat, message: bytes, viewing: bytes, reply: Reply) -> None:
        """Destroy a message upon proof; the reply is Acknowledged."""
        self._submit(Acknowledge(seat.room, seat, message, viewing, reply))

    def release(self, seat: Seat, message: bytes, reply: Reply) -> None:
        """Give a lease back; the reply is Released."""
        self._submit(Release(seat.room, seat, message, reply))

    async def settle(self, keys: Sequence[tuple[bytes, bytes]]) -> None:
        """Let time pass for messages (room, id); returns when that is written and told."""
        loop = asyncio.get_running_loop()
        waiting = []
        for room, message in keys:
            done: asyncio.Future[None] = loop.create_future()
            waiting.append(done)
            self._submit(Settle(room, message, _resolve(done)))
        await asyncio.gather(*waiting)

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

    async def _commit(self, batch: Sequence[Entry]) -> None:
        outcomes: Sequence[Outcome]
        try:
            outcomes, hints = await commit(
                self._pool,
                self._bus,
                {entry.room for entry in batch},
                lambda connection: self._decide(connection, batch),
            )
        except StoreUnavailable:
            outcomes, hints = [Refusal("unavailable", retry_after=1)] * len(batch), []
        except KeyringUnusable as error:
            self._fault(error)
            outcomes, hints = [Refusal("unavailable", retry_after=5)] * len(batch), []
        except Exception as error:  # noqa: BLE001 -- every entry must be answered
            if len(batch) > 1:
                # Whatever is wrong is wrong with one of them: the others must not suffer.
                for entry in batch:
                    await self._commit([entry])
                return
            self._fault(error)
            outcomes, hints = [Refusal("internal")], []
        for entry, outcome in zip(batch, outcomes, strict=True):
            try:
                entry.reply(outcome)
            except Exception as error:  # noqa: BLE001 -- one broken reply must not cost the others theirs
                self._fault(error)
        self._bus.publish(hints)

    async def _decide(
        self, connection: Connection, batch: Sequence[Entry]
    ) -> tuple[list[Outcome], list[Hint]]:
        """One transaction: lock, load, decide in order, write."""
        rooms = await room_rows.lock_rooms(connection, {entry.room for entry in batch})
        posts = [entry for entry in batch if isinstance(entry, Post)]
        sealed: dict[bytes, SealedRow] = {}
        if posts:
            sealed = await self._wrap(connection, posts)
            waiting = await room_rows.waiting(connection, list({post.room for post in posts}))
            for room in rooms:
                room.waiting, room.waiting_bytes = waiting.get(room.room, (0, 0))
        keys = {(entry.room, entry.message) for entry in batch}
        messages = await room_rows.messages(connection, keys)
        await room_rows.audiences(connection, messages)
        missing = keys.difference((message.room, message.id) for message in messages)
        graves = [self._grave(*key) for key in missing]
        everyone = [room.room for room in rooms if room.policy == 2] if posts else []
        book = Book(
            await room_rows.clock(connection),
            self._limits,
            self._grave,
            rooms=rooms,
            seats=await seat_rows.existing(
                connection, [entry.seat for entry in batch if entry.seat is not None]
            ),
            messages=messages,
            tombstones=await room_rows.tombstones(connection, graves) if graves else (),
            present=await seat_rows.present(connection, everyone, self._limits.seat_grace)
            if everyone
            else None,
        )
        decided = [_decided(entry, book) for entry in batch]
        leased = {one.message.payload for one in decided if isinstance(one, Leased)}
        # What this batch has accepted is not written yet, what it has destroyed still stands.
        stored = list(leased.difference(sealed))
        bodies = sealed | (await payload_rows.sealed(connection, stored) if stored else {})
        await write(connection, book, sealed)
        outcomes = [
            self._served(one, bodies, book.now) if isinstance(one, Leased) else one
            for one in decided
        ]
        return outcomes, book.events

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

    def _served(self, leased: Leased, bodies: dict[bytes, SealedRow], now: int) -> Outcome:
        message = leased.message
        try:
            row = bodies[message.payload]
            data_key = sealing.unwrap(self._keyring.key(row.epoch), row.id, row.wrapped)
            envelope = sealing.open_sealed(row.body, data_key, row.id, "message")
        except (KeyError, SealBroken, KeyringUnusable) as error:
            self._fault(error)
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

    def _grave(self, room: bytes, message: bytes) -> bytes:
        return tombstone_hash(self._keyring.index_key, room, message)


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


def _resolve(done: asyncio.Future[None]) -> Reply:
    def reply(_outcome: Outcome) -> None:
        if not done.done():
            done.set_result(None)

    return reply
