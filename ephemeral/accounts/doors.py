"""What the wing of accounts opens to those that stand on it, and all that these may use of it."""

from __future__ import annotations

from dataclasses import dataclass

from ephemeral.accounts.api.actions import ACCOUNT, AccountActions
from ephemeral.accounts.api.callers import AccountCallers, Asker
from ephemeral.accounts.rules.changes import ChainMoved, ChangedEvent, ContactsChanged
from ephemeral.accounts.rules.nouns import Sealing, Session
from ephemeral.accounts.service.contact_requests import ContactRequests
from ephemeral.accounts.service.contacts import Contacts
from ephemeral.accounts.service.ended import TOPIC as ENDED_TOPIC
from ephemeral.accounts.service.ended import EndedSessions, SessionEnded
from ephemeral.accounts.service.hooks import Hooks, Listener, Witness
from ephemeral.accounts.service.people import ChainState, People, PersonNow
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.suspensions import SuspensionEvent, Suspensions
from ephemeral.accounts.service.watches import Watches

__all__ = [
    "ACCOUNT",
    "ENDED_TOPIC",
    "Asker",
    "ChainMoved",
    "ChainState",
    "ChangedEvent",
    "ContactsChanged",
    "Doors",
    "EndedSessions",
    "Listener",
    "PersonNow",
    "Sealing",
    "Session",
    "SessionEnded",
    "SuspensionEvent",
    "Suspensions",
    "Witness",
]


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors.

    `callers`, `actions`: who asks, and what is counted, as for accounts. `people`: chains and
    sealing keys of any account. `contacts`: who has agreed to whom; `requests`:
    who asks. `values`: sealed payloads.
    `watches`: transactions after whose commit others are told, and what an account is called on the
    bus. `hooks`: what happens to accounts, inside their transactions. `ended`: whether a session
    has ended; every listener of its topic is told at once. `suspensions`: which accounts are
    suspended.
    """

    callers: AccountCallers
    actions: AccountActions
    people: People
    contacts: Contacts
    requests: ContactRequests
    values: SealedValues
    watches: Watches
    hooks: Hooks
    ended: EndedSessions
    suspensions: Suspensions
