"""The page of accounts with a real server: accounts are made, linked, shut out and taken back."""

import io
import re
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit, Watched
from support.people.account_holders import Machine
from support.people.command_line import Cli

# Keys are derived in earnest: these stories are about the whole way.
pytestmark = pytest.mark.timeout(240)

PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "seven brown foxes at the door"
#: Deriving a key takes a second or two, and much longer where others work beside it.
PATIENT = 60_000


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """For all that is expected in a module that tells such stories: it imports this."""
    expect.set_options(timeout=PATIENT)
    yield
    expect.set_options(timeout=None)


def account_page(visit: Visit, server: str, **options: object) -> Watched:
    watched = visit(f"{server}/account/", **options)
    # The browser's word on what a new device asks for and there isn't yet: the conversation of an
    # account's devices with each other; and on two of them that found it at once.
    watched.forgive("404|409")
    watched.page.set_default_timeout(PATIENT)
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("An account, if you want one")
    return watched


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def pressed(page: Page, name: str) -> None:
    """Goes by Tab to a button and presses it, as somebody does who has no pointer."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement?.innerText?.trim()")
        if focused == name:
            page.keyboard.press("Enter")
            return
    pytest.fail(f"Tab doesn't lead to {name!r}.")


def at_account(page: Page) -> None:
    """On a device: from its conversations to the account itself."""
    name = "Account and devices"
    page.get_by_role("button", name=name, exact=True).click(timeout=PATIENT)
    expect(page.get_by_role("heading", name="Devices")).to_be_visible(timeout=PATIENT)


def words_shown(page: Page) -> list[str]:
    shown = page.get_by_role("heading", name="Write these ten words down")
    expect(shown).to_be_visible()
    words = page.locator(".recovery-words li").all_inner_texts()
    assert len(words) == 10
    return words


def typed_back(page: Page, words: list[str], then: str = "Conversations") -> None:
    for field in page.locator(".account-back input").all():
        label = page.locator(f'label[for="{field.get_attribute("id")}"]').inner_text()
        field.fill(words[int(label.split()[-1]) - 1])
    button(page, "Check")
    expect(page.get_by_role("heading", name=then)).to_be_visible()


def registered(page: Page, name: str = "ada") -> tuple[str, list[str]]:
    """Makes an account; gives its address and words."""
    button(page, "Make an account")
    page.get_by_label("Name").fill(name)
    button(page, "Next")
    address = page.locator(".address-large").inner_text()
    page.get_by_label("Password").fill(PASSWORD)
    button(page, "Make the account")
    words = words_shown(page)
    button(page, "I have written them down")
    typed_back(page, words)
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(address)
    return address, words


def signed_in(page: Page, address: str, password: str = PASSWORD) -> None:
    button(page, "Sign in")
    page.get_by_label("Address").fill(address)
    page.get_by_label("Password").fill(password)
    page.locator(".account-form").get_by_role("button", name="Sign in").click()
    heading = page.get_by_role("heading", name="This browser is not a device of yours yet")
    expect(heading).to_be_visible()


def let_in(page: Page, text: str) -> None:
    """On a device: types what another one shows, looks at what it is, and agrees."""
    button(page, "Link another device")
    page.get_by_label("The seven words of the other device").fill(text)
    button(page, "Next")
    expect(page.get_by_text("This device wants to be added")).to_be_visible()
    page.locator("dialog").get_by_label("Password").fill(PASSWORD)
    button(page, "Add the device")
    expect(page.locator("dialog")).to_have_count(0)


#: What lies in this browser for accounts, place by place.
KEPT = """async () => {
  const database = await new Promise((done) => {
    const opening = indexedDB.open("ephemeral-account");
    opening.onsuccess = () => done(opening.result);
  });
  const read = (place) => new Promise((done) => {
    const request = database.transaction(place).objectStore(place).getAllKeys();
    request.onsuccess = () => done(request.result);
  });
  const places = [...database.objectStoreNames];
  const kept = await Promise.all(places.map(read));
  database.close();
  return Object.fromEntries(places.map((place, at) => [place, kept[at]]));
}"""


def shut_out(watched: Watched, address: str, password: str, *, sleeping: bool) -> None:
    """A browser that was removed: it says so, keeps nothing, and is no device from then on.

    An open tab learns it by itself. One that was `sleeping` has no token by which the server could
    know whose it was: there the password tells.
    """
    # The browser's word on what the server refuses.
    watched.forgive("console: Failed to load resource")
    page = watched.page
    if sleeping:
        page.go_back()
        expect(page.get_by_role("heading", name="You are signed out here")).to_be_visible()
        page.get_by_label("Address").fill(address)
        page.get_by_label("Password").fill(password)
        page.locator(".account-form").get_by_role("button", name="Sign in").click()
    else:
        looks_again(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This browser was removed from the account"
    )
    kept = page.evaluate(KEPT)
    assert {place: keys for place, keys in kept.items() if keys} == {"facts": ["fate"]}
    button(page, "Sign in")
    if not sleeping:
        page.get_by_label("Address").fill(address)
    expect(page.get_by_label("Address")).to_have_value(address)
    page.get_by_label("Password").fill(password)
    page.locator(".account-form").get_by_role("button", name="Sign in").click()
    outside = page.get_by_role("heading", name="This browser is not a device of yours yet")
    expect(outside).to_be_visible()


def looks_again(page: Page) -> None:
    """Somebody comes back to an open tab."""
    page.evaluate("() => { document.dispatchEvent(new Event('visibilitychange')); }")


def slow(page: Page) -> None:
    """An old phone on a slow line."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    line = {"latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 25_000}
    session.send("Network.emulateNetworkConditions", {"offline": False, **line})
    session.send("Emulation.setCPUThrottlingRate", {"rate": 2})


