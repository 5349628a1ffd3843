"""Two ways to `/metrics`: with a token beside everything else, or on a port of their own."""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import start_http_server
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ephemeral import metrics
from ephemeral.edge.guard import header_values
from ephemeral.edge.server import ListenRefused
from ephemeral.protocol.errors import refuse

__all__ = ["MetricsPage", "metrics_port"]


class MetricsPage:
    """`/metrics` for the bearer of a token; for anybody else there is nothing at this address."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or raise what any unknown address raises, whatever the method."""
        request = Request(scope, receive)
        given = header_values(scope, b"authorization")
        known = len(given) == 1 and hmac.compare_digest(given[0], self._expected)
        refuse(not known or request.method not in {"GET", "HEAD"}, "not_found")
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        response = Response(encode(metrics.REGISTRY), headers={"content-type": content_type})
        await response(scope, receive, send)


@contextmanager
def metrics_port(host: str, ports: Sequence[int]) -> Iterator[int]:
    """Serve the metrics, and nothing else, at the first of `ports` that is free; gives it.

    In a thread, so that a loop that hangs can still be measured. Raises ListenRefused.
    """
    server, thread = _started(host, ports)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _started(host: str, ports: Sequence[int]) -> tuple[WSGIServer, Thread]:
    why: str | None = None
    for port in ports:
        try:
            return start_http_server(port, addr=host, registry=metrics.REGISTRY)
        except OSError as error:
            why = error.strerror
    raise ListenRefused(f"METRICS_PORT {ports[0]} of {host} can't be had: {why}.")
