"""The nouns of an anonymous room: what the rules decide on, what members are told, what events say.

Plain values without behaviour. Ids are 16 bytes, hashes 32 bytes, times milliseconds since
1970-01-01 UTC by the database's clock. docs/protocol.md, sections 5 to 9, says what they mean.
"""

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

__all__ = [
    "ACKNOWLEDGED",
    "FAILED",
    "FATES",
    "PENDING",
    "Acknowledged",
    "AcknowledgedEvent",
    "AudienceEvent",
    "AudienceMember",
    "ClosedEvent",
    "DestroyedEvent",
    "Event",
    "JoinedEvent",
    "KnownRoom",
    "LeftEvent",
    "LockedEvent",
    "MemberView",
    "Message",
    "Notice",
    "NoticeEvent",
    "Opened",
    "OpenedEvent",
    "PresenceEvent",
    "Receipt",
    "Released",
    "Room",
    "RoomView",
    "Seat",
    "Snapshot",
    "StoredEvent",
    "Tombstone",
    "TypingEvent",
    "Withdrawn",
]

#: What a member of an audience has done.
PENDING, ACKNOWLEDGED, FAILED = 0, 1, 2

#: Fates as the table `tombstones` numbers them and as the wire names them.
FATES = {1: "viewed", 2: "unconfirmed", 3: "expired", 4: "withdrawn"}


