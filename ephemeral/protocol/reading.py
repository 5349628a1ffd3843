"""Decrypting what was opened, and keeping the proof of it until it was shown (8.4, 8.7, 8.12)."""

from ephemeral.protocol.counters import Counters
from ephemeral.protocol.envelope import open_message
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import ContentKeys
from ephemeral.protocol.objects import OpenedMessage
from ephemeral.protocol.room_state import RoomState
from ephemeral.protocol.session_events import Card, Unreadable

__all__ = ["Reading"]

_OTHER_AUTHOR = (
    "The server names another author of this message than the one who can have written it."
)


class Reading:
    """The messages that a member has opened and not yet acknowledged or released."""

    def __init__(
        self, member: bytes, keys: ContentKeys, state: RoomState, counters: Counters
    ) -> None:
        self._member = member
        self._keys = keys
        self._state = state
        self._counters = counters
        self._proofs: dict[bytes, bytes] = {}
        # Opened and given back unread: they may come again.
        self._returned: set[bytes] = set()

    def opened(self, message: OpenedMessage) -> Card | Unreadable:
        """What a message under one's lease says."""
        notice = self._state.notices.get(message.id)
        # Whoever opens a message of its own, and acknowledges it, gives the server the proof that
        # somebody has viewed it.
        if message.author == self._member or (notice and notice.author != message.author):
            refusal = Refusal("envelope_open", _OTHER_AUTHOR)
            return Unreadable(message.id, message.author, refusal)
        try:
            proof, counter, content = open_message(
                self._keys, message.author, message.id, message.envelope
            )
        except Refusal as refusal:
            return Unreadable(message.id, message.author, refusal)
        again = message.id in self._proofs or message.id in self._returned
        self._proofs[message.id] = proof
        step = self._counters.take(message.author, counter)
        waiting = self._state.waiting_before(message.sequence, message.author)
        return Card(
            id=message.id,
            author=message.author,
            sequence=message.sequence,
            posted_at=message.posted_at,
            expires_at=message.expires_at,
            lease_until=message.lease_until,
            counter=counter,
            skipped=max(0, step.skipped - waiting),
            repeated=step.repeated and not again,
            content=content,
        )

    def proof(self, message: bytes) -> bytes:
        """The viewing bytes of a message that stands open."""
        return self._proofs[message]

    def forget(self, message: bytes, *, returned: bool = False) -> None:
        """The message was acknowledged, or `returned` unread."""
        proof = self._proofs.pop(message, None)
        if proof is not None and returned:
            self._returned.add(message)
        elif not returned:
            self._returned.discard(message)
