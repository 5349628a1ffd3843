"""The way to the server: HTTP requests and sockets, and why they fail, in words.

Certificates are verified. What a .netrc has for the server is ignored, and no redirect is followed:
the credentials of a room go to the server that was named and to nobody else. A proxy sees encrypted
bytes and where they go; requests and sockets take the same one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxyStatus, InvalidStatus, ProxyError
from websockets.http11 import Response
from websockets.typing import Subprotocol

from ephemeral.client.addresses import Proxy
from ephemeral.client.exits import ClientError, Exit, unreachable
from ephemeral.client.ways import http_client, lost, tls_context
from ephemeral.protocol.config import Config, read_config
from ephemeral.protocol.encoding import b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import PROTOCOL
from ephemeral.protocol.objects import Json, read_refusal

__all__ = ["ANSWER_SECONDS", "Server", "SocketRefused"]

# A room full of notices with long audiences stays below this.
_ANSWER_LIMIT = 8 * 1024 * 1024
#: How long a server may take with an answer, and a slow line with a chunk of a file.
ANSWER_SECONDS = 15.0
OCTETS_SECONDS = 60.0
_AGAIN_SECONDS = 1.0
_T = TypeVar("_T")
_PASSING = {"unavailable", "too_many"}


class _StrangerError(ClientError):
    """What answers is no server of this protocol. `status`: with which status of HTTP."""

    def __init__(self, tried: str, status: int) -> None:
        self.found = f"{tried} answers {status}"
        if status == 404:
            self.found += ", which is: nothing is there"
        elif 300 <= status < 400:
            self.found += ", a redirect, which is not followed"
        else:
            self.found += ", but not as the protocol says"
        message = f"There is no Ephemeral server here: {self.found}."
        super().__init__(Exit.NETWORK, "unreachable", message)


class SocketRefused(ClientError):
    """A server answers, or something before it, but with no socket."""

    def __init__(self, message: str) -> None:
        super().__init__(Exit.NETWORK, "unreachable", message)


class _Connect(connect):
    """As `connect`, but a redirect is an error."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Server:
    """One server, by its checked address and the proxy chosen for that.

    `patience`: for how many seconds a request that can't reach it is tried again.
    """

    def __init__(
        self,
        address: str,
        *,
        patience: float = 0,
        authorities: Path | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        self.address = address
        self.proxy = proxy
        self._patience = patience
        self._tls = tls_context(address, authorities)
        headers = {"User-Agent": "ephemeral", "Accept-Encoding": "identity"}
        self._http = http_client(self._tls, proxy, headers=headers, timeout=ANSWER_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def config(self) -> Config:
        """What the server says about itself, checked (3.3). A wrong address is explained."""
        try:
            return read_config(await self.ask("GET", "/config"))
        except _StrangerError as error:
            found = error.found
        except Refusal as refusal:
            if refusal.code != "not_found":
                raise
            # It speaks the protocol, though not at this path.
            found = _StrangerError(f"{self.address}/config", 404).found
        raise unreachable(f"There is no Ephemeral server here: {found}. {await self._hint()}")

    async def _hint(self) -> str:
        """Where the server is, if the address has only too much of a path."""
        address, path = self.address, urlsplit(self.address).path
        for _ in range(path.count("/")):
            address = address.rpartition("/")[0]
            try:
                read_config((await self._ask_once("GET", f"{address}/config"))[0])
            except (Refusal, ClientError):
                continue
            return f"There is one at {address}: name that."
        if path:
            return "Is the path right?"
        return f"Does its address have a path, such as {self.address}/chat?"

    async def ask(
        self,
        method: str,
        path: str,
        *,
        locator: bytes | None = None,
        token: bytes | None = None,
        body: Mapping[str, object] | None = None,
        once: bool = False,
    ) -> Json:
        """The answer to a request; an empty one is {}. Raises `Refusal` or `ClientError`.

        Every request of the protocol may be sent twice with the effect of once, and is tried again
        as long as patience lasts, unless it is to be tried `once`.
        """

        async def asked() -> Json:
            return (await self._ask_once(method, self.address + path, locator, token, body))[0]

        return await _patiently(0 if once else self._patience, asked)

    async def octets(
        self,
        method: str,
        path: str,
        *,
        locator: bytes,
        token: bytes,
        data: bytes = b"",
        patience: float = 0,
    ) -> bytes:
        """Bytes for bytes, where the protocol has no JSON (15). `patience` as of the server."""
        headers = {**_credentials(locator, token), "Content-Type": "application/octet-stream"}
        url = self.address + path

        async def asked() -> bytes:
            status, content, _ = await self._answer(method, url, headers, data, OCTETS_SECONDS)
            if status == 200:
                return content
            self._read(url, status, content)
            return b""

        return await _patiently(patience, asked)

    async def ask_with(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, object] | None = None,
        *,
        wait: int = 0,
        seconds: float = ANSWER_SECONDS,
    ) -> Json:
        """The answer to a request with credentials of its own, tried once; it may `wait` seconds.

        It may take twice `seconds`. Raises `Refusal` or `ClientError`.
        """
        extra = {**headers, "Prefer": f"wait={wait}"} if wait else headers
        url, limit = self.address + path, seconds + wait
        return (await self._ask_once(method, url, body=body, extra=extra, seconds=limit))[0]

    async def _ask_once(
        self,
        method: str,
        url: str,
        locator: bytes | None = None,
        token: bytes | None = None,
        body: Mapping[str, object] | None = None,
        *,
        extra: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> tuple[Json, str]:
        """An answer and its tag. `extra`: further headers. `seconds`: how long it may take."""
        headers = {**(extra or {}), **_credentials(locator, token)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = b"" if body is None else dump_json(body)
        status, content, tag = await self._answer(method, url, headers, data, seconds)
        return self._read(url, status, content), tag

    async def _answer(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes, seconds: float
    ) -> tuple[int, bytes, str]:
        """Status, body and tag of what is answered."""
        try:
            async with (
                asyncio.timeout(2 * seconds),
                self._http.stream(
                    method, url, headers=headers, content=data, timeout=seconds
                ) as answer,
            ):
                tag = answer.headers.get("ETag", "")
                content = bytearray()
                async for chunk in answer.aiter_raw():
                    content += chunk
                    if len(content) > _ANSWER_LIMIT:
                        raise _StrangerError(url, answer.status_code)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            raise lost(self.address, self.proxy, error) from None
        return answer.status_code, bytes(content), tag

    def _read(self, url: str, status: int, content: bytes) -> Json:
        if status in {204, 304} or (status == 202 and not content):
            return {}
        try:
            value = parse_json(content)
            if not isinstance(value, dict):
                raise Refusal("malformed")
            if status >= 400:
                refusal = read_refusal(value.get("error"))
            elif status not in {200, 201, 202}:
                raise Refusal("malformed")
            else:
                return value
        except Refusal:
            if status in {502, 503, 504}:
                raise Refusal("unavailable") from None
            raise _StrangerError(url, status) from None
        raise refusal

    async def watch(
        self, locator: bytes, token: bytes, tag: str | None, seconds: int
    ) -> tuple[Json | None, str]:
        """The room's state with its tag, tried once. With the tag of one that is known: another
        one, or None if after so many seconds there is none (9.1).
        """
        extra = {} if tag is None else {"If-None-Match": tag, "Prefer": f"wait={seconds}"}
        state, newer = await self._ask_once(
            "GET",
            f"{self.address}/room/state",
            locator,
            token,
            extra=extra,
            seconds=ANSWER_SECONDS + seconds,
        )
        return state or None, newer

    @asynccontextmanager
    async def socket(
        self, path: str = "/room/socket", protocol: str = PROTOCOL
    ) -> AsyncIterator[ClientConnection]:
        """A socket on which nothing has been said yet. Raises `Refusal` or `ClientError`.

        `SocketRefused`: where something answers that may let requests pass all the same.
        """
        address = "ws" + self.address.removeprefix("http") + path
        try:
            socket = await _Connect(
                address,
                subprotocols=[Subprotocol(protocol)],
                ssl=self._tls if address.startswith("wss:") else None,
                compression=None,
                proxy=None if self.proxy is None else self.proxy.url,
                user_agent_header="ephemeral",
                open_timeout=ANSWER_SECONDS,
                close_timeout=2,
                max_size=_ANSWER_LIMIT,
            )
        except InvalidStatus as error:
            raise self._refused(address, error.response) from None
        except (InvalidProxyStatus, ProxyError) as error:
            raise lost(self.address, self.proxy, error) from None
        except (InvalidHandshake, EOFError) as error:
            raise SocketRefused(lost(self.address, self.proxy, error).message) from None
        except (OSError, TimeoutError) as error:
            raise lost(self.address, self.proxy, error) from None
        try:
            if socket.subprotocol != protocol:
                raise SocketRefused(_StrangerError(address, 101).message)
            yield socket
        finally:
            await socket.close()

    def _refused(self, address: str, answer: Response) -> ClientError | Refusal:
        """What a handshake was answered with that brought no socket."""
        status = answer.status_code
        try:
            self._read(address, status, bytes(answer.body or b""))
        except Refusal as refusal:
            # Whoever took the handshake for a request has met something that lost half of it.
            if refusal.code != "malformed":
                return refusal
        except _StrangerError:
            pass
        return SocketRefused(_StrangerError(address, status).message)


async def _patiently(patience: float, ask: Callable[[], Awaitable[_T]]) -> _T:
    """What is asked for, again and again for so many seconds while the same may work later."""
    until = time.monotonic() + patience
    while True:
        try:
            return await ask()
        except _StrangerError:
            raise
        except (Refusal, ClientError) as error:
            passing = isinstance(error, ClientError) or error.code in _PASSING
            pause = _AGAIN_SECONDS
            if isinstance(error, Refusal) and error.retry_after is not None:
                pause = max(pause, float(error.retry_after))
            if not passing or time.monotonic() + pause > until:
                raise
        await asyncio.sleep(pause)


def _credentials(locator: bytes | None, token: bytes | None) -> dict[str, str]:
    """The headers of a room's credentials (6.1)."""
    headers = {}
    if locator is not None:
        headers["Authorization"] = f"Bearer {b64encode(locator)}"
    if token is not None:
        headers["Ephemeral-Member"] = b64encode(token)
    return headers
