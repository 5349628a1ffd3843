"""How many connections this process may have open, of whichever kind, and whom it drops first.

Each takes a descriptor. The database, the keyring's files and Redis need some as well, and without
them nothing is destroyed any more: so connections end before descriptors do.
"""

import resource
from pathlib import Path
from typing import Protocol

__all__ = ["Connections", "Idle", "many_files", "most_connections"]

# What a process asks for, the most first, if the system names no bound or doesn't mean it: macOS
# says "unlimited" and grants 10,240 or what a setting of the kernel says.
_STEPS = (1_048_576, 524_288, 65_536, 24_576, 10_240, 4_096)
# Whatever the limit is, some are served.
_FEWEST = 16


def many_files() -> None:
    """Allow this process as many descriptors as the system lets it have; never fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    steps = [step for step in _STEPS if hard == unlimited or step < hard]
    for wanted in (hard, *steps):
        if soft == unlimited or soft >= wanted != unlimited:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):
            continue
        return


def most_connections(reserved: int) -> int:
    """How many connections leave `reserved` descriptors beside those that are open now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = _STEPS[0]
    return max(_FEWEST, soft - reserved - _open_now())


def _open_now() -> int:
    # Of Linux, and of the others.
    for folder in (Path("/proc/self/fd"), Path("/dev/fd")):
        if folder.is_dir():
            return len(list(folder.iterdir()))
    return 0


class Idle(Protocol):
    """A connection without a request."""

    def drop(self) -> None:
        """Close it: it is the one that was idle longest, and another one came."""


class Connections:
    """The bound, and the connections that are idle, in the order in which they became so."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: dict[Idle, None] = {}

    def has_room(self, opened: int) -> bool:
        """Whether the newest of `opened` may stay; the longest idle one goes for it."""
        if opened <= self._most:
            return True
        for oldest in self._idle:
            del self._idle[oldest]
            oldest.drop()
            return True
        return False

    def idle(self, one: Idle) -> None:
        """`one` waits for a request."""
        self._idle[one] = None

    def busy(self, one: Idle) -> None:
        """`one` has a request, or is gone."""
        self._idle.pop(one, None)
