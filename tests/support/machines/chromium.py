"""The system's Chromium for stories: every page is watched for what a page of ours must not do.

Fixtures: `playwright`, `browser`, and `visit(address)`, which opens a page and fails the test if it
misbehaved. `visits(browser)` is the same for another browser.

Chromium comes twice, from one source and of one version: whole, and as the shell that has its
engine and network and no windows, profiles and panels around them. A page in the shell costs half
as much, but has no clipboard that another page could paste from. What stays in a browser, what a
browser refuses and whatever is copied is asked of the whole one: by the tests with the mark
`whole_chromium`, or by all of a module.
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
)
from support.machines.browsers import Browsers

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
def playwright(browsers: Browsers) -> Iterator[Playwright]:
    """What drives the browsers, while a module uses them."""
    with browsers.awake() as awake:
        yield awake


def launched(playwright: Playwright, *, whole: bool) -> Browser:
    path = chromium(whole=whole)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium, and CI must not skip the stories of browsers.")
        pytest.skip("NO CHROMIUM: install it, or the stories of browsers are not told")
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)


@dataclass
class Chromium:
    """A browser, and the pages that the tests of a module use one after the other.

    Those stay open for the next test, by what they were opened with.
    """

    browser: Browser
    kept: "dict[str, Watched]" = field(default_factory=dict)


@pytest.fixture(scope="module")
def small_chromium(browsers: Browsers, playwright: Playwright) -> Chromium:
    """The shell, or what there is instead."""
    return Chromium(browsers.started("small", lambda: launched(playwright, whole=False)))


@pytest.fixture(scope="module")
def whole_chromium(browsers: Browsers, playwright: Playwright) -> Chromium:
    return Chromium(browsers.started("whole", lambda: launched(playwright, whole=True)))


@pytest.fixture
def chromium_of_test(request: pytest.FixtureRequest) -> Chromium:
    """The whole one for those who ask for it by the mark."""
    whole = request.node.get_closest_marker("whole_chromium") is not None
    found: Chromium = request.getfixturevalue("whole_chromium" if whole else "small_chromium")
    return found


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Browser:
    """The system's Chromium."""
    whole = request.node.get_closest_marker("whole_chromium") is not None
    found: Chromium = request.getfixturevalue("whole_chromium" if whole else "small_chromium")
    return found.browser


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
    forgiven: list[str] = field(default_factory=list)

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
        # What is in this page has an address too.
        address = url.removeprefix("blob:") + "/"
        if re.match(r"(?:https?|wss?)://([^/]+)", address).group(1) != own:  # type: ignore[union-attr]
            self.offences.append(f"{kind} to somebody else: {url}")

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.offences.append(f"console: {message.text}")

    def forgive(self, pattern: str) -> None:
        """Drop what the story brought about itself, as the browser's word on a cut connection.

        The browser may say more of it until the page is closed.
        """
        self.forgiven.append(pattern)
        self.offences = self._unforgiven()

    def _unforgiven(self) -> list[str]:
        return [
            text
            for text in self.offences
            if not any(re.search(pattern, text) for pattern in self.forgiven)
        ]

    def check(self) -> None:
        assert self._unforgiven() == []


Visit = Callable[..., Watched]


Kept = dict[str, Watched]


@pytest.fixture
def visit(chromium_of_test: Chromium) -> Iterator[Visit]:
    """Opens pages in Chromium."""
    with visits(chromium_of_test.browser, chromium_of_test.kept) as open_page:
        yield open_page


def left(kept: Kept, name: str) -> None:
    """Takes away what a test may have left beside a page, and waits for what was still said."""
    page = kept[name].page
    if page.is_closed():
        del kept[name]
        return
    for other in page.context.pages:
        if other != page:
            other.close()
    page.unroute_all()
    page.evaluate("() => new Promise((done) => { setTimeout(done); })")


@contextmanager
def visits(browser: Browser, kept: Kept | None = None) -> Iterator[Visit]:
    """Opens pages, each in a profile of its own unless one is given; fails if one misbehaved.

    With a place for those that are `kept`, two things make pages cheap. Nothing moves in them that
    needn't, as people may ask of a page; whoever wants to see it move says
    `reduced_motion="no-preference"`. And who opens a page that stores nothing may `keep` it: the
    next test that asks for the same gets it with its document loaded anew, for a third of what a
    new profile costs.
    """
    contexts: list[BrowserContext] = []
    visited: list[Watched] = []
    lent: list[str] = []

    def again(name: str, address: str, size: dict[str, int]) -> Watched | None:
        """The page of this name that an earlier test has left, as if it were a new one."""
        watched = None if kept is None or name in lent else kept.get(name)
        if watched is None:
            return None
        watched.page.set_viewport_size(size)
        for told in (watched.requests, watched.frames, watched.offences):
            told.clear()
        watched.page.goto(address)
        return watched

    def open_page(
        address: str, *, width: int = 390, height: int = 780, beside: Watched | None = None,
        init: str | None = None, clock: bool = False, keep: bool = False, **options: Any,
    ) -> Watched:  # fmt: skip
        size = {"width": width, "height": height}
        if kept is not None:
            options = {"reduced_motion": "reduce", **options}
        # A clock that was put forward can't be put back.
        name = repr((init, sorted(options.items()))) if keep and not clock else ""
        if name and (watched := again(name, address, size)) is not None:
            lent.append(name)
            visited.append(watched)
            return watched
        if beside is None:
            context = browser.new_context(viewport=size, **options)
            if kept is None or not name or name in lent:
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
        if kept is not None and name and name not in lent:
            lent.append(name)
            kept[name] = watched
        page.goto(address)
        return watched

    yield open_page
    for context in contexts:
        context.close()
    for name in lent:
        left(kept, name)
    for watched in visited:
        watched.check()
