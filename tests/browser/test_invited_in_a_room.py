"""Somebody is met in a room without a name, and becomes a contact by a link that is a message."""

import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.people import person
from test_account_stories import PASSWORD, button, patience, typed_back, words_shown  # noqa: F401
from test_conversation_tabs import somebody
from test_messenger import at_home, bubble, said

pytestmark = pytest.mark.timeout(180)


def test_a_stranger_opens_a_link_that_was_said_in_a_room_makes_an_account_and_they_talk(
    visit: Visit, server: str
) -> None:
    ada = at_home(somebody(visit, server, "ada"), server)
    button(ada, "Use this name")
    expect(ada.locator(".own-name")).to_be_hidden()
    button(ada, "People")
    button(ada, "Invite somebody")
    button(ada, "Make the invitation")
    link = ada.locator(".invitation-link").inner_text()
    ada.keyboard.press("Escape")

    host, stranger = person(visit, server), person(visit, server)
    host.generate()
    host.is_inside()
    stranger.enter(host.code)
    stranger.is_inside()
    host.says(f"Let us stay in touch: {link}")
    stranger.cards.click()
    with stranger.page.expect_popup() as opening:
        stranger.texts.get_by_role("link").click()
    bo = opening.value
    bo.set_viewport_size({"width": 390, "height": 780})
    button(bo, "Make an account")
    bo.get_by_label("Name").fill("boris")
    button(bo, "Next")
    bo.get_by_label("Password").fill(PASSWORD)
    button(bo, "Make the account")
    words = words_shown(bo)
    button(bo, "I have written them down")
    typed_back(bo, words, "People")
    button(bo, "Accept it")
    expect(bo.locator(".redeemed")).to_contain_text("Ada")
    button(bo, "Write to them")
    said(bo, "Here I am.")
    button(ada, "Conversations")
    # The name that stood there when the invitation was accepted came with it.
    expect(ada.locator(".conversation-row")).to_contain_text("Boris")
    ada.locator(".conversation-row").click()
    expect(bubble(ada, "Here I am.")).to_be_visible()
    said(ada, "Welcome.")
    expect(bubble(bo, "Welcome.")).to_be_visible()
