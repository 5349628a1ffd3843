"""Notifications in a browser: switched on, sent by a real server to a push service, and shown by
the service worker, which says that something is new and no more.

Chromium's own push service can't be reached here: the browser is told of another one, and what that
one has got is given to the worker by the tools of its developers.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit, Watched
from support.machines.database import Server as Postgres
from support.machines.push_service import PushService
from support.machines.server import Program, Serve
from test_account_stories import account_page, button, patience, registered  # noqa: F401

pytestmark = [pytest.mark.whole_chromium, pytest.mark.timeout(240)]

# Subscribes at a service of this test instead of the browser's maker's.
SUBSCRIBING = """
(said) => {
  const kept = () => JSON.parse(localStorage.getItem("subscribed") ?? "null");
  const made = (key) => key === null ? null : {
    options: { applicationServerKey: Uint8Array.from(key).buffer },
    toJSON: () => ({ endpoint: said.endpoint, keys: { p256dh: said.p256dh, auth: said.auth } }),
    unsubscribe: async () => { localStorage.removeItem("subscribed"); return true; },
  };
  PushManager.prototype.getSubscription = async () => made(kept());
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem("subscribed", JSON.stringify([...applicationServerKey]));
    return made(kept());
  };
}
"""


@pytest.fixture(scope="module")
def service() -> Iterator[PushService]:
    with PushService() as opened:
        yield opened


@pytest.fixture(scope="module", params=["", "/below"])
def program(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    service: PushService,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Program]:
    """At the top of its address, and below a path."""
    starting = Serve(postgres, tmp_path_factory.mktemp("pushing"))
    yield starting(PUSH_SERVICE=service.origin, KDF="pbkdf2", BASE_PATH=request.param)
    starting.close()


def delivered(watched: Watched, page: Page, scope: str) -> None:
    """A push has come for the worker of this scope."""
    session = page.context.new_cdp_session(page)
    found: list[dict[str, Any]] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    while not any(one["scopeURL"] == scope for one in found):
        page.wait_for_timeout(50)
    [name] = {one["registrationId"] for one in found if one["scopeURL"] == scope}
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": watched.origin, "registrationId": name, "data": "canary"},
    )


def shown(page: Page) -> list[dict[str, str]]:
    """The notifications that are there."""
    return page.evaluate(
        """async () => {
          const there = await navigator.serviceWorker.getRegistrations();
          const all = await Promise.all(there.map((one) => one.getNotifications()));
          return all.flat().map(({ title, body, tag, lang }) => ({ title, body, tag, lang }));
        }"""
    )


def test_it_is_switched_on_tried_shown_and_switched_off(
    visit: Visit, program: Program, service: PushService
) -> None:
    watched = account_page(visit, program.url)
    page, context = watched.page, watched.page.context
    config = page.request.get(f"{program.url}/config").json()
    service.key = config["accounts"]["push"]["key"]
    browser = service.browser()
    context.grant_permissions(["notifications"], origin=watched.origin)
    page.add_init_script(f"({SUBSCRIBING})({browser.body!r})")
    page.reload()
    registered(page, "pushed")

    expect(page.get_by_role("heading", name="Notifications")).to_be_visible()
    expect(page.get_by_text("Off on this device.")).to_be_visible()
    button(page, "Notify me")
    expect(page.get_by_text("On: this device is told")).to_be_visible()
    button(page, "Send me one")
    expect(page.locator("#app").get_by_text("Sent. It should be here in a moment.")).to_be_visible()
    assert [len(one) for one in browser.received] == [16]

    # Somebody looks at the page: nothing is shown beside it.
    scope = f"{program.url}/account/"
    delivered(watched, page, scope)
    expect(
        page.locator("#app").get_by_text("It has arrived: notifications work here.")
    ).to_be_visible()
    assert shown(page) == []

    # Nobody does.
    page.goto(f"{program.url}/about")
    # The page that was left may count as looked at for a moment.
    while not shown(page):
        delivered(watched, page, scope)
        page.wait_for_timeout(200)
    said = {"title": "Ephemeral", "body": "Something new", "tag": "new", "lang": "en"}
    assert shown(page) == [said]
    delivered(watched, page, scope)
    page.wait_for_timeout(300)
    assert shown(page) == [said], "the next takes its place"

    # It is as it was, and can be ended.
    page.goto(f"{program.url}/account/?lang=fr")
    page.get_by_role("button", name="Compte et appareils").click()
    expect(page.get_by_text("Activées")).to_be_visible()
    page.get_by_role("button", name="Ne plus m’avertir").click()
    expect(page.get_by_text("Désactivées sur cet appareil.")).to_be_visible()
