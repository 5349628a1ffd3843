"""What is answered about conversations: each object is one struct (docs/conversations.md)."""

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import astuple

from ephemeral.conversations.rules.log_state import why_due
from ephemeral.conversations.rules.records import Begun
from ephemeral.conversations.rules.requests import Acknowledged, Posted
from ephemeral.conversations.rules.summary import Summary
from ephemeral.conversations.service.reading import (
    EpochPage,
    ListPage,
    LogPage,
    MembersPage,
    PersonNow,
)
from ephemeral.conversations.service.recent import Item
from ephemeral.protocol.conversations.records import ADMIN, MEMBER
from ephemeral.protocol.encoding import b64encode

__all__ = [
    "ConversationAnswer",
    "CursorAnswer",
    "DeliveredObject",
    "EpochBegunAnswer",
    "EpochsAnswer",
    "ItemObject",
    "ListAnswer",
    "LogAnswer",
    "MembersAnswer",
    "MessagesPostedAnswer",
    "acknowledged",
    "begun",
    "conversation",
    "epochs",
    "items_json",
    "listed",
    "log",
    "members",
    "posted",
]

_encode = msgspec.json.Encoder().encode

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]
Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url")]
Hash = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", description="32 bytes in base64url")]
Blob = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$", description="Bytes in base64url")]
Place = Annotated[int, Meta(ge=0, description="A place of the log")]
Why = Annotated[
    str,
    Meta(
        pattern="^(people|devices|leave|age|count)$",
        description="Why another epoch must begin before anything is sent",
    ),
]


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


class EpochBegunAnswer(_Answer):
    """An epoch that has begun: the place of its record, and the log's hash there."""

    conversation: Id
    epoch: int
    s: Place
    hash: Hash
    now: Time


class ConversationObject(_Answer):
    """A conversation. `cursor`, `first`: of the device that asks, if the record lists it."""

    conversation: Id
    epoch: int
    record: Hash
    s: Place
    hash: Hash
    cursor: Place | None
    first: Place | None
    due: Why | None
    role: Annotated[str, Meta(pattern="^(admin|member)$")]
    since: int


class ConversationAnswer(ConversationObject, kw_only=True):
    """The same alone."""

    now: Time


class ListAnswer(_Answer):
    """Conversations, in the order of their ids."""

    conversations: list[ConversationObject]
    more: bool
    now: Time


class EpochObject(_Answer):
    """A record as it stands in the log, and the own box until it was read."""

    epoch: int
    s: Place
    at: Time
    entry: Blob
    box: Blob | None


class EpochsAnswer(_Answer):
    """Records, in order."""

    epochs: list[EpochObject]
    more: bool
    now: Time


class SealingObject(_Answer):
    """A device's newest sealing key, as it has signed it."""

    number: int
    day: Annotated[int, Meta(ge=0, description="Days since 1970-01-01 UTC")]
    key: Blob
    signature: Blob


class DeviceObject(_Answer):
    """An active device; without a key that can be had, nothing can be sealed to it."""

    device: Id
    sealing: SealingObject | UnsetType = UNSET


class PersonObject(_Answer):
    """A person's chain at its newest statement. Without an account it is nobody's any more."""

    chain: Hash
    sequence: int
    head: Hash
    devices: list[DeviceObject]
    account: Id | UnsetType = UNSET


class LeftObject(_Answer):
    """Who has left, until a record says so."""

    chain: Hash
    since: int
    device: Id
    signature: Blob


class JoinObject(PersonObject, kw_only=True):
    """Who waits to be added."""

    invitation: Blob
    sealed: Blob


class DeliveredObject(_Answer):
    """Up to which place of the log a device has stored what it read."""

    device: Id
    cursor: Place


class MembersAnswer(_Answer):
    """Who is in a conversation, who has left it, and who waits to be added. `cursors`: of the
    devices that the newest record lists."""

    people: list[PersonObject]
    leaves: list[LeftObject]
    joins: list[JoinObject]
    cursors: list[DeliveredObject]
    now: Time


class ItemObject(_Answer):
    """A place of the log. `entry` is absent if it is destroyed, or from before the own first
    record; `id` is that of a message."""

    s: Place
    kind: Annotated[int, Meta(ge=1, le=2, description="1: a record. 2: a message.")]
    device: Id
    at: Time
    digest: Hash
    id: Id | UnsetType = UNSET
    entry: Blob | UnsetType = UNSET


