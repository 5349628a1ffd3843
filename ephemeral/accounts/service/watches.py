"""Requests that wait for a change of an account, wherever that is committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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

# What is to be told after the commit of the transaction that this task is in.
_LATER: ContextVar[list[Hint]] = ContextVar("later")


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
        name = self.topic(account)
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
        changed = [(self.topic(account), ChangedEvent())]
        return await self.told(work, changed)

    async def told(
        self, work: Callable[[Connection], Awaitable[T]], changed: Sequence[Hint] = ()
    ) -> T:
        """Run `work` in a transaction; then tell what `changed`, and what it left for `later`."""
        later: list[Hint] = []

        async def anew(connection: Connection) -> T:
            later.clear()
            return await work(connection)

        within = _LATER.set(later)
        try:
            done = await transaction(self._pool, anew)
        except StoreUnavailable as error:
            if error.unsure:
                self._bus.publish([*changed, *later])
            raise
        finally:
            _LATER.reset(within)
        self._bus.publish([*changed, *later])
        return done

    def later(self, hints: Sequence[Hint]) -> None:
        """To be told once the transaction is committed that this is called in."""
        _LATER.get().extend(hints)

    def tell(self, hints: Sequence[Hint]) -> None:
        """Tell at once; nothing of it was waiting for a commit."""
        self._bus.publish(hints)

    def changed(self, account: bytes) -> None:
        """Tell at once that something of an account has changed."""
        self.tell([(self.topic(account), ChangedEvent())])

    def topic(self, account: bytes) -> bytes:
        """What an account is called on the bus."""
        return topic(self._index_key, account)

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
