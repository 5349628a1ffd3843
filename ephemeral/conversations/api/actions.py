"""What is counted of conversations, beside what is counted of every request of an account."""

from dataclasses import dataclass

from ephemeral.accounts.doors import ACCOUNT
from ephemeral.edge.limiter import Action
from ephemeral.settings import Settings

__all__ = ["ConversationActions"]

#: Messages, and records, of an account: so many at once, as many again in so many seconds.
_MESSAGES, _RECORDS = (120, 60), (120, 60)
#: How often an account may be told to be writing, in all its conversations.
_TYPING = (120, 60)
#: How often an account may say something that is kept nowhere, in all its conversations.
_SIGNALS = (240, 60)
#: How often an account may come and go, of its own wish.
_PRESENCE = (20, 60)
_MISSES = {"not_found": 1, "invitation_unknown": 5}


@dataclass(frozen=True, slots=True)
class ConversationActions:
    """The actions of conversations. `post`: each message. `record`: each record. `typing`: that
    somebody is writing. `signal`: what is told to those who listen and kept nowhere. `presence`:
    that somebody is to be seen, or not to be."""

    post: Action
    record: Action
    typing: Action
    signal: Action
    presence: Action

    @classmethod
    def of(cls, settings: Settings) -> "ConversationActions":
        """As this deployment limits them: off where everything that accounts ask is."""
        limited = settings.account_requests_per_account
        return cls(
            post=Action("conversation_post", {ACCOUNT: limited and _MESSAGES}, asks=False),
            typing=Action("conversation_typing", {ACCOUNT: limited and _TYPING}, asks=False),
            signal=Action("conversation_signal", {ACCOUNT: limited and _SIGNALS}, asks=False),
            presence=Action("conversation_presence", {ACCOUNT: limited and _PRESENCE}, asks=False),
            record=Action("conversation_record", {ACCOUNT: limited and _RECORDS}, misses=_MISSES),
        )
