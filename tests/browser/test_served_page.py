"""The page as the server sends it: few files that never change, and a word if they don't come."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from support.machines.chromium import Visit
from support.machines.server import Program

from ephemeral.edge.headers import integrity
from ephemeral.page.languages import read_catalogues

WEB = Path(__file__).resolve().parents[2] / "web"
SAY = {code: one.sentences for code, one in read_catalogues(WEB / "catalogue").items()}

RULES = """async (address) => {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = address;
  await new Promise((resolve, reject) => {
    sheet.onload = resolve;
    sheet.onerror = reject;
    document.head.append(sheet);
  });
  const flat = (rule) =>
    rule.styleSheet ? [...rule.styleSheet.cssRules].flatMap(flat) : [rule.cssText];
  return [...sheet.sheet.cssRules].flatMap(flat);
}"""


def asked_for(page: Page, address: str) -> list[str]:
    """The paths that a visit asks for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append("/" + request.url.split("/", 3)[3]))
    page.goto(address, wait_until="networkidle")
    return asked


def test_a_visit_asks_for_few_files_none_of_which_ever_changes(visit: Visit, server: str) -> None:
    watched = visit("about:blank")
    watched.origin = server
    page = watched.page
    asked = asked_for(page, server + "/")
    # It came whole, and no word says that it didn't.
    only_main(page, str(SAY["en"]["arriving.promise"]).partition("{")[0].strip())
    assert asked.count("/") == 1
    static = [path for path in asked if path.startswith("/static/")]
    assert all(re.search(r"\.[0-9a-f]{16}\.[a-z]+$", path) for path in static), static
    stems = sorted(path.split("/")[-1].split(".")[0] for path in static)
    assert [stem for stem in stems if stem != "icon"] == ["home", "old", "page", "room"]
    # Compressed ahead of time by the server itself.
    codings = page.evaluate(
        """(paths) => Promise.all(paths.map(async (path) =>
             (await fetch(path)).headers.get("content-encoding")))""",
        [path for path in static if "icon" not in path],
    )
    assert set(codings) <= {"br", "gzip"}


def test_the_joined_style_sheet_says_what_its_parts_say(visit: Visit, server: str) -> None:
    page = visit(server + "/").page
    page.get_by_label(SAY["en"]["code.label"]).focus()
    expect(page.locator("link[rel=stylesheet]")).to_have_count(2)
    links = [one.get_attribute("href") for one in page.locator("link[rel=stylesheet]").all()]
    joined = [rule for link in links for rule in page.evaluate(RULES, link)]
    apart = [
        rule
        for name in ("page", "late")
        for rule in page.evaluate(RULES, f"/static/css/{name}.css")
    ]
    assert len(apart) > 100
    # What a variable holds is told as it was written.
    assert [re.sub(r",\s+", ",", one) for one in joined] == [
        re.sub(r",\s+", ",", one) for one in apart
    ]


