"""The neutral screen: Esc twice, and there is nothing to see."""

import time

from playwright.sync_api import WebSocketRoute, expect
from support.machines.chromium import Visit
from support.people.people import Person, hold_chord, person, two_in_a_room

DRAFT = "unfinished wombatology"

ESCAPES = """([first, second]) => {
  for (const { at, ...more } of [first, second]) {
    const event = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, ...more });
    Object.defineProperty(event, "timeStamp", { value: at });
    document.activeElement.dispatchEvent(event);
  }
}"""


TWO_FRAMES = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
})"""


def escape_twice(someone: Person) -> None:
    """Presses the key as fast as a person does, however slow this machine is at the moment."""
    session = someone.page.context.new_cdp_session(someone.page)
    now = time.time()
    for at in (now - 0.2, now - 0.1):
        for kind in ("keyDown", "keyUp"):
            session.send(
                "Input.dispatchKeyEvent",
                {
                    "type": kind,
                    "key": "Escape",
                    "code": "Escape",
                    "windowsVirtualKeyCode": 27,
                    "timestamp": at,
                },
            )
    session.detach()


def sees_nothing(someone: Person) -> None:
    page = someone.page
    expect(page).to_have_title("Untitled")
    assert page.locator("body").inner_text().split("\n")[0] == "This page is empty."
    expect(page.locator("#app")).to_be_hidden()
    assert page.evaluate("document.getElementById('app').inert")
    assert page.evaluate("document.querySelector(\"link[rel='icon']\").href") == "data:,"
    assert page.locator("meta[name='theme-color']").count() == 0


def sees_all(someone: Person) -> None:
    expect(someone.page.locator(".neutral")).to_have_count(0)
    expect(someone.text).to_be_visible()
    assert not someone.page.evaluate("document.getElementById('app').inert")
    assert someone.page.evaluate("document.querySelector(\"link[rel='icon']\").href") != "data:,"


def test_escape_twice_and_there_is_nothing_to_see_and_twice_again_and_all_is_there(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    bo.asks_to_be_told("The title of the tab")
    ada.says("In sight.")
    bo.text.fill("Half an ans")
    escape_twice(bo)
    sees_nothing(bo)
    # What comes meanwhile shows in no title and is said to nobody.
    ada.says("Later.")
    ada.sees_receipt("^Stored until")
    expect(bo.page.locator(".seal")).to_have_count(2)
    sees_nothing(bo)
    expect(bo.page.locator("#announce-polite")).to_be_hidden()
    escape_twice(bo)
    sees_all(bo)
    expect(bo.page).to_have_title("(2) Ephemeral")
    expect(bo.text).to_have_value("Half an ans")
    expect(bo.text).to_be_focused()


def test_the_menu_hides_the_page_and_a_finger_brings_it_back(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.menu("Hide")
    sees_nothing(ada)
    ada.page.get_by_role("button", name="Back").click()
    sees_all(ada)


# What two escapes are that don't mean it.
UNMEANT = [
    ({"at": 1000}, {"at": 1700}),
    ({"at": 1000}, {"at": 1100, "repeat": True}),
    ({"at": 1000, "isComposing": True}, {"at": 1100}),
    ({"at": 1000}, {"at": 1100, "isComposing": True}),
    ({"at": 1000, "keyCode": 229}, {"at": 1100}),
]


def test_only_two_escapes_that_mean_it_hide_the_page(visit: Visit, server: str) -> None:
    page = person(visit, server).page
    page.get_by_label("Enter the words you were given").click()
    # Each pair comes long after the one before it.
    for late, pair in enumerate([*UNMEANT, ({"at": 1000}, {"at": 1500})]):
        expect(page.locator(".neutral")).to_have_count(0)
        page.evaluate(ESCAPES, [{**one, "at": one["at"] + 10_000 * late} for one in pair])
        page.evaluate(TWO_FRAMES)
        if late < len(UNMEANT):
            assert page.locator(".neutral").count() == 0, pair
    expect(page.locator(".neutral")).to_have_count(1)


def test_an_escape_that_closes_a_panel_is_not_the_first_of_two(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    ada.menu("Leave")
    expect(ada.page.locator("dialog.question")).to_be_visible()
    escape_twice(ada)
    expect(ada.page.locator("dialog")).to_have_count(0)
    ada.page.evaluate(TWO_FRAMES)
    sees_all(ada)
    escape_twice(ada)
    sees_nothing(ada)


def test_an_escape_that_closes_the_completions_is_not_the_first_of_two(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    field = ada.page.get_by_label("Enter the words you were given")
    list_of_words = ada.page.get_by_role("listbox")
    field.press_sequentially("abac")
    expect(list_of_words).to_be_visible()
    escape_twice(ada)
    expect(list_of_words).to_be_hidden()
    expect(field).to_be_visible()
    escape_twice(ada)
    expect(field).to_be_hidden()


def test_a_card_that_arrives_opened_behind_the_neutral_screen_is_not_burnt_unseen(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    held: list[str | bytes] = []
    near: list[WebSocketRoute] = []

    def carry(route: WebSocketRoute) -> None:
        far = route.connect_to_server()
        near.append(route)

        def back(message: str | bytes) -> None:
            if '"envelope"' in str(message):
                held.append(message)
            else:
                route.send(message)

        far.on_message(back)

    bo.page.route_web_socket("**/room/socket", carry)
    bo.page.reload()
    bo.is_inside()
    ada.says("Whoever comes in at the door.")
    bo.cards.click()
    ada.sees_receipt("^Opened, being read$")
    escape_twice(bo)
    near[0].send(held.pop())
    expect(bo.page.locator(".opened")).to_have_count(1)
    # Two frames are what a page in sight would need.
    bo.page.evaluate(TWO_FRAMES)
    expect(bo.page.locator(".burn-number")).to_have_text("30 sec")
    ada.sees_receipt("^Opened, being read$")
    escape_twice(bo)
    expect(bo.texts).to_have_text("Whoever comes in at the door.")
    ada.sees_receipt("^Opened by .* · gone$")


def test_a_room_can_be_destroyed_from_behind_the_neutral_screen(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.text.click()
    ada.page.keyboard.type(DRAFT)
    escape_twice(ada)
    hold_chord(ada.page)
    bo.sees_end("destroyed")
    sees_nothing(ada)
    assert DRAFT not in ada.memory()
    escape_twice(ada)
    ada.sees_end("destroyed_by_you")
    expect(ada.page.get_by_role("heading", level=1)).to_be_focused()


def test_going_back_behind_the_neutral_screen_shows_nothing_and_loses_nothing(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    escape_twice(ada)
    ada.page.go_back()
    sees_nothing(ada)
    expect(ada.page.locator("dialog")).to_have_count(0)
    escape_twice(ada)
    sees_all(ada)
    ada.page.go_back()
    expect(ada.page.locator("dialog.question")).to_contain_text("Leave the room?")
