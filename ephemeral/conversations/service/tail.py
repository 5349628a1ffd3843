"""The end of a log that is forgotten: whatever nobody waits for any more is destroyed here.

What is destroyed may have been the last that a segment's key sealed: who sweeps is told where to
look for such keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ephemeral.conversations.rows import tail_rows
from ephemeral.conversations.rules import limits
from ephemeral.conversations.service.recent import Recent

if TYPE_CHECKING:
    from ephemeral.conversations.rows.tail_rows import Trimmed
    from ephemeral.store.postgres import Connection

__all__ = ["Tail"]


class Tail:
    """Destroys messages, of conversations that are locked."""

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        #: Conversations of which messages were destroyed here since somebody took these.
        self.loosened: set[bytes] = set()

    async def trim(
        self, connection: Connection, conversations: Iterable[bytes], now: int
    ) -> list[Trimmed]:
        """Destroy what all devices have stored that were seen lately."""
        trimmed = await tail_rows.trim(
            connection, sorted(conversations), now // limits.DAY_MS, limits.UNSEEN_DAYS
        )
        for one in trimmed:
            self.trimmed(one)
        return trimmed

    def trimmed(self, one: Trimmed) -> None:
        """Of a conversation something was destroyed."""
        self._recent.trim(one.conversation, one.tail)
        self.loosened.add(one.conversation)

    def age(self) -> None:
        """To be called now and then: nothing stays in memory for longer than two rounds."""
        self._recent.age()

    async def destroy(
        self, connection: Connection, places: Sequence[tuple[bytes, int]]
    ) -> list[tuple[bytes, int]]:
        """Destroy these messages (conversation, place); gives those that waited."""
        gone = await tail_rows.destroy_entries(connection, places)
        for conversation in {conversation for conversation, _ in gone}:
            self._recent.forget(conversation)
            self.loosened.add(conversation)
        return gone
