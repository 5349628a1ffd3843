"""A WebSocket (docs/protocol.md, section 11), whatever wing it belongs to.

A socket has one owner of its state, the `Socket`. Frames come in by `received`, one call each, and
go out through the outbox. Whatever ends a socket goes through `end`, which notes why, and is
carried out in `_farewell`, the only place that closes. Others put bytes into the outbox and never
wait: a member that doesn't read is dropped.

What is asked for often (`Deferred`) is handed on with a callback at once. The rest is awaited in
the task of the request, one after the other, while reading pauses. Before `hello` each frame brings
the credentials of its caller; from then on the socket's caller asks.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct

from ephemeral.edge import close_codes
from ephemeral.edge.credentials import from_frame
from ephemeral.edge.errors import error_frame
from ephemeral.edge.frames import Bare, Frames, Ref, ok
from ephemeral.edge.guard import Verdict
from ephemeral.edge.limiter import Action, Visitor
from ephemeral.edge.operations import NOTHING, Deferred, Operation
from ephemeral.edge.outbox import FRAMES_MAX, Flusher, Outbox
from ephemeral.edge.pace import Pace
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.wire import Wire
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.limits import FRAMES_BEFORE_HELLO

__all__ = ["Socket", "SocketFrames"]

# Reading pauses at so much unanswered work, and at so many bytes that the peer has not taken: with
# both the outbox's bound is not reached by answers alone.
_BUSY = 64
_FULL = 256 * 1024
# How long a peer may take to read what is left before it is closed.
_FAREWELL_SECONDS = 5.0


class Ping(Bare, tag="ping"):
    """Ask for an answer once everything before has one."""

    ref: Ref


class SocketFrames:
    """What a route's sockets take: before `hello`, and from then on."""

    def __init__(self, route: SocketRoute) -> None:
        mine = [one for one in route.operations if one.caller is route.caller]
        others = [one for one in route.operations if one.caller is not route.caller]
        if any(isinstance(one.handler, Deferred) for one in others if one.frame):
            raise ValueError("before hello nothing is asked so often that it is deferred")
        hello = Operation(
            method="", path="/", name="hello", summary="", handler=_no_handler, answers={},
            caller=route.caller, frame="hello",
        )  # fmt: skip
        self.early = Frames([*others, hello], credentials=True)
        self.late = Frames(mine, [Ping])
        #: Deferred operations by the type of their frame: what they count as, and how they go.
        self.deferred: dict[type[Struct], tuple[Action | None, Deferred]] = {
            kind: (one.action, one.handler)
            for kind, one in self.late.operations.items()
            if isinstance(one.handler, Deferred)
        }


async def _no_handler(_caller: Any, _body: Any) -> bytes:
    raise AssertionError("the session answers it")


