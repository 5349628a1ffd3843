"""What other processes are told of an account: that something in it has changed."""

from collections.abc import Mapping

from msgspec import Struct

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = ["KINDS", "ChainMoved", "ChangedEvent", "ContactsChanged", "asked_topic", "topic"]

_TOPIC = b"ephemeral/v1/server/account-topic\0"
_ASKED_TOPIC = b"ephemeral/v1/server/asked-topic\0"
_ACCOUNT_BYTES = 16


class ChangedEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The account's devices, links or what waits for them have changed: whoever waits looks."""


class ContactsChanged(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The account's contacts, or who asks it, have changed."""


class ChainMoved(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Of a contact's topic: this list of devices of the other has another end."""

    chain: bytes


#: Numbers of the kinds of hints, different from those of every other wing; none is given again.
KINDS: Mapping[int, type[Struct]] = {
    40: ChangedEvent,
    42: ContactsChanged,
    43: ChainMoved,
}


def topic(index_key: bytes, account: bytes) -> bytes:
    """What hints about an account are called on the bus, which learns no account by it."""
    return keyed(index_key, _TOPIC, sized("account", account, _ACCOUNT_BYTES))


def asked_topic(index_key: bytes, address: bytes) -> bytes:
    """What hints about requests to an address are called, of its `asked_hash`."""
    return keyed(index_key, _ASKED_TOPIC, sized("address", address, 32))
