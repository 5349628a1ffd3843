"""Who asks something of a conversation."""

from typing import NamedTuple

__all__ = ["Asker"]


class Asker(NamedTuple):
    """A device of an account, whose session asks."""

    account: bytes
    device: bytes
