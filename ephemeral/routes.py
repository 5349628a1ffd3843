"""Every path that is served. What is documented and what is served are the same operations."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from ephemeral.edge.config_api import config_operation
from ephemeral.edge.dispatch import operation_routes
from ephemeral.edge.health import Health
from ephemeral.edge.limiter import Limiter
from ephemeral.edge.openapi import document
from ephemeral.edge.operations import Operation
from ephemeral.edge.session import SocketRoute
from ephemeral.edge.sockets import Sockets
from ephemeral.edge.wing import Standing, Wing
from ephemeral.page.files import StaticFiles
from ephemeral.page.pages import Pages
from ephemeral.protocol.errors import Refusal

__all__ = ["operations_of", "page_routes", "wing_routes"]


def page_routes(pages: Pages, files: StaticFiles) -> list[BaseRoute]:
    """The page, its files, and what machines ask of any site."""
    return [
        Route("/", pages.home),
        Route("/about", pages.about),
        Route("/account/", pages.account),
        Route("/account/sw.js", pages.service_worker),
        Route("/static/{path:path}", files.serve),
        Route("/robots.txt", pages.robots),
        Route("/favicon.ico", pages.favicon),
    ]


def wing_routes(
    wings: Sequence[Wing],
    standing: Standing,
    sockets: Sockets,
    limiter: Limiter,
    health: Health,
    now: Callable[[], int],
    base_path: str,
    version: str,
    metrics: ASGIApp | None = None,
    beside: Sequence[BaseRoute] = (),
) -> list[BaseRoute]:
    """All that wings add, and what tells of them; without `metrics` there is no such address.

    `now`: the time in milliseconds, as `GET /config` tells it. `beside`: what is no operation.
    """
    operations = operations_of(wings, now)
    contract = document(operations, base_path, version)

    async def openapi(_request: Request) -> Response:
        return Response(contract, media_type="application/json")

    return [
        *(
            WebSocketRoute(one.path, sockets.endpoint(one))
            for wing in wings
            for one in wing.sockets
        ),
        *operation_routes(operations, limiter, sockets.hold),
        *(one for wing in wings if wing.documents for one in wing.documents(standing)),
        *beside,
        Route("/openapi.json", openapi),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        *([] if metrics is None else [Route("/metrics", metrics)]),
    ]


def operations_of(wings: Iterable[Wing], now: Callable[[], int]) -> list[Operation]:
    """Every operation over HTTP, the handshakes of sockets among them.

    Raises ValueError where two wings use one name.
    """
    wings = list(wings)
    parts = [wing.config for wing in wings if wing.config is not None]
    schemas = tuple(schema for wing in wings for schema in wing.config_schemas)
    operations = [
        config_operation(parts, now, schemas),
        *(one for wing in wings for one in wing.operations),
        *(_handshake(one) for wing in wings for one in wing.sockets),
    ]
    _refuse_twice("operations", (one.name for one in operations))
    actions = {one.action for one in operations if one.action is not None}
    _refuse_twice("actions", (one.name for one in actions))
    return operations


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    """Hosts count by these names, and clients are made of them."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"two {what} have one name: {twice}")


def _handshake(route: SocketRoute) -> Operation:
    """What is at a socket's path for whoever doesn't speak WebSocket."""

    async def refuse(_caller: None, _body: None) -> bytes:
        raise Refusal("malformed", f"Speak WebSocket here, with the subprotocol {route.protocol}.")

    return Operation(
        method="GET",
        path=route.path,
        name=route.name,
        summary=f"Speak WebSocket (subprotocol {route.protocol}; {route.document})",
        handler=refuse,
        answers={101: None},
    )
