"""The WebSocket of one member (docs/protocol.md, section 11), as plain ASGI events.

A socket has one reader, which runs in the task of the request; one writer, the outbox's; and one
owner of its state, the `Socket`. Whatever ends it goes through `end`, which notes why, and is
carried out in `_farewell`, the only place that closes. Others put bytes into the outbox and never
wait: a member that doesn't read is dropped.

What is asked for often (post, open, acknowledge, release) is handed to the rooms with a callback,
without a task of its own; the rest is awaited by the reader, one after the other.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from starlette.types import Message, Receive, Send

from ephemeral.domain.room import Seat
from ephemeral.edge import answers
from ephemeral.edge.guard import Verdict
from ephemeral.edge.outbox import Outbox
from ephemeral.edge.pace import Pace
from ephemeral.protocol import frames
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import FRAMES_BEFORE_HELLO
from ephemeral.services.ledger import Outcome
from ephemeral.services.rooms import Rooms

__all__ = ["Close", "Listeners", "Socket"]

#: Closes the connection at once, without waiting for what the peer has not read.
Close = Callable[[int], None]

# Close codes (11.7). `_GONE`: there is nobody left to close.
_GONE = 0
_LEFT = 1000
_LOST = 4401
_SILENT = 4408
_REPLACED = 4409
_ENDED = 4410
_SLOW = 4413
_CODES = {
    "malformed": 4400,
    "unauthorized": _LOST,
    "seat_unknown": _LOST,
    "room_unknown": 4404,
    "too_many": 4429,
    "unavailable": 1012,
}
_FAULT = 1011

# Reading pauses at so much unanswered work, where opening counts for the size of its answer,
# and at so many bytes that the peer has not taken: with both the outbox's bound is not reached
# by answers alone.
_BUSY = 64
_OPENING = 8
_FULL = 256 * 1024
# How long a peer may take to read what is left before it is closed.
_FAREWELL_SECONDS = 5.0


class Listeners(Protocol):
    """Where a socket is told of its room's events: the hub."""

    def add(self, room: bytes, subscriber: "Socket") -> None:
        """From now on `subscriber` gets the room's events."""

    def remove(self, room: bytes, subscriber: "Socket") -> None:
        """No longer."""

    def caught_up(self, room: bytes, sequence: int) -> None:
        """The complete state up to `sequence` was told."""


