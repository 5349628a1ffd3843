"""The whole server in this process, with accounts, for tests that ask over HTTP."""

import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from support.machines.services import Clock
from support.people.account_client import AccountClient
from support.people.stretching import hash_cheaply

import app
from app import serving
from ephemeral.accounts.doors import Doors
from ephemeral.accounts.service.chain_cache import ChainCache
from ephemeral.accounts.service.contacts import Contacts
from ephemeral.accounts.service.deletion import Deletion
from ephemeral.accounts.service.deployment import read_audience
from ephemeral.accounts.service.due import Due
from ephemeral.accounts.service.ended import EndedSessions
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.accounts.service.people import People
from ephemeral.accounts.service.proofs import Proofs
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Sessions
from ephemeral.accounts.service.signing_keys import SigningKeys
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.tokens import Tokens
from ephemeral.accounts.service.watches import Watches
from ephemeral.accounts.wing import accounts_wing
from ephemeral.conversations.wing import conversations_wing
from ephemeral.edge.operations import Operation
from ephemeral.edge.wing import Ground, Wing
from ephemeral.files.wing import files_wing
from ephemeral.live.bus import LocalBus
from ephemeral.operators.service.reports import Reports
from ephemeral.operators.wing import operators_wing
from ephemeral.page.files import StaticFiles
from ephemeral.page.pages import Operator, Pages
from ephemeral.rooms.wing import rooms_wing
from ephemeral.sealing.vault import Vault
from ephemeral.settings import Settings

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

_FAR = {
    "REGISTRATIONS_PER_ADDRESS": "1000000/1",
    "LOGINS_PER_ADDRESS": "1000000/1",
    "MISSES_PER_ADDRESS": "1000000/1",
    # Nobody asks it anything: it is there so that all operations are.
    "OIDC_ISSUER": "https://issuer.example",
    "OIDC_CLIENT_ID": "here",
}


class Witness:
    """Holds every answer against the contract."""

    def __init__(self, contract: dict[str, Any], base: str) -> None:
        self._contract = contract
        self._base = base
        # To make one takes longer than most answers.
        self._validators: dict[tuple[str, str, int], Draft202012Validator] = {}
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations)
            for path, operations in contract["paths"].items()
        ]

    async def __call__(self, answer: httpx.Response) -> None:
        await answer.aread()
        path = answer.request.url.path.removeprefix(self._base)
        # What is a path to the letter comes before what has fields.
        found = sorted(
            (
                (pattern.pattern.count("["), pattern.pattern, operations)
                for pattern, operations in self._paths
                if pattern.fullmatch(path)
            ),
            key=lambda one: one[0],
        )
        if not found:
            assert answer.status_code == 404
            return
        _, pattern, operations = found[0]
        method = answer.request.method.lower()
        operation = operations.get(method)
        if operation is None:
            assert answer.status_code == 405
            return
        promised = operation["responses"][str(answer.status_code)]
        if "content" not in promised:
            assert answer.content == b""
            return
        name = (pattern, method, answer.status_code)
        if name not in self._validators:
            schema = promised["content"]["application/json"]["schema"]
            whole = {**schema, "components": self._contract["components"]}
            self._validators[name] = Draft202012Validator(whole)
        self._validators[name].validate(answer.json())


@cache
def _files() -> StaticFiles:
    return StaticFiles(app.WEB, app.read_catalogues(app.WEB / "catalogue"))


@cache
def _pages(base_path: str, operator: Operator, accounts: bool, store: str | None) -> Pages:
    catalogues = app.read_catalogues(app.WEB / "catalogue")
    return Pages(
        app.WEB, base_path, "0", _files(), catalogues, operator, accounts=accounts, store=store
    )


@contextmanager
def _cheaply() -> Iterator[None]:
    """What is opened meanwhile has the page that others had, and hashes passwords in no time."""

    def pages(
        _web: Path, base_path: str, _version: str, _files: StaticFiles, _catalogues: object,
        operator: Operator, *, accounts: bool, store: str | None,
    ) -> Pages:  # fmt: skip
        return _pages(base_path, operator, accounts, store)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "StaticFiles", lambda *_: _files())
        patch.setattr(app, "Pages", pages)
        hash_cheaply(patch.setattr)
        yield


