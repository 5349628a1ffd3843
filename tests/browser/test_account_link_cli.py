"""The page and the command line are devices of one account: each links the other, and undoes it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit
from support.people.account_holders import Machine
from support.people.command_line import Cli
from test_account_stories import (
    OTHER_PASSWORD,
    PASSWORD,
    account_page,
    at_account,
    button,
    let_in,
    patience,  # noqa: F401
    registered,
    shut_out,
    signed_in,
)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def cli(server: str, tmp_path: Path) -> Iterator[Cli]:
    """The command line, with the server of the page."""
    with closing(Cli(server, tmp_path)) as line:
        yield line


def names_on(page: Page) -> list[str]:
    """What the devices are called, on the page."""
    return [
        one.strip() for one in page.locator(".account-row[data-device] .row-name").all_inner_texts()
    ]


def test_the_command_line_links_a_browser(visit: Visit, server: str, cli: Cli) -> None:
    laptop = Machine(cli, "laptop", PASSWORD)
    laptop.register()
    page = account_page(visit, server).page
    signed_in(page, laptop.address)
    button(page, "Show the words")
    expect(page.locator(".code-words span")).to_have_count(7)
    words = page.locator(".code-words").inner_text()
    added = laptop.json("accept", environment={"EPHEMERAL_WORDS": words})["added"]
    at_account(page)
    expect(page.locator(".account-row[data-device]")).to_have_count(2)
    # Each reads what the other has named.
    assert names_on(page)[0] == "laptop"
    laptop.json("rename", "--device", added["id"], "--name", "the kitchen")
    assert [one["name"] for one in laptop.lines("devices")] == ["laptop", "the kitchen"]
    page.reload()
    at_account(page)
    expect(page.locator(".row-name").nth(1)).to_contain_text("the kitchen")


def test_a_browser_links_the_command_line_which_removes_it(
    visit: Visit, server: str, cli: Cli
) -> None:
    watched = account_page(visit, server)
    laptop = Machine(cli, "laptop", PASSWORD)
    laptop.address, _ = registered(watched.page)
    laptop.json("login", laptop.address, "--name", "laptop")
    process, code = laptop.ask_for_link()
    let_in(watched.page, code)
    process.communicate()
    assert process.returncode == 0
    browser, here = laptop.lines("devices")
    assert (here["here"], here["name"]) == (True, "laptop")
    assert browser["name"]
    laptop.json("revoke", "--device", browser["id"])
    shut_out(watched, laptop.address, PASSWORD, sleeping=False)


def test_the_words_of_a_browser_recover_at_the_command_line(
    visit: Visit, server: str, cli: Cli
) -> None:
    watched = account_page(visit, server)
    address, words = registered(watched.page)
    phone, laptop = Machine(cli, "phone", PASSWORD), Machine(cli, "laptop", PASSWORD)
    phone.address = address
    phone.json("login", address)
    process, code = phone.ask_for_link()
    let_in(watched.page, code)
    process.communicate()
    shared = phone.kept()["names_key"]
    given = {"EPHEMERAL_WORDS": " ".join(words), "EPHEMERAL_NEW_PASSWORD": OTHER_PASSWORD}
    assert laptop.json("recover", address, "--name=laptop", environment=given)["device"]
    shut_out(watched, address, OTHER_PASSWORD, sleeping=False)
    # What the browser had left for its successor was opened.
    assert laptop.kept()["names_key"] == shared


def test_whom_one_device_has_asked_the_other_knows(visit: Visit, server: str, cli: Cli) -> None:
    watched = account_page(visit, server)
    watched.forgive("404|409")
    laptop = Machine(cli, "laptop", PASSWORD)
    laptop.address, _ = registered(watched.page)
    laptop.json("login", laptop.address, "--name", "laptop")
    process, code = laptop.ask_for_link()
    let_in(watched.page, code)
    process.communicate()
    laptop.json("contacts", "request", "nobody.12345")
    laptop.run("inbox")
    page = watched.page
    button(page, "Back to the conversations")
    page.get_by_role("button", name="People").click()
    asked = page.get_by_role("region", name="Asked by you")
    expect(asked).to_contain_text("nobody.12345")
    page.get_by_role("button", name="Ask by an address").click()
    page.get_by_label("Their address").fill("someone.54321")
    button(page, "Ask")
    expect(asked).to_contain_text("someone.54321")
    laptop.run("inbox")
    addresses = {one["address"] for one in laptop.lines("contacts")}
    assert addresses == {"nobody.12345", "someone.54321"}
