"""What is done with accounts beside everything else: whatever has had its time, and new keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.accounts.rows import identity_rows, invitation_rows
from ephemeral.accounts.service.due import Due
from ephemeral.accounts.service.ended import EndedSessions
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.signing_keys import SigningKeys
from ephemeral.accounts.service.suspensions import Suspensions
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Sweeper", "forget_expired"]

#: How often a miss of the bus is made good for; until then the database is asked.
_HEAL_SECONDS = 5.0
_SWEEP_SECONDS = 60.0


class Sweeper:
    """Runs until the server stops."""

    def __init__(
        self,
        pool: Pool,
        sessions: Sessions,
        ended: EndedSessions,
        suspensions: Suspensions,
        keys: SigningKeys,
        due: Due,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._pool = pool
        self._sessions = sessions
        self._ended = ended
        self._suspensions = suspensions
        self._keys = keys
        self._due = due
        self._fault = fault

    async def run(self) -> None:
        """Do all of it again and again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(repeat(self._heal, _HEAL_SECONDS, self._fault))
            group.create_task(repeat(self.sweep, _SWEEP_SECONDS, self._fault))

    async def _heal(self, _: float) -> None:
        await self._ended.heal()
        await self._suspensions.heal()

    async def sweep(self, monotonic: float) -> None:
        """End and forget what is due; make another signing key in time."""
        await self._sessions.sweep()
        await self._ended.load()
        await self._suspensions.load()
        await transaction(self._pool, forget_expired)
        await self._keys.renew()
        await self._due.sweep(monotonic)


async def forget_expired(connection: Connection) -> None:
    """Forget invitations and nonces that are void by themselves."""
    now = await clock(connection)
    await invitation_rows.forget_expired(connection, now)
    await identity_rows.forget_nonces(connection, now)
