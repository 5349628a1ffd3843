"""Two people and a server: what the page is for, from the first click to the last."""

import re

import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.people import NOTHING, PATIENCE_MS, Person, person, two_in_a_room

pytestmark = pytest.mark.whole_chromium


def test_two_people_talk_through_a_code_and_nothing_stays(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.choose(name="Ada")
    ada.generate()
    assert len(re.split(" +", ada.code)) == 7
    expect(ada.page.locator(".entropy")).to_contain_text("90 bits")
    ada.is_inside()
    expect(ada.page.get_by_text("You are alone here")).to_be_visible()
    expect(ada.page.locator(".joins")).to_have_text("1 join so far")

    bo = person(visit, server)
    bo.enter(ada.code.upper().replace(" ", "   ", 3) + "  ")
    bo.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")
    expect(ada.page.locator(".seat")).to_have_count(2)
    expect(bo.page.locator(".seat", has_text="Ada")).to_contain_text("here")

    ada.text.press_sequentially("The door is")
    expect(bo.page.locator(".typing")).to_have_text("Ada is typing…")
    ada.says("The door is green.\nLeft of the bakery.")
    expect(bo.page.locator(".typing")).to_have_text("")
    ada.sees_receipt("^Stored until")
    expect(bo.cards).to_have_count(1)
    expect(bo.page).to_have_title("(1) Ephemeral")
    assert "green" not in bo.page.content()

    bo.cards.focus()
    bo.page.keyboard.press("Enter")
    expect(bo.texts).to_have_text("The door is green.\nLeft of the bakery.")
    expect(bo.texts).to_be_focused()
    expect(bo.page.locator(".burn-number")).to_have_text(re.compile("(30|2[0-9]) sec"))
    expect(bo.page).to_have_title("Ephemeral")
    ada.sees_receipt("^Viewed and destroyed$")

    bo.page.get_by_role("button", name="Close now").click()
    expect(bo.texts).to_have_count(0)
    assert "green" not in bo.page.content()
    expect(bo.page.locator(".trace")).to_have_text("Read and gone")

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


def test_what_was_read_leaves_the_page_by_itself(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.page.get_by_label("Readable for").select_option("5")
    ada.says("Gone in five seconds.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Gone in five seconds.")
    ada.sees_receipt("^Viewed and destroyed$")
    expect(bo.texts).to_have_count(0, timeout=PATIENCE_MS)
    expect(ada.texts).to_have_count(0, timeout=PATIENCE_MS)
    expect(ada.page.locator(".trace.own")).to_have_text("Your message was viewed and destroyed")


def test_a_third_finds_the_room_full(visit: Visit, server: str) -> None:
    ada, _bo = two_in_a_room(visit, server)
    eve = person(visit, server)
    eve.enter(ada.code)
    expect(eve.page.locator(".notice")).to_contain_text("The room is full", timeout=PATIENCE_MS)
    eve.watched.forgive(r"409 \(Conflict\)")
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")


def test_a_locked_room_lets_nobody_new_in_until_it_is_unlocked(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.menu("Lock the room")
    expect(ada.page.locator(".lock-state")).to_have_count(1)
    expect(ada.page.get_by_role("button", name="Unlock the room")).to_be_visible()
    bo = person(visit, server)
    bo.enter(ada.code)
    expect(bo.page.locator(".notice")).to_contain_text("The room is locked", timeout=PATIENCE_MS)
    bo.watched.forgive(r"403 \(Forbidden\)")
    ada.page.get_by_role("button", name="Unlock the room").click()
    expect(ada.page.get_by_role("button", name="Lock the room")).to_be_visible()
    bo.page.get_by_role("button", name="Join", exact=True).click()
    bo.is_inside()


def test_a_member_who_leaves_is_seen_leaving_and_may_come_back(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    bo.menu("Leave")
    bo.answers("Stay")
    expect(bo.text).to_be_visible()
    bo.menu("Leave")
    bo.answers("Leave")
    bo.sees_end("left")
    expect(ada.page.locator(".seat")).to_have_count(1)
    ada.says("Waits for whoever comes next.")
    ada.sees_receipt("^Stored until")
    bo.page.get_by_role("button", name="To the first page").click()
    bo.enter(ada.code)
    bo.is_inside()
    expect(ada.page.locator(".notice.attention")).to_contain_text("3 joins so far")
    bo.cards.click()
    expect(bo.texts).to_have_text("Waits for whoever comes next.")


def test_destroying_puts_everybody_out_and_the_code_opens_nothing(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Nobody reads this.")
    expect(bo.cards).to_have_count(1)
    bo.menu("Destroy the room")
    bo.answers("Keep it")
    bo.page.keyboard.press("Control+Alt+Backspace")
    bo.sees_end("destroyed_by_you")
    ada.sees_end("destroyed")
    assert "Nobody reads this." not in ada.page.content()
    ada.page.get_by_role("button", name="To the first page").click()
    ada.enter(ada.code)
    expect(ada.page.locator(".notice")).to_contain_text("No room answers", timeout=PATIENCE_MS)
    ada.watched.forgive(r"404 \(Not Found\)")


def test_everyone_who_was_here_reads_a_message_and_then_it_is_gone(
    visit: Visit, server: str
) -> None:
    ada, bo, chi = (person(visit, server) for _ in range(3))
    ada.choose(everyone=True, seats="3")
    ada.generate()
    ada.is_inside()
    for someone in (bo, chi):
        someone.enter(ada.code)
        someone.is_inside()
    ada.says("For both of you.")
    bo.cards.click()
    expect(bo.texts).to_have_text("For both of you.")
    ada.sees_receipt("^Viewed; others are still to view it$")
    chi.cards.click()
    expect(chi.texts).to_have_text("For both of you.")
    ada.sees_receipt("^Viewed and destroyed$")


HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "\u202eevil\u202d \u2066\u2067\u2068 text \u200f\u200e",
    "x" * 60_000,
    "javascript:alert(1) https://example.com/?q=1 data:text/html,<b>",
    "Z" + "\u0335\u0321\u0489" * 300,
]


def test_hostile_texts_and_names_stay_text(visit: Visit, server: str) -> None:
    eve, ada = person(visit, server), person(visit, server, width=320)
    eve.choose(name="\u202e<b>gnp.exe</b>")
    eve.generate()
    eve.is_inside()
    ada.enter(eve.code)
    ada.is_inside()
    for text in HOSTILE:
        eve.says(text)
        ada.cards.click()
        expect(ada.texts.last).to_have_text(text)
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= 320
        ada.page.get_by_role("button", name="Close now").click()
        expect(ada.page.locator(".received .message-text")).to_have_count(0)
    assert ada.page.title() == "Ephemeral"
    assert ada.page.locator("#app img, #app script, #app b, #app a").count() == 0


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
    tab_to(ada, "Generate code")
    keys.press("Enter")
    ada.is_inside()
    expect(ada.text).to_be_focused()
    tab_to(ada, "Copy code", back=True)
    keys.press("Enter")
    expect(ada.page.get_by_role("button", name="Copied")).to_be_visible()

    keys = bo.page.keyboard
    tab_to(bo, "Generate code")
    keys.press("Tab")
    expect(bo.page.get_by_label("Enter a code")).to_be_focused()
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
    ada.sees_receipt("^Viewed and destroyed$")
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
        expect(someone.page.get_by_role("button", name="Generate code")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_composer_stays_in_sight_with_many_messages(
    visit: Visit, server: str, width: int
) -> None:
    ada = person(visit, server, width=width, height=480)
    ada.generate()
    ada.is_inside()
    for number in range(12):
        ada.says(f"Line {number}\nand another")
    ada.sees_receipt("^Stored until")
    box = ada.text.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 480
    last = ada.texts.last.bounding_box()
    assert last is not None
    assert last["y"] < 480
