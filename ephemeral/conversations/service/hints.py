"""What is told of conversations once it is committed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ephemeral.accounts.service.watches import Watches
from ephemeral.conversations.rules.changes import (
    ConversationChanged,
    ConversationsChanged,
    CursorMoved,
    FileChanged,
    PeopleChanged,
    topic,
)
from ephemeral.live.bus import Hint, UnsureEvent

__all__ = ["Hints"]


class Hints:
    """Makes hints; `later` has them told after the transaction that it is called in."""

    def __init__(self, watches: Watches, index_key: bytes) -> None:
        self._watches = watches
        # A hundred bytes each.
        self._topic = lru_cache(maxsize=20_000)(lambda one: topic(index_key, one))

    def topic(self, conversation: bytes) -> bytes:
        """What a conversation is called on the bus."""
        return self._topic(conversation)

    def changed(self, conversation: bytes, s: int) -> Hint:
        """A log has come to this place; 0 if the conversation is gone."""
        return self._topic(conversation), ConversationChanged(s)

    def look_again(self, conversation: bytes) -> Hint:
        """Nobody knows what has been committed of this one."""
        return self._topic(conversation), UnsureEvent()

    def moved(self, conversation: bytes, device: bytes, cursor: int) -> Hint:
        """A device has stored what it read up to a place."""
        return self._topic(conversation), CursorMoved(device, cursor)

    def people_later(self, conversation: bytes, accounts: Iterable[bytes | None] = ()) -> None:
        """Something about a conversation's people has changed that its log doesn't say."""
        self._watches.later([(self._topic(conversation), PeopleChanged())])
        self.list_changed(accounts)

    def later(self, conversation: bytes, s: int, accounts: Iterable[bytes | None] = ()) -> None:
        """A log has come to this place, and these accounts are in others than before."""
        self._watches.later([self.changed(conversation, s)])
        self.list_changed(accounts)

    def file_later(
        self, conversation: bytes, file: bytes, landed: bytes | None, expires_at: int | None
    ) -> None:
        """How a file in it stands; None: it is gone."""
        event = FileChanged(file, landed, expires_at)
        self._watches.later([(self._topic(conversation), event)])

    def list_changed(self, accounts: Iterable[bytes | None]) -> None:
        """These accounts are in other conversations than before."""
        known = sorted({one for one in accounts if one is not None})
        self._watches.later([(self._watches.topic(one), ConversationsChanged()) for one in known])
