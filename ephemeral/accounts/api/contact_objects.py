"""What is answered about contacts: each object is one struct (docs/accounts.md)."""

from typing import Annotated, Literal, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ephemeral.accounts.api.device_objects import Blob, Day, Hash, Id, SealingObject, Time
from ephemeral.accounts.service.contact_invitations import Redeemed
from ephemeral.accounts.service.contact_list import Listed
from ephemeral.accounts.service.contacts import Devices
from ephemeral.protocol.encoding import b64encode

__all__ = [
    "AskedAnswer",
    "ContactDevicesAnswer",
    "ContactsAnswer",
    "InvitedAnswer",
    "RedeemedAnswer",
    "asked",
    "contacts",
    "devices",
    "invited",
    "redeemed",
]

_encode = msgspec.json.Encoder().encode

Address = Annotated[str, Meta(description="The address, as the server has checked it")]
State = Literal["accepted", "ended", "denied", "blocked"]


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


class ContactObject(_Answer):
    """Another account. `ended`: the list of devices to which was agreed is no longer in force.

    `request`: this account's own request that led to it.
    """

    account: Id
    state: State
    day: Day
    chain: Hash | UnsetType = UNSET
    request: Id | UnsetType = UNSET


class AskedObject(_Answer):
    """Somebody who asks this account."""

    account: Id
    chain: Hash
    address: Address
    day: Day


class RequestObject(_Answer):
    """A request of this account that waits, or that nobody will ever answer."""

    request: Id
    day: Day


class RedemptionObject(_Answer):
    """Who has redeemed an invitation of this account."""

    invitation: Id
    account: Id
    sealed: Blob
    at: Time
    conversation: Id | UnsetType = UNSET


class ContactsAnswer(_Answer):
    """All that an account has with others; `more`: others ask behind the last of `asked`."""

    contacts: list[ContactObject]
    asked: list[AskedObject]
    more: bool
    requests: list[RequestObject]
    redemptions: list[RedemptionObject]
    findable: bool
    now: Time


class AskedAnswer(_Answer):
    """The request by its name, whether it reaches anybody or not."""

    request: Id
    now: Time


class InvitedAnswer(_Answer):
    """Until when an invitation is good."""

    expires_at: Time
    now: Time


class RedeemedAnswer(_Answer):
    """Who has invited, and what the invitation says."""

    account: Id
    sealed: Blob
    now: Time


class PersonDevice(_Answer):
    """An active device; without a sealing key nothing can be sealed to it."""

    device: Id
    sealing: SealingObject | UnsetType = UNSET


class ContactDevicesAnswer(_Answer):
    """A person's chain to its last statement, and its devices in the order of their coming."""

    account: Id
    chain: Hash
    sequence: int
    head: Hash
    devices: list[PersonDevice]
    now: Time


def contacts(listed: Listed) -> bytes:
    """All that an account has with others."""
    return _encode(
        ContactsAnswer(
            [
                ContactObject(
                    b64encode(one.account),
                    cast("State", one.state),
                    one.day,
                    UNSET if one.chain is None else b64encode(one.chain),
                    UNSET if one.request is None else b64encode(one.request),
                )
                for one in listed.contacts
            ],
            [
                AskedObject(b64encode(one.account), b64encode(one.chain), one.address, one.day)
                for one in listed.asked
            ],
            listed.more,
            [RequestObject(b64encode(one.request), one.day) for one in listed.requests],
            [
                RedemptionObject(
                    b64encode(one.invitation),
                    b64encode(one.account),
                    b64encode(one.sealed),
                    one.at,
                    UNSET if one.conversation is None else b64encode(one.conversation),
                )
                for one in listed.redemptions
            ],
            listed.findable,
            listed.now,
        )
    )


def asked(request: bytes, now: int) -> bytes:
    """A request that waits."""
    return _encode(AskedAnswer(b64encode(request), now))


def invited(expires_at: int, now: int) -> bytes:
    """An invitation."""
    return _encode(InvitedAnswer(expires_at, now))


def redeemed(said: Redeemed) -> bytes:
    """What an invitation says."""
    return _encode(RedeemedAnswer(b64encode(said.account), b64encode(said.sealed), said.now))


def devices(found: Devices) -> bytes:
    """The devices of a contact."""
    chain, sealing = found.person.chain, found.sealing
    return _encode(
        ContactDevicesAnswer(
            b64encode(found.person.account),
            b64encode(chain.id),
            chain.sequence,
            b64encode(chain.head),
            [
                PersonDevice(
                    b64encode(one.id),
                    SealingObject(
                        sealing[one.id].number,
                        sealing[one.id].day,
                        b64encode(sealing[one.id].key),
                        b64encode(sealing[one.id].signature),
                    )
                    if one.id in sealing
                    else UNSET,
                )
                for one in chain.devices
            ],
            found.now,
        )
    )
