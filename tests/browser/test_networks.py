"""Networks and browsers that let through less than usual."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect
from support.machines.chromium import CHROMIUM_ARGUMENTS, Visit, chromium
from support.machines.server import Program
from support.machines.tunnel import tunnel_to
from support.machines.upgradeless import upgradeless_to
from support.people.people import PATIENCE_MS, Person, person

PORTAL = "<!doctype html><title>Hotel</title><h1>Welcome</h1>"
# As browsers do when a person lets sites keep nothing.
NOTHING_IS_KEPT = """
  for (const name of ["sessionStorage", "localStorage"]) {
    const get = () => { throw new DOMException("denied", "SecurityError"); };
    Object.defineProperty(window, name, { get });
  }
"""


def test_where_no_socket_comes_through_people_talk_by_requests_and_are_told(
    visit: Visit, quick_server: Program
) -> None:
    with upgradeless_to(quick_server.port) as network:
        ada = person(visit, f"http://127.0.0.1:{network.port}")
        code = ada.generate()
        ada.is_inside()
        slow = ada.page.locator("[data-notice=slow]")
        expect(slow).to_contain_text("more slowly", timeout=PATIENCE_MS)
        bo = person(visit, quick_server.url)
        bo.enter(code)
        bo.is_inside()
        ada.says("By requests.")
        expect(bo.cards).to_have_count(1, timeout=PATIENCE_MS)
        bo.cards.first.click()
        expect(bo.texts).to_have_text("By requests.")
        ada.sees_receipt("^Opened by")
        bo.says("By a socket.")
        expect(ada.cards).to_have_count(1, timeout=PATIENCE_MS)
        slow.get_by_role("button", name="All right").click()
        expect(slow).to_have_count(0)
        assert network.refused >= 2
        ada.watched.forgive("WebSocket connection to")
        ada.page.close()


def test_a_portal_in_between_is_called_that_and_costs_no_seat(visit: Visit, server: str) -> None:
    ada = person(visit, server)

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body=PORTAL)

    api = re.compile(r"/(config|rooms?|room/.*)$")
    ada.page.route(api, answer)
    ada.page.get_by_role("button", name="Open a private room").click()
    expect(ada.page.get_by_text("Something between you and the server answered.")).to_be_visible()
    ada.page.unroute(api)
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()
    ada.page.route(api, answer)
    ada.page.reload()
    expect(ada.page.locator(".barrier[data-reason=not_ours]")).to_be_visible()
    ada.page.unroute(api)
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()


def test_a_browser_that_keeps_nothing_has_a_room_and_says_what_a_reload_needs(
    visit: Visit, server: str
) -> None:
    ada = Person(visit(f"{server}/", init=NOTHING_IS_KEPT))
    code = ada.generate()
    ada.is_inside()
    told = ada.page.locator("[data-notice=no_storage]")
    expect(told).to_contain_text("After a reload you need the words")
    told.get_by_role("button", name="All right").click()
    expect(told).to_have_count(0)
    ada.page.reload()
    ada.enter(code)
    ada.is_inside()


def test_without_webassembly_the_key_is_made_by_javascript(
    visit: Visit, shared_server: Program
) -> None:
    ada = Person(visit(f"{shared_server.url}/", init="delete window.WebAssembly"))
    with ada.page.expect_request("**/slow-derive-worker.*.js"):
        code = ada.generate()
    ada.is_inside()
    bo = person(visit, shared_server.url)
    bo.enter(code)
    bo.is_inside()


# A derivation that does such a share of its work in a second.
CRAWLING = """
  let share = 0.0001;
  addEventListener("message", () => {
    postMessage({ share });
    setInterval(() => { share += SPEED / 10; postMessage({ share }); }, 100);
  });
