"""The rules of a room's messages: what each request does to them, and what follows.

A `Book` holds what a transaction has locked and loaded: rooms, seats, messages, tombstones. It
decides request after request in memory, in order, and notes what has to be written and told.
It does no I/O and knows no clock but the `now` it is given, so every rule of
docs/protocol.md, section 8, can be tested without a database.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.changes import Changes
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import (
    ACKNOWLEDGED,
    FAILED,
    FATES,
    PENDING,
    Acknowledged,
    AcknowledgedEvent,
    AudienceEvent,
    AudienceMember,
    DestroyedEvent,
    KnownRoom,
    Message,
    NoticeEvent,
    OpenedEvent,
    Receipt,
    Released,
    Room,
    Seat,
    StoredEvent,
    Tombstone,
)
from ephemeral.rooms.rules.views import notice_of, receipt_of

__all__ = ["EXPIRED", "UNCONFIRMED", "VIEWED", "Book"]

VIEWED, UNCONFIRMED, EXPIRED = 1, 2, 3

#: A room's end is only moved when it moves by this much, so that a lively room
#: doesn't rewrite an indexed column with every message.
USE_STEP = 60_000


def _seconds_until(time: int, now: int) -> int:
    return max(1, -(-(time - now) // 1000))


class Book(Changes):
    """The `known` rooms of one transaction, by name; they are changed as it decides.

    `tombstones` are those that may be asked for; `present` the members of a room who hold a seat,
    needed only where a message is posted under the policy *everyone*. `tombstone_name` computes the
    name of a message's tombstone.
    """

    def __init__(
        self,
        now: int,
        limits: Limits,
        tombstone_name: Callable[[bytes, bytes], bytes],
        known: Mapping[bytes, KnownRoom],
        *,
        tombstones: Iterable[Tombstone] = (),
        present: Mapping[bytes, Sequence[bytes]] | None = None,
    ) -> None:
        super().__init__(now, known)
        self._limits = limits
        self._tombstone_name = tombstone_name
        self._tombstones = {tombstone.tombstone: tombstone for tombstone in tombstones}
        self._present = present or {}

    # --- requests ---------------------------------------------------------------------------

    def post(
        self,
        seat: Seat,
        message_id: bytes,
        size: int,
        viewing_hash: bytes,
        digest: bytes,
        payload: bytes,
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
            return Receipt(message_id, FATES[tombstone.fate], viewing=tombstone.viewing)
        if (
            room.waiting >= self._limits.waiting_messages
            or room.waiting_bytes + size > self._limits.waiting_bytes
        ):
            raise Refusal("room_crowded")
        room.waiting += 1
        room.waiting_bytes += size
        room.sequence += 1
        audience = None
        if room.policy == 2:
            others = [one for one in self._present.get(seat.room, ()) if one != seat.member]
            audience = {one: AudienceMember(one) for one in others} or None
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
            audience=audience,
            tombstone_name=tombstone_name,
        )
        self._known[seat.room].messages[message_id] = message
        self.inserted.append(message)
        self.invited.extend((seat.room, message_id, one) for one in audience or ())
        self.used[room.room] = room
        self._use(room)
        self._tell(seat.room, NoticeEvent(notice_of(message, self.now)))
        return Receipt(
            message_id, "stored", message.sequence, self.now, message.expires_at, None, True
        )

    def open(self, seat: Seat, message_id: bytes) -> tuple[Message, int]:
        """Lease a message to `seat`; returns it with the end of the lease."""
        room = self._enter(seat)
        message = self._living(seat.room, message_id)
        if message.author == seat.member:
            raise Refusal("message_author")
        if message.audience is None:
            until = self._lease_first_view(message, seat.member)
        else:
            until = self._lease_audience(message, seat.member)
        self._use(room)
        return message, until

    def acknowledge(self, seat: Seat, message_id: bytes, viewing: bytes) -> Acknowledged:
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
            self._destroy(message, VIEWED, viewing, seat.member)
            return Acknowledged(message_id, "viewed")
        reader = message.audience.get(seat.member)
        if reader is None:
            raise Refusal("audience_only")
        if reader.state != ACKNOWLEDGED:
            self._use(room)
            reader.state = ACKNOWLEDGED
            reader.lease_until = None
            message.viewing = viewing
            self._change(message, reader)
            if self._conclude(message, seat.member):
                return Acknowledged(message_id, "viewed")
            self._tell(seat.room, AcknowledgedEvent(message_id, seat.member))
        return Acknowledged(message_id, "acknowledged")

    def release(self, seat: Seat, message_id: bytes) -> Released:
        """Give a lease back; it is not counted."""
        self._enter(seat)
        message = self._living(seat.room, message_id)
        if not self._give_back(message, seat.member):
            raise Refusal("lease_lost")
        return Released(message_id)

    # --- what happens by itself -----------------------------------------------------------------

    def leave(self, room: bytes, member: bytes) -> None:
        """A member is gone: its leases end uncounted, and no message waits for it any longer."""
        for message in list(self._known[room].messages.values()):
            if not self._settle(message):
                continue
            self._give_back(message, member)
            reader = (message.audience or {}).get(member)
            if message.audience and reader is not None and reader.state == PENDING:
                del message.audience[member]
                self._change(message)
                self.readers[room, message.id, member] = None
                if not self._conclude(message, None):
                    self._tell_audience(message)

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

    def _enter(self, seat: Seat) -> Room:
        known = self._known.get(seat.room)
        if known is None or known.room.expires_at <= self.now:
            raise Refusal("room_unknown")
        if seat not in known.seats:
            raise Refusal("seat_unknown")
        return known.room

    def _find(self, room: bytes, message_id: bytes) -> Message | None:
        known = self._known.get(room)
        message = known.messages.get(message_id) if known is not None else None
        return message if message is not None and self._settle(message) else None

    def _tombstone(self, room: bytes, message_id: bytes) -> Tombstone | None:
        tombstone = self._tombstones.get(self._tombstone_name(room, message_id))
        return tombstone if tombstone is not None and tombstone.until > self.now else None

    def _living(self, room: bytes, message_id: bytes) -> Message:
        message = self._find(room, message_id)
        if message is not None:
            return message
        tombstone = self._tombstone(room, message_id)
        if tombstone is None:
            raise Refusal("message_unknown")
        raise Refusal("message_gone", state=FATES[tombstone.fate])

    def _acknowledge_again(self, seat: Seat, message_id: bytes, viewing: bytes) -> Acknowledged:
        tombstone = self._tombstone(seat.room, message_id)
        if tombstone is None:
            raise Refusal("message_unknown")
        if tombstone.author == seat.member:
            raise Refusal("message_author")
        if tombstone.viewing is None:
            raise Refusal("message_gone", state=FATES[tombstone.fate])
        if not compare_digest(tombstone.viewing, viewing):
            raise Refusal("viewing_wrong")
        return Acknowledged(message_id, "viewed")

    def _lease_first_view(self, message: Message, member: bytes) -> int:
        if message.lease_holder is not None and message.lease_until is not None:
            if message.lease_holder != member:
                raise Refusal(
                    "message_leased", retry_after=_seconds_until(message.lease_until, self.now)
                )
            return message.lease_until
        until = self._lease(message.room)
        message.lease_holder, message.lease_until = member, until
        self._change(message)
        self._tell(message.room, OpenedEvent(message.id, member, until))
        return until

    def _lease_audience(self, message: Message, member: bytes) -> int:
        reader = message.audience.get(member) if message.audience is not None else None
        if reader is None:
            raise Refusal("audience_only")
        if reader.state != PENDING:
            state = "acknowledged" if reader.state == ACKNOWLEDGED else "unconfirmed"
            raise Refusal("message_gone", state=state)
        if reader.lease_until is not None:
            return reader.lease_until
        reader.lease_until = self._lease(message.room)
        self._change(message, reader)
        self._tell(message.room, OpenedEvent(message.id, member, reader.lease_until))
        return reader.lease_until

    def _give_back(self, message: Message, member: bytes) -> bool:
        if message.audience is None:
            if message.lease_holder != member:
                return False
            message.lease_holder = message.lease_until = None
        else:
            reader = message.audience.get(member)
            if reader is None or reader.lease_until is None:
                return False
            reader.lease_until = None
            self._change(message, reader)
        self._change(message)
        self._tell(message.room, StoredEvent(message.id, member))
        return True

    def _settle(self, message: Message) -> bool:
        """Let time pass for one message; False if that destroyed it."""
        if message.expires_at <= self.now:
            self._destroy(message, EXPIRED, None, None)
            return False
        if message.audience is not None:
            return self._settle_audience(message)
        holder, until = message.lease_holder, message.lease_until
        if holder is None or until is None or until > self.now:
            return True
        message.lease_holder = message.lease_until = None
        message.lease_ends += 1
        if message.lease_ends >= self._limits.lease_ends:
            self._destroy(message, UNCONFIRMED, None, None)
            return False
        self._change(message)
        self._tell(message.room, StoredEvent(message.id, holder))
        return True

    def _settle_audience(self, message: Message) -> bool:
        failed = False
        for reader in (message.audience or {}).values():
            if reader.lease_until is None or reader.lease_until > self.now:
                continue
            reader.lease_until = None
            reader.lease_ends += 1
            if reader.lease_ends >= self._limits.lease_ends:
                reader.state = FAILED
                failed = True
            self._change(message, reader)
            self._tell(message.room, StoredEvent(message.id, reader.member))
        if failed:
            if self._conclude(message, None):
                return message.id in self._known[message.room].messages
            self._tell_audience(message)
        return True

    def _conclude(self, message: Message, last: bytes | None) -> bool:
        """Once nobody of the audience is left to view it, decide. True if that was so."""
        readers = (message.audience or {}).values()
        if any(one.state == PENDING for one in readers):
            return False
        if any(one.state == ACKNOWLEDGED for one in readers):
            self._destroy(message, VIEWED, message.viewing, last)
        elif message.audience:
            self._destroy(message, UNCONFIRMED, None, None)
        else:
            message.audience = None
            self._change(message)
            self._tell(message.room, AudienceEvent(message.id, None))
        return True

    def _destroy(
        self, message: Message, fate: int, viewing: bytes | None, member: bytes | None
    ) -> None:
        key = (message.room, message.id)
        known = self._known[message.room]
        del known.messages[message.id]
        self.changed.pop(key, None)
        for reader in message.audience or ():
            self.readers.pop((*key, reader), None)
        self.destroyed.append(message)
        tombstone = Tombstone(
            message.tombstone_name or self._tombstone_name(message.room, message.id),
            message.room,
            message.author,
            fate,
            viewing,
            self.now + self._limits.tombstone,
        )
        self._tombstones[tombstone.tombstone] = tombstone
        self.new_tombstones.append(tombstone)
        room = known.room
        self.used[message.room] = room
        # What has expired is not counted any more.
        if message.expires_at > self.now:
            room.waiting -= 1
            room.waiting_bytes -= message.size
        self._tell(message.room, DestroyedEvent(message.id, FATES[fate], viewing, member))

    def _use(self, room: Room) -> None:
        ends = self.now + room.room_ttl
        if ends - room.expires_at >= min(USE_STEP, room.room_ttl // 8):
            room.expires_at = ends
            self.used[room.room] = room

    def _lease(self, room: bytes) -> int:
        """When a lease ends that begins now; its room is told."""
        until = self.now + self._limits.lease
        leased = self._known[room].room
        if leased.lease_due is None or leased.lease_due > until:
            leased.lease_due = until
        return until
