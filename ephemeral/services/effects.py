"""Writing down what a Book has decided, in the transaction that locked its rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ephemeral.domain.book import Book
from ephemeral.store import payload_rows, room_rows
from ephemeral.store.payload_rows import SealedRow

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["write"]


async def write(connection: Connection, book: Book, sealed: Mapping[bytes, SealedRow]) -> None:
    """Write everything; `sealed` has the payloads of accepted messages by id.

    Insertions come first and deletions last, because a message may be accepted and destroyed in
    one batch.
    """
    if book.inserted:
        rows = [sealed[message.payload] for message in book.inserted]
        await payload_rows.insert_bodies(connection, rows)
        await payload_rows.insert_keys(connection, rows)
        await room_rows.insert_messages(connection, book.inserted)
    if book.invited:
        await room_rows.insert_audience(connection, book.invited)
    if book.changed:
        await room_rows.update_messages(connection, list(book.changed.values()))
    if book.listeners:
        changed = {key: one for key, one in book.listeners.items() if one is not None}
        if changed:
            await room_rows.update_audience(connection, changed)
        gone = [key for key, one in book.listeners.items() if one is None]
        if gone:
            await room_rows.delete_audience(connection, gone)
    if book.destroyed:
        await room_rows.insert_tombstones(connection, book.buried)
        await room_rows.delete_messages(connection, book.destroyed)
        heard = [message for message in book.destroyed if message.audience is not None]
        if heard:
            await room_rows.delete_audiences(connection, heard)
        await payload_rows.delete_payloads(
            connection, [message.payload for message in book.destroyed]
        )
    if book.used:
        await room_rows.update_rooms(connection, list(book.used.values()))
