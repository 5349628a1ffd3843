"""What happens by itself in the accounts' second half: what waited acts, what is over goes.

Several workers may do it at once: each account under the lock of its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.rows import (
    account_rows,
    chain_rows,
    device_rows,
    history_rows,
    link_rows,
    pending_rows,
    pin_rows,
)
from ephemeral.accounts.rows.device_rows import SealingRow
from ephemeral.accounts.rows.pending_rows import PendingRow
from ephemeral.accounts.rules.nouns import DAY_MS, UNDO_MS
from ephemeral.accounts.service.contacts import Contacts
from ephemeral.accounts.service.deletion import Deletion
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.errors import Refusal
from ephemeral.store.clock import ClockWatch, clock
from ephemeral.store.postgres import StoreUnavailable, transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Due"]

#: Rows of a kind in one go.
CHUNK = 100

#: After a jump of the clock nothing acts for so long.
PAUSE_SECONDS = 3600


class Due:
    """Looks for what is due; `sweep` is called again and again."""

    def __init__(
        self,
        pool: Pool,
        watches: Watches,
        statements: Statements,
        values: SealedValues,
        sessions: Sessions,
        deletion: Deletion,
        contacts: Contacts,
    ) -> None:
        self._pool = pool
        self._watches = watches
        self._statements = statements
        self._values = values
        self._sessions = sessions
        self._deletion = deletion
        self._contacts = contacts
        self._clock = ClockWatch(PAUSE_SECONDS)

    async def sweep(self, monotonic: float) -> None:
        """Do what is due. `monotonic`: this machine's clock, in seconds.

        A database's clock that has jumped is not believed for a while: nothing brings back an
        account that ended by it.
        """
        now = await transaction(self._pool, clock)
        if not self._clock.trusts(now, monotonic):
            return
        accounts = await transaction(self._pool, lambda one: pending_rows.due(one, now, CHUNK))
        failed: list[Exception] = []
        for account in accounts:
            try:
                await self._act(account)
            except StoreUnavailable:
                raise
            except Refusal:
                # What stands in its way stays there.
                await self._drop(account)
            except Exception as error:  # noqa: BLE001 - others must not wait for this account
                failed.append(error)
        await transaction(self._pool, self._forget)
        if failed:
            raise failed[0]

    async def _act(self, account: bytes) -> None:
        ended: list[bytes] = []

        async def work(connection: Connection) -> None:
            ended.clear()
            await account_rows.lock(connection, account)
            waits = await pending_rows.pending(connection, account)
            if waits is None or waits.due > await clock(connection):
                return
            if waits.kind == "close":
                ended.extend(await self._close(connection, account, waits))
            else:
                ended.extend(await self._begin(connection, account, waits))

        await self._watches.commit(account, work)
        self._sessions.tell_ended(ended)

    async def _drop(self, account: bytes) -> None:
        async def work(connection: Connection) -> None:
            await account_rows.lock(connection, account)
            await self._values.destroy(connection, await pending_rows.forget(connection, account))

        await self._watches.commit(account, work)

    async def _close(
        self, connection: Connection, account: bytes, waits: PendingRow
    ) -> list[bytes]:
        """The account ends, with its chain; sessions that have ended."""
        row, _ = await self._statements.in_force(connection, account)
        await self._statements.extend(connection, account, row, Signed.decode(waits.signed))
        return await self._deletion.delete(connection, account)

    async def _begin(
        self, connection: Connection, account: bytes, waits: PendingRow
    ) -> list[bytes]:
        """Another chain takes the place of the one in force, whose devices lose what they had."""
        assert waits.sid is not None
        assert waits.sealing is not None
        assert waits.number is not None
        assert waits.day is not None
        ended: list[bytes] = []
        standing, before = await chain_rows.open_chain(connection, account), None
        if standing is not None:
            before = await self._statements.chain(connection, standing)
            devices = [one.device for one in await device_rows.devices(connection, account)]
            for device in devices:
                ended += await self._sessions.end_of_device(connection, account, device)
            await self._statements.remove_devices(connection, account, standing.chain, devices)
            await chain_rows.end(connection, account)
        await self._values.destroy(connection, await link_rows.forget_all(connection, account))
        # Its sealing key is the new device's now.
        await pending_rows.forget(connection, account)
        chain: Chain = await self._statements.begin(
            connection, account, Signed.decode(waits.signed), before
        )
        sealing = SealingRow(waits.number, waits.day, waits.sealing)
        await self._statements.add_device(connection, account, chain, sealing)
        # If that session has ended, the device signs in anew, and proves who it is.
        await self._sessions.bind(connection, waits.sid, chain.devices[0].id)
        return ended

    async def _forget(self, connection: Connection) -> None:
        """Destroy what is over: links, history, counts, pins of removed devices, ended chains."""
        now = await clock(connection)
        payloads = [
            *await link_rows.forget_expired(connection, now, CHUNK),
            *await history_rows.forget_expired(connection, now, CHUNK),
            *await pin_rows.forget_removed(connection, now - UNDO_MS, CHUNK),
            *await self._contacts.expired(connection, now, CHUNK),
        ]
        await link_rows.forget_tries(connection, now)
        over = now - UNDO_MS
        ended = await chain_rows.ended_before(connection, over, over + DAY_MS, CHUNK)
        payloads += await pin_rows.of_chains(connection, ended)
        await self._values.destroy(connection, payloads)
        await chain_rows.destroy(connection, ended)
