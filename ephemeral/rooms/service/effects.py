"""Writing down what a Book has decided, in the transaction that locked its rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ephemeral.rooms.rows import ledger_rows, room_rows
from ephemeral.rooms.rows.ledger_rows import UNCONDITIONAL, Condition, Written
from ephemeral.rooms.rules.book import Book
from ephemeral.rooms.rules.room import Message
from ephemeral.sealing.payload_rows import SealedRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["write"]

_NONE_SEALED: Mapping[bytes, SealedRow] = MappingProxyType({})
_NO_VERSIONS: Mapping[bytes, int] = MappingProxyType({})


async def write(
    connection: Connection,
    book: Book,
    sealed: Mapping[bytes, SealedRow] = _NONE_SEALED,
    versions: Mapping[bytes, int] = _NO_VERSIONS,
    condition: Condition = UNCONDITIONAL,
) -> Written:
    """Write everything, if the condition holds; `sealed` has accepted payloads by id.

    `versions` has those that the rooms in `book.used` get, unless they have new ones already. A
    message that was accepted and destroyed at once leaves its tombstone only.
    """
    inserted, destroyed, changed = book.inserted, book.destroyed, book.changed
    if inserted and destroyed:
        both = {one.payload for one in inserted}.intersection(one.payload for one in destroyed)
        inserted = [one for one in inserted if one.payload not in both]
        destroyed = [one for one in destroyed if one.payload not in both]
    if inserted and changed:
        fresh = {(one.room, one.id) for one in inserted}
        changed = {key: one for key, one in changed.items() if key not in fresh}
    given_back = [one for one in inserted if one.returns or one.viewing is not None]
    written = await ledger_rows.write(
        connection,
        condition,
        [sealed[one.payload] for one in inserted],
        inserted,
        list(changed.values()),
        book.new_tombstones,
        destroyed,
        list(book.used.values()),
        [versions.get(room) for room in book.used],
    )
    if given_back:
        # A row is not changed by the statement that inserts it.
        await ledger_rows.write(connection, UNCONDITIONAL, (), (), given_back, (), (), (), ())
    if book.invited or book.readers or any(one.audience is not None for one in destroyed):
        await _write_audiences(connection, book, inserted, destroyed)
    return written


async def _write_audiences(
    connection: Connection, book: Book, inserted: Sequence[Message], destroyed: Sequence[Message]
) -> None:
    """The same for who is still to view a message: under *everyone* alone, in a transaction."""
    standing = {(one.room, one.id) for one in inserted}
    invited = [one for one in book.invited if one[:2] in standing]
    if invited:
        await room_rows.insert_audience(connection, invited)
    heard = {key: one for key, one in book.readers.items() if one is not None}
    if heard:
        await room_rows.update_audience(connection, heard)
    gone = [key for key, one in book.readers.items() if one is None]
    if gone:
        await room_rows.delete_audience(connection, gone)
    heard_out = [message for message in destroyed if message.audience is not None]
    if heard_out:
        await room_rows.delete_audiences(connection, heard_out)
