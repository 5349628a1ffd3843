"""Who may do what with a file: to everybody else it isn't there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ephemeral.conversations.doors import Asker, ConversationDoors
from ephemeral.files.rows import file_rows
from ephemeral.files.rules.file import File
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Access", "unknown"]


def unknown() -> NoReturn:
    """There is no such file, or not for who asks: nobody is told which."""
    raise Refusal("file_unknown")


class Access:
    """Looks files up for who asks; refuses `file_unknown`."""

    def __init__(self, conversations: ConversationDoors) -> None:
        self._conversations = conversations

    async def as_reader(self, connection: Connection, asker: Asker, id_: bytes) -> File:
        """A file that the account has uploaded, or that is in a conversation of it."""
        file = await file_rows.read(connection, id_)
        if file is None or not file.is_living:
            unknown()
        if file.account != asker.account and not await self._is_inside(connection, asker, file):
            unknown()
        return file

    async def as_sender(self, connection: Connection, asker: Asker, id_: bytes) -> File:
        """A file that the account has uploaded, which is locked."""
        # Who asks in vain locks nothing: else the time of a refusal would tell what is there.
        file = await file_rows.read(connection, id_)
        if file is None or file.account != asker.account:
            unknown()
        file = await file_rows.lock(connection, id_)
        if file is None or file.account != asker.account or not file.is_living:
            unknown()
        return file

    async def as_present_sender(self, connection: Connection, asker: Asker, id_: bytes) -> File:
        """The same while the account is in the file's conversation."""
        file = await self.as_sender(connection, asker, id_)
        if not await self._is_inside(connection, asker, file):
            unknown()
        return file

    async def _is_inside(self, connection: Connection, asker: Asker, file: File) -> bool:
        if file.conversation is None:
            return False
        return await self._conversations.insiders.include(
            connection, file.conversation, asker.account
        )
