"""A WebSocket (docs/protocol.md, section 11), whatever wing it belongs to.

A socket has one owner of its state, the `Socket`. Messages come in by `received`, one call each,
and go out through the outbox. Whatever ends a socket goes through `end`, which notes why, and is
carried out in `_farewell`, the only place that closes. Others put bytes into the outbox and never
wait: a member that doesn't read is dropped.

The first message is `hello`, which brings the credentials of the socket's caller; from then on that
caller asks. The frames of a message are taken in order. What is asked for often (`Deferred`) is
handed on with a callback at once. The rest is awaited in the task of the request, one after the
other; what came behind it waits in a queue, while reading pauses.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ephemeral.edge import close_codes
from ephemeral.edge.credentials import from_frame
from ephemeral.edge.errors import error_frame
from ephemeral.edge.frames import ok
from ephemeral.edge.guard import Verdict
from ephemeral.edge.limiter import Action, Visitor
from ephemeral.edge.operations import NOTHING, Answer, Deferred, Size, Waiting
from ephemeral.edge.outbox import FRAMES_MAX, Flusher, Outbox
from ephemeral.edge.pace import Pace
from ephemeral.edge.session import Session, SocketRoute
from ephemeral.edge.socket_frames import Ping, SocketFrames
from ephemeral.edge.wire import Wire
from ephemeral.protocol.errors import Refusal

__all__ = ["Socket"]

# No more is taken at so much unanswered work, and at so many bytes that the peer has not read: with
# both the outbox's bound is not reached by answers alone.
_BUSY = 64
_FULL = 256 * 1024
# How long a peer may take to read what is left before it is closed.
_FAREWELL_SECONDS = 5.0
# RFC 6455, section 7.4.1: the peer leaves the page.
_GOING_AWAY = 1001


class Socket:
    """One accepted connection, from the handshake to its end.

    `connection` names it. `session` is what the wing makes of it.
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
        #: The peer has closed it because it leaves the page that it was opened by.
        self.went_away = False
        self._wire = wire
        self._pace: Pace
        self._route = route
        self._frames = frames
        self._verdict = verdict
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(wire, flusher, self._go_on, partial(self.end, close_codes.SLOW))
        self._ending: tuple[int, Refusal | None] | None = None
        # Its end has been told by an answer: no further frame says why.
        self._told = False
        # A frame with its body that is awaited by the owner's task, what came behind it in the same
        # message (a list: it is short, and an empty deque takes as much as sixty frames), and what
        # that task sleeps on meanwhile.
        self._awaited: tuple[Any, Any] | None = None
        self._queue: list[tuple[Any, Any]] = []
        self._wake: asyncio.Future[None] | None = None
        self._welcomed = False
        self._caller: Any = None
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
        return self._awaited is not None and self._closes(self._awaited[0]) is not None

    # --- what the wire calls ------------------------------------------------------------------

    def received(self, text: bytes) -> None:
        """Take a message."""
        if self._ending is not None:
            return
        try:
            frames = (self._frames.late if self._welcomed else self._frames.early).decode(text)
            if len(frames) > 1:
                # The message itself was charged on the wire.
                self._pace.spend(len(frames) - 1)
        except Refusal as refusal:
            if refusal.code == "malformed" and not _is_utf_8(text):
                self.end(close_codes.NO_TEXT)
            else:
                self._fail(refusal)
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            self._fail(error)
        else:
            self._queue.extend(frames)
            self._take()

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

    def lost(self, code: int | None = None) -> None:
        """The peer has gone, or the server closes by itself; `code` is the one the peer gave."""
        self.went_away = self.went_away or code == _GOING_AWAY
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
        self._pace = pace
        self._wire.attach(self, pace)
        try:
            while self._ending is None:
                if self._awaited is not None:
                    await self._perform(*self._awaited)
                    self._awaited = None
                    self._go_on()
                elif self.retired and not self._work and not self._may_take():
                    self.end(close_codes.RESTART)
                else:
                    await self._sleep()
        finally:
            timer.cancel()
            self.session.ended()
            ended(self)
        await self._farewell()

    def _silent(self, refusal: Refusal) -> None:
        # A hello that is being looked at has come in time.
        if not self._welcomed and self._awaited is None:
            self.end(close_codes.SILENT, refusal)

    async def _farewell(self) -> None:
        """Say why, let the peer read what is left, and close."""
        code, refusal = self._ending or (close_codes.FAULT, None)
        if code not in {close_codes.GONE, close_codes.SLOW}:
            if refusal is not None and not self._told:
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

    def _pause(self) -> None:
        self._paused = True
        self._wire.pause()

    # --- taking frames ------------------------------------------------------------------------

    def _may_take(self) -> bool:
        """Whether something that came may be taken now."""
        return bool(self._queue) and self._is_free()

    def _is_free(self) -> bool:
        """Whether nothing is awaited, not too much is unanswered, and answers are taken."""
        return self._awaited is None and self._work < _BUSY and self._outbox.size < _FULL

    def _take(self) -> None:
        """Take what came, as far as it may be; read no further while it may not."""
        queue, deferred_frames = self._queue, self._frames.deferred
        try:
            while queue and self._is_free() and self._ending is None:
                frame, body = queue.pop(0)
                deferred = deferred_frames.get(type(frame))
                if deferred is None:
                    self._awaited = frame, body
                    self._stir()
                else:
                    self._defer(frame, body, *deferred)
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            self._fail(error)
        if not self._paused and not self._is_free():
            self._pause()

    def _go_on(self) -> None:
        """Take what waits, and then read on."""
        if not self._paused:
            return
        self._take()
        if not self._queue and not self.retired and self._is_free():
            self._paused = False
            self._wire.resume()

    def _defer(
        self,
        frame: Any,
        body: Any,
        action: Action | None,
        size: Size | None,
        handler: Deferred,
    ) -> None:
        try:
            if action is not None:
                self.visitor.spend(action)
            if isinstance(body, Refusal):
                raise body
            if size is not None:
                self.visitor.spend(size.action, size.of(body))
            reply = partial(self._settled, frame.ref, action, handler)
            self._work += handler.weight
            try:
                handler.submit(self._caller, body, reply)
            except BaseException:
                self._work -= handler.weight
                raise
        except Refusal as refusal:
            self._refused(frame.ref, refusal)

    def _refused(self, ref: int | None, refusal: Refusal) -> None:
        """Answer with an error; a frame that has not the form asked for ends the socket."""
        if refusal.code == "malformed":
            self.refuse(refusal)
        elif ref is not None:
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

    def _closes(self, frame: Any) -> int | None:
        """With which code the socket is closed once this is done, if it is."""
        operation = self._frames.operations.get(type(frame))
        return None if operation is None else operation.closes

    async def _perform(self, frame: Any, body: Any) -> None:
        closes = self._closes(frame)
        try:
            if not self._welcomed:
                await self._hello(frame, body)
                return
            answer = await self._answer(frame, body)
        except Refusal as refusal:
            self._refused(frame.ref, refusal)
            if not self._welcomed or (closes and refusal.code in self._route.close_codes):
                # Nobody is let in; or who wanted an end has it already, in another way, and what
                # told of that was not listened to.
                self._told = True
                self.refuse(refusal)
        except Exception as error:  # noqa: BLE001 - every error becomes a close code
            self._fail(error)
        else:
            if frame.ref is not None:
                self._outbox.put(ok(frame.ref, answer))
            if closes:
                self.end(closes)

    async def _hello(self, frame: Any, body: Any) -> None:
        caller = self._route.caller
        texts = from_frame(frame, caller.credentials)
        self.visitor = self.visitor.at(caller.subjects_of(texts))
        if isinstance(body, Refusal):
            raise body
        self._caller, welcome = await self.session.hello(frame.ref, texts, body)
        self._outbox.put(welcome)
        self._welcomed = True
        self.session.welcomed(self._outbox.put)
        for event in self._early:
            self._outbox.put(event)
        self._early.clear()

    async def _answer(self, frame: Any, body: Any) -> bytes:
        if isinstance(frame, Ping):
            while self._work and self._ending is None:
                await self._sleep()
            return NOTHING
        operation = self._frames.operations[type(frame)]
        if operation.action is not None:
            self.visitor.spend(operation.action)
        if isinstance(body, Refusal):
            raise body
        assert not isinstance(operation.handler, Deferred | Waiting)
        answer = await operation.handler(self._caller, body)
        assert not isinstance(answer, Answer), "headers are of HTTP alone"
        if operation.large is not None:
            self.visitor.charge(operation.large, len(answer))
        return answer


def _is_utf_8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
