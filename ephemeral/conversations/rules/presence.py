"""What processes tell each other of who is here. All of it passes; nothing of it is kept anywhere.

Who is here is known by each process of those at its own sockets. It says so when that changes, and
when it is asked. A process that has died says nothing more, and those at it are here no longer.
"""

from collections.abc import Mapping

from msgspec import Struct

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = ["KINDS", "LIVES_TOPIC", "Here", "ProcessLives", "WhoIsHere", "topic"]

_TOPIC = b"ephemeral/v1/server/presence-topic\0"
_ACCOUNT_BYTES = 16

#: The topic of all processes; no hash of anything has this form.
LIVES_TOPIC = b"processes that live"


class Here(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Of a person's topic: at that process they are here, or no longer."""

    worker: bytes
    here: bool


class WhoIsHere(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Of a person's topic: that process wants to know."""

    worker: bytes


class ProcessLives(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A process still tells."""

    worker: bytes


#: Numbers of the kinds of hints, different from those of every other wing; none is given again.
KINDS: Mapping[int, type[Struct]] = {55: Here, 56: WhoIsHere, 57: ProcessLives}


def topic(index_key: bytes, account: bytes) -> bytes:
    """What a person's presence is called on the bus, which learns no account by it."""
    return keyed(index_key, _TOPIC, sized("account", account, _ACCOUNT_BYTES))
