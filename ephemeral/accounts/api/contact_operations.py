"""The table of contacts: one statement for each operation (docs/accounts.md)."""

from ephemeral.accounts.api import contact_bodies as bodies
from ephemeral.accounts.api import contact_objects as objects
from ephemeral.accounts.api.actions import AccountActions
from ephemeral.accounts.api.callers import AccountCallers
from ephemeral.accounts.api.contact_handlers import ContactHandlers
from ephemeral.accounts.api.sign_in_operations import LINKED, PROVEN
from ephemeral.edge.operations import Operation

__all__ = ["contact_operations"]


def contact_operations(
    handlers: ContactHandlers, callers: AccountCallers, actions: AccountActions
) -> tuple[Operation, ...]:
    """The operations, with who performs them, who may ask for them, and what they count as."""
    return (
        Operation(
            method="GET",
            path="/contacts",
            name="listContacts",
            summary="See contacts, who asks, what was asked, and whose invitations were redeemed",
            handler=handlers.listed,
            caller=callers.linked,
            body=bodies.ContactsQuery,
            query=("after",),
            answers={200: objects.ContactsAnswer},
            refusals=(*LINKED, "not_found"),
            action=actions.request,
            large=actions.request,
        ),
        Operation(
            method="PUT",
            path="/contacts/findable",
            name="setFindable",
            summary="Be told of those who ask by the account's address, or no longer",
            handler=handlers.set_findable,
            caller=callers.proven,
            body=bodies.FindableBody,
            answers={204: None},
            refusals=PROVEN,
            action=actions.request,
        ),
        Operation(
            method="POST",
            path="/contacts/requests",
            name="askContact",
            summary="Ask somebody by an address; the answer is the same whoever has it, or nobody",
            handler=handlers.ask,
            caller=callers.proven,
            body=bodies.AskBody,
            answers={202: objects.AskedAnswer},
            refusals=(*PROVEN, "address_form"),
            action=actions.request,
        ),
        Operation(
            method="POST",
            path="/contacts/invitations",
            name="invitePerson",
            summary="Make an invitation that works once, for a week; the same again changes "
            "nothing",
            handler=handlers.invite,
            caller=callers.proven,
            body=bodies.InviteBody,
            answers={201: objects.InvitedAnswer},
            refusals=(*PROVEN, "conflict"),
            action=actions.request,
        ),
        Operation(
            method="POST",
            path="/contacts/invitations/{id}/redeem",
            name="redeemInvitation",
            summary="Become contacts by an invitation; the same again is answered alike",
            handler=handlers.redeem,
            caller=callers.proven,
            body=bodies.RedeemBody,
            answers={200: objects.RedeemedAnswer},
            refusals=(*PROVEN, "invitation_unknown", "contacts_full", "not_found"),
            action=actions.request,
        ),
        Operation(
            method="DELETE",
            path="/contacts/invitations/{id}",
            name="withdrawInvitation",
            summary="Withdraw an invitation, or forget that it was redeemed",
            handler=handlers.withdraw,
            caller=callers.proven,
            body=bodies.InvitationBody,
            answers={204: None},
            refusals=PROVEN,
            action=actions.request,
        ),
        Operation(
            method="PUT",
            path="/contacts/{account}",
            name="putContact",
            summary="Accept or deny who asks, or block somebody; the same again changes nothing",
            handler=handlers.put,
            caller=callers.proven,
            body=bodies.PutContactBody,
            answers={204: None},
            refusals=(*PROVEN, "not_found", "conflict", "contacts_full"),
            action=actions.request,
        ),
        Operation(
            method="DELETE",
            path="/contacts/{account}",
            name="dropContact",
            summary="Be no contacts any more, or block somebody no more",
            handler=handlers.drop,
            caller=callers.proven,
            body=bodies.ContactBody,
            answers={204: None},
            refusals=PROVEN,
            action=actions.request,
        ),
        Operation(
            method="GET",
            path="/contacts/{account}/devices",
            name="listContactDevices",
            summary="See a contact's devices, and the keys to which they can be sealed",
            handler=handlers.devices,
            caller=callers.linked,
            body=bodies.ContactBody,
            answers={200: objects.ContactDevicesAnswer},
            refusals=(*LINKED, "not_found"),
            action=actions.request,
            large=actions.request,
        ),
    )
