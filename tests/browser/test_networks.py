"""Networks and browsers that let through less than usual."""

import re

from playwright.sync_api import Route, expect
from support.machines.chromium import Visit
from support.machines.server import Program
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
