"""A device at its account's socket: its session, and what the hub tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ephemeral.accounts.doors import ACCOUNT, Asker, Doors, Session
from ephemeral.conversations.api.socket_events import welcome
from ephemeral.conversations.service.hub import Hub
from ephemeral.conversations.service.presence import Presence
from ephemeral.edge.credentials import Caller, Texts
from ephemeral.edge.frames import Bare
from ephemeral.edge.limiter import Concurrency, crowded
from ephemeral.edge.session import Session as EdgeSession
from ephemeral.edge.socket import Socket
from ephemeral.live.buckets import Name
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["AtSocket", "Crowd", "SocketSession"]

#: Sockets of one device, and of one account, in each process.
DEVICE_MAX, ACCOUNT_MAX = 4, 20
# What a device's sockets are counted by.
_DEVICE = "device"
# How long is looked for the reason of a session's end.
_REASON_SECONDS = 2.0


class Crowd:
    """How many sockets devices and accounts have open here."""

    def __init__(self) -> None:
        self.devices = Concurrency(DEVICE_MAX)
        self.accounts = Concurrency(ACCOUNT_MAX)


@dataclass(frozen=True, slots=True)
class AtSocket:
    """Who asks, and at which socket; for handlers an Asker like any."""

    proved: Session
    at: SocketSession

    @property
    def account(self) -> bytes:
        """The account."""
        return self.proved.account


class SocketSession(EdgeSession):
    """One socket of an account; a listener of the hub."""

    def __init__(
        self,
        hub: Hub,
        presence: Presence,
        doors: Doors,
        caller: Caller,
        crowd: Crowd,
        socket: Socket,
    ) -> None:
        super().__init__(caller, doors.actions.request, socket)
        self.account = self.device = self.sid = b""
        #: Queues one event.
        self.deliver: Callable[[bytes], None] = socket.keep
        self._hub = hub
        self._presence = presence
        self._is_over = False
        self._doors = doors
        self._crowd = crowd
        self._counted: list[tuple[Concurrency, Name]] = []
        self._session: Session | None = None
        self._saying: asyncio.Task[None] | None = None

    # --- what the socket calls --------------------------------------------------------------------

    async def hello(self, ref: int, texts: Texts, body: Bare) -> tuple[Any, bytes]:  # noqa: ARG002
        """Believe the device, listen, and only then say how everything stands."""
        visitor = self.socket.visitor
        async with visitor.counted(self._hello):
            asker: Asker = await self._caller.read(texts)
        session = self._session = asker.proved
        assert session.device is not None, "a device has proved it"
        self.account, self.device, self.sid = session.account, session.device, session.sid
        # From here on by the account, whatever token it shows.
        self.socket.visitor = visitor = visitor.at({ACCOUNT: self.account, _DEVICE: self.device})
        self._count(self._crowd.devices, visitor.subject(_DEVICE), "sockets_device")
        self._count(self._crowd.accounts, visitor.subject(ACCOUNT), "sockets_account")
        try:
            attended, now = await self._hub.begin(self)
        except Refusal as refusal:
            if refusal.code != "session_ended":
                raise
            raise Refusal(await self._why()) from None
        return AtSocket(session, self), welcome(ref, attended, now)

    def welcomed(self, deliver: Callable[[bytes], None]) -> None:
        """How everything stands has been told; what has happened since comes behind it."""
        self.deliver = deliver

    def ended(self) -> None:
        """Nothing is told any more."""
        self._hub.remove(self)
        self._presence.leave(self)
        for where, name in self._counted:
            where.remove(name)

    def show(self, *, here: bool) -> None:
        """Whether this socket has presence on. Refuses `session_ended`."""
        refuse(self._is_over, "session_ended")
        (self._presence.show if here else self._presence.hide)(self)

    def _count(self, where: Concurrency, name: Name | None, limit: str) -> None:
        assert name is not None, "it was named"
        self._counted.append((where, name))
        if not where.add(name, 1):
            raise crowded(limit)

    # --- what the hub calls -----------------------------------------------------------------------

    def session_ended(self) -> None:
        """Close, and say why."""
        self._is_over = True
        self._presence.hide(self)
        self._saying = asyncio.get_running_loop().create_task(self._say_why())

    async def _say_why(self) -> None:
        self.socket.refuse(Refusal(await self._why()))

    async def _why(self) -> str:
        """As over HTTP; where that can't be found out soon, what is true of both."""
        assert self._session is not None, "the hub knows it"
        with suppress(Refusal, TimeoutError):
            async with asyncio.timeout(_REASON_SECONDS):
                if await self._doors.ended.by_removal(self._session):
                    return "device_revoked"
                if await self._doors.suspensions.has(self.account):
                    return "suspended"
        return "session_ended"
