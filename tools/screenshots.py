"""Takes the pictures of the README from the running program: python tools/screenshots.py

Starts the program on a database of its own and writes to docs/images: the first screen, a message
that was left, and an account with two devices on a phone, and two people who talk on a desktop.
Needs the system's Chromium.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PHONE = ViewportSize(width=390, height=760)
DESKTOP = ViewportSize(width=1040, height=660)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MOST_BYTES = 150_000


@contextmanager
def program(folder: str) -> Iterator[str]:
    """The program with its embedded database; gives its address."""
    running = subprocess.Popen(
        [sys.executable, "-m", "ephemeral", "serve"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PORT": "0", "DATA_DIR": folder},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        found = re.search(r"http://\S+", running.stdout.readline())
        if found is None:
            sys.exit("The program did not start.")
        yield found.group()
    finally:
        running.terminate()
        running.wait()


def enter(page: Page, name: str) -> None:
    """Unfolds the options, takes a nickname, and folds them again."""
    options = page.get_by_text("Options", exact=True)
    options.click()
    page.get_by_label("Your name here").fill(name)
    options.click()


def say(page: Page, text: str) -> None:
    page.get_by_label("Write a message").fill(text)
    page.get_by_label("Write a message").press("Enter")


def picture(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


def arrive(browser: Browser, address: str) -> None:
    """Pictures of the first screen, and of a message that was left for somebody."""
    page = browser.new_page(viewport=PHONE, device_scale_factor=1.75)
    page.goto(address)
    page.get_by_role("button", name="Open a private room").wait_for()
    picture(page, "home-phone")
    page.get_by_role("button", name="Leave a message").click()
    page.get_by_label("Your message").fill("The key is with the porter.")
    page.get_by_role("button", name="Seal it").click()
    page.get_by_role("heading", name="Your message waits").wait_for()
    picture(page, "left-phone")
    page.close()


def talk(browser: Browser, address: str) -> None:
    """A picture of two people who talk, as one of them sees it."""
    ada = browser.new_page(viewport=DESKTOP)
    ada.goto(address)
    enter(ada, "Ada")
    ada.get_by_role("button", name="Open a private room").click()
    code = ada.locator(".code-words").inner_text()
    ada.get_by_label("Write a message").wait_for()

    bo = browser.new_page(viewport=DESKTOP, device_scale_factor=1.5)
    bo.goto(address)
    enter(bo, "Bo")
    bo.get_by_label("Enter the words you were given").fill(code)
    bo.get_by_role("button", name="Join", exact=True).click()
    bo.get_by_label("Write a message").wait_for()

    say(ada, "Are you there?")
    bo.locator(".seal").click()
    bo.get_by_role("button", name="Close now").click()
    say(bo, "Just arrived. Which door is it?")
    ada.get_by_label("Readable for").select_option("60")
    say(ada, "The green one, left of the bakery. Ring twice, and bring the small notebook.")
    bo.locator(".seal").click()
    bo.locator(".burn-number").wait_for()
    say(ada, "And something for later.")
    bo.locator(".seal").wait_for()
    ada.locator(".seal").click()
    bo.locator(".receipt-words", has_text="gone").wait_for()
    # A little of the minute has burned down, and no button is pointed at.
    bo.mouse.move(0, 0)
    bo.locator(".opened .burn-number", has_text=re.compile(r"\b4\d")).wait_for()
    ada.get_by_label("Write a message").press_sequentially("See you")
    bo.locator(".typing.on").wait_for()
    picture(bo, "room-desktop")


def keep(browser: Browser, address: str) -> None:
    """A picture of an account, which two browsers are devices of."""
    ada = browser.new_context(viewport=PHONE, device_scale_factor=1.75).new_page()
    other = browser.new_context(viewport=PHONE).new_page()
    drawn_password = secrets.token_urlsafe()
    ada.goto(f"{address}account/")
    ada.get_by_role("button", name="Make an account").click()
    ada.get_by_label("Name").fill("ada")
    ada.get_by_role("button", name="Next").click()
    own = ada.locator(".address-large").inner_text()
    ada.get_by_label("Password").fill(drawn_password)
    ada.get_by_role("button", name="Make the account").click()
    words = ada.locator(".recovery-words li")
    words.first.wait_for()
    drawn = words.all_inner_texts()
    ada.get_by_role("button", name="I have written them down").click()
    for field in ada.locator(".account-back .field").all():
        asked = int(field.locator("label").inner_text().split()[-1])
        field.locator("input").fill(drawn[asked - 1])
    ada.get_by_role("button", name="Check").click()
    ada.get_by_role("heading", name="Devices").wait_for()

    other.goto(f"{address}account/")
    other.get_by_role("button", name="Sign in").click()
    other.get_by_label("Address").fill(own)
    other.get_by_label("Password").fill(drawn_password)
    other.locator(".account-form [type=submit]").click()
    other.get_by_role("button", name="Show the words").click()
    shown = other.locator(".code-words").inner_text()
    ada.get_by_role("button", name="Link another device").click()
    ada.get_by_label("The seven words").fill(shown)
    ada.get_by_role("button", name="Next").click()
    ada.get_by_text("This device wants to be added").wait_for()
    ada.locator("dialog").get_by_label("Password").fill(drawn_password)
    ada.get_by_role("button", name="Add the device").click()
    for at, name in enumerate(("Laptop", "Phone")):
        row = ada.locator(".account-row[data-device]").nth(at)
        row.get_by_role("button", name="Rename").click()
        ada.get_by_label("Name of the device").fill(name)
        ada.get_by_role("button", name="Save").click()
        row.locator(".row-name", has_text=name).wait_for()
    ada.evaluate("document.activeElement.blur()")
    ada.mouse.move(0, 0)
    picture(ada, "account-phone")


def main() -> None:
    chromium = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        program(folder) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        arrive(browser, address)
        talk(browser, address)
        keep(browser, address)
        browser.close()
    for path in sorted(IMAGES.glob("*.png")):
        weight = path.stat().st_size
        print(f"{path.relative_to(ROOT)}: {weight // 1024} KiB")
        if weight > MOST_BYTES:
            sys.exit(f"{path.name} is too heavy for a README.")


if __name__ == "__main__":
    main()
