"""What time it is by the database's clock, without asking it.

The database's clock is the only one that counts. A batch that is decided before the database is
asked goes by this estimate, and the statement that writes it does nothing if the estimate is off.
"""

import time
from collections.abc import Callable

__all__ = ["DRIFT_MS", "Clock"]

#: How far an estimate may be from the truth, in milliseconds, before nothing is decided by it.
DRIFT_MS = 250


class Clock:
    """The database's clock as it was last heard. `monotonic` is in milliseconds."""

    def __init__(self, monotonic: Callable[[], float] = lambda: time.monotonic() * 1000) -> None:
        self._monotonic = monotonic
        self._ahead: float | None = None

    def read(self) -> int | None:
        """Milliseconds since 1970-01-01 UTC; None before it was heard for the first time."""
        return None if self._ahead is None else int(self._ahead + self._monotonic())

    def set(self, now: int) -> None:
        """The database has said what time it is, whatever was believed before."""
        self._ahead = now - self._monotonic()

    def hear(self, now: int) -> None:
        """As `set`, where what was believed wasn't far off: what took less time to come counts."""
        ahead = now - self._monotonic()
        self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)
