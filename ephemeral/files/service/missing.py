"""Whether what has landed still lies in the store; whoever has uploaded it is told if not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ephemeral.accounts.service.watches import Watches
from ephemeral.conversations.doors import ConversationDoors
from ephemeral.files.rows import file_rows
from ephemeral.files.rules.file import File, has_landed
from ephemeral.protocol.files.layout import Layout
from ephemeral.store.postgres import transaction

if TYPE_CHECKING:
    from ephemeral.store.objects.deployed import Objects
    from ephemeral.store.postgres import Connection, Pool

__all__ = ["Missing"]

_PAGE = 100
# Files are looked at one after another, and slowly: nobody waits for it.
_REST_SECONDS = 0.05


class Missing:
    """Looks for what a store has lost. `rest`: seconds between two files."""

    def __init__(
        self,
        pool: Pool,
        objects: Objects,
        watches: Watches,
        conversations: ConversationDoors,
        rest: float = _REST_SECONDS,
    ) -> None:
        self._pool = pool
        self._objects = objects
        self._watches = watches
        self._conversations = conversations
        self._rest = rest

    async def look(self) -> None:
        """At every file, once; what the store can't be asked for is left for the next time."""
        after = b""
        while True:
            files = await self._page(after)
            for file in files:
                if not await self._is_there(file):
                    await self._mark(file)
                await asyncio.sleep(self._rest)
            if len(files) < _PAGE:
                return
            after = files[-1].id

    async def _page(self, after: bytes) -> list[File]:
        return await transaction(
            self._pool, lambda connection: file_rows.unbroken(connection, after, _PAGE)
        )

    async def _is_there(self, file: File) -> bool:
        prefix = self._objects.prefix("f", file.prefix)
        held = {
            one.key.removeprefix(prefix): one.length
            async for one in self._objects.store.held(prefix)
        }
        layout = Layout(file.padded)
        return all(
            held.get(str(number)) == layout.segment(number).sealed_length
            for number in range(layout.count)
            if has_landed(file.landed, number)
        )

    async def _mark(self, file: File) -> None:
        async def work(connection: Connection) -> None:
            found = await file_rows.lock(connection, file.id)
            # Deleted meanwhile, it has no objects any more.
            if found is None or not found.is_living or found.prefix != file.prefix:
                return
            await file_rows.mark_broken(connection, file.id)
            if found.conversation is not None:
                self._conversations.insiders.file_changed(
                    found.conversation, file.id, found.landed, found.expires_at
                )

        await self._watches.told(work)
