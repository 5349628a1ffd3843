"""How a code comes from one person to another, and what stands in the way."""

import io
import re
from collections.abc import Callable

import pytest
import zxingcpp
from held import holds
from PIL import Image
from playwright.sync_api import Locator, expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.people.people import PATIENCE_MS, Person, person

from ephemeral.protocol.suggestions import neighbours


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


@pytest.mark.parametrize("width", [320, 1280])
def test_the_words_are_there_at_once_and_stay_in_their_place_when_the_room_is_open(
    visit: Visit, server: str, width: int
) -> None:
    ada = person(visit, server, width=width)
    held = holds(ada.page, "**/rooms")
    with ada.page.expect_request("**/rooms"):
        ada.generate()
    words = ada.page.locator(".code-words")
    expect(ada.page.locator(".status")).to_contain_text("Opening the room")
    before = words.bounding_box()
    held.pop().continue_()
    ada.is_inside()
    expect(ada.page.get_by_role("region", name="The words of your room")).to_be_focused()
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


def test_the_picture_of_the_link_is_read_by_a_camera_by_day_and_by_night_and_joins(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.page.get_by_role("button", name="Show the QR code").click()
    picture = ada.page.get_by_role("img", name="QR code of the link")
    picture.scroll_into_view_if_needed()
    link = decoded(picture)
    assert quiet(picture)
    ada.page.emulate_media(color_scheme="dark")
    assert decoded(picture) == link
    assert quiet(picture)
    assert link.rsplit(".", 1)[1] == ada.code.replace(" ", "-")
    ada.is_inside()
    bo = Person(visit(link))
    bo.page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(ada.page.locator(".seat")).to_have_count(2)


def test_without_a_sheet_there_is_no_button_for_it(visit: Visit, server: str) -> None:
    ada = person(visit, server, init="delete Navigator.prototype.share;")
    ada.generate()
    expect(ada.page.get_by_role("button", name="Copy link")).to_be_visible()
    expect(ada.page.get_by_role("button", name="Share", exact=True)).to_have_count(0)


def test_a_link_for_another_server_is_refused_with_its_reason(visit: Visit, server: str) -> None:
    words = "-".join(["abacus"] * 7)
    page = visit(f"{server}/#2.00000000.{words}").page
    page.get_by_role("button", name="Join the room").click()
    expect(page.get_by_role("alert").first).to_contain_text("belongs to another server")
    # It will never do, so the page says what may, and leads there.
    expect(page.get_by_text("Ask for the link once more")).to_be_visible()
    expect(page.get_by_role("button", name="Join the room")).to_have_count(0)
    page.get_by_role("button", name="To the first page").click()
    expect(page.get_by_label("Enter the words you were given")).to_be_visible()


def test_a_link_that_can_never_work_is_not_offered_again(visit: Visit, server: str) -> None:
    page = visit(f"{server}/static/icons/icon.svg").page
    fragments = ["1.00000000.abacus", "hello", "999.00000000.abacus-abacus"]
    for number, fragment in enumerate(fragments):
        # Where nothing but the fragment is another, a browser stays in the page that it has.
        page.goto(f"{server}/?{number}#{fragment}")
        page.get_by_role("button", name="Join the room").click()
        expect(page.locator(".button.primary")).to_have_text("To the first page")


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
        invite.get_by_role("button", name="Show the QR code").click()
        assert decoded(invite.locator(".qr")).endswith(ada.code.replace(" ", "-"))


def test_a_misspelt_word_is_named_and_mended_and_too_few_are_counted(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    words = ["abacus"] * 3 + ["baromter"] + ["zoom", "yo-yo", "willow"]
    ada.enter(" ".join(words))
    error = ada.page.locator("#code-error")
    expect(error).to_contain_text("Word 4, “baromter”, is not in the list.")
    expect(error).to_contain_text("Did you mean “barometer”?")
    expect(ada.page.get_by_label("Enter the words you were given")).to_be_focused()
    ada.page.get_by_role("button", name="Use “barometer”").click()
    expect(ada.page.get_by_label("Enter the words you were given")).to_have_value(
        "abacus abacus abacus barometer zoom yo-yo willow"
    )
    expect(ada.page.get_by_text("7 words of 7")).to_be_visible()
    ada.enter("abacus abdomen")
    expect(error).to_have_text("There have to be 7 words; these are 2.")


def test_a_code_without_a_room_says_so_and_stays_in_the_field(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    code = "abacus abdomen abide ability ablaze able abnormal"
    ada.enter(code)
    expect(ada.page.locator(".notice")).to_contain_text(
        "No room answers to these words", timeout=PATIENCE_MS
    )
    expect(ada.page.get_by_label("Enter the words you were given")).to_have_value(code)
    # A slip may have made another word of one: those near to others are named.
    expect(ada.page.locator(".hint")).to_contain_text(["a slip can turn one word into another"])
    doubtful = [word for word in code.split() if neighbours(word)]
    expect(ada.page.locator(".place.doubtful .place-word")).to_have_text(doubtful)
    ada.watched.forgive(r"404 \(Not Found\)")


def test_the_options_offer_what_the_server_allows_and_proposes(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(
        KDF="pbkdf2",
        SEATS_DEFAULT=3,
        SEATS_MAX=4,
        MESSAGE_TTL_SECONDS=1800,
        MESSAGE_TTL_MAX_SECONDS=3600,
    )
    ada = person(visit, program.url)
    ada.page.get_by_text("Options", exact=True).click()
    seats = ada.page.get_by_label("People at most")
    expect(seats).to_have_value("3")
    expect(seats).to_have_attribute("max", "4")
    waits = ada.page.get_by_label("Unread messages wait for")
    expect(waits.locator("option")).to_have_text(["1 minute", "5 minutes", "30 minutes", "1 hour"])
    expect(waits).to_have_value("1800")
    ada.page.get_by_role("button", name="Open a private room").click()
    ada.is_inside()
    ada.page.get_by_role("button", name="Room menu").click()
    expect(ada.page.locator("dialog.menu")).to_contain_text("1 of 3 places taken.")
    expect(ada.page.locator("dialog.menu")).to_contain_text("wait for 30 minutes")
