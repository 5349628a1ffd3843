"""The hub where hints of several workers meet: what overtakes, what is doubted, what is missed."""

import os

from ephemeral.live.bus import UnsureEvent
from ephemeral.rooms.rules.room import (
    DestroyedEvent,
    Notice,
    NoticeEvent,
    PresenceEvent,
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
