"""The pulse: a moment for each socket, once in so many seconds, to see whether its peer is there.

One timer for all, since of ten thousand sockets that say nothing each would have one of its own, or
two while its ping is under way.
"""

import asyncio
from typing import Protocol

__all__ = ["Beating", "Pulse"]

# An interval is cut into so many turns, lest all sockets be looked at in the same moment.
_TURNS = 200


class Beating(Protocol):
    """Whoever wants a moment."""

    def beat(self) -> None:
        """It is your turn. Must not raise."""


class Pulse:
    """Calls `beat` of everybody who was added, once in `seconds`; the first time within them."""

    def __init__(self, seconds: float) -> None:
        self._pause = seconds / _TURNS
        self._turns: list[dict[Beating, None]] = [{} for _ in range(_TURNS)]
        self._now = 0
        self._added = 0
        self._turn_of: dict[Beating, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._turn_of)

    def add(self, one: Beating) -> None:
        """From now on `one` has its moments."""
        # Dealt out in order, so that those who came together don't beat together.
        self._added = (self._added + 1) % _TURNS
        self._turn_of[one] = self._added
        self._turns[self._added][one] = None
        if self._timer is None:
            self._wait()

    def remove(self, one: Beating) -> None:
        """No longer; harmless if it was never added."""
        turn = self._turn_of.pop(one, None)
        if turn is not None:
            del self._turns[turn][one]
        if not self._turn_of and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._beat)

    def _beat(self) -> None:
        self._wait()
        self._now = (self._now + 1) % _TURNS
        # Whoever isn't there any more is removed meanwhile.
        for one in list(self._turns[self._now]):
            one.beat()
