"""Files between people with accounts: sent in parts, gone on with another day, saved whole."""

import asyncio
import base64
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from support.machines.chromium import Visit, Watched
from support.machines.database import Server as Postgres
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, seaweed
from support.machines.server import Program, Serve
from test_messenger import talking

from ephemeral.settings import Settings
from ephemeral.store.objects.opening import open_bucket

pytestmark = pytest.mark.timeout(180)

MEBIBYTE = 1 << 20
SIZE = 6 * MEBIBYTE + 4321
QUOTA = 16 * MEBIBYTE


@pytest.fixture(scope="module")
def small_server(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """An account has little room there."""
    starting = Serve(postgres, tmp_path_factory.mktemp("files"))
    yield starting(KDF="pbkdf2", ACCOUNT_FILES_BYTES=str(QUOTA))
    starting.close()


def file_of(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    # The same time as before, as far as the browser sees it.
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def picture_with(page: Page, told: bytes) -> bytes:
    """A JPEG whose EXIF part says more than the picture."""
    address = page.evaluate(
        """() => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
          canvas.getContext("2d").fillRect(0, 0, 20, 20);
          return canvas.toDataURL("image/jpeg");
        }"""
    )
    plain = base64.b64decode(address.split(",")[1])
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0" + told
    return plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]


def pick(page: Page, path: Path) -> Locator:
    """Picks it in the conversation that is open, and gives what is asked before it goes."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Send files").click()
    chooser.value.set_files(path)
    return page.locator(".files-panel")


def pick_again(card: Locator, path: Path) -> None:
    with card.page.expect_file_chooser() as chooser:
        card.get_by_role("button", name="Pick the file again").click()
    chooser.value.set_files(path)


def reopened(before: Page, server: str) -> Page:
    """The browser's page is closed, and another is opened there."""
    page = before.context.new_page()
    before.close()
    page.goto(f"{server}/account/")
    page.locator(".conversation-row").click()
    return page


def test_a_file_is_gone_on_with_on_another_day_and_saved_by_somebody_else(
    visit: Visit, small_server: Program, tmp_path: Path
) -> None:
    server = small_server.url
    ada, bo = talking(visit, server)
    content = random.Random(7).randbytes(SIZE)
    path = file_of(tmp_path / "holiday film.bin", content)
    # Nothing can be answered for the browser when it asks where to save.
    bo.evaluate("delete window.showSaveFilePicker")
    for page in (ada, bo):
        page.locator(".conversation-row").click()
    # The network takes three parts, and then no more.
    taken: list[str] = []

    def some(route: Route) -> None:
        if route.request.method == "PUT" and len(taken) >= 3:
            return
        taken.append(route.request.url)
        route.continue_()

    ada.route("**/objects/**", some)
    panel = pick(ada, path)
    expect(panel).to_contain_text("holiday film.bin")
    expect(panel).to_contain_text("6.3 MB")
    panel.get_by_role("button", name="Send it").click()
    sending = ada.locator(".file-card")
    expect(sending).to_contain_text("Sent: ")
    coming = bo.locator(".file-card").filter(has_text="holiday film")
    # What has landed is told the other while it is on its way, and can't be saved yet.
    expect(coming).to_contain_text("On its way: 34%")
    expect(coming.get_by_role("button", name="Save")).to_have_count(0)

    ada = reopened(ada, server)
    sending = ada.locator(".file-card")
    expect(sending).to_contain_text("pick the same file again")
    edited = bytearray(content)
    edited[100] ^= 1
    pick_again(sending, file_of(tmp_path / "edited.bin", bytes(edited)))
    expect(sending).to_contain_text("This file was changed since a part of it was sent")
    pick_again(sending, file_of(tmp_path / "other.bin", content[:-1]))
    expect(sending).to_contain_text("its size is another")
    pick_again(sending, path)
    # What landed is looked for every two seconds.
    expect(coming.get_by_role("button", name="Save")).to_be_visible(timeout=20_000)
    expect(sending.get_by_role("button", name="Save")).to_be_visible()

    with bo.expect_download() as download:
        coming.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "holiday film.bin"
    assert Path(download.value.path()).read_bytes() == content
    # Whether the browser then has it is nothing that a page is told.
    expect(coming).to_contain_text("Handed to your browser: look whether it is there.")
    expect(coming.get_by_role("button", name="Save again")).to_be_visible()

    # A picture goes without what it tells of place and camera, and is seen before it is saved.
    picture = file_of(tmp_path / "beach.jpg", picture_with(bo, b"GPS-CANARY"))
    panel = pick(bo, picture)
    expect(panel.get_by_label("Remove metadata")).to_be_checked()
    panel.get_by_role("button", name="Send it").click()
    expect(panel).to_be_hidden()
    seen = ada.locator(".file-card").filter(has_text="beach.jpg")
    expect(seen.locator("canvas")).to_be_visible()
    ada.evaluate("delete window.showSaveFilePicker")
    with ada.expect_download() as download:
        seen.get_by_role("button", name="Save").click(timeout=20_000)
    cleaned = Path(download.value.path()).read_bytes()
    assert cleaned.startswith(b"\xff\xd8\xff")
    assert b"CANARY" not in cleaned

    # What can't be cleaned goes only if somebody says so: it is no question of whether they look.
    recording = file_of(tmp_path / "where.heic", b"\0\0\0\x18ftypheic" + b"GPS-CANARY" * 9)
    panel = pick(bo, recording)
    expect(panel).to_contain_text("The metadata of this one can’t be removed.")
    panel.get_by_role("button", name="Send it").click()
    expect(panel.locator(".notice")).to_contain_text("The metadata of this one can’t be removed.")
    bo.keyboard.press("Escape")
    expect(bo.locator(".file-card").filter(has_text="where.heic")).to_have_count(0)

    # There is room for no second one of that kind: that is said, and nothing is sent.
    panel = pick(ada, file_of(tmp_path / "more.bin", random.Random(8).randbytes(11 * MEBIBYTE)))
    panel.get_by_role("button", name="Send it").click()
    expect(panel).to_contain_text("Your account has as many files there as it can have.")
    ada.keyboard.press("Escape")
    expect(ada.locator(".file-card")).to_have_count(2)

    # Whoever has sent it finds it in the list of theirs, and deletes it for all.
    ada.get_by_role("button", name="Back to the conversations").click()
    ada.get_by_role("button", name="Account and devices").click()
    mine = ada.locator(".file-list")
    expect(mine).to_contain_text("holiday film.bin")
    # What others have sent is there as well, without the message that names it.
    theirs = mine.get_by_role("listitem").filter(has_text="beach.jpg")
    expect(theirs.get_by_role("button", name="Save")).to_be_visible()
    mine.get_by_role("button", name="Delete").click()
    ada.locator("dialog").get_by_role("button", name="Delete").click()
    expect(mine).not_to_contain_text("holiday film.bin")
    expect(coming).to_contain_text("It is gone, or no longer there for you")


@pytest.fixture
def bucket_server(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, str]]:
    """A server whose files lie in a bucket, and the bucket's origin."""
    folder = tmp_path_factory.mktemp("bucket")
    (folder / "access").write_text(ACCESS_KEY)
    (folder / "secret").write_text(SECRET_KEY)
    with seaweed() as store:
        settings = {
            "S3_BUCKET": "files", "S3_ENDPOINT": store.endpoint,
            "S3_ACCESS_KEY_FILE": str(folder / "access"),
            "S3_SECRET_KEY_FILE": str(folder / "secret"),
        }  # fmt: skip
        # The loop of this thread is the browsers'.
        with ThreadPoolExecutor(1) as aside:
            aside.submit(lambda: asyncio.run(made(settings))).result()
        starting = Serve(postgres, folder)
        yield starting(KDF="pbkdf2", **settings), store.endpoint
        starting.close()


