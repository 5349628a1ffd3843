"""Every state of the page, played on the stage by a room that does what the test says."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plays import calls, change, play, played, wait_for_call
from playwright.sync_api import Browser, expect
from support.machines.chromium import Visit, Watched, visits
from support.people.people import hold_chord

Show = Callable[[str], Watched]


@pytest.fixture(scope="module")
def theatre(browser: Browser, stage: str) -> Iterator[Watched]:
    """The one page in which most of these tests play their states."""
    with visits(browser) as visit:
        yield played(visit, stage, "screen:arriving")


@pytest.fixture
def show(theatre: Watched) -> Show:
    """Plays a state as if nothing had been played before it."""

    def play_anew(state: str) -> Watched:
        theatre.page.evaluate("delete document.documentElement.dataset.calls")
        play(theatre.page, state)
        return theatre

    return play_anew


def test_every_row_of_the_tables_has_a_state(theatre: Watched) -> None:
    assert theatre.page.evaluate("window.gallery.forgotten") == []


@pytest.mark.release
def test_the_gallery_takes_its_pictures_and_says_how_many(tmp_path: Path) -> None:
    program = Path(__file__).with_name("gallery.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path, "screen:arriving", "ended:left"],
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    # Two widths, two themes, three languages.
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert len(pictures) == 24
    assert done.stdout == f"24 pictures: {tmp_path / 'index.html'}\n"
    shown = (tmp_path / "index.html").read_text("utf-8")
    assert all(f'src="{name}"' in shown for name in pictures)


def test_pages_without_scripts_say_what_is_the_matter(visit: Visit, stage: str) -> None:
    page = visit(f"{stage}/home", java_script_enabled=False).page
    for name in ("home", "account", "error"):
        page.goto(f"{stage}/{name}")
        expect(page.get_by_role("heading", level=1).locator("visible=true")).to_have_count(1)
        expect(page.locator(".lead").locator("visible=true")).to_have_count(1)


# --- cards ----------------------------------------------------------------------------------------


def test_a_card_is_opened_by_click_or_key_and_only_once(show: Show) -> None:
    watched = show("room:cards")
    cards = watched.page.locator(".seal")
    cards.nth(0).click()
    cards.nth(1).focus()
    watched.page.keyboard.press("Enter")
    assert calls(watched, "open") == [["open", "a"], ["open", "b"]]
    change(watched, "changeCard('a', { state: 'opening' })")
    expect(cards.nth(0)).to_have_attribute("aria-busy", "true")
    cards.nth(0).click(force=True)
    assert len(calls(watched, "open")) == 2


OPENED = "changeCard('a', { state: 'open', type: 'text', text: 'The door is green.', view: %s })"


def test_an_opened_card_is_told_as_shown_and_burns_down(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:cards", clock=True)
    page = watched.page
    page.locator(".seal").first.focus()
    change(watched, OPENED % 5)
    page.clock.run_for(200)
    assert calls(watched, "shown") == [["shown", "a"]]
    expect(page.locator(".message-text")).to_be_focused()
    expect(page.locator(".burn-number")).to_have_text("5 sec")
    page.clock.run_for(3000)
    expect(page.locator(".burn-number")).to_have_text("2 sec")
    assert calls(watched, "discard") == []
    page.clock.run_for(3000)
    assert calls(watched, "discard") == [["discard", "a"]]
    change(watched, "changeCard('a', { state: 'shown_gone', text: null })")
    expect(page.get_by_text("The door is green.")).to_have_count(0)
    expect(page.locator(".ash")).to_have_text("1 message, gone")


def test_a_card_that_stays_until_closed_is_closed_by_its_button(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:open_until_closed", clock=True)
    watched.page.clock.run_for(600_000)
    assert calls(watched, "discard") == []
    watched.page.get_by_role("button", name="Close now").click()
    assert calls(watched, "discard") == [["discard", "a"]]


HIDDEN = """
  window.away = false;
  Object.defineProperty(Document.prototype, "hidden", { get: () => window.away });
