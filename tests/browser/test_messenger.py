"""What people with accounts say to each other, in the page of accounts, between real browsers."""

import pytest
from playwright.sync_api import Locator, Page, expect
from support.machines.chromium import Visit, Watched
from test_conversation_tabs import founded, somebody

pytestmark = pytest.mark.timeout(120)


def at_home(watched: Watched, server: str) -> Page:
    """From a page without a program to the page of accounts, as the same browser."""
    page = watched.page
    page.goto(f"{server}/account/")
    expect(page.get_by_role("heading", level=1, name="Conversations")).to_be_visible()
    return page


def said(page: Page, text: str) -> None:
    page.get_by_label("Write a message").fill(text)
    page.keyboard.press("Enter")


def bubble(page: Page, text: str) -> Locator:
    return page.get_by_role("article").filter(has_text=text)


def test_two_people_talk_and_each_sees_how_far_the_other_has_read(
    visit: Visit, server: str
) -> None:
    ada, bo = (somebody(visit, server, name) for name in ("ada", "boris"))
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp({ again: true })", talk)
    for watched in (ada, bo):
        at_home(watched, server)
    ada.page.locator(".conversation-row").click()
    said(ada.page, "Is anybody there?")
    expect(bubble(ada.page, "Is anybody there?")).to_be_visible()
    row = bo.page.locator(".conversation-row")
    expect(row).to_contain_text("Is anybody there?")
    expect(row).to_contain_text("1 new message")
    row.click()
    expect(bubble(bo.page, "Is anybody there?")).to_be_visible()
    expect(bubble(ada.page, "Is anybody there?")).to_contain_text("Read")
    expect(row).not_to_contain_text("new message")
    said(bo.page, "I am.")
    expect(bubble(ada.page, "I am.")).to_be_visible()
