"""What is asked of contacts: strict, bounded, and decoded once (docs/accounts.md)."""

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from ephemeral.edge.bodies import Strict, at_most, sized
from ephemeral.protocol.accounts.addresses import read_address
from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.errors import refuse

__all__ = [
    "SEALED_MAX",
    "AskBody",
    "ContactBody",
    "ContactsQuery",
    "FindableBody",
    "InvitationBody",
    "InviteBody",
    "InviteRequest",
    "PutContactBody",
    "PutRequest",
    "RedeemBody",
]

#: What an invitation says, or its redeemer, encrypted.
SEALED_MAX = 4096
_ID = 16

Account = Annotated[str, sized(_ID, "An account")]
InvitationId = Annotated[str, sized(_ID, "An invitation")]
Address = Annotated[str, Meta(max_length=64, description="An account's address")]
Sealed = Annotated[str, at_most(SEALED_MAX, "Encrypted for who has the link")]


def _sealed(text: str) -> bytes:
    sealed = b64decode(text)
    refuse(not 1 <= len(sealed) <= SEALED_MAX, "malformed")
    return sealed


class ContactsQuery(Strict):
    """Query of `GET /contacts`."""

    after: Annotated[str, Meta(max_length=22, description="The last one known who asks")] = ""

    def unpack(self) -> bytes | None:
        """Behind which account those who ask are told; `malformed`."""
        return b64decode(self.after, _ID) if self.after else None


class ContactBody(Strict):
    """An account that is asked about."""

    account: Account

    def unpack(self) -> bytes:
        """The account; `malformed`."""
        return b64decode(self.account, _ID)


class PutRequest(NamedTuple):
    """What another account is to be to this one."""

    account: bytes
    state: Literal["accepted", "denied", "blocked"]
    tell: bool


class PutContactBody(Strict):
    """Body of `PUT /contacts/{account}`. `tell`: who is denied is told so."""

    account: Account
    state: Literal["accepted", "denied", "blocked"]
    tell: bool = False

    def unpack(self) -> PutRequest:
        """Its parts; `malformed`."""
        refuse(self.tell and self.state != "denied", "malformed")
        return PutRequest(b64decode(self.account, _ID), self.state, self.tell)


class AskBody(Strict):
    """Body of `POST /contacts/requests`: an address, and one's own, which is told there."""

    address: Address
    own: Address

    def unpack(self) -> tuple[str, str]:
        """Both; `address_form`, and `malformed` where they are one."""
        address, own = read_address(self.address), read_address(self.own)
        refuse(address == own, "malformed")
        return address, own


class FindableBody(Strict):
    """Body of `PUT /contacts/findable`."""

    findable: bool

    def unpack(self) -> bool:
        """Whether to be told of requests."""
        return self.findable


class InviteRequest(NamedTuple):
    """An invitation to be made."""

    invitation: bytes
    sealed: bytes
    conversation: bytes | None


class InviteBody(Strict):
    """Body of `POST /contacts/invitations`."""

    id: InvitationId
    sealed: Sealed
    conversation: Annotated[str, sized(_ID, "A conversation")] | None = None

    def unpack(self) -> InviteRequest:
        """Its parts; `malformed`."""
        return InviteRequest(
            b64decode(self.id, _ID),
            _sealed(self.sealed),
            None if self.conversation is None else b64decode(self.conversation, _ID),
        )


class RedeemBody(Strict):
    """Body of `POST /contacts/invitations/{id}/redeem`."""

    id: InvitationId
    sealed: Sealed

    def unpack(self) -> tuple[bytes, bytes]:
        """The invitation, and what its redeemer says; `malformed`."""
        return b64decode(self.id, _ID), _sealed(self.sealed)


class InvitationBody(Strict):
    """An invitation by its id."""

    id: InvitationId

    def unpack(self) -> bytes:
        """The invitation; `malformed`."""
        return b64decode(self.id, _ID)