"""


def test_a_card_in_a_hidden_tab_is_not_told_as_shown_until_it_is_seen(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards", init=HIDDEN, clock=True)
    page = watched.page
    page.evaluate("window.away = true")
    change(watched, OPENED % 30)
    page.clock.run_for(60_000)
    assert calls(watched, "shown") == []
    assert calls(watched, "discard") == []
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(1000)
    assert calls(watched, "shown") == [["shown", "a"]]


def test_the_focus_is_never_lost_when_a_message_goes(show: Show) -> None:
    watched = show("room:cards")
    page = watched.page
    page.locator(".seal").first.focus()
    change(watched, OPENED % 30)
    expect(page.locator(".message-text")).to_be_focused()
    change(watched, "changeCard('a', { state: 'shown_gone', text: null })")
    expect(page.locator(".seal")).to_be_focused()
    change(watched, "changeCard('b', { state: 'gone', fate: 'expired' })")
    expect(page.get_by_label("Write a message")).to_be_focused()


def test_announcements_never_hold_a_text(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:cards", init=COLLECTED)
    change(watched, OPENED % 30)
    expect(watched.page.locator(".message-text")).to_be_focused()
    wait_for_call(watched, "shown")
    change(watched, "change({ typing: [], phase: 'reconnecting', retryAt: Date.now() + 5000 })")
    expect(watched.page.locator("[data-notice^=reconnecting]")).to_be_visible()
    change(watched, "change({ phase: 'live' })")
    expect(watched.page.locator("html")).to_have_attribute("data-heard", re.compile("again"))
    heard = watched.page.locator("html").get_attribute("data-heard") or ""
    assert "The connection was lost" in heard
    assert "opened" in heard
    assert "green" not in heard


COLLECTED = """
  addEventListener("DOMContentLoaded", () => {
    const root = document.documentElement;
    for (const id of ["announce-polite", "announce-assertive"]) {
      new MutationObserver((all) => all.forEach((one) =>
        one.addedNodes.forEach((node) => {
          root.dataset.heard = `${root.dataset.heard ?? ""} ${node.textContent}`;
        }),
      )).observe(document.getElementById(id), { childList: true });
    }
  });
