"""How fast somebody may send."""

from ephemeral.protocol.errors import Refusal

__all__ = ["Pace"]


class Pace:
    """How fast one socket may send: `rate` frames a second, `burst` at once."""

    __slots__ = ("_burst", "_last", "_rate", "_tokens")

    def __init__(self, rate: int, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._last = now

    def spend(self, now: float, frames: int = 1) -> None:
        """Count so many frames; refuses `too_many`. `now` is in seconds."""
        tokens = min(self._burst, self._tokens + (now - self._last) * self._rate) - frames
        self._last = now
        if tokens < 0:
            raise Refusal("too_many")
        self._tokens = tokens