async def made(settings: dict[str, str]) -> None:
    """The bucket, which every page may use here: which port the server has isn't known yet."""
    bucket = open_bucket(Settings.parse(settings))
    await bucket.ask("create_bucket")
    rules = {
        "AllowedOrigins": ["*"], "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["content-type", "if-none-match", "range"],
        "ExposeHeaders": ["Content-Range"],
    }  # fmt: skip
    await bucket.ask("put_bucket_cors", CORSConfiguration={"CORSRules": [rules]})
    await bucket.close()


def test_where_there_is_a_bucket_a_file_travels_between_it_and_the_browsers_alone(
    bucket_server: tuple[Program, str], visit: Visit, visit_firefox: Visit, tmp_path: Path
) -> None:
    program, bucket = bucket_server

    browsers = iter((visit_firefox, visit))

    def allowing(address: str) -> Watched:
        watched = next(browsers)(address)
        watched.forgive(f"to somebody else: {bucket}")
        return watched

    # From one browser into the other.
    ada, bo = talking(allowing, program.url)
    content = random.Random(9).randbytes(2 * MEBIBYTE)
    travelled: list[tuple[str, str]] = []
    for page in (ada, bo):
        page.on("request", lambda one: travelled.append((one.method, one.url)))
        page.locator(".conversation-row").click()
    bo.evaluate("delete window.showSaveFilePicker")
    ada.locator("form input[type=file]").set_input_files(file_of(tmp_path / "plan.bin", content))
    panel = ada.locator(".files-panel")
    # Whose it is sees who sends and fetches: that is said before.
    expect(panel).to_contain_text(bucket.removeprefix("http://"))
    panel.get_by_role("button", name="Send it").click()
    card = bo.locator(".file-card")
    with bo.expect_download() as download:
        card.get_by_role("button", name="Save").click(timeout=20_000)
    assert Path(download.value.path()).read_bytes() == content
    sent = [url for method, url in travelled if method == "PUT" and "/files/" in url]
    assert len(sent) == 2
    assert all(url.startswith(bucket) for url in sent)
    assert not any("/objects/" in url for _, url in travelled)


