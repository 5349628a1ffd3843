"""How fast somebody may send."""

from ephemeral.protocol.errors import Refusal

__all__ = ["Pace"]


class Pace:
    """How fast one socket may send: `rate` frames a second, `burst` at once.

    Whoever takes frames refills it with the time of a look, takes one off `tokens` for each, and
    ends at the one for which there is none.
    """

    __slots__ = ("_burst", "_last", "_rate", "tokens")

    def __init__(self, rate: int, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._last = now
        self.tokens = float(burst)

    def refill(self, now: float) -> None:
        """Add what has become due by `now`, in seconds."""
        self.tokens = min(self._burst, self.tokens + (now - self._last) * self._rate)
        self._last = now

    def spend(self, frames: int) -> None:
        """Take off what a message held beside its first frame; refuses `too_many`."""
        self.tokens -= frames
        if self.tokens < 0:
            raise Refusal("too_many")
