"""What other processes are told of an account: that something in it has changed."""

from collections.abc import Mapping

from msgspec import Struct

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = ["KINDS", "ChangedEvent", "topic"]

_TOPIC = b"ephemeral/v1/server/account-topic\0"
_ACCOUNT_BYTES = 16


class ChangedEvent(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The account's devices, links or what waits for them have changed: whoever waits looks."""


#: Numbers of the kinds of hints, different from those of every other wing; none is given again.
KINDS: Mapping[int, type[Struct]] = {40: ChangedEvent}


def topic(index_key: bytes, account: bytes) -> bytes:
    """What hints about an account are called on the bus, which learns no account by it."""
    return keyed(index_key, _TOPIC, sized("account", account, _ACCOUNT_BYTES))
