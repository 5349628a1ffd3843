"""Where one writes: what is done with the words before they are sent."""

from plays import calls, played
from playwright.sync_api import expect
from support.machines.chromium import Visit


def test_no_word_goes_to_a_spelling_checker_or_a_translator_unless_asked_for(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:conversation").page
    text = page.get_by_label("Write a message")
    for name, value in (
        ("spellcheck", "false"),
        ("writingsuggestions", "false"),
        ("translate", "no"),
    ):
        expect(text).to_have_attribute(name, value)
    expect(text).to_contain_class("notranslate")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_label("Check spelling").check()
    page.get_by_role("button", name="Close the menu").click()
    expect(text).to_have_attribute("spellcheck", "true")
    expect(text).to_have_attribute("translate", "no")


def test_a_message_may_have_an_end_that_its_reader_cannot_put_off(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:conversation")
    page = watched.page
    page.get_by_label("Readable for").select_option("60")
    page.get_by_role("button", name="More", exact=True).click()
    limit = page.get_by_label("Gone at the latest after")
    # One that is shorter than what was granted would take it back.
    expect(limit.locator("option:disabled")).to_have_text(["30 seconds"])
    limit.select_option("120")
    page.get_by_role("button", name="Close the menu").click()
    more = page.get_by_role("button", name="at most 2 min")
    page.get_by_label("Write a message").fill("Not for long.")
    page.get_by_role("button", name="Send").click()
    options = {"view": 60, "limit": 120, "quote": None}
    assert calls(watched, "send") == [["send", "Not for long.", options]]
    expect(more).to_be_visible()
    page.get_by_label("Readable for").select_option("300")
    expect(page.get_by_role("button", name="More", exact=True)).to_be_visible()


def test_with_a_finger_enter_makes_a_new_line_and_nobody_is_met_by_a_keyboard(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:conversation", has_touch=True, is_mobile=True)
    page = watched.page
    text = page.get_by_label("Write a message")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(text).to_have_attribute("enterkeyhint", "enter")
    text.press_sequentially("one\ntwo")
    expect(text).to_have_value("one\ntwo")
    page.get_by_role("button", name="Send").tap()
    assert [call[1] for call in calls(watched, "send")] == ["one\ntwo"]
