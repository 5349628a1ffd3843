"""Who may come into a room, who goes, and what those who are there see of it."""

from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.people import PATIENCE_MS, Person, hold_chord, person, two_in_a_room


def test_a_third_finds_the_room_full(visit: Visit, server: str) -> None:
    ada, _bo = two_in_a_room(visit, server)
    eve = person(visit, server)
    eve.enter(ada.code)
    expect(eve.page.locator(".notice")).to_contain_text("The room is full", timeout=PATIENCE_MS)
    eve.watched.forgive(r"409 \(Conflict\)")
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 2")


def test_whoever_finds_the_room_full_of_oneself_is_told_so_and_comes_in(
    visit: Visit, server: str
) -> None:
    """More than a second: the server keeps the place of a tab that was closed for five."""
    ada, bo = two_in_a_room(visit, server)
    again = Person(visit(f"{server}/", beside=bo.watched))
    again.enter(ada.code)
    barrier = again.page.locator("#app .barrier")
    expect(barrier).to_contain_text("open in another tab of this browser", timeout=PATIENCE_MS)
    assert "someone else" not in barrier.inner_text()
    again.page.get_by_role("button", name="Back").click()
    expect(again.page.locator(".notice")).to_contain_text("The room is full")
    bo.page.close()
    again.page.get_by_role("button", name="Join", exact=True).click()
    expect(barrier).to_contain_text("Were you here a moment ago?", timeout=PATIENCE_MS)
    expect(barrier).to_contain_text("The page tries again by itself in")
    again.is_inside()
    again.watched.forgive(r"409 \(Conflict\)")


def test_a_locked_room_lets_nobody_new_in_until_it_is_unlocked(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.menu("Lock the room")
    expect(ada.page.locator(".lock-state")).to_have_count(1)
    expect(ada.page.get_by_role("button", name="Unlock the room")).to_be_visible()
    bo = person(visit, server)
    bo.enter(ada.code)
    expect(bo.page.locator(".notice")).to_contain_text("The room is locked", timeout=PATIENCE_MS)
    bo.watched.forgive(r"403 \(Forbidden\)")
    ada.page.get_by_role("button", name="Unlock the room").click()
    expect(ada.page.get_by_role("button", name="Lock the room")).to_be_visible()
    bo.page.get_by_role("button", name="Join", exact=True).click()
    bo.is_inside()


def test_a_member_who_leaves_is_seen_leaving_and_may_come_back(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    bo.menu("Leave")
    bo.answers("Stay")
    expect(bo.text).to_be_visible()
    bo.menu("Leave")
    bo.answers("Leave")
    bo.sees_end("left")
    expect(ada.page.locator(".seat")).to_have_count(1)
    ada.says("Waits for whoever comes next.")
    ada.sees_receipt("^Stored until")
    bo.page.get_by_role("button", name="To the first page").click()
    bo.enter(ada.code)
    bo.is_inside()
    expect(ada.page.locator(".notice.attention")).to_contain_text(
        "than this room has places: 3 times"
    )
    bo.cards.click()
    expect(bo.texts).to_have_text("Waits for whoever comes next.")


def test_destroying_puts_everybody_out_and_the_code_opens_nothing(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Nobody reads this.")
    expect(bo.cards).to_have_count(1)
    bo.menu("Destroy the room")
    bo.answers("Keep it")
    hold_chord(bo.page)
    bo.sees_end("destroyed_by_you")
    ada.sees_end("destroyed")
    assert "Nobody reads this." not in ada.page.content()
    ada.page.get_by_role("button", name="To the first page").click()
    ada.enter(ada.code)
    expect(ada.page.locator(".notice")).to_contain_text("No room answers", timeout=PATIENCE_MS)
    ada.watched.forgive(r"404 \(Not Found\)")


def test_everyone_who_was_here_reads_a_message_and_then_it_is_gone(
    visit: Visit, server: str
) -> None:
    ada, bo, chi = (person(visit, server) for _ in range(3))
    ada.choose(everyone=True, seats="3")
    ada.generate()
    ada.is_inside()
    for someone in (bo, chi):
        someone.enter(ada.code)
        someone.is_inside()
    ada.says("For both of you.")
    bo.cards.click()
    expect(bo.texts).to_have_text("For both of you.")
    ada.sees_receipt("^Read by 1 of 2$")
    chi.cards.click()
    expect(chi.texts).to_have_text("For both of you.")
    ada.sees_receipt("^Read by all 2, .* · gone$")