class Socket:
    """One accepted connection, from the handshake to its end.

    `connection` names it; of two of one process the older has the smaller name. `session` is what
    the wing makes of it.
    """

    def __init__(
        self,
        connection: bytes,
        wire: Wire,
        flusher: Flusher,
        route: SocketRoute,
        frames: SocketFrames,
        verdict: Verdict,
        visitor: Visitor,
    ) -> None:
        self.connection = connection
        self.visitor = visitor
        self.retired = False
        self._wire = wire
        self._route = route
        self._frames = frames
        self._verdict = verdict
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(wire, flusher, self._go_on, partial(self.end, close_codes.SLOW))
        self._ending: tuple[int, Refusal | None] | None = None
        # A frame that is awaited by the owner's task, and what that task sleeps on meanwhile.
        self._frame: Any = None
        self._wake: asyncio.Future[None] | None = None
        self._welcomed = False
        self._caller: Any = None
        self._before_hello = 0
        # How much was asked for and has no answer.
        self._work = 0
        self._paused = False
        # Events that come between `hello` and `welcome`.
        self._early: list[bytes] = []
        self.session: Session = route.session(self)

    # --- what the session calls ---------------------------------------------------------------

    def keep(self, frame: bytes) -> None:
        """Queue an event that comes before `welcome`: it is sent behind that."""
        if len(self._early) < FRAMES_MAX:
            self._early.append(frame)
        else:
            self.end(close_codes.SLOW)

    @property
    def is_leaving(self) -> bool:
        """Whether what is being done at the caller's wish ends this socket."""
        operation = self._frames.late.operations.get(type(self._frame))
        return operation is not None and operation.ends_socket

    # --- what the wire calls ------------------------------------------------------------------

    def received(self, text: bytes) -> None:
        """Take one frame."""
        if self._ending is not None:
            return
        try:
            if self._welcomed:
                self._take(self._frames.late.decode(text))
            else:
                self._take_early(self._frames.early.decode(text))
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

    def flooded(self) -> None:
        """The peer sends more than anybody may."""
        self._fail(Refusal("too_many"))

    def stalled(self) -> None:
        """The peer takes nothing of what it is sent."""
        self._outbox.shut()
        self.end(close_codes.SLOW)

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

    def refuse(self, refusal: Refusal) -> None:
        """End by a refusal, with the code that it has."""
        self.end(close_codes.of(refusal, self._route.close_codes), refusal)

    def _fail(self, error: Exception) -> None:
        self.refuse(self._verdict(error))

    async def run(
        self, pace: Pace, hello_seconds: float, ended: Callable[["Socket"], None]
    ) -> None:
        """Serve at `pace` until the end. `ended` is called once, when the session is over."""
        silent = Refusal("unauthorized", "No hello came in time.")
        timer = self._loop.call_later(hello_seconds, self._silent, silent)
        self._wire.attach(self, pace)
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
            self.session.ended()
            ended(self)
        await self._farewell()

    def _silent(self, refusal: Refusal) -> None:
        # A hello that is being looked at has come in time.
        if not self._welcomed and not self._is_hello(self._frame):
            self.end(close_codes.SILENT, refusal)

    async def _farewell(self) -> None:
        """Say why, let the peer read what is left, and close."""
        code, refusal = self._ending or (close_codes.FAULT, None)
        if code not in {close_codes.GONE, close_codes.SLOW}:
            if refusal is not None:
                self._outbox.put(error_frame(None, refusal))
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

    def _is_hello(self, frame: Any) -> bool:
        operation = self._frames.early.operations.get(type(frame))
        return operation is not None and operation.handler is _no_handler

    def _take_early(self, frame: Any) -> None:
        if not self._is_hello(frame):
            self._before_hello += 1
            refuse(self._before_hello > FRAMES_BEFORE_HELLO, "malformed")
        self._hand_over(frame)

    def _take(self, frame: Any) -> None:
        deferred = self._frames.deferred.get(type(frame))
        if deferred is None:
            self._hand_over(frame)
            return
        action, handler = deferred
        try:
            if action is not None:
                self.visitor.spend(action)
            reply = partial(self._settled, frame.ref, action, handler)
            self._work += handler.weight
            try:
                handler.submit(self._caller, frame, reply)
            except BaseException:
                self._work -= handler.weight
                raise
        except Refusal as refusal:
            self._refused(frame.ref, refusal)
        if self._work >= _BUSY or self._outbox.size >= _FULL:
            self._pause()

    def _hand_over(self, frame: Any) -> None:
        """Leave a frame to the owner's task, and let no other come before it is done."""
        self._frame = frame
        self._pause()
        self._stir()

    def _refused(self, ref: int | None, refusal: Refusal) -> None:
        """Answer with an error; a frame that has not the form asked for ends the socket."""
        if refusal.code == "malformed":
            raise refusal
        if ref is not None:
            self._outbox.put(error_frame(ref, refusal))

    def _settled(self, ref: int, action: Action | None, handler: Deferred, outcome: Any) -> None:
        self._work -= handler.weight
        if isinstance(outcome, Refusal):
            if action is not None:
                self.visitor.refused(action, outcome)
            self._outbox.put(error_frame(ref, outcome))
        else:
            self._outbox.put(ok(ref, NOTHING if outcome is None else handler.encode(outcome)))
        if self._paused:
            # For a ping, that waits for the last answer; and to read on.
            self._stir()
            self._go_on()

    # --- what is awaited ----------------------------------------------------------------------

    async def _perform(self, frame: Any) -> None:
        try:
            if not self._welcomed and self._is_hello(frame):
                await self._hello(frame)
                return
            ends = self.is_leaving
            try:
                answer = await self._answer(frame)
            except Refusal as refusal:
                self._refused(frame.ref, refusal)
                if ends and refusal.code in self._route.close_codes:
                    # It is over already, in another way; what told of that was not listened to.
                    self.refuse(refusal)
                return
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            self._fail(error)
            return
        if frame.ref is not None:
            self._outbox.put(ok(frame.ref, answer))
        if ends:
            self.end(close_codes.LEFT)

    async def _hello(self, frame: Any) -> None:
        caller = self._route.caller
        texts = from_frame(frame, caller.credentials)
        self.visitor = self.visitor.at(caller.subjects_of(texts))
        try:
            who, welcome = await self.session.hello(frame.ref, texts)
        except Refusal as refusal:
            self._outbox.put(error_frame(frame.ref, refusal))
            raise
        self._caller = who
        self._outbox.put(welcome)
        self._welcomed = True
        self.session.welcomed(self._outbox.put)
        for event in self._early:
            self._outbox.put(event)
        self._early.clear()

    async def _answer(self, frame: Any) -> bytes:
        if isinstance(frame, Ping):
            while self._work and self._ending is None:
                await self._sleep()
            return NOTHING
        if self._welcomed:
            operation = self._frames.late.operations[type(frame)]
            if operation.action is not None:
                self.visitor.spend(operation.action)
            return await _handled(operation, self._caller, frame)
        operation = self._frames.early.operations[type(frame)]
        texts = from_frame(frame, operation.caller.credentials)
        visitor = self.visitor.at(operation.caller.subjects_of(texts))
        if operation.action is None:
            return await _handled(operation, await operation.caller.read(texts), frame)
        async with visitor.counted(operation.action):
            return await _handled(operation, await operation.caller.read(texts), frame)


async def _handled(operation: Operation, caller: Any, body: Any) -> bytes:
    assert not isinstance(operation.handler, Deferred)
    return await operation.handler(caller, body)


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
