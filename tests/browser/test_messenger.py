"""What people with accounts say to each other, in the page of accounts, between real browsers."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from support.machines.chromium import Visit, Watched
from support.machines.server import Program
from support.people.operators import enrolled
from test_conversation_tabs import PASSWORD as ACCOUNT_PASSWORD
from test_conversation_tabs import founded, somebody

from ephemeral.protocol.encoding import b64decode

pytestmark = pytest.mark.timeout(180)

PHONE = {"width": 390, "height": 780}
WRITE = "Write a message"
FIRST = "Is anybody there?"


def at_home(watched: Watched, server: str) -> Page:
    """From a page without a program to the page of accounts, as the same browser."""
    page = watched.page
    page.goto(f"{server}/account/")
    expect(page.get_by_role("heading", level=1, name="Conversations")).to_be_visible()
    return page


def talking(visit: Visit, server: str, *, timer: int = 0) -> tuple[Page, Page]:
    """Two people who are in a conversation with each other, and look at the list of theirs."""
    ada, bo = (somebody(visit, server, name) for name in ("ada", "boris"))
    # What the browser says where there is no connection, where a token has grown old, and where
    # somebody is suspended.
    for one in (ada, bo):
        one.forgive("ERR_INTERNET_DISCONNECTED|WebSocket|401|403")
    talk = founded(ada.page, bo.page)
    if timer > 0:
        ada.page.evaluate("([id, timer]) => talk.of(id).timer(timer)", [talk, timer])
    bo.page.evaluate("(id) => talk.of(id).catchUp({ again: true })", talk)
    return at_home(ada, server), at_home(bo, server)


def said(page: Page, text: str) -> Locator:
    """Says it, and gives where it stands."""
    page.get_by_label(WRITE).fill(text)
    page.keyboard.press("Enter")
    return bubble(page, text)


def bubble(page: Page, text: str) -> Locator:
    return page.get_by_role("article").filter(has_text=text)


def done_to(page: Page, message: Locator, action: str) -> None:
    message.hover()
    message.get_by_role("button", name="What to do with this message").click()
    page.locator("dialog").get_by_role("button", name=action, exact=True).click()


def tab_to(page: Page, name: str) -> None:
    """Goes by Tab to what is called so, as somebody does who has no pointer."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if name in str(
            page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText")
        ):
            return
    pytest.fail(f"Tab doesn't lead to {name!r}.")


def test_two_people_talk_change_mark_report_and_take_back(
    visit: Visit, server: str, quick_server: Program
) -> None:
    ada, bo = talking(visit, server)
    # Nobody is met without a name who has told one.
    ada.get_by_label("What are others to call you?").fill("Ada L.")
    ada.get_by_role("button", name="Use this name").click()
    expect(ada.locator(".own-name")).to_be_hidden()
    ada.locator(".conversation-row").click()
    asked = said(ada, FIRST)
    row = bo.locator(".conversation-row")
    expect(row).to_contain_text(FIRST)
    expect(row).to_contain_text("Ada L.")
    expect(row).to_contain_text("1 new message")
    expect(asked).to_contain_text("Delivered")
    row.click()
    expect(bubble(bo, FIRST)).to_be_visible()
    expect(asked).to_contain_text("Read")
    expect(row).not_to_contain_text("new message")

    # A change, a mark and an answer come to the other, in their places.
    done_to(ada, asked, "Change")
    said(ada, "Is anybody here?")
    heard = bubble(bo, "Is anybody here?")
    expect(heard).to_contain_text("changed")
    done_to(bo, heard, "👍")
    expect(bubble(ada, "Is anybody here?").locator(".reaction")).to_contain_text("👍")
    # What the other has said can be shown to those who run the server, and nothing else is.
    done_to(bo, heard, "Report…")
    report = bo.locator(".report-panel")
    expect(report.get_by_role("checkbox")).to_have_count(1)
    report.get_by_label("A threat").check()
    with bo.expect_request("**/report") as asked_of_server:
        report.get_by_role("button", name="Send the report").click()
    expect(report).to_contain_text("Reported.")
    [proven] = asked_of_server.value.post_data_json["messages"]
    bo.keyboard.press("Escape")
    done_to(bo, heard, "Answer")
    said(bo, "I am.")
    expect(bubble(ada, "I am.").locator(".quote")).to_contain_text("Is anybody here?")
    # What an answer quotes would go along, and is shown before.
    done_to(ada, bubble(ada, "I am."), "Report…")
    expect(ada.locator(".report-panel .choice-row").first).to_contain_text("Is anybody here?")
    ada.keyboard.press("Escape")

    # Taken back for everybody it says so; for oneself alone it is gone here, and stays there.
    done_to(bo, bubble(bo, "I am."), "Delete for everyone")
    bo.locator("dialog.question").get_by_role("button", name="Delete for everyone").click()
    for page in (ada, bo):
        expect(bubble(page, "This message was taken back.")).to_be_visible()
    done_to(ada, bubble(ada, "Is anybody here?"), "Delete for me")
    expect(bubble(ada, "Is anybody here?")).to_have_count(0)
    expect(heard).to_be_visible()

    # Who was suspended for it is told at once, and can still go.
    assert b"Is anybody here?" in b64decode(proven["content"])
    operator = enrolled(quick_server)
    [report] = re.findall(r'href="(/admin/reports/[\w-]{22})"', operator.get("/admin/reports").text)
    operator.post(report, {"decision": "suspended"})
    expect(ada.get_by_role("heading", name="This account is suspended")).to_be_visible()
    ada.get_by_role("button", name="Delete the account").click()
    dialog = ada.locator("dialog")
    dialog.get_by_label("Password").fill(ACCOUNT_PASSWORD)
    dialog.get_by_role("button", name="Delete the account").click()
    expect(ada.locator(".pending")).to_contain_text("This account is to be deleted")
    ada.get_by_role("button", name="Keep the account").click()
    expect(ada.locator(".account-pending")).to_be_empty()