"""


def crawling(visit: Visit, address: str, speed: str) -> Person:
    """Somebody whose browser has no WebAssembly, and is as slow as that."""
    watched = visit(f"{address}/", init="delete window.WebAssembly")
    watched.page.route(
        "**/slow-derive-worker.*.js",
        lambda route: route.fulfill(
            content_type="text/javascript",
            body=CRAWLING.replace("SPEED", speed),
            headers={"cross-origin-embedder-policy": "require-corp"},
        ),
    )
    return Person(watched)


def test_a_key_that_would_take_minutes_is_not_waited_for(
    visit: Visit, shared_server: Program
) -> None:
    ada = crawling(visit, shared_server.url, "0.001")
    ada.page.get_by_role("button", name="Open a private room").click()
    expect(ada.page.get_by_text("would need minutes to make the keys")).to_be_visible()


def test_a_key_that_takes_long_says_how_long_and_can_be_given_up(
    visit: Visit, shared_server: Program
) -> None:
    bo = crawling(visit, shared_server.url, "0.02")
    with bo.page.expect_worker() as deriving:
        bo.enter("abacus abdomen abdominal abide abiding ability ablaze")
    expect(bo.page.get_by_text(re.compile("so far, about .* more"))).to_be_visible()
    with deriving.value.expect_event("close"):
        bo.page.get_by_role("button", name="Cancel").click()
    expect(bo.page.get_by_label("Enter the words you were given")).to_be_visible()


@pytest.fixture(scope="module")
def strict_browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium that compiles nothing, as Lockdown Mode has it, and has no WebAssembly."""
    arguments = [*CHROMIUM_ARGUMENTS, "--js-flags=--jitless"]
    launched = browser.browser_type.launch(executable_path=chromium(), args=arguments)
    yield launched
    launched.close()


@pytest.mark.release
def test_where_nothing_is_compiled_a_room_opens_or_the_page_says_what_to_do(
    strict_browser: Browser, shared_server: Program
) -> None:
    page = strict_browser.new_page()
    page.goto(f"{shared_server.url}/")
    assert page.evaluate("typeof WebAssembly") == "undefined"
    page.get_by_role("button", name="Open a private room").click()
    inside = page.get_by_label("Write a message")
    refused = page.get_by_text("would need minutes to make the keys")
    expect(inside.or_(refused)).to_be_visible(timeout=180_000)


def test_a_phone_that_loses_the_network_and_sleeps_comes_back_to_all_that_was_promised(
    visit: Visit, quick_server: Program
) -> None:
    ada = person(visit, quick_server.url)
    ada.choose(name="Ada")
    code = ada.generate()
    ada.is_inside()
    with tunnel_to(quick_server.port) as network:
        phone = person(visit, f"http://127.0.0.1:{network.port}", clock=True)
        phone.choose(name="Bo")
        phone.enter(code)
        phone.is_inside()
        # The radio fades: what the phone says arrives, and no answer comes back.
        network.deafen()
        phone.says("On its way.")
        expect(ada.cards).to_have_count(1)
        network.cut()
        phone.page.context.set_offline(True)
        phone.says("Written without a network.")
        promised = phone.page.locator("[data-notice=offline]")
        expect(promised).to_contain_text("2 messages wait here")
        [until] = re.findall(r"Your place is kept until (\d+:\d+)", promised.inner_text())
        minutes = phone.page.evaluate(
            """[0, 60000].map((later) => new Date(Date.now() + later)
                 .toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" }))"""
        )
        assert until in {minute.split("\u202f")[0].split(" ")[0] for minute in minutes}
        # So it is: nobody else can have it.
        cy = person(visit, quick_server.url)
        cy.enter(code)
        expect(cy.page.get_by_role("heading", name="The room is full")).to_be_visible()
        cy.watched.forgive("Failed to load resource")
        cy.page.close()
        phone.page.clock.fast_forward("03:00")
        expect(promised).not_to_contain_text("is kept until")
        network.restore()
        phone.page.context.set_offline(False)
        expect(promised).to_have_count(0, timeout=PATIENCE_MS)
        expect(ada.cards).to_have_count(2, timeout=PATIENCE_MS)
        for text in ("On its way.", "Written without a network."):
            ada.cards.first.click()
            expect(ada.texts.filter(has_text=text)).to_be_visible()
        expect(phone.receipts.filter(has_text="Opened by Ada")).to_have_count(2)
        expect(ada.cards).to_have_count(0)
        ada.says("Welcome back.")
        expect(phone.cards).to_have_count(1, timeout=PATIENCE_MS)
        phone.watched.forgive("WebSocket connection to|Failed to load resource")
        phone.page.close()


def test_what_could_not_be_loaded_is_said_where_everybody_sees_it(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.page.route("**/later.*", lambda route: route.abort())
    ada.generate()
    ada.is_inside()
    said = ada.page.locator("[data-notice=not_loaded]")
    ada.page.get_by_role("button", name="Room menu").click()
    expect(said).to_have_count(1)
    ada.page.get_by_role("button", name="More", exact=True).click()
    expect(said).to_have_count(2)
    ada.watched.forgive("Failed to load resource")
