"""Every state of the page, played on the stage by a room that does what the test says."""

import re

import pytest
from playwright.sync_api import expect
from support.chromium import Visit, Watched

WIDTHS = (320, 390, 1280)
# What stands in the place of a message that could not be drawn.
UNSHOWABLE = "A message that can’t be shown"


def played(visit: Visit, stage: str, state: str, **options: object) -> Watched:
    watched = visit(f"{stage}/?state={state}", **options)
    watched.page.wait_for_selector("html[data-played]")
    return watched


def calls(watched: Watched, name: str) -> list[list[object]]:
    """What the page asked of its room by this name."""
    asked: list[list[object]] = watched.page.evaluate(
        "(name) => window.gallery.client.calls.filter((call) => call[0] === name)", name
    )
    return asked


def wait_for_call(watched: Watched, name: str) -> None:
    """Waits until the page has asked this of its room."""
    expect(watched.page.locator("html")).to_have_attribute("data-calls", re.compile(rf"\b{name}\b"))


def change(watched: Watched, expression: str) -> None:
    watched.page.evaluate(f"window.gallery.client.{expression}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_fits_every_width_without_a_complaint(
    visit: Visit, stage: str, scheme: str
) -> None:
    watched = played(visit, stage, "arriving", color_scheme=scheme)
    page = watched.page
    names: list[str] = page.evaluate("window.gallery.names")
    assert len(names) > 40
    for name in names:
        page.goto(f"{stage}/?state={name}")
        page.wait_for_selector("html[data-played]")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 640})
            wide: list[str] = page.evaluate(OVERFLOWING)
            assert wide == [], f"{name} at {width}"
        assert watched.offences == [], name
        assert page.get_by_text(UNSHOWABLE).count() == 0, name


# What is wider than the window and is not inside something that scrolls or cuts off.
OVERFLOWING = """() => [...document.querySelectorAll("body, body *")].filter((node) => {
  if (node.closest(".visually-hidden, .seats, [aria-hidden]")) return false;
  const box = node.getBoundingClientRect();
  return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map((node) => node.className || node.tagName)"""

# Text with too little contrast against what is behind it (WCAG 2.2, 1.4.3): colours are read back
# from a canvas, because a browser gives them in whatever form the style sheet has them.
FAINT = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba("white");
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()) continue;
    if (node.closest("template, noscript, option, :disabled")) continue;
    if (!node.checkVisibility()) continue;
    const [a, b] = [luminance(rgba(getComputedStyle(node).color)), luminance(behind(node))].sort();
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${node.className || node.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(faint)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(visit: Visit, stage: str, scheme: str) -> None:
    watched = played(visit, stage, "arriving", color_scheme=scheme, reduced_motion="reduce")
    page = watched.page
    for name in page.evaluate("window.gallery.names"):
        page.goto(f"{stage}/?state={name}")
        page.wait_for_selector("html[data-played]")
        assert page.evaluate(FAINT) == [], name


@pytest.mark.parametrize("name", ["", "https", "error"])
def test_pages_without_scripts_say_what_is_the_matter(visit: Visit, stage: str, name: str) -> None:
    page = visit(f"{stage}/{name}", java_script_enabled=False).page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".lead")).to_be_visible()


# --- hostile peers --------------------------------------------------------------------------------


def test_what_a_peer_wrote_is_text_and_nothing_else(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "hostile").page
    page.wait_for_timeout(0)
    assert page.title() != "owned"
    assert page.locator("#app img, #app script, #app b, #app iframe").count() == 0
    expect(page.locator(".message-text").first).to_have_text(
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    )


def test_a_name_that_turns_the_text_around_turns_nothing_around(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "hostile").page
    name = page.locator(".seat .who").first
    assert name.evaluate("node => node.textContent") == "<b>gnp.exe</b>"
    assert name.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"


def test_no_malformed_field_of_a_card_or_a_member_throws(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "closed_cards")
    page = watched.page
    assert page.evaluate(ODDITIES) > 150
    assert watched.offences == []
    # What has no text at all may cost its own card, and no other.
    assert {name.split()[-1] for name in page.evaluate("window.unshowable ?? []")} <= {"12"}
    expect(page.locator(".seal").last).to_contain_text("Open")


# Every field in turn is something else than it should be, while the card is closed and while open.
ODDITIES = """async () => {
  const { client } = window.gallery;
  const odd = [undefined, null, NaN, -1, 2 ** 53 - 1, 1e300, "", "constructor", "__proto__", [],
    {}, true, { toString: null }];
  const { cards, members } = client.state;
  let tried = 0;
  new MutationObserver(() => {
    if (!document.body.textContent.includes("can’t be shown")) return;
    (window.unshowable ??= []).push(window.trying);
  }).observe(document.querySelector(".log"), { childList: true, subtree: true });
  for (const state of ["closed", "open", "gone"]) {
    const card = { ...cards[0], state, type: "text", text: "t" };
    for (const field of Object.keys(card).filter((name) => !["id", "state"].includes(name))) {
      for (const [index, value] of odd.entries()) {
        const id = `${state} ${field} ${index}`;
        window.trying = id;
        client.change({ cards: [{ ...card, id, [field]: value }, cards[1]] });
        // The observer looks when this rests, before the next card has taken the place.
        await null;
        tried += 1;
      }
    }
  }
  for (const field of ["name", "colour", "present", "seenAt"]) {
    for (const [index, value] of odd.entries()) {
      const id = `${field}${index}`;
      client.change({ members: [{ ...members[0], id, [field]: value }, members[1]] });
      tried += 1;
    }
  }
  client.change({ cards: [cards[1]], members });
  await new Promise((resolve) => requestAnimationFrame(resolve));
  return tried;
}"""


