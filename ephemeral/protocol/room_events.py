"""The events of a room (11.6), applied to what a member knows."""

from collections.abc import Sequence

from ephemeral.protocol.counters import Counters
from ephemeral.protocol.objects import (
    Json,
    Member,
    Notice,
    Room,
    read_audience,
    read_boolean,
    read_bytes,
    read_id,
    read_integer,
    read_member,
    read_notice,
    read_text,
)
from ephemeral.protocol.outbox import Outbox
from ephemeral.protocol.room_state import TYPING_MS, RoomState, may_open
from ephemeral.protocol.session_events import (
    Event,
    Joined,
    Left,
    Locked,
    Present,
    Settled,
    Typing,
    Viewed,
    Waiting,
    Withdrawn,
)

__all__ = ["RoomEvents"]


class RoomEvents:
    """Changes what one member knows and tells what that means to it."""

    def __init__(self, member: bytes, state: RoomState, outbox: Outbox, counters: Counters) -> None:
        self._member = member
        self._state = state
        self._outbox = outbox
        self._counters = counters

    def apply(self, kind: str, frame: Json, now: int) -> list[Event]:
        """What an event means; unknown kinds mean nothing (1.5). Refuses a `malformed` one."""
        match kind:
            case "notice":
                return self._notice(read_notice(frame))
            case "opened":
                return self._lease_began(frame)
            case "stored":
                return self.lease_ended(read_id(frame))
            case "acknowledged":
                return self._viewed_by_one(read_id(frame), read_id(frame, "member"))
            case "audience":
                return self._audience(read_id(frame), read_audience(frame))
            case "destroyed":
                return self._destroyed(frame)
            case "joined":
                return self._joined(frame)
            case "left":
                return self._left(read_id(frame, "member"))
            case "presence":
                return self._presence(read_id(frame, "member"), read_boolean(frame, "present"))
            case "typing":
                return self._typing(read_id(frame, "member"), read_boolean(frame, "typing"), now)
            case "locked":
                return self.locked(read_boolean(frame, "locked"))
        return []

    def complete(
        self, room: Room, members: Sequence[Member], notices: Sequence[Notice], *, again: bool
    ) -> None:
        """The complete present state; `again`: not the first, so whoever is new has just come."""
        if again:
            for newcomer in {one.member for one in members} - set(self._state.members):
                self._counters.joined(newcomer)
        self._state.replace(room, members, notices)
        self._forget_strangers()

    def _forget_strangers(self) -> None:
        """A server that never ends must not fill the memory."""
        known = self._state.known()
        self._state.forget_strangers(known)
        self._counters.forget_strangers(known)

    def _notice(self, notice: Notice) -> list[Event]:
        self._state.wait(notice)
        events = self._typing(notice.author, typing=False, now=0)
        if may_open(notice, self._member):
            events.append(Waiting(notice))
        return events

    def _lease_began(self, frame: Json) -> list[Event]:
        message, holder = read_id(frame), read_id(frame, "member")
        notice = self.leased(message, holder, read_integer(frame, "lease_until"))
        if message in self._outbox:
            return self._settled(message, "opened", holder)
        if notice is None or notice.audience is not None or holder == self._member:
            return []
        return [Withdrawn(message, "opened", holder)]

    def leased(self, message: bytes, holder: bytes, until: int) -> Notice | None:
        """A lease runs; the notice as it is now, if there is one."""
        notice = self._state.notices.get(message)
        if notice is not None and notice.audience is None:
            notice = notice._replace(state="opened", holder=holder, lease_until=until)
            self._state.notices[message] = notice
        return notice

    def acknowledged(self, message: bytes, *, everyone: bool) -> None:
        """This member has viewed a message; `everyone`: nobody is left to."""
        if everyone:
            self._state.notices.pop(message, None)
        else:
            self._viewed_by_one(message, self._member)

    def lease_ended(self, message: bytes) -> list[Event]:
        """A lease has ended, and the message waits again."""
        notice = self._replace(message, state="stored", holder=None, lease_until=None)
        if message in self._outbox:
            return self._settled(message, "stored", None)
        if notice is None or not may_open(notice, self._member):
            return []
        return [Waiting(notice)]

    def _viewed_by_one(self, message: bytes, member: bytes) -> list[Event]:
        notice = self._state.notices.get(message)
        if notice is not None and notice.audience is not None:
            self._replace(message, audience=notice.audience - {member})
        return [Viewed(message, member)] if message in self._outbox else []

    def _audience(self, message: bytes, audience: frozenset[bytes] | None) -> list[Event]:
        before = self._state.notices.get(message)
        after = self._replace(message, audience=audience)
        if before is None or after is None:
            return []
        if may_open(after, self._member) and not may_open(before, self._member):
            return [Waiting(after)]
        return []

    def _destroyed(self, frame: Json) -> list[Event]:
        message, state = read_id(frame), read_text(frame, "state")
        viewing = None if frame.get("viewing") is None else read_bytes(frame, "viewing")
        member = None if frame.get("member") is None else read_id(frame, "member")
        known = self._state.notices.pop(message, None) is not None
        if message in self._outbox:
            settled = self._outbox.settle(message, state, viewing)
            return [] if settled is None else [Settled(message, settled, member)]
        return [Withdrawn(message, state, member)] if known else []

    def _joined(self, frame: Json) -> list[Event]:
        member = read_member(frame.get("member"))
        joins = read_integer(frame, "joins")
        self._state.seat(member)
        self._counters.joined(member.member)
        self._forget_strangers()
        if self._state.room is not None:
            taken = len(self._state.members)
            self._state.room = self._state.room._replace(joins=joins, seats_taken=taken)
        return [] if member.member == self._member else [Joined(member.member, joins)]

    def _left(self, member: bytes) -> list[Event]:
        self._state.typing.pop(member, None)
        known = self._state.members.pop(member, None) is not None
        if self._state.room is not None:
            self._state.room = self._state.room._replace(seats_taken=len(self._state.members))
        return [Left(member)] if known and member != self._member else []

    def _presence(self, member: bytes, present: bool) -> list[Event]:
        seat = self._state.members.get(member)
        if seat is None or seat.present == present:
            return []
        self._state.members[member] = seat._replace(present=present)
        return [] if member == self._member else [Present(member, present)]

    def _typing(self, member: bytes, typing: bool, now: int) -> list[Event]:
        was = member in self._state.typing
        if typing and member in self._state.members and member != self._member:
            self._state.typing[member] = now + TYPING_MS
            return [] if was else [Typing(member, typing=True)]
        self._state.typing.pop(member, None)
        return [Typing(member, typing=False)] if was else []

    def locked(self, locked: bool) -> list[Event]:
        """The room was locked or unlocked."""
        if self._state.room is not None:
            self._state.room = self._state.room._replace(locked=locked)
        return [Locked(locked)]

    def _settled(self, message: bytes, state: str, member: bytes | None) -> list[Event]:
        settled = self._outbox.settle(message, state)
        return [] if settled is None else [Settled(message, settled, member)]

    def _replace(self, message: bytes, **changes: object) -> Notice | None:
        """The notice with these fields changed; None if there is none of that message."""
        notice = self._state.notices.get(message)
        if notice is None:
            return None
        changed = Notice(**(notice._asdict() | changes))
        self._state.notices[message] = changed
        return changed
