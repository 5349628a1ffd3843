"""What a server says of conversations, as it is read: docs/conversations.md.

A server is not believed: what has not the form that the protocol gives it is `malformed`. Whether
it is true is judged by who asked.
"""

from typing import NamedTuple

from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.statements import HASH_SIZE
from ephemeral.protocol.conversations.log import MESSAGE, RECORD
from ephemeral.protocol.conversations.records import Leave
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import (
    Json,
    read_bytes,
    read_id,
    read_integer,
    read_list,
    read_object,
)

__all__ = [
    "Begun",
    "Contact",
    "Item",
    "Joining",
    "LogPage",
    "Members",
    "PersonNow",
    "Posted",
    "ServedEpoch",
    "SignedKey",
    "Stored",
    "Summary",
    "as_object",
    "read_begun",
    "read_epoch",
    "read_item",
    "read_key",
    "read_leave",
    "read_person",
    "read_summary",
]


class Summary(NamedTuple):
    """How a conversation stands at the server. `first`: of this device, if the record lists it."""

    conversation: bytes
    epoch: int
    record: bytes
    s: int
    hash: bytes
    first: int | None
    since: int


class ServedEpoch(NamedTuple):
    """A record as it stands in the log, with the own box if it waits."""

    epoch: int
    s: int
    at: int
    entry: bytes
    box: bytes | None


class Item(NamedTuple):
    """A place of a log; `entry` is None where it is destroyed, or not for this device."""

    s: int
    kind: int
    device: bytes
    at: int
    digest: bytes
    id: bytes | None
    entry: bytes | None


class LogPage(NamedTuple):
    """A piece of a log, and how far all of it goes."""

    items: list[Item]
    s: int
    hash: bytes
    epoch: int
    record: bytes
    more: bool


class SignedKey(NamedTuple):
    """A sealing key with its device's signature."""

    key: SealingKey
    signature: bytes


class PersonNow(NamedTuple):
    """A chain at its newest statement, and what its devices published; None: nothing."""

    chain: bytes
    account: bytes | None
    sequence: int
    head: bytes
    keys: dict[bytes, SignedKey | None]


class Joining(NamedTuple):
    """Who waits to be added: by which invitation, and what they say under its secret."""

    person: PersonNow
    invitation: bytes
    sealed: bytes


class Members(NamedTuple):
    """Who is in a conversation, has left it, and waits."""

    people: list[PersonNow]
    leaves: list[Leave]
    joins: list[Joining]


class Stored(NamedTuple):
    """Where a message stands."""

    s: int
    hash: bytes
    at: int


class Posted(NamedTuple):
    """Messages that stand in the log; `renew`: this device is to begin another epoch."""

    stored: list[Stored]
    renew: bool


class Begun(NamedTuple):
    """An epoch that has begun."""

    conversation: bytes
    epoch: int
    s: int
    hash: bytes
    now: int


class Contact(NamedTuple):
    """Somebody who is accepted, by the chain to which was agreed."""

    account: bytes
    chain: bytes


def as_object(value: object) -> Json:
    """A JSON object."""
    if not isinstance(value, dict):
        raise Refusal("malformed")
    return value


def read_summary(obj: Json) -> Summary:
    """How a conversation stands."""
    return Summary(
        read_id(obj, "conversation"),
        read_integer(obj, "epoch"),
        read_bytes(obj, "record", HASH_SIZE),
        read_integer(obj, "s"),
        read_bytes(obj, "hash", HASH_SIZE),
        None if obj.get("first") is None else read_integer(obj, "first"),
        read_integer(obj, "since"),
    )


def read_epoch(obj: Json) -> ServedEpoch:
    """A record."""
    return ServedEpoch(
        read_integer(obj, "epoch"),
        read_integer(obj, "s"),
        read_integer(obj, "at"),
        read_bytes(obj, "entry"),
        None if obj.get("box") is None else read_bytes(obj, "box"),
    )


def read_item(obj: Json) -> Item:
    """A place of a log."""
    kind = read_integer(obj, "kind")
    if kind not in {RECORD, MESSAGE}:
        raise Refusal("malformed")
    return Item(
        read_integer(obj, "s"),
        kind,
        read_id(obj, "device"),
        read_integer(obj, "at"),
        read_bytes(obj, "digest", HASH_SIZE),
        None if obj.get("id") is None else read_id(obj),
        None if obj.get("entry") is None else read_bytes(obj, "entry"),
    )


def read_key(obj: Json) -> SignedKey | None:
    """A sealing key, if there is one."""
    if obj.get("sealing") is None:
        return None
    sealing = read_object(obj, "sealing")
    key = SealingKey(
        read_integer(sealing, "number"), read_integer(sealing, "day"), read_bytes(sealing, "key")
    )
    return SignedKey(key, read_bytes(sealing, "signature"))


def read_person(obj: Json) -> PersonNow:
    """A person."""
    return PersonNow(
        read_bytes(obj, "chain", HASH_SIZE),
        None if obj.get("account") is None else read_id(obj, "account"),
        read_integer(obj, "sequence"),
        read_bytes(obj, "head", HASH_SIZE),
        {
            read_id(one, "device"): read_key(one)
            for one in map(as_object, read_list(obj, "devices"))
        },
    )


def read_leave(obj: Json) -> Leave:
    """A leave."""
    return Leave(
        read_bytes(obj, "chain", HASH_SIZE),
        read_integer(obj, "since"),
        read_id(obj, "device"),
        read_bytes(obj, "signature"),
    )


def read_begun(obj: Json) -> Begun:
    """An epoch that has begun."""
    return Begun(
        read_id(obj, "conversation"),
        read_integer(obj, "epoch"),
        read_integer(obj, "s"),
        read_bytes(obj, "hash", HASH_SIZE),
        read_integer(obj, "now"),
    )
