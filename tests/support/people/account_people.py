"""Somebody with an account and devices, who speaks HTTP in the raw: right requests, or wrong ones.

Words and passwords are not stretched here: keys are random. Everything else is true.
"""

import os
import secrets
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import httpx
from support.people.chain_signer import ChainSigner, KeyedMachine
from support.people.raw_client import NO_TLS

from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.proofs import proof
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64decode, b64encode

#: The public key of a sealing key; making one takes milliseconds, and nothing here is sealed.
SEALING_PUBLIC = hpke.PrivateKey.generate(os.urandom).public
DAY_MS = 86_400_000


@dataclass
class Tokens:
    """What signing in has given."""

    access: str
    refresh: str
    sid: str
    device: str | None


@dataclass
class Machine(KeyedMachine):
    """A device, as its owner's program knows it; `tokens` once somebody has signed in on it."""

    tokens: Tokens | None = None

    @property
    def signed_in(self) -> Tokens:
        assert self.tokens is not None
        return self.tokens


class Refused(AssertionError):
    """A request was refused; `code` says why."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(status, error)
        self.status = status
        self.code: str = error["code"]


class AccountHolder(ChainSigner):
    """An account at a server. `chain` is what its owner believes of it."""

    def __init__(self, url: str) -> None:
        self.address = f"some_{secrets.token_hex(6)}.{secrets.randbelow(100_000):05}"
        super().__init__(self.address)
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, verify=NO_TLS, timeout=30)
        self.audience = ""
        self.now = 0
        self.account = b""
        self.auth_key = os.urandom(32)
        #: The statements of the chain, as they were signed.
        self.history: list[Signed] = []
        self.machines: list[Machine] = []

    async def __aenter__(self) -> "AccountHolder":
        config = (await self.http.get("/config")).json()
        self.audience, self.now = config["accounts"]["audience"], config["now"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    def through(self, http: httpx.AsyncClient) -> "AccountHolder":
        """The same person, who asks another host."""
        there = copy(self)
        there.http = http
        return there

    # --- requests ---------------------------------------------------------------------------------

    async def ask(
        self, machine: Machine | None, method: str, path: str, body: object = None, **headers: str
    ) -> Any:
        """An answer's JSON, or {}; raises Refused. A machine proves what it asks."""
        response = await self.send(machine, method, path, body, **headers)
        answer = response.json() if response.content else {}
        if not response.is_success:
            raise Refused(response.status_code, answer["error"])
        self.now = answer.get("now", self.now)
        return answer

    async def send(
        self, machine: Machine | None, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """The answer, whatever it is."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if machine is not None:
            token = machine.signed_in.access
            sent["Authorization"] = f"Bearer {token}"
            plain = path.partition("?")[0]
            sent["Ephemeral-Proof"] = self.proved(machine.key, method, plain, token)
        return await self.http.request(method, path, json=body, headers=sent)

    def proved(self, key: SigningKey, method: str, path: str, token: str) -> str:
        return proof(key, self.audience, method, path, token, self.now)

    async def clock(self) -> None:
        """Take the server's time."""
        self.now = (await self.http.get("/config")).json()["now"]

    # --- signing in -------------------------------------------------------------------------------

    async def register(self) -> Machine:
        """An account; the machine has a session, and is no device yet."""
        body = {"address": self.address, "auth_key": b64encode(self.auth_key)}
        machine = Machine()
        self._keep(machine, await self.ask(None, "POST", "/auth/register", body))
        return machine

    async def sign_in(self, machine: Machine | None = None) -> Machine:
        """Another session; of a machine that is a device, as that."""
        body = {"address": self.address, "auth_key": b64encode(self.auth_key)}
        headers = {}
        if machine is not None and self.chain.key_ever_of(machine.id):
            body["device"] = b64encode(machine.id)
            headers["Ephemeral_Proof"] = self.proved(machine.key, "POST", "/auth/login", "")
        machine = machine or Machine()
        self._keep(machine, await self.ask(None, "POST", "/auth/login", body, **headers))
        return machine

    async def refresh(self, machine: Machine) -> None:
        """The next tokens."""
        token = machine.signed_in.refresh
        shown = self.proved(machine.key, "POST", "/auth/refresh", token)
        body = {"refresh_token": token}
        answer = await self.ask(None, "POST", "/auth/refresh", body, Ephemeral_Proof=shown)
        self._keep(machine, answer)

    def _keep(self, machine: Machine, answer: Any) -> None:
        self.account = b64decode(answer["account"], 16)
        machine.tokens = Tokens(
            answer["access_token"], answer["refresh_token"], answer["sid"], answer.get("device")
        )

    # --- devices ----------------------------------------------------------------------------------

    def sealing(self, machine: Machine, chain: bytes) -> dict[str, object]:
        """The machine's next sealing key."""
        machine.number += 1
        day = self.now // DAY_MS
        named = SealingKey(machine.number, day, SEALING_PUBLIC)
        signature = sign_sealing(machine.key, chain, machine.id, named)
        return {
            "number": machine.number,
            "day": day,
            "key": b64encode(SEALING_PUBLIC),
            "signature": b64encode(signature),
        }

    def genesis_body(self, machine: Machine, signed: Signed) -> dict[str, object]:
        return {
            "statement": b64encode(signed.encode()),
            "sealing": self.sealing(machine, signed.statement.hash),
        }

    def add_body(self, machine: Machine, signed: Signed, locator: str) -> dict[str, object]:
        return {
            "statement": b64encode(signed.encode()),
            "sealing": self.sealing(machine, self.chain.id),
            "auth_key": b64encode(self.auth_key),
            "locator": locator,
            "answer": b64encode(os.urandom(1052)),
        }

    def revoke_body(self, signed: Signed) -> dict[str, object]:
        return {"statement": b64encode(signed.encode()), "auth_key": b64encode(self.auth_key)}

    def recover_body(self, machine: Machine, signed: Signed) -> dict[str, object]:
        return {
            "address": self.address,
            "statement": b64encode(signed.encode()),
            "auth_key": b64encode(self.auth_key),
            "sealing": self.sealing(machine, self.chain.id),
        }

    def begin_body(self) -> dict[str, object]:
        shown = self.proved(self.recovery, "POST", "/auth/recover/begin", self.address)
        time, signature = shown.split(".")
        return {
            "address": self.address,
            "recovery_key": b64encode(self.recovery.public),
            "time": int(time),
            "signature": signature,
        }

    async def found(self) -> Machine:
        """Register, and begin the chain."""
        machine = await self.register()
        signed = self.begun(machine)
        await self.ask(machine, "POST", "/devices", self.genesis_body(machine, signed))
        self.read(signed)
        await self.refresh(machine)
        self.machines.append(machine)
        return machine

    async def deposit(self, machine: Machine) -> str:
        """Let a machine wait; its locator."""
        locator = b64encode(os.urandom(32))
        body = {"locator": locator, "request": b64encode(os.urandom(2076))}
        await self.ask(machine, "POST", "/devices/links", body)
        return locator

    async def link(self, by: Machine) -> Machine:
        """Sign in on another machine, and add it."""
        machine = await self.sign_in()
        locator = await self.deposit(machine)
        signed = self.added(by, machine)
        await self.ask(by, "POST", "/devices", self.add_body(machine, signed, locator))
        self.read(signed)
        await self.refresh(machine)
        self.machines.append(machine)
        return machine

    async def revoke(self, by: Machine, machine: Machine) -> Any:
        """Remove a machine."""
        signed = self.removed(by, machine)
        path = f"/devices/{b64encode(machine.id)}/revoke"
        answer = await self.ask(by, "POST", path, self.revoke_body(signed))
        self.read(signed)
        self.machines.remove(machine)
        return answer

    async def recover(self) -> Machine:
        """Read the chain by the ten words, and leave one new machine."""
        begun = await self.ask(None, "POST", "/auth/recover/begin", self.begin_body())
        self.chain = Chain.empty()
        for one in begun["chain"]:
            self.read(Signed.decode(b64decode(one)))
        machine = Machine()
        signed = self.recovered(machine)
        answer = await self.ask(None, "POST", "/auth/recover", self.recover_body(machine, signed))
        self._keep(machine, answer)
        self.read(signed)
        self.machines = [machine]
        return machine

    def read(self, signed: Signed) -> None:
        """Believe a statement."""
        super().read(signed)
        self.history = [*self.history[: signed.statement.sequence], signed]
