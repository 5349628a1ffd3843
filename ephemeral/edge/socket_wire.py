"""WebSocket on the wire, on top of uvicorn's.

The handshake and every unusual frame are left to uvicorn and `websockets`; the usual ones, a whole
text message in a frame of its own, go a short way: no queue, no task, no copy into events. That
halves the cost of a message (measured against the same relay through ASGI events). The other way
costs ten times as much as a frame costs its sender, so every frame, of whichever kind, is charged
to the socket's pace before it is looked into.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.speedups import apply_mask

from ephemeral import metrics
from ephemeral.edge.ending import HangUp, Stall, last_words, refused
from ephemeral.edge.pace import Pace
from ephemeral.edge.pulse import Pulse
from ephemeral.edge.unheard import UNHEARD
from ephemeral.edge.wire import WIRE, FrameHandler
from ephemeral.protocol.errors import Refusal

__all__ = ["SocketWire"]

# How long a peer that was closed may take to close as well, before it is cut off.
_ABORT_SECONDS = 10.0

# RFC 6455, section 5.2: the last frame of a text message; a pong; a payload that is masked.
_WHOLE_TEXT = 0x81
_PONG = 0x8A
_MASKED = 0x80
_OPCODE = 0x0F
# The length's bits, and by them, how long the head of a masked frame is.
_LENGTH = 0x7F
_HEAD = bytes([6] * 126 + [8, 14])
_BROKEN = -1
# A ping that says nothing, as it goes over the wire.
_PING = b"\x89\x00"
# What a pong may carry (5.5).
_CONTROL_MAX = 125
# A continuation of at least so many bytes costs nothing beside what its message costs: between a
# member and us there may be somebody who cuts messages up. Of smaller ones nobody needs many.
_FREE_PIECE = 1024
# What may come behind a handshake before it is answered.
_AHEAD_MAX = 64 * 1024


def _refusal(status: int) -> Refusal:
    return Refusal("internal" if status >= 500 else "malformed")


def _reject(status: HTTPStatus | int, text: str) -> Response:
    """The answer to a handshake that is none; the text of the library quotes what came."""
    del text
    refusal = _refusal(status)
    headers, body = refused(refusal)
    said = Headers([(name.decode(), value.decode()) for name, value in headers])
    return Response(refusal.status, HTTPStatus(refusal.status).phrase, said, body)


class SocketWire(WebSocketsSansIOProtocol):
    """WebSocket. A peer that doesn't read or doesn't answer is cut off, not waited for.

    Its handshake has `handshake_seconds`. From then on it is pinged with every beat of `pulse`; one
    of which nothing was heard by the next has gone, and so has one that took nothing of what it was
    sent.
    """

    def __init__(
        self, *arguments: Any, pulse: Pulse, handshake_seconds: float, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._pulse = pulse
        self._handshake_seconds = handshake_seconds
        self._handshake: asyncio.TimerHandle | None = None
        self._heard = True
        self.conn.reject = _reject  # type: ignore[method-assign]
        self.blocked = False
        self._max_size: int = self.config.ws_max_size
        self._handler: FrameHandler | None = None
        self._pace: Pace
        self._stall: Stall
        # What was read and not yet taken: the beginning of a frame, or all that came in a pause.
        self._rest: bytes | bytearray = b""
        # Of how many bytes it has to be before it is worth a look.
        self._needed = 0
        self._paused = False
        self._consuming = False
        # Nothing more is heard; and whatever was to be said is.
        self._deaf = False
        self._hang_up: HangUp | None = None
        # What is to be said to the last ping (5.5.3), once the peer reads.
        self._pong = b""

    # --- Wire ---------------------------------------------------------------------------------

    def attach(self, handler: FrameHandler, pace: Pace) -> None:
        """From now on `handler` gets what comes, as far as `pace` allows it."""
        self._handler, self._pace = handler, pace
        self._forget_handshake()
        self._consume()
        if not self._paused and not self._deaf:
            self.transport.resume_reading()

    def write(self, text: bytes) -> None:
        """Send a text message at once: one frame, not masked (RFC 6455, section 5.2)."""
        size = len(text)
        if size < 126:
            head = bytes((_WHOLE_TEXT, size))
        elif size < 65536:
            head = b"\x81\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x81\x7f" + size.to_bytes(8, "big")
        self.transport.write(head + text)

    def pause(self) -> None:
        """Let nothing more come, not even what has been read already."""
        self._paused = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        """Let it come again."""
        if not self._paused:
            return
        self._paused = False
        self._consume()
        if not self._paused and not self._deaf and not self.transport.is_closing():
            self.transport.resume_reading()

    def close(self, code: int) -> None:
        """Send a close frame behind whatever is on its way; cut the connection a little later."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        metrics.socket_closed(code)
        self.stop_keepalive()
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self._deaf:
            self._hang()
        else:
            self._cut_off_later()
            self.resume()

    # --- reading ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take what has come, if it may be taken."""
        if self._handler is None or self._deaf:
            self._received_aside(data)
            return
        if self._rest:
            self._gather(data)
            if len(self._rest) < self._needed:
                return
        else:
            self._rest = data
        self._consume()

    def _received_aside(self, data: bytes) -> None:
        """What comes before hands are shaken, or after the end."""
        if self._hang_up is not None:
            self._hang_up.ignore(len(data))
        elif not self.handshake_initiated:
            self._shake_hands(data)
        elif not self._deaf:
            self._gather(data)
            if len(self._rest) > _AHEAD_MAX:
                self.transport.pause_reading()

    def _gather(self, data: bytes) -> None:
        # Grown in place: a frame may come byte by byte.
        if isinstance(self._rest, bytes):
            self._rest = bytearray(self._rest)
        self._rest += data

    def _consume(self) -> None:
        """Take whole frames off what was read, until there is none or a pause."""
        if self._handler is None or self._consuming:
            return
        self._consuming = True
        pace, self._needed = self._pace, 0
        pace.refill(self.loop.time())
        data, at, size = self._rest, 0, len(self._rest)
        while at < size and not (self._paused or self._deaf) and (end := self._frame_end(data, at)):
            if data[at] & _OPCODE or end - at < _FREE_PIECE:
                pace.tokens -= 1
                if pace.tokens < 0:
                    self._flooded()
                    break
            if end == _BROKEN:
                # The library says what is wrong with it, and closes.
                super().data_received(bytes(data[at:]))
                end = size
            elif data[at] == _WHOLE_TEXT and not self.frames and not self.close_sent:
                start = at + _HEAD[data[at + 1] & _LENGTH]
                self._handler.received(apply_mask(data[start:end], data[start - 4 : start]))
            elif data[at] != _PONG or data[at + 1] > _MASKED | _CONTROL_MAX:
                # Of a pong, to have come is all that it says.
                super().data_received(bytes(data[at:end]))
            at = end
        if at:
            # Half a frame for ever is not an answer.
            self._heard = True
        self._rest = b"" if self._deaf else data[at:]
        self._consuming = False

    def _flooded(self) -> None:
        """Hear nothing more: whoever sends on waits for somebody who reads, until it is cut off."""
        self._deaf = True
        self.transport.pause_reading()
        if self.close_sent:
            self._hang()
        elif self._handler is not None:
            self._handler.flooded()

    def _frame_end(self, data: bytes | bytearray, at: int) -> int:
        """Where the frame at `at` ends; 0 if it isn't all there, `_BROKEN` if it is none."""
        if len(data) - at < 2:
            self._needed = 2
            return 0
        if not data[at + 1] & _MASKED:
            return _BROKEN
        head = _HEAD[length := data[at + 1] & _LENGTH]
        if len(data) - at < head:
            self._needed = head
            return 0
        if length >= 126:
            length = int.from_bytes(data[at + 2 : at + head - 4], "big")
        if length > self._max_size:
            return _BROKEN
        end = at + head + length
        if end <= len(data):
            return end
        self._needed = end - at
        return 0

    def send_receive_event_to_app(self) -> None:
        """A message that came in pieces, or isn't text."""
        data, self.frames = b"".join(self.frames), []
        if self.close_sent or self._handler is None:
            return
        if self.curr_msg_data_type == "text":
            self._handler.received(data)
        else:
            self._handler.received_binary()

    # --- the handshake ------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Give the handshake its time."""
        super().connection_made(transport)
        self._stall = Stall(self.transport)
        self._handshake = self.loop.call_later(self._handshake_seconds, self.transport.abort)

    def _shake_hands(self, head: bytes) -> None:
        """Take the whole head of a handshake, or refuse it: whatever it is, it has an answer."""
        try:
            super().data_received(head)
        except Exception as error:  # noqa: BLE001 - of the library, about what a stranger sent
            problem = {"message": "A handshake could not be answered.", "exception": error}
            self.loop.call_exception_handler(problem)
            self._refuse_handshake(HTTPStatus.INTERNAL_SERVER_ERROR)
        else:
            if not self.handshake_initiated:
                # The library waits for something else, or has a complaint of its own.
                self._refuse_handshake(HTTPStatus.BAD_REQUEST)
            elif self.response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
                metrics.answered(self.response.status_code)

    def _refuse_handshake(self, status: HTTPStatus) -> None:
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.transport.write(last_words(status, _refusal(status)))
        self._hang()

    def handle_connect(self, event: Any) -> None:
        """Bring the application this wire along with the scope."""
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            self.scope["extensions"][WIRE] = self  # type: ignore[assignment]

    def start_keepalive(self) -> None:
        """Hands are shaken: see from now on whether the peer is there."""
        self._handshake_is_over()
        self._pulse.add(self)

    def _forget_handshake(self) -> None:
        """Keep nothing of what the peer said of itself, whoever else holds it."""
        self.scope["headers"].clear()  # type: ignore[attr-defined]
        self.request.headers.clear()
        self.request = self.response = None  # type: ignore[assignment]
        self.queue = self.writable = UNHEARD

    def _handshake_is_over(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
            self._handshake = None

    # --- the life of the connection -----------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._handshake_is_over()
        super().connection_lost(exc)
        self._lost()

    def handle_close(self, event: Any) -> None:
        """The peer closes, or has closed as well."""
        super().handle_close(event)
        if self.close_timer is None:
            self._cut_off_later()
        self._lost()

    def handle_parser_exception(self) -> None:
        """The peer broke the rules of frames: tell it by which code."""
        self.stop_keepalive()
        self._deaf = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._hang()
        self._lost()

    def handle_ping(self) -> None:
        """Answer a ping; of several that come while the peer doesn't read, the last one."""
        pong = b"".join(self.conn.data_to_send())
        if self.blocked:
            self._pong = pong
        else:
            self.transport.write(pong)

    def shutdown(self) -> None:
        """The server stops."""
        try:
            super().shutdown()
        except Exception:  # noqa: BLE001 - the library was in no state to say it
            self.transport.abort()
        self._lost()

    def stop_keepalive(self) -> None:
        """No longer."""
        self._pulse.remove(self)

    def beat(self) -> None:
        """Ask the peer whether it is there, or see that it isn't."""
        if self.close_sent or self.transport.is_closing():
            return
        if self.blocked:
            # It would not read the question: that it reads at all is the answer.
            if self._stall.is_there() and self._handler is not None:
                self._handler.stalled()
        elif self._heard:
            self._heard = False
            self.transport.write(_PING)
        else:
            # There is nobody to read what is queued.
            self.keepalive_timeout()
            self.transport.abort()

    def pause_writing(self) -> None:
        """The peer doesn't read."""
        super().pause_writing()
        self.blocked = True

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        self.blocked = False
        self._heard = True
        self._stall.is_over()
        if self._pong and not self.close_sent:
            self.transport.write(self._pong)
        self._pong = b""
        if self._handler is not None:
            self._handler.writable()

    def _cut_off_later(self) -> None:
        self._set_timer(self.loop.call_later(_ABORT_SECONDS, self.transport.abort))

    def _hang(self) -> None:
        self._hang_up = HangUp(self.transport)
        self._set_timer(self._hang_up.timer)

    def _set_timer(self, timer: asyncio.TimerHandle) -> None:
        # With a timer there uvicorn closes nothing earlier, and it ends with the connection.
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = timer

    def _lost(self) -> None:
        if self._handler is not None:
            closed = self.conn.close_rcvd
            self._handler.lost(None if closed is None else closed.code)
