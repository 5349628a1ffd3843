"""All sockets of this process: who may open one, and that every seat is given up in the end."""

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from ephemeral.edge.guard import Verdict
from ephemeral.edge.limiter import Action, Limiter, crowded
from ephemeral.edge.outbox import Round
from ephemeral.edge.pace import Pace
from ephemeral.edge.wire import WIRE, Wire
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import PROTOCOL
from ephemeral.rooms.api import close_codes
from ephemeral.rooms.api.socket import Listeners, Socket
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.settings import Settings

__all__ = ["Sockets"]

# A connection is named by its turn among this process's, and by randomness.
_TURN_BYTES = 8
_RANDOM_BYTES = 8
# The database was away when a socket ended: how long until it is told again.
_RETRY_SECONDS = 2.0
# Sockets that are to be retired within so short a time are retired together.
_PAUSE_SECONDS = 0.02


class Sockets:
    """The endpoint of `/room/socket`: the handshake by ASGI, everything after it by the `Wire`.

    `begin` before the first connection, `finish` last.
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
        self._random = random
        self._verdict = verdict
        self._limiter = limiter
        self._round = Round()
        self._sockets: set[Socket] = set()
        self._none_left = asyncio.Event()
        self._draining = False
        self._turn = 0
        self._releases: set[asyncio.Task[None]] = set()
        self._rooms: Rooms | None = None
        self._listeners: Listeners | None = None

    def begin(self, rooms: Rooms, listeners: Listeners) -> None:
        """From now on connections can be served."""
        self._rooms = rooms
        self._listeners = listeners

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._sockets)

    @property
    def draining(self) -> bool:
        """Whether this process has been told to stop."""
        return self._draining

    async def drain(self, seconds: float) -> None:
        """Admit no new socket and retire those that are open, spread over `seconds`.

        Returns when all have ended and the time is over: whoever sends new clients here has seen
        by then that nobody is served any more.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._draining = True
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
        """Wait no longer for seats to be given up: they go with all others of this process."""
        for release in self._releases:
            release.cancel()
        await asyncio.gather(*self._releases, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        rooms, listeners = self._rooms, self._listeners
        if rooms is None or listeners is None:
            raise Refusal("unavailable")
        refuse(PROTOCOL not in scope["subprotocols"], "malformed")
        refuse(self._draining, "unavailable")
        visitor = self._limiter.visitor(scope)
        visitor.spend(Action.CONNECT)
        await receive()
        try:
            await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        except OSError:
            # The peer didn't wait for it.
            return
        wire: Wire = scope["extensions"][WIRE]
        pace = Pace(self._rate, self._burst, asyncio.get_running_loop().time())
        self._turn += 1
        name = self._turn.to_bytes(_TURN_BYTES) + self._random(_RANDOM_BYTES)
        socket = Socket(name, wire, self._round, rooms, listeners, self._verdict, pace, visitor)
        self._sockets.add(socket)
        if not visitor.connected() or len(self._sockets) > self._most:
            socket.end(close_codes.of(crowded()), crowded())
        if self._draining:
            socket.retire()
        try:
            await socket.run(self._hello_seconds, self._released)
        finally:
            self._sockets.discard(socket)
            if not self._sockets:
                self._none_left.set()
            visitor.disconnected()

    def _released(self, socket: Socket) -> None:
        # The seat of one that was retired is held until its member comes back to another process,
        # or for some seconds after this one has ended: nobody is to see somebody go who is there.
        if socket.seat is not None and not socket.retired:
            # A task of its own: the end of a connection must not break it off.
            release = asyncio.get_running_loop().create_task(self._release(socket))
            self._releases.add(release)
            release.add_done_callback(self._releases.discard)

    async def _release(self, socket: Socket) -> None:
        assert self._rooms is not None
        assert socket.seat is not None
        while True:
            try:
                await self._rooms.disconnect(socket.seat, socket.connection)
            except Refusal:
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - nobody is left to be told
                self._verdict(error)
                return
            else:
                return
