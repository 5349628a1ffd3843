"""Pushes as they go out: one request to a push service, which may be anybody's.

People name these services, so nothing is believed of them. A name is looked up here, and the
connection goes to an address that was found and allowed; the certificate must be the name's all the
same. No proxy and no redirect leads elsewhere. Of the answer the status alone is read, and all of
it takes some seconds at most. A connection is never used for a second push: another name may stand
for the same address.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from typing import NamedTuple

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from ephemeral.accounts.rules.push_endpoints import Endpoint, is_public
from ephemeral.protocol.accounts.vapid import authorization

__all__ = ["Delivery", "Names", "Outcome", "Result"]

#: How long a push may take.
SECONDS = 8.0
# How long a service keeps a push for a device that is away. There is one at most: the next takes
# its place (RFC 8030, 5.4).
_KEPT_SECONDS = 7 * 86_400
_TOPIC = "new"
# What may pass by itself (RFC 9110).
_PASSING = {408, 425, 429}
_RETRY_MOST = 3600
_LOOK_UPS = 8

LookUp = Callable[[str, int], Awaitable[Sequence[str]]]


class Outcome(Enum):
    """What became of a push. `GONE`: there is no such subscription any more; `REFUSED`: not this
    one, nor the next time; `LATER`: it may be tried again."""

    SENT = "sent"
    GONE = "gone"
    REFUSED = "refused"
    LATER = "later"


class Result(NamedTuple):
    """What became of a push, and after how many seconds the service wants to be asked again."""

    outcome: Outcome
    retry_after: int = 0


class _Forbidden(Exception):
    """The name stands for an address to which nothing goes."""


class Names:
    """Looks names up, in threads of its own: a name whose servers never answer takes one for a
    while, and nothing else of this program waits behind it. `close` it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS, "push-names")

    async def look_up(self, host: str, port: int) -> list[str]:
        """All addresses of a name."""
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(one[4][0]) for one in found]

    def close(self) -> None:
        """Look nothing up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Delivery:
    """Sends as one deployment, by whose `key` services know it.

    `contact`: who runs it, as services are told. `tls` says which certificates are believed,
    `seconds` how long a push may take.
    """

    def __init__(
        self,
        key: EllipticCurvePrivateKey,
        contact: str | None,
        tls: ssl.SSLContext,
        look_up: LookUp,
        seconds: float = SECONDS,
    ) -> None:
        self._key = key
        self._contact = contact
        self._tls = tls
        self._look_up = look_up
        self._seconds = seconds

    async def send(self, to: Endpoint, body: bytes, now_seconds: int) -> Result:
        """Send an encrypted push; never raises."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._send(to, body, now_seconds)
        except (_Forbidden, UnicodeError, httpx.InvalidURL):
            return Result(Outcome.REFUSED)
        except (OSError, httpx.HTTPError):
            return Result(Outcome.LATER)

    async def _send(self, to: Endpoint, body: bytes, now_seconds: int) -> Result:
        address = await self._address(to)
        named = f"[{address}]" if ":" in address else address
        headers = {
            "Host": to.origin.partition("://")[2],
            "Authorization": authorization(self._key, to.origin, now_seconds, self._contact),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_KEPT_SECONDS),
            "Urgency": "normal",
            "Topic": _TOPIC,
            "User-Agent": "Ephemeral",
        }
        async with (
            httpx.AsyncClient(
                verify=self._tls, trust_env=False, follow_redirects=False, timeout=self._seconds
            ) as client,
            client.stream(
                "POST",
                f"{to.scheme}://{named}:{to.port}{to.path}",
                content=body,
                headers=headers,
                # The name that the certificate has to be for, in place of the address.
                extensions={"sni_hostname": to.host},
            ) as answer,
        ):
            return _result(answer)

    async def _address(self, to: Endpoint) -> str:
        """Where to connect to; all that the name stands for must be allowed."""
        found = await self._look_up(to.host.strip("[]"), to.port)
        if not to.inside and not all(map(is_public, found)):
            raise _Forbidden
        if not found:
            raise OSError
        return found[0]


def _result(answer: httpx.Response) -> Result:
    status = answer.status_code
    if 200 <= status < 300:
        return Result(Outcome.SENT)
    if status in {404, 410}:
        return Result(Outcome.GONE)
    if status in _PASSING or status >= 500:
        said = answer.headers.get("retry-after", "")
        wait = int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0
        return Result(Outcome.LATER, min(wait, _RETRY_MOST))
    return Result(Outcome.REFUSED)
