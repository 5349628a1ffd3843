"""Attachments of a room: what may be reserved, posted and fetched (docs/protocol.md, 15)."""

from collections.abc import Collection
from dataclasses import dataclass

from ephemeral.protocol.attachments import chunks_of
from ephemeral.protocol.errors import refuse
from ephemeral.rooms.rules.limits import Limits

__all__ = [
    "SMALL",
    "TIGHT",
    "Attachment",
    "AttachmentLimits",
    "prolonged",
    "require_chunks",
    "require_place",
    "takes",
]

#: From this share of what all may have together on only those are taken that have so many bytes.
TIGHT, SMALL = 0.75, 1024 * 1024


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """Of a room: bytes and number of those that wait, and of a seat's that belong to no message.

    `bytes_in_all`: what the attachments of all rooms may have together. `unposted`: how long one
    that belongs to no message stays after its last chunk, in milliseconds.
    """

    bytes_in_room: int = 64 * 1024 * 1024
    number_in_room: int = 20
    unposted_of_seat: int = 2
    bytes_in_all: int = 2 * 1024 * 1024 * 1024
    unposted: int = 900_000


@dataclass(slots=True)
class Attachment:
    """One that is reserved, or posted with `message`. `landed`: a bit for each chunk that has.

    `prefix` names its objects, `payload` its data key. `expires_at`: unless it is posted before.
    """

    room: bytes
    id: bytes
    author: bytes
    prefix: bytes
    payload: bytes
    padded: int
    chunks: int
    landed: int = 0
    message: bytes | None = None
    expires_at: int | None = None

    @property
    def numbers(self) -> tuple[int, ...]:
        """The chunks that have landed."""
        return tuple(at for at in range(self.chunks) if self.landed >> at & 1)

    def is_over(self, now: int) -> bool:
        """Whether it waits for nothing but to be swept."""
        return self.expires_at is not None and self.expires_at <= now

    def may_be_posted(self, member: bytes, now: int) -> bool:
        """Whether a message of `member` may have it."""
        whole = self.landed == (1 << self.chunks) - 1
        return whole and self.author == member and self.message is None and not self.is_over(now)


def require_chunks(padded: int, chunks: int) -> None:
    """Refuses `attachment_size` for a length that none has, or is cut otherwise."""
    refuse(chunks_of(padded) != chunks, "attachment_size")


def require_place(
    limits: AttachmentLimits,
    standing: Collection[Attachment],
    author: bytes,
    padded: int,
    seats: int,
) -> None:
    """Refuses `room_crowded` where one more of this length, by this author, is too much.

    Beyond two seats nobody may fill more than half of a room, but for one that always may wait:
    otherwise one member keeps all others from sending any.
    """
    mine = [one for one in standing if one.author == author]
    unposted = [one for one in mine if one.message is None]
    refuse(len(unposted) >= limits.unposted_of_seat, "room_crowded")
    total = sum(one.padded for one in standing) + padded
    refuse(len(standing) >= limits.number_in_room or total > limits.bytes_in_room, "room_crowded")
    if seats > 2 and mine:
        own = sum(one.padded for one in mine) + padded
        refuse(
            2 * (len(mine) + 1) > limits.number_in_room or 2 * own > limits.bytes_in_room,
            "room_crowded",
        )


def takes(limits: AttachmentLimits, waiting: int, padded: int) -> bool:
    """Whether one more of this length may wait where so many bytes wait in all rooms together."""
    after = waiting + padded
    if padded > SMALL:
        return after <= TIGHT * limits.bytes_in_all
    return after <= limits.bytes_in_all


def prolonged(opened: int | None, until: int, now: int, limits: Limits) -> int:
    """Until when a lease runs of which a chunk is fetched; `opened`: when it began."""
    if opened is None or 2 * (until - now) >= limits.lease:
        return until
    return max(until, min(now + limits.lease, opened + limits.lease_most))