class House:
    """A server. `operations`: those of accounts, conversations and operators, as the wings state
    them."""

    def __init__(
        self, api: httpx.AsyncClient, ground: Ground, wings: Sequence[Wing], doors: Doors
    ) -> None:
        self.api = api
        self.ground = ground
        self.operations: list[Operation] = [one for wing in wings for one in wing.operations]
        self.base = ground.settings.base_path
        self.clock = Clock(ground.pool)
        values, ended = (
            SealedValues(ground.keyring, os.urandom),
            EndedSessions(ground.pool, ground.bus),
        )
        proofs = Proofs(ground.pool, "")
        self.doors = doors
        # What operators do; whoever is signed in as one gets as far as this.
        self.reports = Reports(
            ground.pool, Vault(ground.keyring, os.urandom), ground.keyring.index_key, doors
        )
        # What the server does every minute, for tests that don't wait for it.
        self.sessions = Sessions(ground.pool, values, ended, proofs, os.urandom)
        hooks, passwords = Hooks(), Passwords(ground.pool, os.urandom)
        statements = Statements(values, ChainCache(), hooks)
        pendings = Pendings(statements)
        watches = Watches(ground.pool, LocalBus(), ground.keyring.index_key)
        deletion = Deletion(watches, hooks, values, self.sessions, passwords, pendings)
        contacts = Contacts(
            ground.pool, watches, hooks, People(statements, values), values, self.sessions,
            ground.keyring.index_key,
        )  # fmt: skip
        self.due = Due(ground.pool, watches, statements, values, self.sessions, deletion, contacts)

    @property
    def pool(self) -> "Pool":
        return self.ground.pool

    def somebody(self) -> AccountClient:
        """A program that has no account yet."""
        return AccountClient(self.api, self.base)

    async def tokens(
        self, now: Callable[[], int], audience: str | None = None
    ) -> tuple[Tokens, SigningKeys]:
        """What makes tokens by this server's keys, at another time or for another audience."""
        pool = self.pool
        keys = SigningKeys(pool, SealedValues(self.ground.keyring, os.urandom), os.urandom)
        await keys.renew()
        await keys.ready()
        ended = EndedSessions(pool, LocalBus())
        return Tokens(keys, ended, audience or await read_audience(pool), now), keys


@asynccontextmanager
async def house(database_url: str, folder: Path, **settings: str) -> AsyncIterator[House]:
    """The server with these settings; what is asked is asked of it directly."""
    given = {"DATABASE_URL": database_url, "ENCRYPTION_KEY": "5e" * 32, "DATA_DIR": str(folder)}
    read = Settings.parse({**given, "DRAIN_SECONDS": "0", **_FAR, **settings})
    made: list[tuple[Ground, Sequence[Wing], Doors]] = []

    @asynccontextmanager
    async def seen(ground: Ground) -> AsyncIterator[tuple[Wing, ...]]:
        async with (
            accounts_wing(ground) as (accounts, doors),
            conversations_wing(ground, doors) as (conversations, talks),
            files_wing(ground, doors, talks) as (files, taken_down),
            operators_wing(ground, doors, taken_down) as operators,
        ):
            made.append((ground, (accounts, conversations, files, operators), doors))
            yield accounts, conversations, files, operators

    async with AsyncExitStack() as stack:
        with _cheaply():
            opened = await stack.enter_async_context(serving(read, open_wings=[rooms_wing, seen]))
        transport = httpx.ASGITransport(app=opened, client=("192.0.2.7", 4711))
        base = f"http://ephemeral.test{read.base_path}"
        api = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url=base, trust_env=False)
        )
        contract = (await api.get("/openapi.json")).json()
        seen_by = Witness(contract, read.base_path)
        api.event_hooks["response"].append(seen_by)
        yield House(api, *made[0])
