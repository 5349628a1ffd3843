"""A room whose books are opened one after another, as transactions do: rules without a database."""

from hashlib import sha256

import pytest

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.attachments import Attachment
from ephemeral.rooms.rules.book import Book
from ephemeral.rooms.rules.fates import Shares
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import (
    Acknowledged,
    DestroyedEvent,
    KnownRoom,
    Message,
    Receipt,
    Room,
    Seat,
    Tombstone,
    Withdrawn,
)

ROOM = b"r" * 32
AUTHOR, READER, OTHER = b"a" * 16, b"b" * 16, b"c" * 16
ID = b"i" * 16
VIEWING = b"v" * 32
HASH = sha256(VIEWING).digest()
DIGEST = b"d" * 32
NOW = 1_000_000_000
LIMITS = Limits(waiting_messages=3, waiting_bytes=4096)
DAY = 86_400_000


def seat(member: bytes) -> Seat:
    return Seat(ROOM, member, member * 2)


def tombstone_name(room: bytes, message: bytes) -> bytes:
    return sha256(room + message).digest()


class Desk:
    """A room. `members` have a seat, with when they took it; those who are `away` don't hold it."""

    def __init__(self, policy: int = 1, seats: int = 2, limits: Limits = LIMITS) -> None:
        self.now = NOW
        self.limits = limits
        self.room = Room(ROOM, policy, DAY, 7 * DAY, 0, NOW + 7 * DAY, seats=seats)
        self.messages: dict[bytes, Message] = {}
        self.tombstones: dict[bytes, Tombstone] = {}
        self.attachments: dict[bytes, Attachment] = {}
        self.members = dict.fromkeys([AUTHOR, READER, OTHER], NOW - 1)
        self.away: set[bytes] = set()
        self.last: Book | None = None

    def book(self) -> Book:
        self.room.waiting = len(self.messages)
        self.room.waiting_bytes = sum(one.size for one in self.messages.values())
        known = KnownRoom(self.room)
        known.seats.update(seat(one) for one in self.members)
        known.messages.update(self.messages)
        self.last = Book(
            self.now,
            self.limits,
            tombstone_name,
            {ROOM: known},
            tombstones=list(self.tombstones.values()),
            present={ROOM: {m: at for m, at in self.members.items() if m not in self.away}},
            shares={ROOM: self.shares()},
            attachments={(ROOM, one): each for one, each in self.attachments.items()},
        )
        return self.last

    def shares(self) -> Shares:
        shares: Shares = {}
        for one in self.messages.values():
            count, size = shares.get(one.author, (0, 0))
            shares[one.author] = count + 1, size + one.size
        return shares

    def keep(self) -> list[object]:
        """Write what the last book decided; returns its events."""
        assert self.last is not None
        for message in self.last.inserted:
            self.messages[message.id] = message
        for message in self.last.destroyed:
            del self.messages[message.id]
            for one in [one for one in self.attachments.values() if one.message == message.id]:
                del self.attachments[one.id]
        for tombstone in self.last.new_tombstones:
            self.tombstones[tombstone.tombstone] = tombstone
        return [event for _, event in self.last.events]

    def post(self, message: bytes = ID, author: bytes = AUTHOR, size: int = 512) -> list[object]:
        self.book().post(seat(author), message, size, HASH, DIGEST, message)
        return self.keep()

    def open(self, member: bytes = READER) -> list[object]:
        self.book().open(seat(member), ID)
        return self.keep()

    def acknowledge(self, member: bytes = READER) -> tuple[Acknowledged, list[object]]:
        answer = self.book().acknowledge(seat(member), ID, VIEWING)
        return answer, self.keep()

    def open_after_post(self) -> None:
        """A message that the reader holds."""
        self.post()
        self.open()

    def release(self, member: bytes = READER) -> list[object]:
        self.book().release(seat(member), ID)
        return self.keep()

    def withdraw(self, member: bytes = AUTHOR) -> tuple[Withdrawn, list[object]]:
        answer = self.book().withdraw(seat(member), ID)
        return answer, self.keep()

    def join(self, member: bytes) -> None:
        self.members[member] = self.now

    def leave(self, member: bytes) -> list[object]:
        self.members.pop(member, None)
        self.book().leave(ROOM, member)
        return self.keep()

    def settle(self) -> list[object]:
        self.book().settle_one(ROOM, ID)
        return self.keep()

    def destroyed(
        self, state: str, member: bytes | None, opened: int, viewing: bytes | None = None
    ) -> DestroyedEvent:
        """The event of the message's end at this moment; a view has proof."""
        if state == "viewed":
            viewing = VIEWING
        return DestroyedEvent(ID, state, viewing, member, opened, self.now)

    def receipt(self) -> Receipt:
        """What the author is told."""
        return self.book().post(seat(AUTHOR), ID, 512, HASH, DIGEST, ID)

    def fate(self) -> int | None:
        tombstone = self.tombstones.get(tombstone_name(ROOM, ID))
        return tombstone.fate if tombstone is not None else None


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, match=f"^{code}$")
