"""All that an account has with others, at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import contact_request_rows, contact_rows
from ephemeral.accounts.rules.nouns import DAY_MS
from ephemeral.accounts.service.contact_invitations import ContactInvitations, Redemption
from ephemeral.accounts.service.contact_requests import Asked, ContactRequests
from ephemeral.protocol.errors import refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Contact", "ContactList", "Listed", "Request"]


class Contact(NamedTuple):
    """Another account: accepted, ended (by another list of devices), denied (it has), blocked."""

    account: bytes
    state: str
    chain: bytes | None
    request: bytes | None
    day: int


class Request(NamedTuple):
    """A request of this account that waits, as far as it may know."""

    request: bytes
    day: int


class Listed(NamedTuple):
    """All of it. `asked`: who waits for an answer of this account; `more`: others do as well."""

    contacts: Sequence[Contact]
    asked: Sequence[Asked]
    more: bool
    requests: Sequence[Request]
    redemptions: Sequence[Redemption]
    findable: bool
    now: int


class ContactList:
    """Reads it."""

    def __init__(
        self, pool: Pool, requests: ContactRequests, invitations: ContactInvitations
    ) -> None:
        self._pool = pool
        self._requests = requests
        self._invitations = invitations

    async def of(self, account: bytes, after: bytes | None = None) -> Listed:
        """All that an account has with others, and whether it may be found; of those who ask only
        those behind `after`. Refuses `not_found` if that one asks no more."""

        async def work(connection: Connection) -> Listed:
            now = await clock(connection)
            findable = await contact_request_rows.findable(connection, account)
            refuse(after is not None and not findable, "not_found")
            asked, more = list[Asked](), False
            if findable:
                asked, more = await self._requests.waiting(connection, account, now, after)
            contacts = [
                Contact(
                    one.other,
                    "ended" if one.state == "accepted" and not one.mutual else one.state,
                    one.chain,
                    one.request,
                    one.day,
                )
                for one in await contact_rows.listed(connection, account)
                if one.state != "declined"
            ]
            return Listed(
                contacts,
                asked,
                more,
                [
                    Request(one.request, one.at // DAY_MS)
                    for one in await contact_request_rows.made_by(connection, account)
                ],
                await self._invitations.redeemed(connection, account),
                findable,
                now,
            )

        return await transaction(self._pool, work, read_only=True)
