"""What must be true of rooms after any history: docs/protocol.md, 7 and 8, in short.

No database, no batches, no sealing, no workers; nothing is ever lost here. Histories are told to
this and to the real services, and both must say the same. A request is a method that returns what
the services answer, or raises the Refusal.
"""

from dataclasses import dataclass, field
from functools import cached_property

from msgspec.structs import replace
from support.machines.services import Message

from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.keys import member_id
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import (
    Acknowledged,
    DestroyedEvent,
    Notice,
    Opened,
    Receipt,
    Released,
    Withdrawn,
)

#: A room's end moves when it moves by so much, or by an eighth of its whole time.
STEP = 60_000
#: Requests so soon after the last one leave a seat's clock as it is.
TOUCH = 5_000
#: The seat of a closed tab is held for so long.
CLOSED_TAB = 5_000


@dataclass(frozen=True)
class Ticket:
    """What a member's client keeps: where it sits, and how it proves that."""

    locator: bytes
    token: bytes
    resume: tuple[bytes, bytes] | None = None

    @cached_property
    def member(self) -> bytes:
        return member_id(self.token)


@dataclass
class Seated:
    """A seat that is taken."""

    ticket: Ticket
    seen_at: int
    resume: tuple[bytes, bytes] | None
    joined_at: int
    generation: int = 0
    closed_tab: bool = False


@dataclass
class Reader:
    """One who may open a message under *everyone*. `done`: None, acknowledged or unconfirmed."""

    done: str | None = None
    until: int | None = None
    ends: int = 0


@dataclass
class Waiting:
    """A message that waits. `readers` is None under *first view*.

    `returns`: who gave it back, and when; `last`: who acknowledged last.
    """

    message: Message
    author: bytes
    sequence: int
    posted_at: int
    expires_at: int
    holder: bytes | None = None
    until: int | None = None
    ends: int = 0
    readers: dict[bytes, Reader] | None = None
    leases: int = 0
    returns: list[tuple[bytes, int]] = field(default_factory=list)
    last: bytes | None = None


@dataclass
class Fate:
    """What is left of a destroyed message."""

    author: bytes
    state: str
    viewing: bytes | None
    until: int
    reader: bytes | None
    opened: int
    ended_at: int

    def receipt(self, name: bytes) -> Receipt:
        return Receipt(
            name,
            self.state,
            viewing=self.viewing,
            opened=self.opened,
            reader=self.reader,
            ended_at=self.ended_at,
        )


@dataclass
class ModelRoom:
    """A room that stands, or has expired and was not swept."""

    charter: Charter
    expires_at: int
    locked: bool = False
    joins: int = 0
    sequence: int = 0
    seats: dict[bytes, Seated] = field(default_factory=dict)
    waiting: dict[bytes, Waiting] = field(default_factory=dict)
    fates: dict[bytes, Fate] = field(default_factory=dict)


