"""A port of this machine to which somebody comes back from another service, with one answer.

The answer stands behind the `#` of the address, which browsers send to nobody. So what they find
there is a page of a few lines that takes it out of the address and hands it over.
"""

import asyncio
import hashlib
import hmac
from base64 import b64encode as standard_base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs

from ephemeral.client.exits import ClientError, Exit

__all__ = ["Return", "returning"]

_REQUEST_BYTES = 16 * 1024
_REQUEST_SECONDS = 10.0
# So many browsers, or whoever else uses this machine, are heard at once.
_AT_ONCE = 8
_SCRIPT = """
const said = location.hash.slice(1);
history.replaceState(null, "", "/");
fetch("/", { method: "POST", body: said }).then(({ ok }) => ok, () => false).then((ok) => {
  document.querySelector("p").textContent = ok
    ? "That is all. You can close this page and go back to the terminal."
    : "This is no answer to what the terminal has asked for. Begin again there.";
});
"""
_PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Ephemeral</title><p>Without scripts this page can't tell the terminal that you are back.</p>
<script>{_SCRIPT}</script>
""".encode()
_HASH = standard_base64(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS = (
    "Content-Type: text/html; charset=utf-8",
    f"Content-Security-Policy: default-src 'none'; script-src 'sha256-{_HASH}'; connect-src 'self'",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
    "Connection: close",
)


class Return:
    """Somebody who is expected. `address`: where the other service is to send them."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._heard: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._open = 0
        self.host = ""

    @property
    def address(self) -> str:
        """Of the page here."""
        return f"http://{self.host}/"

    async def token(self, seconds: float) -> str:
        """The ID token with which somebody came back."""
        try:
            token = await asyncio.wait_for(self._heard, seconds)
        except TimeoutError:
            raise _given_up("Nobody has come back from the other service in time.") from None
        if token is None:
            raise _given_up("Signing in at the other service was given up or refused there.")
        return token

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a browser."""
        self._open += 1
        try:
            if self._open <= _AT_ONCE:
                with suppress(ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    status, body = await self._answer(reader)
                    await _write(writer, status, body)
        except (OSError, TimeoutError):
            pass
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[str, bytes]:
        async with asyncio.timeout(_REQUEST_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            request, headers = head[0].split(" "), _headers(head[1:])
            # A name that leads here is none of ours.
            if len(request) != 3 or headers.get("host") != self.host:
                return "404 Not Found", b""
            if request[:2] == ["GET", "/"]:
                return "200 OK", _PAGE
            if request[:2] != ["POST", "/"] or headers.get("origin") != f"http://{self.host}":
                return "404 Not Found", b""
            length = headers.get("content-length", "")
            if not length.isdecimal() or len(length) > 5 or int(length) > _REQUEST_BYTES:
                return "413 Content Too Large", b""
            said = parse_qs((await reader.readexactly(int(length))).decode("latin-1"))
        return ("204 No Content", b"") if self._hear(said) else ("400 Bad Request", b"")

    def _hear(self, said: dict[str, list[str]]) -> bool:
        """Whether that answers what was asked for."""
        (state,) = said.get("state", [""])[:1]
        if self._heard.done() or not hmac.compare_digest(state.encode(), self._state.encode()):
            return False
        self._heard.set_result(said["id_token"][0] if "id_token" in said else None)
        return True


@asynccontextmanager
async def returning(state: str) -> AsyncIterator[Return]:
    """Expects somebody who brings back this state."""
    expected = Return(state)
    server = await asyncio.start_server(
        expected.serve, "127.0.0.1", 0, limit=_REQUEST_BYTES, backlog=_AT_ONCE
    )
    host, port = server.sockets[0].getsockname()[:2]
    expected.host = f"{host}:{port}"
    try:
        yield expected
    finally:
        server.close()


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


async def _write(writer: asyncio.StreamWriter, status: str, body: bytes) -> None:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *_HEADERS, "", ""])
    writer.write(head.encode() + body)
    async with asyncio.timeout(_REQUEST_SECONDS):
        await writer.drain()


def _given_up(message: str) -> ClientError:
    return ClientError(Exit.REFUSED, "identity_given_up", message)