class Value(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Equal to what has the same fields. A named tuple takes longer to make and to read."""


class Seat(Value, frozen=True):
    """Who acts: a member of a room, with the keyed hash of the token that proves it."""

    room: bytes
    member: bytes
    token_hash: bytes


# --- what the rules decide on -------------------------------------------------------------


@dataclass(slots=True)
class Room:
    """A living room, its row locked. Times are in milliseconds."""

    room: bytes
    policy: int
    message_ttl: int
    room_ttl: int
    sequence: int
    expires_at: int
    waiting: int = 0
    waiting_bytes: int = 0
    #: No lease ends before this.
    lease_due: int | None = None
    #: How many members it may have at once.
    seats: int = 2


@dataclass(slots=True)
class AudienceMember:
    """One of a message's audience under the policy *everyone*.

    `state`: 0 has not viewed it, 1 acknowledged it, 2 let three leases end. `lease_opened`: when
    the lease began that runs, or ran last.
    """

    member: bytes
    state: int = 0
    lease_until: int | None = None
    lease_ends: int = 0
    lease_opened: int | None = None


@dataclass(slots=True)
class Message:
    """A message that waits. `audience` is None under *first view*.

    `leases` have ever begun, of all members; `returns` of them were given back, lately by the
    `returners` (member and time, oldest first). `viewing` was revealed under *everyone*, by
    `reader` as the last. `tombstone_name` is the name that its tombstone will have, if that was
    computed already. `attachment` is the padded length of the one that it has; `lease_opened` is
    kept of those alone.
    """

    room: bytes
    id: bytes
    sequence: int
    author: bytes
    size: int
    viewing_hash: bytes
    digest: bytes
    payload: bytes
    posted_at: int
    expires_at: int
    lease_holder: bytes | None = None
    lease_until: int | None = None
    lease_ends: int = 0
    leases: int = 0
    returns: int = 0
    viewing: bytes | None = None
    reader: bytes | None = None
    attachment: int | None = None
    lease_opened: int | None = None
    returners: tuple[tuple[bytes, int], ...] = ()
    audience: dict[bytes, AudienceMember] | None = None
    tombstone_name: bytes | None = None


class KnownRoom:
    """What the rules look at in a room: its row, seats known to exist, messages known to wait."""

    __slots__ = ("messages", "room", "seats")

    def __init__(self, room: Room) -> None:
        self.room = room
        self.seats: set[Seat] = set()
        self.messages: dict[bytes, Message] = {}


class Tombstone(Value, frozen=True):
    """What is left of a destroyed message. `fate` is a key of `FATES`; `reader` acknowledged last.

    None in `opened` and `ended_at`: it is older than these.
    """

    tombstone: bytes
    room: bytes
    author: bytes
    fate: int
    viewing: bytes | None
    until: int
    reader: bytes | None
    opened: int | None
    ended_at: int | None


# --- what members are told -----------------------------------------------------------------


class RoomView(Value, frozen=True):
    """The wire's `room` object. Not told are `sequence`, the latest message's, and `version`."""

    now: int
    charter: bytes
    mac: bytes
    locked: bool
    joins: int
    seats_taken: int
    created_at: int
    expires_at: int
    sequence: int = 0
    version: int = 0


class MemberView(Value, frozen=True):
    """The wire's `member` object. `profile` is the encrypted profile of 256 bytes."""

    member: bytes
    profile: bytes | None
    joined_at: int
    seen_at: int
    present: bool


class Notice(Value, frozen=True):
    """The wire's `notice` object. `audience`: who has yet to view it; None under first view.

    `opened` leases have ever begun, of all members; `returns` of them were given back. `attachment`
    is the padded length of the one that it has.
    """

    id: bytes
    sequence: int
    author: bytes
    size: int
    posted_at: int
    expires_at: int
    state: Literal["stored", "opened"]
    holder: bytes | None
    lease_until: int | None
    audience: tuple[bytes, ...] | None
    opened: int = 0
    returns: int = 0
    attachment: int | None = None


class Receipt(Value, frozen=True):
    """The wire's `receipt` object. `fresh`: this very request stored the message."""

    id: bytes
    state: str
    sequence: int | None = None
    posted_at: int | None = None
    expires_at: int | None = None
    viewing: bytes | None = None
    opened: int | None = None
    returns: int | None = None
    audience: tuple[bytes, ...] | None = None
    reader: bytes | None = None
    ended_at: int | None = None
    fresh: bool = False


class Opened(Value, frozen=True):
    """The wire's `opened` object."""

    id: bytes
    envelope: bytes
    author: bytes
    sequence: int
    posted_at: int
    expires_at: int
    lease_until: int
    now: int


class Acknowledged(Value, frozen=True):
    """Answer to an acknowledgement: `viewed`, or `acknowledged` while others are to view it."""

    id: bytes
    state: Literal["viewed", "acknowledged"]


class Released(Value, frozen=True):
    """Answer to a release. `returns`: how often the message was given back, with this."""

    id: bytes
    returns: int
    state: Literal["stored"] = "stored"


class Withdrawn(Value, frozen=True):
    """Answer to its author, who has taken a message back that was opened so often."""

    id: bytes
    opened: int
    state: Literal["withdrawn"] = "withdrawn"


class Snapshot(Value, frozen=True):
    """The complete present state of a room, as `welcome` and `backlog` tell it.

    `notices`, those of all messages that wait, are encoded already.
    """

    now: int
    room: RoomView
    members: tuple[MemberView, ...]
    notices: bytes


# --- events: what the bus carries; metadata only, never a payload of a message ----------------
#
# `by` names the socket that is told by the answer to what it asked for, and not by the event.


class NoticeEvent(Value, frozen=True):
    """A message waits."""

    notice: Notice
    by: bytes = b""


class OpenedEvent(Value, frozen=True):
    """A lease has begun, or was prolonged."""

    id: bytes
    member: bytes
    lease_until: int
    by: bytes = b""
    prolonged: bool = False


class StoredEvent(Value, frozen=True):
    """The lease of `member` has ended; the message waits again. `returns` so far, with this."""

    id: bytes
    member: bytes
    returns: int
    by: bytes = b""


class AcknowledgedEvent(Value, frozen=True):
    """Everyone: `member` has viewed it, others are still to."""

    id: bytes
    member: bytes
    by: bytes = b""


class AudienceEvent(Value, frozen=True):
    """Everyone: these are still to view it; others have left, or let their leases end."""

    id: bytes
    audience: tuple[bytes, ...]


class DestroyedEvent(Value, frozen=True):
    """A message met its fate. `viewing` proves a view; `member` was the last who had one."""

    id: bytes
    state: str
    viewing: bytes | None
    member: bytes | None
    opened: int
    ended_at: int
    by: bytes = b""


class JoinedEvent(Value, frozen=True):
    """A seat was taken for the first time by this member."""

    member: MemberView
    joins: int


class LeftEvent(Value, frozen=True):
    """A member left; or it was `evicted`: another took its seat while it was absent."""

    member: bytes
    evicted: bool


class PresenceEvent(Value, frozen=True):
    """A member's socket came or went. `connection` names one that came."""

    member: bytes
    present: bool
    connection: bytes | None = None


class TypingEvent(Value, frozen=True):
    """A member began or ceased to type. Not told to itself."""

    member: bytes
    typing: bool


class LockedEvent(Value, frozen=True):
    """`member` has locked or unlocked the room."""

    locked: bool
    member: bytes
    by: bytes = b""


class ClosedEvent(Value, frozen=True):
    """The room is no more. `member` has ended it; None: nobody has, or it isn't known."""

    reason: Literal["destroyed", "expired"]
    member: bytes | None = None
    by: bytes = b""


Event = (
    NoticeEvent
    | OpenedEvent
    | StoredEvent
    | AcknowledgedEvent
    | AudienceEvent
    | DestroyedEvent
    | JoinedEvent
    | LeftEvent
    | PresenceEvent
    | TypingEvent
    | LockedEvent
    | ClosedEvent
)