def test_what_comes_later_is_asked_for_again_when_it_did_not_come(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank")
    page = watched.page
    watched.origin = server
    there = False
    asked = 0

    def unless_there(route: Route) -> None:
        nonlocal asked
        asked += 1
        if there:
            route.continue_()
        else:
            route.abort()

    page.route("**/room.*.js", unless_there)
    page.goto(server + "/", wait_until="networkidle")
    assert asked >= 1
    there = True
    page.get_by_role("button", name=str(SAY["en"]["arriving.generate"])).click()
    expect(page.locator(".code-words")).to_be_visible()
    watched.forgive("ERR_FAILED|dynamically imported module")


def nothing_can_be_used(page: Page) -> None:
    """Whatever could be pressed or filled in is there, and does nothing yet."""
    fields = [*page.get_by_role("button").all(), *page.get_by_role("textbox").all()]
    assert len(fields) > 3
    for one in fields:
        expect(one).to_be_disabled()


def says_what_may_be_wrong(page: Page) -> None:
    sentence = page.get_by_text(str(SAY["en"]["meantime.stays"]))
    # It waits a while, lest it flash up on every visit.
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    expect(sentence).to_be_visible()
    nothing_can_be_used(page)


def test_when_all_scripts_are_lost_the_page_says_so_without_one(visit: Visit, server: str) -> None:
    watched = visit("about:blank")
    watched.origin = server
    watched.page.route("**/*.js", lambda route: route.abort())
    watched.page.goto(server + "/")
    expect(watched.page.get_by_text(str(SAY["en"]["meantime.stays"]))).to_be_hidden()
    says_what_may_be_wrong(watched.page)
    watched.forgive("ERR_FAILED")


def test_under_a_path_that_the_server_does_not_know_of_the_page_says_so_without_its_files(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank")
    watched.origin = server
    page = watched.page
    # As by a proxy that takes the path away, before a server that was not told of it.
    page.route("**/chat/", lambda route: route.fulfill(response=route.fetch(url=server + "/")))
    page.route("**/static/**", lambda route: route.fulfill(status=404, body="Not here."))
    page.goto(server + "/chat/")
    says_what_may_be_wrong(page)
    watched.forgive("404|Not here|MIME|integrity")


@pytest.mark.parametrize("width", [390, 1280])
def test_until_the_page_comes_its_beginning_stands_where_it_will_be(
    visit: Visit, server: str, width: int
) -> None:
    watched = visit("about:blank", width=width)
    page = watched.page
    watched.origin = server
    held: list[Route] = []
    page.route("**/home.*.js", lambda route: held.append(route))  # noqa: PLW0108
    page.goto(server + "/", wait_until="commit")
    parts = [
        page.locator(f"#app {part}")
        for part in (".wordmark", "h1", ".beginnings", ".joined", ".screen-foot")
    ]
    for part in parts:
        expect(part).to_be_visible()
    nothing_can_be_used(page)
    before = [part.bounding_box() for part in parts]
    words = [part.inner_text() for part in parts]
    held.pop().continue_()
    expect(page.get_by_role("button", name=str(SAY["en"]["arriving.generate"]))).to_be_enabled()
    assert [part.bounding_box() for part in parts] == before
    assert [part.inner_text() for part in parts] == words


@pytest.mark.parametrize("language", sorted(SAY))
def test_without_scripts_the_page_says_why_it_needs_them(
    visit: Visit, server: str, language: str
) -> None:
    watched = visit(server + "/", java_script_enabled=False, locale=language)
    words = SAY[language]
    expect(watched.page.get_by_role("heading", name=str(words["noscript.title"]))).to_be_visible()
    reason = watched.page.locator("noscript p")
    expect(reason).to_be_visible()
    assert reason.inner_text() == words["noscript.text"]
    expect(watched.page.locator("html")).to_have_attribute("dir", str(words["language.direction"]))


def only_main(page: Page, title: str) -> None:
    """One screen is shown, and it has this heading."""
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.locator("main:visible")).to_have_count(1)


def test_a_page_that_did_not_arrive_whole_says_so(visit: Visit, server: str) -> None:
    watched = visit("about:blank")
    watched.origin = server
    watched.page.route("**/home.*.js", lambda route: route.abort())
    watched.page.goto(server + "/")
    only_main(watched.page, str(SAY["en"]["barrier.incomplete"]))
    watched.forgive("ERR_FAILED")


def test_a_browser_that_can_not_read_the_page_is_told_that_it_is_too_old(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank", init="delete Object.hasOwn;")
    watched.origin = server
    newer = "class { #new }"

    def with_its_integrity(route: Route) -> None:
        page = route.fetch()
        named = r'(home\.[^>]* integrity=")[^"]+'
        route.fulfill(
            response=page, body=re.sub(named, rf"\1{integrity(newer.encode())}", page.text())
        )

    watched.page.route(server + "/?lang=en", with_its_integrity)
    watched.page.route(
        "**/home.*.js", lambda route: route.fulfill(body=newer, content_type="text/javascript")
    )
    watched.page.goto(server + "/?lang=en")
    only_main(watched.page, str(SAY["en"]["barrier.too_old"]))
    watched.forgive("exception: Unexpected token")


def test_the_page_is_in_the_browsers_language_unless_the_address_says_another(
    visit: Visit, server: str
) -> None:
    asked = visit("about:blank", locale="en-GB")
    asked.origin = server
    for language, words in SAY.items():
        own = visit(server + "/", locale=f"{language}-XX" if language != "ar" else "ar-EG").page
        asked.page.goto(f"{server}/?lang={language}")
        for page in (own, asked.page):
            expect(page.get_by_role("button", name=str(words["arriving.generate"]))).to_be_visible()
            direction = page.evaluate("getComputedStyle(document.body).direction")
            assert direction == words["language.direction"]


def test_the_first_files_are_preferred_to_what_comes_later(quick_server: Program) -> None:
    """In this order in the page, so that a slow line carries the first screen first."""
    import httpx

    text = httpx.get(quick_server.url + "/", trust_env=False).text
    parts = ("page", "home", "room")
    order = [re.search(rf'(?:href|src)="/static/{part}\.', text).start() for part in parts]
    assert order == sorted(order)
    assert re.search(r'rel="modulepreload" href="[^"]*room[^"]*" fetchpriority="low"', text)
