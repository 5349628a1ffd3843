"""`python -m bench.account_figures`: what accounts cost a server, and what their page weighs.

First CPU: people who make accounts, sign in, begin a list of devices, link a second one and renew
their sessions, one after the other, at the real server on its embedded database. What the server
and PostgreSQL spend is read from the system before and after; what browsers spend on deriving and
signing isn't in it. Then the page `/account/` in Chromium: bytes until it can be used, the bundles,
and how soon that is, also with the processor throttled (bench.page_figures says how).
"""

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import CDPSession, sync_playwright

from bench import hosts
from bench.page_figures import (
    CHROMIUM,
    Weight,
    all_packed,
    kilo,
    packed,
    served,
    slow_cpu,
    slow_line,
    tab,
    table,
    usable_after,
)
from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.chain import Chain, add, genesis
from ephemeral.protocol.accounts.proofs import proof
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed, consent, device_id
from ephemeral.protocol.encoding import b64encode
from ephemeral.store.embedded.server import EmbeddedPostgres

ACTION = "account.welcome.make"
DAY_MS = 86_400_000
# The goals: compressed, without HPKE and with all of it.
MOST, MOST_IN_ALL = "90 KB", "120 KB"
SLOWED: dict[str, Callable[[CDPSession], None] | None] = {
    "as it is": None,
    "with 4x CPU throttling": slow_cpu,
    "and 1.6 Mbit/s, 150 ms": slow_line,
}
FIRST = ("page.css", "account.css", "account.js", "old.js")
LATER = ("derive-worker.js", "account-later.js", "hpke.js")
# Here with the first visit: it is loaded while the first screen is read.
MEANWHILE = ("account-inside.js",)


@dataclass
class Device:
    """A browser of somebody's: its key, and its session."""

    key: SigningKey
    tokens: dict[str, Any] = field(default_factory=dict)


