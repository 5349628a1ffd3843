"""What other processes are told of conversations: that something in them has changed."""

from collections.abc import Mapping

from msgspec import Struct

from ephemeral.sealing.fingerprints import keyed, sized

__all__ = [
    "KINDS",
    "ConversationChanged",
    "ConversationsChanged",
    "CursorMoved",
    "FileChanged",
    "PeopleChanged",
    "Signal",
    "Typing",
    "topic",
]

_TOPIC = b"ephemeral/v1/server/conversation-topic\0"
_CONVERSATION_BYTES = 16


class ConversationChanged(
    Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False
):
    """The log has places up to `s`. 0: the conversation is gone."""

    s: int


class ConversationsChanged(
    Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False
):
    """Of an account's topic: it is in a conversation that it was not in, or no longer in one."""


class Typing(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A device's person is writing."""

    device: bytes


class Signal(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What a device says to the others that listen now, sealed."""

    device: bytes
    sealed: bytes


class CursorMoved(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A device has stored what it read, up to that place."""

    device: bytes
    cursor: int


class PeopleChanged(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Chains of a conversation's people, or who has left or waits, may be others; its log isn't."""


class FileChanged(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Of a file in it these segments have landed, and then it goes; None: it is gone."""

    file: bytes
    landed: bytes | None
    expires_at: int | None


#: Numbers of the kinds of hints, different from those of every other wing; none is given again.
KINDS: Mapping[int, type[Struct]] = {
    50: ConversationChanged,
    51: ConversationsChanged,
    52: Typing,
    53: CursorMoved,
    54: PeopleChanged,
    59: FileChanged,
    60: Signal,
}


def topic(index_key: bytes, conversation: bytes) -> bytes:
    """What a conversation is called on the bus, which learns none by it."""
    return keyed(index_key, _TOPIC, sized("conversation", conversation, _CONVERSATION_BYTES))
