"""What the wing of conversations opens to those that stand on it, and all that these may use."""

from __future__ import annotations

from dataclasses import dataclass

from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.insiders import Ending, Insiders
from ephemeral.conversations.service.insiders import Listener as EndListener

__all__ = ["Asker", "ConversationDoors", "EndListener"]


@dataclass(frozen=True, slots=True)
class ConversationDoors:
    """The doors. `insiders`: who is in which conversation, and how those in one are told of what
    belongs to it. `ending`: conversations that go, inside their transactions."""

    insiders: Insiders
    ending: Ending
