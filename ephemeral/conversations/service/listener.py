"""What happens to conversations when something happens to accounts, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import conversation_rows, member_rows, people_rows
from ephemeral.conversations.rows.people_rows import ChangedRow
from ephemeral.conversations.rules import limits
from ephemeral.conversations.service.boxes import Boxes
from ephemeral.conversations.service.destruction import Destruction
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.tail import Tail
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.conversations.records import most_devices
from ephemeral.store.clock import clock

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["AccountListener"]


class AccountListener:
    """Keeps what conversations say of accounts true. The account's row is locked in each call."""

    def __init__(
        self, values: SealedValues, boxes: Boxes, tail: Tail, destruction: Destruction, hints: Hints
    ) -> None:
        self._values = values
        self._boxes = boxes
        self._tail = tail
        self._destruction = destruction
        self._hints = hints

    async def on_chain_changed(
        self, connection: Connection, account: bytes, before: Chain | None, after: Chain
    ) -> None:
        """Devices that are gone hold nothing any more; where others are listed now, that is due."""
        chains = {after.id} if before is None else {before.id, after.id}
        rows = await people_rows.lock_of_chains(connection, sorted(chains))
        if before is not None and before.id != after.id:
            await people_rows.unbind(connection, account, after.id)
            await people_rows.bind(connection, after.id, account)
            await self._drop(connection, account, None)
            # If it is back by a recovery, what that says of devices is told next.
            self._tell(rows, [account])
            return
        was = () if before is None else tuple(one.id for one in before.devices)
        devices = tuple(one.id for one in after.devices)
        gone = [one for one in was if one not in devices]
        if gone:
            await self._drop(connection, account, gone)
            now = await clock(connection)
            await conversation_rows.free_boxes(
                connection, account, now + limits.DAY_MS, now // limits.DAY_MS
            )
        if after.closed:
            due, why = [one.conversation for one in rows], "people"
        else:
            due, why = _listed_otherwise(rows, was, devices), "devices"
        if due:
            await people_rows.set_due(connection, why, due)
        # They learn that the chain has gone on.
        self._tell(rows, [])

    async def on_account_deleted(self, connection: Connection, account: bytes) -> None:
        """Nothing leads to the account any more; where nobody is left, nothing is left."""
        rows = await people_rows.lock_of_account(connection, account)
        payloads = await member_rows.drop_joins_of(connection, account)
        await self._values.destroy(connection, payloads)
        await people_rows.unbind(connection, account, None)
        await self._drop(connection, account, None)
        names = [one.conversation for one in rows]
        await people_rows.set_due(connection, "people", names)
        deserted = await people_rows.deserted(
            connection, names, await clock(connection) - limits.RETURN_MS, account
        )
        for one in deserted:
            await self._destruction.destroy(connection, one)
        self._tell([one for one in rows if one.conversation not in deserted], [])

    async def lists_beside(self, connection: Connection, account: bytes, chain: bytes) -> bool:
        """Whether a kept record lists the chain beside one of this account."""
        return await people_rows.is_beside(connection, account, chain)

    async def _drop(
        self,
        connection: Connection,
        account: bytes,
        devices: Sequence[bytes] | None,
    ) -> None:
        dropped = await people_rows.drop_devices_of(connection, account, devices)
        await self._boxes.drop_of(connection, dropped)
        if dropped:
            # They held something back, perhaps.
            names = {conversation for conversation, _ in dropped}
            await self._tail.trim(connection, names, await clock(connection))

    def _tell(self, rows: Iterable[ChangedRow], accounts: Sequence[bytes]) -> None:
        for one in rows:
            self._hints.people_later(one.conversation)
        if accounts:
            self._hints.list_changed(accounts)


def _listed_otherwise(
    rows: Sequence[ChangedRow], was: Sequence[bytes], devices: Sequence[bytes]
) -> list[bytes]:
    """Conversations that would list other devices of somebody than they did."""
    return [
        one.conversation
        for one in rows
        if was[: most_devices(one.people)] != devices[: most_devices(one.people)]
    ]
