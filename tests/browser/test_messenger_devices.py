"""Somebody with two browsers talks with somebody who has one, and the server understands nothing.

One story of browsers, told once: one is linked while the other person is away, loses its storage,
is linked anew, and is removed. What is asked of it afterwards has a test each.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bare_account import LIVE, REGISTER, opened
from playwright.sync_api import Browser, Page, WebSocket, expect
from support.machines.chromium import Visit, Watched, visits
from support.machines.database import Server as Postgres
from support.machines.overheard import Wire, overheard
from support.machines.server import Program, Serve
from support.people.canaries import Canaries, Found, Place, files
from test_account_stories import (
    KEPT,
    PASSWORD,
    account_page,
    at_account,
    button,
    let_in,
    patience,  # noqa: F401
    signed_in,
)
from test_account_troubles import DROPPED
from test_conversation_tabs import SENT, founded
from test_messenger import at_home, bubble, done_to, said

pytestmark = pytest.mark.timeout(300)

TAKEN_BACK = "This message was taken back."
DESKTOP = {"width": 1280, "height": 800}
SETTINGS = {"DATABASE_URL": "", "ENCRYPTION_KEY": "", "KDF": "pbkdf2", "LOG_LEVEL": "debug"}


@dataclass
class Scene:
    """What was done, and all that was said and heard meanwhile."""

    program: Program
    wire: Wire
    canaries: Canaries = field(default_factory=Canaries)
    frames: list[bytes] = field(default_factory=list)
    #: What the removed browser has left, and what was on its screen.
    kept: dict[str, list[str]] = field(default_factory=dict)
    last_seen: str = ""
    #: What each of the three has on its screen in the end, of what people said.
    shown: dict[str, list[str]] = field(default_factory=dict)

    def somebody(self, visit: Visit, name: str) -> tuple[Watched, str]:
        """A browser that is the one device of a new account; and its address."""
        watched = visit("about:blank")
        watched.origin = self.wire.url
        watched.forgive("404|409|ERR_INTERNET|WebSocket|Failed to load resource")
        self.overhear(watched)
        opened(watched.page, self.wire.url)
        address = watched.page.evaluate(REGISTER, [name, PASSWORD])["address"]
        watched.page.evaluate(LIVE)
        return watched, address

    def overhear(self, watched: Watched) -> None:
        """On the wire what goes through a socket is masked."""

        def listen(socket: WebSocket) -> None:
            for event in ("framesent", "framereceived"):
                socket.on(event, lambda frame: self.frames.append(str(frame).encode()))  # type: ignore[call-overload]

        watched.page.on("websocket", listen)

    def text(self, name: str) -> str:
        return f"{name} {self.canaries.text(name)}"

    def heard(self) -> list[Place]:
        """All that went over the wire, either way."""
        requests = b"".join(bytes(one) for one, _ in self.wire.connections)
        answers = b"".join(bytes(one) for _, one in self.wire.connections)
        places = [Place("requests", requests), Place("answers", answers)]
        return [*places, Place("frames", b"\n".join(self.frames))]

    def written(self) -> list[Place]:
        """All that the server has stored and printed."""
        data = Path(self.program.environment["DATA_DIR"])
        output = Place("output", self.program.output().encode())
        return [*files(data, self.program.folder), output]


def texts(page: Page) -> list[str]:
    return page.get_by_role("article").locator(".message-text").all_inner_texts()


def linked(scene: Scene, visit: Visit, old: Page, address: str, beside: Watched | None) -> Watched:
    """A browser of the same person, let in by the old one: another, or that whose storage went."""
    phone = beside or account_page(visit, scene.wire.url)
    if beside is None:
        phone.forgive("Failed to load resource|WebSocket")
        scene.overhear(phone)
        signed_in(phone.page, address)
    else:
        button(phone.page, "Sign in")
        phone.page.get_by_label("Address").fill(address)
        phone.page.get_by_label("Password").fill(PASSWORD)
        phone.page.locator(".account-form").get_by_role("button", name="Sign in").click()
    button(phone.page, "Show the words")
    expect(phone.page.locator(".code-words span")).to_have_count(7)
    at_account(old)
    let_in(old, phone.page.locator(".code-words").inner_text())
    button(old, "Back to the conversations")
    return phone


def play(scene: Scene, browser: Browser) -> None:
    with visits(browser) as visit:
        (ada, address), (bo, other) = (scene.somebody(visit, name) for name in ("ada", "boris"))
        for one in (address, other):
            scene.canaries.watch(f"the address {one}", one)
        talk = founded(ada.page, bo.page)
        bo.page.evaluate("(id) => talk.of(id).catchUp({ again: true })", talk)
        before = scene.text("before")
        ada.page.evaluate(SENT, [talk, before])
        laptop, bos = at_home(ada, scene.wire.url), at_home(bo, scene.wire.url)
        laptop.set_viewport_size(DESKTOP)
        name = scene.canaries.text("name")
        laptop.get_by_label("What are others to call you?").fill(name)
        button(laptop, "Use this name")
        expect(laptop.locator(".own-name")).to_be_hidden()
        laptop.locator(".conversation-row").click()
        taken_back = scene.text("taken back")
        said(laptop, taken_back)
        bos.locator(".conversation-row").click()
        expect(bubble(bos, before)).to_be_visible()

        # While Bo is away, Ada's other browser is linked: it has what was said, and goes on.
        bos.goto("about:blank")
        phone = linked(scene, visit, laptop, address, None)
        phone.page.locator(".conversation-row").click()
        expect(bubble(phone.page, before)).to_be_visible()
        expect(phone.page.locator(".chat-title")).to_be_visible()
        away = scene.text("while away")
        said(phone.page, away)
        laptop.locator(".conversation-row").click()
        expect(bubble(laptop, away)).to_be_visible()

        # Bo comes back to all of it, whichever browser it is from.
        bos.goto(f"{scene.wire.url}/account/")
        bos.locator(".conversation-row").click()
        for one in (before, away):
            expect(bubble(bos, one)).to_be_visible()
        expect(bos.locator(".chat-title")).to_contain_text(name)
        done_to(bos, bubble(bos, away), "👍")
        for page in (laptop, phone.page):
            expect(bubble(page, away).locator(".reaction")).to_contain_text("👍")
        answer = scene.text("answer")
        done_to(bos, bubble(bos, away), "Answer")
        said(bos, answer)
        # A change by the one counts for what the other has said: it is the same person's.
        edited = scene.text("edited")
        done_to(laptop, bubble(laptop, away), "Change")
        laptop.get_by_label("Write a message").fill(edited)
        laptop.keyboard.press("Enter")
        for page in (bos, phone.page):
            expect(bubble(page, edited)).to_contain_text("changed")
        done_to(phone.page, bubble(phone.page, taken_back), "Delete for everyone")
        phone.page.locator("dialog").get_by_role("button", name="Delete for everyone").click()
        for page in (bos, laptop):
            expect(bubble(page, TAKEN_BACK)).to_be_visible()
        done_to(phone.page, bubble(phone.page, before), "Delete for me")
        for page in (phone.page, laptop):
            expect(bubble(page, before)).to_have_count(0)
        expect(bubble(bos, before)).to_be_visible()

        # The browser clears its storage away: it says so, and the same way leads back in.
        phone.page.goto(f"{scene.wire.url}/static/icons/icon.svg")
        assert phone.page.evaluate(DROPPED)
        phone.page.goto(f"{scene.wire.url}/account/")
        cleared = phone.page.get_by_role("heading", name="The browser has cleared its keys away")
        expect(cleared).to_be_visible()
        linked(scene, visit, laptop, address, phone)
        phone.page.locator(".conversation-row").click()
        expect(bubble(phone.page, edited)).to_be_visible()
        again = scene.text("here again")
        said(phone.page, again)
        expect(bubble(bos, again)).to_be_visible()
        pages = {"phone": phone.page, "laptop": laptop, "bo": bos}
        scene.shown = {whose: texts(page) for whose, page in pages.items()}

        # It is removed, and what is said next is for those who are left.
        at_account(laptop)
        rows = laptop.locator(".account-row[data-device]")
        expect(rows).to_have_count(3)
        rows.nth(2).get_by_role("button", name="Remove").click()
        laptop.locator("dialog").get_by_label("Password").fill(PASSWORD)
        button(laptop, "Remove the device")
        removed = phone.page.get_by_role("heading", name="This browser was removed")
        expect(removed).to_be_visible()
        unheard = scene.text("unheard")
        said(bos, unheard)
        button(laptop, "Back to the conversations")
        laptop.locator(".conversation-row").click()
        expect(bubble(laptop, unheard)).to_be_visible()
        phone.page.reload()
        expect(removed).to_be_visible()
        scene.kept = phone.page.evaluate(KEPT)
        scene.last_seen = phone.page.locator("body").inner_text()


@pytest.fixture(scope="module")
def scene(
    postgres: Postgres, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    serve = Serve(postgres, tmp_path_factory.mktemp("devices"))
    program = serve(**SETTINGS)
    with overheard(program.url) as wire:
        played = Scene(program, wire)
        play(played, browser)
        yield played
    serve.close()


def test_what_is_done_in_one_browser_is_so_in_all_and_nothing_is_lost_or_there_twice(
    scene: Scene,
) -> None:
    bo = [re.sub(r" \w+$", "", one) for one in scene.shown["bo"]]
    assert bo == ["before", TAKEN_BACK, "edited", "answer", "here again"]
    # Ada has deleted the first for herself, on whichever of her browsers she is.
    assert scene.shown["laptop"] == scene.shown["bo"][1:]
    # That something was taken back before it was linked may be no news to a browser.
    assert [one for one in scene.shown["phone"] if one != TAKEN_BACK] == scene.shown["bo"][2:]


def test_a_removed_browser_keeps_and_shows_nothing_of_what_was_said(scene: Scene) -> None:
    assert {place: keys for place, keys in scene.kept.items() if keys} == {"facts": ["fate"]}
    assert scene.canaries.found([Place("its screen", scene.last_seen.encode())]) == []


def test_no_text_and_no_name_goes_over_the_wire_and_an_address_only_where_one_signs_in(
    scene: Scene,
) -> None:
    def is_due(one: Found) -> bool:
        return one.canary.startswith("the address") and one.place == "requests"

    found = scene.canaries.found(scene.heard())
    assert [one for one in found if not is_due(one)] == []
    # The search finds what is there.
    assert {one.canary for one in found} != set()
    assert b"entry" in b"\n".join(scene.frames)


def test_no_text_name_or_address_is_stored_or_printed_by_the_server(scene: Scene) -> None:
    assert scene.canaries.count >= 9
    assert scene.canaries.found(scene.written()) == []
    scene.program.stop()
    assert scene.canaries.found(scene.written()) == []