def called(page: Page, name: str) -> None:
    page.get_by_label("What are others to call you?").fill(name)
    page.get_by_role("button", name="Use this name").click()
    expect(page.locator(".own-name")).to_be_hidden()


def switched(page: Page, action: str) -> None:
    """Goes to what is set for the whole account, and back."""
    page.get_by_role("button", name="Account and devices").click()
    page.get_by_role("button", name=action).click()
    expect(page.get_by_role("heading", name="Who is here")).to_be_focused()
    page.get_by_role("button", name="Back to the conversations").click()


def test_two_who_both_show_it_see_each_other_here_and_one_names_the_other(
    visit: Visit, server: str
) -> None:
    ada, bo = talking(visit, server)
    for page, name in ((ada, "Ada L."), (bo, "Bo Ek")):
        called(page, name)
    bo.locator(".conversation-row").click()
    said(bo, FIRST)
    bo.go_back()
    row = ada.locator(".conversation-row")
    expect(row).to_contain_text("Bo Ek")

    # Whoever shows it alone sees nothing, and isn't seen.
    switched(bo, "Show that I am here")
    expect(row).not_to_contain_text("Here now")
    switched(ada, "Show that I am here")
    for page in (ada, bo):
        expect(page.locator(".conversation-row")).to_contain_text("Here now")
    row.click()
    expect(ada.locator(".chat-about")).to_have_text("Here now")
    # Without a network nobody knows of anybody.
    ada.context.set_offline(True)
    for where in (".chat-about", ".conversation-row"):
        expect(ada.locator(where)).not_to_contain_text("Here now")
    ada.context.set_offline(False)
    expect(ada.locator(".chat-about")).to_have_text("Here now")

    # A name is chosen by keys; Escape leaves what was typed as it is.
    write = ada.get_by_label(WRITE)
    write.focus()
    ada.keyboard.type("@e")
    option = ada.get_by_role("option", name="Bo Ek")
    expect(option).to_have_attribute("aria-selected", "true")
    ada.keyboard.press("Escape")
    expect(option).to_be_hidden()
    expect(write).to_have_value("@e")
    ada.keyboard.press("Backspace")
    ada.keyboard.press("Backspace")
    ada.keyboard.type("@b")
    ada.keyboard.press("ArrowDown")
    ada.keyboard.press("Enter")
    expect(write).to_have_value("@Bo Ek ")
    ada.keyboard.type("come in")
    ada.keyboard.press("Enter")
    named = bo.locator(".conversation-row")
    expect(named).to_contain_text("You are named in 1.")
    named.click()
    expect(bubble(bo, "come in").locator("strong")).to_have_text("@Bo Ek")
    expect(bubble(ada, "come in").locator("strong")).to_have_text("@Bo Ek")

    # Touched, it is chosen as well.
    bo.get_by_label(WRITE).focus()
    bo.keyboard.type("Hello @")
    bo.get_by_role("option", name="Ada L.").click()
    expect(bo.get_by_label(WRITE)).to_be_focused()
    expect(bo.get_by_label(WRITE)).to_have_value("Hello @Ada L. ")
    bo.keyboard.press("Enter")
    expect(bubble(ada, "Hello").locator("strong")).to_have_text("@Ada L.")

    # Who shows it no longer is gone for the other, and sees nobody.
    ada.go_back()
    switched(ada, "Show it no longer")
    for page in (ada, bo):
        expect(page.locator(".conversation-row")).not_to_contain_text("Here now")


