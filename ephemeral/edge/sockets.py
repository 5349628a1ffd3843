"""All sockets of this process: who may open one, and that every session is given up in the end.

Requests that wait count as sockets.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from ephemeral.edge.guard import Verdict
from ephemeral.edge.holds import Hold
from ephemeral.edge.limiter import ADDRESS, Action, Limiter, Visitor, crowded
from ephemeral.edge.outbox import Flusher
from ephemeral.edge.pace import Pace
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.socket import Socket
from ephemeral.edge.socket_frames import SocketFrames
from ephemeral.edge.wire import WIRE, Wire
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.settings import Settings

__all__ = ["Sockets"]

# What names a connection.
_NAME_BYTES = 16
# The database was away when a socket ended: how long until it is told again.
_RETRY_SECONDS = 2.0
# Sockets that are to be retired within so short a time are retired together.
_PAUSE_SECONDS = 0.02


class Sockets:
    """The endpoints of sockets: the handshake by ASGI, everything after it by the `Wire`.

    `finish` last, before what the sessions stand on goes.
    """

    def __init__(
        self,
        settings: Settings,
        random: Callable[[int], bytes],
        verdict: Verdict,
        limiter: Limiter,
    ) -> None:
        self._hello_seconds = settings.hello_seconds
        self._rate = settings.frames_per_second
        self._burst = settings.frames_burst
        self._most = settings.connections_max
        self._connect = Action("connect", {ADDRESS: settings.connects_per_address})
        self._random = random
        self._verdict = verdict
        self._limiter = limiter
        self._flusher = Flusher()
        self._sockets: set[Socket] = set()
        self._holds: set[Hold] = set()
        self._none_left = asyncio.Event()
        self._draining = False
        self._releases: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        """How many are open, and how many requests wait."""
        return len(self._sockets) + len(self._holds)

    @property
    def draining(self) -> bool:
        """Whether this process has been told to stop."""
        return self._draining

    async def drain(self, seconds: float) -> None:
        """Admit no new socket and retire those that are open, spread over `seconds`.

        Requests that wait are answered at once. Returns when all have ended and the time is over:
        whoever sends new clients here has seen by then that nobody is served any more.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._draining = True
        for hold in self._holds:
            hold.end()
        open_now = list(self._sockets)
        for number, socket in enumerate(open_now):
            ahead = begun + seconds * number / len(open_now) - loop.time()
            if ahead > _PAUSE_SECONDS:
                await asyncio.sleep(ahead)
            socket.retire()
        await asyncio.sleep(begun + seconds - loop.time())
        while self._sockets:
            self._none_left.clear()
            await self._none_left.wait()

    async def finish(self) -> None:
        """Wait no longer for sessions to be given up: they go with all others of this process."""
        for release in self._releases:
            release.cancel()
        await asyncio.gather(*self._releases, return_exceptions=True)

    @contextmanager
    def hold(self, visitor: Visitor) -> Iterator[Hold]:
        """A visitor's request waits; refuses `too_many`."""
        held = Hold(visitor)
        self._holds.add(held)
        try:
            if not visitor.connected():
                raise crowded("sockets_address")
            if self.open > self._most:
                raise crowded("sockets")
            if self._draining:
                held.end()
            yield held
        finally:
            self._holds.discard(held)
            visitor.disconnected()

    def endpoint(self, route: SocketRoute) -> ASGIApp:
        """What serves the handshakes of a route."""
        frames = SocketFrames(route)

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await self._serve(route, frames, scope, receive, send)

        return _Endpoint(serve)

    async def _serve(
        self, route: SocketRoute, frames: SocketFrames, scope: Scope, receive: Receive, send: Send
    ) -> None:
        refuse(route.protocol not in scope["subprotocols"], "malformed")
        refuse(self._draining, "unavailable")
        visitor = self._limiter.visitor(scope)
        visitor.spend(self._connect)
        await receive()
        try:
            await send({"type": "websocket.accept", "subprotocol": route.protocol})
        except OSError:
            # The peer didn't wait for it.
            return
        wire: Wire = scope["extensions"][WIRE]
        pace = Pace(self._rate, self._burst, asyncio.get_running_loop().time())
        name = self._random(_NAME_BYTES)
        socket = Socket(name, wire, self._flusher, route, frames, self._verdict, visitor)
        self._sockets.add(socket)
        if not visitor.connected():
            socket.refuse(crowded("sockets_address"))
        elif self.open > self._most:
            socket.refuse(crowded("sockets"))
        if self._draining:
            socket.retire()
        try:
            await socket.run(pace, self._hello_seconds, self._ended)
        finally:
            self._sockets.discard(socket)
            if not self._sockets:
                self._none_left.set()
            visitor.disconnected()

    def _ended(self, socket: Socket) -> None:
        # The seat of one that was retired is held until its member comes back to another process,
        # or for some seconds after this one has ended: nobody is to see somebody go who is there.
        if socket.session.holds and not socket.retired:
            # A task of its own: the end of a connection must not break it off.
            release = asyncio.get_running_loop().create_task(self._release(socket.session))
            self._releases.add(release)
            release.add_done_callback(self._releases.discard)

    async def _release(self, session: Session) -> None:
        while True:
            try:
                await session.release()
            except Refusal:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - nobody is left to be told
                self._verdict(error)
                return
            else:
                return


class _Endpoint:
    """An ASGI application and no function, which a router would take for a handler of requests."""

    def __init__(self, serve: ASGIApp) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(scope, receive, send)
