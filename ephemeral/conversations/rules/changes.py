"""What other processes are told of conversations: metadata, never what was written."""

from collections.abc import Mapping

from msgspec import Struct

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = [
    "KINDS",
    "ListChangedEvent",
    "LogEvent",
    "ReceiptEvent",
    "account_topic",
    "topic",
]

_CONVERSATION = b"ephemeral/v1/server/conversation-topic\0"
_ACCOUNT = b"ephemeral/v1/server/account-conversations-topic\0"
_ID_BYTES = 16


class LogEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A conversation's log has come to place `s`, and its epochs to `epoch`; 0 for both: it is
    gone. Whoever follows it reads on."""

    s: int
    epoch: int


class ReceiptEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A device has stored what it read up to `cursor`."""

    device: bytes
    cursor: int


class ListChangedEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The account is in other conversations than before, or one of them must be renewed."""


#: Numbers of the kinds of hints, different from those of every other wing; none is given again.
KINDS: Mapping[int, type[Struct]] = {50: LogEvent, 51: ListChangedEvent, 52: ReceiptEvent}


def topic(index_key: bytes, conversation: bytes) -> bytes:
    """What hints about a conversation are called on the bus, which learns nothing by it."""
    return keyed(index_key, _CONVERSATION, sized("conversation", conversation, _ID_BYTES))


def account_topic(index_key: bytes, account: bytes) -> bytes:
    """What hints about all conversations of an account are called there."""
    return keyed(index_key, _ACCOUNT, sized("account", account, _ID_BYTES))