# --- cards ----------------------------------------------------------------------------------------


def test_a_card_is_opened_by_click_or_key_and_only_once(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "closed_cards")
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
    watched = played(visit, stage, "closed_cards", clock=True)
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
    expect(page.locator(".trace")).to_have_text("Read and gone")


def test_a_card_that_stays_until_closed_is_closed_by_its_button(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "open_until_closed", clock=True)
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
    watched = played(visit, stage, "closed_cards", init=HIDDEN, clock=True)
    page = watched.page
    page.evaluate("window.away = true")
    change(watched, OPENED % 30)
    page.clock.run_for(60_000)
    assert calls(watched, "shown") == []
    assert calls(watched, "discard") == []
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(1000)
    assert calls(watched, "shown") == [["shown", "a"]]


def test_the_focus_is_never_lost_when_a_message_goes(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "closed_cards")
    page = watched.page
    page.locator(".seal").first.focus()
    change(watched, OPENED % 30)
    expect(page.locator(".message-text")).to_be_focused()
    change(watched, "changeCard('a', { state: 'shown_gone', text: null })")
    expect(page.locator(".seal")).to_be_focused()
    change(watched, "changeCard('b', { state: 'gone', fate: 'expired' })")
    expect(page.get_by_label("Write a message")).to_be_focused()


def test_announcements_never_hold_a_text(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "closed_cards", init=COLLECTED)
    change(watched, OPENED % 30)
    expect(watched.page.locator(".message-text")).to_be_focused()
    wait_for_call(watched, "shown")
    change(watched, "change({ typing: [], phase: 'reconnecting', retryAt: Date.now() + 5000 })")
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


def test_enter_sends_and_shift_enter_makes_a_new_line(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "together")
    page = watched.page
    text = page.get_by_label("Write a message")
    expect(text).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    assert calls(watched, "send") == [["send", "one\ntwo", {"view": 30}]]
    expect(text).to_have_value("")
    page.keyboard.type("   ")
    page.keyboard.press("Enter")
    assert len(calls(watched, "send")) == 1


def test_the_enter_that_ends_a_composition_sends_nothing(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "together")
    watched.page.keyboard.type("ni")
    watched.page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent("
        "'keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"
    )
    assert calls(watched, "send") == []


def test_a_refused_text_stays_where_it_was_written(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "together")
    page = watched.page
    page.evaluate(
        "() => { window.gallery.client.send = () => { throw { code: 'content_size' }; }; }"
    )
    page.keyboard.type("much too long")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-error")).to_contain_text("too long")
    expect(page.get_by_label("Write a message")).to_have_value("much too long")


def test_what_failed_can_be_written_again(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "receipts")
    page = watched.page
    page.locator("[data-state=expired]").get_by_role("button", name="Write again").click()
    expect(page.get_by_label("Write a message")).to_have_value("Too late.")
    expect(page.get_by_text("Your message expired unread")).to_be_visible()


def test_the_authors_copy_goes_when_the_message_was_viewed(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "receipts", clock=True)
    page = watched.page
    expect(page.get_by_text("Read.", exact=True)).to_be_visible()
    page.clock.run_for(31_000)
    expect(page.get_by_text("Read.", exact=True)).to_have_count(0)
    expect(page.get_by_text("Your message was viewed and destroyed")).to_be_visible()
    expect(page.get_by_text("Stored and waiting.")).to_be_visible()


# --- leaving and destroying -----------------------------------------------------------------------


def test_leaving_asks_and_staying_is_the_first_answer(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "leave")
    page = watched.page
    expect(page.get_by_role("button", name="Stay")).to_be_focused()
    page.keyboard.press("Escape")
    assert calls(watched, "leave") == []
    page.get_by_role("button", name="Room menu").click()
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("button", name="Leave", exact=True).click()
    wait_for_call(watched, "leave")
    assert calls(watched, "leave") == [["leave"]]


def test_the_chord_clears_the_page_and_destroys_without_a_question(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "conversation")
    page = watched.page
    expect(page.get_by_text("I have it. Which door?")).to_be_visible()
    page.get_by_label("Write a message").fill("a draft")
    page.keyboard.press("Control+Alt+Backspace")
    assert calls(watched, "destroy") == [["destroy"]]
    expect(page.get_by_text("I have it. Which door?")).to_have_count(0)
    expect(page.get_by_label("Write a message")).to_have_count(0)
    expect(page.get_by_text("Not confirmed by the server yet")).to_be_visible()


def test_destroying_from_the_menu_asks(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "destroy")
    expect(watched.page.get_by_role("button", name="Keep it")).to_be_focused()
    assert calls(watched, "destroy") == []
    watched.page.get_by_role("button", name="Destroy", exact=True).click()
    wait_for_call(watched, "destroy")
    assert calls(watched, "destroy") == [["destroy"]]


def test_a_third_join_is_told_until_somebody_has_seen_it(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "third_join")
    page = watched.page
    expect(page.locator(".notice.attention")).to_contain_text("3 joins so far")
    page.get_by_role("button", name="Lock the room").click()
    assert calls(watched, "lock") == [["lock", True]]
    expect(page.locator(".notice")).to_have_count(0)
    change(watched, "change({ room: { ...window.gallery.client.state.room, joins: 4 } })")
    expect(page.locator(".notice.attention")).to_contain_text("4 joins so far")
