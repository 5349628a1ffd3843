"""Operations over HTTP: from a request to `(caller, body)`, and from an answer to a response.

Order of refusals: limits, credentials, media type, body. A request is counted before anything of
it is believed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from ephemeral.edge.body_limits import allow_body, read_on
from ephemeral.edge.credentials import Asked, Texts, from_headers, is_sent
from ephemeral.edge.crowds import Crowd
from ephemeral.edge.frames import decode_json, without
from ephemeral.edge.guard import header_values
from ephemeral.edge.holds import Hold
from ephemeral.edge.limiter import Limiter, Visitor
from ephemeral.edge.operations import (
    OCTETS,
    Answer,
    Deferred,
    Operation,
    Waiting,
    beside_json,
    header_fields,
    path_fields,
    settle,
)
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["body_beside_path", "by_address", "operation_routes"]

_Endpoint = Callable[[Request], Awaitable[Response]]
_Hold = Callable[[Visitor], AbstractContextManager[Hold]]


def operation_routes(
    operations: Iterable[Operation], limiter: Limiter, hold: _Hold
) -> list[BaseRoute]:
    """One route for each path, so that a wrong method is told all that there are.

    What is one path to the letter comes before what has fields, and is all that it can be. In the
    context of a `hold` a visitor's request waits, and counts as a socket.
    """
    routes: list[BaseRoute] = []
    addresses = by_address(operations).items()
    for path, methods in sorted(addresses, key=lambda address: len(path_fields(address[0]))):
        endpoints = {
            method: _alternatives(group, limiter, hold) for method, group in methods.items()
        }
        routes.append(_Path(path, _by_method(endpoints), methods=list(endpoints)))
    return routes


class _Path(Route):
    """A path with all its methods: where it matches, no other route is asked."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), child


def by_address(operations: Iterable[Operation]) -> dict[str, dict[str, list[Operation]]]:
    """The operations by path and by method, each in the order in which they are stated."""
    paths: dict[str, dict[str, list[Operation]]] = {}
    for one in operations:
        paths.setdefault(one.path, {}).setdefault(one.method, []).append(one)
    return paths


def body_beside_path(operation: Operation) -> type[msgspec.Struct] | None:
    """What the body of the request holds; None where there is none."""
    if operation.body is None:
        return None
    names = beside_json(operation)
    if not names:
        return operation.body
    rest = without(operation.body, names)
    return rest if msgspec.structs.fields(rest) else None


def _by_method(endpoints: Mapping[str, _Endpoint]) -> _Endpoint:
    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return dispatch


def _alternatives(operations: list[Operation], limiter: Limiter, hold: _Hold) -> _Endpoint:
    """The first whose credentials were sent, or else the last."""
    *preferred, last = [_Performer(one, operations, limiter, hold) for one in operations]
    if not preferred:
        return last
    if not all(one.credentials for one in preferred):
        raise ValueError(f"{operations[0].path}: what needs no credentials would hide the others")

    async def dispatch(request: Request) -> Response:
        for one in preferred:
            if is_sent(request.scope, one.credentials):
                return await one(request)
        return await last(request)

    return dispatch


