"""The ledger: what members do to messages, of many members in few commits.

Requests for the same room always go through the same lane (`store/lanes.py`). A request is
answered after the commit, its events are published after the answers, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from ephemeral.live.bus import Bus, Hint
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.batches import Batch, Batches
from ephemeral.rooms.service.commits import commit, commit_statement
from ephemeral.rooms.service.entries import (
    Acknowledge,
    EndLeases,
    Entry,
    Fetch,
    Lose,
    Open,
    Outcome,
    Post,
    Release,
    Reply,
    Settle,
    Withdraw,
)
from ephemeral.rooms.service.estimated_clock import Clock
from ephemeral.rooms.service.storage import Storage
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.seals import KeyringUnusable, Random
from ephemeral.store.lanes import Lane
from ephemeral.store.postgres import StoreUnavailable

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Ledger"]

LANES = 2

Key = tuple[bytes, bytes]


class Ledger:
    """Batches requests by lane. `fault` is told of exceptions nobody expected."""

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        bus: Bus,
        storage: Storage,
        random: Random,
        fault: Callable[[BaseException], None],
        clock: Clock | None = None,
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._fault = fault
        self._batches = Batches(keyring, storage, random, fault, clock or Clock())
        self._lanes = [Lane(self._commit) for _ in range(LANES)]

    def post(
        self,
        seat: Seat,
        message: bytes,
        envelope: bytes,
        viewing_hash: bytes,
        reply: Reply,
        by: bytes = b"",
        attachment: bytes | None = None,
    ) -> None:
        """Accept a message, which may name an attachment; the reply is a Receipt."""
        # Envelopes have few lengths, none of which is another's and 16.
        digest = sha256(envelope + (attachment or b"")).digest()
        self._submit(
            Post(
                seat.room, message, seat, reply, envelope, viewing_hash, digest, by, attachment
            )
        )  # fmt: skip

    def open(
        self, seat: Seat, message: bytes, reply: Reply, by: bytes = b"", attachment: bool = False
    ) -> None:
        """Lease a message and serve its envelope; the reply is Opened.

        `attachment`: who opens it can show one.
        """
        self._submit(Open(seat.room, message, seat, reply, by, attachment))

    async def fetch(self, seat: Seat, message: bytes) -> None:
        """A chunk is fetched: let the lease go on, if it runs. Refuses `lease_lost`."""
        await self._ask(partial(Fetch, seat.room, message, seat))

    async def lose(self, seat: Seat, message: bytes) -> None:
        """A chunk is lost: destroy its message. Refuses `message_gone`, always."""
        await self._ask(partial(Lose, seat.room, message, seat))

    def acknowledge(
        self, seat: Seat, message: bytes, viewing: bytes, reply: Reply, by: bytes = b""
    ) -> None:
        """Destroy a message upon proof; the reply is Acknowledged."""
        self._submit(Acknowledge(seat.room, message, seat, reply, viewing, by))

    def release(self, seat: Seat, message: bytes, reply: Reply, by: bytes = b"") -> None:
        """Give a lease back; the reply is Released."""
        self._submit(Release(seat.room, message, seat, reply, by))

    def withdraw(self, seat: Seat, message: bytes, reply: Reply, by: bytes = b"") -> None:
        """Take one's own message back; the reply is Withdrawn."""
        self._submit(Withdraw(seat.room, message, seat, reply, by))

    async def settle(self, keys: Sequence[Key]) -> None:
        """Let time pass for messages (room, id); returns when that is written and told."""
        await self._submit_all([partial(Settle, *key) for key in keys])

    async def end_leases(self, rooms: Sequence[bytes]) -> None:
        """Let time pass for the leases in rooms; returns when that is written and told."""
        await self._submit_all([partial(EndLeases, room) for room in rooms])

    def age(self, monotonic: float) -> None:
        """To be called now and then: forget rooms that nothing happens in."""
        self._batches.cache.age(monotonic)

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

    async def _ask(self, entry: Callable[[Reply], Entry]) -> None:
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def reply(outcome: Outcome) -> None:
            if not done.done():
                done.set_result(outcome)

        self._submit(entry(reply))
        outcome = await done
        if isinstance(outcome, Refusal):
            raise outcome

    async def _commit(self, entries: Sequence[Entry]) -> None:
        batches = self._batches
        at_once, others, known = batches.divide(entries)
        if at_once and not await self._settled(Batch(batches, at_once, known), at_once=True):
            # What was remembered isn't true any more.
            for entry in at_once:
                known.pop(entry.room, None)
            others = entries
        if others:
            await self._settled(Batch(batches, others, known), at_once=False)

    async def _settled(self, batch: Batch, *, at_once: bool) -> bool:
        """Answer every entry and tell what happened; False if nothing could be decided."""
        entries = batch.entries
        outcomes: Sequence[Outcome]
        hints: Sequence[Hint] = ()
        try:
            if at_once:
                if not await commit_statement(self._pool, self._bus, batch.names, batch.at_once):
                    return False
            else:
                await commit(self._pool, self._bus, batch.names, batch.in_transaction)
            outcomes, hints = batch.outcome(), batch.book.events
        except StoreUnavailable:
            outcomes = [Refusal("unavailable", retry_after=1)] * len(entries)
        except KeyringUnusable as error:
            self._fault(error)
            outcomes = [Refusal("unavailable", retry_after=5)] * len(entries)
        except Exception as error:  # noqa: BLE001 -- every entry must be answered
            if len(entries) > 1:
                # Whatever is wrong is wrong with one of them: the others must not suffer.
                for entry in entries:
                    await self._settled(Batch(self._batches, [entry], {}), at_once=False)
                return True
            self._fault(error)
            outcomes = [Refusal("internal")]
        for entry, outcome in zip(entries, outcomes, strict=True):
            try:
                entry.reply(outcome)
            except Exception as error:  # noqa: BLE001 -- one broken reply must not cost the others theirs
                self._fault(error)
        self._bus.publish(hints)
        return True


def _resolve(done: asyncio.Future[None]) -> Reply:
    def reply(_outcome: Outcome) -> None:
        if not done.done():
            done.set_result(None)

    return reply