def tells(page: Page, tree: str) -> None:
    """What the browser tells a screen reader, where this stands in it."""
    expect(page.locator("body")).to_match_aria_snapshot(tree)


def test_somebody_on_a_phone_talks_with_the_keyboard_alone_by_what_a_screen_reader_is_told(
    visit: Visit, server: str
) -> None:
    """Nothing here is looked for by how it is drawn."""
    ada, bo = talking(visit, server)
    ada.set_viewport_size(PHONE)
    for page in (ada, bo):
        tab_to(page, "Nameless")
        page.keyboard.press("Enter")
    tells(ada, '- textbox "Write a message" [active]')
    ada.keyboard.type("one")
    ada.keyboard.press("Shift+Enter")
    ada.keyboard.type("two")
    ada.keyboard.press("Enter")
    heard = '- log "Messages":\n  - article:\n    - paragraph: /Nameless/\n    - paragraph: one two'
    # By whom it is, and not what was said: that is read where it stands.
    tells(bo, "- status:\n  - paragraph: /Nameless.*1 new message/")
    tells(bo, heard)
    told = (
        "- article:\n  - paragraph: You\n  - paragraph: one two\n  - paragraph:\n    - text: Read"
    )
    tells(ada, told)
    # The arrow leads to what was said last.
    ada.keyboard.press("ArrowUp")
    expect(ada.get_by_label(WRITE)).to_have_value("one\ntwo")
    ada.keyboard.press("Escape")
    expect(ada.get_by_label(WRITE)).to_have_value("")
    # From the place to write the messages are a step back, and each has its menu.
    ada.keyboard.press("Shift+Tab")
    tells(ada, '- button "What to do with this message" [active]')
    ada.keyboard.press("Enter")
    tells(ada, '- dialog "What to do with this message":\n  - group "React"')
    tab_to(ada, "❤️")
    ada.keyboard.press("Enter")
    tells(bo, "- article:\n  - text: /❤️ by .*Nameless/")
    # The browser's way back leads to the list, where one has come from.
    ada.go_back()
    tells(ada, "- button /Nameless.* one two/ [active]")
    here = ada.get_by_role("button", name="Conversations", exact=True)
    expect(here).to_have_attribute("aria-current", "page")
    expect(ada.get_by_role("heading", level=1)).to_be_visible()


def test_what_is_written_without_a_connection_waits_and_comes(visit: Visit, server: str) -> None:
    ada, bo = talking(visit, server)
    for page in (ada, bo):
        page.locator(".conversation-row").click()
    ada.context.set_offline(True)
    expect(ada.locator(".messenger-status")).to_contain_text("You are offline.")
    waiting = said(ada, "into the tunnel")
    expect(waiting).to_contain_text("Waits to be sent")
    # It stays, also where somebody looks at the account meanwhile; so does what was begun.
    ada.get_by_label(WRITE).fill("and then")
    ada.go_back()
    ada.get_by_role("button", name="Account and devices").click()
    ada.get_by_role("button", name="Back to the conversations").click()
    ada.locator(".conversation-row").click()
    expect(ada.get_by_label(WRITE)).to_have_value("and then")
    expect(waiting).to_contain_text("Waits to be sent")
    ada.context.set_offline(False)
    expect(bubble(bo, "into the tunnel")).to_be_visible(timeout=30_000)
    expect(waiting).to_contain_text("Read", timeout=30_000)
    expect(ada.locator(".messenger-status")).to_be_hidden()
