"""Leaving a message first, for somebody who isn't there."""

import re

import pytest
from held import holds
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.people import NOTHING, PATIENCE_MS, Person, person

WORDS = "The key of the drug cabinet is in the blue folder."


def leaves(someone: Person, text: str, name: str = "") -> None:
    """Writes first, and seals it."""
    page = someone.page
    page.get_by_role("button", name="Leave a message").click()
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your name here").fill(name)
    page.get_by_role("button", name="Seal it").click()


def waits(someone: Person) -> None:
    expect(someone.page.get_by_role("heading", name="Your message waits")).to_be_visible(
        timeout=PATIENCE_MS
    )


@pytest.mark.whole_chromium
def test_a_message_left_for_somebody_absent_is_read_by_the_link_when_its_author_has_gone(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    leaves(ada, WORDS, "Ada")
    waits(ada)
    # The text is on its way, and nowhere on this page any more.
    assert WORDS not in ada.page.content()
    link = ada.copies("Copy link")
    expect(ada.page.get_by_role("button", name="Copied")).to_have_count(0)
    back = ada.copies("Copy the return link")
    assert re.fullmatch(re.escape(link) + r"\.[0-9a-f]{32}", back)
    ada.page.get_by_role("button", name="Done").click()
    ada.sees_end("departed")
    assert ada.keeps() == NOTHING
    bo = Person(visit(link))
    bo.page.get_by_label("Your name here").fill("Bo")
    bo.page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(bo.page.get_by_text("Ada").first).to_be_visible()
    bo.cards.click()
    expect(bo.texts).to_have_text(WORDS)
    ada = Person(visit(back))
    ada.page.get_by_role("button", name="See what became of them").click()
    expect(ada.page.get_by_text("Opened by Bo")).to_be_visible(timeout=PATIENCE_MS)


def test_whoever_stays_to_look_sees_that_it_was_read_and_can_go_inside(
    visit: Visit, server: str
) -> None:
    ada, bo = person(visit, server), person(visit, server)
    leaves(ada, WORDS)
    waits(ada)
    bo.enter(ada.page.locator(".code-words").inner_text())
    bo.is_inside()
    bo.cards.click()
    expect(ada.page.get_by_role("heading", name="was read and is gone")).to_be_visible()
    ada.page.get_by_role("button", name="Stay in the room").click()
    ada.is_inside()
    expect(ada.page.locator(".seat")).to_have_count(2)


def test_who_is_done_after_it_was_read_is_not_told_that_it_waits(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)
    leaves(ada, WORDS)
    waits(ada)
    bo.enter(ada.page.locator(".code-words").inner_text())
    bo.is_inside()
    bo.cards.click()
    expect(ada.page.get_by_role("heading", name="was read and is gone")).to_be_visible()
    ada.page.get_by_role("button", name="Done").click()
    ada.sees_end("departed_after")
    expect(ada.page.get_by_text("nothing of it waits on the server")).to_be_visible()


def test_who_has_handed_nothing_over_is_asked_before_the_words_are_forgotten(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    leaves(ada, WORDS)
    waits(ada)
    ada.page.get_by_role("button", name="Done").click()
    ada.answers("Back")
    expect(ada.page.locator(".code-words")).to_be_visible()
    ada.page.get_by_role("button", name="Done").click()
    ada.answers("Done")
    ada.sees_end("departed")


def test_what_was_written_stays_when_its_room_can_not_be_made(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.page.route("**/rooms", lambda route: route.abort())
    leaves(ada, WORDS)
    expect(ada.page.get_by_role("heading", name="is not sent yet")).to_be_visible(
        timeout=PATIENCE_MS
    )
    ada.page.get_by_role("button", name="Cancel").click()
    expect(ada.page.get_by_label("Your message")).to_have_value(WORDS)
    ada.page.unroute("**/rooms")
    ada.page.get_by_role("button", name="Seal it").click()
    waits(ada)
    ada.watched.forgive("Failed to load resource")


def test_another_language_loses_neither_the_draft_nor_the_words(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.page.get_by_role("button", name="Leave a message").click()
    ada.page.get_by_label("Your message").fill(WORDS)
    ada.page.get_by_role("link", name="Deutsch").click()
    expect(ada.page.get_by_label("Deine Nachricht")).to_have_value(WORDS)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        ada.page.get_by_role("button", name="Versiegeln").click()
    expect(ada.page.locator(".code-words")).to_be_visible()
    held.pop().continue_()
    expect(ada.page.get_by_role("heading", name="Deine Nachricht wartet")).to_be_visible(
        timeout=PATIENCE_MS
    )


def test_a_text_that_does_not_fit_is_refused_where_it_can_be_shortened(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    leaves(ada, "x" * 100_000)
    expect(ada.page.locator("#leave-error")).to_contain_text("too long for one message")
    expect(ada.page.get_by_label("Your message")).to_be_focused()


def test_how_long_it_waits_is_said_before_it_is_sealed_as_it_was_chosen(
    visit: Visit, server: str
) -> None:
    page = person(visit, server).page
    page.get_by_role("button", name="Leave a message").click()
    expect(page.get_by_text("Unread, it waits for 24 hours.")).to_be_visible()
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Unread messages wait for").select_option("1 hour")
    expect(page.get_by_text("Unread, it waits for 1 hour.")).to_be_visible()


def test_the_first_page_says_that_nobody_need_be_there_and_leads_to_who_runs_it(
    visit: Visit, server: str
) -> None:
    page = person(visit, server).page
    expect(page.get_by_text("The other person need not be online")).to_be_visible()
    page.get_by_role("link", name="who runs this").click()
    expect(page.get_by_role("heading", name="Who runs this")).to_be_visible()


def test_a_name_is_asked_for_at_the_door(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    name = bo.page.get_by_label("Your name here")
    expect(name).to_be_hidden()
    bo.page.get_by_label("Enter the words you were given").fill(ada.code)
    name.fill("Bo")
    bo.page.get_by_role("button", name="Join", exact=True).click()
    bo.is_inside()
    expect(ada.page.locator(".seat").get_by_text("Bo")).to_be_visible()


@pytest.mark.whole_chromium
def test_who_is_done_leaves_nothing_of_it_in_the_browser(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.page.get_by_role("button", name="Leave a message").click()
    ada.page.get_by_label("Your message").click()
    ada.page.keyboard.type(WORDS)
    ada.page.get_by_role("button", name="Seal it").click()
    waits(ada)
    code = ada.page.locator(".code-words").inner_text().replace("\n", " ")
    secret = ada.copies("Copy the return link").rsplit(".", 1)[1]
    # The button says so for a while, and is held as long.
    expect(ada.page.get_by_role("button", name="Copied")).to_have_count(0)
    ada.page.get_by_role("button", name="Done").click()
    ada.answers("Done")
    ada.sees_end("departed")
    # The browser keeps what the test's driver found last.
    expect(ada.page.get_by_role("button", name="To the first page")).to_be_visible()
    found = ada.memory()
    kept = {one for one in (WORDS, code, code.replace(" ", "-"), secret) if one in found}
    assert kept == set()
    assert ada.keeps() == NOTHING


@pytest.mark.whole_chromium
def test_who_is_done_is_away_for_whoever_comes(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    leaves(ada, WORDS, "Ada")
    waits(ada)
    link = ada.copies("Copy link")
    ada.page.get_by_role("button", name="Done").click()
    ada.sees_end("departed")
    bo = Person(visit(link))
    bo.page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(bo.page.locator(".notice-words").get_by_text("Away: ")).to_be_visible()


def test_who_opens_a_room_while_the_way_of_leaving_still_loads_stays_in_it(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    held = holds(ada.page, "**/later.*", "GET")
    with ada.page.expect_request("**/later.*"):
        ada.page.get_by_role("button", name="Leave a message").click()
    code = ada.generate()
    ada.is_inside()
    with ada.page.expect_response("**/later.*"):
        held.pop().continue_()
    bo = person(visit, server)
    bo.enter(code)
    bo.is_inside()
    expect(ada.page.locator(".seat")).to_have_count(2)
    expect(ada.text).to_be_visible()
