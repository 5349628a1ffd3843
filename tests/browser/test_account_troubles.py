"""What goes wrong for people with accounts, and the way on: thieves, sleep, lost storage, a backup.

All of it on the page, with the real server. Somebody, Ada, has an account in one browser, which the
tests use one after the other: each leaves her browser a device of her account, with her password.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.machines.chromium import Visit, Watched, visits
from support.machines.overheard import Wire, overheard
from support.machines.server import Program
from support.machines.server import program as command
from support.people import account_people as raw
from support.people.account_holders import Machine
from support.people.command_line import Cli
from test_account_stories import (
    PASSWORD,
    PATIENT,
    account_page,
    at_account,
    button,
    let_in,
    patience,  # noqa: F401
    registered,
)

from ephemeral.protocol.accounts.chain import remove
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64decode, b64encode

pytestmark = pytest.mark.timeout(300)

DROPPED = """() => new Promise((resolve, reject) => {
  const asked = indexedDB.deleteDatabase("ephemeral-account");
  asked.onsuccess = () => resolve(true);
  // What is being written ends first.
  asked.onerror = () => reject(asked.error);
})"""


@dataclass
class Ada:
    """Somebody whose browser is a device of her account."""

    watched: Watched
    wire: Wire
    address: str
    words: list[str]

    @property
    def page(self) -> Page:
        return self.watched.page

    def is_in(self, page: Page | None = None) -> None:
        """The page shows her account."""
        at_account(page or self.page)
        heading = (page or self.page).get_by_role("heading", level=1)
        expect(heading).to_have_text(self.address, timeout=PATIENT)

    def takes_it_back(self) -> None:
        """With the ten words, from wherever she is asked for them."""
        button(self.page, "I have the ten words")
        self.page.get_by_label("Address").fill(self.address)
        self.page.get_by_label("The ten words").fill(" ".join(self.words))
        self.page.get_by_label("New password").fill(PASSWORD)
        button(self.page, "Take it back")
        self.is_in()


@pytest.fixture(scope="module")
def ada(browser: Browser, quick_server: Program) -> Iterator[Ada]:
    with overheard(quick_server.url) as wire, visits(browser) as visit:
        watched = account_page(visit, wire.url)
        # The browser's word on what the server refuses, and on a network that is gone.
        watched.forgive("console: Failed to load resource")
        address, words = registered(watched.page)
        yield Ada(watched, wire, address, words)


@pytest.fixture
def cli(server: str, tmp_path: Path) -> Iterator[Cli]:
    with closing(Cli(server, tmp_path)) as line:
        yield line


def test_two_tabs_that_start_at_once_both_go_on(ada: Ada) -> None:
    page, other = ada.page, ada.page.context.new_page()
    other.goto(page.url)
    for _ in range(3):
        with page.expect_navigation(), other.expect_navigation():
            for one in (page, other):
                one.evaluate("() => { setTimeout(() => location.reload()); }")
        for one in (page, other):
            ada.is_in(one)
    other.close()


def test_a_laptop_that_slept_between_a_renewal_and_its_answer_goes_on(ada: Ada) -> None:
    before = ada.page.context.cookies()
    with ada.wire.losing("/auth/refresh"):
        ada.page.reload()
        offline = ada.page.get_by_role("heading", name="The server can’t be reached")
        expect(offline).to_be_visible(timeout=PATIENT)
        # The server has gone on to the next token, and this browser has not heard of it.
        assert ada.wire.lost > 0
        assert ada.page.context.cookies() == before
    ada.page.evaluate("() => { dispatchEvent(new Event('online')); }")
    ada.is_in()
    assert ada.page.context.cookies()[0]["value"] != before[0]["value"]
    ada.page.reload()
    ada.is_in()


def test_whoever_has_the_password_alone_and_begins_anew_is_refused(ada: Ada, cli: Cli) -> None:
    thief = Machine(cli, "thief", PASSWORD)
    thief.address = ada.address
    thief.json("login", ada.address, "--name", "thief")
    assert thief.lines("start-over")[-1]["pending"]["kind"] == "genesis"
    ada.page.reload()
    waiting = ada.page.locator(".pending")
    expect(waiting).to_contain_text("begin anew under your address", timeout=PATIENT)
    button(ada.page, "Refuse")
    expect(waiting).to_have_count(0, timeout=PATIENT)
    told = thief.json("whoami")
    assert (told["device"], told["pending"]) == (None, None)
    assert thief.json("login", ada.address)["device"] is None
    at_account(ada.page)
    expect(ada.page.locator(".account-row[data-device]")).to_have_count(1)


async def takes_all_of_it(server: str, thief: Machine) -> None:
    """A thief with a device and the password does all that these allow."""
    kept = thief.kept()
    async with raw.AccountHolder(server) as holder:
        session = kept["session"]
        own = raw.Machine(SigningKey.from_seed(b64decode(kept["seed"])))
        own.tokens = raw.Tokens(
            session["access_token"], session["refresh_token"], session["sid"], b64encode(own.id)
        )
        holder.address = thief.address
        holder.auth_key = b64decode(thief.json("key", thief.address)["auth_key"])
        listed = await holder.ask(own, "GET", "/devices")
        for one in listed["statements"]:
            holder.read(Signed.decode(b64decode(one)))
        # Hers is out, and there is room for no other.
        hers = holder.chain.devices[0].id
        signed = remove(holder.chain, own.key, hers)
        path = f"/devices/{b64encode(hers)}/revoke"
        await holder.ask(own, "POST", path, holder.revoke_body(signed))
        holder.read(signed)
        while len(holder.chain.devices) < 10:
            await holder.link(own)
        changed = {"auth_key": "A" * 43, "old_auth_key": b64encode(holder.auth_key)}
        await holder.ask(own, "POST", "/auth/password", changed)
        closing_it = b64encode(holder.closed(own.key).encode())
        body = {"auth_key": "A" * 43, "statement": closing_it}
        assert not (await holder.ask(own, "DELETE", "/auth/me", body))["deleted"]


def test_a_thief_with_a_device_and_the_password_is_undone_by_ten_words(
    ada: Ada, server: str, cli: Cli
) -> None:
    thief = Machine(cli, "thief", PASSWORD)
    thief.address = ada.address
    thief.json("login", ada.address, "--name", "thief")
    process, code = thief.ask_for_link()
    let_in(ada.page, code)
    process.communicate()
    assert process.returncode == 0
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(takes_all_of_it(server, thief))).result()

    # Her tab is open, and is told by the account's socket.
    told = ada.page.get_by_role("heading", name="This browser was removed from the account")
    expect(told).to_be_visible(timeout=PATIENT)
    ada.takes_it_back()
    expect(ada.page.locator(".account-row[data-device]")).to_have_count(1)
    expect(ada.page.locator(".pending")).to_have_count(0)
    assert thief.refused("devices") in {"device_revoked", "session_ended"}
    # Even if the new password gets about.
    signed_in = thief.json("login", ada.address)
    assert (signed_in["device"], signed_in["pending"]) == (None, None)


def test_storage_that_the_browser_has_cleared_away_is_recognised_and_ten_words_lead_back(
    ada: Ada,
) -> None:
    # The same origin, and no program that has the database open.
    ada.page.goto(f"{ada.wire.url}/static/icons/icon.svg")
    assert ada.page.evaluate(DROPPED)
    ada.page.goto(f"{ada.wire.url}/account/")
    told = ada.page.get_by_role("heading", name="The browser has cleared its keys away")
    expect(told).to_be_visible(timeout=PATIENT)
    ada.takes_it_back()
    expect(ada.page.locator(".account-row[data-device]")).to_have_count(1)


def test_after_a_restore_what_a_browser_keeps_opens_with_ten_words(
    visit: Visit, serve: Callable[..., Program]
) -> None:
    server = serve(DATABASE_URL="", ENCRYPTION_KEY="", KDF="pbkdf2")
    watched = account_page(visit, server.url)
    watched.forgive("console: Failed to load resource|WebSocket")
    page = watched.page
    address, words = registered(page)
    database = Path(server.environment["DATA_DIR"]) / "postgres"
    yesterday = server.folder / "yesterday"
    server.stop()
    shutil.copytree(database, yesterday)
    server.start()
    page.reload()
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(address, timeout=PATIENT)
    page.goto("about:blank")
    server.stop()
    shutil.rmtree(database)
    yesterday.rename(database)
    accepted = command("restore-accept", environment=server.environment, folder=server.folder)
    assert accepted.wait(timeout=60) == 0
    server.start()

    page.goto(f"{server.url}/account/")
    expect(page.get_by_role("heading", name="You are signed out here")).to_be_visible(
        timeout=PATIENT
    )
    page.get_by_label("Address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator(".account-form").get_by_role("button", name="Sign in").click()
    locked = page.get_by_role("heading", name="The server has lost its half")
    expect(locked).to_be_visible(timeout=PATIENT)
    page.get_by_label("The ten words").fill(" ".join([*words[1:], words[0]]))
    button(page, "Open")
    wrong = page.locator(".form-trouble .notice, .field-error:visible")
    expect(wrong.first).to_contain_text("not the ten words", timeout=PATIENT)
    page.get_by_label("The ten words").fill(" ".join(words))
    button(page, "Open")
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(address, timeout=PATIENT)
    # It is open from then on, with a new half.
    page.reload()
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(address, timeout=PATIENT)
    expect(page.locator(".account-row[data-device]")).to_have_count(1)
