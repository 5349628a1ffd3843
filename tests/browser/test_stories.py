"""Two people and a server: what the page is for, from the first click to the last."""

import re

import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.people.people import NOTHING, Person, person

pytestmark = pytest.mark.whole_chromium


@pytest.fixture
def server(shared_server: Program) -> str:
    """A server as it is unless it is told otherwise: here keys are derived in earnest."""
    return shared_server.url


def test_two_people_talk_through_a_code_and_nothing_stays(visit: Visit, server: str) -> None:
    # With everything that moves, as most people have it.
    ada = person(visit, server, reduced_motion="no-preference")
    ada.choose(name="Ada")
    ada.generate()
    assert len(re.split(" +", ada.code)) == 7
    expect(ada.page.locator(".entropy")).to_contain_text("seven words")
    ada.is_inside()
    expect(ada.page.get_by_text("You are alone here")).to_be_visible()
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 1")

    bo = person(visit, server, reduced_motion="no-preference")
    bo.enter(ada.code.upper().replace(" ", "   ", 3) + "  ")
    bo.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 2")
    expect(ada.page.locator(".seat")).to_have_count(2)
    expect(bo.page.locator(".seat", has_text="Ada")).to_contain_text("here")

    ada.text.press_sequentially("The door is")
    expect(bo.page.locator(".typing")).to_have_text("Ada is typing…")
    ada.says("The door is green.\nLeft of the bakery.")
    expect(bo.page.locator(".typing")).to_have_text("")
    ada.sees_receipt("^Stored until")
    expect(bo.cards).to_have_count(1)
    expect(bo.page).to_have_title("Ephemeral")
    assert "green" not in bo.page.content()

    bo.cards.focus()
    bo.page.keyboard.press("Enter")
    expect(bo.texts).to_have_text("The door is green.\nLeft of the bakery.")
    expect(bo.texts).to_be_focused()
    expect(bo.page.locator(".burn-number")).to_have_text(re.compile("(30|2[0-9]) sec"))
    expect(bo.page).to_have_title("Ephemeral")
    ada.sees_receipt("^Opened by .* · gone$")

    bo.page.get_by_role("button", name="Close now").click()
    expect(bo.texts).to_have_count(0)
    assert "green" not in bo.page.content()
    expect(bo.page.locator(".ash")).to_have_text("1 message, gone")

    for someone in (ada, bo):
        assert len(someone.watched.frames) > 1
        said = someone.watched.said()
        two_words = "-".join(ada.code.split()[:2])
        assert not any(text in said for text in ("green", "bakery", two_words))

    assert ada.keeps() == bo.keeps() == {**NOTHING, "session": ["ephemeral.resume"]}
    for someone in (ada, bo):
        someone.menu("Leave")
        someone.answers("Leave")
        someone.sees_end("left")
        assert someone.keeps() == NOTHING
        assert "green" not in someone.page.content()
        assert someone.page.context.cookies() == []


def test_the_whole_way_by_keyboard_from_arriving_to_destroyed(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)

    def tab_to(someone: Person, name: str, back: bool = False) -> None:
        for _ in range(40):
            someone.page.keyboard.press("Shift+Tab" if back else "Tab")
            focused = someone.page.locator(":focus")
            if focused.count() and name in (
                focused.get_attribute("aria-label") or focused.inner_text()
            ):
                ring = focused.evaluate("node => getComputedStyle(node).outlineStyle")
                assert ring == "solid"
                return
        raise AssertionError(f"{name} can't be reached by Tab")

    keys = ada.page.keyboard
    tab_to(ada, "Open a private room")
    keys.press("Enter")
    ada.is_inside()
    # The words are one step away, before and after the room has opened.
    expect(ada.page.get_by_role("region", name="The words of your room")).to_be_focused()
    keys.press("Tab")
    expect(ada.page.locator(".code-words")).to_be_focused()
    tab_to(ada, "Copy the words")
    keys.press("Enter")
    expect(ada.page.get_by_role("button", name="Copied")).to_be_visible()

    keys = bo.page.keyboard
    tab_to(bo, "Leave a message")
    keys.press("Tab")
    expect(bo.page.get_by_label("Enter the words you were given")).to_be_focused()
    # A field that can be written in shows the focus around itself and its button.
    ring = bo.page.locator(".joined").evaluate("node => getComputedStyle(node).outlineStyle")
    assert ring == "solid"
    keys.type(ada.page.locator(".code-words").inner_text())
    keys.press("Enter")
    bo.is_inside()
    expect(bo.text).to_be_focused()

    # The words are gone, and with them what had the focus.
    expect(ada.page.locator(".code-words")).to_have_count(0)
    expect(ada.text).to_be_focused()
    ada.page.keyboard.type("By keyboard alone.")
    ada.page.keyboard.press("Enter")
    expect(bo.cards).to_have_count(1)
    tab_to(bo, "Open", back=True)
    expect(bo.cards).to_be_focused()
    keys.press("Enter")
    expect(bo.texts).to_have_text("By keyboard alone.")
    ada.sees_receipt("^Opened by .* · gone$")
    tab_to(bo, "Close now")
    keys.press("Enter")
    expect(bo.text).to_be_focused()
    tab_to(bo, "Room menu", back=True)
    keys.press("Enter")
    expect(bo.page.locator("dialog.menu")).to_be_visible()
    keys.press("Escape")
    expect(bo.page.get_by_role("button", name="Room menu")).to_be_focused()

    keys.press("Enter")
    tab_to(bo, "Destroy the room")
    keys.press("Enter")
    question = bo.page.locator("dialog.question")
    expect(question.get_by_role("button", name="Keep it")).to_be_focused()
    tab_to(bo, "Destroy")
    keys.press("Enter")
    for someone, end in ((bo, "destroyed_by_you"), (ada, "destroyed")):
        someone.sees_end(end)
        expect(someone.page.get_by_role("heading", level=1)).to_be_focused()
        tab_to(someone, "To the first page")
        someone.page.keyboard.press("Enter")
        expect(someone.page.get_by_role("button", name="Open a private room")).to_be_visible()
