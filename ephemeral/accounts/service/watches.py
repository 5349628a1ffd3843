"""Requests that wait for a change of an account, wherever that is committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ephemeral.accounts.rules.changes import KINDS, ChangedEvent, topic
from ephemeral.live.bus import Bus, Hint
from ephemeral.live.hints import ALL_TOPICS
from ephemeral.store.postgres import StoreUnavailable, transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Watches"]

T = TypeVar("T")
Wake = Callable[[], None]


class Watches:
    """Who waits in this process, and how others are told. Subscribes itself to the bus."""

    kinds = KINDS

    def __init__(self, pool: Pool, bus: Bus, index_key: bytes) -> None:
        self._pool = pool
        self._bus = bus
        self._index_key = index_key
        self._waiting: dict[bytes, set[Wake]] = {}
        bus.subscribe(self)

    @contextmanager
    def waiting(self, account: bytes, wake: Wake) -> Iterator[None]:
        """Meanwhile `wake` is called whenever something of the account may have changed."""
        name = topic(self._index_key, account)
        self._waiting.setdefault(name, set()).add(wake)
        try:
            yield
        finally:
            waiting = self._waiting[name]
            waiting.discard(wake)
            if not waiting:
                del self._waiting[name]

    async def commit(self, account: bytes, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work`, which may change the account, in a transaction, and tell; raises like it."""
        try:
            done = await transaction(self._pool, work)
        except StoreUnavailable as error:
            if error.unsure:
                self.tell(account)
            raise
        self.tell(account)
        return done

    def tell(self, account: bytes) -> None:
        """Something of the account has changed."""
        self._bus.publish([(topic(self._index_key, account), ChangedEvent())])

    def receive(self, hints: Sequence[Hint]) -> None:
        """Wake whoever waits for these accounts."""
        for name, _ in hints:
            if name == ALL_TOPICS:
                self.missed()
            for wake in tuple(self._waiting.get(name, ())):
                wake()

    def listens(self, topic: bytes) -> bool:
        """Whether anybody here waits for that account."""
        return topic in self._waiting

    def missed(self) -> None:
        """Whoever waits looks for itself."""
        for waiting in tuple(self._waiting.values()):
            for wake in tuple(waiting):
                wake()
