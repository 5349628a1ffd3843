"""A server that is replaced while people talk: the page goes to the next one, and says nothing."""

import time
from collections.abc import Callable
from pathlib import Path

from plays import change, played
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.machines.server import Program
from support.machines.tunnel import tunnel_to
from support.people.people import PATIENCE_MS, two_in_a_room

# Notes when a notice of the connection is shown, if ever.
NOTICED = """
  window.noticed = [];
  new MutationObserver(() => {
    if (document.querySelector("[data-notice^=reconnecting], [data-notice=offline]")) {
      window.noticed.push(Date.now());
    }
  }).observe(document, { subtree: true, childList: true });
"""
# What the page grants a server before it speaks of a lost connection.
GAP_SECONDS = 2.0


def test_two_people_go_on_talking_when_their_server_is_replaced(
    database_url: str, serve: Callable[..., Program], visit: Visit, tmp_path: Path
) -> None:
    shared = {"KDF": "pbkdf2", "KEYRING_DIR": f"{tmp_path}/keyring", "ENCRYPTION_KEY": "5e" * 32}
    old = serve(database=database_url, **shared)
    new = serve(database=database_url, **shared)
    with tunnel_to(old.port) as tunnel:
        ada, bo = two_in_a_room(visit, f"http://127.0.0.1:{tunnel.port}")
        sockets: list[float] = []
        for person in (ada, bo):
            person.page.evaluate(NOTICED)
            person.page.on("websocket", lambda _: sockets.append(time.monotonic()))
        ada.says("Before.")
        expect(bo.cards).to_have_count(1)
        tunnel.lead_to(new.port)
        begun = time.monotonic()
        assert old.stop() == 0
        ada.says("Afterwards.")
        expect(bo.cards).to_have_count(2, timeout=PATIENCE_MS)
        ada.sees_receipt("^Stored until")
        bo.cards.first.click()
        expect(bo.texts).to_have_text("Before.")
        # On a busy machine the gap may be one that people should know of.
        gap = max(sockets) - begun
        for person in (ada, bo):
            assert person.page.evaluate("window.noticed") == [] or gap > GAP_SECONDS / 2
        # The way to the server ends before the pages would.
        for person in (ada, bo):
            person.page.close()


def test_a_connection_that_does_not_come_back_is_told_of_after_two_seconds(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards", clock=True)
    page = watched.page
    notice = page.locator("[data-notice=reconnecting]")
    change(watched, "change({ phase: 'reconnecting', retryAt: null })")
    page.clock.run_for(500)
    change(watched, "change({ phase: 'live' })")
    expect(notice).to_have_count(0)
    page.clock.run_for(5000)
    expect(notice).to_have_count(0)
    change(watched, "change({ phase: 'reconnecting', retryAt: null })")
    expect(notice).to_have_count(0)
    page.clock.run_for(2100)
    expect(notice).to_be_visible()
