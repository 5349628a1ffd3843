"""axe-core in a page: what of WCAG 2.2, level AA, a program can tell, and what only pixels tell."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import axe_playwright_python
from ink import stands_out
from playwright.sync_api import Page

SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Of the films that people send each other nobody has written captions.
_NOBODYS = ["video-caption"]
#: Everything that axe knows of WCAG.
ALL = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "without": _NOBODYS,
}
#: The rules whose answer depends on the size of the window and on the colours.
OF_THE_FORM = {
    "type": "rule",
    "values": ["color-contrast", "target-size", "scrollable-region-focusable"],
}
#: Those whose answer depends on what is in the page alone: a third of the work of all.
OF_THE_PARTS = ALL | {"without": [*_NOBODYS, *OF_THE_FORM["values"]]}
# What fades on purpose, where more of it follows.
_FADING = ".seats, .folded.long .message-text"
_SEEN = """async (rules) => (await import("/gallery/inspecting.js")).seen({ rules })"""

#: Rule, selector and sentence.
Told = list[str]


class Answer(TypedDict):
    """What axe says: what is wrong, and what it can't decide."""

    violations: list[Told]
    undecided: list[Told]


def axe(page: Page) -> Answer:
    """What axe says of the page as it stands; the page has `SCRIPT` in it."""
    answer: Answer = page.evaluate(_SEEN, ALL)
    return answer


class Undecided:
    """What axe left open in the states of one form; about a contrast the painted pixels decide."""

    def __init__(self, page: Page, show: Callable[[str], None]) -> None:
        self._page = page
        self._show = show
        self._decided: set[tuple[str, str, str]] = set()

    def decide(self, state: str, told: list[Told]) -> list[str]:
        """What is wrong with this state, which is shown again if there is anything new to see."""
        fresh = []
        for rule, selector, message in told:
            # The same part of the page in another state, or for another person, is the same.
            part = re.sub(r"\[[^]]*\]|:nth-child\(\d+\)|\.?hue-\d+", "", selector)
            if (rule, part, message) not in self._decided:
                self._decided.add((rule, part, message))
                fresh.append((rule, selector, message))
        if fresh:
            self._show(state)
        return [fault for one in fresh if (fault := self._fault(*one))]

    def _fault(self, rule: str, selector: str, message: str) -> str | None:
        fades = self._page.evaluate(
            "([one, fading]) => document.querySelector(one).closest(fading) !== null",
            [selector, _FADING],
        )
        if fades:
            return None
        if rule == "color-contrast":
            return stands_out(self._page, selector)
        return f"{rule} | {selector} | {message}"
