"""The rules of a room's messages: what each request does to them, and what follows.

A `Book` holds what a transaction has locked and loaded: rooms, seats, messages, tombstones. It
decides request after request in memory, in order, and notes what has to be written and told.
It does no I/O and knows no clock but the `now` it is given, so every rule of
docs/protocol.md, section 8, can be tested without a database.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from hmac import compare_digest
from types import MappingProxyType

from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.rooms.rules.attachments import Attachment
from ephemeral.rooms.rules.fates import EXPIRED, UNCONFIRMED, VIEWED, WITHDRAWN, Fates, Shares
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.returns import barred_until
from ephemeral.rooms.rules.room import (
    ACKNOWLEDGED,
    FATES,
    PENDING,
    Acknowledged,
    AcknowledgedEvent,
    AudienceMember,
    KnownRoom,
    LeftEvent,
    Message,
    NoticeEvent,
    OpenedEvent,
    Receipt,
    Released,
    Room,
    Seat,
    Tombstone,
    Withdrawn,
)
from ephemeral.rooms.rules.views import fate_of, notice_of, receipt_of

__all__ = ["EXPIRED", "UNCONFIRMED", "VIEWED", "WITHDRAWN", "Book", "Unread"]

_NONE_PRESENT: Mapping[bytes, Mapping[bytes, int]] = MappingProxyType({})
_NO_SHARES: Mapping[bytes, Shares] = MappingProxyType({})
_NO_ATTACHMENTS: Mapping[tuple[bytes, bytes], Attachment] = MappingProxyType({})

#: A room's end is only moved when it moves by this much, so that a lively room
#: doesn't rewrite an indexed column with every message.
USE_STEP = 60_000

# Nobody knows when what waits will have been read; this is for a client to ask again.
_FULL_SECONDS = 60


class Unread(Exception):
    """What would decide was not given to the book: read it, and ask another book."""


def _seconds_until(time: int, now: int) -> int:
    return max(1, -(-(time - now) // 1000))


def _is_half(limits: Limits, messages: int, size: int) -> bool:
    """Whether this is no more than half of what may wait in a room."""
    return 2 * messages <= limits.waiting_messages and 2 * size <= limits.waiting_bytes


class Book(Fates):
    """The `known` rooms of one transaction, by name; they are changed as it decides.

    `tombstones` are those that may be asked for. `present` are the members of a room who hold a
    seat, with when they took it, and `shares` what waits in a room by author: of rooms without
    them, what depends on them raises Unread. `attachments` are those, by room and id, that posts
    may name. `tombstone_name` computes the name of a message's
    tombstone. `by` names the socket on which something is asked.
    """

    def __init__(
        self,
        now: int,
        limits: Limits,
        tombstone_name: Callable[[bytes, bytes], bytes],
        known: Mapping[bytes, KnownRoom],
        *,
        tombstones: Iterable[Tombstone] = (),
        present: Mapping[bytes, Mapping[bytes, int]] = _NONE_PRESENT,
        shares: Mapping[bytes, Shares] = _NO_SHARES,
        attachments: Mapping[tuple[bytes, bytes], Attachment] = _NO_ATTACHMENTS,
    ) -> None:
        super().__init__(now, limits, tombstone_name, known, tombstones, shares)
        self._present = present
        self._attachments = attachments

    # --- requests ---------------------------------------------------------------------------

    def post(
        self,
        seat: Seat,
        message_id: bytes,
        size: int,
        viewing_hash: bytes,
        digest: bytes,
        payload: bytes,
        by: bytes = b"",
        attachment: bytes | None = None,
    ) -> Receipt:
        """Accept a message, or recognise one that was accepted before."""
        room = self._enter(seat)
        standing = self._find(seat.room, message_id)
        if standing is not None:
            if (standing.author, standing.digest, standing.viewing_hash) != (
                seat.member,
                digest,
                viewing_hash,
            ):
                raise Refusal("message_conflict")
            return receipt_of(standing, self.now)
        tombstone_name = self._tombstone_name(seat.room, message_id)
        tombstone = self._tombstones.get(tombstone_name)
        if tombstone is not None and tombstone.until > self.now:
            if tombstone.author != seat.member:
                raise Refusal("message_conflict")
            return fate_of(message_id, tombstone)
        if not self._limits.accepts:
            raise Refusal("storage_full", retry_after=_FULL_SECONDS)
        if (
            room.waiting >= self._limits.waiting_messages
            or room.waiting_bytes + size > self._limits.waiting_bytes
        ):
            raise Refusal("room_crowded")
        if room.seats > 2:
            self._refuse_share(room, seat.member, size)
        attached = None if attachment is None else self._attachable(seat, attachment)
        audience = None
        if room.policy == 2:
            others = [one for one in self._held(seat.room) if one != seat.member]
            audience = {one: AudienceMember(one) for one in others} or None
        room.waiting += 1
        room.waiting_bytes += size
        if self._shares:
            self._share(room.room, seat.member, 1, size)
        room.sequence += 1
        message = Message(
            seat.room,
            message_id,
            room.sequence,
            seat.member,
            size,
            viewing_hash,
            digest,
            payload,
            self.now,
            self.now + room.message_ttl,
            attachment=None if attached is None else attached.padded,
            audience=audience,
            tombstone_name=tombstone_name,
        )
        if attached is not None:
            attached.message = message_id
            self.attached[seat.room, attached.id] = message_id
        self._known[seat.room].messages[message_id] = message
        self.inserted.append(message)
        self.invited.extend((seat.room, message_id, one) for one in audience or ())
        self.used[room.room] = room
        self._use(room)
        notice = notice_of(message, self.now)
        self._tell(seat.room, NoticeEvent(notice, by))
        return Receipt(
            message_id,
            "stored",
            message.sequence,
            self.now,
            message.expires_at,
            None,
            0,
            0,
            notice.audience,
            None,
            None,
            True,
        )

    def open(
        self, seat: Seat, message_id: bytes, by: bytes = b"", attachment: bool = False
    ) -> tuple[Message, int]:
        """Lease a message to `seat`; returns it with the end of the lease.

        `attachment`: who opens it can show one.
        """
        room = self._enter(seat)
        message = self._living(seat.room, message_id)
        if message.author == seat.member:
            raise Refusal("message_author")
        refuse(message.attachment is not None and not attachment, "attachment_client")
        if message.audience is None:
            until = self._lease_first_view(message, seat.member, by)
        else:
            until = self._lease_audience(message, seat.member, by)
        self._use(room)
        return message, until

    def fetch(self, seat: Seat, message_id: bytes) -> None:
        """A chunk of its attachment is fetched: prolong the lease of `seat`, if that is time."""
        self._enter(seat)
        message = self._find(seat.room, message_id)
        if message is None or not self._prolong(message, seat.member):
            raise Refusal("lease_lost")

    def lose(self, seat: Seat, message_id: bytes) -> None:
        """A chunk is not to be had any more: nobody can view the message."""
        self._enter(seat)
        message = self._living(seat.room, message_id)
        self._destroy(message, UNCONFIRMED)
        raise Refusal("message_gone", state=FATES[UNCONFIRMED])

    def acknowledge(
        self, seat: Seat, message_id: bytes, viewing: bytes, by: bytes = b""
    ) -> Acknowledged:
        """Destroy a message, or note that one of its audience has viewed it, upon proof."""
        room = self._enter(seat)
        message = self._find(seat.room, message_id)
        if message is None:
            return self._acknowledge_again(seat, message_id, viewing)
        if message.author == seat.member:
            raise Refusal("message_author")
        if not compare_digest(sha256(viewing).digest(), message.viewing_hash):
            raise Refusal("viewing_wrong")
        if message.audience is None:
            self._use(room)
            message.viewing, message.reader = viewing, seat.member
            self._destroy(message, VIEWED, by)
            return Acknowledged(message_id, "viewed")
        reader = message.audience.get(seat.member)
        if reader is None:
            raise Refusal("audience_only")
        if reader.state != ACKNOWLEDGED:
            self._use(room)
            reader.state = ACKNOWLEDGED
            reader.lease_until = None
            message.viewing, message.reader = viewing, seat.member
            self.marked = True
            self._change(message, reader)
            if self._conclude(message, by):
                return Acknowledged(message_id, "viewed")
            self._tell(seat.room, AcknowledgedEvent(message_id, seat.member, by))
        return Acknowledged(message_id, "acknowledged")

    def release(self, seat: Seat, message_id: bytes, by: bytes = b"") -> Released:
        """Give a lease back."""
        self._enter(seat)
        message = self._living(seat.room, message_id)
        refuse(not self._give_back(message, seat.member, by), "lease_lost")
        return Released(message_id, message.returns)

    def withdraw(self, seat: Seat, message_id: bytes, by: bytes = b"") -> Withdrawn:
        """Destroy one's own message, unless somebody is reading it alone at this moment."""
        self._enter(seat)
        message = self._find(seat.room, message_id)
        if message is None:
            return self._withdraw_again(seat, message_id)
        refuse(message.author != seat.member, "author_only")
        if message.lease_until is not None:
            raise self._leased(message.lease_until)
        self._destroy(message, WITHDRAWN, by)
        return Withdrawn(message_id, message.leases)

    # --- what happens by itself -----------------------------------------------------------------

    def leave(self, room: bytes, member: bytes, *, evicted: bool = False) -> None:
        """A member is gone: its leases end as returns, and no message waits for it any longer.

        What it has viewed stays viewed; of any other audience it is out, also when it comes back.
        """
        for message in list(self._known[room].messages.values()):
            if not self._settle(message):
                continue
            self._give_back(message, member)
            reader = (message.audience or {}).get(member)
            if message.audience and reader is not None and reader.state != ACKNOWLEDGED:
                del message.audience[member]
                self._change(message)
                self.readers[room, message.id, member] = None
                if reader.state == PENDING and not self._conclude(message):
                    self._tell_audience(message)
        self._tell(room, LeftEvent(member, evicted))

    def settle_one(self, room: bytes, message_id: bytes) -> None:
        """Let a message's time pass: its lease ends, or it expires."""
        self._find(room, message_id)

    def end_leases(self, name: bytes) -> None:
        """Let time pass for a room's leases; all messages with a lease have been loaded."""
        known = self._known.get(name)
        if known is None or known.room.expires_at <= self.now:
            return
        running: list[int] = []
        for message in list(known.messages.values()):
            if self._settle(message):
                leases = [message.lease_until]
                leases += [one.lease_until for one in (message.audience or {}).values()]
                running += [until for until in leases if until is not None]
        known.room.lease_due = min(running, default=None)
        self.used[name] = known.room

    # --- the insides ----------------------------------------------------------------------------

    def _acknowledge_again(self, seat: Seat, message_id: bytes, viewing: bytes) -> Acknowledged:
        tombstone = self._tombstone(seat.room, message_id)
        if tombstone is None:
            raise Refusal("message_unknown")
        if tombstone.author == seat.member:
            raise Refusal("message_author")
        if tombstone.fate != VIEWED or tombstone.viewing is None:
            raise Refusal("message_gone", state=FATES[tombstone.fate])
        if not compare_digest(tombstone.viewing, viewing):
            raise Refusal("viewing_wrong")
        return Acknowledged(message_id, "viewed")

    def _withdraw_again(self, seat: Seat, message_id: bytes) -> Withdrawn:
        tombstone = self._tombstone(seat.room, message_id)
        if tombstone is None:
            raise Refusal("message_unknown")
        refuse(tombstone.author != seat.member, "author_only")
        if tombstone.fate != WITHDRAWN or tombstone.opened is None:
            raise Refusal("message_gone", state=FATES[tombstone.fate])
        return Withdrawn(message_id, tombstone.opened)

    def _attachable(self, seat: Seat, attachment: bytes) -> Attachment:
        found = self._attachments.get((seat.room, attachment))
        if found is None or not found.may_be_posted(seat.member, self.now):
            raise Refusal("attachment_incomplete")
        return found

    def _lease_first_view(self, message: Message, member: bytes, by: bytes) -> int:
        if message.lease_holder is not None and message.lease_until is not None:
            if message.lease_holder != member:
                raise self._leased(message.lease_until)
            return message.lease_until
        if message.returners:
            self._refuse_barred(message, member)
        until = self._lease(message)
        message.lease_holder, message.lease_until = member, until
        message.lease_opened = self.now
        self._change(message)
        self._tell(message.room, OpenedEvent(message.id, member, until, by))
        return until

    def _refuse_barred(self, message: Message, member: bytes) -> None:
        held = self._held(message.room)
        until = barred_until(message, member, held, self.now, self._limits.lease)
        if until is not None:
            raise self._leased(until)

    def _leased(self, until: int) -> Refusal:
        return Refusal("message_leased", retry_after=_seconds_until(until, self.now))

    def _held(self, room: bytes) -> Mapping[bytes, int]:
        held = self._present.get(room)
        if held is None:
            raise Unread
        return held

    def _refuse_share(self, room: Room, author: bytes, size: int) -> None:
        """Beyond two seats nobody may fill more than half of a room; one message always may wait.

        Otherwise one member keeps all others from writing for as long as a message waits.
        """
        limits = self._limits
        if _is_half(limits, room.waiting + 1, room.waiting_bytes + size):
            return
        shares = self._shares.get(room.room)
        if shares is None:
            raise Unread
        count, total = shares.get(author, (0, 0))
        if count and not _is_half(limits, count + 1, total + size):
            raise Refusal("room_crowded")

    def _lease_audience(self, message: Message, member: bytes, by: bytes) -> int:
        reader = message.audience.get(member) if message.audience is not None else None
        if reader is None:
            raise Refusal("audience_only")
        if reader.state != PENDING:
            state = "acknowledged" if reader.state == ACKNOWLEDGED else "unconfirmed"
            raise Refusal("message_done", state=state)
        if reader.lease_until is not None:
            return reader.lease_until
        until = reader.lease_until = self._lease(message)
        reader.lease_opened = self.now
        self._change(message, reader)
        self._tell(message.room, OpenedEvent(message.id, member, until, by))
        return until

    def _use(self, room: Room) -> None:
        ends = self.now + room.room_ttl
        moved = ends - room.expires_at
        if moved >= USE_STEP or moved >= room.room_ttl // 8:
            room.expires_at = ends
            self.used[room.room] = room
