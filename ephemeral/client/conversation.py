"""A session kept alive: sockets come and go, frames are sent, events come (protocol, 11.8)."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ephemeral.client.exits import ClientError, unreachable
from ephemeral.client.polling import PolledSocket
from ephemeral.client.transport import ANSWER_SECONDS, Server, SocketRefused
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.session import Session
from ephemeral.protocol.session_events import Ended, Event

__all__ = ["Conversation", "Offline", "Slower", "Told", "now_ms", "reconnect_delay"]

_LEAVE_SECONDS = 3.0
_CLOSE_SECONDS = 2.0
_DRAIN_SECONDS = 1.0
_ABNORMAL = 1006
# Events that may wait to be taken before nothing more is read.
_UNTAKEN = 256
#: The server stops or restarts: another one, or the same, is tried before anybody is told.
_MOVED = {1001, 1012}
#: After so many refused handshakes requests take the place of sockets.
_REFUSED_MOST = 2


@dataclass(frozen=True, slots=True)
class Offline:
    """The socket is gone; another is tried. `why` is for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Slower:
    """The network lets no socket through: requests take its place from now on. For people."""

    why: str = "This network lets no WebSocket through; messages come more slowly."


#: What a conversation tells its user.
Told = Event | Offline | Slower

_Socket = ClientConnection | PolledSocket


def now_ms() -> int:
    """This machine's clock, in milliseconds since 1970."""
    return int(time.time() * 1000)


def reconnect_delay(attempts: int, chance: float) -> float:
    """Seconds to wait after `attempts` sockets have failed; `chance` is random in 0 to 1."""
    return chance * min(30.0, 0.5 * 2.0 ** min(attempts, 10))


