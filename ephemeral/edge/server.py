"""The running server: a port, uvicorn on it, and nothing of uvicorn's on the terminal."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from ephemeral.edge.connections import Connections, most_connections
from ephemeral.edge.http_wire import HttpWire
from ephemeral.edge.pulse import Pulse
from ephemeral.edge.socket_wire import SocketWire
from ephemeral.protocol.limits import FRAME_MAX

__all__ = ["ListenRefused", "Server", "listen"]


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


class Server(uvicorn.Server):
    """Serves an application that somebody else builds and takes down.

    `ready` is called once when connections are accepted. There are so many at most that `reserved`
    descriptors stay free beside those that are open when this is made. A request has
    `request_seconds` to come, one that was answered leaves its connection open for
    `keep_alive_seconds`, and sockets are pinged every `ping_seconds`. `stop` ends it gracefully,
    called again at once. Gracefully: `drain` is awaited while requests are still served, then what
    is under way may be finished. `drain` should take `drain_seconds`; beyond that, it and the
    finishing have `stop_seconds` each.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None],
        drain: Callable[[], Awaitable[None]],
        *,
        reserved: int,
        request_seconds: float,
        keep_alive_seconds: int,
        ping_seconds: float,
        drain_seconds: float,
        stop_seconds: int,
    ) -> None:
        # Their lines hold addresses of clients, and tracebacks hold everything.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        http = partial(
            HttpWire,
            connections=Connections(most_connections(reserved)),
            pulse=Pulse(request_seconds),
            request_seconds=request_seconds,
        )
        sockets = partial(SocketWire, pulse=Pulse(ping_seconds), handshake_seconds=request_seconds)
        super().__init__(
            uvicorn.Config(
                app,
                http=http,  # type: ignore[arg-type]
                ws=sockets,  # type: ignore[arg-type]
                ws_max_size=FRAME_MAX,
                ws_per_message_deflate=False,
                # The pulse does that.
                ws_ping_interval=None,
                ws_ping_timeout=None,
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=keep_alive_seconds,
                timeout_graceful_shutdown=stop_seconds,
            )
        )
        self._ready = ready
        self._drain = drain
        self._drain_seconds = drain_seconds + stop_seconds
        self._ending: asyncio.Task[None] | None = None

    async def run_on(self, listener: socket.socket) -> None:
        """Serve until stopped. Signals are the caller's."""
        await self._serve([listener])
        if self._ending is not None:
            # Still under way only if it was not waited for.
            self._ending.cancel()
            with suppress(asyncio.CancelledError):
                await self._ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        """End: the first time gracefully, the second time without waiting."""
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._end(), name="ending")
        else:
            self.force_exit = self.should_exit = True

    async def _end(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._drain_seconds):
                    await self._drain()
        finally:
            self.should_exit = True
