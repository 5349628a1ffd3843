"""Objects on their way: to this server, or to the store that it names. No credential goes along."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

import httpx

from ephemeral.client.context import Context
from ephemeral.client.exits import ClientError, unreachable
from ephemeral.client.files.service import Address
from ephemeral.client.ways import http_client, lost, tls_context
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["Objects"]

_SECONDS = 60.0
_TRIES = 6
_TAKEN = {200, 201, 204}
# Something stands there already: the server decides whether it is what was sent.
_THERE = {409, 412}
_ENDED = 403
_FULL = 507
_TOO_MANY = 429
# A server that asks for more isn't waited for at once.
_WAIT_MOST = 60.0


class Objects:
    """Puts and gets objects. A context."""

    def __init__(self, context: Context, base: str) -> None:
        self._context = context
        self._base = base
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def put(self, address: Address, data: bytes) -> bool:
        """Store an object: the same bytes again and again. False: the address has ended."""
        answer = await self._asked("PUT", address, data, 0)
        if answer.status_code in _TAKEN | _THERE:
            return True
        if answer.status_code == _FULL:
            raise Refusal("store_full")
        if answer.status_code == _ENDED:
            return False
        raise unreachable(f"Where files are stored, {answer.status_code} is answered.")

    async def get(self, address: Address, length: int) -> bytes | None:
        """An object of so many bytes; None: the address has ended."""
        answer = await self._asked("GET", address, b"", length)
        if answer.status_code == 200:
            return answer.content
        if answer.status_code == _ENDED:
            return None
        raise unreachable(f"Where files are stored, {answer.status_code} is answered.")

    async def _asked(
        self, method: str, address: Address, data: bytes, length: int
    ) -> httpx.Response:
        """The answer; what fails on its way is tried again."""
        url = f"{self._base}{address.url}" if address.url.startswith("/") else address.url
        for attempt in range(1, _TRIES + 1):
            wait = 2**attempt / 4
            try:
                answer = await self._once(method, url, address, data, length)
                if not _is_passing(answer.status_code) or attempt == _TRIES:
                    return answer
                wait = max(wait, _wished(answer))
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError) as error:
                if attempt == _TRIES:
                    raise lost(self._base, None, error) from None
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _once(
        self, method: str, url: str, address: Address, data: bytes, length: int
    ) -> httpx.Response:
        client = self._client(url)
        request = client.build_request(method, url, headers=dict(address.headers), content=data)
        answer = await client.send(request, stream=True)
        try:
            content = bytearray()
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > max(length, 65_536):
                    raise unreachable("Where files are stored, more comes than was asked for.")
        finally:
            await answer.aclose()
        headers = {
            name: answer.headers[name] for name in ("retry-after",) if name in answer.headers
        }
        return httpx.Response(answer.status_code, headers=headers, content=bytes(content))

    def _client(self, url: str) -> httpx.AsyncClient:
        """One for each place; a store is reached as a server is: checked, and by a proxy."""
        parsed = httpx.URL(url)
        origin = f"{parsed.scheme}://{parsed.netloc.decode()}"
        if origin not in self._clients:
            # A server beyond this machine leads nobody to what listens on it without TLS.
            refuse(parsed.scheme != "https" and self._base.startswith("https:"), "malformed")
            try:
                checked, proxy = self._context.way(origin)
            except ClientError:
                raise Refusal("malformed") from None
            tls = tls_context(checked, self._context.args.cafile)
            headers = {"User-Agent": "ephemeral", "Accept-Encoding": "identity"}
            self._clients[origin] = http_client(tls, proxy, headers=headers, timeout=_SECONDS)
        return self._clients[origin]


def _is_passing(status: int) -> bool:
    """Whether it may be answered otherwise later: too much at once, or a server in trouble."""
    return status == _TOO_MANY or (status >= 500 and status != _FULL)


def _wished(answer: httpx.Response) -> float:
    """The seconds that the answer asks to wait for."""
    said = answer.headers.get("retry-after", "")
    return min(float(said), _WAIT_MOST) if said.isascii() and said.isdecimal() else 0.0