"""


# --- writing --------------------------------------------------------------------------------------


def test_enter_sends_and_shift_enter_makes_a_new_line(show: Show) -> None:
    watched = show("room:together")
    page = watched.page
    text = page.get_by_label("Write a message")
    expect(text).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    options = {"view": 30, "limit": None, "quote": None}
    assert calls(watched, "send") == [["send", "one\ntwo", options]]
    expect(text).to_have_value("")
    page.keyboard.type("   ")
    page.keyboard.press("Enter")
    assert len(calls(watched, "send")) == 1


def test_the_enter_that_ends_a_composition_sends_nothing(show: Show) -> None:
    watched = show("room:together")
    watched.page.keyboard.type("ni")
    watched.page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent("
        "'keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"
    )
    assert calls(watched, "send") == []


def test_a_refused_text_stays_where_it_was_written(show: Show) -> None:
    watched = show("room:together")
    page = watched.page
    page.evaluate(
        "() => { window.gallery.client.send = () => { throw { code: 'content_size' }; }; }"
    )
    page.keyboard.type("much too long")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-error")).to_contain_text("too long")
    expect(page.get_by_label("Write a message")).to_have_value("much too long")


def test_what_failed_can_be_written_again(show: Show) -> None:
    watched = show("room:receipts")
    page = watched.page
    page.locator("[data-state=expired]").get_by_role("button", name="Write again").click()
    expect(page.get_by_label("Write a message")).to_have_value("Message that is expired.")
    expect(page.get_by_text("Your message expired; nobody confirmed")).to_be_visible()


def test_the_authors_copy_goes_when_the_message_was_viewed(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:receipts", clock=True)
    page = watched.page
    expect(page.get_by_text("Message that is viewed.")).to_be_visible()
    page.clock.run_for(31_000)
    expect(page.get_by_text("Message that is viewed.")).to_have_count(0)
    expect(page.locator(".ash")).to_have_text("2 messages, gone")
    expect(page.get_by_text("Message that is stored.")).to_be_visible()


# --- leaving and destroying -----------------------------------------------------------------------


def test_leaving_asks_and_staying_is_the_first_answer(show: Show) -> None:
    watched = show("room:leave")
    page = watched.page
    expect(page.get_by_role("button", name="Stay")).to_be_focused()
    page.keyboard.press("Escape")
    assert calls(watched, "leave") == []
    page.get_by_role("button", name="Room menu").click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("button", name="Leave", exact=True).click()
    wait_for_call(watched, "leave")
    assert calls(watched, "leave") == [["leave"]]


def test_the_chord_clears_the_page_and_destroys_without_a_question(show: Show) -> None:
    watched = show("room:conversation")
    page = watched.page
    expect(page.get_by_text("I have it. Which door?")).to_be_visible()
    page.get_by_label("Write a message").fill("a draft")
    hold_chord(page)
    assert calls(watched, "destroy") == [["destroy"]]
    expect(page.get_by_text("I have it. Which door?")).to_have_count(0)
    expect(page.get_by_label("Write a message")).to_have_count(0)
    expect(page.get_by_text("Not confirmed by the server yet")).to_be_visible()


def test_a_chord_that_is_released_early_destroys_nothing_and_deletes_nothing(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:menu", clock=True)
    page = watched.page
    # What a busy machine takes from one key to the next is no time that they were held.
    page.clock.pause_at(page.evaluate("Date.now() + 2000"))
    keys = ("Control", "Shift", "Backspace")
    for early in keys:
        for key in keys:
            page.keyboard.down(key)
        page.keyboard.down("Backspace")
        page.clock.run_for(400)
        # Also above a panel that is open.
        expect(page.locator(".hold")).to_be_in_viewport()
        page.keyboard.up(early)
        expect(page.locator(".hold")).to_have_count(0)
        expect(page.locator("#announce-polite")).to_contain_text("Nothing was destroyed")
        page.clock.run_for(4000)
        for key in keys:
            page.keyboard.up(key)
    assert calls(watched, "destroy") == []
    page.keyboard.press("Escape")
    text = page.get_by_label("Write a message")
    text.fill("a draft")
    for key in keys:
        page.keyboard.down(key)
    expect(text).to_have_value("a draft")
    page.clock.run_for(400)
    assert calls(watched, "destroy") == []
    page.clock.run_for(100)
    assert calls(watched, "destroy") == [["destroy"]]


def test_destroying_from_the_menu_asks(show: Show) -> None:
    watched = show("room:destroy")
    expect(watched.page.get_by_role("button", name="Keep it")).to_be_focused()
    assert calls(watched, "destroy") == []
    watched.page.get_by_role("button", name="Destroy", exact=True).click()
    wait_for_call(watched, "destroy")
    assert calls(watched, "destroy") == [["destroy"]]


def test_a_third_join_is_told_until_somebody_has_seen_it(show: Show) -> None:
    watched = show("notice:joins")
    page = watched.page
    expect(page.locator(".notice.attention")).to_contain_text("than this room has places: 3 times")
    page.get_by_role("button", name="Lock the room").click()
    assert calls(watched, "lock") == [["lock", True]]
    expect(page.get_by_role("log")).to_be_focused()
    expect(page.locator(".notice")).to_have_count(0)
    change(watched, "change({ room: { ...window.gallery.client.state.room, joins: 4 } })")
    expect(page.locator(".notice.attention")).to_contain_text("than this room has places: 4 times")


# --- taking back ----------------------------------------------------------------------------------


def test_an_unread_message_is_taken_back_and_the_focus_stays_with_it(show: Show) -> None:
    watched = show("receipt:stored")
    page = watched.page
    take_back = page.get_by_role("button", name="Take back")
    expect(take_back).to_have_count(2)
    take_back.last.press("Enter")
    wait_for_call(watched, "withdraw")
    assert calls(watched, "withdraw") == [["withdraw", "s1"]]
    own = "sent: window.gallery.client.state.sent.map((one) => one.id === 's1' ? %s : one)"
    change(watched, f"change({{ {own % '{ ...one, state: `withdrawn`, opened: 1 }'} }})")
    expect(page.locator(".receipt-words").last).to_have_text(
        "Taken back. It had been opened once, but nobody has confirmed having read it"
    )
    expect(page.get_by_role("button", name="Write again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Write a message")).to_have_value("On my way. Ten minutes.")


def test_what_is_being_read_is_not_taken_back_and_says_so(show: Show) -> None:
    watched = show("receipt:stored")
    page = watched.page
    page.evaluate(
        "() => { window.gallery.client.withdraw ="
        " async () => { throw { code: 'message_leased' }; }; }"
    )
    page.get_by_role("button", name="Take back").last.click()
    expect(page.locator(".receipt-problem").last).to_contain_text("Someone is reading it")
    expect(page.get_by_role("button", name="Take back")).to_have_count(2)


def test_what_may_have_been_sent_is_not_left_behind_without_a_question(show: Show) -> None:
    page = show("screen:words_left").page
    question = page.locator("dialog.question")
    send = page.get_by_label("Send after coming back")
    expect(send.nth(1)).not_to_be_checked()
    page.get_by_role("button", name="Try again").click()
    expect(question).to_contain_text("It is nowhere but on this screen.")
    question.get_by_role("button", name="Back").click()
    send.nth(1).check()
    page.get_by_role("button", name="Try again").click()
    expect(question).to_have_count(0)


def test_a_message_that_was_left_and_refused_is_not_said_to_be_gone(show: Show) -> None:
    page = show("left:refused").page
    expect(page.get_by_role("heading", name="Your message is not sent yet")).to_be_visible()
    expect(page.get_by_text("Not sent. It did not reach the server")).to_be_visible()
    expect(page.get_by_role("button", name="Done")).to_have_count(0)
