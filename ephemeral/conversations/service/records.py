"""Epoch records as they are stored: sealed like any payload, and remembered as they were read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import record_rows
from ephemeral.conversations.rows.record_rows import RecordRow
from ephemeral.protocol.conversations.records import Record, SignedRecord
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Records"]

# A record of a hundred devices takes a hundred kilobytes as it was read.
_REMEMBERED = 300


class Records:
    """The records of all conversations."""

    def __init__(self, values: SealedValues) -> None:
        self._values = values
        self._read: OrderedDict[bytes, Record] = OrderedDict()

    async def entries(self, connection: Connection, rows: Sequence[RecordRow]) -> dict[int, bytes]:
        """The entries of records of one conversation, by epoch; those are left out that a restored
        database has lost."""
        found = await self._values.read(connection, "record", [one.payload for one in rows])
        return {one.epoch: found[one.payload] for one in rows if one.payload in found}

    async def newest(self, connection: Connection, conversation: bytes, name: bytes) -> Record:
        """The newest record of a conversation, which is there; `name` is its R.

        Refuses `broken` where a restored database has lost it: nothing can follow on it here.
        """
        known = self._read.get(name)
        if known is None:
            row = await record_rows.newest(connection, conversation)
            assert row is not None, "a conversation has a record"
            entries = await self.entries(connection, [row])
            if row.epoch not in entries:
                raise Refusal("broken", details={"first": 0})
            known = SignedRecord.read(entries[row.epoch]).record
            self.remember(name, known)
        self._read.move_to_end(name)
        return known

    def remember(self, name: bytes, record: Record) -> None:
        """What a record says, by its R."""
        self._read[name] = record
        if len(self._read) > _REMEMBERED:
            self._read.popitem(last=False)
