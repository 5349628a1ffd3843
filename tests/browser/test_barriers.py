"""What can stand in the way of the page itself."""

import json
import re

from playwright.sync_api import Route, expect
from support.machines.chromium import Visit
from support.people.people import Person, person


def test_without_a_connection_the_first_screen_says_so_for_as_long_as_it_lasts(
    visit: Visit, server: str
) -> None:
    page = person(visit, server).page
    expect(page.locator(".notice")).to_have_count(0)
    page.context.set_offline(True)
    expect(page.locator(".notice")).to_contain_text("You are offline")
    page.context.set_offline(False)
    expect(page.locator(".notice")).to_have_count(0)


def test_a_part_of_the_page_that_did_not_arrive_is_asked_for_again(
    visit: Visit, server: str
) -> None:
    broken: list[Route] = []
    # Every time it is asked for under another address.
    part = re.compile(r"/room\.[0-9a-zA-Z_-]+\.js\?*$")

    def cut(route: Route) -> None:
        broken.append(route)
        route.abort()

    watched = visit(f"{server}/static/icons/icon.svg")
    watched.page.route(part, cut)
    watched.page.goto(f"{server}/")
    field = watched.page.get_by_label("Enter the words you were given")
    field.fill("half of a code")
    watched.page.get_by_role("button", name="Open a private room").click()
    expect(watched.page.locator(".notice")).to_contain_text("The server can’t be reached.")
    expect(field).to_have_value("half of a code")
    assert broken
    watched.page.unroute(part)
    ada = Person(watched)
    ada.generate()
    ada.is_inside()
    watched.forgive("Failed to load resource")


def test_a_reload_that_came_too_soon_says_so_and_loses_nothing(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    error = {"code": "too_many", "message": "Too much.", "retry_after": 600}

    def refuse(route: Route) -> None:
        route.fulfill(
            status=429, content_type="application/json", body=json.dumps({"error": error})
        )

    ada.page.route("**/room/members", refuse)
    ada.page.reload()
    expect(ada.page.locator(".barrier[data-reason=too_many]")).to_be_visible()
    expect(ada.page.get_by_text("The page tries again by itself in 10 minutes.")).to_be_visible()
    expect(ada.page.get_by_text("the server keeps the other half until")).to_be_visible()
    ada.page.unroute("**/room/members")
    ada.page.get_by_role("button", name="Try again").click()
    ada.is_inside()
    ada.watched.forgive("Failed to load resource")


def test_without_a_secure_context_the_page_names_the_cure(visit: Visit, server: str) -> None:
    watched = visit(f"{server.replace('127.0.0.1', 'ephemeral.test')}/#1.00000000.abacus")
    page = watched.page
    expect(page.get_by_role("heading", name="This page needs HTTPS")).to_be_visible()
    expect(page.get_by_text("came by plain HTTP")).to_be_visible()
    address = page.get_by_role("link", name="Open with HTTPS").get_attribute("href")
    assert address == f"{page.url.replace('http:', 'https:')}"
    assert "#" not in page.url
    watched.forgive("Cross-Origin-Opener-Policy")


def test_a_browser_that_lacks_something_is_told_so(visit: Visit, server: str) -> None:
    page = visit(f"{server}/", init="delete AbortSignal.timeout;").page
    expect(page.get_by_role("heading", name="This browser is too old")).to_be_visible()
    expect(page.locator("#app").get_by_text("Update the browser")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
