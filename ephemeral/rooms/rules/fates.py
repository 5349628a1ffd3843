"""What stands, and what becomes of it: leases that end, an audience that is through, destruction.

All of it changes what is known and notes what has to be written and told (`Changes`). When it is
asked for stands in `book`.
"""

from collections.abc import Callable, Iterable, Mapping

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.attachments import prolonged
from ephemeral.rooms.rules.changes import Changes
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.returns import note_return
from ephemeral.rooms.rules.room import (
    ACKNOWLEDGED,
    FAILED,
    FATES,
    PENDING,
    DestroyedEvent,
    KnownRoom,
    Message,
    OpenedEvent,
    Room,
    Seat,
    StoredEvent,
    Tombstone,
)

__all__ = ["EXPIRED", "UNCONFIRMED", "VIEWED", "WITHDRAWN", "Fates", "Shares"]

VIEWED, UNCONFIRMED, EXPIRED, WITHDRAWN = 1, 2, 3, 4

#: Messages and bytes that wait in a room, by author.
Shares = dict[bytes, tuple[int, int]]


class Fates(Changes):
    """The messages of `known` rooms. `tombstones` are those that may be asked for.

    `shares`: of some rooms, what waits by author; they are kept true.
    """

    def __init__(
        self,
        now: int,
        limits: Limits,
        tombstone_name: Callable[[bytes, bytes], bytes],
        known: Mapping[bytes, KnownRoom],
        tombstones: Iterable[Tombstone],
        shares: Mapping[bytes, Shares],
    ) -> None:
        super().__init__(now, known)
        self._limits = limits
        self._tombstone_name = tombstone_name
        self._tombstones = {tombstone.tombstone: tombstone for tombstone in tombstones}
        self._shares = shares

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

    def _settle(self, message: Message) -> bool:
        """Let time pass for one message; False if that destroyed it."""
        if message.expires_at <= self.now:
            self._destroy(message, EXPIRED)
            return False
        if message.audience is not None:
            return self._settle_audience(message)
        holder, until = message.lease_holder, message.lease_until
        if holder is None or until is None or until > self.now:
            return True
        message.lease_holder = message.lease_until = None
        message.lease_ends += 1
        if message.lease_ends >= self._limits.lease_ends:
            self._destroy(message, UNCONFIRMED)
            return False
        self._change(message)
        self._tell(message.room, StoredEvent(message.id, holder, message.returns))
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
            self._tell(message.room, StoredEvent(message.id, reader.member, message.returns))
        if failed:
            if self._conclude(message):
                return False
            self._tell_audience(message)
        return True

    def _conclude(self, message: Message, by: bytes = b"") -> bool:
        """Destroy it once nobody of the audience is left to view it. True if that was so.

        An audience that has all gone is not replaced by whoever comes: what was written before
        somebody came is not for it.
        """
        readers = (message.audience or {}).values()
        if any(one.state == PENDING for one in readers):
            return False
        if any(one.state == ACKNOWLEDGED for one in readers):
            self._destroy(message, VIEWED, by)
        else:
            self._destroy(message, UNCONFIRMED)
        return True

    def _give_back(self, message: Message, member: bytes, by: bytes = b"") -> bool:
        """End a lease as a return, which destroys nothing; False if there is none."""
        if message.audience is None:
            if message.lease_holder != member:
                return False
            message.lease_holder = message.lease_until = None
            self._change(message)
        else:
            reader = message.audience.get(member)
            if reader is None or reader.lease_until is None:
                return False
            reader.lease_until = None
            self._change(message, reader)
        note_return(message, member, self.now, self._limits.lease)
        self.marked = True
        self._tell(message.room, StoredEvent(message.id, member, message.returns, by))
        return True

    def _destroy(self, message: Message, fate: int, by: bytes = b"") -> None:
        key = (message.room, message.id)
        known = self._known[message.room]
        del known.messages[message.id]
        self.changed.pop(key, None)
        for member in message.audience or ():
            self.readers.pop((*key, member), None)
        self.destroyed.append(message)
        proven = fate in {VIEWED, WITHDRAWN}
        viewing, reader = (message.viewing, message.reader) if proven else (None, None)
        tombstone = Tombstone(
            message.tombstone_name or self._tombstone_name(message.room, message.id),
            message.room,
            message.author,
            fate,
            viewing,
            self.now + self._limits.tombstone,
            reader,
            message.leases,
            self.now,
        )
        self._tombstones[tombstone.tombstone] = tombstone
        self.new_tombstones.append(tombstone)
        self.used[message.room] = known.room
        # What has expired is not counted any more.
        if message.expires_at > self.now:
            known.room.waiting -= 1
            known.room.waiting_bytes -= message.size
            if self._shares:
                self._share(message.room, message.author, -1, -message.size)
        self._tell(
            message.room,
            DestroyedEvent(message.id, FATES[fate], viewing, reader, message.leases, self.now, by),
        )

    def _share(self, room: bytes, author: bytes, messages: int, size: int) -> None:
        """So much more waits, by this author."""
        shares = self._shares.get(room)
        if shares is not None:
            before = shares.get(author, (0, 0))
            shares[author] = (before[0] + messages, before[1] + size)

    def _prolong(self, message: Message, member: bytes) -> bool:
        """Let the lease of `member` last for a whole one from now; False if it has none."""
        reader = None
        if message.audience is None:
            if message.lease_holder != member:
                return False
            opened, until = message.lease_opened, message.lease_until
        else:
            reader = message.audience.get(member)
            if reader is None:
                return False
            opened, until = reader.lease_opened, reader.lease_until
        if until is None:
            return False
        longer = prolonged(opened, until, self.now, self._limits)
        if longer > until:
            if reader is None:
                message.lease_until = longer
            else:
                reader.lease_until = longer
            self._change(message, reader)
            self._tell(message.room, OpenedEvent(message.id, member, longer, prolonged=True))
        return True

    def _lease(self, message: Message) -> int:
        """When a lease ends that begins now; its room is told."""
        message.leases += 1
        until = self.now + self._limits.lease
        leased = self._known[message.room].room
        if leased.lease_due is None or leased.lease_due > until:
            leased.lease_due = until
        return until
