"""Twenty messages for who neither sees nor points: by keys and the accessibility tree alone."""

import re
import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect
from support.machines.chromium import Visit
from support.people.people import PATIENCE_MS, two_in_a_room

COUNT = 20
# Of these more is asked than to be read.
EXTENDED, STOPPED, ANSWERED = {3, 12}, {5, 14}, {7, 16}

# Seconds in which even a busy machine has gone through a message.
LONG = 120
# Steps by Tab after which a button counts as out of reach.
MOST_STEPS = 40


@dataclass
class Focused:
    """What has the focus, as a screen reader has it."""

    role: str
    name: str
    text: str


class Reader:
    """Somebody with a keyboard and what the browser tells a screen reader."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)

    def _tree(self) -> dict[str, dict[str, Any]]:
        nodes = self._session.send("Accessibility.getFullAXTree")["nodes"]
        return {node["nodeId"]: node for node in nodes}

    def focus(self) -> Focused:
        tree = self._tree()
        # The whole page has it too, and alone when it was lost.
        [node] = [
            one
            for one in tree.values()
            if _has(one, "focused") and _value(one, "role") != "RootWebArea"
        ]
        return Focused(_value(node, "role"), _value(node, "name"), _text(tree, node))

    def named(self, role: str) -> list[str]:
        """The names of everything of this role."""
        return [_value(one, "name") for one in self._tree().values() if _value(one, "role") == role]

    def texts(self, role: str) -> list[str]:
        tree = self._tree()
        return [_text(tree, one) for one in tree.values() if _value(one, "role") == role]

    def press(self, keys: str) -> Focused:
        self._page.keyboard.press(keys)
        return self.focus()

    def type(self, words: str) -> None:
        self._page.keyboard.type(words)

    def go(self, name: str, keys: str = "Tab") -> None:
        """Steps from control to control until one is called so."""
        for _ in range(MOST_STEPS):
            found = self.press(keys)
            if found.role == "button" and name in found.name:
                return
        raise AssertionError(f"{name} is not reached")

    def until_it_reads(self, text: str) -> None:
        """Waits until the focus is where this can be read."""
        expect(self._page.locator(":focus")).to_have_text(text, timeout=PATIENCE_MS)
        assert self.focus().text == text

    def until_more_is_left_than(self, seconds: int) -> None:
        """Waits until the one timer tells more: it is drawn a moment after the key."""
        until = time.monotonic() + PATIENCE_MS / 1000
        while self.left() <= seconds:
            assert time.monotonic() < until, f"the timer tells {seconds} seconds or less"
            self._page.wait_for_timeout(50)

    def left(self) -> int:
        """The seconds that the one timer tells."""
        [told] = self.texts("timer")
        found = re.match("(?:([0-9]+):)?([0-9]+)", told)
        assert found is not None
        return int(found[1] or 0) * 60 + int(found[2])


def _value(node: dict[str, Any], kind: str) -> str:
    return str(node.get(kind, {}).get("value", ""))


def _has(node: dict[str, Any], name: str) -> bool:
    return any(
        one["name"] == name and one["value"]["value"] is True for one in node.get("properties", [])
    )


def _text(tree: dict[str, dict[str, Any]], node: dict[str, Any]) -> str:
    if _value(node, "role") == "StaticText":
        return _value(node, "name")
    return "".join(_text(tree, tree[one]) for one in node.get("childIds", []) if one in tree)


def test_twenty_messages_are_read_prolonged_answered_and_closed_without_eyes_or_a_mouse(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.page.get_by_label("Readable for").select_option(str(LONG))
    for number in range(1, COUNT + 1):
        ada.says(f"Message number {number}.")
    stack = bo.page.get_by_role("article", name=re.compile(f"^{COUNT} sealed messages"))
    expect(stack).to_have_count(1, timeout=PATIENCE_MS)

    reader = Reader(bo.page)
    letter = bo.page.get_by_role("article", name=re.compile("^Message from"))
    assert reader.focus().role == "textbox"
    reader.go("Open", "Shift+Tab")
    for number in range(1, COUNT + 1):
        words = f"Message number {number}."
        here = reader.focus()
        # Each way to a message says what opening does, before it is done.
        assert here.role == "button"
        assert "Open" in here.name
        assert "starts the clock" in here.name
        reader.press("Enter")
        reader.until_it_reads(words)
        expect(letter).to_have_count(1)
        if number in EXTENDED:
            assert reader.press("+").text == words
            reader.until_more_is_left_than(LONG)
        if number in STOPPED:
            assert reader.press("h").text == words
            expect(bo.page.get_by_role("timer").filter(has_text="stopped")).to_have_count(1)
            reader.go("Stop the clock")
            assert reader.press("Enter").name.startswith("Stop the clock")
            expect(bo.page.get_by_role("timer").filter(has_text="stopped")).to_have_count(0)
        if number in ANSWERED:
            assert reader.press("r").role == "textbox"
            reader.type(f"Answer to number {number}.")
            assert reader.press("Enter").role == "textbox"
            reader.go("Close now", "Shift+Tab")
        else:
            reader.go("Close now")
        bo.page.keyboard.press("Enter")
        expect(letter).to_have_count(0)
    # Where nothing waits any more, one writes.
    assert reader.focus().role == "textbox"
    assert not any("Open" in name for name in reader.named("button"))
    expect(ada.cards).to_have_count(len(ANSWERED))
    expect(ada.page.locator(".card.sent", has_text="Message number")).to_have_count(COUNT)
