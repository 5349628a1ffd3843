"""Looks whether what is kept of files is still there.

An object that was lost can't be made good, but who has uploaded it can be told, as long as they
still have the file. A file whose info is lost, as all are from a database that was set back, is
there for nobody any more, and ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import ConversationDoors
from ephemeral.files.rows import file_rows
from ephemeral.files.rules.file import File, has_landed
from ephemeral.files.rules.limits import DAY_MS
from ephemeral.files.service.ending import Ending
from ephemeral.protocol.files.layout import Layout
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Watching", "lengths"]


async def lengths(objects: Objects, file: File) -> dict[int, int]:
    """What the store holds of a file: the objects' lengths, by segment."""
    prefix = objects.prefix("f", file.prefix)
    found = {}
    async for one in objects.store.held(prefix):
        name = one.key.removeprefix(prefix)
        if name.isdecimal():
            found[int(name)] = one.length
    return found


class Watching:
    """Looks at each file once a day, one at a time."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        doors: Doors,
        conversations: ConversationDoors,
        ending: Ending,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._doors = doors
        self._conversations = conversations
        self._ending = ending

    async def look(self, now: int) -> None:
        """Look at the one that nobody has looked at for the longest time, if that is a day."""
        file = await transaction(self._pool, lambda one: file_rows.look_at_oldest(one, now, DAY_MS))
        if file is None:
            return
        if not await transaction(self._pool, lambda one: self._is_told(one, file)):
            await self._doors.watches.told(lambda one: self._ending.take_down(one, file.id))
            return
        held = await lengths(self._objects, file)
        layout = Layout(file.padded)
        lost = any(
            has_landed(file.landed, one) and held.get(one) != layout.segment(one).sealed_length
            for one in range(layout.count)
        )
        if lost != file.broken:
            await self._doors.watches.told(lambda one: self._set(one, file.id, lost))

    async def _is_told(self, connection: Connection, file: File) -> bool:
        found = await self._doors.values.read(connection, "file-info", [file.payload])
        return file.payload in found

    async def _set(self, connection: Connection, id_: bytes, broken: bool) -> None:
        file = await file_rows.lock(connection, id_)
        # It may have been deleted meanwhile, and its objects with it.
        if file is None or file.conversation is None:
            return
        await file_rows.set_broken(connection, id_, broken=broken)
        self._conversations.insiders.file_changed(
            file.conversation, id_, file.landed, file.expires_at
        )