class Socket:
    """One accepted connection, from the handshake to its end. `connection` names it."""

    def __init__(
        self,
        connection: bytes,
        receive: Receive,
        send: Send,
        close: Close | None,
        rooms: Rooms,
        listeners: Listeners,
        verdict: Verdict,
        pace: Pace,
    ) -> None:
        self.connection = connection
        self.member = b""
        self.seat: Seat | None = None
        self._receive = receive
        self._send = send
        self._close = close
        self._rooms = rooms
        self._listeners = listeners
        self._verdict = verdict
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(send, self._relieve, partial(self.end, _SLOW))
        self._task: asyncio.Task[Any] | None = None
        self._ending: tuple[int, Refusal | None] | None = None
        # True while the reader waits for something that may be given up at any moment.
        self._idle = False
        self._leaving = False
        self._work = 0
        self._relief: asyncio.Future[None] | None = None
        # Events that come between `hello` and `welcome`.
        self._early: list[bytes] | None = []

    # --- what others call ---------------------------------------------------------------------

    def deliver(self, frame: bytes) -> None:
        """Queue one event."""
        if self._early is None:
            self._outbox.put(frame)
        else:
            self._early.append(frame)

    def replaced(self) -> None:
        """A newer socket of the same member took over."""
        self.end(_REPLACED, Refusal("too_many", "A newer connection of this member took over."))

    def seat_lost(self) -> None:
        """The member left by another way, or its seat was taken."""
        if not self._leaving:
            self.end(_LOST, Refusal("seat_unknown"))

    def room_closed(self) -> None:
        """The room is no more."""
        self.end(_ENDED, Refusal("room_unknown"))

    def end(self, code: int, refusal: Refusal | None = None) -> None:
        """Note why the socket ends; the first reason counts. Never waits."""
        if self._ending is not None:
            return
        self._ending = (code, refusal)
        # What the reader awaits otherwise is a change in the store: that is never broken off.
        if self._idle and self._task is not None:
            self._task.cancel()

    # --- the life of a socket -----------------------------------------------------------------

    async def run(self, hello_seconds: float, released: Callable[["Socket"], None]) -> None:
        """Serve until the end. `released` is called once, as soon as the seat is given up."""
        self._task = asyncio.current_task()
        writer = self._loop.create_task(self._outbox.write())
        writer.add_done_callback(self._written)
        silent = Refusal("unauthorized", "No hello came in time.")
        timer = self._loop.call_later(hello_seconds, self.end, _SILENT, silent)
        try:
            try:
                await self._read(timer)
            finally:
                timer.cancel()
                if self.seat is not None:
                    self._listeners.remove(self.seat.room, self)
                released(self)
            await self._farewell(writer)
        finally:
            self._outbox.shut()
            writer.cancel()

    async def _read(self, timer: asyncio.TimerHandle) -> None:
        try:
            await self._greet(timer)
            await self._serve()
        except asyncio.CancelledError:
            # Ours, from `end`; unless the server cancelled this task as well.
            if self._ending is None or (self._task is not None and self._task.uncancel() > 0):
                raise
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            refusal = self._verdict(error)
            self.end(_CODES.get(refusal.code, _FAULT), refusal)

    def _written(self, writer: asyncio.Task[None]) -> None:
        if writer.cancelled():
            return
        error = writer.exception()
        if error is not None:
            self.end(_GONE)
        # An OSError is the server's way of saying that the peer has gone.
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._verdict(error)

    async def _farewell(self, writer: asyncio.Task[None]) -> None:
        """Say why, let the peer read what is left, and close."""
        code, refusal = self._ending or (_FAULT, None)
        if code == _GONE:
            return
        if code != _SLOW:
            if refusal is not None:
                self._outbox.put(answers.error_frame(None, refusal))
            self._outbox.finish()
            await asyncio.wait([writer], timeout=_FAREWELL_SECONDS)
        if self._close is not None:
            self._close(code)
        elif writer.done():
            await self._send({"type": "websocket.close", "code": code})

    # --- reading ------------------------------------------------------------------------------

    def _text(self, message: Message) -> str | None:
        """The text of a message; None if there will be no more."""
        if message["type"] != "websocket.receive":
            self.end(_GONE)
            return None
        text: str | None = message.get("text")
        if text is None:
            raise Refusal("malformed")
        self._pace.spend(self._loop.time())
        return text

    async def _next(self) -> str | None:
        self._idle = True
        message = await self._receive()
        self._idle = False
        return self._text(message)

    async def _greet(self, timer: asyncio.TimerHandle) -> None:
        """What may come before `hello`, and `hello`."""
        for number in range(FRAMES_BEFORE_HELLO + 1):
            if self._ending is not None:
                return
            text = await self._next()
            if text is None:
                return
            frame = frames.decode_early(text)
            if isinstance(frame, frames.Hello):
                timer.cancel()
                await self._hello(frame)
                return
            refuse(number == FRAMES_BEFORE_HELLO, "malformed")
            try:
                answer = await self._prepare(frame)
            except Refusal as refusal:
                self._refused(frame.ref, refusal)
            else:
                self._outbox.put(answers.ok(frame.ref, answer))

    async def _prepare(self, frame: frames.Create | frames.Join | frames.Resume) -> bytes:
        rooms = self._rooms
        if isinstance(frame, frames.Create):
            view, _ = await rooms.create(frames.credential(frame.locator), *frame.unpack())
            return answers.room(view)
        if isinstance(frame, frames.Join):
            locator, token = frames.credential(frame.locator), frames.credential(frame.token)
            joined = await rooms.join(locator, token, *frame.unpack())
            return answers.joined(joined.snapshot)
        return answers.key(await rooms.resume(frames.credential(frame.resume)))

    async def _hello(self, hello: frames.Hello) -> None:
        """Hold the seat, listen, and only then read the present state: nothing falls between."""
        try:
            locator, token = frames.credential(hello.locator), frames.credential(hello.token)
            self.seat = await self._rooms.connect(locator, token, self.connection)
            self.member = self.seat.member
            self._listeners.add(self.seat.room, self)
            snapshot = await self._rooms.snapshot(self.seat)
            # It may have been taken before this socket listened.
            refuse(all(one.member != self.member for one in snapshot.members), "seat_unknown")
        except Refusal as refusal:
            self._outbox.put(answers.error_frame(hello.ref, refusal))
            raise
        self._outbox.put(answers.welcome(hello.ref, self.member, snapshot))
        self._listeners.caught_up(self.seat.room, snapshot.room.sequence)
        early, self._early = self._early or [], None
        for frame in early:
            self._outbox.put(frame)

    async def _serve(self) -> None:
        while self._ending is None:
            self._idle = True
            message = await self._receive()
            self._idle = False
            text = self._text(message)
            if text is None:
                return
            frame = frames.decode_frame(text)
            submit = _SUBMIT.get(type(frame))
            try:
                if submit is not None:
                    submit(self, frame)
                else:
                    await self._ask(frame)
            except Refusal as refusal:
                self._refused(frame.ref, refusal)
            if self._work >= _BUSY or self._outbox.size >= _FULL:
                await self._until(lambda: self._work < _BUSY and self._outbox.size < _FULL)

    def _refused(self, ref: int | None, refusal: Refusal) -> None:
        """Answer with an error; a frame that has not the form asked for ends the socket."""
        if refusal.code == "malformed":
            raise refusal
        if ref is not None:
            self._outbox.put(answers.error_frame(ref, refusal))

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait until answers are given and taken."""
        while self._ending is None and not done():
            self._relief = self._loop.create_future()
            self._idle = True
            await self._relief
            self._idle = False

    def _relieve(self) -> None:
        if self._relief is not None and not self._relief.done():
            self._relief.set_result(None)

    # --- what is asked for often --------------------------------------------------------------

    def _post(self, frame: frames.Post) -> None:
        message, envelope, viewing_hash = frame.unpack()
        self._rooms.post(self._seat, message, envelope, viewing_hash, self._reply(frame.ref, 1))

    def _open(self, frame: frames.Open) -> None:
        message = frames.identifier(frame.id)
        self._rooms.open(self._seat, message, self._reply(frame.ref, _OPENING))

    def _acknowledge(self, frame: frames.Ack) -> None:
        message, viewing = frames.identifier(frame.id), frame.revealed()
        self._rooms.acknowledge(self._seat, message, viewing, self._reply(frame.ref, 1))

    def _release(self, frame: frames.Release) -> None:
        message = frames.identifier(frame.id)
        self._rooms.release(self._seat, message, self._reply(frame.ref, 1))

    @property
    def _seat(self) -> Seat:
        assert self.seat is not None, "only after hello"
        return self.seat

    def _reply(self, ref: int, work: int) -> Callable[[Outcome], None]:
        self._work += work
        return partial(self._settled, ref, work)

    def _settled(self, ref: int, work: int, outcome: Outcome) -> None:
        self._work -= work
        if isinstance(outcome, Refusal):
            self._outbox.put(answers.error_frame(ref, outcome))
        elif outcome is not None:
            self._outbox.put(answers.ok(ref, answers.outcome(outcome)))
        if self._relief is not None:
            self._relieve()

    # --- what is asked for seldom -------------------------------------------------------------

    async def _ask(self, frame: frames.Frame) -> None:
        answer = await self._answer(frame)
        if frame.ref is not None:
            self._outbox.put(answers.ok(frame.ref, answer))
        if isinstance(frame, frames.Leave):
            self.end(_LEFT)

    async def _answer(self, frame: frames.Frame) -> bytes:
        rooms, seat = self._rooms, self._seat
        match frame:
            case frames.Status():
                return answers.receipts(*await rooms.status(seat, frame.unpack()))
            case frames.Messages():
                return answers.notices(*await rooms.notices(seat))
            case frames.RoomFrame():
                return answers.room_with_members(*await rooms.members(seat))
            case frames.Lock():
                return answers.room(await rooms.lock(seat, frame.locked))
            case frames.Typing():
                await rooms.typing(seat, frame.typing)
            case frames.Destroy():
                await rooms.destroy(seat)
            case frames.Leave():
                await self._leave(seat)
            case frames.Ping():
                await self._until(lambda: self._work == 0)
        return b"{}"

    async def _leave(self, seat: Seat) -> None:
        self._leaving = True
        try:
            await self._rooms.leave(seat)
        except Refusal:
            self._leaving = False
            raise


_SUBMIT: Mapping[type, Callable[[Socket, Any], None]] = {
    frames.Post: Socket._post,  # noqa: SLF001 - a table of this module's own methods
    frames.Open: Socket._open,  # noqa: SLF001
    frames.Ack: Socket._acknowledge,  # noqa: SLF001
    frames.Release: Socket._release,  # noqa: SLF001
}
