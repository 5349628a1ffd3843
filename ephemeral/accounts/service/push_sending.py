"""Sends what is due, beside everything else: no message waits for a push service.

Which devices are due stands in their rows, one push each at most, so nothing grows. Of several
processes one claims a row; if it dies, another sends again a minute later, which is once too often
at worst. What nobody was told when all processes died is told with the next message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.accounts.rows import contact_request_rows, push_rows
from ephemeral.accounts.rows.push_rows import DueRow
from ephemeral.accounts.service.push_delivery import Outcome, Result
from ephemeral.accounts.service.pushes import Pushes
from ephemeral.protocol.errors import Refusal
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction
from ephemeral.store.repeating import repeat

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["MINUTE_MS", "PushSender"]

#: A device is told once in so long at most, while it doesn't look.
MINUTE_MS = 60_000
# Longer than sending may take.
_CLAIMED_MS = 60_000
_TURN_SECONDS = 2.0
_AT_ONCE = 64
# A push is tried so often, after twice as long each time, and then given up: the next one comes
# with the next message.
_TRIES = 5
_FIRST_WAIT_MS = 30_000
# Requests of which nobody was told yet: more than can come honestly between two turns.
_ASKED_MOST = 10_000


class PushSender:
    """Runs until the server stops."""

    def __init__(self, pool: Pool, pushes: Pushes, fault: Callable[[BaseException], None]) -> None:
        self._pool = pool
        self._pushes = pushes
        self._fault = fault
        self._asked: set[tuple[bytes, bytes]] = set()

    def asked(self, account: bytes, address: bytes) -> None:
        """An account has asked for whoever has the address of this keyed hash."""
        if len(self._asked) < _ASKED_MOST:
            self._asked.add((account, address))

    async def run(self) -> None:
        """Send again and again, until cancelled."""
        await repeat(self.turn, _TURN_SECONDS, self._fault)

    async def turn(self, _monotonic: float) -> None:
        """Send all that is due."""
        asked, self._asked = self._asked, set()
        if asked:
            await transaction(self._pool, lambda one: self._mark(one, sorted(asked)))
        while True:
            claimed, now = await transaction(self._pool, self._claim)
            async with asyncio.TaskGroup() as group:
                for one in claimed:
                    group.create_task(self._send(one, now))
            if len(claimed) < _AT_ONCE:
                return

    async def _mark(self, connection: Connection, asked: list[tuple[bytes, bytes]]) -> None:
        now = await clock(connection)
        accounts = await contact_request_rows.told(connection, asked)
        await push_rows.mark(connection, accounts, now - MINUTE_MS)

    async def _claim(self, connection: Connection) -> tuple[list[DueRow], int]:
        now = await clock(connection)
        return await push_rows.claim(connection, now, now + _CLAIMED_MS, _AT_ONCE), now

    async def _send(self, one: DueRow, now: int) -> None:
        try:
            result = await self._pushes.send(one.payload, now)
            if result.outcome is not Outcome.GONE:
                again = _again(result, one.tries, now)
                await transaction(
                    self._pool,
                    lambda row: push_rows.settle(row, one.payload, now + _CLAIMED_MS, again),
                )
        except Refusal:
            # The database is away, or a key: it is due again by itself.
            return
        except Exception as error:  # noqa: BLE001 - the others are sent all the same
            self._fault(error)


def _again(result: Result, tries: int, now: int) -> int | None:
    """When to try again, if at all."""
    if result.outcome is not Outcome.LATER or tries >= _TRIES:
        return None
    return now + max(result.retry_after * 1000, _FIRST_WAIT_MS << (tries - 1))
