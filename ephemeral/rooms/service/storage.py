"""What waits in the whole deployment, and what rooms may hold because of it.

Nothing that is stored may be tied to an address, so nobody's stock can be bounded but that of all.
The database is asked now and then; what this process has accepted since is added. A post pays a
comparison.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ephemeral.rooms.rows import storage_rows
from ephemeral.rooms.rules.limits import Limits
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["TIGHT_BYTES", "Storage"]

#: From this share on a room may hold no more than `TIGHT_BYTES`.
_TIGHT = 0.8
TIGHT_BYTES = 1024 * 1024


class Storage:
    """`most`: bytes that may wait in all rooms together; 0 doesn't limit them.

    `limits` are what holds for rooms at this moment.
    """

    def __init__(self, limits: Limits, most: int = 0) -> None:
        tight = replace(limits, waiting_bytes=min(limits.waiting_bytes, TIGHT_BYTES))
        self._plenty, self._tight, self._full = limits, tight, replace(tight, accepts=False)
        self._most = most
        self._used = 0
        # What was accepted here, since the start and until the database was asked last.
        self._accepted = 0
        self.limits = limits

    @property
    def used(self) -> int:
        """Bytes that wait, as far as is known here."""
        return self._used

    def accepted(self, size: int) -> None:
        """So many bytes more wait, by a commit of this process."""
        self._accepted += size
        self._set(self._used + size)

    async def measure(self, pool: Pool) -> None:
        """Ask the database."""
        before = self._accepted
        total = await transaction(pool, storage_rows.waiting_bytes, read_only=True)
        # What came meanwhile may be in it or not.
        self._set(total + self._accepted - before)

    def _set(self, used: int) -> None:
        self._used = used
        if not self._most or used < _TIGHT * self._most:
            self.limits = self._plenty
        else:
            self.limits = self._tight if used < self._most else self._full
