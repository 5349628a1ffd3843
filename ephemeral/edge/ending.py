"""How connections end whose peer doesn't do its part: what both wires need for that."""

import asyncio
from http import HTTPStatus

from ephemeral import metrics
from ephemeral.edge.errors import error
from ephemeral.edge.headers import ANSWER, Header
from ephemeral.protocol.errors import Refusal

__all__ = ["HangUp", "Stall", "last_words", "refused"]

# How long a peer that was told why has to read it.
_LINGER_SECONDS = 2.0
# So much of what it still sends is read and thrown away, lest a reset overtake what it was told.
_IGNORED_MAX = 256 * 1024


def refused(refusal: Refusal) -> tuple[list[Header], bytes]:
    """Headers and body of an answer behind which the connection ends."""
    body = error(refusal)
    length = b"%d" % len(body)
    return [
        (b"content-type", b"application/json"),
        (b"content-length", length),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        *ANSWER,
    ], body


def last_words(status: HTTPStatus, refusal: Refusal) -> bytes:
    """Such an answer, as it goes over the wire; counts it for the metrics."""
    metrics.answered(status)
    headers, body = refused(refusal)
    lines = b"".join(b"%b: %b\r\n" % one for one in headers)
    return f"HTTP/1.1 {status} {status.phrase}\r\n".encode() + lines + b"\r\n" + body


class HangUp:
    """The end of a connection whose last words are written. Nothing more may be written to it.

    Only our half is shut at first: closing both with something unread would reset the connection,
    and the peer might never read the words.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._ignored = 0
        if not transport.is_closing():
            transport.write_eof()
        loop = asyncio.get_running_loop()
        #: Cuts it off; to be cancelled when the connection is gone.
        self.timer = loop.call_later(_LINGER_SECONDS, transport.abort)

    def ignore(self, size: int) -> None:
        """So many bytes came all the same."""
        self._ignored += size
        if self._ignored > _IGNORED_MAX:
            self._transport.pause_reading()


class Stall:
    """Whether a peer takes what is written to it, looked at now and then.

    Asked only while nothing more is written, so that what waits can but shrink.
    """

    __slots__ = ("_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._waiting: int | None = None

    def is_there(self) -> bool:
        """Whether the peer has taken nothing since the last look; never at the first one."""
        before, self._waiting = self._waiting, self._transport.get_write_buffer_size()
        return before is not None and self._waiting >= before

    def is_over(self) -> None:
        """The peer takes what it is sent."""
        self._waiting = None
