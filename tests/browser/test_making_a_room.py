"""What goes wrong, is called off or is lost while a room is made or entered."""

import re

from held import holds
from playwright.sync_api import Dialog, Route, expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.people.people import NOTHING, PATIENCE_MS, Person, hold_chord, person

# What makes the keys, in whatever version it is served.
WORKER = re.compile(r"/derive-worker\.")


def test_a_room_that_could_not_be_made_is_made_at_the_next_try(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.page.route("**/rooms", lambda route: route.abort())
    code = ada.generate()
    status = ada.page.locator(".status")
    expect(status).to_contain_text("The room is not open yet", timeout=PATIENCE_MS)
    expect(status).to_contain_text("The server can’t be reached.")
    ada.page.unroute("**/rooms")
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()
    expect(ada.page.locator(".code-words")).to_have_text(re.compile(code))
    ada.watched.forgive("Failed to load resource")


def test_a_room_whose_making_was_answered_into_the_void_is_entered_at_the_next_try(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)

    def lose_the_answer(route: Route) -> None:
        assert route.fetch().status in {200, 201}
        route.abort()

    ada.page.route("**/rooms", lose_the_answer)
    ada.generate()
    expect(ada.page.locator(".status")).to_contain_text("not open yet", timeout=PATIENCE_MS)
    ada.page.unroute("**/rooms")
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 1")
    ada.watched.forgive("Failed to load resource")


def test_a_room_that_nobody_wanted_in_the_end_is_destroyed(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        code = ada.generate()
    ada.page.get_by_role("button", name="Cancel").click()
    expect(ada.page.get_by_role("button", name="Open a private room")).to_be_visible()
    with ada.page.expect_response(
        lambda answer: answer.request.method == "DELETE" and answer.url == f"{server}/room"
    ):
        held.pop().continue_()
    assert ada.keeps() == NOTHING
    bo = person(visit, server)
    bo.enter(code)
    expect(bo.page.locator(".notice")).to_contain_text("No room answers", timeout=PATIENCE_MS)
    bo.watched.forgive(r"404 \(Not Found\)")


def test_leaving_while_the_room_is_made_is_a_question_since_the_words_would_be_lost(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    ada.page.on("dialog", stay)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        code = ada.generate()
    with ada.page.expect_event("dialog"):
        ada.page.evaluate("setTimeout(() => location.reload())")
    assert asked == ["beforeunload"]
    held.pop().continue_()
    ada.is_inside()
    assert ada.page.locator(".code-words").inner_text().replace("\n", " ") == code


def test_going_back_while_the_room_is_made_is_a_question_too(visit: Visit, server: str) -> None:
    watched = visit(f"{server}/static/icons/icon.svg")
    watched.page.goto(f"{server}/")
    ada = Person(watched)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        code = ada.generate()
    question = ada.page.locator("dialog.question")
    ada.page.go_back()
    expect(question).to_contain_text("its words are lost")
    ada.answers("Stay")
    expect(question).to_have_count(0)
    # The question is gone a moment before the history has its entry again.
    ada.page.wait_for_function("history.state?.inside === true")
    expect(ada.page.locator(".code-words")).to_have_text(code)
    ada.page.go_back()
    ada.answers("Leave")
    generate = ada.page.get_by_role("button", name="Open a private room")
    expect(generate).to_be_visible()
    with ada.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        held.pop().continue_()
    # Called off by its button, nothing is left that would have to be gone back over.
    with ada.page.expect_request("**/rooms"):
        generate.click()
    ada.page.get_by_role("button", name="Cancel").click()
    expect(generate).to_be_visible()
    held.pop().abort()
    ada.page.go_back()
    ada.page.wait_for_url(re.compile(r"icon\.svg$"))
    ada.watched.forgive("Failed to load resource")


def test_the_chord_destroys_a_room_that_is_being_made_whoever_is_in_it(
    visit: Visit, server: str
) -> None:
    ada, bo = person(visit, server), person(visit, server)
    held = holds(ada.page, "**/room/members")
    with ada.page.expect_request("**/room/members"):
        code = ada.generate()
    bo.enter(code)
    bo.is_inside()
    hold_chord(ada.page)
    expect(ada.page.locator(".destroying")).to_contain_text("Not confirmed by the server yet")
    expect(ada.page.locator(".code-words")).to_have_count(0)
    held.pop().continue_()
    ada.sees_end("destroyed_by_you")
    bo.sees_end("destroyed")
    assert ada.keeps() == NOTHING
    # Nobody waits for the socket first.
    ada.watched.forgive("WebSocket is closed before the connection is established")


def test_the_chord_before_anything_was_made_says_that_nothing_was(
    visit: Visit, shared_server: Program
) -> None:
    # Argon2id is what takes its time, in a worker that has to be fetched.
    server = shared_server.url
    ada = person(visit, server)
    held: list[Route] = []
    ada.page.context.route(WORKER, lambda route: held.append(route))  # noqa: PLW0108
    with ada.page.context.expect_event("request", lambda one: "/derive-worker." in one.url):
        ada.generate()
    hold_chord(ada.page)
    expect(ada.page.locator(".destroying")).to_be_visible()
    held.pop().continue_()
    expect(ada.page.locator(".notice")).to_contain_text("nothing to destroy", timeout=PATIENCE_MS)
    assert not [one for one in ada.watched.requests if one.url == f"{server}/rooms"]


# The page's own deadlines for answers, each a fiftieth as long.
IMPATIENT = """
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 50);
"""


def test_the_chord_into_the_void_is_said_to_be_unconfirmed(visit: Visit, server: str) -> None:
    ada = person(visit, server, init=IMPATIENT)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        ada.generate()
    hold_chord(ada.page)
    held.pop().abort()
    ada.sees_end("destroy_unconfirmed")
    ada.watched.forgive("Failed to load resource")


def test_a_network_that_is_cut_before_the_keys_are_made_is_not_blamed_on_the_browser(
    visit: Visit, shared_server: Program
) -> None:
    # Argon2id is what takes its time, in a worker that has to be fetched.
    server = shared_server.url
    ada = person(visit, server)
    ada.page.context.route(WORKER, lambda route: route.abort())
    ada.generate()
    status = ada.page.locator(".status")
    expect(status).to_contain_text("The server can’t be reached.", timeout=PATIENCE_MS)
    ada.page.context.unroute(WORKER)
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()
    ada.watched.forgive("Failed to load resource")


def test_a_room_that_its_maker_turned_away_from_stays_for_who_came_meanwhile(
    visit: Visit, server: str
) -> None:
    ada, bo = person(visit, server), person(visit, server)
    held = holds(ada.page, "**/room/members")
    with ada.page.expect_request("**/room/members"):
        code = ada.generate()
    bo.enter(code)
    bo.is_inside()
    ada.page.get_by_role("button", name="Cancel").click()
    with ada.page.expect_response(
        lambda answer: answer.request.method == "DELETE" and answer.url == f"{server}/room/members"
    ):
        held.pop().continue_()
    bo.says("Is anybody there?")
    bo.sees_receipt("^Stored until")
    assert ada.keeps() == NOTHING


def test_on_a_touch_screen_no_keyboard_covers_what_there_is_to_see(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server, has_touch=True, is_mobile=True)
    ada.generate()
    ada.is_inside()
    expect(ada.text).not_to_be_focused()
    expect(ada.page.get_by_role("region", name="The words of your room")).to_be_focused()
    bo = person(visit, server, has_touch=True, is_mobile=True)
    bo.enter(ada.code)
    bo.is_inside()
    expect(bo.page.get_by_role("heading", level=1)).to_be_focused()


def test_whoever_gives_up_on_joining_takes_no_seat(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    held = holds(bo.page, "**/room/members")
    with bo.page.expect_request("**/room/members"):
        bo.enter(ada.code)
    expect(bo.page.locator(".steps [aria-current]")).to_have_text("Entering the room")
    bo.page.get_by_role("button", name="Cancel").click()
    expect(bo.page.get_by_label("Enter the words you were given")).to_have_value(ada.code)
    with bo.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        held.pop().continue_()
    expect(ada.page.locator(".seat")).to_have_count(1)
    assert bo.keeps() == NOTHING


def test_whoever_gives_up_while_keys_are_made_never_joins(
    visit: Visit, shared_server: Program
) -> None:
    # Argon2id is what takes its time, in a worker that has to be fetched.
    server = shared_server.url
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    held = holds(bo.page, "**/derive-worker.*.js", "GET")
    with bo.page.expect_request("**/derive-worker.*.js"):
        bo.enter(ada.code)
    bo.page.get_by_role("button", name="Cancel").click()
    held.pop().continue_()
    bo.page.unroute("**/derive-worker.*.js")
    bo.enter(ada.code)
    bo.is_inside()
    # An attempt waits for the one before it: by now that one has done whatever it does.
    expect(ada.page.get_by_text("Came in so far: 2", exact=True).first).to_be_visible()
