"""Shares: the server's halves of the keys that open what a device has on its disk.

A rotation makes the next beside the present one; both are served until the device says that nothing
of it needs the older. Revoking a device destroys both, and so closes its disk.

A database that was set back has lost them all: then nothing is served for the number that a device
names, and the next that it asks for follows its own number, not the server's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.rows import account_rows, device_rows, share_rows
from ephemeral.accounts.rows.share_rows import ShareRow
from ephemeral.accounts.rules.nouns import Session
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.protocol.errors import refuse
from ephemeral.sealing.seals import Random
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["SHARE_BYTES", "Share", "Shares"]

SHARE_BYTES = 32


class Share(NamedTuple):
    """A share by its number."""

    n: int
    share: bytes


Served = tuple[list[Share], int]


class Shares:
    """The shares of all devices. Each method answers what is served then, and the clock."""

    def __init__(self, pool: Pool, values: SealedValues, random: Random) -> None:
        self._pool = pool
        self._values = values
        self._random = random

    async def get(self, session: Session) -> Served:
        """The shares of a device; one that was lost is left out."""

        async def work(connection: Connection) -> Served:
            _, served = await self._readable(connection, session)
            return served, await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def rotate(self, session: Session, n: int) -> Served:
        """Make the share after `n`, unless that is done; refuses `conflict`."""
        account, device = _device(session)

        async def work(connection: Connection) -> Served:
            await self._lock(connection, session)
            rows, served = await self._readable(connection, session)
            newest = max((one.n for one in served), default=0)
            if newest == n + 1:
                return served, await clock(connection)
            refuse(newest > n + 1, "conflict")
            # Of two the device must first say that it is done with one.
            refuse(len(served) > 1, "conflict")
            readable = {one.n for one in served}
            lost = [one for one in rows if one.n not in readable]
            await self._delete(connection, session, lost)
            share = Share(n + 1, self._random(SHARE_BYTES))
            payload = await self._values.store(connection, "share", share.share)
            await share_rows.insert(connection, account, device, ShareRow(share.n, payload))
            return [*served, share], await clock(connection)

        return await transaction(self._pool, work)

    async def confirm(self, session: Session, n: int) -> Served:
        """Destroy the shares before `n`, which nothing needs any more; refuses `conflict`."""

        async def work(connection: Connection) -> Served:
            await self._lock(connection, session)
            rows, served = await self._readable(connection, session)
            refuse(all(one.n != n for one in served), "conflict")
            await self._delete(connection, session, [one for one in rows if one.n < n])
            return [one for one in served if one.n >= n], await clock(connection)

        return await transaction(self._pool, work)

    async def _lock(self, connection: Connection, session: Session) -> None:
        account, device = _device(session)
        await account_rows.lock(connection, account)
        # It may have been removed since its request was let in.
        known = await device_rows.key(connection, account, device)
        refuse(known is None, "device_revoked")

    async def _readable(
        self, connection: Connection, session: Session
    ) -> tuple[list[ShareRow], list[Share]]:
        rows = await share_rows.shares(connection, *_device(session))
        known = await self._values.read(connection, "share", [one.payload for one in rows])
        served = [Share(one.n, known[one.payload]) for one in rows if one.payload in known]
        return rows, served

    async def _delete(self, connection: Connection, session: Session, rows: list[ShareRow]) -> None:
        await share_rows.delete(connection, *_device(session), [one.n for one in rows])
        await self._values.destroy(connection, [one.payload for one in rows])


def _device(session: Session) -> tuple[bytes, bytes]:
    assert session.device is not None, "only a device proves what it asks"
    return session.account, session.device