class LogAnswer(_Answer):
    """A piece of a log, and how far all of it goes."""

    entries: list[ItemObject]
    s: Place
    hash: Hash
    epoch: int
    record: Hash
    more: bool
    now: Time


class StoredObject(_Answer):
    """Where a message stands."""

    s: Place
    hash: Hash
    at: Time


class MessagesPostedAnswer(_Answer):
    """Where messages stand, in order; `renew`: begin another epoch when there is time."""

    stored: list[StoredObject]
    renew: bool
    now: Time


class CursorAnswer(_Answer):
    """Where the device's cursor stands."""

    cursor: Place
    now: Time


def begun(one: Begun) -> bytes:
    """An epoch has begun."""
    return _encode(
        EpochBegunAnswer(
            b64encode(one.conversation), one.epoch, one.s, b64encode(one.hash), one.now
        )
    )


def listed(page: ListPage) -> bytes:
    """Conversations of an account."""
    found = [_summary(one, page.now) for one in page.conversations]
    return _encode(ListAnswer(found, page.more, page.now))


def conversation(one: Summary, now: int) -> bytes:
    """One of them."""
    return _encode(ConversationAnswer(*astuple(_summary(one, now)), now=now))


def epochs(page: EpochPage) -> bytes:
    """Records."""
    found = [
        EpochObject(
            one.epoch, one.s, one.at, b64encode(one.entry),
            None if one.box is None else b64encode(one.box),
        )
        for one in page.epochs
    ]  # fmt: skip
    return _encode(EpochsAnswer(found, page.more, page.now))


def members(page: MembersPage) -> bytes:
    """Who is in a conversation."""
    return _encode(
        MembersAnswer(
            [_person(one) for one in page.people],
            [
                LeftObject(
                    b64encode(one.chain), one.since, b64encode(one.device), b64encode(one.signature)
                )
                for one in page.leaves
            ],
            [
                JoinObject(
                    *astuple(_person(one.person)),
                    invitation=b64encode(one.invitation),
                    sealed=b64encode(one.sealed),
                )
                for one in page.joins
            ],
            [DeliveredObject(b64encode(one), cursor) for one, cursor in page.cursors.items()],
            page.now,
        )
    )


def log(page: LogPage) -> bytes:
    """A piece of a log."""
    whole = page.summary
    return _encode(
        LogAnswer(
            [_item(one) for one in page.items],
            whole.s,
            b64encode(whole.log),
            whole.epoch,
            b64encode(whole.record),
            page.more,
            page.now,
        )
    )


def items_json(items: Iterable[Item]) -> list[bytes]:
    """Places of a log, each as it stands in `log` too."""
    return [_encode(_item(one)) for one in items]


def posted(outcome: Posted) -> bytes:
    """Where messages stand."""
    return _encode(
        MessagesPostedAnswer(
            [StoredObject(one.s, b64encode(one.hash), one.at) for one in outcome.places],
            outcome.renew,
            outcome.now,
        )
    )


def acknowledged(outcome: Acknowledged) -> bytes:
    """Where a cursor stands."""
    return _encode(CursorAnswer(outcome.cursor, outcome.now))


def _summary(one: Summary, now: int) -> ConversationObject:
    return ConversationObject(
        b64encode(one.conversation),
        one.epoch,
        b64encode(one.record),
        one.s,
        b64encode(one.log),
        one.cursor,
        one.first,
        why_due(one.due, one.began_at, one.messages, now),
        ADMIN if one.admin else MEMBER,
        one.since,
    )


def _person(one: PersonNow) -> PersonObject:
    devices = [
        DeviceObject(
            b64encode(device),
            UNSET
            if key is None
            else SealingObject(key.number, key.day, b64encode(key.key), b64encode(key.signature)),
        )
        for device, key in one.devices
    ]
    return PersonObject(
        b64encode(one.chain),
        one.sequence,
        b64encode(one.head),
        devices,
        UNSET if one.account is None else b64encode(one.account),
    )


def _item(one: Item) -> ItemObject:
    return ItemObject(
        one.s,
        one.kind,
        b64encode(one.device),
        one.at,
        b64encode(one.digest),
        UNSET if one.id is None else b64encode(one.id),
        UNSET if one.entry is None else b64encode(one.entry),
    )
