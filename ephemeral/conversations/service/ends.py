"""Whether somebody who listens may go on: not once their session is over, or their account
suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ephemeral.accounts.doors import EndedSessions, Suspensions
from ephemeral.protocol.errors import refuse

if TYPE_CHECKING:
    from ephemeral.conversations.service.heard import Listener

__all__ = ["Ends"]


class Ends:
    """Both, of all accounts."""

    def __init__(self, ended: EndedSessions, suspensions: Suspensions) -> None:
        self._ended = ended
        self._suspensions = suspensions

    async def check(self, listener: Listener) -> None:
        """Refuse `session_ended`, `suspended`."""
        refuse(await self._ended.has(listener.sid), "session_ended")
        await self._suspensions.check(listener.account)

    def are_known(self, listener: Listener) -> bool:
        """Whether one of both is known here: after seconds where hints were lost."""
        return self._ended.knows(listener.sid) or self._suspensions.knows(listener.account)

    async def load(self) -> None:
        """Read both, as nobody tells of them at this moment."""
        await self._ended.load()
        await self._suspensions.load()
