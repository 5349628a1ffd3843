"""What only a browser can tell the client of accounts: its storage, its tabs, its cookie, its disk.

Everything else is told against the real server by tests/js/accounts.live.mjs, without a browser.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bare_account import OPEN, REGISTER, ROTATE, holds, opened, profile
from playwright.sync_api import Page, Playwright
from support.machines.chromium import Visit, open_bare

PASSWORD = "correct horse battery canary"
READ_WORDS = """async (words) =>
  (await from("protocol/accounts/recovery")).readRecoveryWords(words)"""
READY = "() => sees(({ phase }) => phase === 'ready')"
# Whatever lies on the disk, with shares that somebody makes up, or with the server's.
ATTACK = """async (isServed) => {
  const [{ SealedRows }, { openStorage }] = await Promise.all(
    ["account/storage-keys", "account/storage"].map(from));
  const storage = await openStorage(indexedDB);
  const [rows, keys] = await storage.read(({ all }) => Promise.all([all("rows"), all("keys")]));
  const numbers = [...new Set(rows.map(([, { n }]) => n))];
  const served = isServed ? await (await partsOf()).api.shares() : null;
  let opened = 0;
  for (const share of ["A".repeat(43), "_".repeat(42) + "8"]) {
    const shares = served ?? numbers.map((n) => ({ n, share }));
    const thief = new SealedRows(storage, { shares: async () => shares }, navigator.locks);
    for (const [id] of rows) await thief.read(id).then(() => { opened += 1; }, () => undefined);
  }
  return { keys: keys.length, rows: rows.length, opened };
}"""
# The same, in a page that is closed before the writing of this number. True: there is no such one.
TURN_UNTIL = """(number) => {
  window.stopped = null;
  (async () => {
    const parts = await partsOf();
    await parts.rows.open();
    const { write } = parts.storage;
    let left = number;
    parts.storage.write = async (work) => {
      if (left === 0) {
        window.stopped = "stopped";
        await new Promise(() => undefined);
      }
      left -= 1;
      return write(work);
    };
    await parts.rows.rotate(async () => null);
    window.stopped = "done";
  })();
}"""


def test_an_account_in_this_browser_is_there_after_a_reload_and_in_another_tab(
    visit: Visit, server: str
) -> None:
    first = visit("about:blank")
    first.origin = server
    assert opened(first.page, server)["phase"] == "signed_out"
    made = first.page.evaluate(REGISTER, ["ada", PASSWORD])
    assert made["state"]["phase"] == "ready"
    # Ten of the list, some of which have a hyphen of their own.
    assert first.page.evaluate(READ_WORDS, made["words"]) == made["words"]
    state = opened(first.page, server)
    assert (state["phase"], state["address"]) == ("ready", made["address"])
    other = first.page.context.new_page()
    assert opened(other, server)["phase"] == "ready"
    # Both renew at the same time, as tabs do that were asleep.
    for page in (first.page, other):
        page.evaluate("() => { window.renamed = client.rename(client.state.device, 'The desk'); }")
    for page in (first.page, other):
        page.evaluate("() => window.renamed")
        page.evaluate("() => sees(({ devices }) => devices[0]?.name === 'The desk')")
    first.page.evaluate("() => client.signOut()")
    other.evaluate("() => sees(({ phase }) => phase === 'ended')")
    assert first.page.context.cookies() == []
    other.close()


def test_a_page_closed_at_any_writing_of_a_turn_of_keys_loses_nothing(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank")
    watched.origin = server
    page = watched.page
    opened(page, server)
    page.evaluate(REGISTER, ["ada", PASSWORD])
    page.evaluate("() => client.rename(client.state.device, 'The desk')")
    context = page.context
    for number in range(30):
        page.evaluate(TURN_UNTIL, number)
        end = page.wait_for_function("() => window.stopped").json_value()
        other = context.new_page()
        page.close()
        page = other
        state = opened(page, server)
        assert state["phase"] == "ready", number
        assert page.evaluate("() => client.state.devices[0].name") == "The desk"
        assert page.evaluate(ATTACK, True)["opened"] > 3
        assert len(page.evaluate("async () => (await partsOf()).api.shares()")) == 1
        if end == "done":
            break
    assert number > 2


def test_a_storage_that_the_browser_has_dropped_is_recognised_and_linked_anew(
    visit: Visit, server: str
) -> None:
    watched = visit("about:blank")
    watched.origin = server
    page = watched.page
    opened(page, server)
    made = page.evaluate(REGISTER, ["ada", PASSWORD])
    page.evaluate("() => { client.close(); }")
    dropped = """() => new Promise((resolve, reject) => {
      const asked = indexedDB.deleteDatabase("ephemeral-account");
      asked.onsuccess = () => resolve(true);
      // What is being written ends first.
      asked.onerror = () => reject(asked.error);
    })"""
    assert page.evaluate(dropped)
    assert opened(page, server)["phase"] == "evicted"
    watched.forgive("401")
    typed = {"address": made["address"], "password": PASSWORD}
    page.evaluate("(typed) => client.signIn(typed)", typed)
    state = page.evaluate("() => client.state")
    assert (state["phase"], state["hasDevices"]) == ("no_device", True)


def test_a_network_that_goes_and_comes_is_noticed_at_once(visit: Visit, server: str) -> None:
    watched = visit("about:blank")
    watched.origin = server
    opened(watched.page, server)
    watched.page.evaluate(REGISTER, ["ada", PASSWORD])
    watched.page.context.set_offline(True)
    watched.page.evaluate("() => sees(({ phase }) => phase === 'offline')")
    watched.page.context.set_offline(False)
    watched.page.evaluate(READY)
    watched.forgive("ERR_INTERNET_DISCONNECTED")


def test_a_browser_without_the_signatures_that_accounts_need_is_told(
    visit: Visit, server: str
) -> None:
    lacking = """() => {
      const make = crypto.subtle.generateKey.bind(crypto.subtle);
      crypto.subtle.generateKey = (by, ...rest) => by === "Ed25519"
        ? Promise.reject(new DOMException("", "NotSupportedError")) : make(by, ...rest);
    }"""
    watched = visit("about:blank")
    watched.origin = server
    open_bare(watched.page, server)
    watched.page.evaluate(lacking)
    state = watched.page.evaluate(OPEN)
    assert (state["phase"], state["reason"]) == ("unsupported", "no_ed25519")


def test_the_tab_that_works_is_followed_by_another(visit: Visit, server: str) -> None:
    first = visit("about:blank")
    first.origin = server
    opened(first.page, server)
    first.page.evaluate(REGISTER, ["ada", PASSWORD])
    other = first.page.context.new_page()
    opened(other, server)
    # Whoever has the lock that is not `before`. In between it may be nobody's.
    holder = """async (before) => (await navigator.locks.query()).held
      .filter(({ name }) => name === "ephemeral-account/socket").map(({ clientId }) => clientId)
      .find((one) => one !== before)"""
    before = other.wait_for_function(holder, arg="").json_value()
    first.page.goto("about:blank")
    other.wait_for_function(holder, arg=before)
    other.close()


class Disks:
    """Copies of a browser's disk, each opened as a browser of its own."""

    def __init__(self, playwright: Playwright, server: str, folder: Path) -> None:
        self._playwright = playwright
        self._server = server
        self._folder = folder
        self._copies = 0

    def copy(self, disk: Path) -> Path:
        self._copies += 1
        return Path(shutil.copytree(disk, self._folder / f"copy-{self._copies}", symlinks=True))

    @contextmanager
    def opened(self, disk: Path) -> Iterator[Page]:
        with profile(self._playwright, disk) as context:
            opened(context.pages[0], self._server)
            yield context.pages[0]

    def phases(self, image: Path, password: dict[str, str]) -> list[str]:
        """What the client says that is given a copy of this disk; nothing in it opens by itself.

        Who has the password as well signs in where it is asked, and looks again.
        """
        with self.opened(self.copy(image)) as page:
            assert page.evaluate(ATTACK, False)["opened"] == 0
            seen = [str(page.evaluate("() => client.state.phase"))]
            if seen == ["ended"]:
                page.evaluate("(typed) => client.signIn(typed)", password)
                seen.append(str(page.evaluate("() => client.state.phase")))
            if seen[-1] == "ready":
                assert page.evaluate(ATTACK, True)["opened"] > 3
            return seen