SINKS = """async () => {
  delete window.showSaveFilePicker;
  window.sinks = await import(new URL("static/js/media/sinks.js", document.baseURI).href);
  window.into = () => sinks.sinkFor("large.bin", "text/html", 2 ** 30);
  window.lying = async () => {
    const root = await navigator.storage.getDirectory();
    return (await Array.fromAsync((await root.getDirectoryHandle("saving")).keys())).length;
  };
}"""
SAVED = """async () => {
  const sink = await into();
  for (const byte of [1, 2]) await sink.write(new Uint8Array(300_000).fill(byte));
  await sink.done();
}"""
BROKEN_OFF = """async () => {
  const sink = await into();
  await sink.write(new Uint8Array(9));
  await sink.drop();
}"""


def test_what_is_too_large_for_memory_is_saved_through_the_browsers_own_folder(
    bare: Watched,
) -> None:
    page = bare.page
    page.evaluate(SINKS)
    with page.expect_download() as download:
        page.evaluate(SAVED)
    assert Path(download.value.path()).read_bytes() == b"\1" * 300_000 + b"\2" * 300_000
    # What was broken off leaves nothing; what was given to the browser lies there until it is
    # copied, as far as a page can know.
    page.evaluate(BROKEN_OFF)
    page.evaluate("sinks.tidy()")
    assert page.evaluate("lying()") == 1
    page.reload()
    page.evaluate(SINKS)
    page.evaluate("sinks.tidy()")
    assert page.evaluate("lying()") == 1
    page.evaluate("sinks.tidy(Date.now() + 3_700_000)")
    assert page.evaluate("lying()") == 0
