"""Links: a new device waits, under words that only its owner carries over to an old one.

One deposit a locator, ten minutes, one use. Whoever tries words in vain is counted by account.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, link_rows
from ephemeral.accounts.rows.link_rows import LinkRow
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.sealing.fingerprints import keyed, sized
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["LINK_MS", "Link", "Links"]

LINK_MS = 600_000
#: How many devices may wait for an account at once.
WAITING = 5
#: How many words may be tried in vain, and in what time.
TRIES, TRIES_MS = 10, 3_600_000

_LOCATOR = b"ephemeral/v1/server/link\0"
_REQUEST = b"ephemeral/v1/server/link-request\0"
_LOCATOR_BYTES = 32


class Link(NamedTuple):
    """What stands at a locator for whoever asks: the new device's request, or its answer."""

    request: bytes | None
    answer: bytes | None
    expires_at: int
    now: int


class Links:
    """The devices that wait, of all accounts."""

    def __init__(
        self, pool: Pool, watches: Watches, values: SealedValues, index_key: bytes
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._values = values
        self._index_key = index_key

    async def deposit(self, session: Session, locator: bytes, request: bytes) -> tuple[int, int]:
        """Let a device without a place in the chain wait; says until when, and the clock.

        The same again by the same session changes nothing. Refuses `conflict`, `too_many`.
        """
        refuse(session.device is not None, "conflict")
        name = self._name(locator)
        digest = keyed(self._index_key, _REQUEST, hashlib.sha256(request).digest())

        async def work(connection: Connection) -> tuple[int, int]:
            await account_rows.lock(connection, session.account)
            now = await clock(connection)
            standing = await link_rows.link(connection, name)
            if standing is not None:
                same = (standing.account, standing.sid, standing.digest) == (
                    session.account,
                    session.sid,
                    digest,
                )
                refuse(not same or standing.expires_at <= now, "conflict")
                return standing.expires_at, now
            if await link_rows.count(connection, session.account) >= WAITING:
                raise Refusal("too_many", retry_after=LINK_MS // 1000)
            payload = await self._values.store(connection, "link", request)
            until = now + LINK_MS
            made = await link_rows.insert(
                connection,
                LinkRow(name, session.account, session.sid, payload, digest, None, None, until),
            )
            refuse(not made, "conflict")
            return until, now

        return await self._watches.commit(session.account, work)

    async def look(self, session: Session, locator: bytes) -> Link:
        """What stands at a locator of this account; refuses `link_unknown`, `too_many`.

        Who waits there gets the answer, if there is one; a device of the account the request.
        """
        name = self._name(locator)

        async def work(connection: Connection) -> Link | None:
            if session.device is not None:
                await self._refuse_guessing(connection, session.account)
            row = await link_rows.link(connection, name)
            now = await clock(connection)
            if row is None or row.account != session.account or row.expires_at <= now:
                return None
            if row.sid == session.sid:
                known = await self._values.read(connection, "link", [row.answer])
                return Link(None, known.get(row.answer), row.expires_at, now)
            if session.device is None or row.answer is not None:
                return None
            known = await self._values.read(connection, "link", [row.request])
            if row.request not in known:
                return None
            return Link(known[row.request], None, row.expires_at, now)

        found = await transaction(self._pool, work)
        if found is not None:
            return found
        # A session without a device sees its own deposit alone, and can find out nothing by trying.
        if session.device is not None:
            await transaction(
                self._pool,
                lambda connection: link_rows.tried(connection, session.account, TRIES_MS),
            )
        raise Refusal("link_unknown")

    async def waiting(self, connection: Connection, session: Session, locator: bytes) -> LinkRow:
        """Who waits to be added by this account's device; the account's row is locked.

        Refuses `link_unknown`; whoever adds devices in vain has proved a password each time.
        """
        row = await link_rows.link(connection, self._name(locator))
        now = await clock(connection)
        if row is None or row.account != session.account or row.expires_at <= now or row.answer:
            raise Refusal("link_unknown")
        return row

    async def settle(
        self, connection: Connection, row: LinkRow, answer: bytes, device: bytes
    ) -> None:
        """Answer who waits; the request is needed no more than that."""
        payload = await self._values.store(connection, "link", answer)
        await link_rows.answer(connection, row.locator, payload, device)

    async def _refuse_guessing(self, connection: Connection, account: bytes) -> None:
        tried = await link_rows.tries(connection, account)
        if tried is not None and tried.tries >= TRIES:
            wait = tried.until - await clock(connection)
            raise Refusal("too_many", retry_after=max(1, -(-wait // 1000)))

    def _name(self, locator: bytes) -> bytes:
        return keyed(self._index_key, _LOCATOR, sized("locator", locator, _LOCATOR_BYTES))
