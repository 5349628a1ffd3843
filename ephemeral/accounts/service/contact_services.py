"""The services of contacts, made together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ephemeral.accounts.service.contact_invitations import ContactInvitations
from ephemeral.accounts.service.contact_list import ContactList
from ephemeral.accounts.service.contact_requests import ContactRequests, Later, later
from ephemeral.accounts.service.contacts import Contacts
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.people import People
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.watches import Watches

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["ContactServices"]


@dataclass(frozen=True, slots=True)
class ContactServices:
    """All of them. `contacts` listens to `hooks`."""

    contacts: Contacts
    requests: ContactRequests
    invitations: ContactInvitations
    listed: ContactList

    @classmethod
    def of(
        cls,
        pool: Pool,
        watches: Watches,
        hooks: Hooks,
        people: People,
        values: SealedValues,
        sessions: Sessions,
        index_key: bytes,
        later: Later = later,
        told: Callable[[bytes, bytes], None] | None = None,
    ) -> ContactServices:
        """On these; `told` hears of requests, where devices are told by pushes."""
        contacts = Contacts(pool, watches, hooks, people, values, sessions, index_key)
        requests = ContactRequests(pool, watches, sessions, values, index_key, later, told)
        invitations = ContactInvitations(watches, sessions, contacts, values, index_key)
        return cls(contacts, requests, invitations, ContactList(pool, requests, invitations))
