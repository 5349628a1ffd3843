"""Destroying a conversation, with all that is sealed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.conversations.rows import (
    conversation_rows,
    member_rows,
    people_rows,
    record_rows,
    segment_rows,
)
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.insiders import Ending
from ephemeral.conversations.service.recent import Recent
from ephemeral.conversations.service.segments import Segments

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

__all__ = ["Destruction"]


class Destruction:
    """Ends conversations."""

    def __init__(
        self,
        values: SealedValues,
        segments: Segments,
        recent: Recent,
        hints: Hints,
        ending: Ending,
    ) -> None:
        self._values = values
        self._segments = segments
        self._recent = recent
        self._hints = hints
        self._ending = ending

    async def destroy(self, connection: Connection, conversation: bytes) -> None:
        """All of a conversation, which is locked, goes; whoever was in it is told."""
        accounts = [
            one.account for one in (await people_rows.people(connection, conversation)).values()
        ]
        await self._ending.ended(connection, conversation)
        payloads = await record_rows.payloads(connection, conversation)
        payloads += await segment_rows.payloads_of(connection, conversation)
        payloads += await member_rows.drop_joins(connection, conversation)
        await self._values.destroy(connection, payloads)
        await conversation_rows.delete(connection, conversation)
        self._segments.forget(payloads)
        self._recent.forget(conversation)
        self._hints.later(conversation, 0, accounts)
