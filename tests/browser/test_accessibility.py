"""Every state of the page for people who see, hear, point and move in other ways than most.

WCAG 2.2, level AA, as far as a program can tell: by axe-core, and by what axe-core doesn't look at.
"""

import re
from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import pytest
from ink import stands_out
from plays import DESKTOP, NARROW, PHONE, every_state, faultless, looking, play, played
from playwright.sync_api import Page, Route
from support.machines.chromium import Visit, Watched

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES = ["light", "dark"]

# No preload: axe would fetch the page's styles and put them in once more, which our policy forbids.
RUN = """async (tags) => {
  const { violations, incomplete } = await axe.run(document, {
    runOnly: tags, preload: false, resultTypes: ["violations", "incomplete"],
  });
  const told = ({ id, nodes }) => nodes.map((node) => {
    const { message } = [...node.any, ...node.all, ...node.none][0] ?? {};
    return [id, node.target.join(" "), message];
  });
  return { violations: violations.flatMap(told), undecided: incomplete.flatMap(told) };
}"""


def axe(page: Page) -> dict[str, list[list[str]]]:
    """`violations` and what axe leaves `undecided`: each a list of rule, selector and sentence."""
    found: dict[str, list[list[str]]] = page.evaluate(RUN, TAGS)
    return found


@pytest.fixture
def gallery(visit: Visit, stage: str, request: pytest.FixtureRequest) -> Watched:
    """A page on the stage with axe in it; the parameter names the language."""
    language = getattr(request, "param", "en")
    watched = played(visit, stage, "screen:arriving", language=language, reduced_motion="reduce")
    watched.page.evaluate(AXE)
    return watched


# What fades on purpose, where more of it follows.
FADING = ".seats, .folded.long .message-text"


def examine(page: Page, names: list[str], scheme: str, width: int) -> None:
    """Fails with axe's violations; where axe can't decide, the painted pixels do."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 780})
    measured = set()

    def undecided(rule: str, selector: str, message: str) -> str | None:
        # The same part of the page in another state, or for another person, is the same.
        part = re.sub(r"\[[^]]*\]|:nth-child\(\d+\)|\.?hue-\d+", "", selector)
        fades = page.evaluate(
            "([one, fading]) => document.querySelector(one).closest(fading) !== null",
            [selector, FADING],
        )
        if fades or (rule, part, message) in measured:
            return None
        measured.add((rule, part, message))
        if rule == "color-contrast":
            return stands_out(page, selector)
        return f"{rule} | {selector} | {message}"

    def look(_name: str) -> list[str]:
        told = axe(page)
        found = [" | ".join(one) for one in told["violations"]]
        return found + [one for one in (undecided(*each) for each in told["undecided"]) if one]

    faultless(page, names, look)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_in_any_state(gallery: Watched, scheme: str, width: int) -> None:
    examine(gallery.page, every_state(gallery.page), scheme, width)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("gallery", ["ar"], indirect=True)
def test_axe_finds_nothing_in_arabic(gallery: Watched, width: int) -> None:
    assert gallery.page.locator("html").get_attribute("dir") == "rtl"
    examine(gallery.page, every_state(gallery.page)[::4], "dark", width)


def without_scripts(route: Route) -> None:
    """The page as a browser without JavaScript draws it, for axe, which needs JavaScript."""
    html = re.sub(r"<script\b.*?</script>|</?noscript>", "", route.fetch().text())
    route.fulfill(body=html, content_type="text/html")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_in_what_the_server_draws(visit: Visit, stage: str, scheme: str) -> None:
    page = visit(f"{stage}/error", color_scheme=scheme).page
    page.route("**/home", without_scripts)
    for path in ("home", "error"):
        page.goto(f"{stage}/{path}")
        page.evaluate(AXE)
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


def test_every_control_is_reached_by_tab_and_seen_when_it_is(gallery: Watched) -> None:
    page, look = gallery.page, looking(gallery.page)

    def walked(_name: str) -> list[str]:
        walk(page, look)
        return look("endWalk")

    names = [name for name in every_state(page) if name != "room:many_entries"]
    faultless(page, names, walked)


def test_the_focus_is_never_lost_when_a_room_changes(gallery: Watched) -> None:
    page = gallery.page
    looking(page)
    huge = {"room:many_entries", "room:some_entries", "room:hostile"}
    names = [name for name in page.evaluate("window.look.between()") if name not in huge]
    for at, name in enumerate(names):
        others = [names[(at + step) % len(names)] for step in (1, 19)]
        lost = page.evaluate("(states) => window.look.focusLost(...states)", [name, others])
        assert lost == [], name


def test_every_control_is_large_enough_to_be_hit(gallery: Watched) -> None:
    look = looking(gallery.page)
    faultless(gallery.page, every_state(gallery.page), lambda _: look("small"))


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


def test_a_focus_that_is_lost_is_found(gallery: Watched) -> None:
    page = gallery.page
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


ENLARGED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("html { font-size: 200% }");
  document.adoptedStyleSheets = [sheet];
}"""


@pytest.mark.parametrize(
    ("width", "height", "text"), [(NARROW, 640, 100), (PHONE, 780, 200), (NARROW, 256, 100)]
)
def test_no_control_is_cut_off_where_there_is_little_space(
    gallery: Watched, width: int, height: int, text: int
) -> None:
    page, look = gallery.page, looking(gallery.page)
    page.set_viewport_size({"width": width, "height": height})
    if text == 200:
        page.evaluate(ENLARGED)
    faultless(page, every_state(page), lambda _: look("clipped") + look("overflowing"))


def test_forced_colours_leave_everything_to_be_read(gallery: Watched) -> None:
    page, look = gallery.page, looking(gallery.page)
    page.emulate_media(forced_colors="active")
    faultless(page, every_state(page), lambda _: look("faint"))


def test_nothing_moves_for_those_who_want_less_motion(gallery: Watched) -> None:
    look = looking(gallery.page)
    faultless(gallery.page, every_state(gallery.page), lambda _: look("moving"))
