"""HTTP/1.1 on the wire, on top of uvicorn's: what a connection may cost, and for how long.

uvicorn and httptools take heads of any size, parse whatever was sent ahead and wait for ever for
whoever doesn't read. Here a request is parsed when its turn has come, piece by piece, each piece so
short that what it costs is known before; and each wait has an end.
"""

import asyncio
from http import HTTPStatus
from typing import Any, NoReturn

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ephemeral.edge.body_limits import allowed_body, may_take_longer, read_on_so_far
from ephemeral.edge.connections import Connections
from ephemeral.edge.ending import HangUp, Stall, last_words
from ephemeral.edge.operations import BODY_MAX
from ephemeral.edge.pulse import Pulse
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import FRAME_MAX

__all__ = ["HttpWire"]

# A head: all of it together, one line of it, and how many headers, those behind a body included.
_HEAD_MAX = 16 * 1024
_LINE_MAX = 8 * 1024
_HEADERS_MAX = 100
# No request's body is longer before somebody has looked what is asked for.
_BODY_MAX = BODY_MAX + FRAME_MAX
# What may come slowly brings so much in the time in which others come whole.
_SLOW_LEAST = 64 * 1024
# Where a body in chunks ends isn't known before it is parsed. In a piece of so many bytes there is
# room behind its end for a handful of requests.
_CHUNKED_PIECE = 256
# What stands in a line beside a header's name and value, and beside a method and an address.
_BESIDE_HEADER = len(": \r\n")
_BESIDE_URL = len("  HTTP/1.1\r\n")


# What isn't of a body, while there is none and beside one.
_LOOSE_MAX = _HEAD_MAX + _LINE_MAX

_LONG_HEAD = "The headers of this request are too long, or too many."


class _TooMuch(Exception):
    """Ends the parsing of a request that is over a limit."""


