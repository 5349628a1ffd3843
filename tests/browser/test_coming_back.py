"""What survives: a reload, a second tab, a network that goes away, a server that does."""

import json
from collections.abc import Callable

import httpx
from held import holds
from playwright.sync_api import Page, Route, WebSocketRoute, expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.machines.tunnel import tunnel_to
from support.people.people import NOTHING, PATIENCE_MS, hold_chord, person, two_in_a_room

from ephemeral.protocol.codes import read_code
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.protocol.keys import RoomKeys, derive_root

# Whether the browser would ask before this page is left.
ASKS = """() => {
  const leaving = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(leaving);
  return leaving.defaultPrevented;
}"""


def test_a_reload_comes_back_without_the_code(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Still here after a reload?")
    expect(bo.cards).to_have_count(1)
    bo.page.reload()
    bo.is_inside()
    expect(bo.cards).to_have_count(1)
    bo.cards.click()
    expect(bo.texts).to_have_text("Still here after a reload?")
    ada.sees_receipt("^Opened by .* · gone$")
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 2")
    expect(bo.page.locator(".seat", has_text="Bo")).to_be_visible()
    bo.page.reload()
    bo.is_inside()
    expect(bo.texts).to_have_count(0)
    expect(bo.cards).to_have_count(0)


def test_whoever_is_alone_after_a_reload_is_not_told_of_somebody_in_the_room(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.page.reload()
    ada.is_inside()
    forgotten = ada.page.locator(".empty", has_text="You are alone here")
    expect(forgotten).to_contain_text("Whoever was given them can still come in.")
    expect(forgotten).not_to_contain_text("in the room")


def test_a_reload_that_was_not_to_be_survived_keeps_nothing(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.choose(resume=False)
    ada.generate()
    ada.is_inside()
    assert ada.keeps() == NOTHING
    ada.page.reload()
    expect(ada.page.get_by_role("button", name="Open a private room")).to_be_visible()


def test_a_second_tab_of_the_same_seat_takes_over(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    half = ada.page.evaluate("sessionStorage.getItem('ephemeral.resume')")
    page = visit(f"{server}/static/icons/icon.svg", beside=ada.watched).page
    page.evaluate("(half) => sessionStorage.setItem('ephemeral.resume', half)", half)
    page.goto(f"{server}/")
    expect(page.get_by_label("Write a message")).to_be_visible(timeout=PATIENCE_MS)
    ada.sees_end("replaced")


def test_words_written_while_the_server_is_away_wait_and_are_sent_once(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(KDF="pbkdf2")
    ada, bo = two_in_a_room(visit, program.url)
    program.kill()
    notice = ada.page.locator(".notice.attention")
    expect(notice).to_contain_text("The connection was lost")
    ada.says("Written in a tunnel.")
    ada.sees_receipt("^Not sent yet: waits in this tab")
    expect(notice).to_contain_text("1 message waits here.")
    expect(ada.text).to_have_value("")
    program.start()
    ada.sees_receipt("^Stored until")
    expect(notice).to_have_count(0)
    expect(bo.cards).to_have_count(1, timeout=PATIENCE_MS)
    bo.cards.click()
    expect(bo.texts).to_have_text("Written in a tunnel.")
    ada.sees_receipt("^Opened by .* · gone$")
    for someone in (ada, bo):
        someone.watched.forgive("WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")


def loses_acknowledgements(page: Page) -> list[str]:
    """From the next load on, no acknowledgement of this page reaches the server; gives them."""
    lost: list[str] = []

    def carry(near: WebSocketRoute) -> None:
        far = near.connect_to_server()

        def forth(message: str | bytes) -> None:
            if any(frame["type"] == "ack" for frame in json.loads(message)):
                lost.append(str(message))
            else:
                far.send(message)

        near.on_message(forth)

    page.route_web_socket("**/room/socket", carry)
    return lost


INTERRUPTED = "You had opened a message when this page was reloaded; it is gone."


def test_a_card_that_was_open_but_not_acknowledged_is_there_again_after_a_reload(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    lost = loses_acknowledgements(bo.page)
    bo.page.reload()
    bo.is_inside()
    ada.says("Read twice, if need be.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Read twice, if need be.")
    ada.sees_receipt("^Opened, being read$")
    bo.page.wait_for_function("document.querySelector('.burn-number').textContent !== ''")
    bo.page.reload()
    bo.is_inside()
    assert lost
    expect(bo.texts).to_have_count(0)
    expect(bo.cards).to_have_count(1)
    expect(bo.page.get_by_text(INTERRUPTED)).to_have_count(0)
    bo.cards.click()
    expect(bo.texts).to_have_text("Read twice, if need be.")
    ada.sees_receipt("^Opened, being read$")


def test_a_card_that_was_acknowledged_is_gone_after_a_reload(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Read once.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Read once.")
    ada.sees_receipt("^Opened by .* · gone$")
    bo.page.reload()
    bo.is_inside()
    expect(bo.page.get_by_text(INTERRUPTED)).to_be_visible()
    expect(bo.cards).to_have_count(0)
    expect(bo.texts).to_have_count(0)
    assert "Read once." not in bo.page.content()


def test_of_a_card_that_was_closed_in_time_a_reload_has_nothing_to_tell(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Read once.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Read once.")
    bo.page.get_by_role("button", name="Close now").click()
    ada.sees_receipt("^Opened by .* · gone$")
    bo.page.reload()
    bo.is_inside()
    expect(bo.page.locator(".seat")).to_have_count(2)
    expect(bo.page.get_by_text(INTERRUPTED)).to_have_count(0)


def test_a_draft_does_not_survive_a_reload(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.text.fill("Not for this disk.")
    ada.page.once("dialog", lambda dialog: dialog.accept())
    ada.page.reload()
    ada.is_inside()
    expect(ada.text).to_have_value("")
    assert "Not for this disk." not in json.dumps(ada.keeps())


def test_a_room_that_is_destroyed_leaves_each_what_they_were_writing(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Sent and never read.")
    expect(bo.cards).to_have_count(1)
    ada.text.press_sequentially("Half a sen")
    expect(bo.page.locator(".typing")).to_have_text("Ada is typing…")
    hold_chord(bo.page)
    ada.sees_end("destroyed")
    expect(ada.page.get_by_text("Every message in it is gone, read or not.")).to_be_visible()
    # What was on its way is gone; what had gone nowhere is Ada's own.
    left = ada.page.locator(".unsent-list li")
    expect(left).to_have_count(1)
    expect(left).to_contain_text("Half a sen")
    for text in ("Half a sen", "Sent and never"):
        assert text not in bo.page.content()
    assert "Sent and never" not in ada.page.content()
    assert ada.keeps() == bo.keeps() == NOTHING
    # Nowhere else are these words: whoever goes on is asked, unless they were copied.
    ada.page.get_by_role("button", name="To the first page").click()
    ada.answers("Back")
    ada.page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    left.get_by_role("button", name="Copy").click()
    expect(left.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    assert ada.page.evaluate("window.copied") == "Half a sen"
    ada.page.get_by_role("button", name="To the first page").click()
    expect(ada.page.get_by_role("button", name="Open a private room")).to_be_visible()


def test_a_destruction_that_nobody_confirmed_is_said_to_be_unconfirmed(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Perhaps still there.")
    ada.sees_receipt("^Stored until")
    ada.page.route(f"{server}/room", lambda route: route.abort())
    hold_chord(ada.page)
    expect(ada.page.locator(".destroying")).to_contain_text("Not confirmed by the server yet.")
    assert "Perhaps still there." not in ada.page.content()
    ada.sees_end("destroy_unconfirmed")
    expect(ada.page.get_by_text("the room and its messages may still be there")).to_be_visible()
    assert ada.keeps() == NOTHING
    expect(bo.cards).to_have_count(1)
    ada.watched.forgive("Failed to load resource")


def test_what_is_sent_while_the_browser_is_offline_waits_and_is_sent_once(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(KDF="pbkdf2")
    with tunnel_to(program.port) as tunnel:
        ada = person(visit, f"http://127.0.0.1:{tunnel.port}")
        ada.generate()
        ada.is_inside()
        bo = person(visit, program.url)
        bo.enter(ada.code)
        bo.is_inside()
        # A browser in flight mode: it knows that it is offline, and its connections are lost.
        ada.page.context.set_offline(True)
        tunnel.cut()
        notice = ada.page.locator(".notice.attention")
        expect(notice).to_contain_text(
            "You are offline. What you have written is kept here. Your place is kept until "
        )
        ada.says("Written above the clouds.")
        ada.sees_receipt("^Not sent yet: waits in this tab")
        expect(notice).to_contain_text("1 message waits here.")
        expect(bo.page.locator(".seat.away")).to_have_count(1)
        expect(bo.cards).to_have_count(0)
        tunnel.restore()
        ada.page.context.set_offline(False)
        ada.sees_receipt("^Stored until")
        expect(notice).to_have_count(0)
        expect(bo.cards).to_have_count(1)
        bo.cards.click()
        expect(bo.texts).to_have_text("Written above the clouds.")
        ada.sees_receipt("^Opened by .* · gone$")
        expect(bo.cards).to_have_count(0)
        ada.page.close()
        ada.watched.forgive("WebSocket connection to .* failed")


def test_who_comes_back_to_a_server_that_is_away_may_try_until_it_answers(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.page.route("**/room/members", lambda route: route.abort())
    ada.page.reload()
    expect(ada.page.get_by_role("heading", name="The server can’t be reached")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert ada.keeps()["session"] == ["ephemeral.resume"]
    ada.page.unroute("**/room/members")
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()
    ada.watched.forgive("Failed to load resource")


def test_who_comes_back_offline_is_back_as_soon_as_there_is_a_connection(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    gone: list[Route] = []

    def go_offline(route: Route) -> None:
        gone.append(route)
        ada.page.context.set_offline(True)
        route.abort()

    ada.page.route("**/room/members", go_offline)
    ada.page.reload()
    heading = ada.page.get_by_role("heading", name="You are offline")
    expect(heading).to_be_visible(timeout=PATIENCE_MS)
    assert gone
    ada.page.unroute("**/room/members")
    ada.page.context.set_offline(False)
    ada.is_inside()
    ada.watched.forgive("Failed to load resource")


def test_a_seat_that_was_taken_meanwhile_can_be_asked_for_again_with_what_was_not_sent(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(KDF="pbkdf2", SEAT_GRACE_SECONDS=1)
    with tunnel_to(program.port) as tunnel:
        ada = person(visit, f"http://127.0.0.1:{tunnel.port}")
        ada.generate()
        ada.is_inside()
        bo, chi = person(visit, program.url), person(visit, program.url)
        bo.enter(ada.code)
        bo.is_inside()
        tunnel.cut()
        expect(bo.page.locator(".seat.away")).to_have_count(1)
        ada.says("Send this.")
        ada.says("Rather not this.")
        ada.text.fill("And one more thi")
        chi.page.get_by_label("Enter the words you were given").fill(ada.code)

        def chi_is_inside() -> bool:
            join = chi.page.get_by_role("button", name="Join", exact=True)
            join.click()
            expect(chi.text.or_(chi.page.locator(".screen .notice"))).to_be_visible(
                timeout=PATIENCE_MS
            )
            return chi.text.is_visible()

        while not chi_is_inside():
            expect(chi.page.locator(".screen .notice")).to_contain_text("The room is full")
        tunnel.restore()
        ada.sees_end("seat_lost")
        left = ada.page.locator(".unsent-list li")
        expect(left.locator(".unsent-text")).to_have_text(
            ["Send this.", "Rather not this.", "And one more thi"]
        )
        left.nth(1).get_by_label("Send after coming back").uncheck()
        # On the way back they are nowhere but in this page: closing it is a question.
        held = holds(ada.page, "**/room", "GET")
        with ada.page.expect_request("**/room"):
            ada.page.get_by_role("button", name="Try again").click()
        assert ada.page.evaluate(ASKS)
        ada.page.get_by_role("button", name="Cancel").click()
        held.pop().abort()
        ada.page.unroute("**/room")
        # There is no place yet: nothing of it is lost by that.
        ada.page.get_by_role("button", name="Try again").click()
        expect(ada.page.locator(".ended .notice")).to_contain_text("The room is full")
        expect(left.nth(1).get_by_label("Send after coming back")).not_to_be_checked()
        chi.menu("Leave")
        chi.answers("Leave")
        chi.sees_end("left")
        ada.page.get_by_role("button", name="Try again").click()
        ada.is_inside()
        expect(ada.text).to_have_value("And one more thi")
        bo.cards.click()
        expect(bo.texts).to_have_text(["Send this."])
        expect(bo.cards).to_have_count(0)
        # Before the tunnel goes: a page that lives would miss it aloud.
        ada.page.close()
        ada.watched.forgive(r"WebSocket connection to .* failed|Failed to load resource")
        chi.watched.forgive(r"409 \(Conflict\)")


def test_the_seat_of_a_tab_that_was_closed_is_soon_free(visit: Visit, server: str) -> None:
    """The browser closes its socket by the code that says so; the page must not close it before."""
    ada, bo = two_in_a_room(visit, server)
    config = httpx.get(f"{server}/config").json()
    root = derive_root(read_code(ada.code), config["kdf"]["suite"], b64decode(config["salt"]))
    headers = {
        "Authorization": f"Bearer {b64encode(RoomKeys(root).locator)}",
        "Ephemeral-Member": b64encode(bytes(32)),
    }
    bo.page.close()
    for _ in range(500):
        refused = httpx.post(f"{server}/room/members", headers=headers, json={}).json()["error"]
        assert refused["code"] == "room_full"
        if refused["retry_after"] is not None:
            break
        ada.page.wait_for_timeout(20)
    assert 1 <= refused["retry_after"] <= 5
