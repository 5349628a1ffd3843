"""The one clock that counts: the database's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["ClockWatch", "clock"]

#: Clocks that disagree by more than this have been changed.
JUMP_MS = 60_000


class ClockWatch:
    """Notices when the database's clock and this machine's monotonic clock disagree.

    A clock that is set forward by mistake must not destroy what waits: whoever sweeps pauses for so
    many seconds, in which somebody may set it back.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._origin: int | None = None
        self._paused_until = 0.0

    def trusts(self, wall_ms: int, monotonic: float) -> bool:
        """Whether to sweep now. `wall_ms`: database time; `monotonic`: seconds."""
        origin = wall_ms - int(monotonic * 1000)
        if self._origin is not None and abs(origin - self._origin) > JUMP_MS:
            self._paused_until = monotonic + self._pause
        self._origin = origin
        return monotonic >= self._paused_until


async def clock(connection: Connection) -> int:
    """The database's clock: milliseconds since 1970-01-01 UTC."""
    now: int = await connection.fetchval("SELECT clock_ms()")
    return now
