"""Playwright and the browsers that it has started, shared by all modules of a run.

To start them takes longer than most tests: a second and a half of a core.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright, sync_playwright


class Browsers:
    """Those of a run. They sleep between the modules that use them.

    Playwright's loop counts as running from its first call to its last, and no test could have a
    loop of its own: while they sleep nobody counts it.
    """

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._loop = playwright._impl_obj._loop
        self._started: dict[str, Browser] = {}

    @contextmanager
    def awake(self) -> Iterator[Playwright]:
        """What drives them, for a module."""
        asyncio._set_running_loop(self._loop)
        try:
            yield self._playwright
        finally:
            for browser in self._started.values():
                # What a test of this module has left open.
                for context in browser.contexts:
                    context.close()
            asyncio._set_running_loop(None)

    def started(self, name: str, start: Callable[[], Browser]) -> Browser:
        """The browser of this name, which is started if it isn't there, or no more."""
        if name not in self._started or not self._started[name].is_connected():
            self._started[name] = start()
        return self._started[name]

    def close(self) -> None:
        """End them; they are awake."""
        for browser in self._started.values():
            browser.close()


@contextmanager
def shared() -> Iterator[Browsers]:
    """The browsers of a run, asleep."""
    with sync_playwright() as playwright:
        opened = Browsers(playwright)
        asyncio._set_running_loop(None)
        try:
            yield opened
        finally:
            asyncio._set_running_loop(opened._loop)
            opened.close()
