"""An OpenID Connect issuer with real keys, at a port of this machine."""

import hmac
import json
import re
import socket
import threading
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "ephemeral-here"
_ANY = JWSRegistry(algorithms=["RS256", "ES256", "Ed25519"])


def key(kind: str = "RSA", kid: str = "one") -> Key:
    """A key that signs."""
    if kind == "RSA":
        return RSAKey.generate_key(2048, {"kid": kid})
    if kind == "EC":
        return ECKey.generate_key("P-256", {"kid": kid})
    return OKPKey.generate_key("Ed25519", {"kid": kid})


class RealIssuer:
    """Answers as issuers do, or as `says`, a response by path, wants; `asked` counts by path.

    `subject` is signed in there in every browser, or has refused (None); `sent` is what people were
    sent there with, by which `referrers`, `given` the tokens, `returns` where they may be sent
    back to.
    """

    def __init__(self, *keys: Key, host: str = "127.0.0.1") -> None:
        self.keys = list(keys) or [key()]
        self.asked: dict[str, int] = {}
        self.says: dict[str, Response] = {}
        self.subject: str | None = "somebody"
        self.sent: list[dict[str, str]] = []
        self.returns: set[str] = set()
        self.referrers: list[str | None] = []
        self.given: list[str] = []
        routes = [Route("/{path:path}", self._answer)]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.name = f"http://{host}:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(Starlette(routes=routes), log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=[[self._listener]])

    def __enter__(self) -> "RealIssuer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    @property
    def configuration(self) -> dict[str, object]:
        return {
            "issuer": self.name,
            "jwks_uri": f"{self.name}/keys",
            "authorization_endpoint": f"{self.name}/sign-in?tenant=one",
        }

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        self.asked[path] = self.asked.get(path, 0) + 1
        if path in self.says:
            return self.says[path]
        if path == "/.well-known/openid-configuration":
            return JSONResponse(self.configuration)
        if path == "/sign-in":
            self.referrers.append(request.headers.get("referer"))
            return self._signed_in(dict(request.query_params))
        return JSONResponse({"keys": [one.as_dict(private=False) for one in self.keys]})

    def _signed_in(self, asked: dict[str, str]) -> Response:
        """Sends somebody back, as the implicit flow of OpenID Connect Core 1.0 (3.2) has it."""
        self.sent.append(asked)
        wanted = {
            "tenant": "one", "client_id": CLIENT, "response_type": "id_token", "scope": "openid",
            "response_mode": "fragment",
        }  # fmt: skip
        known = asked["redirect_uri"] in self.returns
        # Programs of a machine have a port that nobody knows before (RFC 8252, 7.3).
        known = known or re.fullmatch(r"http://127\.0\.0\.1:\d+/", asked["redirect_uri"])
        if wanted.items() - asked.items() or not known:
            return Response(status_code=400)
        back = {"state": asked["state"]}
        if self.subject is None:
            back["error"] = "access_denied"
        else:
            claims = {"auth_time": int(time.time())} if asked.get("max_age") == "0" else {}
            back["id_token"] = self.token(asked["nonce"], self.subject, **claims)
            self.given.append(back["id_token"])
        return RedirectResponse(f"{asked['redirect_uri']}#{urlencode(back)}", 302)

    def redirect(self, path: str, to: str) -> None:
        self.says[path] = RedirectResponse(to)

    def claims(self, said_nonce: str, of: str, **other: Any) -> dict[str, Any]:
        """Those of a good token; None among `other` leaves one out."""
        now = int(time.time())
        said = {
            "iss": self.name, "aud": CLIENT, "sub": of, "nonce": said_nonce, "iat": now,
            "exp": now + 300, "email": "somebody@example.org", "email_verified": True,
        } | other  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}

    def token(
        self,
        said_nonce: str,
        of: str,
        *,
        by: Key | None = None,
        header: dict[str, Any] | None = None,
        **other: Any,
    ) -> str:
        """A token, signed by the present key, or by another."""
        signer = by or self.keys[-1]
        algorithm = {"RSA": "RS256", "EC": "ES256", "OKP": "Ed25519"}[signer.key_type]
        said = {"alg": algorithm, "kid": signer.kid} | (header or {})
        return jwt.encode(said, self.claims(said_nonce, of, **other), signer, registry=_ANY)

    def hmac_by_public_key(self, nonce: str, subject: str) -> str:
        """A token under HS256 whose secret is what everybody knows: the public key."""
        header = {"alg": "HS256", "kid": self.keys[-1].kid}
        parts = [
            urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=")
            for one in (header, self.claims(nonce, subject))
        ]
        said = b".".join(parts)
        mac = hmac.digest(self.keys[-1].as_pem(private=False), said, "sha256")
        return (said + b"." + urlsafe_b64encode(mac).rstrip(b"=")).decode()
