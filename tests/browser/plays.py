"""What the tests of the gallery share: a page on the stage, and the states that it plays."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit, Watched

# The widths for which the page is made; the first is the narrowest that it must fit.
NARROW, PHONE, DESKTOP = 320, 390, 1280


def played(visit: Visit, stage: str, state: str, **options: object) -> Watched:
    """A page that shows this state."""
    language = options.pop("language", None)
    query = "" if language is None else f"&lang={language}"
    watched = visit(f"{stage}/?state={state}{query}", **{"keep": True, **options})
    watched.page.wait_for_selector("html[data-played]")
    return watched


def every_state(page: Page) -> list[str]:
    names: list[str] = page.evaluate("window.gallery.names")
    assert len(names) > 90
    return names


def play(page: Page, name: str) -> None:
    """Goes to another state in the same page."""
    page.evaluate("(name) => window.gallery.play(name).then(window.gallery.drawn)", name)


def faultless(page: Page, names: list[str], look: Callable[[str], list[str]]) -> None:
    """Fails with everything that `look` finds in each of these states, all of them told at once."""
    found = []
    for name in names:
        play(page, name)
        found += [f"{name}: {fault}" for fault in dict.fromkeys(look(name))]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def looking(page: Page) -> Callable[[str], list[str]]:
    """Gives the functions of gallery/looking.js by name."""
    page.evaluate("async () => { window.look = await import('/gallery/looking.js'); }")

    def look(function: str) -> list[str]:
        found: list[str] = page.evaluate("(name) => window.look[name]()", function)
        return found

    return look


def calls(watched: Watched, name: str) -> list[list[object]]:
    """What the page asked of its room by this name."""
    asked: list[list[object]] = watched.page.evaluate(
        "(name) => window.gallery.client.calls.filter((call) => call[0] === name)", name
    )
    return asked


def wait_for_call(watched: Watched, name: str) -> None:
    """Waits until the page has asked this of its room."""
    expect(watched.page.locator("html")).to_have_attribute("data-calls", re.compile(rf"\b{name}\b"))


def change(watched: Watched, expression: str) -> None:
    watched.page.evaluate(f"window.gallery.client.{expression}")
