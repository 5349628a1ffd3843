"""Accounts that an operator has suspended, as each process knows them.

Whoever shows a token of one is refused at once. There are few of them, and they change seldom: when
one is suspended or is no more, every process is told that much and reads all of them again; until
it has, the database is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ephemeral.accounts.rows import suspension_rows
from ephemeral.live.bus import Bus, Event, Hint
from ephemeral.protocol.errors import Refusal
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.accounts.service.watches import Watches
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["SuspensionEvent", "Suspensions"]

#: The topic of all suspensions; no hash of anything has this form.
TOPIC = hashlib.sha256(b"ephemeral/v1/server/suspensions\0").digest()


class SuspensionEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """An account is suspended, or is no more. Of an account's topic: this one is."""


#: By its number on the bus, which no other kind may have.
KINDS: Mapping[int, type[Event]] = {44: SuspensionEvent}


class Suspensions:
    """A subscriber of the bus; `load` it before it is asked, and now and then."""

    kinds = KINDS

    def __init__(self, pool: Pool, bus: Bus, watches: Watches) -> None:
        self._pool = pool
        self._bus = bus
        self._watches = watches
        self._suspended: frozenset[bytes] = frozenset()
        self._misses = 1
        self._healed = 0
        bus.subscribe(self)

    # --- the bus ----------------------------------------------------------------------------------

    def receive(self, hints: Sequence[Hint]) -> None:
        """Something has changed: what is known counts no more."""
        if any(topic == TOPIC for topic, _ in hints):
            self.missed()

    def listens(self, topic: bytes) -> bool:
        """Whether a topic is that of suspensions."""
        return topic == TOPIC

    def missed(self) -> None:
        """From now on the database is asked, until all have been read again."""
        self._misses += 1

    # --- who asks ---------------------------------------------------------------------------------

    async def check(self, account: bytes) -> None:
        """Refuse `suspended` for an account that is."""
        if await self.has(account):
            raise Refusal("suspended")

    async def has(self, account: bytes) -> bool:
        """Whether an account is suspended."""
        if self._healed == self._misses and self._bus.is_up:
            return account in self._suspended
        return await transaction(
            self._pool,
            lambda connection: suspension_rows.is_suspended(connection, account),
            read_only=True,
        )

    def knows(self, account: bytes) -> bool:
        """Whether an account is, as is known here: after seconds where hints were lost."""
        return account in self._suspended

    async def heal(self) -> None:
        """Make good for what has changed, or for hints that may have been lost."""
        if self._healed != self._misses:
            await self.load()

    async def load(self) -> None:
        """Read all of them."""
        misses = self._misses
        found = await transaction(self._pool, suspension_rows.all_suspended, read_only=True)
        self._suspended = frozenset(account for account, _ in found)
        if self._bus.is_up:
            self._healed = misses

    # --- what operators do, in a transaction that `Watches.told` runs -----------------------------

    async def suspend(self, connection: Connection, account: bytes) -> bool:
        """Suspend an account, and lock it; False if it is gone."""
        done = await suspension_rows.suspend(connection, account)
        if done:
            self._tell(account)
        return done

    async def lift(self, connection: Connection, account: bytes) -> bool:
        """The account is suspended no more; False if it wasn't."""
        done = await suspension_rows.lift(connection, account)
        if done:
            self._tell(None)
        return done

    async def listed(self, connection: Connection) -> list[tuple[bytes, int]]:
        """All that are suspended, and since which day."""
        return await suspension_rows.all_suspended(connection)

    def _tell(self, suspended: bytes | None) -> None:
        """After the commit: first to whoever answers, then to whoever keeps sockets open."""
        changed: list[Hint] = [(TOPIC, SuspensionEvent())]
        if suspended is not None:
            changed.append((self._watches.topic(suspended), SuspensionEvent()))
        self._watches.later(changed)
