"""The page in another language: chosen by the browser, or by a person, also inside a room."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit
from support.people.people import NOTHING, PATIENCE_MS, Person, hold_chord, person, two_in_a_room

# For a browser that has no clipboard.
COPIED = "navigator.clipboard.writeText = async (text) => { window.copied = text; };"


class Catalogue:
    """The sentences of one language, to find things by."""

    def __init__(self, web: Path, code: str) -> None:
        path = web / "catalogue" / f"{code}.json"
        self._sentences: dict[str, str] = json.loads(path.read_text("utf-8"))

    def __getitem__(self, key: str) -> str:
        return self._sentences[key]


@pytest.fixture
def arabic(web: Path) -> Catalogue:
    return Catalogue(web, "ar")


@pytest.fixture
def german(web: Path) -> Catalogue:
    return Catalogue(web, "de")


def speaks(page: Page, code: str, direction: str) -> None:
    html = page.locator("html")
    expect(html).to_have_attribute("lang", code)
    expect(html).to_have_attribute("dir", direction)


def leans(page: Page, selector: str) -> str:
    """To which side of the window an element is nearer."""
    side: str = page.locator(selector).first.evaluate(
        """(node) => {
          const { left, right } = node.getBoundingClientRect();
          return left < innerWidth - right ? "left" : "right";
        }"""
    )
    return side


def test_a_whole_conversation_in_arabic(visit: Visit, server: str, arabic: Catalogue) -> None:
    ada = person(visit, server, locale="ar")
    page = ada.page
    speaks(page, "ar", "rtl")
    assert leans(page, ".wordmark") == "right"
    page.get_by_role("button", name=arabic["arriving.generate"]).click()
    words = page.locator(".code-words")
    expect(words).to_be_visible(timeout=PATIENCE_MS)
    # The words are the same in every language, and are read from left to right.
    code = words.inner_text()
    assert re.fullmatch(r"[a-z-]+(?: +[a-z-]+){6}", code)
    assert words.evaluate("node => getComputedStyle(node).direction") == "ltr"
    write = page.get_by_label(arabic["composer.label"])
    expect(write).to_be_visible(timeout=PATIENCE_MS)

    bo = person(visit, server)
    bo.enter(code)
    bo.is_inside()
    write.fill("الباب أخضر")
    write.press("Enter")
    expect(page.locator(".receipt-words").last).to_contain_text(
        arabic["sent.stored_until"].split("{")[0].strip()
    )
    bo.cards.click()
    expect(bo.texts).to_have_text("الباب أخضر")
    opened, gone = re.split(r"\{name\}.*\{time\}", arabic["sent.viewed_by"])
    told = re.compile(f"{re.escape(opened)}.+{re.escape(gone)}")
    expect(page.locator(".receipt-words").last).to_have_text(told)
    bo.says("Left of the bakery.")
    page.locator(".seal").click()
    expect(page.locator(".opened .message-text")).to_have_text("Left of the bakery.")
    assert leans(page, ".card.received") == "right"
    assert leans(page, ".card.sent") == "left"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("button", name=arabic["room.menu"]).click()
    menu = page.locator("dialog.menu")
    menu.get_by_role("button", name=arabic["menu.destroy"]).click()
    page.locator("dialog.question").get_by_role("button", name=arabic["destroy.yes"]).click()
    ended = page.locator(".ended[data-reason=destroyed_by_you]")
    expect(ended.get_by_role("heading")).to_have_text(arabic["ended.destroyed_by_you"])
    bo.sees_end("destroyed")
    assert ada.keeps() == NOTHING


def test_the_first_screen_changes_its_language_and_keeps_what_was_entered(
    visit: Visit, server: str, german: Catalogue, arabic: Catalogue
) -> None:
    ada = person(visit, server)
    page = ada.page
    page.get_by_label("Enter the words you were given").fill("abacus abdomen")
    ada.choose(name="Ada")
    switch = page.get_by_role("navigation", name="Language")
    expect(switch.get_by_role("link")).to_have_text(["Deutsch", "English", "Français", "العربية"])
    german_link = switch.get_by_role("link", name="Deutsch")
    expect(german_link).to_have_attribute("lang", "de")
    german_link.click()
    speaks(page, "de", "ltr")
    expect(page.get_by_role("button", name=german["arriving.generate"])).to_be_visible()
    expect(page.get_by_label(german["code.label"])).to_have_value("abacus abdomen")
    expect(page.get_by_label(german["options.name"])).to_have_value("Ada")
    expect(page.get_by_role("link", name="Deutsch")).to_be_focused()
    assert page.url == f"{server}/?lang=de"
    page.get_by_role("link", name="العربية").click()
    speaks(page, "ar", "rtl")
    assert ada.keeps() == NOTHING
    assert page.context.cookies() == []
    # Only the address remembers.
    page.reload()
    speaks(page, "ar", "rtl")
    expect(page.get_by_role("button", name=arabic["arriving.generate"])).to_be_visible()


def test_a_room_stays_joined_and_a_draft_written_in_another_language(
    visit: Visit, server: str, german: Catalogue
) -> None:
    """The language stays, too, when the page is loaded again in the room, and after the room."""
    ada, bo = two_in_a_room(visit, server)
    ada.says("Read in two languages.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Read in two languages.")
    ada.sees_receipt("^Opened by .* · gone$")
    bo.text.fill("Half an ans")
    bo.page.get_by_role("button", name="Room menu").click()
    bo.page.locator("dialog.menu").get_by_role("link", name="Deutsch").click()
    speaks(bo.page, "de", "ltr")
    write = bo.page.get_by_label(german["composer.label"])
    expect(write).to_have_value("Half an ans")
    expect(bo.texts).to_have_text("Read in two languages.")
    write.press("End")
    bo.page.keyboard.type("wer")
    bo.page.keyboard.press("Enter")
    expect(ada.cards).to_have_count(1)
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 2")
    bo.page.reload()
    expect(bo.page.get_by_label(german["composer.label"])).to_be_visible(timeout=PATIENCE_MS)
    ada.page.get_by_role("button", name="Room menu").click()
    ada.page.locator("dialog.menu").get_by_role("link", name="Deutsch").click()
    speaks(ada.page, "de", "ltr")
    # What lies below in the history was made in English, and this page doesn't know of it any more.
    ada.page.reload()
    expect(ada.page.get_by_label(german["composer.label"])).to_be_visible(timeout=PATIENCE_MS)
    hold_chord(ada.page)
    ada.sees_end("destroyed_by_you")
    speaks(ada.page, "de", "ltr")
    ada.page.wait_for_url(f"{server}/?lang=de")
    ada.page.reload()
    speaks(ada.page, "de", "ltr")


def test_words_that_are_being_handed_over_stay_when_the_language_changes(
    visit: Visit, server: str, german: Catalogue
) -> None:
    ada = person(visit, server, init=COPIED)
    code = ada.generate()
    ada.is_inside()
    # What a screen reader was told stays in the language in which it was said for no moment longer.
    ada.page.evaluate("window.setTimeout = () => 0")
    ada.page.get_by_role("button", name="Copy the words").click()
    expect(ada.page.locator("#announce-polite")).not_to_be_empty()
    ada.page.get_by_role("button", name="Room menu").click()
    ada.page.locator("dialog.menu").get_by_role("link", name="Deutsch").click()
    expect(ada.page.locator(".code-words")).to_have_text(re.compile(code))
    expect(ada.page.locator("#announce-polite")).to_be_empty()
    expect(ada.page.get_by_role("button", name=german["share.copy_link"])).to_be_visible()


def test_a_language_that_does_not_arrive_changes_nothing(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.page.route(re.compile(r"/de\.[^/]*json"), lambda route: route.abort())
    ada.page.get_by_role("link", name="Deutsch").click()
    expect(ada.page.locator("#announce-assertive")).to_contain_text("could not be loaded")
    speaks(ada.page, "en", "ltr")
    assert ada.page.url == f"{server}/"
    ada.watched.forgive("Failed to load resource")


def test_an_invitation_in_another_language_is_still_an_invitation(
    visit: Visit, server: str, german: Catalogue
) -> None:
    ada = person(visit, server, init=COPIED)
    ada.generate()
    ada.is_inside()
    ada.page.get_by_role("button", name="Copy link").click()
    expect(ada.page.get_by_role("button", name="Copied")).to_be_visible()
    bo = Person(visit(ada.page.evaluate("window.copied")))
    bo.page.get_by_role("link", name="Deutsch").click()
    speaks(bo.page, "de", "ltr")
    assert "#" not in bo.page.url
    bo.page.get_by_role("button", name=german["invited.join"]).click()
    expect(bo.page.get_by_label(german["composer.label"])).to_be_visible(timeout=PATIENCE_MS)
