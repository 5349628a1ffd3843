"""Two people and what they do in their browsers, in the words of the stories."""

import json
import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect
from support.machines.chromium import Visit, Watched

# Keys are derived in earnest: half a second here, more on a busy machine.
PATIENCE_MS = 40_000


@dataclass
class Person:
    """Someone with the page open."""

    watched: Watched
    code: str = ""

    @property
    def page(self) -> Page:
        return self.watched.page

    @property
    def text(self) -> Locator:
        return self.page.get_by_label("Write a message")

    @property
    def cards(self) -> Locator:
        """Closed cards."""
        return self.page.locator(".seal")

    def sealed_by(self, name: str) -> Locator:
        """What waits from somebody. By the whole name: "Ed" also stands in "Wed 12:37 AM"."""
        author = self.page.locator(".who", has_text=re.compile(f"^{re.escape(name)}$"))
        return self.page.locator(".seal").filter(has=author)

    @property
    def texts(self) -> Locator:
        """The texts that can be read, others' and one's own."""
        return self.page.locator(".message-text:visible")

    @property
    def receipts(self) -> Locator:
        return self.page.locator(".receipt-words")

    def choose(self, **options: str | bool) -> None:
        """Unfolds the options and sets them."""
        self.page.get_by_text("Options", exact=True).click()
        if "name" in options:
            self.page.get_by_label("Your name here").fill(str(options["name"]))
        if "resume" in options:
            self.page.get_by_label("Come back after a reload").set_checked(bool(options["resume"]))
        if "seats" in options:
            self.page.get_by_label("People at most").fill(str(options["seats"]))
        if "everyone" in options:
            whoever = "everyone who was here" if options["everyone"] else "the first person"
            self.page.get_by_label(f"{whoever} has read it").check()

    def generate(self) -> str:
        """Draws a code; gives it as it is shown: words with spaces."""
        self.page.get_by_role("button", name="Open a private room").click()
        words = self.page.locator(".code-words")
        expect(words).to_be_visible(timeout=PATIENCE_MS)
        self.code = words.inner_text().replace("\n", " ")
        return self.code

    def open_room(self) -> None:
        """Waits until the room of the code that was drawn has opened, as it does by itself."""
        self.is_inside()

    def enter(self, code: str) -> None:
        """Types a code on the first screen."""
        self.page.get_by_label("Enter the words you were given").fill(code)
        self.page.get_by_role("button", name="Join", exact=True).click()

    def is_inside(self) -> None:
        expect(self.text).to_be_visible(timeout=PATIENCE_MS)

    def says(self, text: str) -> None:
        self.text.fill(text)
        self.text.press("Enter")

    def sees_receipt(self, words: str) -> None:
        expect(self.receipts.last).to_have_text(re.compile(words), timeout=PATIENCE_MS)

    def menu(self, name: str) -> None:
        self.page.get_by_role("button", name="Room menu").click()
        self.page.locator("dialog.menu").get_by_role("button", name=name).click()

    def asks_to_be_told(self, way: str) -> None:
        """Of what comes while one looks elsewhere: all of it is off until it is asked for."""
        self.menu("Tell me when something comes")
        self.page.get_by_label(way).check()
        self.page.get_by_role("button", name="Close the menu").click()

    def answers(self, name: str) -> None:
        self.page.locator("dialog.question").get_by_role("button", name=name, exact=True).click()

    def copies(self, button: str) -> str:
        """What a button puts onto the clipboard, as the browser pastes it into another page."""
        self.page.get_by_role("button", name=button).click()
        expect(self.page.get_by_role("button", name="Copied")).to_be_visible()
        page = self.page.context.new_page()
        page.goto(self.page.url)
        field = page.get_by_label("Enter the words you were given")
        field.focus()
        page.keyboard.press("ControlOrMeta+v")
        expect(field).not_to_have_value("")
        pasted = field.input_value()
        page.close()
        return pasted

    def keeps(self) -> dict[str, object]:
        """What the browser holds for this page beyond the page itself."""
        found: dict[str, object] = self.page.evaluate(
            """async () => ({
              local: Object.keys(localStorage), session: Object.keys(sessionStorage),
              databases: (await indexedDB.databases()).length,
              caches: (await caches.keys()).length,
              workers: (await navigator.serviceWorker.getRegistrations()).length,
              cookie: document.cookie,
            })"""
        )
        return found

    def memory(self) -> str:
        """All strings in the memory of the page, after its garbage was collected."""
        return strings(self.snapshot())

    def snapshot(self) -> str:
        """The memory of the page, after its garbage was collected, as V8 writes it."""
        session = self.page.context.new_cdp_session(self.page)
        chunks: list[str] = []
        session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: chunks.append(event["chunk"]))
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
        session.detach()
        return "".join(chunks)

    def held(self, kind: str, asked: str = "(held) => held.length") -> Any:
        """What is said of everything of a kind that something in the page's memory still leads to:
        how many there are, unless something else is asked."""
        session = self.page.context.new_cdp_session(self.page)
        found = session.send("Runtime.evaluate", {"expression": f"{kind}.prototype"})
        held = session.send(
            "Runtime.queryObjects", {"prototypeObjectId": found["result"]["objectId"]}
        )
        said = session.send(
            "Runtime.callFunctionOn",
            {
                "objectId": held["objects"]["objectId"],
                "functionDeclaration": f"function () {{ return ({asked})(this); }}",
                "returnByValue": True,
            },
        )
        session.detach()
        return said["result"]["value"]

    def sees_end(self, reason: str) -> None:
        expect(self.page.locator(f".ended[data-reason={reason}]")).to_be_visible(
            timeout=PATIENCE_MS
        )


def strings(snapshot: str) -> str:
    """Those in the memory of a page. They stand last, after millions of numbers."""
    found: list[str] = json.loads(snapshot.rpartition('"strings":')[2][:-1])
    return "\n".join(found)


def buffers(snapshot: str, size: int) -> int:
    """How many pieces of so many bytes a page has beside the heap of V8, as buffers are."""
    found: list[int] = json.loads(snapshot.partition('"nodes":')[2].partition("]")[0] + "]")
    # Of each six numbers the first is its type, the fourth its size.
    return list(zip(found[::6], found[3::6], strict=True)).count((_NATIVE, size))


# The type of what isn't in the heap itself.
_NATIVE = 8
# What a browser holds for a page that keeps nothing.
NOTHING = {"local": [], "session": [], "databases": 0, "caches": 0, "workers": 0, "cookie": ""}


def hold_chord(page: Page) -> None:
    """Holds the keys that destroy the room until they have done so."""
    keys = ("Control", "Shift", "Backspace")
    for key in keys:
        page.keyboard.down(key)
    expect(page.locator(".hold")).to_have_count(0)
    for key in reversed(keys):
        page.keyboard.up(key)


def person(visit: Visit, address: str, **options: object) -> Person:
    return Person(visit(f"{address}/", **options))


def two_in_a_room(visit: Visit, address: str) -> tuple[Person, Person]:
    """One opens a room, the other joins by the code."""
    one, other = person(visit, address), person(visit, address)
    one.choose(name="Ada")
    one.generate()
    one.open_room()
    other.choose(name="Bo")
    other.enter(one.code)
    other.is_inside()
    expect(one.page.locator(".seat")).to_have_count(2)
    return one, other
