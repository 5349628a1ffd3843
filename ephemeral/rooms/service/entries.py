"""What goes through the ledger: a request each, with whom to answer.

`by` names the socket on which it was asked, if its answer tells what the events would.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.book import Book
from ephemeral.rooms.rules.room import (
    Acknowledged,
    Message,
    Opened,
    Receipt,
    Released,
    Seat,
    Withdrawn,
)

__all__ = [
    "Acknowledge",
    "EndLeases",
    "Entry",
    "Fetch",
    "Leased",
    "Lose",
    "Open",
    "Outcome",
    "Post",
    "Release",
    "Reply",
    "Settle",
    "Withdraw",
]

Outcome = Receipt | Opened | Acknowledged | Released | Withdrawn | None | Refusal
Reply = Callable[[Outcome], None]


class Leased(Struct, frozen=True):
    """A message that may be opened; the envelope is still to be fetched."""

    message: Message
    until: int


class Post(Struct, frozen=True):
    """A message to be accepted."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply
    envelope: bytes
    viewing_hash: bytes
    digest: bytes
    by: bytes
    attachment: bytes | None = None

    def decide(self, book: Book, payload: bytes) -> Receipt:
        """Accept it with this id of its payload, or recognise it."""
        return book.post(
            self.seat,
            self.message,
            len(self.envelope),
            self.viewing_hash,
            self.digest,
            payload,
            self.by,
            self.attachment,
        )


class Open(Struct, frozen=True):
    """A message to be leased and served."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply
    by: bytes
    attachment: bool = False

    def decide(self, book: Book) -> Leased:
        """Lease it."""
        return Leased(*book.open(self.seat, self.message, self.by, self.attachment))


class Fetch(Struct, frozen=True):
    """A message of whose attachment a chunk is fetched: its lease may be prolonged."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply

    def decide(self, book: Book) -> None:
        """Prolong it, if it runs and that is time."""
        book.fetch(self.seat, self.message)


class Lose(Struct, frozen=True):
    """A message of whose attachment a chunk is lost."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply

    def decide(self, book: Book) -> None:
        """Destroy it, and say so."""
        book.lose(self.seat, self.message)


class Acknowledge(Struct, frozen=True):
    """A message that has been viewed, with the proof."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply
    viewing: bytes
    by: bytes

    def decide(self, book: Book) -> Acknowledged:
        """Destroy it, if the proof holds."""
        return book.acknowledge(self.seat, self.message, self.viewing, self.by)


class Release(Struct, frozen=True):
    """A lease to be given back."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply
    by: bytes

    def decide(self, book: Book) -> Released:
        """Give it back."""
        return book.release(self.seat, self.message, self.by)


class Withdraw(Struct, frozen=True):
    """A message that its author takes back."""

    room: bytes
    message: bytes
    seat: Seat
    reply: Reply
    by: bytes

    def decide(self, book: Book) -> Withdrawn:
        """Destroy it, if nobody reads it."""
        return book.withdraw(self.seat, self.message, self.by)


class Settle(Struct, frozen=True):
    """A message whose time may be over: the sweeper asks, nobody is answered."""

    room: bytes
    message: bytes
    reply: Reply
    seat: None = None

    def decide(self, book: Book) -> None:
        """Let its time pass."""
        book.settle_one(self.room, self.message)


class EndLeases(Struct, frozen=True):
    """A room in which leases may be over: the sweeper asks, nobody is answered."""

    room: bytes
    reply: Reply
    message: None = None
    seat: None = None

    def decide(self, book: Book) -> None:
        """Let time pass for its leases."""
        book.end_leases(self.room)


#: A request on its way through the ledger.
Entry = Post | Open | Fetch | Lose | Acknowledge | Release | Withdraw | Settle | EndLeases