def test_somebody_makes_an_account_on_a_phone_with_the_keyboard_alone(
    visit: Visit, server: str
) -> None:
    watched = account_page(visit, server)
    page = watched.page
    # What may be said of a link from outside takes no room while it isn't.
    expect(page.locator("#opened")).to_be_hidden()
    pressed(page, "Make an account")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    address = page.locator(".address-large").inner_text()
    assert re.fullmatch(r"ada\.[0-9]{5}", address)
    page.keyboard.type("too short")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error:visible")).to_have_text(
        "A password has 10 to 256 characters."
    )
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    words = words_shown(page)
    pressed(page, "I have written them down")
    page.keyboard.type("abacus")
    page.keyboard.press("Tab")
    page.keyboard.type("abacus")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error:visible").first).to_contain_text("That is another word.")
    pressed(page, "Show the words again")
    assert words_shown(page) == words
    # Another language changes the words around them.
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Schreib diese zehn Wörter auf")
    assert page.locator(".recovery-words li").all_inner_texts() == words
    page.get_by_role("link", name="English").click()
    pressed(page, "I have written them down")
    for index in range(2):
        label = page.locator(f'label[for="account-word-{index}"]').inner_text()
        page.keyboard.type(words[int(label.split()[-1]) - 1])
        page.keyboard.press("Tab" if index == 0 else "Enter")
    at_account(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(address)
    expect(page.locator(".account-row[data-device]")).to_have_count(1)
    # What is known to this browser alone never left it.
    said = watched.said()
    assert PASSWORD not in said
    # One of them alone is an everyday word, and stands in a header now and then.
    assert "".join(words) not in said
    assert not [
        pair
        for pair in pairwise(words)
        if re.search(r'\b{}(?:[" +,-]|%2[02C])+{}\b'.format(*pair), said)
    ]


def test_back_leads_through_the_screens_before_it_leads_away(visit: Visit, server: str) -> None:
    page = visit(f"{server}/about").page
    page.goto(f"{server}/account/")
    heading = page.get_by_role("heading", level=1)
    button(page, "Make an account")
    page.get_by_label("Name").fill("ada")
    button(page, "Next")
    expect(page.get_by_label("Password")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Name")).to_have_value("ada")
    page.go_back()
    expect(heading).to_have_text("An account, if you want one")
    # Whoever goes by the page's own button leaves nothing behind.
    button(page, "Sign in")
    button(page, "Back")
    expect(heading).to_have_text("An account, if you want one")
    page.wait_for_function("history.state === null")
    page.go_back()
    expect(page).to_have_url(f"{server}/about")


def test_a_device_is_linked_by_words_named_removed_and_shut_out(visit: Visit, server: str) -> None:
    watched = account_page(visit, server)
    # The browser's word on a wrong password.
    watched.forgive("console: Failed to load resource")
    old = watched.page
    address, _words = registered(old)
    new = account_page(visit, server)
    signed_in(new.page, address)
    button(new.page, "Show the words")
    expect(new.page.locator(".code-words span")).to_have_count(7)
    let_in(old, new.page.locator(".code-words").inner_text())
    at_account(new.page)
    expect(old.locator(".account-row[data-device]")).to_have_count(2)

    row = old.locator(".account-row[data-device]").nth(1)
    row.get_by_role("button", name=re.compile("^Rename")).click()
    old.get_by_label("Name of the device").fill("The tablet")
    button(old, "Save")
    expect(row.locator(".row-name")).to_have_text("The tablet")

    row.get_by_role("button", name="Remove").click()
    old.locator("dialog").get_by_label("Password").fill("wrong, wrong, wrong")
    button(old, "Remove the device")
    expect(old.locator("dialog .field-error")).to_have_text("That is not your password.")
    old.locator("dialog").get_by_label("Password").fill(PASSWORD)
    button(old, "Remove the device")
    expect(old.locator(".account-row[data-device]")).to_have_count(1)
    expect(old.locator("#devices-title")).to_be_focused()
    # The open tab of the one that was removed is closed by whatever it asks for next.
    shut_out(new, address, PASSWORD, sleeping=False)


def test_a_device_is_linked_by_the_picture_that_it_shows_to_one_that_is_slow(
    visit: Visit, server: str
) -> None:
    old = account_page(visit, server)
    address, _words = registered(old.page)
    new = account_page(visit, server).page
    signed_in(new, address)
    button(new, "Show the words")
    button(new, "Show the QR code")
    picture = new.locator(".qr")
    expect(picture).to_be_visible()
    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.screenshot())))

    # Opened as a link, as a camera opens it, it does nothing and says so.
    lured = visit(found.text, beside=old)
    expect(lured.page.locator("#opened")).to_contain_text("Nothing was done.")
    assert "#" not in lured.page.url
    assert not any("/devices/links" in one.url for one in lured.requests)
    lured.page.close()

    # From now on, for a browser that is held back works all the time.
    slow(old.page)
    let_in(old.page, found.text)
    at_account(new)


