"""What is told of files to who may read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import Asker, ConversationDoors
from ephemeral.files.rows import file_rows
from ephemeral.files.rules.file import File
from ephemeral.files.rules.limits import PAGE
from ephemeral.files.service.access import Access, unknown
from ephemeral.store.clock import clock
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Page", "Reading", "Told"]


class Told(NamedTuple):
    """A file, and what its sender has sealed of it."""

    file: File
    info: bytes


class Page(NamedTuple):
    """Files in the order of their ids."""

    files: Sequence[Told]
    more: bool
    now: int


class Reading:
    """Reads for who asks. What a database that was set back has lost of a file is the file."""

    def __init__(
        self, pool: Pool, doors: Doors, conversations: ConversationDoors, access: Access
    ) -> None:
        self._pool = pool
        self._doors = doors
        self._conversations = conversations
        self._access = access

    async def one(self, asker: Asker, id_: bytes) -> tuple[Told, int]:
        """One file, and the time; refuses `file_unknown`."""

        async def work(connection: Connection) -> tuple[Told, int]:
            file = await self._access.as_reader(connection, asker, id_)
            found = await self._told(connection, [file])
            if not found:
                unknown()
            return found[0], await clock(connection)

        return await transaction(self._pool, work, read_only=True)

    async def listed(self, asker: Asker, after: bytes) -> Page:
        """Those that the account has uploaded, and those of its conversations."""

        async def work(connection: Connection) -> Page:
            inside = await self._conversations.insiders.conversations_of(connection, asker.account)
            rows = await file_rows.listed(connection, asker.account, inside, after, PAGE + 1)
            found = await self._told(connection, rows[:PAGE])
            return Page(found, len(rows) > PAGE, await clock(connection))

        return await transaction(self._pool, work, read_only=True)

    async def _told(self, connection: Connection, files: Sequence[File]) -> list[Told]:
        infos = await self._doors.values.read(
            connection, "file-info", [one.payload for one in files]
        )
        return [Told(one, infos[one.payload]) for one in files if one.payload in infos]
