"""What happens in a room, told in as many lines as a person can follow.

The server says what happens, and one that lies may say it without end. After ten seconds with too
much nothing is told but how much it was, ever less often, until ten seconds have passed with less.
"""

from collections.abc import Awaitable, Callable

__all__ = ["Announcer"]

# More in ten seconds nobody reads.
_LINES = 40
_SECONDS = 10.0
_LONGEST_SECONDS = 300.0


class Announcer:
    """Passes lines on to `log`, and counts those that are too many. `clock`: seconds, monotonic."""

    def __init__(self, log: Callable[[str], Awaitable[None]], clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        # Of the present ten seconds: their end, what happened in them, whether any of it is told.
        self._until = 0.0
        self._happened = 0
        self._tells = True
        self._untold = 0
        self._pause = _SECONDS
        self._silent_until = 0.0

    @property
    def is_behind(self) -> bool:
        """Whether there is something that `catch_up` will tell in time."""
        return self._untold > 0

    async def tell(self, line: str) -> None:
        """Pass a line on, unless too much happens."""
        await self.catch_up()
        self._happened += 1
        if self._tells and self._happened <= _LINES:
            await self._log(line)
        else:
            self._untold += 1

    async def catch_up(self) -> None:
        """When ten seconds are over, tell how much was too much for them, or for those before."""
        now = self._clock()
        if now < self._until:
            return
        calm = self._happened <= _LINES
        self._until, self._happened, self._tells = now + _SECONDS, 0, calm
        if self._untold and (calm or now >= self._silent_until):
            untold, self._untold = self._untold, 0
            self._silent_until = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_SECONDS)
            await self._log(
                f"{untold} more thing{'s' * (untold != 1)} happened here, too fast to be told. "
                "/who says how the room stands."
            )
        if calm:
            self._pause = _SECONDS
