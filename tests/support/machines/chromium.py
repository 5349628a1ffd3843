"""The system's Chromium for stories: every page is watched for what a page of ours must not do.

Fixtures: `playwright`, `browser`, and `visit(address)`, which opens a page and fails the test if it
misbehaved. `visits(browser)` is the same for another browser.

Chromium comes twice, from one source and of one version: whole, and as the shell that has its
engine and network and no windows, profiles and panels around them. A page in the shell costs half
as much, but has no clipboard that another page could paste from. What stays in a browser, what a
browser refuses and whatever is copied is asked of the whole one: by the modules with the mark
`whole_chromium`.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Request,
    WebSocket,
    sync_playwright,
)

CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
    # A name that is not this machine's own, so that pages from it are no secure context.
    "--host-resolver-rules=MAP ephemeral.test 127.0.0.1",
]  # fmt: skip


WHOLE = ("chromium", "chromium-browser", "google-chrome")


def chromium(*, whole: bool = False) -> str | None:
    """Where the system's Chromium is: the shell, if it is there and not the `whole` is wanted."""
    names = WHOLE if whole else ("chromium-headless-shell", *WHOLE)
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What drives the browsers of a module; there can be only one at a time."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium, one for the stories of a module."""
    path = chromium(whole=request.node.get_closest_marker("whole_chromium") is not None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium, and CI must not skip the stories of browsers.")
        pytest.skip("NO CHROMIUM: install it, or the stories of browsers are not told")
    launched = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
    yield launched
    launched.close()


def open_bare(page: Page, server: str) -> None:
    """Opens a page without a program, under the content security policy of the page.

    The page itself runs no module of which it doesn't name the integrity.
    """
    policy = httpx.get(server + "/", trust_env=False).headers["content-security-policy"]
    headers = {"content-security-policy": policy, "content-type": "text/html"}
    page.route(
        server + "/bare", lambda route: route.fulfill(body="<!doctype html>", headers=headers)
    )
    # What was fulfilled came from nowhere, and has to ask before it may reach this machine.
    page.context.grant_permissions(["local-network-access"], origin=server)
    page.goto(server + "/bare")


@dataclass
class Watched:
    """A page and everything that it did which a page of ours must not do."""

    page: Page
    origin: str
    requests: list[Request] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    offences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.offences.append(f"exception: {error}"))
        self.page.on("websocket", self._socket)

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        self._address("request", request.url)

    def _socket(self, socket: WebSocket) -> None:
        self._address("socket", socket.url)
        socket.on("framesent", lambda frame: self.frames.append(str(frame)))

    def said(self) -> str:
        """Everything that left this page: addresses, headers, bodies and frames."""
        requests = (f"{one.url} {one.headers} {one.post_data}" for one in self.requests)
        return "\n".join([*requests, *self.frames])

    def _address(self, kind: str, url: str) -> None:
        own = self.origin.split("://", 1)[1]
        if re.match(r"(?:https?|wss?)://([^/]+)", url + "/").group(1) != own:  # type: ignore[union-attr]
            self.offences.append(f"{kind} to somebody else: {url}")

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.offences.append(f"console: {message.text}")

    def forgive(self, pattern: str) -> None:
        """Drop what the story brought about itself, as the browser's word on a cut connection."""
        self.offences = [text for text in self.offences if not re.search(pattern, text)]

    def check(self) -> None:
        assert self.offences == [], self.offences


Visit = Callable[..., Watched]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens pages in Chromium."""
    with visits(browser) as open_page:
        yield open_page


@contextmanager
def visits(browser: Browser) -> Iterator[Visit]:
    """Opens pages, each in a profile of its own unless one is given; fails if one misbehaved."""
    contexts: list[BrowserContext] = []
    visited: list[Watched] = []

    def open_page(
        address: str, *, width: int = 390, height: int = 780, beside: Watched | None = None,
        init: str | None = None, clock: bool = False, **options: Any,
    ) -> Watched:  # fmt: skip
        if beside is None:
            context = browser.new_context(viewport={"width": width, "height": height}, **options)
            contexts.append(context)
        else:
            context = beside.page.context
        page = context.new_page()
        page.set_default_timeout(20_000)
        if init is not None:
            page.add_init_script(init)
        if clock:
            page.clock.install()
        origin = "/".join(address.split("/", 3)[:3])
        watched = Watched(page, origin)
        visited.append(watched)
        page.goto(address)
        return watched

    yield open_page
    for context in contexts:
        context.close()
    for watched in visited:
        watched.check()
