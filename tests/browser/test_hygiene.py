"""What the page must not keep: in the browser's stores, its history, its memory, or in sight."""

import re

import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.people.people import NOTHING, PATIENCE_MS, Person, hold_chord, person, two_in_a_room

pytestmark = pytest.mark.whole_chromium

# Words that occur nowhere else: not in the list, not in the catalogues, not in the browser.
TEXT, ANOTHER = "quiet zanzibarish walrus", "loud pangolinesque sofa"
NICKNAME, DRAFT, LEFT = "Ozymandiaz", "unfinished wombatology", "unsent narwhalish"


def credentials(someone: Person) -> set[str]:
    """What this page has proved itself by to the server."""
    said = [request.headers for request in someone.watched.requests]
    locators = {
        one["authorization"].removeprefix("Bearer ") for one in said if "authorization" in one
    }
    tokens = {one["ephemeral-member"] for one in said if "ephemeral-member" in one}
    assert locators
    assert tokens
    return locators | tokens


def known_by(someone: Person, text: str, *more: str) -> set[str]:
    return {text, NICKNAME, someone.code, *more} | credentials(someone)


def keys_held(someone: Person) -> int:
    """How many keys something in the page's memory still leads to."""
    return int(someone.held("CryptoKey"))


def nothing_is_left(someone: Person, secrets: set[str]) -> None:
    # The test's driver, too, looks through the page, and the browser keeps what it found last.
    expect(someone.page.get_by_role("button", name="To the first page")).to_be_visible()
    assert keys_held(someone) == 0
    found = someone.memory()
    assert {secret for secret in secrets if secret in found} == set()
    assert someone.keeps() == NOTHING
    expect(someone.page).to_have_title("Ephemeral")


def ada_tells(ada: Person, reader: Person, text: str) -> None:
    ada.text.click()
    ada.page.keyboard.type(text)
    ada.page.keyboard.press("Enter")
    reader.cards.click()
    expect(reader.page.locator(".opened")).to_have_count(1)
    ada.sees_receipt("^Opened by .* · gone$")


# What a page calls that would have a browser keep something beyond its tab.
SPY = """
  window.touched = [];
  for (const name of ["setItem", "getItem"]) {
    const real = Storage.prototype[name];
    Storage.prototype[name] = function (...given) {
      if (this === localStorage) window.touched.push(name);
      return real.apply(this, given);
    };
  }
  for (const name of ["open", "deleteDatabase"]) {
    IDBFactory.prototype[name] = () => { window.touched.push(name); };
  }
  CacheStorage.prototype.open = () => { window.touched.push("caches"); };
"""


def test_after_the_end_no_text_code_name_key_or_credential_is_left_in_memory(
    visit: Visit, shared_server: Program
) -> None:
    """More than a second: all of a page's memory is read, for each way in and each end once.

    What is looked for is there before: in the page that knows most. On the way nobody has touched
    local storage, databases or caches.
    """
    # By keys alone: what a test's driver hands to the page would stay in the page's memory.
    ada = person(visit, shared_server.url, init=SPY)
    ada.page.get_by_text("Options", exact=True).click()
    ada.page.get_by_label("Your name here").click()
    ada.page.keyboard.type(NICKNAME)
    code = ada.generate().replace(" ", "-")
    ada.code = code
    ada.is_inside()
    link = ada.copies("Copy link")

    bo = person(visit, shared_server.url)
    bo.page.get_by_label("Enter the words you were given").click()
    bo.page.keyboard.type(code.upper())
    bo.page.keyboard.press("Enter")
    bo.code = code
    bo.is_inside()
    ada_tells(ada, bo, TEXT)
    known = [(bo, known_by(bo, TEXT))]
    bo.menu("Leave")
    bo.answers("Leave")
    bo.sees_end("left")

    cy = Person(visit(link, init=SPY), code)
    cy.page.get_by_role("button", name="Join the room").click()
    cy.is_inside()
    ada_tells(ada, cy, ANOTHER)
    ada.text.click()
    ada.page.keyboard.type(DRAFT)
    adas = known_by(ada, ANOTHER, DRAFT)
    found = ada.memory()
    assert {secret for secret in adas if secret not in found} == set()
    # Ada's copy of the first text may have gone before, as all that was viewed does.
    known += [(ada, adas | {TEXT})]
    cy.text.click()
    cy.page.keyboard.type(LEFT)
    cys = known_by(cy, ANOTHER)
    assert keys_held(cy) > 0
    hold_chord(ada.page)
    ada.sees_end("destroyed_by_you")
    cy.sees_end("destroyed")
    # What Cy was writing is Cy's own, until Cy goes on.
    expect(cy.page.locator(".unsent-text")).to_be_visible()
    found = cy.memory()
    # Who has destroyed the room is named there.
    assert {secret for secret in cys if secret in found} == {NICKNAME}
    assert LEFT in found
    cy.page.get_by_role("button", name="To the first page").click()
    cy.answers("Forget it")
    expect(cy.page.get_by_role("button", name="Open a private room")).to_be_visible()
    assert keys_held(cy) == 0
    found = cy.memory()
    assert {secret for secret in cys | {LEFT} if secret in found} == set()
    assert cy.keeps() == NOTHING
    for someone, secrets in known:
        nothing_is_left(someone, secrets)
    for someone in (ada, cy):
        assert someone.page.evaluate("window.touched") == []
    assert ada.page.evaluate("localStorage.getItem('x'), window.touched") == ["getItem"]