@pytest.mark.timeout(240)
@pytest.mark.whole_chromium
def test_a_disk_opens_nothing_after_a_new_share_a_sign_out_or_a_removal(
    playwright: Playwright, server: str, tmp_path: Path
) -> None:
    disks = Disks(playwright, server, tmp_path)
    disk = tmp_path / "disk"
    with disks.opened(disk) as page:
        made = page.evaluate(REGISTER, ["canary", PASSWORD])
        page.evaluate("() => client.rename(client.state.device, 'Canary at the window')")
    canaries = [
        made["address"],
        PASSWORD,
        made["words"],
        made["words"][:24],
        "Canary at the window",
    ]
    assert {canary: holds(disk, canary) for canary in canaries} == {
        canary: [] for canary in canaries
    }

    # The control: with a session, a copy gets the server's share, and opens.
    before = disks.copy(disk)
    typed = {"address": made["address"], "password": PASSWORD}
    assert disks.phases(before, typed)[-1] == "ready"

    # A day later there is another share. What yesterday's copy holds is under one that is gone,
    # even for somebody who has the password.
    with disks.opened(disk) as page:
        page.evaluate("(typed) => client.signIn(typed)", typed)
        assert page.evaluate(ROTATE) == 2
    assert disks.phases(before, typed)[-1] == "locked"
    rotated = disks.copy(disk)
    assert disks.phases(rotated, typed)[-1] == "ready"

    # Signed out: the share comes with a session alone.
    with disks.opened(disk) as page:
        page.evaluate("(typed) => client.signIn(typed)", typed)
        page.evaluate("() => client.signOut()")
    assert disks.phases(disk, typed) == ["ended", "ready"]

    # Removed: the share is destroyed, and so the password is of no use.
    with disks.opened(tmp_path / "second") as page:
        page.evaluate("(typed) => client.recover(typed)", {**typed, "words": made["words"]})
        assert page.evaluate("() => client.state.phase") == "ready"
    assert disks.phases(rotated, typed)[-1] == "revoked"