class World:
    """All rooms at the moment `now`. `told` collects what authors must be told of fates."""

    def __init__(self, limits: Limits, now: int) -> None:
        self.limits = limits
        self.now = now
        self.rooms: dict[bytes, ModelRoom] = {}
        self.told: list[DestroyedEvent] = []

    # --- the room and its seats ---------------------------------------------------------------

    def make(self, locator: bytes, charter: Charter) -> bool:
        room = self.rooms.get(locator)
        if room is not None and room.expires_at > self.now:
            refuse(room.charter != charter, "room_exists")
            return False
        self.rooms[locator] = ModelRoom(charter, self.now + charter.room_ttl * 1000)
        return True

    def join(self, ticket: Ticket) -> bool:
        room = self._room(ticket.locator)
        seat = room.seats.get(ticket.member)
        if seat is not None:
            self._seen(seat)
            return False
        refuse(room.locked, "room_locked")
        evicted = None
        if len(room.seats) >= room.charter.seats:
            absent = [one for one in room.seats.values() if self._held_until(one) <= self.now]
            if not absent:
                free = min(self._held_until(one) for one in room.seats.values()) - self.now
                raise Refusal("room_full", retry_after=-(-free // 1000))
            evicted = min(absent, key=lambda one: (one.seen_at, one.ticket.member))
        others = [one for each in self.rooms.values() for one in each.seats.values()]
        taken = any(one.resume == ticket.resume for one in others if one is not evicted)
        refuse(ticket.resume is not None and taken, "member_taken")
        if evicted is not None:
            self._vacate(room, evicted.ticket.member)
        room.seats[ticket.member] = Seated(ticket, self.now, ticket.resume, self.now)
        room.joins += 1
        room.expires_at = max(room.expires_at, self.now + room.charter.room_ttl * 1000)
        return True

    def request(self, ticket: Ticket) -> None:
        """Any request that proves a seat."""
        _, seat = self._enter(ticket)
        if seat.closed_tab or seat.seen_at + TOUCH < self.now:
            self._seen(seat)

    def reconnect(self, ticket: Ticket, generation: int, closed_tab: bool) -> None:
        """A socket that comes and goes, perhaps with its tab."""
        seat = self._enter(ticket)[1]
        refuse(generation < seat.generation, "replaced")
        self._seen(seat)
        seat.generation, seat.closed_tab = generation, closed_tab

    def resume(self, ticket: Ticket) -> tuple[bytes, int]:
        room = self.rooms.get(ticket.locator)
        if room is not None and room.expires_at > self.now and ticket.resume is not None:
            for seat in room.seats.values():
                fresh = seat.seen_at + self.limits.resume > self.now
                if seat.resume == ticket.resume and fresh:
                    self._seen(seat)
                    return ticket.resume[1], seat.generation
        raise Refusal("resume_unknown")

    def leave(self, ticket: Ticket) -> None:
        room, _ = self._enter(ticket)
        if room.locked and len(room.seats) == 1:
            del self.rooms[ticket.locator]
        else:
            self._vacate(room, ticket.member)

    def lock(self, ticket: Ticket, locked: bool) -> None:
        self._enter(ticket)[0].locked = locked

    def destroy(self, ticket: Ticket) -> None:
        self._enter(ticket)
        del self.rooms[ticket.locator]

    # --- messages -----------------------------------------------------------------------------

    def post(self, ticket: Ticket, message: Message) -> Receipt:
        room, _ = self._enter(ticket)
        known = self._find(room, message.id)
        if known is not None:
            ours = known.author == ticket.member and known.message == message
            refuse(not ours, "message_conflict")
            return self._receipt(known)
        fate = self._fate(room, message.id)
        if fate is not None:
            refuse(fate.author != ticket.member, "message_conflict")
            return fate.receipt(message.id)
        living = [one for one in room.waiting.values() if one.expires_at > self.now]
        refuse(len(living) >= self.limits.waiting_messages, "room_crowded")
        if room.charter.seats > 2:
            mine = [one for one in living if one.author == ticket.member]
            most = max(1, self.limits.waiting_messages // 2)
            refuse(len(mine) >= most, "room_crowded")
        room.sequence += 1
        readers = None
        if room.charter.policy is Policy.EVERYONE:
            here = [name for name, seat in room.seats.items() if self._held_until(seat) > self.now]
            readers = {name: Reader() for name in here if name != ticket.member} or None
        expires_at = self.now + room.charter.message_ttl * 1000
        waiting = Waiting(
            message, ticket.member, room.sequence, self.now, expires_at, readers=readers
        )
        room.waiting[message.id] = waiting
        self._use(room)
        return replace(self._receipt(waiting), fresh=True)

    def open(self, ticket: Ticket, message: Message) -> Opened:
        room, _ = self._enter(ticket)
        one = self._living(room, message.id)
        refuse(one.author == ticket.member, "message_author")
        if one.readers is None:
            refuse(one.holder not in {None, ticket.member}, "message_leased")
            if one.holder is None:
                refuse(self._stands_behind(room, one, ticket.member), "message_leased")
                one.leases += 1
                one.holder, one.until = ticket.member, self.now + self.limits.lease
            until = one.until
        else:
            reader = one.readers.get(ticket.member)
            if reader is None:
                raise Refusal("audience_only")
            if reader.done is not None:
                raise Refusal("message_done", state=reader.done)
            one.leases += reader.until is None
            reader.until = reader.until or self.now + self.limits.lease
            until = reader.until
        self._use(room)
        assert until is not None
        return Opened(
            message.id, one.message.envelope, one.author, one.sequence, one.posted_at,
            one.expires_at, until, self.now,
        )  # fmt: skip

    def acknowledge(self, ticket: Ticket, message: Message) -> Acknowledged:
        room, _ = self._enter(ticket)
        one = self._find(room, message.id)
        if one is None:
            fate = self._fate(room, message.id)
            if fate is None:
                raise Refusal("message_unknown")
            refuse(fate.author == ticket.member, "message_author")
            if fate.state != "viewed":
                raise Refusal("message_gone", state=fate.state)
            refuse(fate.viewing != message.viewing, "viewing_wrong")
            return Acknowledged(message.id, "viewed")
        refuse(one.author == ticket.member, "message_author")
        refuse(one.message.viewing != message.viewing, "viewing_wrong")
        if one.readers is None:
            self._use(room)
            one.last = ticket.member
            self._entomb(room, one, "viewed")
            return Acknowledged(message.id, "viewed")
        reader = one.readers.get(ticket.member)
        if reader is None:
            raise Refusal("audience_only")
        if reader.done != "acknowledged":
            self._use(room)
            reader.done, reader.until = "acknowledged", None
            one.last = ticket.member
            self._conclude(room, one)
        return Acknowledged(message.id, "acknowledged" if message.id in room.waiting else "viewed")

    def release(self, ticket: Ticket, message: Message) -> Released:
        room, _ = self._enter(ticket)
        one = self._living(room, message.id)
        refuse(not self._give_back(one, ticket.member), "lease_lost")
        return Released(message.id, len(one.returns))

    def withdraw(self, ticket: Ticket, message: Message) -> Withdrawn:
        room, _ = self._enter(ticket)
        one, fate = self._find(room, message.id), self._fate(room, message.id)
        known = one or fate
        if known is None:
            raise Refusal("message_unknown")
        refuse(known.author != ticket.member, "author_only")
        if one is not None:
            refuse(one.holder is not None, "message_leased")
            self._entomb(room, one, "withdrawn")
            return Withdrawn(message.id, one.leases)
        assert fate is not None
        if fate.state != "withdrawn":
            raise Refusal("message_gone", state=fate.state)
        return Withdrawn(message.id, fate.opened)

    # --- what members and authors see ---------------------------------------------------------

    def notices(self, locator: bytes) -> tuple[Notice, ...]:
        """The complete list of what waits, in order."""
        shown = []
        for one in sorted(self._room(locator).waiting.values(), key=lambda one: one.sequence):
            if one.expires_at <= self.now:
                continue
            leased = one.until is not None and one.until > self.now
            shown.append(
                Notice(
                    one.message.id,
                    one.sequence,
                    one.author,
                    len(one.message.envelope),
                    one.posted_at,
                    one.expires_at,
                    "opened" if leased else "stored",
                    one.holder if leased else None,
                    one.until if leased else None,
                    self._audience(one),
                    one.leases,
                    len(one.returns),
                    one.message.attachment and one.message.attachment.padded,
                )
            )
        return tuple(shown)

    def status(self, ticket: Ticket, message: Message) -> Receipt:
        room = self._room(ticket.locator)
        one, fate = room.waiting.get(message.id), self._fate(room, message.id)
        if one is not None and one.author == ticket.member:
            return self._receipt(one)
        if fate is not None and fate.author == ticket.member:
            return fate.receipt(message.id)
        return Receipt(message.id, "unknown")

    # --- time ---------------------------------------------------------------------------------

    def sweep(self) -> None:
        for room in self.rooms.values():
            for one in list(room.waiting.values()):
                self._settle(room, one)
        for locator, room in list(self.rooms.items()):
            if room.expires_at <= self.now:
                del self.rooms[locator]
                continue
            room.fates = {name: one for name, one in room.fates.items() if one.until > self.now}
            for seat in room.seats.values():
                if seat.seen_at + self.limits.resume <= self.now:
                    seat.resume = None

    # --- the insides --------------------------------------------------------------------------

    def _room(self, locator: bytes) -> ModelRoom:
        room = self.rooms.get(locator)
        if room is None or room.expires_at <= self.now:
            raise Refusal("room_unknown")
        return room

    def _enter(self, ticket: Ticket) -> tuple[ModelRoom, Seated]:
        room = self._room(ticket.locator)
        seat = room.seats.get(ticket.member)
        if seat is None or seat.ticket.token != ticket.token:
            raise Refusal("seat_unknown")
        return room, seat

    def _held_until(self, seat: Seated) -> int:
        grace = self.limits.seat_grace
        return seat.seen_at + (min(grace, CLOSED_TAB) if seat.closed_tab else grace)

    def _seen(self, seat: Seated) -> None:
        seat.seen_at, seat.closed_tab = self.now, False

    def _use(self, room: ModelRoom) -> None:
        lasts = room.charter.room_ttl * 1000
        if self.now + lasts - room.expires_at >= min(STEP, lasts // 8):
            room.expires_at = self.now + lasts

    def _find(self, room: ModelRoom, name: bytes) -> Waiting | None:
        one = room.waiting.get(name)
        if one is not None:
            self._settle(room, one)
        return room.waiting.get(name)

    def _fate(self, room: ModelRoom, name: bytes) -> Fate | None:
        fate = room.fates.get(name)
        return fate if fate is not None and fate.until > self.now else None

    def _living(self, room: ModelRoom, name: bytes) -> Waiting:
        one = self._find(room, name)
        if one is not None:
            return one
        fate = self._fate(room, name)
        if fate is None:
            raise Refusal("message_unknown")
        raise Refusal("message_gone", state=fate.state)

    def _receipt(self, one: Waiting) -> Receipt:
        if one.expires_at <= self.now:
            return Receipt(one.message.id, "expired", opened=one.leases)
        leases = [one.until, *(reader.until for reader in (one.readers or {}).values())]
        opened = any(until is not None and until > self.now for until in leases)
        state = "opened" if opened else "stored"
        return Receipt(
            one.message.id, state, one.sequence, one.posted_at, one.expires_at, None,
            one.leases, len(one.returns), self._audience(one),
        )  # fmt: skip

    def _audience(self, one: Waiting) -> tuple[bytes, ...] | None:
        if one.readers is None:
            return None
        return tuple(sorted(who for who, its in one.readers.items() if not its.done))

    def _stands_behind(self, room: ModelRoom, one: Waiting, member: bytes) -> bool:
        """Whether others go first, for as long as a lease lasts after a return."""
        lease = self.limits.lease
        if not one.returns or one.returns[-1][1] + lease <= self.now:
            return False
        chain = one.returns[-1:]
        for each in reversed(one.returns[:-1]):
            if each[1] + 2 * lease <= chain[0][1]:
                break
            chain.insert(0, each)

        def turn(name: bytes) -> int:
            if any(who == name for who, _ in chain):
                return 2
            return int(room.seats[name].joined_at >= chain[0][1])

        here = {name for name, seat in room.seats.items() if self._held_until(seat) > self.now}
        others = here - {member, one.author}
        return any(turn(name) < turn(member) for name in others)

    def _settle(self, room: ModelRoom, one: Waiting) -> None:
        """Let its time pass."""
        if one.expires_at <= self.now:
            self._entomb(room, one, "expired")
        elif one.readers is None:
            if one.until is not None and one.until <= self.now:
                one.holder = one.until = None
                one.ends += 1
                if one.ends >= self.limits.lease_ends:
                    self._entomb(room, one, "unconfirmed")
        else:
            for reader in one.readers.values():
                if reader.until is not None and reader.until <= self.now:
                    reader.until = None
                    reader.ends += 1
                    if reader.ends >= self.limits.lease_ends:
                        reader.done = "unconfirmed"
            self._conclude(room, one)

    def _conclude(self, room: ModelRoom, one: Waiting) -> None:
        ends = {reader.done for reader in (one.readers or {}).values()}
        if None in ends:
            return
        if "acknowledged" in ends:
            self._entomb(room, one, "viewed")
        else:
            self._entomb(room, one, "unconfirmed")

    def _give_back(self, one: Waiting, member: bytes) -> bool:
        if one.readers is None:
            held = one.holder == member
            if held:
                one.holder = one.until = None
                one.returns.append((member, self.now))
            return held
        reader = one.readers.get(member)
        if reader is None or reader.until is None:
            return False
        reader.until = None
        one.returns.append((member, self.now))
        return True

    def _vacate(self, room: ModelRoom, member: bytes) -> None:
        for one in list(room.waiting.values()):
            self._settle(room, one)
            if one.message.id not in room.waiting:
                continue
            self._give_back(one, member)
            reader = (one.readers or {}).get(member)
            if one.readers is not None and reader is not None and reader.done != "acknowledged":
                del one.readers[member]
                self._conclude(room, one)
        del room.seats[member]

    def _entomb(self, room: ModelRoom, one: Waiting, state: str) -> None:
        reader = one.last if state in {"viewed", "withdrawn"} else None
        viewing = one.message.viewing if reader is not None else None
        until = self.now + self.limits.tombstone
        room.fates[one.message.id] = Fate(
            one.author, state, viewing, until, reader, one.leases, self.now
        )
        del room.waiting[one.message.id]
        self.told.append(
            DestroyedEvent(one.message.id, state, viewing, reader, one.leases, self.now)
        )
