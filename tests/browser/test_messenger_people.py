"""Whom one knows, in the page of accounts: asked, refused, compared, blocked, perhaps another."""

import base64

import pytest
from bare_account import opened
from playwright.sync_api import Locator, Page, expect
from support.machines.chromium import Visit
from test_conversation_tabs import PASSWORD, founded, somebody
from test_messenger import FIRST, WRITE, at_home, bubble, said, tab_to

pytestmark = pytest.mark.timeout(180)

#: A picture of one point.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
#: A browser that reads pictures by itself: it sees what a page has last shown as a code.
READING = """
  globalThis.BarcodeDetector = class {
    async detect() { return [{ rawValue: globalThis.shownCode }]; }
  };
"""


def people_of(page: Page) -> Locator:
    page.get_by_role("button", name="People").click()
    return page.locator(".people-place")


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def asked_for(page: Page, address: str) -> None:
    """Asks by an address, and closes what says that nobody is told whether there is one."""
    page.get_by_role("button", name="Ask by an address").click()
    page.get_by_label("Their address").fill(address)
    page.locator("dialog").get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("dialog")).to_contain_text("if they can be found")
    page.locator("dialog").get_by_role("button", name="Done").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_two_people_find_each_other_compare_and_one_blocks(visit: Visit, server: str) -> None:
    people = [somebody(visit, server, name) for name in ("ada", "boris")]
    theirs = [one.page.evaluate("client.state.address") for one in people]
    people[1].page.add_init_script(READING)
    ada, bo = (at_home(one, server) for one in people)
    for page in (ada, bo):
        people_of(page)
    # Nobody finds who hasn't said so, and nobody is told.
    asked_for(ada, theirs[1])
    expect(part(ada, "Asked by you")).to_contain_text(theirs[1])
    bo.get_by_label("Whoever knows my address may ask me").check()
    # What was asked before is seen from then on, and marks the way there.
    expect(part(bo, "They ask to be your contact")).to_contain_text(theirs[0])
    expect(bo.get_by_role("button", name="People 1 asks to be your contact")).to_be_visible()
    part(bo, "They ask to be your contact").get_by_role("button", name="Refuse").click()
    bo.locator("dialog").get_by_role("button", name="Refuse and tell them").click()
    row = part(ada, "Your contacts").get_by_role("button")
    expect(row).to_contain_text("Has said no")
    row.click()
    ada.locator("dialog").get_by_role("button", name="Remove the contact").click()
    ada.locator("dialog").get_by_role("button", name="Remove the contact").click()
    expect(row).to_have_count(0)

    # The other way round it is accepted, by the keyboard.
    ada.get_by_label("Whoever knows my address may ask me").check()
    asked_for(bo, theirs[0])
    expect(part(ada, "They ask to be your contact")).to_contain_text(theirs[1])
    ada.get_by_role("heading", name="They ask to be your contact").focus()
    tab_to(ada, "Accept")
    ada.keyboard.press("Enter")
    for page, other in ((ada, theirs[1]), (bo, theirs[0])):
        expect(part(page, "Your contacts")).to_contain_text(other)
        part(page, "Your contacts").get_by_role("button").click()
        page.locator("dialog").get_by_role("button", name="Compare numbers").click()
        expect(page.locator(".safety-number span")).to_have_count(12)
    number = ada.locator(".safety-number").inner_text()
    assert number == bo.locator(".safety-number").inner_text()
    ada.get_by_role("button", name="It is the same").click()
    expect(ada.locator("dialog")).to_contain_text("It is the same number")
    # A picture of another number is told from that of the same one.
    picture = {"name": "picture.png", "mimeType": "image/png", "buffer": PIXEL}
    for shown, told in (("1" * 60, "Somebody may read along"), (number, "nobody in between")):
        bo.evaluate("(text) => { globalThis.shownCode = text; }", shown)
        bo.locator("input[type=file]").set_input_files(picture)
        expect(bo.locator("dialog")).to_contain_text(told)
        if shown != number:
            bo.get_by_role("button", name="Compare again").click()
    bo.get_by_role("button", name="Done").click()
    expect(bo.locator("dialog")).to_contain_text("You have compared your numbers.")

    # An own name, a conversation, and nothing more from who is blocked.
    bo.get_by_role("button", name="What you call them").click()
    bo.get_by_label("What you call them").fill("Ada from the choir")
    bo.get_by_role("button", name="Call them so").click()
    bo.get_by_role("button", name="Write to them").click()
    expect(bo.get_by_label(WRITE)).to_be_focused()
    said(bo, FIRST)
    expect(bo.locator(".chat-title")).to_have_text("Ada from the choir")
    ada.get_by_role("button", name="Done").click()
    ada.keyboard.press("Escape")
    ada.get_by_role("button", name="Conversations", exact=True).click()
    ada.locator(".conversation-row").click()
    expect(bubble(ada, FIRST)).to_be_visible()
    ada.locator(".chat-person").click()
    ada.locator("dialog").get_by_role("button", name="Block").click()
    ada.locator("dialog").get_by_role("button", name="Block").click()
    expect(ada.locator("dialog")).to_have_count(0)
    expect(ada.locator(".conversation-row")).to_have_count(0)
    expect(ada.locator(".chat-head")).to_have_count(0)
    bo.go_back()
    people_of(bo)
    expect(part(bo, "Your contacts")).to_contain_text("Nobody yet.")


def test_somebody_who_came_back_with_the_words_interrupts_before_the_next_message(
    visit: Visit, server: str
) -> None:
    ada, bo = (somebody(visit, server, name) for name in ("ada", "boris"))
    address, words = bo.page.evaluate("[client.state.address, window.words]")
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp({ again: true })", talk)
    page = at_home(ada, server)
    page.locator(".conversation-row").click()
    said(page, FIRST)
    other = visit("about:blank")
    other.origin = server
    # What has to be asked before there is anything; and what is told to a device that is no more.
    other.forgive("404")
    bo.forgive("401|403|WebSocket")
    opened(other.page, server)
    other.page.evaluate(
        "([address, words, password]) => client.recover({ address, words, password })",
        [address, words, PASSWORD],
    )
    expect(page.locator(".chat-notice")).to_contain_text("all devices are new")
    page.get_by_label(WRITE).fill("a secret")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Before you write")
    expect(panel).to_be_visible()
    # Whoever closes the page now finds it again.
    row = page.locator(".conversation-row")
    expect(row).to_contain_text("Draft: a secret")
    page.reload()
    expect(row).to_contain_text("Draft: a secret")
    row.click()
    expect(page.get_by_label(WRITE)).to_have_value("a secret")
    expect(page.locator(".chat-notice")).to_contain_text("all devices are new")
    page.get_by_label(WRITE).focus()
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Don’t write").click()
    expect(page.get_by_label(WRITE)).to_have_value("a secret")
    expect(bubble(page, "a secret")).to_have_count(0)
    page.get_by_label(WRITE).focus()
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Go on all the same").click()
    expect(bubble(page, "a secret")).to_be_visible()
    expect(row).not_to_contain_text("Draft")
    expect(page.locator(".chat-notice")).to_be_empty()
    expect(page.locator(".quiet-line").last).to_contain_text("New device")
