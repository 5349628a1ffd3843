"""History for a new device: what an older device of its account hands to it, chunk by chunk.

Devices encrypt it for each other; here it waits until the new one has stored it, for a day at most.
The same chunk again changes nothing, so that whoever had no answer asks again with the same bytes.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

from ephemeral.accounts.rows import account_rows, device_rows, history_rows
from ephemeral.accounts.rows.history_rows import ChunkRow
from ephemeral.accounts.rules.nouns import DAY_MS, Session
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["HISTORY_BYTES", "Histories"]

#: Bytes that may wait for all devices of an account together.
HISTORY_BYTES = 64 * 1024 * 1024

# Nobody knows when the other device will have fetched what waits.
_FULL_SECONDS = 60
# How often the database is asked how much waits for all: what this process took since is added.
_MEASURE_SECONDS = 5.0


class Histories:
    """The history that waits. `storage_bytes`: so much may wait of all accounts; 0: no limit."""

    def __init__(
        self, pool: Pool, watches: Watches, values: SealedValues, storage_bytes: int
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._values = values
        self._storage_bytes = storage_bytes
        self._used = 0
        self._measured_at = float("-inf")

    async def put(self, session: Session, device: bytes, number: int, sealed: bytes) -> None:
        """Let a chunk wait for a device of this account, which is told if none waited.

        Refuses `not_found` where there is no such device, `conflict` where another chunk waits
        under that number, `storage_full` where too much waits.
        """
        account = session.account
        await self._measure()

        async def work(connection: Connection) -> bool | None:
            await self._lock(connection, session)
            known = await device_rows.key(connection, account, device)
            refuse(known is None or device == session.device, "not_found")
            now = await clock(connection)
            before = await self._found(connection, account, device, number, now)
            if before is not None:
                refuse(not hmac.compare_digest(before, sealed), "conflict")
                return None
            await self._forget(connection, account, device, number)
            waits = await history_rows.waiting(connection, account, device)
            over = 0 < self._storage_bytes <= self._used
            if over or waits.size + len(sealed) > HISTORY_BYTES:
                raise Refusal("storage_full", retry_after=_FULL_SECONDS)
            payload = await self._values.store(connection, "history", sealed)
            row = ChunkRow(number, payload, len(sealed), now + DAY_MS)
            await history_rows.insert(connection, account, device, row)
            return waits.chunks == 0

        is_first = await transaction(self._pool, work)
        if is_first is not None:
            self._used += len(sealed)
        if is_first:
            # Whoever fetches chunks goes on to the next by itself.
            self._watches.changed(account)

    async def get(self, session: Session, device: bytes, number: int) -> tuple[bytes, int]:
        """A chunk that waits for the device that asks, and the clock; refuses `not_found`."""
        refuse(device != session.device, "not_found")

        async def work(connection: Connection) -> tuple[bytes, int]:
            now = await clock(connection)
            found = await self._found(connection, session.account, device, number, now)
            if found is None:
                raise Refusal("not_found")
            return found, now

        return await transaction(self._pool, work, read_only=True)

    async def forget(self, session: Session, device: bytes, number: int) -> None:
        """Destroy a chunk that the device that asks has stored; again changes nothing."""
        refuse(device != session.device, "not_found")

        async def work(connection: Connection) -> None:
            await self._lock(connection, session)
            await self._forget(connection, session.account, device, number)

        await transaction(self._pool, work)

    async def _measure(self) -> None:
        """Ask how much waits for all accounts, if that matters and wasn't asked just now."""
        now = asyncio.get_running_loop().time()
        if self._storage_bytes and now - self._measured_at >= _MEASURE_SECONDS:
            self._measured_at = now
            before = self._used
            total = await transaction(self._pool, history_rows.total_bytes, read_only=True)
            # What came meanwhile may be in it or not.
            self._used = total + self._used - before

    async def _lock(self, connection: Connection, session: Session) -> None:
        """Lock the account; refuse a device that was removed since its request was let in."""
        assert session.device is not None, "only a device proves what it asks"
        await account_rows.lock(connection, session.account)
        known = await device_rows.key(connection, session.account, session.device)
        refuse(known is None, "device_revoked")

    async def _found(
        self, connection: Connection, account: bytes, device: bytes, number: int, now: int
    ) -> bytes | None:
        """A chunk that waits and can be read; one of a database that was set back can't."""
        row = await history_rows.chunk(connection, account, device, number)
        if row is None or row.expires_at <= now:
            return None
        return (await self._values.read(connection, "history", [row.payload])).get(row.payload)

    async def _forget(
        self, connection: Connection, account: bytes, device: bytes, number: int
    ) -> None:
        gone = await history_rows.delete(connection, account, device, number)
        await self._values.destroy(connection, gone)