def test_a_thief_is_refused_and_a_forgotten_password_is_no_end(visit: Visit, server: str) -> None:
    old = account_page(visit, server)
    address, words = registered(old.page)

    # Who has only the password may ask to begin anew, and the device refuses it.
    thief = account_page(visit, server).page
    signed_in(thief, address)
    thief.get_by_text("I have neither").click()
    button(thief, "Begin anew")
    thief.locator("dialog").get_by_role("button", name="Begin anew").click()
    drawn = words_shown(thief)
    button(thief, "I have written them down")
    typed_back(thief, drawn, "This browser is not a device of yours yet")
    expect(thief.locator(".notice")).to_contain_text("Your new beginning waits until")
    old.page.reload()
    expect(old.page.locator(".pending")).to_contain_text("knows your password")
    button(old.page, "Refuse")
    expect(old.page.locator(".pending")).to_have_count(0)

    # It sleeps meanwhile: an open one would be told.
    old.page.goto("about:blank")
    page = account_page(visit, server).page
    button(page, "I have the ten words")
    page.get_by_label("Address").fill(address)
    page.get_by_label("The ten words").fill(", ".join(words).upper())
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    button(page, "Take it back")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Write these ten words down|Conversations")
    )
    if page.locator(".recovery-words").count() > 0:
        fresh = words_shown(page)
        button(page, "I have written them down")
        typed_back(page, fresh)
    at_account(page)
    expect(page.locator(".account-row[data-device]")).to_have_count(1)
    shut_out(old, address, OTHER_PASSWORD, sleeping=True)


