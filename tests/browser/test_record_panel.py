"""What the server knows, in the page: the panel, and what it shows in a real room."""

from plays import calls, played
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit
from support.people.people import Person, person, two_in_a_room


def unfold(page: Page) -> None:
    """Opens every table."""
    closed = page.locator("dialog details:not([open]) > summary")
    while closed.count():
        closed.first.click()


def test_the_panel_lists_tables_columns_and_rows(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:record")
    dialog = watched.page.get_by_role("dialog", name="What the server knows")
    rooms = dialog.locator("details", has_text="Rooms that live.")
    expect(rooms).to_have_attribute("open", "")
    expect(rooms.get_by_text("Held, not shown. Bytes: 32")).to_be_visible()
    expect(rooms.get_by_text("2026-03-01T12:00:00.000Z")).to_be_visible()
    unfold(watched.page)
    expect(dialog.get_by_text("Rows that are not listed here: 12")).to_be_visible()
    expect(dialog.get_by_text("it says nothing about yours")).to_be_visible()
    expect(dialog.get_by_text("<b>Bold</b>")).to_be_visible()
    assert dialog.locator("[lang=en]").count() > 10
    assert len(calls(watched, "record")) == 1
    watched.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_nothing_is_asked_before_somebody_wants_to_know(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:menu")
    assert calls(watched, "record") == []


def test_a_server_that_does_not_answer_is_told(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:record_unanswered").page
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text(
        "The server could not be asked. Close this and try again."
    )


def test_a_member_sees_what_the_server_holds_and_no_word_of_anybody(
    visit: Visit, server: str
) -> None:
    one, other = two_in_a_room(visit, server)
    one.text.fill("the canary sings")
    one.page.keyboard.press("Enter")
    expect(one.receipts).to_have_count(1)
    expect(other.cards).to_have_count(1)
    # What shows it comes by itself, so that it is there when the network isn't.
    other.page.wait_for_function(
        "() => performance.getEntriesByType('resource')"
        ".some(({ name }) => name.includes('/later.'))"
    )
    other.menu("What the server knows")
    dialog = other.page.get_by_role("dialog", name="What the server knows")
    expect(dialog.locator("details")).to_have_count(16)
    unfold(other.page)
    text = dialog.inner_text()
    assert "token_hash" in text
    assert "sockets" in text
    for canary in ("canary", "Ada", one.code):
        assert canary not in text
    reports_without_the_code(other, one.code)


def reports_without_the_code(member: Person, code: str) -> None:
    """What happened in the room is told to its operators, and nothing of the room with it."""
    page = member.page
    page.keyboard.press("Escape")
    member.menu("Report something")
    dialog = page.get_by_role("dialog", name="Report something")
    dialog.get_by_label("What has happened?").fill(f"He wants money. {code}")
    dialog.get_by_role("button", name="Send the report").click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is a room’s code in it")
    dialog.get_by_label("What has happened?").fill("He wants money.")
    with page.expect_request("**/report/room") as asked:
        dialog.get_by_role("button", name="Send the report").click()
    expect(dialog).to_contain_text("Reported.")
    body = asked.value.post_data_json
    assert (body["reason"], body["text"], len(body)) == ("spam", "He wants money.", 3)
    assert {"authorization", "cookie", "ephemeral-member"}.isdisjoint(asked.value.all_headers())


def test_where_the_program_for_it_does_not_come_that_is_told_and_it_is_asked_for_again(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.page.route("**/later.*", lambda route: route.abort())
    ada.generate()
    ada.is_inside()
    ada.page.get_by_role("button", name="Room menu").click()
    expect(ada.page.locator(".notice.attention")).to_contain_text("could not be loaded")
    ada.page.unroute("**/later.*")
    ada.menu("What the server knows")
    dialog = ada.page.get_by_role("dialog", name="What the server knows")
    expect(dialog.locator("details")).not_to_have_count(0)
    ada.watched.forgive("ERR_FAILED")
