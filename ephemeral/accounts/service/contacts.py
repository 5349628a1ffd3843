"""Contacts: who has agreed to hear from whom, between lists of devices that are in force.

Whoever is in an account's contacts has agreed to be there: by a request that was accepted, or by an
invitation. A person that begins another list of devices is another person, and asks anew. What ends
it ends both sides at once, so that being blocked looks like being left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import (
    account_rows,
    chain_rows,
    contact_invitation_rows,
    contact_request_rows,
    contact_rows,
)
from ephemeral.accounts.rules.changes import ChainMoved, ContactsChanged
from ephemeral.accounts.rules.names import person_invitation_hash, request_name
from ephemeral.accounts.rules.nouns import DAY_MS, Sealing, Session
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.people import People, PersonNow
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.statements import NO_HASH
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["CONTACTS_MAX", "KEPT_MS", "Contacts", "Devices"]

#: How many an account may have, and how many it may block.
CONTACTS_MAX = 500
#: How long requests, refusals, and invitations that were redeemed are kept.
KEPT_MS = 30 * DAY_MS


class Devices(NamedTuple):
    """A contact's chain, and the keys of its devices as they were signed."""

    person: PersonNow
    sealing: dict[bytes, Sealing]
    now: int


class Contacts:
    """The contacts of all accounts. A listener of accounts' hooks."""

    def __init__(
        self,
        pool: Pool,
        watches: Watches,
        hooks: Hooks,
        people: People,
        values: SealedValues,
        sessions: Sessions,
        index_key: bytes,
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._hooks = hooks
        self._people = people
        self._values = values
        self._sessions = sessions
        self._index_key = index_key
        hooks.subscribe(self)

    # --- in a transaction of others ---------------------------------------------------------------

    async def accepted(
        self, connection: Connection, account: bytes, accounts: Sequence[bytes]
    ) -> set[bytes]:
        """Which of these accounts are contacts of this one."""
        return await contact_rows.accepted(connection, account, accounts)

    async def inviter(
        self, connection: Connection, account: bytes, invitation: bytes, conversation: bytes
    ) -> bytes | None:
        """Who made the invitation into that conversation which this account has redeemed."""
        name = person_invitation_hash(self._index_key, invitation)
        row = await contact_invitation_rows.read(connection, name)
        if row is None or (row.redeemer, row.conversation) != (account, conversation):
            return None
        return row.account

    async def reads(self, connection: Connection, account: bytes, chain: bytes) -> bool:
        """Whether this account may read another's chain."""
        return await contact_rows.reads_chain(
            connection, account, chain
        ) or await self._hooks.lists_beside(connection, account, chain)

    async def join(
        self,
        connection: Connection,
        account: bytes,
        other: bytes,
        request: bytes | None = None,
        asked: bytes | None = None,
    ) -> None:
        """Both agree; both are locked. Refuses `contacts_full`, and `not_found` without a chain.

        `request`: the one of `account` that led to it; `asked`: that of the other.
        """
        chains = await chain_rows.open_chains(connection, [account, other])
        if len(chains) < 2:
            raise Refusal("not_found")
        for one, another, named in ((account, other, request), (other, account, asked)):
            standing = await contact_rows.contact(connection, one, another)
            if standing is None or standing.state != "accepted":
                full = await contact_rows.count(connection, one, "accepted") >= CONTACTS_MAX
                refuse(full, "contacts_full")
            chain = chains[another].chain
            await contact_rows.put(connection, one, another, "accepted", chain, named)
        self._tell(account, other)

    # --- use cases --------------------------------------------------------------------------------

    async def devices(self, account: bytes, other: bytes) -> Devices:
        """The devices of a contact; refuses `not_found` whoever is none."""

        async def work(connection: Connection) -> Devices:
            if other not in await contact_rows.accepted(connection, account, [other]):
                raise Refusal("not_found")
            person = (await self._people.now(connection, [other]))[other]
            keys = await self._people.sealing_keys(connection, [other])
            sealing = {device: key for (_, device), key in keys.items()}
            return Devices(person, sealing, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def of(self, accounts: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        """The contacts of many accounts."""
        found = dict[bytes, list[bytes]]()
        rows = await transaction(
            self._pool,
            lambda connection: contact_rows.all_accepted(connection, accounts),
            read_only=True,
        )
        for account, other in rows:
            found.setdefault(account, []).append(other)
        return found

    async def accept(self, session: Session, other: bytes) -> None:
        """Agree to who has asked; again changes nothing. Refuses `not_found`, `contacts_full`."""
        account = session.account

        async def work(connection: Connection) -> None:
            own = await self._lock(connection, session, other)
            standing = await contact_rows.contact(connection, account, other)
            if standing is not None and standing.mutual:
                return
            asked = await self._forget_request(connection, other, own)
            if asked is None:
                raise Refusal("not_found")
            theirs = await account_rows.address(connection, other)
            assert theirs is not None, "it is locked"
            mine = await self._forget_request(connection, account, theirs)
            await self.join(connection, account, other, mine, asked)

        await self._watches.told(work)

    async def deny(self, session: Session, other: bytes, *, tell: bool) -> None:
        """Refuse who has asked, for 30 days; again changes nothing. Refuses `not_found`.

        Unless that is to be told, who asks sees the request wait as long as any does.
        """
        account = session.account

        async def work(connection: Connection) -> None:
            own = await self._lock(connection, session, other)
            standing = await contact_rows.contact(connection, account, other)
            name = request_name(self._index_key, other, own)
            asked = await contact_request_rows.read(connection, name)
            if asked is None:
                refuse(standing is None or standing.state != "declined", "not_found")
                return
            refuse(standing is not None and standing.mutual, "conflict")
            if tell:
                await self._forget_request(connection, other, own)
                if await contact_rows.contact(connection, other, account) is None:
                    await contact_rows.put(connection, other, account, "denied", request=name)
            else:
                await self._settle(connection, name, asked.own)
            await contact_rows.put(connection, account, other, "declined")
            self._tell(account, *([other] if tell else []))

        await self._watches.told(work)

    async def block(self, session: Session, other: bytes) -> None:
        """Hear nothing more from somebody who is known here; again changes nothing.

        Refuses `not_found` whoever has nothing to do with the account, and `contacts_full`.
        """
        account = session.account

        async def work(connection: Connection) -> None:
            own = await self._lock(connection, session, other)
            standing = await contact_rows.contact(connection, account, other)
            if standing is not None and standing.state == "blocked":
                return
            name = request_name(self._index_key, other, own)
            asked = await contact_request_rows.read(connection, name)
            known = standing is not None or asked is not None
            refuse(not known and not await self._beside(connection, account, other), "not_found")
            full = await contact_rows.count(connection, account, "blocked") >= CONTACTS_MAX
            refuse(full, "contacts_full")
            if asked is not None:
                await self._settle(connection, name, asked.own)
            await contact_rows.put(connection, account, other, "blocked")
            self._leave(await contact_rows.forget(connection, other, account, "accepted"), other)
            self._tell(account)

        await self._watches.told(work)

    async def drop(self, session: Session, other: bytes) -> None:
        """Be nothing to one another, or block no more; where there was nothing, nothing happens."""
        account = session.account

        async def work(connection: Connection) -> None:
            await account_rows.lock_both(connection, account, other)
            await self._sessions.still(connection, session)
            if await contact_rows.forget(connection, account, other):
                self._leave(
                    await contact_rows.forget(connection, other, account, "accepted"), other
                )
                self._tell(account)

        await self._watches.told(work)

    async def expired(self, connection: Connection, now: int, most: int) -> list[bytes]:
        """Forget what has had its time; gives the payloads, which are destroyed next."""
        await contact_rows.forget_refusals(connection, (now - KEPT_MS) // DAY_MS, most)
        return [
            *await contact_request_rows.forget_expired(connection, now - KEPT_MS, most),
            *await contact_invitation_rows.forget_expired(connection, now, most),
        ]

    # --- what accounts tell -----------------------------------------------------------------------

    async def on_chain_changed(
        self, connection: Connection, account: bytes, before: Chain | None, after: Chain
    ) -> None:
        """Those who have the account among their contacts read its chain anew."""
        if before is None:
            return
        moved = [ChainMoved(before.id)]
        others = await contact_rows.followers(connection, account)
        self._watches.later(
            [(self._watches.topic(one), event) for one in others for event in moved]
        )
        if before.id != after.id:
            self._tell(account, *others)

    async def on_account_deleted(self, connection: Connection, account: bytes) -> None:
        """All that leads to the account goes, with what it had sealed."""
        others = await contact_rows.followers(connection, account)
        payloads = [
            *await contact_request_rows.payloads_of(connection, account),
            *await contact_invitation_rows.forget_all(connection, account),
        ]
        await self._values.destroy(connection, payloads)
        self._tell(*others)

    async def lists_beside(self, _connection: Connection, _account: bytes, _chain: bytes) -> bool:
        """Being a contact of both is no reason."""
        return False

    # --- the insides ------------------------------------------------------------------------------

    async def _lock(self, connection: Connection, session: Session, other: bytes) -> bytes:
        """Lock both; gives the hash of the session's account's address. Refuses `not_found` for it.

        Whoever isn't there is found out as a stranger is, after as much work: nothing leads there.
        """
        account = session.account
        refuse(account == other, "not_found")
        await account_rows.lock_both(connection, account, other)
        await self._sessions.still(connection, session)
        own = await account_rows.address(connection, account)
        assert own is not None, "it is locked"
        return own

    async def _forget_request(
        self, connection: Connection, account: bytes, address: bytes
    ) -> bytes | None:
        """What an account asks of an address is over; its name, if it asked."""
        name = request_name(self._index_key, account, address)
        row = await contact_request_rows.read(connection, name)
        if row is None:
            return None
        await contact_request_rows.forget(connection, name)
        await self._values.destroy(connection, [] if row.own is None else [row.own])
        return name

    async def _settle(self, connection: Connection, name: bytes, own: bytes | None) -> None:
        """Who was asked is not shown a request any more; who asks sees it wait."""
        await contact_request_rows.answered(connection, name)
        await self._values.destroy(connection, [] if own is None else [own])

    async def _beside(self, connection: Connection, account: bytes, other: bytes) -> bool:
        row = await chain_rows.open_chain(connection, other)
        return await self._hooks.lists_beside(
            connection, account, NO_HASH if row is None else row.chain
        )

    def _leave(self, left: bool, other: bytes) -> None:
        if left:
            self._tell(other)

    def _tell(self, *accounts: bytes) -> None:
        """Their lists have changed, once this is committed."""
        self._watches.later([(self._watches.topic(one), ContactsChanged()) for one in accounts])