def test_somebody_changes_the_password_leaves_comes_back_and_deletes_it_all(
    visit: Visit, server: str
) -> None:
    watched = account_page(visit, server)
    # The browser's word on what the server refuses.
    watched.forgive("console: Failed to load resource")
    page = watched.page
    address, words = registered(page)
    button(page, "Change the password")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill(OTHER_PASSWORD)
    button(page, "Change it")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".account-section .notice")).to_have_text("The password was changed.")

    button(page, "Sign out")
    page.locator("dialog").get_by_role("button", name="Sign out", exact=True).click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("You are signed out here")
    assert page.evaluate("scrollY") == 0, "a new screen is read from its top"
    page.get_by_label("Address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    signing_in = page.locator(".account-form").get_by_role("button", name="Sign in")
    signing_in.click()
    wrong = page.locator(".form-trouble .notice")
    expect(wrong).to_have_text("Address and password don’t fit together.")
    page.get_by_label("Password").fill(OTHER_PASSWORD)
    signing_in.click()
    # It is still a device.
    at_account(page)

    button(page, "Delete the account")
    page.locator("dialog").get_by_label("Password").fill(OTHER_PASSWORD)
    page.locator("dialog").get_by_role("button", name="Delete the account").click()
    expect(page.locator(".pending")).to_contain_text("to be deleted")
    expect(page.locator("#pending-title")).to_be_focused()
    expect(page.locator("#pending-title")).to_be_in_viewport()
    button(page, "Keep the account")
    expect(page.locator(".pending")).to_have_count(0)

    button(page, "Delete the account")
    page.locator("dialog").get_by_label("Password").fill(OTHER_PASSWORD)
    page.get_by_label("The ten words (optional)").fill(" ".join(words))
    page.locator("dialog").get_by_role("button", name="Delete the account").click()
    expect(heading).to_have_text("The account is deleted")
    page.reload()
    expect(heading).to_have_text("An account, if you want one")


def test_firefox_makes_an_account_lets_chromium_in_and_both_talk_with_the_command_line(
    visit: Visit, visit_firefox: Visit, server: str, tmp_path: Path
) -> None:
    fox = account_page(visit_firefox, server).page
    address, _words = registered(fox, "fox")
    new = account_page(visit, server).page
    signed_in(new, address)
    button(new, "Show the words")
    expect(new.locator(".code-words span")).to_have_count(7)
    let_in(fox, new.locator(".code-words").inner_text())
    at_account(new)
    for page in (fox, new):
        names = page.locator(".account-row[data-device] .row-name")
        expect(names).to_contain_text(["Firefox, Linux", "Chrome, Linux"])
    # It is there after a reload: Firefox keeps keys that it doesn't tell.
    fox.reload()
    at_account(fox)
    expect(fox.get_by_role("heading", level=1)).to_have_text(address)

    # One conversation of all three: what one says is read and answered by the others.
    button(fox, "Back to the conversations")
    button(fox, "Use this name")
    expect(fox.locator(".own-name")).to_be_hidden()
    with closing(Cli(server, tmp_path)) as cli:
        laptop = Machine(cli, "laptop")
        laptop.register("cleo")
        fox.goto("about:blank")
        fox.goto(laptop.json("invite")["link"])
        button(fox, "Accept it")
        expect(fox.locator(".redeemed")).to_contain_text("cleo")
        laptop.json("say", "Fox", text="from a terminal")
        button(new, "Back to the conversations")
        button(fox, "Conversations")
        for page in (fox, new):
            page.locator(".conversation-row").click()
            expect(page.get_by_role("article")).to_contain_text("from a terminal")
        for page, text in ((new, "from Chromium"), (fox, "from Firefox")):
            page.get_by_label("Write a message").fill(text)
            page.keyboard.press("Enter")
            for other in (fox, new):
                expect(other.get_by_role("article").last).to_contain_text(text)
        heard = [one["text"] for one in laptop.lines("inbox") if "text" in one]
        assert heard == ["from Chromium", "from Firefox"]
