"""What a deployment allows in a room, in the units that the rules use."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in milliseconds, sizes in bytes. Made from Settings by the composition root."""

    waiting_messages: int = 500
    waiting_bytes: int = 16 * 1024 * 1024
    lease: int = 120_000
    seat_grace: int = 60_000
    resume: int = 1_800_000
    tombstone: int = 86_400_000
    #: A lease is prolonged no further than to this long after it began.
    lease_most: int = 900_000
    #: How many leases may end by time before a message counts as unconfirmed.
    lease_ends: int = 3
    #: Whether any message is accepted; not while too much waits in all rooms together.
    accepts: bool = True
