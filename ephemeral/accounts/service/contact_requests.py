"""Requests to become contacts, by an address that somebody was told.

A request is kept under the address, whether anybody has that or not, and whoever has it looks for
what waits there. So whoever asks is answered after the same work and sees the same, whether the
address exists, may be asked, has refused, or has blocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, contact_request_rows
from ephemeral.accounts.rows.contact_request_rows import RequestRow
from ephemeral.accounts.rules.changes import ContactsChanged, asked_topic
from ephemeral.accounts.rules.names import address_hash, asked_hash, request_name
from ephemeral.accounts.rules.nouns import DAY_MS, Session
from ephemeral.accounts.service.contacts import KEPT_MS
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["REQUESTS_A_DAY", "SHOWN", "Asked", "ContactRequests", "Later", "later"]

REQUESTS_A_DAY = 20
#: So many requests are shown at once, the newest first.
SHOWN = 100
# Whoever has the address is told after the answer, which else would take longer where somebody is
# there to be told.
_TOLD_SECONDS = 0.2

#: Has something done after so many seconds.
Later = Callable[[float, Callable[[], object]], object]


def later(seconds: float, do: Callable[[], object]) -> None:
    """By the running loop."""
    asyncio.get_running_loop().call_later(seconds, do)


class Asked(NamedTuple):
    """Somebody who asks; `address` as the server has seen it."""

    account: bytes
    chain: bytes
    address: str
    day: int


class ContactRequests:
    """The requests of all accounts."""

    def __init__(
        self,
        pool: Pool,
        watches: Watches,
        sessions: Sessions,
        values: SealedValues,
        index_key: bytes,
        later: Later,
        told: Callable[[bytes, bytes], None] | None,
    ) -> None:
        """`told` is called with who has asked, and the keyed hash of whose address."""
        self._told = told
        self._pool = pool
        self._watches = watches
        self._sessions = sessions
        self._values = values
        self._index_key = index_key
        self._later = later

    async def ask(self, session: Session, address: str, own: str) -> tuple[bytes, int]:
        """Let a request wait, and tell whoever has the address; its name, and the clock.

        The same again changes nothing. Refuses `malformed` where `own` isn't the account's address,
        and `too_many`.
        """
        account = session.account
        name = address_hash(self._index_key, address)
        waits_at = asked_hash(self._index_key, name)
        request = request_name(self._index_key, account, name)

        async def work(connection: Connection) -> tuple[int, bool]:
            await self._sessions.lock(connection, session)
            now = await clock(connection)
            known = await account_rows.address(connection, account)
            refuse(known != address_hash(self._index_key, own), "malformed")
            if await contact_request_rows.read(connection, request) is not None:
                return now, False
            today = now // DAY_MS
            if await contact_request_rows.asked_today(connection, account, today) >= REQUESTS_A_DAY:
                raise Refusal("too_many", retry_after=((today + 1) * DAY_MS - now) // 1000 + 1)
            await contact_request_rows.note_asked(connection, account, today)
            payload = await self._values.store(connection, "contact-request", own.encode())
            row = RequestRow(request, account, payload, now)
            await contact_request_rows.insert(connection, row, waits_at)
            self._watches.later([(self._watches.topic(account), ContactsChanged())])
            return now, True

        now, is_new = await self._watches.told(work)
        if is_new:
            hint = (asked_topic(self._index_key, waits_at), ContactsChanged())
            self._later(_TOLD_SECONDS, partial(self._watches.tell, [hint]))
            if self._told is not None:
                self._told(account, name)
        return request, now

    async def set_findable(self, session: Session, *, wish: bool) -> None:
        """Be told of requests under one's address from now on, or no longer."""

        async def work(connection: Connection) -> None:
            await self._sessions.lock(connection, session)
            await contact_request_rows.set_findable(connection, session.account, wish)

        topic = self._watches.topic(session.account)
        await self._watches.told(work, [(topic, ContactsChanged())])

    async def topic_of(self, account: bytes) -> bytes | None:
        """What hints about requests to this account are called."""

        async def work(connection: Connection) -> bytes | None:
            return await account_rows.address(connection, account)

        address = await transaction(self._pool, work, read_only=True)
        if address is None:
            return None
        return asked_topic(self._index_key, asked_hash(self._index_key, address))

    async def waiting(
        self, connection: Connection, account: bytes, now: int, after: bytes | None = None
    ) -> tuple[list[Asked], bool]:
        """Who asks this account, newest first, behind `after`, and whether there are more.

        So nobody is hidden by those who come later, however many they are. Refuses `not_found` if
        that account asks no more.
        """
        owner = await account_rows.read(connection, account)
        address = await account_rows.address(connection, account)
        if owner is None or address is None:
            return [], False
        behind = None
        if after is not None:
            name = request_name(self._index_key, after, address)
            behind = await contact_request_rows.read(connection, name)
            refuse(behind is None, "not_found")
        # Nobody reads what an address was asked before it was theirs.
        since = max(now - KEPT_MS, owner.created_day * DAY_MS)
        rows = await contact_request_rows.waiting(
            connection, account, asked_hash(self._index_key, address), since, behind, SHOWN + 1
        )
        rows, more = rows[:SHOWN], len(rows) > SHOWN
        names = await self._values.read(connection, "contact-request", [one.own for one in rows])
        asked = [
            Asked(one.account, one.chain, names[one.own].decode(), one.at // DAY_MS)
            for one in rows
            if one.own in names
        ]
        return asked, more
