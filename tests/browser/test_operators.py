"""An operator at `/admin/` in a real browser: by keyboard alone, at every width, under axe."""

import re
import subprocess

import pytest
from axe import ALL, SCRIPT
from playwright.sync_api import Page, expect
from pyotp import TOTP
from support.machines.chromium import Visit
from support.machines.server import PATIENCE, Program, program
from support.people.people import PATIENCE_MS

PASSWORD = "a long enough password"
_RUN = """async (only) => {
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: only } });
  return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(", ")}`);
}"""


@pytest.fixture
def ticket(quick_server: Program) -> str:
    process = program(
        "operator", "add", "ada",
        environment=quick_server.environment, folder=quick_server.folder,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    said = process.communicate(timeout=PATIENCE)[0]
    [found] = re.findall(r"^    (\S{43})$", said, re.MULTILINE)
    return str(found)


def inspect(page: Page, wrong: list[str]) -> None:
    """Look at what is shown, at both ends of widths, by day and by night."""
    page.evaluate(SCRIPT)
    for width in (320, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = page.evaluate(_RUN, ALL["values"])
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append("wider than the window")
            wrong += [f"{page.url} {width} {scheme}: {one}" for one in found]


def typed(page: Page, *texts: str) -> None:
    """Fill the fields one after the other, and send them."""
    for number, text in enumerate(texts):
        if number:
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_an_operator_comes_in_by_keyboard_and_goes(
    visit: Visit, quick_server: Program, ticket: str
) -> None:
    """Its cookie is taken by a browser that came without TLS from this machine alone."""
    watched = visit(f"{quick_server.url}/admin/enrol")
    page, wrong = watched.page, list[str]()
    # A browser tells of every answer that is a refusal.
    watched.forgive("status of 40[01]")
    assert page.title().startswith("Use a ticket")
    inspect(page, wrong)
    expect(page.locator("#ticket")).to_be_focused(timeout=PATIENCE_MS)
    typed(page, "not the ticket")
    page.wait_for_selector("#told")
    inspect(page, wrong)
    page.locator("#ticket").focus()
    typed(page, ticket)
    page.wait_for_selector("#again")
    inspect(page, wrong)
    codes = TOTP(page.inner_text(".operators-secret").replace(" ", ""))
    page.locator("#password").focus()
    typed(page, PASSWORD, PASSWORD, codes.now())
    page.wait_for_url("**/admin/")
    inspect(page, wrong)
    assert page.evaluate("document.cookie") == ""

    page.get_by_role("button", name="Sign out", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/sign-in")
    expect(page.locator("#name")).to_be_focused(timeout=PATIENCE_MS)
    inspect(page, wrong)
    typed(page, "ada", PASSWORD, "000000")
    page.wait_for_selector("#told")
    inspect(page, wrong)
    page.goto(f"{quick_server.url}/admin/")
    assert page.url.endswith("/admin/sign-in")
    assert wrong == []
    watched.check()