class Conversation:
    """Runs one session against one server, in the background, until it ends.

    `patience`: seconds without a working socket after which it gives up; None: never.
    `answer_seconds`: how long a socket may go without a welcome. After calls on `session`, call
    `push`. What happens is read no faster than it is taken by `next`: a server that never ends
    must not fill the memory.
    """

    def __init__(
        self,
        server: Server,
        session: Session,
        *,
        chance: Callable[[], float],
        patience: float | None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.session = session
        self._server = server
        self._chance = chance
        self._patience = patience
        self._answer_seconds = answer_seconds
        self._events: asyncio.Queue[Told | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        # Handshakes refused in a row; whether requests have taken the place of sockets.
        self._refused = 0
        self._slower = False
        self._pushed = asyncio.Event()
        self._drained = asyncio.Event()
        self._failure: ClientError | Refusal = unreachable("The conversation is over.")
        self._task: asyncio.Task[None] | None = None
        self._closed_with = _ABNORMAL

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        await self._drain()
        if self.session.ended is not None:
            # It ends by itself, as soon as it has said its farewell.
            await asyncio.wait([self._task], timeout=2 * _CLOSE_SECONDS)
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    def push(self) -> None:
        """Send what the session has to send."""
        self._drained.clear()
        self._pushed.set()

    async def _drain(self) -> None:
        """Let go what was pushed last, an acknowledgement perhaps."""
        if self.session.live:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await self._drained.wait()

    async def next(self) -> Told:
        """The next event. Raises when patience is over, and after `Ended`."""
        event = await self._events.get()
        self._taken.set()
        if event is None:
            self._events.put_nowait(None)
            assert self._task is not None
            await self._task
            raise self._failure
        return event

    async def leave(self) -> None:
        """Give the seat up, if the server can be reached; without a socket it frees itself."""
        if self.session.ended is not None or not self.session.live:
            return
        self.session.leave(now_ms())
        self.push()
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                while not isinstance(await self.next(), (Ended, Offline)):
                    pass
        except (TimeoutError, ClientError, Refusal):
            return

    async def _run(self) -> None:
        try:
            await self._keep_alive()
        finally:
            self._events.put_nowait(None)

    async def _keep_alive(self) -> None:
        attempts = 0
        lost_at = time.monotonic()
        while not self._is_over():
            asked = None
            why, moved = "The connection was lost.", False
            try:
                if not self.session.seat.taken:
                    await self._join()
                if self._is_over():
                    return
                async with self._way() as socket:
                    if await self._serve(socket):
                        attempts, lost_at = 0, time.monotonic()
                moved = self._closed_with in _MOVED
                asked = self.session.retry_after
                self._failure = unreachable("The connection to the server was lost.")
            except SocketRefused as error:
                # At once again, and then by requests: somebody is there.
                self._failure = error
                self._refused += 1
                continue
            except (ClientError, Refusal) as error:
                self._failure, why = error, error.message
                asked = error.retry_after if isinstance(error, Refusal) else None
            if self._is_over():
                return
            delay = max(reconnect_delay(attempts, self._chance()), float(asked or 0))
            attempts += 1
            give_up_at = None if self._patience is None else lost_at + self._patience
            if give_up_at is not None and time.monotonic() + delay > give_up_at:
                return
            if not moved:
                self._events.put_nowait(Offline(why))
            await asyncio.sleep(delay)
            await self._until_taken()

    async def _until_taken(self) -> None:
        while self._events.qsize() >= _UNTAKEN:
            self._taken.clear()
            await self._taken.wait()

    @asynccontextmanager
    async def _way(self) -> AsyncIterator[_Socket]:
        """A socket, or, after handshakes that were refused, what takes its place."""
        if self._slower or self._refused >= _REFUSED_MOST:
            self._refused = 0
            seat = self.session.seat
            async with PolledSocket(self._server, seat.locator, seat.token) as polled:
                yield polled
        else:
            async with self._server.socket() as socket:
                self._refused = 0
                yield socket

    async def _join(self) -> None:
        """Take the seat, or find it taken by an earlier process."""
        seat = self.session.seat
        try:
            self.session.joined(
                await self._server.ask(
                    "POST",
                    "/room/members",
                    locator=seat.locator,
                    token=seat.token,
                    body=seat.body,
                )
            )
        except Refusal as refusal:
            self.session.join_refused(refusal)
            if not self._is_over():
                raise
        finally:
            self._tell()

    def _is_over(self) -> bool:
        return self.session.ended is not None

    async def _serve(self, socket: _Socket) -> bool:
        """Drive one socket to its end; tells whether the session was live on it."""
        self.session.connected()
        self._pushed.set()
        writer = asyncio.create_task(self._write(socket))
        was_live = False
        try:
            while not self._is_over() and not self.session.hopeless:
                await self._until_taken()
                # Who accepts a socket and then says nothing is as good as out of reach.
                async with asyncio.timeout(None if self.session.live else self._answer_seconds):
                    text = await socket.recv()
                self.session.received(text, now_ms())
                was_live = was_live or self.session.live
                if was_live and not self._slower and isinstance(socket, PolledSocket):
                    self._slower = True
                    self._events.put_nowait(Slower())
                self._tell()
                self._pushed.set()
            code = _ABNORMAL
        except TimeoutError:
            code = _ABNORMAL
        except ConnectionClosed as closed:
            code = _ABNORMAL if closed.rcvd is None else closed.rcvd.code
        finally:
            writer.cancel()
            await asyncio.wait([writer])
        if self._is_over():
            await self._say_farewell(socket)
        self.session.disconnected(code)
        self._closed_with = code
        self._tell()
        return was_live

    async def _write(self, socket: _Socket) -> None:
        """Send what the session has to send, when it has it or when its time has come."""
        try:
            while True:
                self._pushed.clear()
                for text in self.session.take_messages():
                    await socket.send(text)
                self._drained.set()
                due = self.session.next_tick()
                try:
                    async with asyncio.timeout(None if due is None else (due - now_ms()) / 1000):
                        await self._pushed.wait()
                except TimeoutError:
                    self.session.tick(now_ms())
                    self._tell()
        except ConnectionClosed:
            return

    async def _say_farewell(self, socket: _Socket) -> None:
        """What an ended session still has to say, as far as the socket lets it."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                for text in self.session.take_messages():
                    await socket.send(text)
        except (ConnectionClosed, TimeoutError):
            return

    def _tell(self) -> None:
        for event in self.session.take_events():
            self._events.put_nowait(event)