class HttpWire(HttpToolsProtocol):
    """One connection. What isn't HTTP, and what is too much of it, gets the one shape of errors.

    A request has `request_seconds` from its beginning, the first one from the connection's, until
    all of it has come, or the more of it that may come slowly: connections that say nothing, or for
    ever, are closed. So are those that
    take nothing of an answer from one beat of `pulse` to the next.
    """

    def __init__(
        self,
        *arguments: Any,
        connections: Connections,
        pulse: Pulse,
        request_seconds: float,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._crowd = connections
        self._pulse = pulse
        self._request_seconds = request_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: Stall | None = None
        self._hang_up: HangUp | None = None
        # What was read and whose turn hasn't come.
        self._unread = b""
        # The one that is being answered.
        self._served: RequestResponseCycle | None = None
        # What is over its limit, as the status that says so.
        self._excess: HTTPStatus | None = None
        self._in_head = True
        # Bytes that were parsed and are not of a body: of this head, or between and behind chunks.
        self._loose = 0
        self._begin_request()

    def _begin_request(self) -> None:
        # Of this request: bytes and number of the headers that have come.
        self._head = 0
        self._header_count = 0
        # Of its body: bytes that have come, had come when that was looked at, and will; None: it
        # comes in chunks.
        self._body = self._body_seen = 0
        self._announced: int | None = 0

    # --- the life of the connection -----------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time, if there is room for one more."""
        super().connection_made(transport)
        if not self._crowd.has_room(len(self.connections)):
            transport.abort()
            return
        self._stall = Stall(transport)
        self._pulse.add(self)
        self._expect()
        self._crowd.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is expected, and nobody is answered."""
        self._let_go()
        if self._hang_up is not None:
            self._hang_up.timer.cancel()
        self._unread = b""
        self._disconnect()
        super().connection_lost(exc)

    def _let_go(self) -> None:
        self._pulse.remove(self)
        self._crowd.busy(self)
        self._expect_no_more()
        self._unset_keepalive_if_required()

    def _disconnect(self) -> None:
        """Whoever answers is told that nobody listens."""
        self.pipeline.clear()
        for cycle in (self._served, self.cycle):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()

    def drop(self) -> None:
        """Close it: it is idle, and another connection came."""
        self.transport.close()

    def beat(self) -> None:
        """See whether the peer takes what it is sent, if it is waited for."""
        if self._stall is None:
            return
        if not (self.flow.write_paused or self.transport.is_closing()):
            self._stall.is_over()
        elif self._stall.is_there():
            self.transport.abort()

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.is_over()

    def _expect(self) -> None:
        self._body_seen = self._body
        self._deadline = self.loop.call_later(self._request_seconds, self._late)

    def _late(self) -> None:
        """It took too long, unless what comes may come slowly, and does come."""
        cycle: RequestResponseCycle | None = self.cycle
        if (
            cycle is not None
            and cycle.more_body
            and not cycle.response_complete
            and may_take_longer(cycle.scope)
            and self._body - self._body_seen >= _SLOW_LEAST
        ):
            self._expect()
        else:
            self.timeout_keep_alive_handler()

    def _expect_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # --- reading ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take what has come, if it may be taken."""
        if self._hang_up is not None:
            self._hang_up.ignore(len(data))
            return
        self._unread = self._unread + data if self._unread else data
        self._parse()

    def _parse(self) -> None:
        """Parse what was read, up to the end of a request that has to be answered first."""
        data, at = self._unread, 0
        while at < len(data) and not self._answers() and not self.transport.is_closing():
            end = self._piece_end(data, at)
            self._loose += end - at
            try:
                self.parser.feed_data(data if end - at == len(data) else memoryview(data)[at:end])
            except httptools.HttpParserUpgrade as upgrade:
                at += upgrade.args[0]
                if self._should_upgrade():
                    self._open_socket(data[at:])
                    return
                end = at
                if not self._ignore_upgrade():
                    return
            except httptools.HttpParserError:
                self._refuse_parsed()
                return
            at = end
            # Chunks may take as much as they bring: beyond that they are there to be parsed.
            if self._loose > _LOOSE_MAX + (0 if self._in_head else self._body):
                self._excess = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                self._refuse_parsed()
                return
        self._unread = data[at:]
        if self._unread:
            self.flow.pause_reading()

    def _answers(self) -> bool:
        """Whether a request came whole and has no answer yet."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def _piece_end(self, data: bytes, at: int) -> int:
        """How far to parse at once: not beyond the end of this head or this body, if it is known.

        So what was sent ahead is parsed in its turn.
        """
        if self._in_head:
            limit = at + _HEAD_MAX
            blank = data.find(b"\r\n\r\n", at, limit)
            return min(limit, len(data)) if blank < 0 else blank + 4
        if self._announced is None:
            return min(at + _CHUNKED_PIECE, len(data))
        return min(at + self._announced - self._body, len(data))

    def on_message_begin(self) -> None:
        """Give a further request its time."""
        self._unset_keepalive_if_required()
        self._crowd.busy(self)
        super().on_message_begin()
        self._begin_request()
        if self._deadline is None:
            self._expect()

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        super().on_url(url)
        if len(self.parser.get_method()) + len(self.url) + _BESIDE_URL > _LINE_MAX:
            self._exceed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head; one behind the body is counted and no more (RFC 9110, 6.5)."""
        size = len(name) + len(value) + _BESIDE_HEADER
        self._head += size
        self._header_count += 1
        if size > _LINE_MAX or self._head > _HEAD_MAX or self._header_count > _HEADERS_MAX:
            self._exceed(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, unless something else than HTTP is asked for: see `_parse`."""
        self._in_head = False
        self._loose = 0
        for name, value in self.headers:
            if name == b"transfer-encoding":
                self._announced = None
                break
            if name == b"content-length":
                self._announced = int(value)
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count the body."""
        self._body += len(body)
        self._loose -= len(body)
        # None where something else than HTTP is asked for.
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is not None and cycle.response_complete
        if answered:
            most = read_on_so_far(self.cycle.scope)
        else:
            most = _BODY_MAX if cycle is None else max(_BODY_MAX, allowed_body(cycle.scope))
        if self._body > most:
            self._exceed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request has come."""
        self._expect_no_more()
        self._in_head = True
        self._loose = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    # --- answering ----------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Answer the next request."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._unread:
            self._parse()
        if self.timeout_keep_alive_task is not None:
            self._crowd.idle(self)

    def _exceed(self, status: HTTPStatus) -> NoReturn:
        self._excess = status
        raise _TooMuch

    def _refuse_parsed(self) -> None:
        """Refuse what is too much, or can't be parsed."""
        if self._excess is None:
            self._refuse(HTTPStatus.BAD_REQUEST, Refusal("malformed"))
        elif self._excess is HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            self._refuse(self._excess, Refusal("too_large", _LONG_HEAD))
        else:
            self._refuse(self._excess, Refusal("too_large"))

    def _refuse(self, status: HTTPStatus, refusal: Refusal) -> None:
        """Say no behind what was answered before, and hang up."""
        begun = self._served
        may_answer = begun is None or begun.response_complete or not begun.response_started
        self._let_go()
        self._unread = b""
        self._disconnect()
        if self.transport.is_closing():
            return
        if may_answer:
            self.transport.write(last_words(status, refusal))
        self._hang_up = HangUp(self.transport)

    # --- something else than HTTP -------------------------------------------------------------

    def _ignore_upgrade(self) -> bool:
        """Read a head again as if it asked for nothing but HTTP/1.1 (RFC 9110, 7.8)."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, Refusal("method_not_allowed"))
            return False
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % one for one in self.headers if one[0] != b"upgrade"]
        # The old one waits for whatever comes next to be something else.
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        try:
            self.parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")
        except httptools.HttpParserError:
            self._refuse_parsed()
            return False
        return True

    def _open_socket(self, rest: bytes) -> None:
        """Leave the connection to a WebSocket, which has deadlines of its own."""
        self._let_go()
        self.connections.discard(self)
        wire = self.ws_protocol_class(  # type: ignore[misc]
            config=self.config,  # type: ignore[call-arg]
            server_state=self.server_state,
            app_state=self.app_state,
        )
        wire.connection_made(self.transport)
        self.transport.set_protocol(wire)
        method, url = self.parser.get_method(), self.url
        lines = [b"%b %b HTTP/1.1" % (method, url), *(b"%b: %b" % one for one in self.headers)]
        wire.data_received(b"\r\n".join(lines) + b"\r\n\r\n")
        if rest:
            wire.data_received(rest)
