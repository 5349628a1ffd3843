"""The objects of the wire as the server writes them (docs/protocol.md, sections 9 to 11).

Each object is one struct; the OpenAPI document is made from the same structs, so it cannot say
anything else than what is encoded.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "AcknowledgedEvent",
    "AttachmentObject",
    "AudienceEvent",
    "ClosedEvent",
    "DestroyedEvent",
    "JoinAnswer",
    "JoinedEvent",
    "LeftEvent",
    "LockedEvent",
    "MemberObject",
    "MessageState",
    "Notice",
    "NoticeObject",
    "NoticesAnswer",
    "OpenedEvent",
    "OpenedObject",
    "PresenceEvent",
    "ReceiptObject",
    "ReleasedObject",
    "ResumeAnswer",
    "RoomAnswer",
    "RoomObject",
    "StateObject",
    "StatusAnswer",
    "StoredEvent",
    "TypingEvent",
    "WithdrawnObject",
]

Time = Annotated[int, Meta(ge=0, description="Milliseconds since 1970-01-01 UTC")]
Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", description="16 bytes in base64url")]
Secret = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{43}$", description="32 bytes in base64url")]
State = Annotated[
    str,
    Meta(
        extra_json_schema={
            "enum": ["stored", "opened", "viewed", "unconfirmed", "expired", "withdrawn", "unknown"]
        }
    ),
]
Generation = Annotated[
    int, Meta(ge=0, description="The highest that a `hello` of this seat has named; 0 if none has")
]
Sealed = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$", description="Ciphertext in base64url")]


class _Answer(Struct, gc=False):
    """Something that is encoded as a JSON object."""


# --- objects (9) ----------------------------------------------------------------------------------


class RoomObject(_Answer):
    """The room as every member and every holder of its code sees it."""

    now: Time
    charter: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{60}$", description="45 bytes")]
    mac: Secret
    locked: bool
    joins: int
    seats_taken: int
    created_at: Time
    expires_at: Time


class MemberObject(_Answer):
    """A member. `present` while it has a socket."""

    member: Id
    profile: Sealed | None
    joined_at: Time
    seen_at: Time
    present: bool


class NoticeObject(_Answer):
    """A message that waits."""

    id: Id
    sequence: int
    author: Id
    size: int
    posted_at: Time
    expires_at: Time
    state: Literal["stored", "opened"]
    holder: Id | None
    lease_until: Time | None
    audience: list[Id] | None
    opened: int
    returns: int
    attachment: int | None


class AttachmentObject(_Answer):
    """An attachment that is being sent. `landed`: the numbers of the chunks that have."""

    id: Id
    padded: int
    chunks: int
    landed: list[int]


class ReceiptObject(_Answer):
    """What became of a message of one's own."""

    id: Id
    state: State
    sequence: int | None
    posted_at: Time | None
    expires_at: Time | None
    viewing: Secret | None
    opened: int | None
    returns: int | None
    audience: list[Id] | None
    reader: Id | None
    ended_at: Time | None


class OpenedObject(_Answer):
    """An envelope, with the lease under which it was served."""

    id: Id
    envelope: Sealed
    author: Id
    sequence: int
    posted_at: Time
    expires_at: Time
    lease_until: Time
    now: Time


class MessageState(_Answer):
    """Answer to an acknowledgement."""

    id: Id
    state: Literal["viewed", "acknowledged"]


class ReleasedObject(_Answer):
    """Answer to a release. `returns`: how often the message was given back, with this."""

    id: Id
    state: Literal["stored"]
    returns: int


class WithdrawnObject(_Answer):
    """Answer to taking a message back. `opened`: leases that had ever begun."""

    id: Id
    state: Literal["withdrawn"]
    opened: int


class RoomAnswer(RoomObject):
    """The room; with a seat also its members."""

    members: list[MemberObject] | UnsetType = UNSET


class StateObject(_Answer):
    """The complete present state of a room."""

    now: Time
    room: RoomObject
    members: list[MemberObject]
    notices: list[NoticeObject]


class JoinAnswer(_Answer):
    """The complete present state of a room, and the highest generation of one's seat."""

    now: Time
    generation: Generation
    room: RoomObject
    members: list[MemberObject]
    notices: list[NoticeObject]


class ResumeAnswer(_Answer):
    """The server's half of a resume secret, and the highest generation of the seat."""

    key: Secret
    generation: Generation


class NoticesAnswer(_Answer):
    """Every message that waits."""

    now: Time
    notices: list[NoticeObject]


class StatusAnswer(_Answer):
    """Receipts in the order asked."""

    now: Time
    receipts: list[ReceiptObject]


# --- events (11.6) --------------------------------------------------------------------------------


class Notice(NoticeObject, tag="notice"):
    pass


class OpenedEvent(_Answer, tag="opened"):
    """A lease has begun, or goes on for longer."""

    id: Id
    member: Id
    lease_until: Time


class StoredEvent(_Answer, tag="stored"):
    """A lease has ended; the message waits again. `returns`: how many were given back so far."""

    id: Id
    member: Id
    returns: int


class AcknowledgedEvent(_Answer, tag="acknowledged"):
    """One of the audience has viewed it, others are still to."""

    id: Id
    member: Id


class AudienceEvent(_Answer, tag="audience"):
    """Who is still to view it, when others have left or let their leases end."""

    id: Id
    audience: list[Id]


class DestroyedEvent(_Answer, tag="destroyed"):
    """A message met its fate."""

    id: Id
    state: str
    viewing: Secret | None
    member: Id | None
    opened: int
    ended_at: Time


class JoinedEvent(_Answer, tag="joined"):
    """A seat was taken."""

    member: MemberObject
    joins: int


class LeftEvent(_Answer, tag="left"):
    """A member left, or its seat was taken while it was absent."""

    member: Id
    evicted: bool


class PresenceEvent(_Answer, tag="presence"):
    """A socket came or went."""

    member: Id
    present: bool


class TypingEvent(_Answer, tag="typing"):
    """A member began or ceased to type."""

    member: Id
    typing: bool


class LockedEvent(_Answer, tag="locked"):
    """A member has locked or unlocked the room."""

    locked: bool
    member: Id


class ClosedEvent(_Answer, tag="closed"):
    """The room is no more. `member`: who has ended it, or null."""

    reason: Literal["destroyed", "expired"]
    member: Id | None
