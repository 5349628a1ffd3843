"""Who has written a message that somebody shows, which the server itself could never read.

A message is signed by its sender's device (docs/conversations.md, 6.1), and a record names the
point of the sender's chain at which that device is judged: whoever has been in that record can show
to anybody what was said to them there, as long as the record is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.conversations.rows import record_rows
from ephemeral.conversations.service.lines import Lines
from ephemeral.conversations.service.records import Records
from ephemeral.protocol.conversations.messages import decode_ad, is_signed
from ephemeral.protocol.conversations.records import SignedRecord, key_of

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Evidence"]


class Evidence:
    """A witness of accounts' hooks."""

    def __init__(self, lines: Lines, records: Records) -> None:
        self._lines = lines
        self._records = records

    async def author(
        self, connection: Connection, account: bytes, ad: bytes, content: bytes, signature: bytes
    ) -> tuple[bytes, bytes | None] | None:
        """The chain whose device has signed it, and that chain's account if it has one still.

        None where the record isn't kept, doesn't list a chain of this account beside it, or the
        signature isn't that of the device; all alike.
        """
        named = decode_ad(ad)
        if named is None:
            return None
        row = await record_rows.with_hash(connection, named.conversation, named.record)
        entries = {} if row is None else await self._records.entries(connection, [row])
        if row is None or row.epoch not in entries:
            return None
        record = SignedRecord.read(entries[row.epoch]).record
        lines, states = await self._lines.of(connection, [one.chain for one in record.people])
        person = record.person_of(named.device, lines)
        key = None if person is None else key_of(person, named.device, lines)
        listed = any(
            one.chain in states and states[one.chain].account == account
            for one in record.people
            if person is not None and one.chain != person.chain
        )
        if person is None or key is None or not listed:
            return None
        if not is_signed(key, ad, content, signature):
            return None
        state = states.get(person.chain)
        return person.chain, None if state is None else state.account
