"""The hub where hints of several workers meet: what overtakes, what is doubted, what is missed."""

import os

from ephemeral.live.bus import Hint, UnsureEvent
from ephemeral.rooms.rules.room import (
    DestroyedEvent,
    MemberView,
    Notice,
    NoticeEvent,
    OpenedEvent,
    PresenceEvent,
    RoomView,
    Snapshot,
)
from ephemeral.rooms.service.hub import Hub

ROOM = b"r" * 32


class Listener:
    """A socket that keeps what it is told."""

    def __init__(self) -> None:
        self.member = os.urandom(16)
        self.connection = os.urandom(16)
        self.turn = (1, 1)
        self.frames: list[bytes] = []

    def deliver(self, frame: bytes) -> None:
        self.frames.append(frame)

    def replaced(self) -> None:
        raise AssertionError

    seat_lost = room_closed = replaced


def listening() -> tuple[Hub, Listener]:
    hub, listener = Hub(lambda _: b"event", lambda _: b"backlog"), Listener()
    hub.add(ROOM, listener)
    return hub, listener


def notice(name: bytes) -> NoticeEvent:
    return NoticeEvent(Notice(name, 1, b"a" * 16, 512, 0, 0, "stored", None, None, None))


def test_a_notice_that_comes_after_the_end_of_its_message_makes_the_room_unsure():
    hub, _ = listening()
    name = os.urandom(16)
    hub.receive(
        [(ROOM, notice(os.urandom(16))), (ROOM, DestroyedEvent(name, "viewed", None, None, 1, 9))]
    )
    assert hub.unsure() == []
    hub.receive([(ROOM, notice(name))])
    assert hub.unsure() == [ROOM]


def test_a_member_that_came_by_another_socket_is_doubted_once_and_one_that_came_by_this_is_not():
    hub, listener = listening()
    hub.receive([(ROOM, PresenceEvent(listener.member, True, listener.connection))])
    hub.receive([(ROOM, PresenceEvent(os.urandom(16), True, os.urandom(16)))])
    assert hub.doubted() == []
    hub.receive([(ROOM, PresenceEvent(listener.member, True, os.urandom(16)))])
    assert hub.doubted() == [(ROOM, listener)]
    assert hub.doubted() == []


def test_when_hints_were_missed_every_room_that_somebody_is_in_is_unsure():
    hub, listener = listening()
    hub.missed()
    assert hub.unsure() == [ROOM]
    hub.remove(ROOM, listener)
    hub.missed()
    hub.receive([(ROOM, UnsureEvent())])
    assert hub.unsure() == []


# What one does oneself


def leases(message: bytes, *sockets: bytes) -> list[Hint]:
    """Each of these sockets has opened it; an empty name: somebody by another way."""
    return [(ROOM, OpenedEvent(message, b"m" * 16, 1, by=one)) for one in sockets]


def told(hub: Hub, listener: Listener, hints: list[Hint]) -> int:
    """How many of these events reach a socket."""
    before = len(listener.frames)
    hub.receive(hints)
    return len(listener.frames) - before


def test_what_is_told_by_an_answer_is_told_by_no_event_to_that_socket_alone():
    hub, listener = listening()
    other = Listener()
    hub.add(ROOM, other)
    mine = leases(os.urandom(16), listener.connection)
    assert told(hub, other, mine) == 1
    assert told(hub, listener, mine) == 0
    assert told(hub, listener, leases(os.urandom(16), b"")) == 1


def test_what_one_did_behind_somebody_else_in_the_same_commit_is_told_by_event_as_well():
    """All answers of a commit come before its events: the last word must be the last event."""
    hub, listener = listening()
    me, one, two = listener.connection, os.urandom(16), os.urandom(16)
    for others, seen in (
        ([one, me], 2),
        ([b"", me], 2),
        ([me, one], 1),
        ([me, one, me], 2),
        ([one, me, me], 3),
        ([me, me], 0),
    ):
        assert told(hub, listener, leases(one, *others)) == seen
    apart = [*leases(one, one), *leases(two, me)]
    assert told(hub, listener, apart) == 1, "of another message it says nothing"


async def test_behind_a_state_that_may_be_older_than_the_answer_everything_is_told_again():
    hub, listener = listening()
    mine = leases(os.urandom(16), listener.connection)
    room = RoomView(0, b"", b"", False, 1, 1, 0, 0)
    me = MemberView(listener.member, None, 0, 0, True)

    async def read(_room: bytes) -> Snapshot:
        assert told(hub, listener, mine) == 0, "it is held until the state is told"
        return Snapshot(0, room, (me,), b"[]")

    await hub.tell_again(ROOM, read)
    assert listener.frames == [b"backlog", b"event"]
    # A hint of before may be on its way from another worker.
    assert told(hub, listener, mine) == 1
    assert hub.unsure() == []
    assert told(hub, listener, mine) == 0
