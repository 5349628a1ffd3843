"""The ledger: what devices write to logs and acknowledge, of many conversations in few commits.

Requests for the same conversation always go through the same lane. A request is answered after
the commit; what has changed is told after the answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ephemeral.accounts.service.people import People
from ephemeral.conversations.rules import prices
from ephemeral.conversations.rules.log_state import Entry
from ephemeral.conversations.rules.requests import Acknowledge, Post, Reply, Request
from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.batches import Batch, Done
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.recent import Recent
from ephemeral.conversations.service.segments import Segments
from ephemeral.conversations.service.stock import Stock
from ephemeral.conversations.service.tail import Tail
from ephemeral.conversations.service.wakes import Wakes
from ephemeral.live.bus import Bus, Hint
from ephemeral.protocol.conversations.messages import read_ad
from ephemeral.protocol.errors import Refusal
from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.store.lanes import Lane
from ephemeral.store.postgres import StoreUnavailable, transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["Ledger"]

_LANES = 2


class Ledger:
    """Batches requests by lane. `ttl`: how long messages wait at most, in ms. `wakes`: who is told
    what was written, for whoever isn't there. `fault` is told of exceptions nobody expected."""

    def __init__(
        self,
        pool: Pool,
        bus: Bus,
        people: People,
        segments: Segments,
        boxes: Boxes,
        tail: Tail,
        recent: Recent,
        hints: Hints,
        stock: Stock,
        wakes: Wakes | None,
        ttl: int,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._bus = bus
        self._people = people
        self._segments = segments
        self._boxes = boxes
        self._tail = tail
        self._recent = recent
        self._hints = hints
        self._stock = stock
        self._wakes = wakes
        self._ttl = ttl
        self._fault = fault
        self._lanes = [Lane(self._commit) for _ in range(_LANES)]

    def post(
        self, asker: Asker, conversation: bytes, entries: Sequence[bytes], reply: Reply
    ) -> None:
        """Take messages, all of them or none; the reply is Posted. Refuses what no message is."""
        read = [Entry(read_ad(one), hashlib.sha256(one).digest(), one) for one in entries]
        self._submit(Post(conversation, asker.account, asker.device, reply, read))

    def acknowledge(self, asker: Asker, conversation: bytes, cursor: int, reply: Reply) -> None:
        """Take a device's cursor; the reply is Acknowledged."""
        self._submit(Acknowledge(conversation, asker.account, asker.device, reply, cursor))

    @property
    def queued(self) -> int:
        """Requests that wait for a transaction to begin."""
        return sum(lane.waiting for lane in self._lanes)

    async def close(self) -> None:
        """Wait until everything submitted has been answered."""
        for lane in self._lanes:
            await lane.idle()

    def _submit(self, request: Request) -> None:
        self._lanes[request.conversation[0] % _LANES].add(request)

    async def _commit(self, requests: Sequence[Request]) -> None:
        done = Done()
        accepts = not self._stock.is_full
        parts = (self._people, self._segments, self._boxes, self._tail)
        batch = Batch(*parts, requests, self._ttl, accepts=accepts)
        unsure = False
        try:
            done = await transaction(self._pool, batch.run)
        except StoreUnavailable as error:
            unsure = error.unsure
            done.outcomes = [Refusal("unavailable", retry_after=1)] * len(requests)
        except KeyringUnusable as error:
            self._fault(error)
            done.outcomes = [Refusal("unavailable", retry_after=5)] * len(requests)
        except Refusal as refusal:
            # The vault's, of a key that can't be had at this moment.
            done.outcomes = [refusal] * len(requests)
        except Exception as error:  # noqa: BLE001 -- every request must be answered
            if len(requests) > 1:
                # Whatever is wrong is wrong with one of them: the others must not suffer.
                for one in requests:
                    await self._commit([one])
                return
            self._fault(error)
            done.outcomes = [Refusal("internal")]
        self._remember(done)
        if self._wakes is not None:
            self._wakes.wrote({one.conversation for one in requests} if unsure else done.written)
        for request, outcome in zip(requests, done.outcomes, strict=True):
            try:
                request.reply(outcome)
            except Exception as error:  # noqa: BLE001 -- one broken reply must not cost the others theirs
                self._fault(error)
        self._bus.publish(self._told(requests, done, unsure=unsure))

    def _remember(self, done: Done) -> None:
        for conversation, items in done.written.items():
            self._recent.add(conversation, items)
            size = sum(len(one.entry or b"") for one in items)
            self._stock.took(prices.posted(len(items), size))
        for conversation in done.thinned:
            self._recent.forget(conversation)
        for conversation, tail in done.trimmed.items():
            self._recent.trim(conversation, tail)

    def _told(self, requests: Sequence[Request], done: Done, *, unsure: bool) -> list[Hint]:
        if unsure:
            # Nobody knows whether it was committed: whoever listens looks.
            names = {one.conversation for one in requests}
            return [self._hints.look_again(one) for one in sorted(names)]
        hints = [self._hints.changed(one, items[-1].s) for one, items in done.written.items()]
        hints += [self._hints.moved(*key, cursor) for key, cursor in done.moved.items()]
        return hints
