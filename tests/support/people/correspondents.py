"""People with accounts and conversations, by the client's library, against a real server.

Each device is a folder; `open` gives its conversations as a command has them, and closes the file
again afterwards.
"""

import os
import secrets
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from ephemeral.client.accounts.account import Account
from ephemeral.client.accounts.account_file import accounts_folder
from ephemeral.client.accounts.account_file import opened as file_of
from ephemeral.client.accounts.device_keys import first_sealing, sealing_object
from ephemeral.client.accounts.kept import Kept
from ephemeral.client.accounts.kept_history import DAY_MS, Awaited, Promise
from ephemeral.client.accounts.own_chain import read_own
from ephemeral.client.accounts.sign_in_commands import open_session
from ephemeral.client.context import Context
from ephemeral.client.conversations.engine import Conversations, opened
from ephemeral.client.conversations.news import MESSAGE, News
from ephemeral.client.conversations.store import Crash, ignore
from ephemeral.client.transport import Server
from ephemeral.protocol.accounts.chain import Chain, add, consent, genesis, remove
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.conversations import contents
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.limits import ID_SIZE
from ephemeral.protocol.objects import Json

Ask = Callable[..., Any]


class Person(NamedTuple):
    """What the devices of an account have in common."""

    address: str
    auth_key: str
    recovery: SigningKey


