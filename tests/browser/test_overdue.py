"""What is past its time by the clock is not painted: after a week away, or when a laptop wakes."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.machines.database import Server as Postgres
from support.machines.server import Serve
from support.machines.services import Clock
from test_account_stories import looks_again
from test_messenger import bubble, said, talking

pytestmark = pytest.mark.timeout(180)

DAY_S, WEEK_MS = 86_400, 7 * 86_400_000
# All that stands in the document, at any moment.
PAINTED = """
  window.painted = [];
  new MutationObserver(() => { window.painted.push(document.documentElement.textContent); })
    .observe(document, { childList: true, characterData: true, subtree: true });
"""
# Its timers have stood still, as those of a machine that was asleep.
SLEPT = "(ms) => { const now = Date.now; Date.now = () => now() + ms; }"


class Place:
    """A server whose clock can be moved."""

    def __init__(self, url: str, dsn: str) -> None:
        self.url = url
        self._dsn = dsn

    def passes(self, milliseconds: int) -> None:
        async def move() -> None:
            database = await asyncpg.connect(self._dsn)
            await Clock(database).advance(milliseconds)
            await database.close()

        with ThreadPoolExecutor(1) as apart:
            apart.submit(lambda: asyncio.run(move())).result()


@pytest.fixture
def place(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with postgres.database() as dsn:
        serve = Serve(postgres, tmp_path_factory.mktemp("overdue"))
        yield Place(serve(database=dsn, KDF="pbkdf2").url, dsn)
        serve.close()


def test_what_is_overdue_is_painted_neither_after_a_week_nor_on_waking(
    place: Place, visit: Visit
) -> None:
    ada, bo = talking(visit, place.url, timer=DAY_S)
    for page in (ada, bo):
        page.locator(".conversation-row").click()
    said(bo, "read in time")
    expect(bubble(ada, "read in time")).to_contain_text("gone at")
    ada.go_back()
    said(bo, "not looked at")
    row = ada.locator(".conversation-row")
    expect(row).to_contain_text("not looked at")
    ada.goto("about:blank")

    place.passes(WEEK_MS)
    said(bo, "a week later")
    ada.add_init_script(PAINTED)
    ada.goto(f"{place.url}/account/")
    row.click()
    # What nobody has looked at is there: its time begins now.
    for text in ("not looked at", "a week later"):
        expect(bubble(ada, text)).to_contain_text("gone at")
    painted = " ".join(ada.evaluate("() => window.painted"))
    assert [text in painted for text in ("read in time", "a week later")] == [False, True]

    # A laptop sleeps with the conversation open, and wakes where there is no network.
    ada.context.set_offline(True)
    ada.evaluate(SLEPT, WEEK_MS)
    looks_again(ada)
    expect(ada.get_by_role("article")).to_have_count(0)
    ada.context.set_offline(False)
