"""Files that operators take down: for everybody, as if their uploader had deleted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.operators.rows import audit_rows
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.accounts.doors import Doors
    from ephemeral.files.doors import FileDoors
    from ephemeral.store.postgres import Connection

__all__ = ["Takedowns"]


class Takedowns:
    """`doors`, `files`: those of accounts and of files, where there are any."""

    def __init__(self, doors: Doors | None, files: FileDoors | None) -> None:
        self._doors = doors
        self._files = files

    @property
    def has_files(self) -> bool:
        """Whether there are any here."""
        return self._files is not None

    async def take_down(self, operator: str, file: bytes) -> None:
        """Destroy one; refuses `file_unknown`. Who did it is written down, and not which."""
        doors, files = self._doors, self._files
        if doors is None or files is None:
            raise Refusal("file_unknown")

        async def work(connection: Connection) -> None:
            if not await files.ending.take_down(connection, file):
                raise Refusal("file_unknown")
            await audit_rows.note(connection, operator, "took_down")

        await doors.watches.told(work)
