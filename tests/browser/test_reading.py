"""The time to read: what is said of it before, and what a reader can do about it meanwhile."""

import re

import pytest
from plays import PHONE, calls, change, played
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit, Watched
from test_room import HEARD, heard

SHORT = "{ state: 'open', type: 'text', text: 'The door is green.', view: %s, viewLimit: %s }"


def open_a(visit: Visit, stage: str, view: int | None = None, limit: int | None = None) -> Watched:
    """Opens a short card for so many seconds."""
    watched = played(visit, stage, "room:cards", init=HEARD, clock=True)
    watched.page.clock.run_for(1000)
    watched.page.locator(".seal").first.focus()
    wish, most = ("null" if one is None else str(one) for one in (view, limit))
    change(watched, f"changeCard('a', {SHORT % (wish, most)})")
    watched.page.clock.run_for(500)
    return watched


def left(page: Page) -> int:
    """The seconds that are left by the number on the card."""
    found = re.search("[0-9]+", page.locator(".burn-number").inner_text())
    assert found is not None
    return int(found[0])


def is_gone(watched: Watched) -> bool:
    return calls(watched, "discard") == [["discard", "a"]]


def test_a_closed_card_says_that_opening_starts_the_clock_and_for_how_long(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:cards", width=1280).page
    lines = page.locator(".card-line")
    expect(lines).to_have_text(
        [re.compile(rf"^Opening starts the clock \(about {time} sec\) · Waits until .*\d")
         for time in (30, 40)]
    )  # fmt: skip
    # What the card says is what its button says to whoever doesn't see it.
    expect(page.get_by_role("button", name="Opening starts the clock")).to_have_count(2)


def test_whoever_comes_to_something_that_waits_is_told_until_a_card_was_opened(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards")
    told = watched.page.get_by_text("What waits here can be read once.")
    expect(told).to_be_visible()
    change(watched, f"changeCard('a', {SHORT % (30, 'null')})")
    expect(told).to_have_count(0)
    change(watched, "changeCard('a', { state: 'shown_gone', text: null })")
    expect(watched.page.locator(".opened")).to_have_count(0)
    expect(told).to_have_count(0)


def test_the_second_tap_of_a_double_one_closes_nothing(visit: Visit, stage: str) -> None:
    page = open_a(visit, stage).page
    reached = """(time) => {
      const tools = document.querySelector(".card-tools");
      for (const animation of tools.getAnimations()) {
        animation.pause();
        animation.currentTime = time;
      }
      const { x, y, width, height } = tools.lastElementChild.getBoundingClientRect();
      const there = document.elementFromPoint(x + width / 2, y + height / 2);
      return tools.lastElementChild.contains(there);
    }"""
    assert not page.evaluate(reached, 350)
    # By then it was meant. (Somebody else's animation would go on for longer.)
    assert page.evaluate(reached, 800)


def test_a_reader_has_thirty_seconds_more_whenever_twenty_are_left(
    visit: Visit, stage: str
) -> None:
    watched = open_a(visit, stage)
    page = watched.page
    more = page.get_by_role("button", name="+30 sec")
    expect(more).to_be_hidden()
    for _ in range(12):
        page.clock.run_for((left(page) - 20) * 1000)
        expect(more).to_be_visible()
        # It comes without taking anything from where the reader is.
        expect(page.locator(".message-text")).to_be_focused()
        before = left(page)
        page.keyboard.press("+")
        # A second may have passed between the two looks.
        assert before + 29 <= left(page) <= before + 30
    assert not is_gone(watched)
    page.clock.run_for(51_000)
    assert is_gone(watched)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_offer_of_more_time_pushes_nothing_aside(visit: Visit, stage: str, width: int) -> None:
    page = open_a(visit, stage).page
    page.set_viewport_size({"width": width, "height": 844})
    tools = """() => [...document.querySelectorAll(".opened, .card-tools > .tool")].map((node) => {
      const card = document.querySelector(".opened").getBoundingClientRect();
      const { x, y, width, height } = node.getBoundingClientRect();
      return [x - card.x, y - card.y, width, height];
    })"""
    before = page.evaluate(tools)
    page.clock.run_for((left(page) - 20) * 1000)
    expect(page.get_by_role("button", name="+30 sec")).to_be_visible()
    assert page.evaluate(tools) == before


def test_what_was_offered_keeps_its_place_and_the_focus(visit: Visit, stage: str) -> None:
    page = open_a(visit, stage, 5).page
    more = page.get_by_role("button", name="+30 sec")
    more.focus()
    page.keyboard.press("Enter")
    page.clock.run_for(2000)
    assert left(page) > 30
    expect(more).to_be_focused()


def test_the_end_is_said_once_each_time_that_it_comes_near(visit: Visit, stage: str) -> None:
    page = open_a(visit, stage).page
    page.clock.run_for(15_000)
    page.keyboard.press("+")
    page.clock.run_for(60_000)
    last = "The message from Ada is gone in 20 seconds. The key + gives 30 seconds more"
    said = [one for one in heard(page) if "sealed" not in one]
    assert [re.sub("4[45] seconds", "45 seconds", one) for one in said] == [
        "Message from Ada opened, readable for 30 seconds",
        last,
        "More time: 45 seconds from now",
        last,
    ]


def test_the_clock_is_stopped_for_ten_minutes_in_all(visit: Visit, stage: str) -> None:
    watched = open_a(visit, stage)
    page = watched.page
    stop = page.get_by_role("button", name="Stop the clock")
    expect(stop).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("h")
    expect(stop).to_have_attribute("aria-pressed", "true")
    at = left(page)
    page.clock.run_for(300_000)
    assert left(page) == at
    expect(page.locator(".burn-number")).to_contain_text("stopped")
    stop.click()
    expect(stop).to_have_attribute("aria-pressed", "false")
    page.clock.run_for(2000)
    assert left(page) in {at - 2, at - 3}
    stop.click()
    page.clock.run_for(305_000)
    expect(stop).to_have_attribute("aria-pressed", "false")
    expect(stop).to_have_attribute("aria-disabled", "true")
    expect(stop).to_be_focused()
    assert not is_gone(watched)
    page.clock.run_for(30_000)
    assert is_gone(watched)
    assert [one for one in heard(page) if "clock" in one][:2] == [
        "The clock stands still, for at most 10 minutes in all",
        f"The clock runs again: {at} seconds left",
    ]


def test_beyond_its_authors_limit_nothing_is_offered(visit: Visit, stage: str) -> None:
    watched = open_a(visit, stage, 300, 25)
    page = watched.page
    for key in ("h", "+"):
        page.keyboard.press(key)
    page.clock.run_for(20_000)
    expect(page.locator(".card-tools button")).to_have_count(3)
    page.clock.run_for(5_000)
    assert is_gone(watched)


def test_up_to_its_authors_limit_there_is_more_time_and_not_beyond(
    visit: Visit, stage: str
) -> None:
    watched = open_a(visit, stage, 30, 50)
    page = watched.page
    for _ in range(3):
        page.keyboard.press("+")
    assert left(page) in {49, 50}
    expect(page.get_by_role("button", name="Stop the clock")).to_have_attribute(
        "aria-disabled", "true"
    )
    page.clock.run_for(30_000)
    expect(page.get_by_role("button", name="+30 sec")).to_have_attribute("aria-disabled", "true")
    page.clock.run_for(20_000)
    assert is_gone(watched)


def test_a_long_text_has_the_time_that_it_takes(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:cards", clock=True)
    text = "x" * 1200
    change(watched, f"changeCard('a', {{ state: 'open', type: 'text', text: '{text}', view: 5 }})")
    watched.page.clock.run_for(500)
    expect(watched.page.locator(".burn-number")).to_have_text("1:45")


def test_a_clock_that_stands_still_does_so_in_a_view_that_is_drawn_anew(
    visit: Visit, stage: str
) -> None:
    watched = open_a(visit, stage)
    page = watched.page
    page.keyboard.press("h")
    at = left(page)
    page.evaluate(
        """async () => {
          const { roomView } = await import("/static/js/room/views/room-view.js");
          const view = roomView({ client: window.gallery.client, share: null, setWaiting() {} });
          document.getElementById("app").replaceChildren(view.node);
        }"""
    )
    page.clock.run_for(60_000)
    assert left(page) == at
    expect(page.get_by_role("button", name="Stop the clock")).to_have_attribute(
        "aria-pressed", "true"
    )


EIGHT = """async () => {
  const { open, sent, state } = await import("/gallery/samples.js");
  const words = ["I am here.", "Which door?", "The green one.", "Left of the bakery?", "Yes. Ring twice."];
  const at = (index) => ({ sequence: index + 1 });
  const cards = [], written = [];
  for (let index = 0; index < 8; index += 1) {
    const text = words[index % words.length];
    if (index % 2 === 0) cards.push(open(`c${index}`, text, at(index)));
    else written.push(sent(`s${index}`, "stored", text, at(index)));
  }
  window.gallery.client.change(state({ cards, sent: written }));
}"""  # noqa: E501


@pytest.mark.parametrize("whose", ["both", "theirs"])
def test_eight_short_messages_fit_a_phone(visit: Visit, stage: str, whose: str) -> None:
    page = played(
        visit, stage, "room:together", width=PHONE, height=844, reduced_motion="reduce"
    ).page
    page.evaluate(EIGHT if whose == "both" else EIGHT.replace("index % 2 === 0", "true"))
    expect(page.locator(".card")).to_have_count(8)
    for card in page.locator(".card").all():
        expect(card).to_be_in_viewport(ratio=1)
        # Each is as wide as its words and what one can do with them, and no wider.
        width = card.evaluate("node => node.offsetWidth")
        assert width <= 0.92 * PHONE
