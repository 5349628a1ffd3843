"""All that an account has with others, as the server tells it; and what this device learns by it.

Names are this device's own: the server knows none. What somebody has sealed with an invitation is
believed as far as it names the chain that the server shows for them.
"""

from typing import NamedTuple

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.kept_people import Invited, Person
from ephemeral.protocol.accounts.addresses import is_address
from ephemeral.protocol.conversations.invitations import Invitation, open_redemption
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import KEY_SIZE
from ephemeral.protocol.objects import (
    Json,
    read_boolean,
    read_bytes,
    read_id,
    read_integer,
    read_list,
    read_text,
)

__all__ = ["Asking", "Contact", "Listing", "Redemption", "Request", "read_listing"]

_DAY_MILLISECONDS = 86_400_000
# Of those who ask, a hundred each.
_PAGES_MAX = 20
_STATES = {"accepted", "ended", "denied", "blocked"}


class Contact(NamedTuple):
    """Another account: `state` is accepted, ended, denied or blocked, since `day`."""

    account: bytes
    state: str
    day: int
    chain: bytes | None
    request: bytes | None


class Asking(NamedTuple):
    """Somebody who asks this account; the server has checked the address."""

    account: bytes
    chain: bytes
    address: str
    day: int


class Request(NamedTuple):
    """What this account asks, and has no answer to."""

    request: bytes
    day: int


class Redemption(NamedTuple):
    """Who has redeemed an invitation of this account."""

    invitation: bytes
    account: bytes
    sealed: bytes
    at: int
    conversation: bytes | None


class Listing(NamedTuple):
    """All of it."""

    contacts: list[Contact]
    asking: list[Asking]
    requests: list[Request]
    redemptions: list[Redemption]
    findable: bool


async def read_listing(account: Account) -> Listing:
    """What there is now; who is new is known from now on, and what an invitation told of them."""
    answer = await account.ask("GET", "/contacts")
    listing = Listing(
        [_read_contact(one) for one in _objects(answer, "contacts")],
        await _all_asking(account, answer),
        [
            Request(read_id(one, "request"), read_integer(one, "day"))
            for one in _objects(answer, "requests")
        ],
        [_read_redemption(one) for one in _objects(answer, "redemptions")],
        read_boolean(answer, "findable"),
    )
    _learn(account, listing)
    await _settle(account, listing)
    return listing


async def _all_asking(account: Account, answer: Json) -> list[Asking]:
    """Who asks, page by page: else a hundred strangers would hide a friend."""
    found = [_read_asking(one) for one in _objects(answer, "asked")]
    pages = 1
    while found and read_boolean(answer, "more") and pages < _PAGES_MAX:
        try:
            answer = await account.ask("GET", f"/contacts?after={b64encode(found[-1].account)}")
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            # Answered meanwhile, by another device.
            break
        found += [_read_asking(one) for one in _objects(answer, "asked")]
        pages += 1
    return found


def _learn(account: Account, listing: Listing) -> None:
    """Keep who is there. Who leaves stays known for as long as something is to be said of them."""
    people = account.kept.people
    before = people.fields()
    for one in listing.contacts:
        if one.chain is None:
            continue
        person = people.met(one.chain, one.account)
        asked = None if one.request is None else people.asked.get(one.request)
        if person.address is None and asked is not None:
            person.address = asked
    blocked = {one.account for one in listing.contacts if one.state == "blocked"}
    for known in people.persons:
        known.blocked = known.account in blocked
    waiting = {one.request for one in listing.requests}
    waiting |= {one.request for one in listing.contacts if one.request is not None}
    people.asked = {one: address for one, address in people.asked.items() if one in waiting}
    if people.fields() != before:
        account.save()


async def _settle(account: Account, listing: Listing) -> None:
    """Take what those say of themselves who redeemed an invitation of this account."""
    people = account.kept.people
    chains = {one.account: one.chain for one in listing.contacts}
    for invited in [*people.invited]:
        redeemed = next((one for one in listing.redemptions if one.invitation == invited.id), None)
        if redeemed is None:
            if invited.settled or invited.expires_at + _DAY_MILLISECONDS < account.now:
                people.invited.remove(invited)
                account.save()
            continue
        if not invited.settled:
            person = people.by_chain(chains.get(redeemed.account))
            if person is not None:
                _take(account, person, invited, redeemed)
            invited.settled = True
            account.save()
        # Not at once: who redeemed it and lost the answer asks again. One into a conversation is
        # what lets them in there.
        if invited.conversation is None and redeemed.at + _DAY_MILLISECONDS < account.now:
            await account.ask("DELETE", f"/contacts/invitations/{b64encode(invited.id)}")
            people.invited.remove(invited)
            account.save()


def _take(account: Account, person: Person, invited: Invited, redeemed: Redemption) -> None:
    try:
        said = open_redemption(Invitation(invited.id, invited.secret), redeemed.sealed)
        if said.pin.chain != person.chain:
            raise Refusal("invitation_box")
    except Refusal:
        account.context.say(
            "Somebody is a contact now by an invitation of yours without having had its link, or "
            f"as another: {b64encode(redeemed.account)}. Compare numbers before you trust them."
        )
        return
    person.pin = person.pin or said.pin
    person.name = person.name or invited.label
    person.said = person.said or said.name


def _objects(answer: Json, key: str) -> list[Json]:
    found: list[Json] = []
    for one in read_list(answer, key):
        if not isinstance(one, dict):
            raise Refusal("malformed")
        found.append(one)
    return found


def _read_contact(obj: Json) -> Contact:
    state = read_text(obj, "state")
    if state not in _STATES:
        raise Refusal("malformed")
    return Contact(
        read_id(obj, "account"),
        state,
        read_integer(obj, "day"),
        None if obj.get("chain") is None else read_bytes(obj, "chain", KEY_SIZE),
        None if obj.get("request") is None else read_id(obj, "request"),
    )


def _read_asking(obj: Json) -> Asking:
    address = read_text(obj, "address")
    # It is shown in a terminal.
    if not is_address(address):
        raise Refusal("malformed")
    return Asking(
        read_id(obj, "account"),
        read_bytes(obj, "chain", KEY_SIZE),
        address,
        read_integer(obj, "day"),
    )


def _read_redemption(obj: Json) -> Redemption:
    return Redemption(
        read_id(obj, "invitation"),
        read_id(obj, "account"),
        read_bytes(obj, "sealed"),
        read_integer(obj, "at"),
        None if obj.get("conversation") is None else read_id(obj, "conversation"),
    )
