"""A film in a conversation: played while its sender still sends it, from wherever somebody wants,
and on after whatever breaks it off.
"""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect
from support.films import film
from support.machines.chromium import Visit, Watched
from test_conversation_tabs import founded, somebody
from test_messenger import at_home

pytestmark = [pytest.mark.timeout(180)]

SECONDS, WEIGHT = 60, 200_000
# What of it is sent at first: the first mebibyte, in which its index is, and the last one.
SENT_FIRST = 2


class Held:
    """Objects that a page sends: so many of them, and the others when it is let go on."""

    def __init__(self, page: Page, most: int) -> None:
        self._most, self._waiting = most, list[Route]()
        page.context.route("**/objects/**", self._sent)

    def _sent(self, route: Route) -> None:
        if route.request.method != "PUT" or self._most > 0:
            self._most -= route.request.method == "PUT"
            route.continue_()
        else:
            self._waiting.append(route)

    def let_go(self) -> None:
        self._most = 1_000
        for route in self._waiting:
            route.continue_()


def plays(page: Page, seconds: float) -> None:
    """It has come past this place, and goes on."""
    page.wait_for_function(
        """(seconds) => {
          const film = document.querySelector("video.film-picture");
          return film !== null && film.currentTime > seconds && !film.paused && film.readyState > 2;
        }""",
        arg=seconds,
    )


def card(page: Page) -> Locator:
    page.locator(".conversation-row").click()
    return page.locator(".file-card")


def test_a_film_is_played_while_it_is_sent_and_on_after_what_breaks_it_off(
    visit: Visit, server: str, tmp_path: Path
) -> None:
    ada, bo = (somebody(visit, server, name) for name in ("ada", "boris"))
    told(ada, bo, server, tmp_path / "ferry.webm")

    # A picture is drawn; what only says that it is one stays closed.
    picture, drawing = tmp_path / "quay.png", tmp_path / "quay.svg"
    Image.new("RGB", (700, 30), "navy").save(picture)
    drawing.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    ada.page.locator("form input[type=file]").set_input_files([picture, drawing])
    ada.page.get_by_label("Remove metadata").uncheck()
    ada.page.get_by_role("button", name="Send 2 files").click()
    card(bo.page)
    for name in ("quay.png", "quay.svg"):
        theirs = bo.page.locator(".file-card", has_text=name)
        theirs.get_by_role("button", name="Show").click()
        if name == "quay.png":
            drawn = theirs.get_by_role("img", name=name)
            assert drawn.evaluate("(one) => [one.width, one.height]") == [700, 30]
        else:
            expect(theirs).to_contain_text("That is no picture that this browser can open.")


def test_it_is_so_in_firefox(
    visit: Visit, visit_firefox: Visit, server: str, tmp_path: Path
) -> None:
    ada, bo = somebody(visit, server, "ada"), somebody(visit_firefox, server, "boris")
    # What an element doesn't want any more, this browser calls an error of its worker.
    bo.forgive("ServiceWorker intercepted")
    told(ada, bo, server, tmp_path / "ferry.webm")


def told(ada: Watched, bo: Watched, server: str, path: Path) -> None:
    """What `ada` sends is played by `bo`."""
    talk = founded(ada.page, bo.page)
    bo.page.evaluate("(id) => talk.of(id).catchUp({ again: true })", talk)
    here, there = at_home(ada, server), at_home(bo, server)
    held = Held(here, SENT_FIRST)
    path.write_bytes(film(SECONDS, weight=WEIGHT))
    card(here)
    here.locator("form input[type=file]").set_input_files(path)
    here.get_by_label("Remove metadata").uncheck()
    here.get_by_role("button", name="Send it").click()

    # Less than a fifth of it is there.
    theirs = card(there)
    expect(theirs).to_contain_text(re.compile("On its way: 1?[0-9]%"))
    theirs.get_by_role("button", name="Show").click()
    plays(there, 1)
    expect(theirs).to_contain_text("Not yet confirmed")
    seek = theirs.get_by_label("Where it stands")
    # What is there is played to its end, and then it is said what is waited for.
    seek.fill("4")
    expect(theirs).to_contain_text("Waiting for the sender")
    seek.fill("30")
    expect(theirs).to_contain_text("Waiting for the sender")
    held.let_go()
    plays(there, 30.2)
    expect(theirs).not_to_contain_text("Not yet confirmed")

    # The worker is stopped, as browsers do, and an address of the store has grown old.
    browser = there.context.browser
    if browser is not None and browser.browser_type.name == "chromium":
        session = there.context.new_cdp_session(there)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
    bo.forgive("403")
    asked = list[str]()

    def refused_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=403, body="{}")
        else:
            route.continue_()

    there.context.route("**/objects/**", refused_once)
    seek.fill("50")
    plays(there, 50.2)
    assert len(asked) > 1

    # By keys alone; and what is left is over.
    theirs.get_by_role("button", name="Pause").focus()
    there.keyboard.press("Space")
    expect(theirs.get_by_role("button", name="Play")).to_be_focused()
    there.keyboard.press("ArrowRight")
    expect(theirs.locator(".film-time")).to_have_text(re.compile(r"0:5[5-9] / 1:00"))
    there.go_back()
    expect(theirs).to_have_count(0)