class Device:
    """A device of an account. `account` and `talk` are there while it is open."""

    def __init__(
        self,
        url: str,
        folder: Path,
        person: Person | None = None,
        way: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        #: To a server in this process.
        self.way = way
        self.folder = folder
        # The name is drawn too: of a hundred people of one name, two would draw the same digits.
        name = f"canary_{secrets.token_hex(6)}.{secrets.randbelow(100_000):05}"
        self.person = person or Person(
            name, b64encode(os.urandom(32)), SigningKey.generate(os.urandom)
        )
        self.chain = b""
        self.id = b""
        #: Laid around each request, where a test says so.
        self.around: Callable[[Ask], Ask] | None = None
        #: How far this device's clock is ahead of the machine's, in seconds.
        self.ahead = 0.0

    @asynccontextmanager
    async def file(self) -> AsyncIterator[Account]:
        """The account as it is kept, while its file is locked."""
        arguments = Namespace(timeout=0, cafile=None, proxy=None, json=False, allow_http=True)
        environment = {"XDG_STATE_HOME": str(self.folder)}
        context = Context(arguments, environment, wall=lambda: time.time() + self.ahead)
        accounts, address = accounts_folder(environment), self.person.address
        async with (
            self._server() as server,
            file_of(accounts, self.url, address, context.random, keyring=False) as file,
        ):
            kept = file.load()
            if kept is None:
                config = await server.config()
                kept = Kept(self.url, address, config.salt)
            account = Account(context, server, file, kept)
            if self.around is not None:
                account.ask = self.around(account.ask)  # type: ignore[method-assign]
            yield account

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[Server]:
        async with Server(self.url) as server:
            if self.way is not None:
                await server._http.aclose()
                server._http = httpx.AsyncClient(transport=self.way, trust_env=False)
            yield server

    @asynccontextmanager
    async def open(self, crash: Crash = ignore) -> AsyncIterator[Conversations]:
        """Its conversations."""
        async with self.file() as account:
            with opened(account, crash) as talk:
                yield talk

    async def register(self) -> "Device":
        """Make the account, and be its first device."""
        person = self.person
        async with self.file() as account:
            kept = account.kept
            body = {"address": person.address, "auth_key": person.auth_key}
            account.take_tokens(await account.ask_with("POST", "/auth/register", body=body))
            self._keys(account)
            key = kept.key
            assert key is not None
            seal = os.urandom(32)
            signed = genesis(key, person.recovery.public, seal)
            chain = Chain.empty().extend(signed)
            kept.made = [signed.statement.hash]
            statement = {
                "statement": b64encode(signed.encode()),
                "sealing": sealing_object(kept, chain.id, kept.sealing[0]),
            }
            await account.ask("POST", "/devices", statement)
            kept.pin = chain.pin
            await self._finish(account)
        return self

    async def sign_in(self) -> None:
        """A new session of this device."""
        async with self.file() as account:
            body = {"address": self.person.address, "auth_key": self.person.auth_key}
            await open_session(account, "/auth/login", body)

    async def another(
        self, folder: Path, pinned: Json | None = None, history: int | None = None
    ) -> "Device":
        """A second device, linked by this one, which tells it what is `pinned`: R by id; and
        promises what was said since that moment, in milliseconds."""
        other = Device(self.url, folder, self.person, self.way)
        other.ahead = self.ahead
        async with other.file() as new, self.file() as old:
            person = self.person
            body = {"address": person.address, "auth_key": person.auth_key}
            new.take_tokens(await new.ask_with("POST", "/auth/login", body=body))
            other._keys(new)
            locator, blob = b64encode(os.urandom(32)), b64encode(os.urandom(100))
            await new.ask("POST", "/devices/links", {"locator": locator, "request": blob})
            chain = (await read_own(old)).chain
            key, signer = new.kept.key, old.kept.key
            assert key is not None
            assert signer is not None
            signed = add(chain, signer, key.public, consent(key, chain.id))
            old.kept.made.append(signed.statement.hash)
            old.save()
            statement = {
                "statement": b64encode(signed.encode()),
                "auth_key": person.auth_key,
                "sealing": sealing_object(new.kept, chain.id, new.kept.sealing[0]),
                "locator": locator,
                "answer": blob,
            }
            await old.ask("POST", "/devices", statement)
            await read_own(old)
            new.kept.pin = chain.extend(signed).pin
            if pinned is not None:
                new.kept.conversations = pinned
            if history is not None:
                assert new.kept.device is not None
                old.kept.histories[new.kept.device] = Promise(history, old.now)
                new.kept.history = Awaited(new.now + DAY_MS)
                old.save()
            await other._finish(new)
        return other

    async def revoke(self, device: bytes) -> None:
        """Remove another device of the account."""
        async with self.file() as account:
            chain = (await read_own(account)).chain
            signer = account.kept.key
            assert signer is not None
            signed = remove(chain, signer, device)
            account.kept.made.append(signed.statement.hash)
            account.save()
            body = {
                "statement": b64encode(signed.encode()),
                "auth_key": self.person.auth_key,
            }
            await account.ask("POST", f"/devices/{b64encode(device)}/revoke", body)
            await read_own(account)

    def _keys(self, account: Account) -> None:
        kept, random = account.kept, account.context.random
        kept.seed, kept.names_key = random(32), random(32)
        kept.recovery_seal = None
        kept.sealing = [first_sealing(random, account.now)]
        account.save()

    async def _finish(self, account: Account) -> None:
        kept = account.kept
        kept.sealing[0].published_at = account.now
        account.save()
        await account.refresh()
        await read_own(account)
        assert kept.pin is not None
        assert kept.device is not None
        self.chain, self.id = kept.pin.chain, kept.device

    async def account_id(self) -> bytes:
        async with self.file() as account:
            assert account.kept.account is not None
            return account.kept.account

    async def befriend(self, other: "Device") -> None:
        """Become contacts, by a request and its acceptance."""
        async with other.file() as theirs:
            await theirs.ask("PUT", "/contacts/findable", {"findable": True})
        async with self.file() as mine:
            body = {"address": other.person.address, "own": self.person.address}
            await mine.ask("POST", "/contacts/requests", body)
        account = b64encode(await self.account_id())
        async with other.file() as theirs:
            await theirs.ask("PUT", f"/contacts/{account}", {"state": "accepted"})

    async def says(self, conversation: bytes, text: str) -> None:
        """Send a text."""
        async with self.open() as talk:
            await talk.text(conversation, text)

    async def says_all(self, conversation: bytes, text: str) -> None:
        """Read all that is new, and then send a text."""
        async with self.open() as talk:
            await talk.sync()
            await talk.text(conversation, text)

    async def says_many(self, conversation: bytes, said: Sequence[str]) -> None:
        """Texts that have waited in the outbox, in as few requests as there can be."""
        async with self.open() as talk:
            store, account = talk._store, talk._account
            with store.writing("outbox"):
                for one in said:
                    content = contents.encode("text", account.now, {"text": one, "mentions": []})
                    store.do(
                        "INSERT INTO outbox (conversation, id, content) VALUES (?, ?, ?)",
                        conversation, os.urandom(ID_SIZE),
                        store.seal("outbox", conversation, content),
                    )  # fmt: skip
            assert await talk.flush(conversation) == {}

    async def hears(self) -> list[News]:
        """All that is new, taken."""
        async with self.open() as talk:
            await talk.sync()
            news = talk.news()
            await talk.taken(news)
            return news

    async def texts(self) -> list[str]:
        """The texts that are new, taken; nothing else may have been refused."""
        return texts(await self.hears())


def texts(news: list[News]) -> list[str]:
    """What was said in text, in order."""
    return [
        str(one.content.body["text"])
        for one in news
        if one.kind == MESSAGE and one.content is not None and "text" in one.content.body
    ]


def refusals(news: list[News]) -> list[str]:
    """Codes of what was refused, or noted."""
    return [one.code for one in news if one.code is not None]