class Person:
    """Somebody with an account and two devices. Keys are drawn, not derived."""

    def __init__(self, http: httpx.AsyncClient, audience: str, number: int) -> None:
        self._http = http
        self._audience = audience
        self._now = 0
        self._named = {
            "address": f"figure_{number}.{number % 100_000:05}",
            "auth_key": b64encode(os.urandom(32)),
        }
        self._sealing = hpke.PrivateKey.generate(os.urandom).public
        self._chain = Chain.empty()
        self._first, self._second = (Device(SigningKey.generate(os.urandom)) for _ in range(2))

    @property
    def address(self) -> str:
        """Where the account is."""
        return self._named["address"]

    @property
    def chain(self) -> Chain:
        """As far as it was posted."""
        return self._chain

    async def register(self) -> None:
        """An account at an address."""
        self._first.tokens = await self._ask("POST", "/auth/register", self._named)

    async def sign_in(self) -> None:
        """With the password, in another browser."""
        self._second.tokens = await self._ask("POST", "/auth/login", self._named)

    async def begin(self) -> None:
        """The first device: GENESIS."""
        recovery = SigningKey.generate(os.urandom)
        signed = genesis(self._first.key, recovery.public, os.urandom(32))
        await self._post(self._first, self._first, signed, signed.statement.hash)
        await self.refresh()

    async def deposit(self) -> None:
        """What waits for the first device."""
        self._locator = b64encode(os.urandom(32))
        body = {"locator": self._locator, "request": b64encode(os.urandom(2076))}
        await self._ask("POST", "/devices/links", body, self._second)

    async def link(self) -> None:
        """The first device adds the second: ADD, with the password."""
        agreed = consent(self._second.key, self._chain.id)
        signed = add(self._chain, self._first.key, self._second.key.public, agreed)
        given = {"auth_key": self._named["auth_key"], "locator": self._locator}
        given["answer"] = b64encode(os.urandom(1052))
        await self._post(self._first, self._second, signed, self._chain.id, given)

    async def refresh(self) -> None:
        """The next tokens of the first device, with its proof."""
        token = str(self._first.tokens["refresh_token"])
        shown = self._proved(self._first, "POST", "/auth/refresh", token)
        headers = {"Ephemeral-Proof": shown}
        body = {"refresh_token": token}
        self._first.tokens = await self._ask("POST", "/auth/refresh", body, headers=headers)

    async def look(self) -> None:
        """What a page asks for at its start, and once a minute."""
        for path in ("/auth/me", "/auth/sessions", "/devices"):
            await self._ask("GET", path, None, self._first)

    async def findable(self) -> None:
        """The first device lets the account be asked by its address."""
        await self._ask("PUT", "/contacts/findable", {"findable": True}, self._first)

    def headers(self, method: str, path: str, now: int) -> dict[str, str]:
        """What the first device shows with a request at that moment."""
        token = str(self._first.tokens["access_token"])
        shown = proof(self._first.key, self._audience, method, path, token, now)
        return {"Authorization": f"Bearer {token}", "Ephemeral-Proof": shown}

    async def _post(
        self,
        by: Device,
        device: Device,
        signed: Signed,
        chain: bytes,
        given: dict[str, str] | None = None,
    ) -> None:
        named = SealingKey(1, self._now // DAY_MS, self._sealing)
        signature = sign_sealing(device.key, chain, device_id(device.key.public), named)
        sealing = {
            "number": named.number,
            "day": named.day,
            "key": b64encode(self._sealing),
            "signature": b64encode(signature),
        }
        body = {"statement": b64encode(signed.encode()), "sealing": sealing, **(given or {})}
        await self._ask("POST", "/devices", body, by)
        self._chain = self._chain.extend(signed)

    def _proved(self, device: Device, method: str, path: str, token: str) -> str:
        return proof(device.key, self._audience, method, path, token, self._now)

    async def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        device: Device | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        sent = dict(headers or {})
        if device is not None:
            token = str(device.tokens["access_token"])
            sent["Authorization"] = f"Bearer {token}"
            sent["Ephemeral-Proof"] = self._proved(device, method, path, token)
        answer = await self._http.request(method, path, json=body, headers=sent)
        if not answer.is_success:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        told: dict[str, Any] = answer.json() if answer.content else {}
        self._now = told.get("now", self._now)
        return told


STEPS: dict[str, Callable[[Person], Awaitable[None]]] = {
    "register": Person.register,
    "begin a list of devices, and renew": Person.begin,
    "sign in": Person.sign_in,
    "ask to be linked": Person.deposit,
    "link": Person.link,
    "renew a device's session": Person.refresh,
    "look (three questions)": Person.look,
}


async def spent(people: int) -> list[tuple[str, ...]]:
    """Lines of the table: milliseconds of CPU for each step, of the server and of PostgreSQL."""
    hosts.confine()
    lines: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        async with (
            EmbeddedPostgres(directory / "postgres") as database,
            hosts.ephemeral(database.dsn, directory) as host,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{host.port}", trust_env=False) as http,
        ):
            # What a server does at its start is no cost of accounts; it packs its pages last.
            await asyncio.to_thread(all_packed, f"http://127.0.0.1:{host.port}/")
            audience = (await http.get("/config")).json()["accounts"]["audience"]
            # The first of all makes keys and plans that the others use.
            warm = Person(http, audience, 0)
            for step in STEPS.values():
                await step(warm)
            everybody = [Person(http, audience, number + 1) for number in range(people)]
            for label, step in STEPS.items():
                before = host.spent()
                for person in everybody:
                    await step(person)
                cost = host.spent().since(before)
                each = [cost.server, cost.postgres, cost.at]
                lines.append((label, *(f"{1000 * one / people:.1f} ms" for one in each)))
    return lines


def page(loads: int) -> None:
    """Print what the page weighs, and when it can be used."""
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if chromium is None:
        raise SystemExit("There is no Chromium on this machine.")
    with served() as root, sync_playwright() as playwright:
        address = f"{root}account/"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        # The first load of a browser starts its processes.
        usable_after(browser, address, action=ACTION)
        # In turn with the rooms' first page: on a busy machine the one is to be read by the other.
        took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in SLOWED}
        for _ in range(loads):
            for name, how in SLOWED.items():
                took[name][0].append(usable_after(browser, address, how, ACTION))
                took[name][1].append(usable_after(browser, root, how))
        with tab(browser, action=ACTION) as one:
            one.page.goto(address, wait_until="networkidle")
            first = Weight.of(one)
        browser.close()
    later = sum(packed(f"bundles/{name}") for name in LATER)
    but_hpke = later - packed("bundles/hpke.js")
    table(
        [
            ("/account/", "ours", "goal"),
            ("first visit, bodies", kilo(first.bodies), ""),
            ("  with headers", kilo(first.everything), ""),
            ("  requests", str(first.requests), ""),
            ("all of it without HPKE", kilo(first.bodies + but_hpke), MOST),
            ("all of it", kilo(first.bodies + later), MOST_IN_ALL),
        ]
    )
    print()
    table(
        [
            ("usable after", "/account/", "rooms"),
            *(
                (name, *(f"{statistics.median(them):.0f} ms" for them in pair))
                for name, pair in took.items()
            ),
        ]
    )
    print()
    table(
        [
            ("of it, each by itself", "Brotli"),
            *((name, str(packed(f"bundles/{name}"))) for name in (*FIRST, *MEANWHILE, *LATER)),
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.account_figures", description=__doc__)
    parser.add_argument("--people", type=int, default=40, help="who do each step (40)")
    parser.add_argument("--loads", type=int, default=5, help="of each kind; medians are printed")
    given = parser.parse_args()
    lines = asyncio.run(spent(given.people))
    print(f"Means of {given.people}, one after the other; {os.cpu_count()} cores.\n")
    table([("CPU of each", "server", "PostgreSQL", "(time)"), *lines])
    print(f"\nMedians of {given.loads} cold loads.\n")
    page(given.loads)


if __name__ == "__main__":
    main()
