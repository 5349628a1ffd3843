"""What is asked of conversations: strict, bounded, and decoded once (docs/conversations.md)."""

from typing import Annotated, NamedTuple

from msgspec import Meta

from ephemeral.edge.bodies import Strict, at_most, sized
from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.conversations.records import (
    BOX_SIZE,
    DEVICES_MAX,
    RECORD_MAX,
    Leave,
    SignedRecord,
)
from ephemeral.protocol.encoding import b64decode, b64decode_all
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import INTEGER_MAX

__all__ = [
    "POST_BODY_MAX",
    "RECORD_BODY_MAX",
    "AcknowledgeLogBody",
    "ConversationBody",
    "EpochBody",
    "EpochsQuery",
    "FoundBody",
    "JoinConversationBody",
    "LeaveBody",
    "ListQuery",
    "LogQuery",
    "MessageBody",
    "PostMessagesBody",
    "PresenceBody",
    "RecordRequest",
    "SignalBody",
]

_ID, _HASH, _SIGNATURE = 16, 32, 64
#: Messages in one request, and things in one answer.
ENTRIES_MAX, PAGE_MAX = 16, 100
SEALED_MAX = 4096
#: What is told to those who listen, and kept nowhere.
SIGNAL_MAX = 512
#: Bodies of requests: a record with all its boxes, so many messages; in base64url, with the rest.
RECORD_BODY_MAX, POST_BODY_MAX = 262_144, 1_114_112

Conversation = Annotated[str, sized(_ID, "A conversation")]
Hash = Annotated[str, sized(_HASH, "A hash")]
Signature = Annotated[str, sized(_SIGNATURE, "A signature")]
Place = Annotated[int, Meta(ge=0, le=INTEGER_MAX, description="A place of the log")]
Box = Annotated[
    str, Meta(max_length=1558, description=f"A box of {BOX_SIZE} bytes, or nothing; in base64url")
]


def _number(text: str, default: int, most: int = INTEGER_MAX) -> int:
    """A number as it stands in a query."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(INTEGER_MAX))):
        raise Refusal("malformed")
    number = int(text)
    refuse(number > INTEGER_MAX or str(number) != text, "malformed")
    return min(number, most)


def _limit(text: str) -> int:
    limit = _number(text, PAGE_MAX, PAGE_MAX)
    refuse(limit < 1, "malformed")
    return limit


class RecordRequest(NamedTuple):
    """A record with its boxes."""

    conversation: bytes | None
    signed: SignedRecord
    boxes: list[bytes]


class FoundBody(Strict):
    """Body of `POST /chatrooms`."""

    record: Annotated[str, at_most(RECORD_MAX, "An epoch record")]
    signature: Signature
    boxes: Annotated[list[Box], Meta(min_length=1, max_length=DEVICES_MAX)]

    def unpack(self) -> RecordRequest:
        """Its parts; `malformed`, `record_form`, `record_version`."""
        return _record(None, self.record, self.signature, self.boxes)


class EpochBody(Strict):
    """Body of `POST /chatrooms/{conversation}/epochs`."""

    conversation: Conversation
    record: Annotated[str, at_most(RECORD_MAX, "An epoch record")]
    signature: Signature
    boxes: Annotated[list[Box], Meta(min_length=1, max_length=DEVICES_MAX)]

    def unpack(self) -> RecordRequest:
        """Its parts; `malformed`, `record_form`, `record_version`."""
        conversation = b64decode(self.conversation, _ID)
        return _record(conversation, self.record, self.signature, self.boxes)


def _record(
    conversation: bytes | None, record: str, signature: str, boxes: list[str]
) -> RecordRequest:
    sealed = _boxes(boxes)
    signed = SignedRecord.of(b64decode(record), b64decode(signature, _SIGNATURE), sealed)
    return RecordRequest(conversation, signed, sealed)


def _boxes(texts: list[str]) -> list[bytes]:
    """Nearly all are of one length, read at once; else one is to be refused, by its code."""
    try:
        whole = iter(b64decode_all([one for one in texts if one], BOX_SIZE))
    except Refusal:
        return [b64decode(one) for one in texts]
    return [next(whole) if one else b"" for one in texts]


class ConversationBody(Strict):
    """A conversation, in the path."""

    conversation: Conversation

    def unpack(self) -> bytes:
        """Its id; `malformed`."""
        return b64decode(self.conversation, _ID)


class SignalBody(Strict):
    """What is told to those who listen in a conversation now."""

    conversation: Conversation
    sealed: Annotated[str, at_most(SIGNAL_MAX, "What is said, encrypted")]

    def unpack(self) -> tuple[bytes, bytes]:
        """Conversation, and what is said; `malformed`."""
        sealed = b64decode(self.sealed)
        refuse(not 1 <= len(sealed) <= SIGNAL_MAX, "malformed")
        return b64decode(self.conversation, _ID), sealed


class PresenceBody(Strict):
    """Whether one is shown to be here."""

    on: bool

    def unpack(self) -> bool:
        """That."""
        return self.on


class ListQuery(Strict):
    """Query of `GET /chatrooms`."""

    after: Annotated[str, Meta(max_length=22, description="The last one that is known")] = ""

    def unpack(self) -> bytes:
        """After which conversation; `malformed`."""
        return b64decode(self.after, _ID) if self.after else b""


class LogQuery(Strict):
    """Query of `GET /chatrooms/{conversation}/messages`."""

    conversation: Conversation
    after: Annotated[str, Meta(max_length=16, description="A place of the log")] = ""
    limit: Annotated[str, Meta(max_length=16, description="At most so many, 1 to 100")] = ""

    def unpack(self) -> tuple[bytes, int, int]:
        """Conversation, place, and how many; `malformed`."""
        return b64decode(self.conversation, _ID), _number(self.after, 0), _limit(self.limit)


class EpochsQuery(Strict):
    """Query of `GET /chatrooms/{conversation}/epochs`."""

    conversation: Conversation
    after: Annotated[str, Meta(max_length=16, description="An epoch")] = ""
    limit: Annotated[str, Meta(max_length=16, description="At most so many, 1 to 100")] = ""

    def unpack(self) -> tuple[bytes, int, int]:
        """Conversation, epoch, and how many; `malformed`."""
        return b64decode(self.conversation, _ID), _number(self.after, 0), _limit(self.limit)


class PostMessagesBody(Strict):
    """Body of `POST /chatrooms/{conversation}/message`, and the frame `post`."""

    conversation: Conversation
    entries: Annotated[
        list[Annotated[str, at_most(ENTRY_SIZES[-1], "An encrypted message")]],
        Meta(min_length=1, max_length=ENTRIES_MAX),
    ]

    def unpack(self) -> tuple[bytes, list[bytes]]:
        """Conversation and messages; `malformed`."""
        return b64decode(self.conversation, _ID), [b64decode(one) for one in self.entries]


class MessageBody(Strict):
    """A message of one's own, in the path."""

    conversation: Conversation
    message: Annotated[str, sized(_ID, "A message")]

    def unpack(self) -> tuple[bytes, bytes]:
        """Conversation and message; `malformed`."""
        return b64decode(self.conversation, _ID), b64decode(self.message, _ID)


