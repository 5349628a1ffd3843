"""Signing in by another service, in a browser: a real issuer of another site, and a real server."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit, Watched
from support.machines.database import Server as Postgres
from support.machines.issuer import CLIENT, RealIssuer
from support.machines.server import Program, Serve
from support.people.account_holders import Machine
from support.people.command_line import Cli
from test_account_stories import (  # noqa: F401
    PASSWORD,
    account_page,
    at_account,
    button,
    patience,
    registered,
    typed_back,
    words_shown,
)

# Keys are derived in earnest: these stories are about the whole way.
pytestmark = [pytest.mark.whole_chromium, pytest.mark.timeout(240)]

OTHER_PASSWORD = "seven brown foxes at the door"


@pytest.fixture(scope="module")
def issuer() -> Iterator[RealIssuer]:
    # Of another site than the server: cookies that are for one site alone are put to the test.
    with RealIssuer(host="localhost") as opened:
        yield opened


@pytest.fixture(scope="module")
def believing(
    postgres: Postgres, issuer: RealIssuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    starting = Serve(postgres, tmp_path_factory.mktemp("believing"))
    program = starting(OIDC_ISSUER=issuer.name, OIDC_CLIENT_ID=CLIENT, KDF="pbkdf2")
    issuer.returns = {f"{program.url}/account/"}
    yield program
    starting.close()


@pytest.fixture
def server(believing: Program) -> str:
    return believing.url


def service(issuer: RealIssuer) -> str:
    return issuer.name.removeprefix("http://")


def fresh(visit: Visit, server: str, issuer: RealIssuer) -> Watched:
    watched = account_page(visit, server)
    # What a server says to whoever isn't known, or doesn't know the password.
    watched.forgive("console: Failed to load resource")
    watched.forgive(rf"^request to somebody else: {issuer.name}/sign-in\?")
    return watched


def to_service(page: Page, issuer: RealIssuer) -> None:
    button(page, "Sign in")
    button(page, f"Sign in with {service(issuer)}")


def test_an_account_is_linked_opened_in_another_browser_and_unlinked(
    visit: Visit, server: str, issuer: RealIssuer
) -> None:
    issuer.subject = "linked-one"
    watched = fresh(visit, server, issuer)
    page = watched.page
    address, _ = registered(page, "linked")
    button(page, f"Link {service(issuer)}")
    dialog = page.locator("dialog")
    dialog.get_by_label("Password").fill("a wrong password, this")
    dialog.get_by_role("button", name="Link it").click()
    expect(dialog.locator(".field-error:visible")).to_have_text("That is not your password.")
    # A refused attempt has not used it up.
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Link it").click()
    expect(page.get_by_text(f"Somebody at {service(issuer)}")).to_be_visible()
    assert "#" not in page.url
    [told] = issuer.referrers
    assert told is None
    # What the other service has said was part of no address that a server is asked for.
    token = issuer.given[-1]
    asked = [one.url for one in watched.requests]
    assert not [url for url in asked if token in url.partition("#")[0]]

    other = fresh(visit, server, issuer).page
    to_service(other, issuer)
    expect(other.get_by_role("heading", level=1)).to_have_text(
        "This browser is not a device of yours yet"
    )
    # As this device again: the session has ended, and the key is still here.
    button(page, "Sign out")
    page.locator("dialog").get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", name="You are signed out here")).to_be_visible()
    button(page, f"Sign in with {service(issuer)}")
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(address)

    button(page, "Unlink")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text(f"Somebody at {service(issuer)}")).to_have_count(0)
    third = fresh(visit, server, issuer).page
    to_service(third, issuer)
    expect(third.get_by_role("heading", level=1)).to_have_text(
        f"Nobody here is known by {service(issuer)} yet"
    )


def test_an_account_is_made_without_a_password_which_is_chosen_then(
    visit: Visit, server: str, issuer: RealIssuer
) -> None:
    issuer.subject = "maker"
    page = fresh(visit, server, issuer).page
    to_service(page, issuer)
    page.get_by_label("Name").fill("maker")
    button(page, "Make the account")
    words = words_shown(page)
    button(page, "I have written them down")
    typed_back(page, words)
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("maker.")
    button(page, "Choose a password")
    page.locator("dialog").get_by_label("New password").fill(PASSWORD)
    page.locator("dialog").get_by_role("button", name="Choose a password").click()
    expect(page.get_by_text("This account has no password yet")).to_have_count(0)
    # It holds: what asks for one takes it.
    button(page, "Unlink")
    page.locator("dialog").get_by_label("Password").fill(PASSWORD)
    page.locator("dialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text(f"Somebody at {service(issuer)}")).to_have_count(0)


def test_a_forgotten_password_is_replaced_by_signing_in_there_anew(
    visit: Visit, server: str, issuer: RealIssuer
) -> None:
    issuer.subject = "forgetful"
    page = fresh(visit, server, issuer).page
    registered(page, "forgetful")
    button(page, f"Link {service(issuer)}")
    page.locator("dialog").get_by_label("Password").fill(PASSWORD)
    page.locator("dialog").get_by_role("button", name="Link it").click()
    expect(page.get_by_text(f"Somebody at {service(issuer)}")).to_be_visible()
    button(page, "Change the password")
    button(page, f"Forgotten? Use {service(issuer)}")
    expect(page.locator("dialog").get_by_label("New password")).to_be_focused()
    assert issuer.sent[-1]["max_age"] == "0"
    page.keyboard.type(OTHER_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#announce-polite")).to_contain_text("The password was changed.")
    button(page, "Unlink")
    page.locator("dialog").get_by_label("Password").fill(OTHER_PASSWORD)
    page.locator("dialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text(f"Somebody at {service(issuer)}")).to_have_count(0)


def test_giving_up_there_and_what_nobody_here_asked_for_lead_to_nothing(
    visit: Visit, server: str, issuer: RealIssuer
) -> None:
    page = fresh(visit, server, issuer).page
    issuer.subject = None
    to_service(page, issuer)
    expect(page.locator(".notice")).to_have_text(
        "Signing in at the other service was given up or refused there."
    )
    issuer.subject = "stranger"
    token = issuer.token("x" * 75, "stranger")
    lured = visit(f"{server}/account/#state=abc&id_token={token}").page
    expect(lured.get_by_role("heading", level=1)).to_have_text("An account, if you want one")
    assert "#" not in lured.url


def test_a_browser_comes_back_to_the_command_line(
    visit: Visit, server: str, issuer: RealIssuer, tmp_path: Path
) -> None:
    issuer.subject = "terminal"
    with closing(Cli(server, tmp_path)) as line:
        machine = Machine(line, "laptop")
        machine.register()
        process = machine.start("identities", "--link", "--json")
        assert process.stdout is not None
        watched = visit(json.loads(process.stdout.readline())["open"])
        watched.forgive(r"^request to somebody else: http://127\.0\.0\.1:\d+/$")
        page = watched.page
        expect(page.locator("p")).to_have_text(
            "That is all. You can close this page and go back to the terminal."
        )
        assert "#" not in page.url
        output, errors = process.communicate()
        assert "linked" in json.loads(output), errors
