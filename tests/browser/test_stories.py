"""Two people and a server: what the page is for, from the first click to the last."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.chromium import Visit
from support.people import PATIENCE_MS, Person, person, two_in_a_room
from support.server import Program


def kept(someone: Person) -> dict[str, object]:
    """What the browser holds for this page beyond the page itself."""
    found: dict[str, object] = someone.page.evaluate(
        """async () => ({
          local: Object.keys(localStorage), session: Object.keys(sessionStorage),
          databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
          workers: (await navigator.serviceWorker.getRegistrations()).length,
          cookie: document.cookie,
        })"""
    )
    return found


def copied(visit: Visit, someone: Person, button: str) -> str:
    """What a button puts onto the clipboard, as the browser pastes it into another page."""
    someone.page.get_by_role("button", name=button).click()
    expect(someone.page.get_by_role("button", name="Copied")).to_be_visible()
    page = visit(f"{someone.watched.origin}/", beside=someone.watched).page
    field = page.get_by_label("Enter a code")
    field.focus()
    page.keyboard.press("ControlOrMeta+v")
    expect(field).not_to_have_value("")
    pasted = field.input_value()
    page.close()
    return pasted


NOTHING = {"local": [], "session": [], "databases": 0, "caches": 0, "workers": 0, "cookie": ""}


def test_two_people_talk_through_a_code_and_nothing_stays(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.choose(name="Ada")
    ada.generate()
    assert len(re.split(" +", ada.code)) == 7
    expect(ada.page.locator(".entropy")).to_contain_text("90 bits")
    ada.open_room()
    expect(ada.page.get_by_text("You are alone here")).to_be_visible()
    expect(ada.page.locator(".joins")).to_have_text("1 join so far")

    bo = person(visit, server)
    bo.enter(ada.code.upper().replace(" ", "   ", 3) + "  ")
    bo.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")
    expect(ada.page.locator(".seat")).to_have_count(2)
    expect(bo.page.locator(".seat", has_text="Ada")).to_contain_text("here")

    ada.text.press_sequentially("The door is")
    expect(bo.page.locator(".typing")).to_have_text("Ada is typing…")
    ada.says("The door is green.\nLeft of the bakery.")
    expect(bo.page.locator(".typing")).to_have_text("")
    ada.sees_receipt("^Stored until")
    expect(bo.cards).to_have_count(1)
    expect(bo.page).to_have_title("(1) Ephemeral")
    assert "green" not in bo.page.content()

    bo.cards.focus()
    bo.page.keyboard.press("Enter")
    expect(bo.texts).to_have_text("The door is green.\nLeft of the bakery.")
    expect(bo.texts).to_be_focused()
    expect(bo.page.locator(".burn-number")).to_have_text(re.compile("(30|2[0-9]) sec"))
    expect(bo.page).to_have_title("Ephemeral")
    ada.sees_receipt("^Viewed and destroyed$")

    bo.page.get_by_role("button", name="Close now").click()
    expect(bo.texts).to_have_count(0)
    assert "green" not in bo.page.content()
    expect(bo.page.locator(".trace")).to_have_text("Read and gone")

    for someone in (ada, bo):
        assert len(someone.watched.frames) > 1
        said = someone.watched.said()
        two_words = "-".join(ada.code.split()[:2])
        assert not any(text in said for text in ("green", "bakery", two_words))

    assert kept(ada) == kept(bo) == {**NOTHING, "session": ["ephemeral.resume"]}
    for someone in (ada, bo):
        someone.menu("Leave")
        someone.answers("Leave")
        someone.sees_end("left")
        assert kept(someone) == NOTHING
        assert "green" not in someone.page.content()
        assert someone.page.context.cookies() == []


def test_what_was_read_leaves_the_page_by_itself(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.page.get_by_label("Readable for").select_option("5")
    ada.says("Gone in five seconds.")
    bo.cards.click()
    expect(bo.texts).to_have_text("Gone in five seconds.")
    ada.sees_receipt("^Viewed and destroyed$")
    expect(bo.texts).to_have_count(0, timeout=PATIENCE_MS)
    expect(ada.texts).to_have_count(0, timeout=PATIENCE_MS)
    expect(ada.page.locator(".trace.own")).to_have_text("Your message was viewed and destroyed")


def test_a_link_joins_only_after_a_click_and_never_leaves_the_browser(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    link = copied(visit, ada, "Copy link")
    assert re.fullmatch(re.escape(server) + r"/#1\.[0-9a-f]{8}\.[a-z-]+", link)
    ada.open_room()

    bo = Person(visit(link))
    page = bo.page
    expect(page.get_by_role("heading", name="You were invited")).to_be_visible()
    assert page.url == f"{server}/"
    assert page.evaluate("history.length") <= 2
    said_before = {request.url.removeprefix(server) for request in bo.watched.requests}
    assert not {path for path in said_before if not path.startswith("/static/")} - {"/"}
    expect(ada.page.locator(".joins")).to_have_text("1 join so far")

    page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")
    code = link.rsplit(".", 1)[1]
    assert code not in bo.watched.said()
    page.go_back()
    assert code not in page.url


def test_a_link_for_another_server_is_refused_with_its_reason(visit: Visit, server: str) -> None:
    words = "-".join(["abacus"] * 7)
    page = visit(f"{server}/#1.00000000.{words}").page
    page.get_by_role("button", name="Join the room").click()
    expect(page.get_by_role("alert").first).to_contain_text("belongs to another server")


def test_a_pasted_link_is_as_good_as_a_code(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    link = copied(visit, ada, "Copy link")
    ada.open_room()
    bo = person(visit, server)
    bo.enter(f" {link} ")
    bo.is_inside()


def test_the_copied_code_is_the_shown_one(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    assert copied(visit, ada, "Copy code") == ada.code.replace(" ", "-")
    ada.open_room()
    ada.page.get_by_role("button", name="Room menu").click()
    ada.page.get_by_text("Show the words").click()
    expect(ada.page.locator(".menu-code")).to_have_text(ada.code)


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


def test_a_third_finds_the_room_full(visit: Visit, server: str) -> None:
    ada, _bo = two_in_a_room(visit, server)
    eve = person(visit, server)
    eve.enter(ada.code)
    expect(eve.page.locator(".notice")).to_contain_text("The room is full", timeout=PATIENCE_MS)
    eve.watched.forgive(r"409 \(Conflict\)")
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")


def test_a_locked_room_lets_nobody_new_in_until_it_is_unlocked(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.open_room()
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


def test_a_reload_comes_back_without_the_code(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("Still here after a reload?")
    expect(bo.cards).to_have_count(1)
    bo.page.reload()
    bo.is_inside()
    expect(bo.cards).to_have_count(1)
    bo.cards.click()
    expect(bo.texts).to_have_text("Still here after a reload?")
    ada.sees_receipt("^Viewed and destroyed$")
    expect(ada.page.locator(".joins")).to_have_text("2 joins so far")
    expect(bo.page.locator(".seat", has_text="Bo")).to_be_visible()
    bo.page.reload()
    bo.is_inside()
    expect(bo.texts).to_have_count(0)
    expect(bo.cards).to_have_count(0)


def test_a_reload_that_was_not_to_be_survived_keeps_nothing(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.choose(resume=False)
    ada.generate()
    ada.open_room()
    assert kept(ada) == NOTHING
    ada.page.reload()
    expect(ada.page.get_by_role("button", name="Generate code")).to_be_visible()


def test_a_second_tab_of_the_same_seat_takes_over(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.open_room()
    half = ada.page.evaluate("sessionStorage.getItem('ephemeral.resume')")
    page = visit(f"{server}/static/icons/icon.svg", beside=ada.watched).page
    page.evaluate("(half) => sessionStorage.setItem('ephemeral.resume', half)", half)
    page.goto(f"{server}/")
    expect(page.get_by_label("Write a message")).to_be_visible(timeout=PATIENCE_MS)
    ada.sees_end("replaced")


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
    expect(ada.page.locator(".notice.attention")).to_contain_text("3 joins so far")
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
    bo.page.keyboard.press("Control+Alt+Backspace")
    bo.sees_end("destroyed_by_you")
    ada.sees_end("destroyed")
    assert "Nobody reads this." not in ada.page.content()
    ada.page.get_by_role("button", name="To the first page").click()
    ada.enter(ada.code)
    expect(ada.page.locator(".notice")).to_contain_text("No room answers", timeout=PATIENCE_MS)
    ada.watched.forgive(r"404 \(Not Found\)")


def test_words_written_while_the_server_is_away_wait_and_are_sent_once(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve()
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
    expect(ada.page.locator(".notice")).to_have_count(0)
    expect(bo.cards).to_have_count(1, timeout=PATIENCE_MS)
    bo.cards.click()
    expect(bo.texts).to_have_text("Written in a tunnel.")
    ada.sees_receipt("^Viewed and destroyed$")
    for someone in (ada, bo):
        someone.watched.forgive("WebSocket connection to .* failed")


def test_everyone_who_was_here_reads_a_message_and_then_it_is_gone(
    visit: Visit, server: str
) -> None:
    ada, bo, chi = (person(visit, server) for _ in range(3))
    ada.choose(everyone=True, seats="3")
    ada.generate()
    ada.open_room()
    for someone in (bo, chi):
        someone.enter(ada.code)
        someone.is_inside()
    ada.says("For both of you.")
    bo.cards.click()
    expect(bo.texts).to_have_text("For both of you.")
    ada.sees_receipt("^Viewed; others are still to view it$")
    chi.cards.click()
    expect(chi.texts).to_have_text("For both of you.")
    ada.sees_receipt("^Viewed and destroyed$")


HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "\u202eevil\u202d \u2066\u2067\u2068 text \u200f\u200e",
    "x" * 60_000,
    "javascript:alert(1) https://example.com/?q=1 data:text/html,<b>",
    "Z" + "\u0335\u0321\u0489" * 300,
]


def test_hostile_texts_and_names_stay_text(visit: Visit, server: str) -> None:
    eve, ada = person(visit, server), person(visit, server, width=320)
    eve.choose(name="\u202e<b>gnp.exe</b>")
    eve.generate()
    eve.open_room()
    ada.enter(eve.code)
    ada.is_inside()
    for text in HOSTILE:
        eve.says(text)
        ada.cards.click()
        expect(ada.texts.last).to_have_text(text)
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= 320
        ada.page.get_by_role("button", name="Close now").click()
        expect(ada.page.locator(".received .message-text")).to_have_count(0)
    assert ada.page.title() == "Ephemeral"
    assert ada.page.locator("#app img, #app script, #app b, #app a").count() == 0


def test_the_whole_way_by_keyboard(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)

    def tab_to(someone: Person, name: str) -> None:
        for _ in range(40):
            someone.page.keyboard.press("Tab")
            focused = someone.page.locator(":focus")
            if focused.count() and name in (
                focused.get_attribute("aria-label") or focused.inner_text()
            ):
                ring = focused.evaluate("node => getComputedStyle(node).outlineStyle")
                assert ring == "solid"
                return
        raise AssertionError(f"{name} can't be reached by Tab")

    keys = ada.page.keyboard
    tab_to(ada, "Generate code")
    keys.press("Enter")
    expect(ada.page.locator(".code-words")).to_be_visible(timeout=PATIENCE_MS)
    code = ada.page.locator(".code-words").inner_text()
    tab_to(ada, "Open the room")
    keys.press("Enter")
    ada.is_inside()
    bo.page.keyboard.press("Tab")
    bo.page.keyboard.press("Tab")
    bo.page.keyboard.type(code)
    bo.page.keyboard.press("Enter")
    bo.is_inside()
    keys.type("By keyboard alone.")
    keys.press("Enter")
    expect(bo.cards).to_have_count(1)
    bo.page.keyboard.press("Shift+Tab")
    expect(bo.cards).to_be_focused()
    bo.page.keyboard.press("Enter")
    expect(bo.texts).to_have_text("By keyboard alone.")
    ada.sees_receipt("^Viewed and destroyed$")
    tab_to(bo, "Close now")
    bo.page.keyboard.press("Enter")
    expect(bo.text).to_be_focused()
    tab_to(bo, "Room menu")
    bo.page.keyboard.press("Enter")
    expect(bo.page.locator("dialog.menu")).to_be_visible()
    bo.page.keyboard.press("Escape")
    expect(bo.page.get_by_role("button", name="Room menu")).to_be_focused()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_composer_stays_in_sight_with_many_messages(
    visit: Visit, server: str, width: int
) -> None:
    ada = person(visit, server, width=width, height=480)
    ada.generate()
    ada.open_room()
    for number in range(12):
        ada.says(f"Line {number}\nand another")
    ada.sees_receipt("^Stored until")
    box = ada.text.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 480
    last = ada.texts.last.bounding_box()
    assert last is not None
    assert last["y"] < 480


def test_without_a_secure_context_the_page_names_the_cure(visit: Visit, server: str) -> None:
    watched = visit(f"{server.replace('127.0.0.1', 'ephemeral.test')}/#1.00000000.abacus")
    expect(watched.page.get_by_role("heading", name="This page needs HTTPS")).to_be_visible()
    assert "#" not in watched.page.url
    watched.forgive("Cross-Origin-Opener-Policy")


def test_a_server_under_a_path_is_used_under_it(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(BASE_PATH="/chat")
    ada = person(visit, f"{program.url.removesuffix('/chat')}/chat")
    ada.generate()
    ada.open_room()
    assert all("/chat/" in request.url for request in ada.watched.requests)
    ada.page.reload()
    ada.is_inside()