class AcknowledgeLogBody(Strict):
    """Body of `POST /chatrooms/{conversation}/ack`, and the frame `ack`."""

    conversation: Conversation
    cursor: Place

    def unpack(self) -> tuple[bytes, int]:
        """Conversation and cursor; `malformed`."""
        return b64decode(self.conversation, _ID), self.cursor


class LeaveObject(Strict):
    """A person's own word that they leave, signed by one of their devices."""

    chain: Hash
    since: Annotated[int, Meta(ge=1, le=INTEGER_MAX, description="The epoch in which they entered")]
    device: Annotated[str, sized(_ID, "A device")]
    signature: Signature


class LeaveBody(Strict):
    """Body of `DELETE /chatrooms/{conversation}/members/me`."""

    conversation: Conversation
    leave: LeaveObject

    def unpack(self) -> tuple[bytes, Leave]:
        """Conversation and leave; `malformed`."""
        one = self.leave
        leave = Leave(
            b64decode(one.chain, _HASH),
            one.since,
            b64decode(one.device, _ID),
            b64decode(one.signature, _SIGNATURE),
        )
        return b64decode(self.conversation, _ID), leave


class JoinConversationBody(Strict):
    """Body of `POST /chatrooms/{conversation}/join`."""

    conversation: Conversation
    invitation: Annotated[
        str,
        Meta(
            min_length=22,
            max_length=43,
            description="The invitation's 16 bytes, or the 32 of a link's `joining`; in base64url",
        ),
    ]
    sealed: Annotated[str, at_most(SEALED_MAX, "What the inviter is to know, encrypted")]

    def unpack(self) -> tuple[bytes, bytes, bytes]:
        """Conversation, invitation, and what was sealed; `malformed`."""
        invitation, sealed = b64decode(self.invitation), b64decode(self.sealed)
        refuse(len(invitation) not in {_ID, _HASH} or len(sealed) > SEALED_MAX, "malformed")
        return b64decode(self.conversation, _ID), invitation, sealed
