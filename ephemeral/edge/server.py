"""The running server: a port, uvicorn on it, and nothing of uvicorn's on the terminal."""

import logging
import resource
import socket
from collections.abc import Callable
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from ephemeral.edge.wire import HttpWire, SocketWire
from ephemeral.protocol.limits import FRAME_MAX

__all__ = ["ListenRefused", "Server", "listen", "many_files"]

_KEEP_ALIVE_SECONDS = 30
_GRACEFUL_SECONDS = 10
_PING_SECONDS = 20


class ListenRefused(Exception):
    """The address can't be had; the message is one sentence for the operator."""


def listen(host: str, port: int) -> socket.socket:
    """Take an address before anything else is started; raises ListenRefused.

    Nobody can connect until the server is ready: it is the server that begins to listen.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenRefused(f"HOST {host} is no address to listen on: {error.strerror}.") from None
    try:
        # A port of connections that have just ended is free; one that is listened on isn't.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.setblocking(False)
    except OSError as error:
        taken.close()
        raise ListenRefused(
            f"Port {port} of {host} can't be had: {error.strerror}. Set another PORT, "
            "or stop what listens there."
        ) from None
    return taken


def many_files() -> None:
    """Allow this process as many sockets as the system lets it have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server(uvicorn.Server):
    """Serves an application whose lifespan somebody else has entered.

    `ready` is called once when connections are accepted. A request has `request_seconds` to come.
    `stop` ends it gracefully, called again at once.
    """

    def __init__(self, app: ASGIApp, ready: Callable[[], None], request_seconds: float) -> None:
        # Their lines hold addresses of clients, and tracebacks hold everything.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(HttpWire, request_seconds=request_seconds),  # type: ignore[arg-type]
                ws=SocketWire,
                ws_max_size=FRAME_MAX,
                ws_per_message_deflate=False,
                ws_ping_interval=_PING_SECONDS,
                ws_ping_timeout=_PING_SECONDS,
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACEFUL_SECONDS,
            )
        )
        self._ready = ready

    async def run_on(self, listener: socket.socket) -> None:
        """Serve until stopped. Signals are the caller's."""
        await self._serve([listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        """End: the first time gracefully, the second time without waiting."""
        self.force_exit = self.should_exit
        self.should_exit = True
