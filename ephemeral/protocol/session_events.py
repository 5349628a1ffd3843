"""What a session tells its client. Plain values; ids are 16 bytes, times milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.objects import Notice

__all__ = [
    "FINAL_CLOSES",
    "Acknowledged",
    "Card",
    "Ended",
    "Event",
    "Joined",
    "Left",
    "Locked",
    "Present",
    "Refused",
    "Released",
    "Settled",
    "Typing",
    "Unreadable",
    "Viewed",
    "Waiting",
    "Welcome",
    "Withdrawn",
]


#: Close codes after which there is nothing to come back to (11.7), and the reason of the end.
FINAL_CLOSES = {
    1009: "malformed",
    4400: "malformed",
    4401: "seat_lost",
    4404: "room_unknown",
    4409: "taken_over",
    4410: "room_unknown",
}


@dataclass(frozen=True, slots=True)
class Welcome:
    """The complete present state has come and stands in `Session.state`. `again`: not the first."""

    again: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message waits, for the first time or again."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A message of another can't be opened now. `state`: opened (by `member`), or its fate."""

    id: bytes
    state: str
    member: bytes | None


@dataclass(frozen=True, slots=True)
class Card:
    """A message was opened and decrypted; it is destroyed only when it is acknowledged.

    `skipped`: messages of its author since the last one read that were not read and don't wait.
    `repeated`: a message with this counter was read before.
    """

    id: bytes
    author: bytes
    sequence: int
    posted_at: int
    expires_at: int
    lease_until: int
    counter: int
    skipped: int
    repeated: bool
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message was opened and could not be decrypted or understood; it has been released."""

    id: bytes
    author: bytes
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One's own acknowledgement counts. `state`: viewed, or acknowledged: others are to view."""

    id: bytes
    state: str


@dataclass(frozen=True, slots=True)
class Released:
    """One's own release counts: the message waits again."""

    id: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """One's own message has a new state (`outbox.Written`). `member`: who opened or viewed it."""

    id: bytes
    state: str
    member: bytes | None = None


@dataclass(frozen=True, slots=True)
class Viewed:
    """Everyone: `member` has viewed one's own message, others are still to. Without a proof."""

    id: bytes
    member: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no to a request. `kept`: it is asked again later, with the same id.

    `action`: post, open, ack, release, lock, destroy, leave; `id`: the message, if it is about one.
    """

    action: str
    id: bytes
    refusal: Refusal
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A member took a seat; `joins` counts the seats ever taken."""

    member: bytes
    joins: int


@dataclass(frozen=True, slots=True)
class Left:
    """A member left, or its seat was taken."""

    member: bytes


@dataclass(frozen=True, slots=True)
class Present:
    """A member's socket came or went."""

    member: bytes
    present: bool


@dataclass(frozen=True, slots=True)
class Typing:
    """A member types, or no longer does."""

    member: bytes
    typing: bool


@dataclass(frozen=True, slots=True)
class Locked:
    """The room was locked or unlocked."""

    locked: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over and must not reconnect.

    `reason`: left, destroyed, expired, room_unknown, seat_lost, taken_over, refused (a join),
    charter_changed, malformed (by either side).
    """

    reason: str
    refusal: Refusal | None = None


Event = (
    Welcome
    | Waiting
    | Withdrawn
    | Card
    | Unreadable
    | Acknowledged
    | Released
    | Settled
    | Viewed
    | Refused
    | Joined
    | Left
    | Present
    | Typing
    | Locked
    | Ended
)
