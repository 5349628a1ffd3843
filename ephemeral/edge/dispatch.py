"""Operations over HTTP: from a request to `(caller, body)`, and from an answer to a response.

Order of refusals: limits, credentials, media type, body. A request is counted before anything of
it is believed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, compile_path

from ephemeral.edge.credentials import Texts, from_headers, is_sent
from ephemeral.edge.frames import decode_json, without
from ephemeral.edge.guard import header_values
from ephemeral.edge.limiter import Limiter
from ephemeral.edge.operations import Created, Deferred, Operation, settle
from ephemeral.protocol.errors import refuse

__all__ = ["addresses", "body_beside_path", "operation_routes", "path_fields"]

_Endpoint = Callable[[Request], Awaitable[Response]]


def operation_routes(operations: Iterable[Operation], limiter: Limiter) -> list[BaseRoute]:
    """One route for each path, so that a wrong method is told all that there are."""
    routes: list[BaseRoute] = []
    for path, methods in addresses(operations).items():
        endpoints = {method: _alternatives(group, limiter) for method, group in methods.items()}
        routes.append(Route(path, _by_method(endpoints), methods=list(endpoints)))
    return routes


def addresses(operations: Iterable[Operation]) -> dict[str, dict[str, list[Operation]]]:
    """The operations by path and by method, each in the order in which they are stated."""
    paths: dict[str, dict[str, list[Operation]]] = {}
    for one in operations:
        paths.setdefault(one.path, {}).setdefault(one.method, []).append(one)
    return paths


def path_fields(operation: Operation) -> tuple[str, ...]:
    """Fields of the body that stand in the path."""
    return tuple(compile_path(operation.path)[2])


def body_beside_path(operation: Operation) -> type[msgspec.Struct] | None:
    """What the body of the request holds; None where there is none."""
    if operation.body is None:
        return None
    names = path_fields(operation)
    if not names:
        return operation.body
    rest = without(operation.body, names)
    return rest if msgspec.structs.fields(rest) else None


def _by_method(endpoints: Mapping[str, _Endpoint]) -> _Endpoint:
    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return dispatch


def _alternatives(operations: list[Operation], limiter: Limiter) -> _Endpoint:
    """The first whose credentials were sent, or else the last."""
    *preferred, last = [_Performer(one, operations, limiter) for one in operations]
    if not preferred:
        return last

    async def dispatch(request: Request) -> Response:
        for one in preferred:
            if is_sent(request.scope, one.credentials):
                return await one(request)
        return await last(request)

    return dispatch


class _Performer:
    """One operation at its address."""

    def __init__(self, operation: Operation, at_address: list[Operation], limiter: Limiter) -> None:
        self.credentials = operation.caller.credentials
        self._operation = operation
        self._limiter = limiter
        self._path_fields = path_fields(operation)
        body = body_beside_path(operation)
        self._decode = None if body is None else msgspec.json.Decoder(body).decode
        # What an `alone` caller must not bring.
        self._foreign = tuple(
            (credential,)
            for other in at_address
            for credential in other.caller.credentials
            if credential not in self.credentials
        )

    async def __call__(self, request: Request) -> Response:
        operation = self._operation
        texts = from_headers(request.scope, self.credentials)
        if operation.action is None:
            return await self._perform(request, texts)
        visitor = self._limiter.visitor(request.scope).at(operation.caller.subjects_of(texts))
        async with visitor.counted(operation.action):
            return await self._perform(request, texts)

    async def _perform(self, request: Request, texts: Texts) -> Response:
        operation = self._operation
        caller = await operation.caller.read(texts)
        if operation.caller.alone:
            brought = any(is_sent(request.scope, one) for one in self._foreign)
            refuse(brought, "malformed")
        body = await self._body(request)
        handler = operation.handler
        if isinstance(handler, Deferred):
            answer = await _settled(handler, caller, body)
        else:
            answer = await handler(caller, body)
        if 204 in operation.answers:
            return Response(status_code=204)
        status = 201 if isinstance(answer, Created) else 200
        return Response(answer, status_code=status, media_type="application/json")

    async def _body(self, request: Request) -> Any:
        """The body with what stands in the path; None where the operation has none."""
        beside = None
        if self._decode is None:
            refuse(await request.body() != b"", "malformed")
        else:
            media = header_values(request.scope, b"content-type")
            essence = media[0].partition(b";")[0].strip().lower() if len(media) == 1 else b""
            refuse(essence != b"application/json", "unsupported_media")
            beside = decode_json(self._decode, await request.body())
        if not self._path_fields or self._operation.body is None:
            return beside
        fields = {} if beside is None else msgspec.structs.asdict(beside)
        return self._operation.body(**request.path_params, **fields)


async def _settled(handler: Deferred, caller: Any, body: Any) -> bytes:
    """Wait for the answer to something that is committed together with others."""
    settled: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def reply(outcome: Any) -> None:
        # Whoever asked may be gone.
        if not settled.done():
            settled.set_result(outcome)

    handler.submit(caller, body, reply)
    return settle(await settled, handler.encode)
