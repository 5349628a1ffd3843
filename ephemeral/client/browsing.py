"""Asks for pages and files as a browser does, so that nobody is told a verifier by that."""

import asyncio
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import brotli  # type: ignore[import-untyped]
import httpx

from ephemeral.client.addresses import Proxy
from ephemeral.client.ways import http_client, lost, tls_context
from ephemeral.protocol.served import Served

__all__ = ["USER_AGENT", "Visit"]

#: What Tor Browser calls itself, on whatever system.
USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

_SECONDS = 30.0
# More than any file of ours has, packed or not.
_LARGEST = 8 * 1024 * 1024
_DOCUMENT = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
}
_KINDS = {".js": "script", ".css": "style", ".json": "empty", ".webmanifest": "manifest"}


class Visit:
    """A visit of one instance, by its checked address and the proxy chosen for that.

    `base_path`: the path of the address.
    """

    def __init__(
        self,
        address: str,
        *,
        authorities: Path | None = None,
        proxy: Proxy | None = None,
        user_agent: str = USER_AGENT,
    ) -> None:
        self.address = address
        self.base_path = httpx.URL(address).path.rstrip("/")
        self._proxy = proxy
        headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate, br"}
        tls = tls_context(address, authorities)
        self._http = http_client(tls, proxy, headers=headers, timeout=_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def document(self, path: str, language: str) -> Served:
        """What a browser of this language is given that is led here."""
        return await self._get(path, {**_DOCUMENT, "Accept-Language": f"{language},en;q=0.5"})

    async def file(self, path: str) -> Served:
        """What the page is given that loads this."""
        kind = _KINDS.get(Path(path).suffix, "image")
        mode = {"Sec-Fetch-Dest": kind, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
        return await self._get(path, {"Accept": "*/*", **mode})

    async def _get(self, path: str, headers: dict[str, str]) -> Served:
        try:
            async with (
                asyncio.timeout(2 * _SECONDS),
                self._http.stream("GET", f"{self.address}/{path}", headers=headers) as answer,
            ):
                packed = bytearray()
                async for chunk in answer.aiter_raw():
                    packed += chunk
                    if len(packed) > _LARGEST:
                        break
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise lost(self.address, self._proxy, error) from None
        said: dict[str, list[str]] = {}
        for name, value in answer.headers.multi_items():
            said.setdefault(name, []).append(value)
        coding = ", ".join(said.get("content-encoding", []))
        return Served(answer.status_code, said, _unpacked(bytes(packed), coding))


def _unpacked(packed: bytes, coding: str) -> bytes | None:
    """What it was before it was packed; None if it is too large or can't be unpacked."""
    try:
        if coding == "br":
            reader = brotli.Decompressor()
            body = bytes(reader.process(packed, output_buffer_limit=_LARGEST))
            whole = reader.is_finished()
        elif coding in {"gzip", "deflate"}:
            inflating = zlib.decompressobj(31 if coding == "gzip" else 15)
            body = inflating.decompress(packed, _LARGEST)
            whole = inflating.eof and not inflating.unused_data
        else:
            body, whole = packed, coding == "" and len(packed) <= _LARGEST
    except (brotli.error, zlib.error):
        return None
    return body if whole else None
