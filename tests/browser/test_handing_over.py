"""How a link or a code comes from one page to another by the clipboard and the system's sheet."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.people.people import Person, person

# What is copied in one page is pasted in another.
pytestmark = pytest.mark.whole_chromium


@pytest.fixture
def server(shared_server: Program) -> str:
    """A server as it is unless it is told otherwise, whose links name that way of making keys."""
    return shared_server.url


def test_a_link_joins_only_after_a_click_and_never_leaves_the_browser(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    link = ada.copies("Copy link")
    assert re.fullmatch(re.escape(server) + r"/#1\.[0-9a-f]{8}\.[a-z-]+", link)

    bo = Person(visit(link))
    page = bo.page
    expect(page.get_by_role("heading", name="You were invited")).to_be_visible()
    assert page.url == f"{server}/"
    assert page.evaluate("history.length") <= 2
    expect(page.get_by_text("history of your browser may still have kept it")).to_be_visible()
    said_before = {request.url.removeprefix(server) for request in bo.watched.requests}
    assert not {path for path in said_before if not path.startswith("/static/")} - {"/"}
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 1")

    page.get_by_role("button", name="Join the room").click()
    bo.is_inside()
    expect(ada.page.locator(".joins")).to_have_text("Came in so far: 2")
    code = link.rsplit(".", 1)[1]
    assert code not in bo.watched.said()


RECORDER = """
  window.shared = [];
  Object.defineProperty(Navigator.prototype, "share", {
    configurable: true, value: async (data) => { window.shared.push(data); },
  });
"""


def test_sheet_and_clipboard_get_what_is_shown_after_a_click_and_a_pasted_link_joins(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server, init=RECORDER)
    ada.generate()
    ada.is_inside()
    assert ada.page.evaluate("window.shared") == []
    ada.page.get_by_role("button", name="Share", exact=True).click()
    ada.page.wait_for_function("window.shared.length > 0")
    link = ada.copies("Copy link")
    assert ada.page.evaluate("window.shared") == [{"url": link}]
    # One button at a time says that it has done it.
    expect(ada.page.get_by_role("button", name="Copied")).to_have_count(0)
    assert ada.copies("Copy the words") == ada.code.replace(" ", "-")
    bo = person(visit, server)
    bo.enter(f" {link} ")
    bo.is_inside()


def test_a_server_under_a_path_is_used_under_it(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(BASE_PATH="/chat")
    ada = person(visit, f"{program.url.removesuffix('/chat')}/chat")
    ada.generate()
    ada.is_inside()
    assert all("/chat/" in request.url for request in ada.watched.requests)
    assert ada.copies("Copy link").startswith(f"{program.url.removesuffix('/chat')}/chat/#1.")
    ada.page.reload()
    ada.is_inside()
