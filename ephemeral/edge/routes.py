"""Every path that is served. What is documented and what is served come from one table."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from ephemeral.edge.config_api import config_operation
from ephemeral.edge.files import StaticFiles
from ephemeral.edge.openapi import document
from ephemeral.edge.operations import Operation
from ephemeral.edge.pages import Health, Pages
from ephemeral.edge.room_operations import ROOM_OPERATIONS

__all__ = ["OPERATIONS", "SOCKET_PATH", "routes"]

Handler = Callable[[Request], Awaitable[Response]]

OPERATIONS = (config_operation, *ROOM_OPERATIONS)
SOCKET_PATH = "/room/socket"


def _by_method(handlers: Mapping[str, Handler]) -> Handler:
    """One endpoint of several methods, so that a wrong one is told all that there are."""

    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    return dispatch


def _operation_routes(operations: Iterable[Operation]) -> list[BaseRoute]:
    paths: dict[str, dict[str, Handler]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation.handler
    return [
        Route(path, _by_method(handlers), methods=list(handlers))
        for path, handlers in paths.items()
    ]


def routes(
    pages: Pages, files: StaticFiles, health: Health, socket: ASGIApp, base_path: str, version: str
) -> list[BaseRoute]:
    """The route list of the application."""
    contract = document(OPERATIONS, base_path, version)

    async def openapi(_request: Request) -> Response:
        return Response(contract, media_type="application/json")

    return [
        WebSocketRoute(SOCKET_PATH, socket),
        *_operation_routes(OPERATIONS),
        Route("/", pages.home),
        Route("/static/{path:path}", files.serve),
        Route("/openapi.json", openapi),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/robots.txt", pages.robots),
        Route("/favicon.ico", pages.favicon),
    ]
