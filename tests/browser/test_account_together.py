"""A film that two people watch together, each in their own browser: they see the same, through what
one of them does to it, a line that is cut, and one who goes.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.films import film
from support.machines.chromium import Visit
from test_account_playback import card
from test_conversation_tabs import founded, somebody
from test_messenger import at_home, called

pytestmark = [pytest.mark.timeout(180)]

NEAR_SECONDS = 0.25
# Where a film stands in a page, and when that was: both browsers have one clock.
STANDS = """() => {
  const film = document.querySelector("video.film-picture");
  return [film.currentTime, Date.now() / 1000, film.paused];
}"""


def apart(one: Page, other: Page) -> tuple[float, bool]:
    """How far apart two films are at one moment, and whether both do the same."""
    (here, then, paused), (there, now, stands) = (page.evaluate(STANDS) for page in (one, other))
    goes_on = 0.0 if paused else now - then
    return abs(here + goes_on - there), paused == stands


def near(one: Page, other: Page, *, paused: bool, after: float = 0) -> None:
    """Both come to play, or stand, at one place, past this one; and stay there for a while."""
    good = 0
    for _ in range(150):
        off, alike = apart(one, other)
        at, _, stands = one.evaluate(STANDS)
        good = good + 1 if off < NEAR_SECONDS and alike and stands is paused and at >= after else 0
        if good == 5:
            return
        one.wait_for_timeout(200)
    pytest.fail(f"{off} apart, at {at}, {stands}")


def test_two_see_the_same_through_whatever_one_does_a_cut_and_a_leaver(
    visit: Visit, server: str, tmp_path: Path
) -> None:
    ada, bo = (somebody(visit, server, name) for name in ("ada", "boris"))
    for one in (ada, bo):
        one.forgive("ERR_INTERNET_DISCONNECTED|WebSocket")
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp({ again: true })", talk)
    here, there = at_home(ada, server), at_home(bo, server)
    called(here, "Ada L.")
    path = tmp_path / "ferry.webm"
    path.write_bytes(film(120, weight=10_000))
    mine = card(here)
    here.locator("form input[type=file]").set_input_files(path)
    here.get_by_label("Remove metadata").uncheck()
    here.get_by_role("button", name="Send it").click()
    theirs = card(there)
    expect(theirs.get_by_role("button", name="Save")).to_be_visible()
    mine.get_by_role("button", name="Show").click()
    theirs.get_by_role("button", name="Show").click()
    mine.get_by_role("button", name="Watch together").click()
    expect(theirs).to_contain_text("Watching now: ")
    theirs.get_by_role("button", name="Join them").click()
    expect(mine).to_contain_text("You watch together with")
    expect(theirs).to_contain_text("You watch together with \u2068Ada L.\u2069.")
    near(here, there, paused=False)

    # Either of them stops it, goes elsewhere, and lets it go on.
    theirs.get_by_role("button", name="Pause").click()
    near(here, there, paused=True)
    mine.get_by_label("Where it stands").fill("60")
    near(here, there, paused=True, after=59)
    mine.get_by_role("button", name="Play").click()
    near(here, there, paused=False, after=60)

    # What one of them missed is made up for.
    here.context.set_offline(True)
    theirs.get_by_label("Where it stands").fill("20")
    there.wait_for_timeout(1000)
    here.context.set_offline(False)
    near(here, there, paused=False)
    assert there.evaluate(STANDS)[0] < 59

    # Who goes takes nobody along.
    mine.get_by_role("button", name="Watch alone").click()
    expect(theirs).to_contain_text("can join you")
    mine.get_by_role("button", name="Pause").click()
    expect(mine.get_by_role("button", name="Play")).to_be_visible()
    assert there.evaluate(STANDS)[2] is False
