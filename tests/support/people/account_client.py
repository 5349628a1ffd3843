"""Somebody with an account, over HTTP: an address, a password's key, and perhaps a device."""

import os
from hashlib import sha256
from typing import Any

import httpx

from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.chain import Chain, add, genesis
from ephemeral.protocol.accounts.proofs import proof
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed, consent, device_id
from ephemeral.protocol.encoding import b64encode

#: Making one takes a while, and nothing is sealed to it.
_SEALING_PUBLIC = hpke.PrivateKey.generate(os.urandom).public
DAY_MS = 86_400_000


def text(size: int) -> str:
    """Random bytes as they go over the wire."""
    return b64encode(os.urandom(size))


class AccountClient:
    """One program of one person; `base` is the deployment's path. Tokens are those of the last
    answer that had any."""

    def __init__(self, api: httpx.AsyncClient, base: str = "") -> None:
        self.api = api
        self.base = base
        # The name is drawn too: of a hundred people of one name, two would draw the same digits.
        self.address = f"canary_{os.urandom(6).hex()}.{int.from_bytes(os.urandom(4)) % 100_000:05}"
        self.auth_key = text(32)
        self.key = SigningKey.generate(os.urandom)
        self.recovery = SigningKey.generate(os.urandom)
        self.chain = Chain.empty()
        self.audience = ""
        # How far the database's clock, which counts, was moved beyond that of the host.
        self.ahead = 0
        self.tokens: dict[str, Any] = {}

    @property
    def device(self) -> str:
        return b64encode(device_id(self.key.public))

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    async def register(self, **more: Any) -> httpx.Response:
        """Make the account."""
        self.audience = (await self.api.get("/config")).json()["accounts"]["audience"]
        body = {"address": self.address, "auth_key": self.auth_key, **more}
        return self._taken(await self.api.post("/auth/register", json=body))

    async def log_in(self, *, as_device: bool = False, **more: Any) -> httpx.Response:
        """Sign in again."""
        body = {"address": self.address, "auth_key": self.auth_key, **more}
        headers = {}
        if as_device:
            body["device"] = self.device
            headers = await self.proof("POST", "/auth/login", "")
        return self._taken(await self.api.post("/auth/login", json=body, headers=headers))

    async def refresh(self, token: str | None = None, *, proved: bool = False) -> httpx.Response:
        """The next tokens, by the refresh token of the last or by another."""
        shown = token or self.tokens["refresh_token"]
        headers = await self.proof("POST", "/auth/refresh", shown) if proved else {}
        body = {"refresh_token": shown}
        return self._taken(await self.api.post("/auth/refresh", json=body, headers=headers))

    async def linked(self) -> "AccountClient":
        """The same, with an account whose first device it is."""
        assert (await self.register()).status_code == 201
        signed = genesis(self.key, self.recovery.public, sha256(b"seal").digest())
        self.chain = Chain.empty().extend(signed)
        answer = await self.api.post(
            "/devices", headers=self.bearer, json=await self.statement(signed)
        )
        assert answer.status_code == 201, answer.text
        assert (await self.refresh(proved=True)).status_code == 200
        return self

    async def another(self) -> "AccountClient":
        """A second program of the same person, linked by this one."""
        other = AccountClient(self.api, self.base)
        other.address, other.auth_key, other.audience = self.address, self.auth_key, self.audience
        other.recovery = self.recovery
        assert (await other.log_in()).status_code == 200
        locator = text(32)
        deposit = {"locator": locator, "request": text(100)}
        waits = await self.api.post("/devices/links", headers=other.bearer, json=deposit)
        assert waits.status_code == 201, waits.text
        signed = add(self.chain, self.key, other.key.public, consent(other.key, self.chain.id))
        body = {
            **await other.statement(signed),
            "auth_key": self.auth_key, "locator": locator, "answer": text(100),
        }  # fmt: skip
        added = await self.call("POST", "/devices", json=body)
        assert added.status_code == 201, added.text
        self.chain = other.chain = self.chain.extend(signed)
        assert (await other.refresh(proved=True)).status_code == 200
        return other

    async def statement(self, signed: Signed) -> dict[str, Any]:
        """A statement that brings this device, with its sealing key, as it is posted."""
        day = await self.now() // DAY_MS
        chain = signed.statement.chain
        if not any(chain):
            chain = signed.statement.hash
        named = SealingKey(1, day, _SEALING_PUBLIC)
        signature = sign_sealing(self.key, chain, device_id(self.key.public), named)
        sealing = {
            "number": 1, "day": day, "key": b64encode(_SEALING_PUBLIC),
            "signature": b64encode(signature),
        }  # fmt: skip
        return {"statement": b64encode(signed.encode()), "sealing": sealing}

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask as this device, with its proof."""
        token = self.tokens["access_token"]
        headers = {**self.bearer, **await self.proof(method, path, token)}
        return await self.api.request(method, path, headers=headers, **more)

    async def proof(self, method: str, path: str, token: str) -> dict[str, str]:
        """The header by which this device proves a request."""
        asked = f"{self.base}{path}"
        made = proof(self.key, self.audience, method, asked, token, await self.now())
        return {"Ephemeral-Proof": made}

    async def now(self) -> int:
        """The server's time."""
        return int((await self.api.get("/config")).json()["now"]) + self.ahead

    def _taken(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code < 300 and answer.content:
            self.tokens = {**self.tokens, **answer.json()}
        return answer
