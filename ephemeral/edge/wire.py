"""uvicorn's protocols, where they would answer in another shape or wait for a slow peer."""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.http11 import Response

from ephemeral.edge import answers
from ephemeral.edge.sockets import CLOSE_EXTENSION
from ephemeral.protocol.errors import Refusal

__all__ = ["HttpWire", "SocketWire"]

# How long a closed peer may take to close as well.
_ABORT_SECONDS = 10.0


def _reject(status: HTTPStatus | int, text: str) -> Response:
    """The answer to a handshake that is none; the text of the library quotes what came."""
    del text
    refusal = Refusal("internal" if int(status) >= 500 else "malformed")
    body = answers.error(refusal)
    headers = Headers(
        {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }
    )
    return Response(refusal.status, HTTPStatus(refusal.status).phrase, headers, body)


class HttpWire(HttpToolsProtocol):
    """HTTP/1.1. What isn't HTTP gets the one shape of errors."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words
        """Refuse what can't be parsed."""
        body = answers.error(Refusal("malformed"))
        self.transport.write(
            STATUS_LINE[400]
            + b"content-type: application/json\r\ncache-control: no-store\r\n"
            + b"x-content-type-options: nosniff\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        self.transport.close()


class SocketWire(WebSocketsSansIOProtocol):
    """WebSocket. A peer that doesn't read or doesn't answer is cut off, not waited for."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn.reject = _reject  # type: ignore[method-assign]

    def handle_connect(self, event: Any) -> None:
        """Offer `Close` to the application."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][CLOSE_EXTENSION] = self.close  # type: ignore[assignment]

    def close(self, code: int) -> None:
        """Send a close frame behind whatever is on its way; cut the connection a little later."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_ABORT_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping: there is nobody to read what is queued."""
        super().keepalive_timeout()
        self.transport.abort()
