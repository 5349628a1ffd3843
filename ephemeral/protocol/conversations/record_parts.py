"""What an epoch record is made of, and how much of it there may be: docs/conversations.md, 2.1."""

from typing import NamedTuple

from ephemeral.protocol.limits import ID_SIZE

__all__ = [
    "ADMIN",
    "CONVERSATION_SIZE",
    "DEVICES_MAX",
    "MEMBER",
    "NUMBER_MAX",
    "PEOPLE_MAX",
    "RECORD_MAX",
    "SUITE",
    "TIMER_MAX",
    "VERSION",
    "Continues",
    "Leave",
    "MemberDevice",
    "Person",
]

VERSION = 1
#: HPKE with X-Wing, AES-256-GCM, Ed25519, SHA-256.
SUITE = 1
CONVERSATION_SIZE = ID_SIZE
PEOPLE_MAX = 50
DEVICES_MAX = 100
TIMER_MAX = 31_536_000
#: Bytes of a record.
RECORD_MAX = 65_536
ADMIN, MEMBER = "admin", "member"
#: Of a chain's statements, and of sealing keys.
NUMBER_MAX = 2**32 - 1


class Person(NamedTuple):
    """Somebody in a conversation: a chain. `since` is the epoch in which they entered; `sequence`
    and `head` are the point of the chain at which the record judges."""

    chain: bytes
    role: str
    since: int
    sequence: int
    head: bytes


class MemberDevice(NamedTuple):
    """A device, the number of the key that was sealed to, and that key's SHA-256."""

    device: bytes
    number: int
    sealing: bytes


class Leave(NamedTuple):
    """A person's own word that they leave, signed by one of their devices (8.1)."""

    chain: bytes
    since: int
    device: bytes
    signature: bytes


class Continues(NamedTuple):
    """The conversation, and the record there, that a new one goes on from (8.4)."""

    conversation: bytes
    record: bytes
