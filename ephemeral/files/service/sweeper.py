"""What is done with files beside everything else: those whose time has come go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral import metrics
from ephemeral.accounts.service.watches import Watches
from ephemeral.files.rows import quota_rows
from ephemeral.files.service.ending import Ending
from ephemeral.files.service.watching import Watching
from ephemeral.store.clock import ClockWatch, clock
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Sweeper"]

_SWEEP_SECONDS = 10.0
# After a jump of the clock nothing is destroyed by it for so long.
_PAUSE_SECONDS = 3600
_CHUNK = 100


class Sweeper:
    """Runs until the server stops; several workers may do it at once."""

    def __init__(
        self,
        pool: Pool,
        watches: Watches,
        ending: Ending,
        watching: Watching,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._ending = ending
        self._watching = watching
        self._fault = fault
        self._clock = ClockWatch(_PAUSE_SECONDS)

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        await repeat(self.sweep, _SWEEP_SECONDS, self._fault)

    async def sweep(self, monotonic: float) -> None:
        """End what is due. `monotonic`: this machine's clock, in seconds."""
        now = await transaction(self._pool, clock)
        if self._clock.trusts(now, monotonic):

            async def work(connection: Connection) -> int:
                return await self._ending.sweep(connection, now, _CHUNK)

            while await self._watches.told(work) == _CHUNK:
                pass
        await self._watching.look(now)
        metrics.FILES_BYTES.set(await transaction(self._pool, quota_rows.stock, read_only=True))
