"""Invitations from one person to another: a link that works once, within a week.

What an invitation says, and what its redeemer says of itself, is encrypted for both; the server
notes that one has redeemed what the other made, and that both have agreed by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, contact_invitation_rows, contact_rows
from ephemeral.accounts.rows.contact_invitation_rows import InvitationRow
from ephemeral.accounts.rules.names import INVITATION_BYTES, person_invitation_hash
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.contacts import KEPT_MS, Contacts
from ephemeral.accounts.service.invitations import WEEK_MS
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["INVITATIONS_MAX", "ContactInvitations", "Redeemed", "Redemption"]

#: How many of an account are kept at once.
INVITATIONS_MAX = 100


class Redeemed(NamedTuple):
    """Who has invited, and what the invitation says, encrypted."""

    account: bytes
    sealed: bytes
    now: int


class Redemption(NamedTuple):
    """Who has redeemed which invitation, and what they say of themselves, encrypted."""

    invitation: bytes
    account: bytes
    sealed: bytes
    conversation: bytes | None
    at: int


class ContactInvitations:
    """The invitations of all accounts."""

    def __init__(
        self,
        watches: Watches,
        sessions: Sessions,
        contacts: Contacts,
        values: SealedValues,
        index_key: bytes,
    ) -> None:
        self._watches = watches
        self._sessions = sessions
        self._contacts = contacts
        self._values = values
        self._index_key = index_key

    async def make(
        self, session: Session, invitation: bytes, sealed: bytes, conversation: bytes | None
    ) -> tuple[int, int]:
        """Make an invitation; says until when it is good, and the clock.

        The same again changes nothing. Refuses `conflict`, `too_many`.
        """
        account, name = session.account, person_invitation_hash(self._index_key, invitation)

        async def work(connection: Connection) -> tuple[int, int]:
            await self._sessions.lock(connection, session)
            now = await clock(connection)
            standing = await contact_invitation_rows.read(connection, name)
            if standing is not None:
                known = await self._values.read(
                    connection, "contact-invitation", [standing.payload]
                )
                same = (standing.account, known.get(standing.payload), standing.conversation)
                refuse(same != (account, sealed, conversation), "conflict")
                return standing.expires_at, now
            if await contact_invitation_rows.count(connection, account) >= INVITATIONS_MAX:
                raise Refusal("too_many", retry_after=3600)
            payload = await self._values.store(connection, "contact-invitation", sealed)
            row = InvitationRow(name, account, payload, conversation, now + WEEK_MS)
            refuse(not await contact_invitation_rows.insert(connection, row), "conflict")
            return row.expires_at, now

        return await self._watches.told(work)

    async def redeem(self, session: Session, invitation: bytes, sealed: bytes) -> Redeemed:
        """Become contacts at once, and get what the invitation says.

        The same again by the same account gets it again, until its maker has seen it. Refuses
        `invitation_unknown`, `contacts_full`, `not_found`.
        """
        account, name = session.account, person_invitation_hash(self._index_key, invitation)

        async def work(connection: Connection) -> Redeemed:
            row = await contact_invitation_rows.read(connection, name)
            if row is None or row.account == account:
                raise Refusal("invitation_unknown")
            if not await account_rows.lock_both(connection, account, row.account):
                raise Refusal("invitation_unknown")
            await self._sessions.still(connection, session)
            now = await clock(connection)
            # Somebody may have been here first.
            row = await contact_invitation_rows.read(connection, name)
            if row is None or row.redeemer not in {None, account} or row.expires_at <= now:
                raise Refusal("invitation_unknown")
            known = await self._values.read(connection, "contact-invitation", [row.payload])
            refuse(row.payload not in known, "invitation_unknown")
            said = Redeemed(row.account, known[row.payload], now)
            if row.redeemer is not None:
                return said
            standing = await contact_rows.contact(connection, row.account, account)
            blocked = standing is not None and standing.state == "blocked"
            refuse(blocked, "invitation_unknown")
            await self._contacts.join(connection, account, row.account)
            redemption = await self._values.store(
                connection, "contact-redemption", invitation + sealed
            )
            await contact_invitation_rows.redeem(
                connection, name, account, redemption, now + KEPT_MS
            )
            return said

        return await self._watches.told(work)

    async def withdraw(self, session: Session, invitation: bytes) -> None:
        """Let an invitation lead nowhere, or forget that it was redeemed; whatever it was."""
        name = person_invitation_hash(self._index_key, invitation)

        async def work(connection: Connection) -> None:
            await self._sessions.lock(connection, session)
            payloads = await contact_invitation_rows.forget(connection, session.account, name)
            await self._values.destroy(connection, payloads)

        await self._watches.told(work)

    async def redeemed(self, connection: Connection, account: bytes) -> list[Redemption]:
        """What has become of an account's invitations."""
        rows = await contact_invitation_rows.redeemed(connection, account)
        known = await self._values.read(
            connection, "contact-redemption", [one.redemption for one in rows]
        )
        return [
            Redemption(
                known[one.redemption][:INVITATION_BYTES],
                one.redeemer or b"",
                known[one.redemption][INVITATION_BYTES:],
                one.conversation,
                one.redeemed_at or 0,
            )
            for one in rows
            if one.redemption in known
        ]
