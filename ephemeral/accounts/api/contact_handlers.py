"""Contacts as they are asked for: call the service, answer."""

from ephemeral.accounts.api import contact_objects as objects
from ephemeral.accounts.api.callers import Asker
from ephemeral.accounts.api.contact_bodies import InviteRequest, PutRequest
from ephemeral.accounts.service.contact_services import ContactServices
from ephemeral.edge.operations import NOTHING, Created

__all__ = ["ContactHandlers"]


class ContactHandlers:
    """The handlers of contacts, requests, and invitations."""

    def __init__(self, services: ContactServices) -> None:
        self._contacts = services.contacts
        self._requests = services.requests
        self._invitations = services.invitations
        self._listed = services.listed

    async def listed(self, asker: Asker, after: bytes | None) -> bytes:
        """All that the account has with others."""
        return objects.contacts(await self._listed.of(asker.account, after))

    async def devices(self, asker: Asker, account: bytes) -> bytes:
        """The devices of a contact."""
        return objects.devices(await self._contacts.devices(asker.account, account))

    async def put(self, asker: Asker, asked: PutRequest) -> bytes:
        """Accept, deny or block."""
        if asked.state == "accepted":
            await self._contacts.accept(asker.session, asked.account)
        elif asked.state == "denied":
            await self._contacts.deny(asker.session, asked.account, tell=asked.tell)
        else:
            await self._contacts.block(asker.session, asked.account)
        return NOTHING

    async def drop(self, asker: Asker, account: bytes) -> bytes:
        """Be nothing to one another."""
        await self._contacts.drop(asker.session, account)
        return NOTHING

    async def ask(self, asker: Asker, asked: tuple[str, str]) -> bytes:
        """Ask somebody by an address."""
        return objects.asked(*await self._requests.ask(asker.session, *asked))

    async def set_findable(self, asker: Asker, wish: bool) -> bytes:
        """Be found by the address, or no longer."""
        await self._requests.set_findable(asker.session, wish=wish)
        return NOTHING

    async def invite(self, asker: Asker, asked: InviteRequest) -> bytes:
        """Make an invitation."""
        return Created(objects.invited(*await self._invitations.make(asker.session, *asked)))

    async def redeem(self, asker: Asker, asked: tuple[bytes, bytes]) -> bytes:
        """Redeem one."""
        return objects.redeemed(await self._invitations.redeem(asker.session, *asked))

    async def withdraw(self, asker: Asker, invitation: bytes) -> bytes:
        """Withdraw one, or forget that it was redeemed."""
        await self._invitations.withdraw(asker.session, invitation)
        return NOTHING
