"""The outermost layer: limits, headers, and the one shape of every error, for whatever comes.

Pure ASGI. What a handler raises ends here: a Refusal as what it says, everything else as
`internal`, of which the operator learns type and place and the client nothing. There are no CORS
headers: pages of other origins can't read answers, and credentials are headers which a foreign
page doesn't have.
"""

import asyncio
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ephemeral import metrics
from ephemeral.edge.body_limits import allowed_body, read_on_so_far
from ephemeral.edge.errors import error as error_body
from ephemeral.edge.headers import ANSWER, DOCUMENT, FILE, Header
from ephemeral.protocol.errors import Refusal

__all__ = ["Guard", "Page", "Verdict", "header_values"]

# Headers and HTML.
Page = tuple[list[Header], bytes]
ErrorPage = Callable[[Scope, int], Page]
Hsts = Callable[[Scope], list[Header]]

_NO_STORE: Header = (b"cache-control", b"no-store")
# What no browser is to show: a policy says so.
_DATA = (b"application/json", b"application/octet-stream")
# Digits of what a body announces: more are not even read as a number.
_LONGEST_NUMBER = 12


def header_values(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a header, in order; more than one is for the caller to judge."""
    return [value for key, value in scope["headers"] if key == name]


class Verdict:
    """Turns whatever was raised into a Refusal. `fault` is told of what nobody expected.

    `passing` are faults that an operator can mend while this serves on: the service is away.
    """

    def __init__(
        self,
        fault: Callable[[BaseException], None],
        passing: tuple[type[Exception], ...] = (),
    ) -> None:
        self._fault = fault
        self._passing = passing

    def __call__(self, error: Exception) -> Refusal:
        """The Refusal to answer with."""
        if isinstance(error, Refusal):
            return error
        if isinstance(error, HTTPException):
            codes = {404: "not_found", 405: "method_not_allowed"}
            return Refusal(codes.get(error.status_code, "malformed"))
        self._fault(error)
        if isinstance(error, self._passing):
            return Refusal("unavailable", retry_after=5)
        return Refusal("internal")


class Guard:
    """Wraps the whole application.

    `error_page` makes the page of a status for whoever sent the request. A person who follows a
    stale link sees it; whatever asks for something else gets the one shape. `hsts` makes what a
    document says about coming again by TLS (RFC 6797).
    """

    def __init__(
        self,
        app: ASGIApp,
        base_path: str,
        verdict: Verdict,
        error_page: ErrorPage,
        hsts: Hsts,
    ) -> None:
        self._app = app
        self._base_path = base_path
        self._verdict = verdict
        self._error_page = error_page
        self._hsts = hsts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or handshake."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        path: str = scope["path"]

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                metrics.answered(message["status"])
                lacking = _added(message["headers"], lambda: self._hsts(scope))
                message["headers"] = [*message["headers"], *lacking]
            await send(message)

        if self._base_path and path == self._base_path and scope["method"] in {"GET", "HEAD"}:
            # What people type; everything relative needs the slash.
            await _redirect(f"{path}/", guarded_send)
            return
        try:
            self._enter(scope)
            await self._app(scope, _limited(scope, receive), guarded_send)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:
            # The server stops, and has waited long enough.
            if not started:
                await _refuse(Refusal("unavailable", retry_after=1), guarded_send, {})
        except Exception as error:  # noqa: BLE001 - nothing may pass
            refusal = self._verdict(error)
            if not started:
                extra = getattr(error, "headers", None) or {}
                page = self._error_page(scope, refusal.status) if _is_visit(scope) else None
                close = refusal.code == "too_large" and not _ends_soon(scope)
                await _refuse(refusal, guarded_send, extra, page=page, close=close)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = False

        async def guarded_send(message: Message) -> None:
            nonlocal accepted
            if not accepted and message["type"] == "websocket.close":
                # The router's way of saying that there is no such path.
                raise Refusal("not_found")
            accepted = accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            self._enter(scope)
            await self._app(scope, receive, guarded_send)
        except asyncio.CancelledError:
            # The server stops, and has waited long enough; the socket goes with it.
            return
        except Exception as error:  # noqa: BLE001 - nothing may pass
            refusal = self._verdict(error)
            if not accepted and "websocket.http.response" in scope.get("extensions", {}):
                await _refuse(refusal, send, {}, "websocket.")

    def _enter(self, scope: Scope) -> None:
        """Check the base path and tell the application of it."""
        if not self._base_path:
            return
        if not scope["path"].startswith(f"{self._base_path}/"):
            raise Refusal("not_found")
        scope["root_path"] = self._base_path


def _added(present: Iterable[Header], hsts: Callable[[], list[Header]]) -> list[Header]:
    """The headers that an answer lacks. A file has chosen its own."""
    given = {name.lower(): value for name, value in present}
    if FILE[0][0] in given:
        return []
    is_data = given.get(b"content-type", b"").startswith(_DATA)
    # A program's document has a policy of its own.
    said = (*(ANSWER if is_data else (*DOCUMENT, *hsts())), _NO_STORE)
    return [header for header in said if header[0] not in given]


async def _redirect(location: str, send: Send) -> None:
    headers = [(b"location", location.encode("ascii")), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 308, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _limited(scope: Scope, receive: Receive) -> Receive:
    """A receive that refuses a body over the limit, announced or not, before it is read."""
    announced = 0
    for value in header_values(scope, b"content-length"):
        if not value.isdigit():
            raise Refusal("malformed")
        if len(value) > _LONGEST_NUMBER:
            raise Refusal("too_large")
        announced = max(announced, int(value))
    received = 0

    async def limited_receive() -> Message:
        nonlocal received
        most = allowed_body(scope)
        _refuse_beyond(announced, most)
        message: MutableMapping[str, Any] = await receive()
        received += len(message.get("body", b""))
        _refuse_beyond(received, most)
        return message

    return limited_receive


def _ends_soon(scope: Scope) -> bool:
    """Whether the end of a body that is too large is known, and read on to."""
    announced = header_values(scope, b"content-length")
    return bool(announced) and all(
        len(one) <= _LONGEST_NUMBER and int(one) <= read_on_so_far(scope) for one in announced
    )


def _refuse_beyond(size: int, most: int) -> None:
    if size > most:
        raise Refusal("too_large", f"This is more than {most // 1024} KiB.")


def _is_visit(scope: Scope) -> bool:
    """Whether a browser was led here, and not a script or a program."""
    wanted = b",".join(header_values(scope, b"accept"))
    return scope["method"] in {"GET", "HEAD"} and wanted.startswith(b"text/html")


async def _refuse(
    refusal: Refusal,
    send: Send,
    extra: dict[str, str],
    prefix: str = "",
    page: Page | None = None,
    *,
    close: bool = False,
) -> None:
    described, body = page or ([(b"content-type", b"application/json")], error_body(refusal))
    headers = [
        *described,
        (b"content-length", b"%d" % len(body)),
        *((name.lower().encode(), value.encode()) for name, value in extra.items()),
    ]
    if refusal.retry_after is not None:
        headers.append((b"retry-after", b"%d" % refusal.retry_after))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if close:
        # The rest of the body is not waited for.
        headers.append((b"connection", b"close"))
    if prefix:
        headers = [*headers, *_added(headers, list)]
    await send(
        {"type": f"{prefix}http.response.start", "status": refusal.status, "headers": headers}
    )
    await send({"type": f"{prefix}http.response.body", "body": body})
