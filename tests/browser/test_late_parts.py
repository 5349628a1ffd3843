"""What comes later (js/ui/later.js) and has not come yet: something plain stands in for it."""

import re

from playwright.sync_api import Route, expect
from support.machines.chromium import Visit
from support.people.people import PATIENCE_MS, person

LATER = "**/later.*"
# With the room comes the list of words.
WORDS = "**/room.*.js"
CATALOGUE = "**/catalogue/*"


def test_a_code_is_entered_without_help_and_a_wrong_one_is_refused(
    visit: Visit, server: str
) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    bo.page.route(LATER, lambda route: route.abort())
    field = bo.page.get_by_label("Enter the words you were given")
    field.fill("no words")
    field.press("Enter")
    expect(bo.page.locator(".field-error")).not_to_be_empty()
    expect(field).to_have_value("no words")
    field.fill(ada.code)
    field.press("Enter")
    bo.is_inside()
    bo.watched.forgive("ERR_FAILED")


def test_the_words_that_may_be_meant_are_offered_to_whoever_typed_before_the_list_was_there(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank")
    page = watched.page
    watched.origin = server
    held: list[Route] = []
    # What helps at the field is there; the list of words comes slowly.
    page.route(WORDS, lambda route: held.append(route))  # noqa: PLW0108
    with page.expect_request(WORDS):
        page.goto(server)
        field = page.get_by_label("Enter the words you were given")
        field.press_sequentially("abac")
    expect(page.get_by_role("combobox")).to_be_focused()
    expect(page.get_by_role("listbox")).to_be_hidden()
    held[0].continue_()
    expect(page.get_by_role("option")).to_have_text("abacus")


def test_an_end_is_told_plainly_with_what_was_not_sent_until_it_can_be_told_well(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.page.route(LATER, lambda route: route.abort())
    ada.generate()
    ada.is_inside()
    bo = person(visit, server)
    bo.enter(ada.code)
    bo.is_inside()
    ada.text.fill("Not sent yet.")
    bo.menu("Destroy the room")
    bo.page.get_by_role("button", name="Destroy", exact=True).click()
    expect(ada.page.get_by_role("heading", name="You are no longer in the room")).to_be_visible()
    expect(ada.page.get_by_text("Not sent yet.")).to_be_visible()
    ada.page.unroute(LATER)
    heading = ada.page.get_by_role("heading", name=re.compile("destroyed"))
    expect(heading).to_be_visible(timeout=PATIENCE_MS)
    expect(ada.page.get_by_text("Not sent yet.")).to_be_visible()
    ada.watched.forgive("ERR_FAILED")


def test_a_sentence_that_is_not_there_yet_is_said_as_soon_as_it_has_come(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank")
    page = watched.page
    watched.origin = server
    held: list[Route] = []
    page.route(CATALOGUE, lambda route: held.append(route))  # noqa: PLW0108
    page.goto(server + "/#1.00000000.abacus-abacus-abacus-abacus-abacus-abacus-abacus")
    page.get_by_role("button", name="Join the room").click()
    said = page.get_by_role("alert").filter(has_text=".")
    expect(said).to_have_text("Something went wrong. Nothing was sent; try again.")
    held[0].continue_()
    expect(said).to_have_text(
        "This link does not fit this server: it makes its keys in another way."
    )