# History

LEAVE = "Leave the room?"


def test_going_back_asks_before_a_room_is_lost(visit: Visit, server: str) -> None:
    """Also after a reload; once the room is left, back leads where it led before."""
    ada = person(visit, server)
    ada.generate()
    watched = visit(f"{server}/static/icons/icon.svg")
    watched.page.goto(f"{server}/")
    bo = Person(watched)
    bo.enter(ada.code)
    bo.is_inside()
    question = bo.page.locator("dialog.question")
    for _ in range(2):
        bo.page.go_back()
        expect(question).to_contain_text(LEAVE)
        bo.answers("Stay")
        expect(question).to_have_count(0)
        expect(bo.text).to_be_visible()
    ada.says("Still there?")
    expect(bo.cards).to_have_count(1)
    length = bo.page.evaluate("history.length")
    bo.page.reload()
    bo.is_inside()
    assert bo.page.evaluate("history.length") == length
    bo.page.go_back()
    expect(question).to_contain_text(LEAVE)
    bo.answers("Leave")
    bo.sees_end("left")
    expect(ada.page.locator(".seat")).to_have_count(1)
    assert bo.keeps() == NOTHING
    bo.page.go_back()
    bo.page.wait_for_url(re.compile(r"icon\.svg$"))


def test_a_page_that_is_put_away_is_empty_and_comes_back_without_what_was_read(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Not for the cache.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Not for the cache.")
    ada.sees_receipt("^Opened by .* · gone$")
    put_away: str = bo.page.evaluate(
        """() => {
          dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
          return document.documentElement.outerHTML;
        }"""
    )
    assert "Not for the cache." not in put_away
    assert ada.code not in put_away
    with bo.page.expect_navigation():
        bo.page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))')
    bo.is_inside()
    expect(bo.texts).to_have_count(0)

    bo.page.goto(f"{server}/static/icons/icon.svg")
    bo.page.go_back()
    bo.is_inside()
    expect(bo.texts).to_have_count(0)
    assert "Not for the cache." not in bo.page.content()


def test_what_was_typed_is_not_there_when_one_comes_back(visit: Visit, server: str) -> None:
    page = person(visit, server).page
    page.get_by_label("Enter the words you were given").fill("abacus abdomen")
    page.reload()
    expect(page.get_by_label("Enter the words you were given")).to_have_value("")
    page.get_by_label("Enter the words you were given").fill("abacus abdomen")
    page.goto(f"{server}/static/icons/icon.svg")
    page.go_back()
    expect(page.get_by_label("Enter the words you were given")).to_have_value("")


def test_a_link_that_is_followed_inside_a_room_loses_neither_room_nor_code(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    other = person(visit, server)
    other.generate()
    other.is_inside()
    link = other.copies("Copy link")
    bo.page.evaluate("(link) => { location.href = link; }", link)
    expect(bo.page.locator("#announce-polite")).to_contain_text("You are in a room")
    assert "#" not in bo.page.url
    expect(bo.text).to_be_visible()
    expect(other.page.locator(".joins")).to_have_text("Came in so far: 1")
    expect(ada.page.locator(".seat")).to_have_count(2, timeout=PATIENCE_MS)
