"""The hub: which sockets of this worker listen to which room, and how events reach them.

An event is encoded once however many listen. Listeners take bytes and never block; one that
does not read is dropped by its own socket, never awaited here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from ephemeral.live.bus import Hint, UnsureEvent
from ephemeral.rooms.rules import room as nouns
from ephemeral.rooms.rules.room import (
    ClosedEvent,
    DestroyedEvent,
    Event,
    LeftEvent,
    NoticeEvent,
    OpenedEvent,
    PresenceEvent,
    Snapshot,
    TypingEvent,
)

__all__ = ["KINDS", "Hub", "RoomSubscriber"]

#: Numbers of the kinds of hints: new ones get numbers of their own, and none is given again.
KINDS: Mapping[int, type[Struct]] = {
    0: nouns.NoticeEvent,
    1: nouns.OpenedEvent,
    2: nouns.StoredEvent,
    3: nouns.AcknowledgedEvent,
    4: nouns.AudienceEvent,
    5: nouns.DestroyedEvent,
    6: nouns.JoinedEvent,
    7: nouns.LeftEvent,
    8: nouns.PresenceEvent,
    9: nouns.TypingEvent,
    10: nouns.LockedEvent,
    11: nouns.ClosedEvent,
}

# Events that change nothing of what is kept.
_FLEETING = (PresenceEvent, TypingEvent)

# Events of a member that are for others.
_OF_OTHERS = frozenset({TypingEvent, LeftEvent})

# Fates of so many messages are remembered, to notice a notice that comes after one.
_REMEMBERED = 4096


class RoomSubscriber(Protocol):
    """One socket that has said hello.

    `turn`: its generation, and when it took the seat: of two of a member the one with the greater
    has it.
    """

    member: bytes
    connection: bytes
    turn: tuple[int, int]
    #: Queues one encoded frame; must not block or raise, nor listen or cease to.
    deliver: Callable[[bytes], None]

    def replaced(self) -> None:
        """A newer socket of the same member took over (close 4409)."""

    def seat_lost(self) -> None:
        """The member left by another way, or its seat was taken (close 4401)."""

    def room_closed(self) -> None:
        """The room is no more (close 4410, after what is queued)."""


class Hub:
    """Rooms with local subscribers, told what the bus tells. Lives and dies with the process."""

    kinds = KINDS

    def __init__(
        self,
        encode: Callable[[Event], bytes],
        encode_backlog: Callable[[Snapshot], bytes],
    ) -> None:
        self._encode = encode
        self._encode_backlog = encode_backlog
        self._rooms: dict[bytes, dict[bytes, RoomSubscriber]] = {}
        # Requests that wait for something to happen in a room: what is to be called then.
        self._waiting: dict[bytes, set[Callable[[], None]]] = {}
        self._told: dict[bytes, int] = {}
        self._unsure: set[bytes] = set()
        # Members that took their seat by a socket other than the one that listens here.
        self._doubted: set[tuple[bytes, bytes]] = set()
        # Messages that were destroyed lately, oldest first.
        self._gone: dict[bytes, None] = {}
        # Rooms whose state is being read, with the events that come meanwhile.
        self._held: dict[bytes, list[Struct]] = {}
        # Rooms whose members were told the complete state since the last sweep: it may be older
        # than an answer that came before it, so there everybody is told of its own actions too.
        self._anew: set[bytes] = set()

    def __len__(self) -> int:
        return sum(len(members) for members in self._rooms.values())

    def add(self, room: bytes, subscriber: RoomSubscriber) -> None:
        """From now on `subscriber` gets the room's events. An older socket of the member goes.

        That may be `subscriber` itself, if its hello took longer than that of a newer one.
        """
        members = self._rooms.setdefault(room, {})
        other = members.get(subscriber.member)
        if other is not None and other.turn > subscriber.turn:
            subscriber.replaced()
            return
        members[subscriber.member] = subscriber
        if other is not None:
            other.replaced()

    def remove(self, room: bytes, subscriber: RoomSubscriber) -> None:
        """Forget `subscriber`; harmless if a newer one stands in its place."""
        members = self._rooms.get(room)
        if members is not None and members.get(subscriber.member) is subscriber:
            del members[subscriber.member]
            if not members:
                del self._rooms[room]
                self._told.pop(room, None)
                self._unsure.discard(room)

    def listen(self, room: bytes, wake: Callable[[], None]) -> None:
        """From now on `wake` is called with whatever happens in a room but presence and typing.

        It must not block or raise, nor listen or cease to.
        """
        self._waiting.setdefault(room, set()).add(wake)

    def ignore(self, room: bytes, wake: Callable[[], None]) -> None:
        """`wake` is called no more."""
        waiting = self._waiting[room]
        waiting.discard(wake)
        if not waiting:
            del self._waiting[room]

    def told(self, room: bytes) -> int:
        """Sequence up to which all local members were told of every message; 0 if of none."""
        return self._told.get(room, 0)

    def unsure(self) -> list[bytes]:
        """Rooms in which something may have happened that local members were not told of.

        To be asked for with every sweep.
        """
        self._anew.clear()
        return list(self._unsure)

    def missed(self) -> None:
        """Hints may have been lost, of whatever room."""
        self._unsure.update(self._rooms)
        for room in self._waiting:
            self._wake(room)

    def doubted(self) -> list[tuple[bytes, RoomSubscriber]]:
        """Listeners, with their rooms, that may not hold their seat any more; asked for once."""
        doubted, self._doubted = self._doubted, set()
        found = [(room, self._rooms.get(room, {}).get(member)) for room, member in doubted]
        return [(room, one) for room, one in found if one is not None]

    def caught_up(self, room: bytes, sequence: int) -> None:
        """A new local member was told the complete state up to `sequence`.

        If others are here already, they may lack what it was told.
        """
        if room in self._rooms:
            self._told.setdefault(room, sequence)

    def rooms(self) -> list[bytes]:
        """Rooms with local subscribers."""
        return list(self._rooms)

    def listens(self, room: bytes) -> bool:
        """Whether anybody here wants to hear of a room."""
        return room in self._rooms or room in self._waiting

    def subscribers_in(self, room: bytes) -> int:
        """How many local subscribers a room has, requests that wait among them."""
        return len(self._rooms.get(room, ())) + len(self._waiting.get(room, ()))

    def subscribers(self) -> list[tuple[bytes, RoomSubscriber]]:
        """Every local subscriber with its room."""
        return [(room, one) for room, members in self._rooms.items() for one in members.values()]

    async def tell_again(self, room: bytes, read: Callable[[bytes], Awaitable[Snapshot]]) -> None:
        """Tell the room's local members the complete present state, as `read` finds it.

        What happens while it is read comes after it. Who has no seat any more loses the socket.
        """
        members = self._rooms.get(room)
        if not members:
            return
        listening = list(members.values())
        self._unsure.discard(room)
        held = self._held.setdefault(room, [])
        try:
            snapshot = await read(room)
            frame = self._encode_backlog(snapshot)
            seated = {one.member for one in snapshot.members}
            for subscriber in listening:
                if members.get(subscriber.member) is not subscriber:
                    continue
                if subscriber.member in seated:
                    subscriber.deliver(frame)
                else:
                    subscriber.seat_lost()
            if room in self._rooms:
                self._told[room] = snapshot.room.sequence
        except BaseException:
            if room in self._rooms:
                self._unsure.add(room)
            raise
        finally:
            del self._held[room]
            self._anew.add(room)
            for event in held:
                self._receive(room, event, {})

    def _told_by_answer(
        self, room: bytes, event: Any, message: bytes | None, by_whom: dict[bytes, bytes | None]
    ) -> bytes:
        """The name of the socket whose answer tells all that the event does; empty if none.

        `by_whom`: who did what to each message in one commit. Its answers come before its events:
        who did something behind somebody else must hear it again, or hears it first and believes
        what was before.
        """
        by: bytes = getattr(event, "by", b"")
        if message is not None:
            before = by_whom.setdefault(message, by)
            if before != by:
                by_whom[message] = None
                return b""
        return b"" if room in self._anew else by

    def receive(self, hints: Sequence[Hint]) -> None:
        """The bus's receiver: fan each event out to the room's local members."""
        rooms, held, waiting = self._rooms, self._held, self._waiting
        by_whom: dict[bytes, bytes | None] = {}
        for room, event in hints:
            if waiting and room in waiting and not isinstance(event, _FLEETING):
                self._wake(room)
            if room in rooms:
                if room in held:
                    held[room].append(event)
                else:
                    self._receive(room, event, by_whom)

    def _wake(self, room: bytes) -> None:
        for wake in self._waiting[room]:
            wake()

    def _receive(self, room: bytes, event: Any, by_whom: dict[bytes, bytes | None]) -> None:
        members = self._rooms.get(room)
        if not members:
            return
        kind = type(event)
        if kind is NoticeEvent:
            message, sequence = event.notice.id, event.notice.sequence
            if message in self._gone:
                # Two workers' hints have overtaken each other: the state decides.
                self._unsure.add(room)
            # A gap stays where it is until the store has been compared.
            if self._told.get(room, sequence - 1) == sequence - 1:
                self._told[room] = sequence
        elif kind is OpenedEvent:
            message = event.id
        elif kind is DestroyedEvent:
            message = event.id
            self._gone[message] = None
            if len(self._gone) > _REMEMBERED:
                del self._gone[next(iter(self._gone))]
        else:
            message = getattr(event, "id", None)
            if kind is UnsureEvent:
                self._unsure.add(room)
                return
            if kind is PresenceEvent and event.connection is not None:
                mine = members.get(event.member)
                if mine is not None and mine.connection != event.connection:
                    self._doubted.add((room, event.member))
        frame = self._encode(event)
        # Nobody is told of its own typing, nor that it left, nor what an answer tells it.
        silent = event.member if kind in _OF_OTHERS else None
        by = self._told_by_answer(room, event, message, by_whom)
        for member, subscriber in members.items():
            if member != silent and subscriber.connection != by:
                subscriber.deliver(frame)
        if kind is LeftEvent:
            gone = members.get(event.member)
            if gone is not None:
                gone.seat_lost()
        elif kind is ClosedEvent:
            for subscriber in members.values():
                if subscriber.connection != by:
                    subscriber.room_closed()
