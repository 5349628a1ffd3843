"""A film as large as files may be, on a line that breaks over and over: sent without anybody's
doing, and what a second device saves of it is the same. Neither tab nor server grows with it.
"""

import filecmp
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bare_account import LIVE, REGISTER, opened, profile
from playwright.sync_api import Page, Playwright
from support.films import film
from support.machines.chromium import chromium
from support.machines.cut_line import cut_line
from support.machines.server import Program
from support.people.account_holders import Machine
from support.people.command_line import Cli

from bench.unwatched import Unwatched, private, unwatched

pytestmark = [pytest.mark.release, pytest.mark.whole_chromium, pytest.mark.timeout(3600)]

MEBIBYTE = 2**20
MARKED = 8 * MEBIBYTE
# What a page holds at most, of however large a file, and by how much the server may grow.
TAB, GROWTH = 400 * MEBIBYTE, 48 * MEBIBYTE
PATIENCE = 3000
PRESSED = """(text) => {
  const button = [...document.querySelectorAll("button")]
    .find((one) => one.textContent.trim() === text && !one.disabled);
  button?.click();
  return button !== undefined;
}"""
HAS = """(text) => [...document.querySelectorAll(".file-card button")]
  .some((one) => one.textContent.trim() === text)"""


@pytest.fixture
def size(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--film")) * MEBIBYTE


@pytest.fixture
def cli(server: str, tmp_path: Path) -> Iterator[Cli]:
    with closing(Cli(server, tmp_path)) as line:
        yield line


def sparse(path: Path, size: int) -> Path:
    """A film's beginning, and then hardly anything, but something else in each part."""
    with path.open("wb") as file:
        file.write(film(10, weight=20_000))
        for at in range(MARKED, size, MARKED):
            file.seek(at)
            file.write(b"%d" % at)
        file.truncate(size)
    return path


def befriended(ada: Page, bo: Machine, server: str) -> None:
    """They are contacts, and are in a conversation."""
    fragment = ada.evaluate("async () => (await talk.invite()).fragment()")
    link = f"{server}/account/{fragment}"
    bo.json("invite", "--redeem", environment={"EPHEMERAL_INVITATION": link})
    ada.evaluate("() => talk.redeemed()")
    found = "async (account) => (await talk.found({ accounts: [account] })).id"
    ada.evaluate(found, bo.kept()["account"])
    bo.run("inbox")


def sent(page: Unwatched, path: Path, server: int) -> tuple[int, int]:
    """What page and server held at most until all of it was there."""
    page.until("() => document.querySelector('.conversation-row') !== null")
    page.evaluate("() => document.querySelector('.conversation-row').click()")
    page.until("() => document.querySelector('form input[type=file]') !== null")
    page.pick("form input[type=file]", path)
    # Nobody can clean such a film: it goes as it is, since somebody says so.
    page.until("() => document.querySelector('.file-clean:not([hidden]) input') !== null")
    page.evaluate("() => document.querySelector('.file-clean input').click()")
    page.until(PRESSED, "Send it")
    tab, program = 0, 0
    end = time.monotonic() + PATIENCE
    # Whoever has sent it can save it too, once it is confirmed.
    while not page.evaluate(HAS, "Save"):
        assert not page.evaluate(HAS, "Pick the file again")
        assert time.monotonic() < end
        tab, program = max(tab, page.holds()), max(program, private(server))
        time.sleep(0.5)
    return tab, program


def test_a_film_is_sent_on_a_line_that_breaks_and_saved_by_a_second_device(
    playwright: Playwright, quick_server: Program, cli: Cli, tmp_path: Path, size: int
) -> None:
    path, disk = sparse(tmp_path / "long.webm", size), tmp_path / "disk"
    bo = Machine(cli, "boris")
    bo.register("boris")
    program = chromium(whole=True)
    with cut_line(quick_server.port, 30 if size > 2048 * MEBIBYTE else 2) as line:
        with profile(playwright, disk) as context:
            ada = context.pages[0]
            opened(ada, line.url)
            ada.evaluate(REGISTER, ["ada", "correct horse battery canary"])
            ada.evaluate(LIVE)
            befriended(ada, bo, quick_server.url)
        assert program is not None
        with unwatched(program, disk) as page:
            page.goto(f"{line.url}/account/")
            before, began = private(quick_server.pid), time.monotonic()
            line.breaks = True
            tab, server = sent(page, path, quick_server.pid)
            took = time.monotonic() - began
    print(
        f"{size // MEBIBYTE} MiB in {took:.0f} s, {line.cut} connections cut; "
        f"tab {tab / 1e6:.0f} MB, server {before / 1e6:.0f} to {server / 1e6:.0f} MB",
        file=sys.stderr,
    )
    assert line.cut > 0
    assert tab < TAB
    assert server < before + GROWTH

    [told] = [one for one in bo.lines("inbox") if one.get("kind") == "file"]
    target = tmp_path / "got.webm"
    getting = bo.start("files", "get", told["files"][0], "-o", str(target), "--json")
    said = getting.communicate(timeout=PATIENCE)
    assert getting.returncode == 0, said
    assert filecmp.cmp(path, target, shallow=False)
    target.unlink()
    assert private(quick_server.pid) < before + GROWTH