class _Performer:
    """One operation at its address."""

    def __init__(
        self, operation: Operation, at_address: list[Operation], limiter: Limiter, hold: _Hold
    ) -> None:
        self.credentials = operation.caller.credentials
        self._operation = operation
        self._limiter = limiter
        self._hold = hold
        self._path_fields = path_fields(operation.path)
        self._headers = [
            (field, name.lower().encode()) for field, name in header_fields(operation).items()
        ]
        self._beside = bool(beside_json(operation))
        body = body_beside_path(operation)
        self._decode = None if body is None else msgspec.json.Decoder(body).decode
        self._unpack = getattr(operation.body, "unpack", None)
        # What an `alone` caller must not bring.
        self._foreign = tuple(
            (credential,)
            for other in at_address
            for credential in other.caller.credentials
            if credential not in self.credentials
        )

    async def __call__(self, request: Request) -> Response:
        operation = self._operation
        read_on(request.scope, operation.body_max)
        texts = from_headers(request.scope, self.credentials)
        if operation.action is None:
            return self._response(await self._perform(*await self._read(request, texts)))
        visitor = self._limiter.visitor(request.scope).at(operation.caller.subjects_of(texts))
        waiting = operation.handler if isinstance(operation.handler, Waiting) else None
        async with visitor.counted(operation.action):
            with _place(operation.crowd, visitor):
                caller, body = await self._read(request, texts)
                if operation.size is not None:
                    visitor.spend(operation.size.action, operation.size.of(body))
                answer: Any = None
                if operation.guesses is not None:
                    async with operation.guesses.tried(visitor, caller, body):
                        answer = await self._perform(caller, body)
                elif waiting is None:
                    answer = await self._perform(caller, body)
        if waiting is not None:
            # Who waits has been let in, and asks for nothing meanwhile.
            answer = await waiting.perform(caller, body, lambda: self._held(request, visitor))
        response = self._response(answer)
        if operation.large is not None:
            visitor.charge(operation.large, len(response.body))
        return response

    async def _read(self, request: Request, texts: Texts) -> tuple[Any, Any]:
        """Who asks, and what."""
        operation = self._operation
        scope = request.scope
        caller = await operation.caller.read(texts, Asked(scope["method"], scope["path"]))
        if operation.caller.alone:
            brought = any(is_sent(request.scope, one) for one in self._foreign)
            refuse(brought, "malformed")
        allow_body(scope, operation.body_max)
        body = await self._body(request)
        return caller, body if self._unpack is None else self._unpack(body)

    async def _perform(self, caller: Any, body: Any) -> bytes | Answer:
        handler = self._operation.handler
        assert not isinstance(handler, Waiting)
        if isinstance(handler, Deferred):
            return await _settled(handler, caller, body)
        return await handler(caller, body)

    def _response(self, answer: Any) -> Response:
        operation = self._operation
        if not isinstance(answer, Answer):
            if 204 in operation.answers:
                return Response(status_code=204)
            answer = Answer(answer, operation.status(answer), {})
        headers, media = dict(answer.headers), "application/json" if answer.body else None
        if operation.answers.get(answer.status) is bytes:
            media = OCTETS
        if answer.status == 204:
            return Response(status_code=204, headers=headers)
        return Response(answer.body, answer.status, headers, media)

    @contextmanager
    def _held(self, request: Request, visitor: Visitor) -> Iterator[Hold]:
        """The request waits, at most until its sender has gone."""
        with self._hold(visitor) as held:
            watch = asyncio.get_running_loop().create_task(_watch(request, held))
            try:
                yield held
            finally:
                watch.cancel()

    async def _body(self, request: Request) -> Any:
        """The body with what stands in the path; None where the operation has none."""
        beside = None
        octets = self._operation.octets
        if octets is not None:
            sentence = "The body must be of type application/octet-stream."
            refuse(_media(request) != OCTETS.encode(), "unsupported_media", sentence)
        elif self._decode is None:
            refuse(await request.body() != b"", "malformed")
        elif not self._operation.bodiless or await request.body() != b"":
            refuse(_media(request) != b"application/json", "unsupported_media")
            beside = decode_json(self._decode, await request.body())
        if self._operation.body is None or not self._beside:
            return beside
        fields = {} if beside is None else msgspec.structs.asdict(beside)
        if octets is not None:
            fields[octets] = await request.body()
        for field, name in self._headers:
            values = header_values(request.scope, name)
            if values:
                # Several are one list (RFC 9110, 5.3).
                fields[field] = b", ".join(values).decode("latin-1")
        for field in self._operation.query:
            given = request.query_params.getlist(field)
            refuse(len(given) > 1, "malformed")
            fields.update((field, one) for one in given)
        try:
            # What stands in a path or a query is text, also where it is a number.
            return msgspec.convert(
                {**fields, **request.path_params}, self._operation.body, strict=False
            )
        except msgspec.ValidationError:
            raise Refusal("malformed") from None


def _place(crowd: Crowd | None, visitor: Visitor) -> AbstractContextManager[None]:
    return nullcontext() if crowd is None else crowd.place(visitor)


def _media(request: Request) -> bytes:
    """The type of the body, without parameters; nothing where it isn't one."""
    media = header_values(request.scope, b"content-type")
    return media[0].partition(b";")[0].strip().lower() if len(media) == 1 else b""


async def _watch(request: Request, held: Hold) -> None:
    """End a hold when nobody waits for its answer any more."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    held.end()


async def _settled(handler: Deferred, caller: Any, body: Any) -> bytes:
    """Wait for the answer to something that is committed together with others."""
    settled: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def reply(outcome: Any) -> None:
        # Whoever asked may be gone.
        if not settled.done():
            settled.set_result(outcome)

    handler.submit(caller, body, reply)
    return settle(await settled, handler.encode)
