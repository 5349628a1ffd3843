"""The page for people who see, hear, point and move in other ways than most: WCAG 2.2, level AA.

What must hold in every state is in test_every_state.py; here are the keyboard and the focus, what
the server draws by itself, and the proof that what is looked for would be found.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from axe import SCRIPT, axe
from plays import every_state, faultless, looking, play, played
from playwright.sync_api import Browser, Page, Route
from support.machines.chromium import Visit, Watched, visits


@pytest.fixture(scope="module")
def gallery(browser: Browser, stage: str) -> Iterator[Watched]:
    """A page on the stage with axe in it, in which each test plays what it looks at."""
    with visits(browser) as visit:
        watched = played(visit, stage, "screen:arriving", reduced_motion="reduce")
        watched.page.evaluate(SCRIPT)
        yield watched


def without_scripts(route: Route) -> None:
    """The page as a browser without JavaScript draws it, for axe, which needs JavaScript."""
    html = re.sub(r"<script\b.*?</script>|</?noscript>", "", route.fetch().text())
    route.fulfill(body=html, content_type="text/html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_the_server_draws(visit: Visit, stage: str, scheme: str) -> None:
    page = visit(f"{stage}/error", color_scheme=scheme).page
    for path in ("home", "account"):
        page.route(f"**/{path}", without_scripts)
    for path in ("home", "account", "error"):
        page.goto(f"{stage}/{path}")
        page.evaluate(SCRIPT)
        assert axe(page)["violations"] == [], path


def test_axe_finds_what_is_planted(gallery: Watched) -> None:
    page = gallery.page
    play(page, "room:conversation")
    page.evaluate(
        """() => {
          const planted = document.createElement("button");
          document.querySelector(".log").append(planted, "");
          document.querySelector(".card-line").style.color = "#999";
          document.documentElement.removeAttribute("lang");
        }"""
    )
    rules = {rule for rule, *_ in axe(page)["violations"]}
    page.evaluate("document.documentElement.lang = 'en'")
    assert {"button-name", "color-contrast", "html-has-lang"} <= rules


def walk(page: Page, look: Callable[[str], list[str]]) -> None:
    """Goes by Tab through everything."""
    steps = page.evaluate("() => window.look.beginWalk()") + 3
    for _ in range(steps):
        page.keyboard.press("Tab")
    # A walk may begin where the focus was last, and takes a step more where it comes around:
    # what it has missed is given a second round, and is out of reach if that misses it too.
    if look("unreached"):
        for _ in range(steps):
            page.keyboard.press("Tab")


@pytest.mark.parametrize("which", ["new", pytest.param("all", marks=pytest.mark.release)])
def test_every_control_is_reached_by_tab_and_seen_when_it_is(gallery: Watched, which: str) -> None:
    """A release is walked through in all states, else in those where something follows another
    thing for the first time."""
    page, look = gallery.page, looking(gallery.page)
    met: set[tuple[str, str]] = set()

    def walked(_name: str) -> list[str]:
        controls = look("kinds")
        steps = set(pairwise(["", *controls, ""]))
        if which == "new" and steps <= met:
            return []
        met.update(steps)
        walk(page, look)
        return look("endWalk")

    names = [name for name in every_state(page) if name != "room:many_entries"]
    faultless(page, names, walked)


@pytest.mark.parametrize("step", [19, pytest.param(1, marks=pytest.mark.release)])
def test_the_focus_is_never_lost_when_a_room_changes(gallery: Watched, step: int) -> None:
    """From each state to one that has little in common with it; a release also to the next."""
    page = gallery.page
    looking(page)
    huge = {"room:many_entries", "room:some_entries", "room:hostile"}
    # What passes by itself has no control, and would be waited for at each of the room's own.
    passing = re.compile("notice:(joined|left|locked|unlocked|inside)")
    names = [name for name in page.evaluate("window.look.between()") if name not in huge]
    for at, name in enumerate(names):
        if passing.match(name):
            continue
        other = names[(at + step) % len(names)]
        lost = page.evaluate("(states) => window.look.focusLost(...states)", [name, [other]])
        assert lost == [], name


PLANTED = """(look) => {
  const planted = document.createElement("button");
  planted.textContent = "Planted";
  planted.className = "planted";
  const { style } = planted;
  const faults = {
    small: () => { style.cssText = "width: 10px; height: 10px; padding: 0; border: 0"; },
    clipped: () => { style.cssText = "position: absolute; left: -40px; width: 90px"; },
    overflowing: () => { style.cssText = "position: absolute; left: 0; width: 3000px"; },
    faint: () => { style.cssText = "color: #ccc; background: white"; },
    moving: () => { planted.animate([{ opacity: 0 }, {}], { duration: 9000 }); },
    endWalk: () => { planted.tabIndex = 0; style.cssText = "outline: none"; },
    unreached: () => {
      const snare = document.createElement("button");
      snare.textContent = "Snare";
      snare.addEventListener("keydown", (event) => {
        if (event.key !== "Tab") return;
        event.preventDefault();
        document.querySelector(".menu-button").focus();
      });
      document.querySelector(".log-list").append(snare);
    },
  };
  faults[look]();
  document.querySelector(".log-list").append(planted);
}"""


FAULTS = ["small", "clipped", "overflowing", "faint", "moving", "endWalk", "unreached"]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_looked_for_is_found(gallery: Watched, fault: str) -> None:
    page, look = gallery.page, looking(gallery.page)
    play(page, "room:together")
    page.evaluate(PLANTED, fault)
    if fault in {"endWalk", "unreached"}:
        walk(page, look)
    assert any("planted" in one for one in look(fault))


def test_a_focus_that_is_lost_is_found(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "screen:arriving").page
    looking(page)
    page.evaluate(
        """() => {
          const { focus } = HTMLElement.prototype;
          HTMLElement.prototype.focus = function (options) {
            if (this.role !== "log") focus.call(this, options);
          };
        }"""
    )
    states = ["notice:joins", ["notice:away"]]
    lost = page.evaluate("(states) => window.look.focusLost(...states)", states)
    assert any("That was us" in one for one in lost)
