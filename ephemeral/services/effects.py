"""Writing down what a Book has decided, in the transaction that locked its rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ephemeral.domain.book import Book
from ephemeral.store import ledger_rows, room_rows
from ephemeral.store.payload_rows import SealedRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["write"]


async def write(
    connection: Connection,
    book: Book,
    sealed: Mapping[bytes, SealedRow],
    versions: Mapping[bytes, int],
) -> None:
    """Write everything; `sealed` has the payloads of accepted messages by id.

    `versions` has those that the rooms in `book.used` get. A message that was accepted and
    destroyed at once leaves its tombstone only.
    """
    inserted, destroyed, changed = book.inserted, book.destroyed, book.changed
    if inserted and destroyed:
        both = {one.payload for one in inserted}.intersection(one.payload for one in destroyed)
        inserted = [one for one in inserted if one.payload not in both]
        destroyed = [one for one in destroyed if one.payload not in both]
    if inserted and changed:
        fresh = {(one.room, one.id) for one in inserted}
        changed = {key: one for key, one in changed.items() if key not in fresh}
    if inserted or destroyed or changed or book.buried or book.used:
        await ledger_rows.write(
            connection,
            [sealed[one.payload] for one in inserted],
            inserted,
            list(changed.values()),
            book.buried,
            destroyed,
            list(book.used.values()),
            [versions[room] for room in book.used],
        )
    standing = {(one.room, one.id) for one in inserted}
    invited = [one for one in book.invited if one[:2] in standing] if book.invited else ()
    if invited:
        await room_rows.insert_audience(connection, invited)
    if book.listeners:
        heard = {key: one for key, one in book.listeners.items() if one is not None}
        if heard:
            await room_rows.update_audience(connection, heard)
        gone = [key for key, one in book.listeners.items() if one is None]
        if gone:
            await room_rows.delete_audience(connection, gone)
    heard_out = [message for message in destroyed if message.audience is not None]
    if heard_out:
        await room_rows.delete_audiences(connection, heard_out)
