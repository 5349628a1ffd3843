"""The WebSocket of one member (docs/protocol.md, section 11).

A socket has one owner of its state, the `Socket`. Frames come in by `received`, one call each, and
go out through the outbox. Whatever ends a socket goes through `end`, which notes why, and is
carried out in `_farewell`, the only place that closes. Others put bytes into the outbox and never
wait: a member that doesn't read is dropped.

What is asked for often (post, open, acknowledge, release) is handed to the rooms with a callback at
once. The rest is awaited in the task of the request, one after the other, while reading pauses.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from ephemeral.edge.guard import Verdict
from ephemeral.edge.limiter import Action, Visitor, crowded
from ephemeral.edge.outbox import FRAMES_MAX, Outbox, Round
from ephemeral.edge.pace import Pace
from ephemeral.edge.wire import Wire
from ephemeral.protocol import frames
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import FRAMES_BEFORE_HELLO
from ephemeral.rooms.api import answers, close_codes, socket_requests
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.entries import Outcome
from ephemeral.rooms.service.rooms import Rooms

__all__ = ["Listeners", "Socket"]

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
    """One accepted connection, from the handshake to its end.

    `connection` names it; of two of one process the older has the smaller name.
    """

    def __init__(
        self,
        connection: bytes,
        wire: Wire,
        round_: Round,
        rooms: Rooms,
        listeners: Listeners,
        verdict: Verdict,
        pace: Pace,
        visitor: Visitor,
    ) -> None:
        self.connection = connection
        self.member = b""
        self.seat: Seat | None = None
        self._wire = wire
        self._rooms = rooms
        self._listeners = listeners
        self._verdict = verdict
        self._pace = pace
        self._visitor = visitor
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(wire, round_, self._go_on, partial(self.end, close_codes.SLOW))
        self._ending: tuple[int, Refusal | None] | None = None
        # A frame that is awaited by the owner's task, and what that task sleeps on meanwhile.
        self._frame: frames.EarlyFrame | frames.Frame | None = None
        self._wake: asyncio.Future[None] | None = None
        self._welcomed = False
        self._prepared = 0
        self._leaving = False
        self.retired = False
        # How much was asked for and has no answer.
        self._work = 0
        self._paused = False
        # Events that come between `hello` and `welcome`.
        self._early: list[bytes] = []
        #: Queues one event.
        self.deliver: Callable[[bytes], None] = self._keep

    # --- what the hub calls -------------------------------------------------------------------

    def _keep(self, frame: bytes) -> None:
        if len(self._early) < FRAMES_MAX:
            self._early.append(frame)
        else:
            self.end(close_codes.SLOW)

    def replaced(self) -> None:
        """A newer socket of the same member took over."""
        self.end(close_codes.REPLACED, Refusal("replaced"))

    def seat_lost(self) -> None:
        """The member left by another way, or its seat was taken."""
        if not self._leaving:
            self.end(close_codes.LOST, Refusal("seat_unknown"))

    def room_closed(self) -> None:
        """The room is no more."""
        self.end(close_codes.ENDED, Refusal("room_unknown"))

    # --- what the wire calls ------------------------------------------------------------------

    def received(self, text: bytes) -> None:
        """Take one frame."""
        if self._ending is not None:
            return
        try:
            self._pace.spend(self._loop.time())
            if self._welcomed:
                self._take(frames.decode_frame(text))
            else:
                self._take_early(frames.decode_early(text))
        except Refusal as refusal:
            if refusal.code == "malformed" and not _is_utf_8(text):
                self.end(close_codes.NO_TEXT)
            else:
                self._fail(refusal)
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            self._fail(error)

    def received_binary(self) -> None:
        """Only text is spoken here."""
        self._fail(Refusal("malformed"))

    def writable(self) -> None:
        """The peer reads again."""
        self._outbox.flush()
        self._stir()

    def lost(self) -> None:
        """The peer has gone, or the server closes by itself."""
        self._outbox.shut()
        self.end(close_codes.GONE)
        self._stir()

    # --- the life of a socket -----------------------------------------------------------------

    def end(self, code: int, refusal: Refusal | None = None) -> None:
        """Note why the socket ends; the first reason counts. Never waits."""
        if self._ending is None:
            self._ending = (code, refusal)
            self._stir()

    def retire(self) -> None:
        """Take no more, answer what was taken, and close: the member finds another server."""
        self.retired = True
        if not self._paused:
            self._pause()
        self._stir()

    def _fail(self, error: Exception) -> None:
        refusal = self._verdict(error)
        self.end(close_codes.of(refusal), refusal)

    async def run(self, hello_seconds: float, released: Callable[["Socket"], None]) -> None:
        """Serve until the end. `released` is called once, as soon as the seat is given up."""
        silent = Refusal("unauthorized", "No hello came in time.")
        timer = self._loop.call_later(hello_seconds, self._silent, silent)
        self._wire.attach(self)
        try:
            while self._ending is None:
                if self._frame is None and self.retired and not self._work:
                    self.end(close_codes.RESTART)
                elif self._frame is None:
                    await self._sleep()
                else:
                    await self._perform(self._frame)
                    self._frame = None
                    self._go_on()
        finally:
            timer.cancel()
            if self.seat is not None:
                self._listeners.remove(self.seat.room, self)
            self._visitor.left()
            released(self)
        await self._farewell()

    def _silent(self, refusal: Refusal) -> None:
        # A hello that is being looked at has come in time.
        if not self._welcomed and not isinstance(self._frame, frames.Hello):
            self.end(close_codes.SILENT, refusal)

    async def _farewell(self) -> None:
        """Say why, let the peer read what is left, and close."""
        code, refusal = self._ending or (close_codes.FAULT, None)
        if code not in {close_codes.GONE, close_codes.SLOW}:
            if refusal is not None:
                self._outbox.put(answers.error_frame(None, refusal))
            self._outbox.flush()
            deadline = self._loop.call_later(_FAREWELL_SECONDS, self._outbox.shut)
            stir = self._loop.call_later(_FAREWELL_SECONDS, self._stir)
            while self._outbox.size:
                await self._sleep()
            deadline.cancel()
            stir.cancel()
        self._outbox.shut()
        self._wire.close(code or close_codes.LEFT)

    async def _sleep(self) -> None:
        self._wake = self._loop.create_future()
        await self._wake

    def _stir(self) -> None:
        """Let the owner's task look around."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _go_on(self) -> None:
        """Read on, if nothing is awaited, not too much is unanswered, and answers are taken."""
        if (
            self._paused
            and not self.retired
            and self._frame is None
            and self._work < _BUSY
            and self._outbox.size < _FULL
        ):
            self._paused = False
            self._wire.resume()

    def _pause(self) -> None:
        self._paused = True
        self._wire.pause()

    # --- taking frames ------------------------------------------------------------------------

    def _take_early(self, frame: frames.EarlyFrame) -> None:
        if not isinstance(frame, frames.Hello):
            self._prepared += 1
            refuse(self._prepared > FRAMES_BEFORE_HELLO, "malformed")
        self._hand_over(frame)

    def _take(self, frame: frames.Frame) -> None:
        often = _OFTEN.get(type(frame))
        if often is None:
            self._hand_over(frame)
            return
        action, submit = often
        try:
            self._visitor.spend(action)
            submit(self, frame)
        except Refusal as refusal:
            self._refused(frame.ref, refusal)
        if self._work >= _BUSY or self._outbox.size >= _FULL:
            self._pause()

    def _hand_over(self, frame: frames.EarlyFrame | frames.Frame) -> None:
        """Leave a frame to the owner's task, and let no other come before it is done."""
        self._frame = frame
        self._pause()
        self._stir()

    def _refused(self, ref: int | None, refusal: Refusal) -> None:
        """Answer with an error; a frame that has not the form asked for ends the socket."""
        if refusal.code == "malformed":
            raise refusal
        if ref is not None:
            self._outbox.put(answers.error_frame(ref, refusal))

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
            self._visitor.refused(outcome)
            self._outbox.put(answers.error_frame(ref, outcome))
        elif outcome is not None:
            self._outbox.put(answers.ok(ref, answers.outcome(outcome)))
        if self._paused:
            # For a ping, that waits for the last answer; and to read on.
            self._stir()
            self._go_on()

    # --- what is asked for seldom -------------------------------------------------------------

    async def _perform(self, frame: frames.EarlyFrame | frames.Frame) -> None:
        try:
            if isinstance(frame, frames.Hello):
                await self._hello(frame)
                return
            try:
                answer = await self._answer(frame)
            except Refusal as refusal:
                self._refused(frame.ref, refusal)
                return
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            self._fail(error)
            return
        if frame.ref is not None:
            self._outbox.put(answers.ok(frame.ref, answer))
        if isinstance(frame, frames.Leave):
            self.end(close_codes.LEFT)

    async def _hello(self, hello: frames.Hello) -> None:
        """Hold the seat, listen, and only then read the present state: nothing falls between."""
        try:
            locator, token = frames.credential(hello.locator), frames.credential(hello.token)
            self._visitor = self._visitor.at(hello.locator, hello.token)
            if not self._visitor.entered():
                raise crowded()
            async with self._visitor.asking_together(Action.HELLO):
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
        self._welcomed = True
        self.deliver = self._outbox.put
        for frame in self._early:
            self._outbox.put(frame)
        self._early.clear()

    async def _answer(self, frame: frames.EarlyFrame | frames.Frame) -> bytes:
        match frame:
            case frames.Leave():
                await self._leave(self._seat)
            case frames.Ping():
                while self._work and self._ending is None:
                    await self._sleep()
            case frames.Create() | frames.Join() | frames.Resume() | frames.Hello():
                return await socket_requests.answer_early(self._rooms, self._visitor, frame)
            case _:
                return await socket_requests.answer(self._rooms, self._visitor, self._seat, frame)
        return b"{}"

    async def _leave(self, seat: Seat) -> None:
        self._leaving = True
        try:
            await self._rooms.leave(seat)
        except Refusal:
            self._leaving = False
            raise


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


_OFTEN: Mapping[type, tuple[Action, Callable[[Socket, Any], None]]] = {
    frames.Post: (Action.POST, Socket._post),  # noqa: SLF001 - a table of this module's own methods
    frames.Open: (Action.OPEN, Socket._open),  # noqa: SLF001
    frames.Ack: (Action.OPEN, Socket._acknowledge),  # noqa: SLF001
    frames.Release: (Action.OPEN, Socket._release),  # noqa: SLF001
}
