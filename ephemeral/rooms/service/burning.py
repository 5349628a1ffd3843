"""What is left of attachments is destroyed: their data keys now, their objects right after it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ephemeral.sealing import payload_rows
from ephemeral.store.objects.purge_rows import insert_purges

if TYPE_CHECKING:
    from ephemeral.rooms.rows.attachment_rows import Gone
    from ephemeral.store.postgres import Connection

__all__ = ["burn"]


async def burn(connection: Connection, gone: Collection[Gone]) -> None:
    """Destroy the keys of attachments whose rows were deleted in this transaction.

    Their objects are noted in it for whoever deletes objects: once this is committed no process
    that dies can leave them there.
    """
    if not gone:
        return
    await payload_rows.delete_payloads(connection, [one.payload for one in gone])
    await insert_purges(connection, "a", [one.prefix for one in gone])
