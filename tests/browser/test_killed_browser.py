"""A browser whose process is killed amid beginning epochs, and what people see when it is back."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from bare_account import LIVE, REGISTER, opened
from playwright.sync_api import BrowserContext, Error, Page, Playwright, Route
from support.machines.chromium import CHROMIUM_ARGUMENTS, Visit, chromium
from support.machines.processes import of_process
from test_conversation_tabs import HEARS, PASSWORD, SENT, TEXTS, founded, somebody

pytestmark = [pytest.mark.whole_chromium, pytest.mark.timeout(180)]

BEGIN = """([first, second]) => {
  for (const id of [first, second]) {
    talk.of(id).timer(3600).catch(() => undefined);
    talk.of(id).text(`said in the middle of ${id}`).catch(() => undefined);
  }
}"""
# How both stand: the epochs that were begun, in order, and the timer.
STANDS = """async (id) => {
  const lines = (await talk.of(id).lines({ limit: 99 })).reverse();
  const epochs = lines.flatMap(({ value }) => (value.kind === "record" ? [value.epoch] : []));
  return [epochs, (await talk.of(id).view()).timer];
}"""


@contextmanager
def browser_on(playwright: Playwright, disk: Path) -> Iterator[BrowserContext]:
    """A browser with this profile, which may be dead when the block ends."""
    context = playwright.chromium.launch_persistent_context(
        disk, executable_path=chromium(whole=True), args=CHROMIUM_ARGUMENTS
    )
    yield context
    with suppress(Error):
        context.close()


def killed(disk: Path) -> None:
    """As by a power cut, but for what the machine itself has still to write."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = of_process(int(process.name), "cmdline")
            if f"--user-data-dir={disk}" in arguments and "--type=" not in arguments:
                os.kill(int(process.name), signal.SIGKILL)
                return
    pytest.fail("There is no such browser.")


def signed_in(page: Page, server: str, address: str) -> None:
    # Chromium writes cookies down every half minute: who is killed before has to sign in again.
    if opened(page, server)["phase"] == "ended":
        typed = {"address": address, "password": PASSWORD}
        page.evaluate("(typed) => client.signIn(typed)", typed)
    page.evaluate(LIVE)


def test_a_browser_that_is_killed_while_it_begins_epochs_goes_on_and_nothing_is_lost_or_twice(
    playwright: Playwright, visit: Visit, server: str, tmp_path: Path
) -> None:
    """Of the one the record has not left yet; of the other nobody has heard the answer."""
    bo, disk = somebody(visit, server, "boris"), tmp_path / "disk"
    held: list[Route] = []
    with browser_on(playwright, disk) as context:
        ada = context.pages[0]
        opened(ada, server)
        address = ada.evaluate(REGISTER, ["ada", PASSWORD])["address"]
        ada.evaluate(LIVE)
        first = founded(ada, bo.page)
        account = bo.page.evaluate("() => client.state.account")
        again = "async (account) => (await talk.found({ accounts: [account] })).id"
        second = str(ada.evaluate(again, account))
        for talk in (first, second):
            ada.evaluate(SENT, [talk, "before"])
            bo.page.evaluate(HEARS, [talk, "before"])

        def hold(route: Route) -> None:
            if second in route.request.url and route.request.method == "POST":
                route.fetch()
            held.append(route)

        ada.route("**/epochs", hold)
        ada.evaluate(BEGIN, [first, second])
        while len(held) < 2:
            ada.wait_for_timeout(20)
        killed(disk)

    expected = {talk: ["before", f"said in the middle of {talk}"] for talk in (first, second)}
    with browser_on(playwright, disk) as context:
        ada = context.pages[0]
        signed_in(ada, server, address)
        for page in (ada, bo.page):
            for talk, texts in expected.items():
                page.evaluate(HEARS, [talk, texts[-1]])
                assert page.evaluate(TEXTS, talk) == texts
                assert page.evaluate(STANDS, talk) == [[1, 2], 3600]
