"""A device at its account's socket, without a network: how many there may be, and why one ends."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from ephemeral.accounts.doors import Asker, Session
from ephemeral.conversations.api import socket_session
from ephemeral.conversations.api.socket_session import ACCOUNT_MAX, DEVICE_MAX, Crowd, SocketSession
from ephemeral.edge.frames import Bare
from ephemeral.protocol.errors import Refusal

ACCOUNT = os.urandom(16)


class Visitor:
    """Somebody who is counted by what it names."""

    def __init__(self, subjects: dict[str, bytes] | None = None) -> None:
        self._subjects = subjects or {}

    def at(self, subjects: dict[str, bytes]) -> "Visitor":
        return Visitor(subjects)

    def subject(self, kind: str) -> bytes | None:
        return self._subjects.get(kind)

    @asynccontextmanager
    async def counted(self, _action: object) -> AsyncIterator[None]:
        yield


class Hub:
    """Knows who listens; a session that `has_ended` is refused."""

    def __init__(self) -> None:
        self.here: list[SocketSession] = []
        self.has_ended = False

    async def begin(self, session: SocketSession) -> tuple[list[Any], int]:
        self.here.append(session)
        if self.has_ended:
            raise Refusal("session_ended")
        return [], 7

    def remove(self, session: SocketSession) -> None:
        self.here = [one for one in self.here if one is not session]


class Place:
    """Where sockets are opened; `why` a session has ended is asked there."""

    def __init__(self) -> None:
        self.hub, self.crowd = Hub(), Crowd()
        self.was_removed = True
        self.hangs = False

        async def by_removal(_session: Session) -> bool:
            if self.hangs:
                await asyncio.Event().wait()
            return self.was_removed

        self.is_suspended = False

        async def has(account: bytes) -> bool:
            return account == ACCOUNT and self.is_suspended

        self.doors = SimpleNamespace(
            actions=SimpleNamespace(request=None),
            ended=SimpleNamespace(by_removal=by_removal),
            suspensions=SimpleNamespace(has=has),
        )
        self.refusals: list[str] = []
        self.shown: list[str] = []

    def session(self, device: bytes) -> SocketSession:
        session = Session(ACCOUNT, os.urandom(16), device)

        async def read(_texts: object) -> Asker:
            return Asker(session)

        socket = SimpleNamespace(
            visitor=Visitor(),
            keep=lambda _: None,
            refuse=lambda refusal: self.refusals.append(refusal.code),
        )
        caller = SimpleNamespace(read=read)
        presence = SimpleNamespace(
            **{way: partial(self._presence, way) for way in ("show", "hide", "leave")}
        )
        return SocketSession(self.hub, presence, self.doors, caller, self.crowd, socket)

    def _presence(self, way: str, _: SocketSession) -> None:
        self.shown.append(way)

    async def opened(self, device: bytes) -> SocketSession:
        session = self.session(device)
        try:
            _, welcome = await session.hello(1, {}, Bare())
        except Refusal:
            session.ended()
            raise
        assert welcome == b'{"type":"welcome","ref":1,"now":7,"conversations":[]}'
        return session


def refused(code: str) -> Any:
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


async def test_a_device_and_an_account_have_so_many_sockets_and_no_more():
    place = Place()
    devices = [os.urandom(16) for _ in range(ACCOUNT_MAX // DEVICE_MAX)]
    sessions = [await place.opened(one) for one in devices for _ in range(DEVICE_MAX)]
    assert len(sessions) == ACCOUNT_MAX
    for device in (os.urandom(16), devices[0]):
        with refused("too_many"):
            await place.opened(device)
    assert len(place.hub.here) == ACCOUNT_MAX
    # Whoever was turned away takes nobody's place, and whoever goes leaves one.
    sessions[0].ended()
    with refused("too_many"):
        await place.opened(devices[1])
    await place.opened(os.urandom(16))


@pytest.mark.parametrize(
    ("was_removed", "suspended", "hangs", "code"),
    [
        (True, False, False, "device_revoked"),
        (False, False, False, "session_ended"),
        (False, True, False, "suspended"),
        (True, True, True, "session_ended"),
    ],
)
async def test_it_is_said_why_a_session_has_ended_as_far_as_that_can_be_found_out(
    monkeypatch: pytest.MonkeyPatch, was_removed: bool, suspended: bool, hangs: bool, code: str
):
    monkeypatch.setattr(socket_session, "_REASON_SECONDS", 0.01)
    place = Place()
    session = await place.opened(os.urandom(16))
    place.was_removed, place.is_suspended, place.hangs = was_removed, suspended, hangs
    session.session_ended()
    async with asyncio.timeout(20):
        while not place.refusals:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert place.refusals == [code]
    # And of one that has ended by the time of its hello.
    place.hub.has_ended = True
    with refused(code):
        await place.opened(os.urandom(16))


async def test_whose_session_has_ended_is_here_no_longer_and_comes_no_more():
    """Revoked, signed out or suspended; one whose connection is lost may be back."""
    place = Place()
    session = await place.opened(os.urandom(16))
    session.show(here=True)
    session.session_ended()
    assert place.shown == ["show", "hide"]
    # A frame that was on its way.
    with refused("session_ended"):
        session.show(here=True)
    assert place.shown == ["show", "hide"]
    lost = await place.opened(os.urandom(16))
    lost.show(here=True)
    lost.ended()
    assert place.shown == ["show", "hide", "show", "leave"]
    await asyncio.sleep(0)
