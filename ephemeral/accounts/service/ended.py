"""Sessions that have ended, as every process knows them: their access tokens are good no more.

Told by the bus at once, so that no request asks the database. As long as hints may have been lost,
at the start, after a miss of the bus, and while it is down, the database is asked each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ephemeral.accounts.rows import device_rows, session_rows
from ephemeral.accounts.rules.sessions import ACCESS_MS
from ephemeral.live.bus import Bus, Event, Hint
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.accounts.rules.nouns import Session
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["EndedSessions", "SessionEnded"]

#: Sessions of all accounts are one topic: whose has ended is nobody's business on the bus.
TOPIC = hashlib.sha256(b"ephemeral/v1/server/ended-sessions\0").digest()
#: An access token that was made just before its session ended is past its time by then.
KEPT_MS = ACCESS_MS + 60_000


class SessionEnded(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A session has ended."""

    sid: bytes


#: By its number on the bus, which no other kind may have.
KINDS: Mapping[int, type[Event]] = {41: SessionEnded}


class EndedSessions:
    """A subscriber of the bus; `load` it before it is asked, and now and then."""

    kinds: Mapping[int, type[Event]] = KINDS

    def __init__(self, pool: Pool, bus: Bus) -> None:
        self._pool = pool
        self._bus = bus
        # By session: whether it was there when the set was last made anew.
        self._ended: dict[bytes, bool] = {}
        self._misses = 1
        self._healed = 0

    def receive(self, hints: Sequence[Hint]) -> None:
        """Note what has ended."""
        for topic, event in hints:
            if isinstance(event, SessionEnded):
                self._ended[event.sid] = False
            elif topic == TOPIC:
                self.missed()

    def listens(self, topic: bytes) -> bool:
        """Whether a topic is that of sessions."""
        return topic == TOPIC

    def missed(self) -> None:
        """From now on the database is asked, until the set has been read again."""
        self._misses += 1

    def tell(self, sids: Sequence[bytes]) -> None:
        """Sessions have ended, and that is committed."""
        for sid in sids:
            self._ended[sid] = False
        self._bus.publish([(TOPIC, SessionEnded(sid)) for sid in sids])

    def knows(self, sid: bytes) -> bool:
        """Whether a session has ended, as is known here: after seconds where hints were lost."""
        return sid in self._ended

    async def has(self, sid: bytes) -> bool:
        """Whether a session has ended."""
        if sid in self._ended:
            return True
        if self._healed == self._misses and self._bus.is_up:
            return False
        return await transaction(
            self._pool, lambda connection: session_rows.has_ended(connection, sid), read_only=True
        )

    async def by_removal(self, session: Session) -> bool:
        """Whether one that has ended was a device's that is no longer in its account's list.

        Its holder is told, so that a program can say so, and drop what it keeps. Asked of the
        database: only by whoever shows a token that was good a quarter of an hour ago.
        """
        account, device = session.account, session.device
        if device is None:
            return False
        return await transaction(
            self._pool,
            lambda connection: device_rows.was_removed(connection, account, device),
            read_only=True,
        )

    async def heal(self) -> None:
        """Make good for hints that may have been lost."""
        if self._healed != self._misses:
            await self.load()

    async def load(self) -> None:
        """Read the set, and forget what no token can name any more."""
        misses = self._misses

        async def work(connection: Connection) -> list[bytes]:
            now = await clock(connection)
            rows = await session_rows.ended(connection)
            return [sid for sid, ended_at in rows if now - ended_at < KEPT_MS]

        found = await transaction(self._pool, work, read_only=True)
        # What was told while the database was read isn't in what was read.
        recent = {sid: True for sid, old in self._ended.items() if not old}
        self._ended = {**recent, **dict.fromkeys(found, True)}
        if self._bus.is_up:
            self._healed = misses
