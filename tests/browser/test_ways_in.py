"""How a code comes from one person to another, and what stands in the way."""

import io
import re
from collections.abc import Callable

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Dialog, Locator, Page, Route, expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.people.people import NOTHING, PATIENCE_MS, Person, person

# What is copied in one page is pasted in another.
pytestmark = pytest.mark.whole_chromium
# What makes the keys, in whatever version it is served.
WORKER = re.compile(r"/derive-worker\.")


def decoded(picture: Locator) -> str:
    """What a camera reads in a part of the page as it is drawn."""
    shot = Image.open(io.BytesIO(picture.screenshot()))
    (found,) = zxingcpp.read_barcodes(shot)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


def quiet(picture: Locator) -> bool:
    """Whether four modules of light are around the symbol, as ISO/IEC 18004 asks."""
    shot = Image.open(io.BytesIO(picture.screenshot())).convert("L")
    modules = int((picture.get_attribute("viewBox") or "").split()[2])
    edge = int(4 * shot.width / modules) - 1
    middle = (shot.height // 4, 3 * shot.height // 4)
    sides = [(1, middle[0], edge, middle[1]), (middle[0], 1, middle[1], edge)]
    return all(shot.crop(side).getextrema()[0] > 250 for side in sides)


def holds(page: Page, pattern: str, method: str = "POST") -> list[Route]:
    """What is asked of these addresses waits until the test lets it go on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == method:
            held.append(route)
        else:
            route.continue_()

    page.route(pattern, hold)
    return held


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_words_are_there_at_once_and_stay_in_their_place_when_the_room_is_open(
    visit: Visit, server: str, width: int
) -> None:
    ada = person(visit, server, width=width)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        ada.generate()
    words = ada.page.locator(".code-words")
    expect(ada.page.locator(".status")).to_contain_text("Opening the room")
    expect(ada.page.locator(".qr")).to_be_visible()
    before = words.bounding_box()
    held.pop().continue_()
    ada.is_inside()
    expect(ada.text).to_be_focused()
    assert words.bounding_box() == before
    bo = person(visit, server)
    bo.enter(ada.code)
    bo.is_inside()
    expect(words).to_have_count(0)


def test_one_click_takes_all_words_and_none_is_broken_in_two(visit: Visit, server: str) -> None:
    ada = person(visit, server, width=320)
    ada.generate()
    words = ada.page.locator(".code-words")
    words.click()
    assert ada.page.evaluate("getSelection().toString()").split() == ada.code.split()
    heights: list[int] = words.locator("span").evaluate_all(
        "spans => spans.map((span) => span.getClientRects().length)"
    )
    assert heights == [1] * 7
    # Who is at the words while the room opens keeps hold of them.
    ada.is_inside()
    assert ada.page.evaluate("getSelection().toString()").split() == ada.code.split()


def test_a_link_joins_only_after_a_click_and_never_leaves_the_browser(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    link = ada.copies("Copy link")
    assert re.fullmatch(re.escape(server) + r"/#1\.[0-9a-f]{8}\.[a-z-]+", link)

    bo = Person(visit(link))
    page = bo.page
    expect(page.get_by_role("heading", name="You were invited")).to_be_visible()
    assert page.url == f"{server}/"
    assert page.evaluate("history.length") <= 2
    expect(page.get_by_text("history and sync may still have kept the link")).to_be_visible()
    said_before = {request.url.removeprefix(server) for request in bo.watched.requests}
    assert not {path for path in said_before if not path.startswith("/static/")} - {"/"}
    expect(ada.page.locator(".joins")).to_have_text("1 join so far")

    page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")
    code = link.rsplit(".", 1)[1]
    assert code not in bo.watched.said()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_of_the_link_is_read_by_a_camera_and_joins(
    visit: Visit, server: str, scheme: str
) -> None:
    ada = person(visit, server, color_scheme=scheme)
    ada.generate()
    picture = ada.page.get_by_role("img", name="QR code of the link")
    picture.scroll_into_view_if_needed()
    link = decoded(picture)
    assert quiet(picture)
    assert link.rsplit(".", 1)[1] == ada.code.replace(" ", "-")
    ada.is_inside()
    bo = Person(visit(link))
    bo.page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(ada.page.locator(".seat")).to_have_count(2)


RECORDER = """
  window.shared = [];
  Object.defineProperty(Navigator.prototype, "share", {
    configurable: true, value: async (data) => { window.shared.push(data); },
  });
"""


def test_the_systems_sheet_gets_the_link_after_a_click_and_nothing_before(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server, init=RECORDER)
    ada.generate()
    ada.is_inside()
    assert ada.page.evaluate("window.shared") == []
    ada.page.get_by_role("button", name="Share", exact=True).click()
    ada.page.wait_for_function("window.shared.length > 0")
    assert ada.page.evaluate("window.shared") == [{"url": ada.copies("Copy link")}]


def test_without_a_sheet_there_is_no_button_for_it(visit: Visit, server: str) -> None:
    ada = person(visit, server, init="delete Navigator.prototype.share;")
    ada.generate()
    expect(ada.page.get_by_role("button", name="Copy link")).to_be_visible()
    expect(ada.page.get_by_role("button", name="Share", exact=True)).to_have_count(0)


def test_a_link_for_another_server_is_refused_with_its_reason(visit: Visit, server: str) -> None:
    words = "-".join(["abacus"] * 7)
    page = visit(f"{server}/#1.00000000.{words}").page
    page.get_by_role("button", name="Join the room").click()
    expect(page.get_by_role("alert").first).to_contain_text("belongs to another server")
    # It will never do, so the page says what may, and leads there.
    expect(page.get_by_text("Ask for the link once more")).to_be_visible()
    expect(page.get_by_role("button", name="Join the room")).to_have_count(0)
    page.get_by_role("button", name="To the first page").click()
    expect(page.get_by_label("Enter a code")).to_be_visible()


@pytest.mark.parametrize("fragment", ["1.00000000.abacus", "hello", "999.00000000.abacus-abacus"])
def test_a_link_that_can_never_work_is_not_offered_again(
    visit: Visit, server: str, fragment: str
) -> None:
    page = visit(f"{server}/#{fragment}").page
    page.get_by_role("button", name="Join the room").click()
    expect(page.locator(".button.primary")).to_have_text("To the first page")


def test_a_pasted_link_is_as_good_as_a_code(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    bo = person(visit, server)
    bo.enter(f" {ada.copies('Copy link')} ")
    bo.is_inside()


def test_the_copied_code_is_the_shown_one(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    assert ada.copies("Copy code") == ada.code.replace(" ", "-")


def test_the_code_can_be_handed_over_again_while_people_talk(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.choose(seats="3")
    ada.generate()
    ada.is_inside()
    bo.enter(ada.code)
    bo.is_inside()
    for someone in (ada, bo):
        someone.menu("Invite")
        invite = someone.page.locator("dialog.invite")
        expect(invite.locator(".code-words")).to_have_text(re.compile(ada.code))
        assert decoded(invite.locator(".qr")).endswith(ada.code.replace(" ", "-"))


def test_a_misspelt_word_is_named_and_mended(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    words = ["abacus"] * 3 + ["baromter"] + ["zoom", "yo-yo", "willow"]
    ada.enter(" ".join(words))
    error = ada.page.locator("#code-error")
    expect(error).to_contain_text("Word 4, “baromter”, is not in the list.")
    expect(error).to_contain_text("Did you mean “barometer”?")
    expect(ada.page.get_by_label("Enter a code")).to_be_focused()
    ada.page.get_by_role("button", name="Use “barometer”").click()
    expect(ada.page.get_by_label("Enter a code")).to_have_value(
        "abacus abacus abacus barometer zoom yo-yo willow"
    )
    expect(ada.page.get_by_text("7 words of 7")).to_be_visible()


def test_too_few_words_are_counted(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.enter("abacus abdomen")
    expect(ada.page.locator("#code-error")).to_have_text("A code has 7 words; these are 2.")


def test_a_code_without_a_room_says_so_and_stays_in_the_field(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    code = "abacus abdomen abide ability ablaze able abnormal"
    ada.enter(code)
    expect(ada.page.locator(".notice")).to_contain_text(
        "No room answers to this code", timeout=PATIENCE_MS
    )
    expect(ada.page.get_by_label("Enter a code")).to_have_value(code)
    ada.watched.forgive(r"404 \(Not Found\)")


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
    expect(ada.page.locator(".joins")).to_have_text("1 join so far")
    ada.watched.forgive("Failed to load resource")


def test_a_room_that_nobody_wanted_in_the_end_is_destroyed(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        code = ada.generate()
    ada.page.get_by_role("button", name="Cancel").click()
    expect(ada.page.get_by_role("button", name="Generate code")).to_be_visible()
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
    generate = ada.page.get_by_role("button", name="Generate code")
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


CHORD = "Control+Alt+Backspace"


def test_the_chord_destroys_a_room_that_is_being_made_whoever_is_in_it(
    visit: Visit, server: str
) -> None:
    ada, bo = person(visit, server), person(visit, server)
    held = holds(ada.page, "**/room/members")
    with ada.page.expect_request("**/room/members"):
        code = ada.generate()
    bo.enter(code)
    bo.is_inside()
    ada.page.keyboard.press(CHORD)
    expect(ada.page.locator(".destroying")).to_contain_text("Not confirmed by the server yet")
    expect(ada.page.locator(".code-words")).to_have_count(0)
    held.pop().continue_()
    ada.sees_end("destroyed_by_you")
    bo.sees_end("destroyed")
    assert ada.keeps() == NOTHING
    # Nobody waits for the socket first.
    ada.watched.forgive("WebSocket is closed before the connection is established")


def test_the_chord_before_anything_was_made_says_that_nothing_was(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    held: list[Route] = []
    ada.page.context.route(WORKER, lambda route: held.append(route))  # noqa: PLW0108
    with ada.page.context.expect_event("request", lambda one: "/derive-worker." in one.url):
        ada.generate()
    ada.page.keyboard.press(CHORD)
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
    ada.page.keyboard.press(CHORD)
    held.pop().abort()
    ada.sees_end("destroy_unconfirmed")
    ada.watched.forgive("Failed to load resource")


def test_a_network_that_is_cut_before_the_keys_are_made_is_not_blamed_on_the_browser(
    visit: Visit, server: str
) -> None:
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


def test_on_a_touch_screen_no_keyboard_covers_the_words_that_are_handed_over(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server, has_touch=True, is_mobile=True)
    ada.generate()
    ada.is_inside()
    expect(ada.text).not_to_be_focused()
    expect(ada.page.get_by_role("heading", level=1)).to_be_focused()
    bo = person(visit, server, has_touch=True, is_mobile=True)
    bo.enter(ada.code)
    bo.is_inside()
    expect(bo.text).to_be_focused()


def test_whoever_gives_up_on_joining_takes_no_seat(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    held = holds(bo.page, "**/room/members")
    with bo.page.expect_request("**/room/members"):
        bo.enter(ada.code)
    expect(bo.page.locator(".steps [aria-current]")).to_have_text("Entering the room")
    bo.page.get_by_role("button", name="Cancel").click()
    expect(bo.page.get_by_label("Enter a code")).to_have_value(ada.code)
    with bo.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        held.pop().continue_()
    expect(ada.page.locator(".seat")).to_have_count(1)
    assert bo.keeps() == NOTHING


def test_whoever_gives_up_while_keys_are_made_never_joins(visit: Visit, server: str) -> None:
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
    expect(ada.page.get_by_text("2 joins so far", exact=True).first).to_be_visible()


def test_the_options_offer_what_the_server_allows_and_proposes(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(
        SEATS_DEFAULT=3, SEATS_MAX=4, MESSAGE_TTL_SECONDS=1800, MESSAGE_TTL_MAX_SECONDS=3600
    )
    ada = person(visit, program.url)
    ada.page.get_by_text("Options", exact=True).click()
    seats = ada.page.get_by_label("Seats")
    expect(seats).to_have_value("3")
    expect(seats).to_have_attribute("max", "4")
    waits = ada.page.get_by_label("Messages wait for")
    expect(waits.locator("option")).to_have_text(["1 minute", "5 minutes", "30 minutes", "1 hour"])
    expect(waits).to_have_value("1800")
    ada.page.get_by_role("button", name="Generate code").click()
    ada.is_inside()
    ada.page.get_by_role("button", name="Room menu").click()
    expect(ada.page.locator("dialog.menu")).to_contain_text("1 of 3 seats taken.")
    expect(ada.page.locator("dialog.menu")).to_contain_text("wait for 30 minutes")


def test_a_server_under_a_path_is_used_under_it(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(BASE_PATH="/chat")
    ada = person(visit, f"{program.url.removesuffix('/chat')}/chat")
    ada.generate()
    ada.is_inside()
    assert all("/chat/" in request.url for request in ada.watched.requests)
    assert ada.copies("Copy link").startswith(f"{program.url.removesuffix('/chat')}/chat/#1.")
    ada.page.reload()
    ada.is_inside()
