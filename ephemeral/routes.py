"""Every path that is served. What is documented and what is served come from one table."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Scope

from ephemeral.edge.guard import header_values
from ephemeral.edge.limiter import Action, Limiter
from ephemeral.edge.openapi import document
from ephemeral.edge.operations import Operation
from ephemeral.page.files import StaticFiles
from ephemeral.page.pages import Health, Pages
from ephemeral.rooms.api.config_api import config_operation
from ephemeral.rooms.api.room_operations import ROOM_OPERATIONS

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


def _counted(operation: Operation) -> Handler:
    """Its handler, for whoever doesn't ask too often."""
    action = operation.action
    if action is None:
        return operation.handler

    async def handle(request: Request) -> Response:
        limiter: Limiter = request.app.state.limiter
        visitor = limiter.visitor(request.scope).at(*_credentials(request.scope))
        if action is Action.CREATE:
            await visitor.spend_together(action)
            return await operation.handler(request)
        async with visitor.asking_together(action):
            return await operation.handler(request)

    return handle


def _credentials(scope: Scope) -> tuple[str, str]:
    """Locator and token as they were sent, "" for none. Whether they are any is seen later."""
    bearers = header_values(scope, b"authorization") or [b""]
    tokens = header_values(scope, b"ephemeral-member") or [b""]
    return bearers[0].partition(b" ")[2].decode("latin-1"), tokens[0].decode("latin-1")


def _operation_routes(operations: Iterable[Operation]) -> list[BaseRoute]:
    paths: dict[str, dict[str, Handler]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = _counted(operation)
    return [
        Route(path, _by_method(handlers), methods=list(handlers))
        for path, handlers in paths.items()
    ]


def routes(
    pages: Pages,
    files: StaticFiles,
    health: Health,
    socket: ASGIApp,
    base_path: str,
    version: str,
    metrics: ASGIApp | None = None,
) -> list[BaseRoute]:
    """The route list of the application; without `metrics` there is no such address."""
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
        *([] if metrics is None else [Route("/metrics", metrics)]),
        Route("/robots.txt", pages.robots),
        Route("/favicon.ico", pages.favicon),
    ]
