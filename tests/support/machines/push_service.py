"""A push service with browsers that have subscribed there, at a port of this machine.

It does what a real one does, and a browser behind it: it believes no sender whose token isn't
signed for it (RFC 8292), and opens what comes by an implementation of others (http-ece, RFC 8188).
"""

import os
import re
import socket
import ssl
import threading
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import http_ece
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ephemeral.accounts.service.pushes import Subscription
from ephemeral.protocol.accounts.push_messages import point
from ephemeral.protocol.encoding import b64encode


def unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """A subscription, and what has come for it."""

    name: str
    origin: str
    private: Any = field(default_factory=lambda: generate_private_key(SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    received: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)

    @property
    def subscription(self) -> Subscription:
        return Subscription(f"{self.origin}/to/{self.name}", point(self.private), self.auth)

    @property
    def body(self) -> dict[str, str]:
        """As a page tells it to the server."""
        said = self.subscription
        return {
            "endpoint": said.endpoint, "p256dh": b64encode(said.public),
            "auth": b64encode(said.auth),
        }  # fmt: skip


class PushService:
    """`key` is that of the only sender it believes. `says`: answers instead, by subscription."""

    def __init__(
        self, key: str = "", tls: Path | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.key = key
        self.browsers: dict[str, Browser] = {}
        self.says: dict[str, Response] = {}
        self.raw: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        scheme = "http" if tls is None else "https"
        self.port = self._listener.getsockname()[1]
        self.origin = f"{scheme}://{host}:{self.port}"
        routes = [Route("/to/{name}", self._take, methods=["POST", "GET"])]
        files: dict[str, Any] = {}
        if tls is not None:
            files = {"ssl_certfile": tls / "own.pem", "ssl_keyfile": tls / "key.pem"}
        config = uvicorn.Config(
            Starlette(routes=routes), log_level="critical", lifespan="off", **files
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=[[self._listener]])

    def __enter__(self) -> "PushService":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def browser(self) -> Browser:
        """Another browser, which has subscribed."""
        made = Browser(b64encode(os.urandom(12)), self.origin)
        self.browsers[made.name] = made
        return made

    async def _take(self, request: Request) -> Response:
        name = request.path_params["name"]
        body = await request.body()
        self.raw.append(str(request.headers).encode() + body)
        if name in self.says:
            return self.says[name]
        browser = self.browsers.get(name)
        if browser is None:
            return Response(status_code=410)
        shown = re.fullmatch(r"vapid t=([\w.-]+), k=([\w-]+)", request.headers["authorization"])
        if request.method != "POST" or shown is None or shown[2] != self.key:
            return Response(status_code=403)
        public = unpadded(shown[2])
        jwk = {
            "kty": "EC", "crv": "P-256", "x": b64encode(public[1:33]), "y": b64encode(public[33:]),
        }  # fmt: skip
        token = jwt.decode(shown[1], ECKey.import_key(jwk), algorithms=["ES256"])
        if token.claims["aud"] != self.origin:
            return Response(status_code=403)
        plain = http_ece.decrypt(
            body, private_key=browser.private, auth_secret=browser.auth, version="aes128gcm"
        )
        browser.received.append(plain)
        browser.headers.append(dict(request.headers))
        browser.claims.append(token.claims)
        return Response(status_code=201)


def trusting(folder: Path) -> ssl.SSLContext:
    """Believes the certificate of `certificates.certificate` alone."""
    return ssl.create_default_context(cafile=str(folder / "own.pem"))
