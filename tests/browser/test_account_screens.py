"""The screens of accounts, played on the stage by an account that does what the test says.

What must hold in every state is in test_every_state.py; what takes a server in
test_account_stories.py.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from plays import calls, play, played
from playwright.sync_api import Browser, expect
from support.machines.chromium import Visit, Watched, visits

Show = Callable[[str], Watched]

WORDS = "acrobat basil cactus daylight eclair fabric gadget habitat iceberg jackal"


@pytest.fixture(scope="module")
def theatre(browser: Browser, stage: str) -> Iterator[Watched]:
    """The one page in which these tests play their states."""
    with visits(browser) as visit:
        yield played(visit, stage, "account:signed_out")


@pytest.fixture
def show(theatre: Watched) -> Show:
    def play_anew(state: str) -> Watched:
        play(theatre.page, f"account:{state}")
        return theatre

    return play_anew


def tell(watched: Watched, changes: str) -> None:
    """The account is told something by its server; `changes` is the source of an object."""
    watched.page.evaluate(f"window.gallery.client.set({changes})")


def answer(watched: Watched, name: str) -> object:
    """What the page asked the account for last by this name."""
    return calls(watched, name)[-1][1:]


# Making an account


def test_words_stay_until_they_are_typed_back_whatever_the_account_becomes(show: Show) -> None:
    watched = show("words")
    page = watched.page
    tell(watched, '{ phase: "no_device", hasDevices: true, confirming: true }')
    expect(page.locator(".recovery-words li")).to_have_text(WORDS.split())
    page.get_by_role("button", name="I have written them down").click()
    tell(watched, '{ phase: "no_device", hasDevices: false, confirming: true }')
    expect(page.get_by_role("heading", level=1)).to_have_text("Two of the words, to be sure")
    fields = page.locator(".account-back input").all()
    for field in fields:
        label = page.locator(f'label[for="{field.get_attribute("id")}"]').inner_text()
        field.fill(f" {WORDS.split()[int(label.split()[-1]) - 1].upper()} ")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="Devices")).to_be_visible()
    assert calls(watched, "confirmWords") == [["confirmWords"]]


def test_wrong_words_make_nothing_final(show: Show) -> None:
    watched = show("words_back_wrong")
    expect(watched.page.locator('[aria-invalid="true"]')).to_be_focused()
    assert calls(watched, "confirmWords") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("al", "That is too short."),
        ("ada lovelace", "Without spaces."),
        ("Zoë-42-ë", "This can’t be part of a name: ë -"),
    ],
)
def test_a_name_that_can_not_be_is_told_what_is_wrong_with_it(
    show: Show, typed: str, said: str
) -> None:
    page = show("name_short").page
    page.get_by_label("Name").fill(typed)
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".field-error")).to_have_text(re.compile(f"{said.replace(': ', ': .?')}.?"))
    expect(page.get_by_label("Name")).to_be_focused()


def test_an_address_that_is_taken_gets_other_digits_and_the_password_stays(show: Show) -> None:
    watched = show("password")
    page = watched.page
    page.evaluate(
        """() => {
          const { client } = window.gallery;
          client.proposeAddress = (name) => `${name}.99999`;
          client.refuseNext("address_taken");
        }"""
    )
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator(".form-trouble")).to_contain_text("Somebody has this address already.")
    expect(page.locator(".address-large")).to_have_text("ada_lovelace.99999")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Write these ten words down")).to_be_visible()
    assert answer(watched, "register") == [
        {"address": "ada_lovelace.99999", "password": "correct horse battery"}
    ]


def test_an_invitation_is_asked_for_and_given(show: Show) -> None:
    watched = show("password_invited")
    page = watched.page
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_label("Invitation")).to_be_focused()
    assert calls(watched, "register") == []
    page.get_by_label("Invitation").fill(" abc-def ")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Write these ten words down")).to_be_visible()
    assert "'invitation': 'abc-def'" in str(answer(watched, "register"))


def test_a_button_that_is_pressed_twice_asks_once(show: Show) -> None:
    watched = show("password_busy")
    page = watched.page
    expect(page.locator(".form-busy")).to_contain_text("slow on purpose")
    page.evaluate("() => { window.gallery.client.register = () => { window.asked = true; }; }")
    page.get_by_role("button", name="Make the account").click()
    assert page.evaluate("window.asked") is None


# Devices


def test_the_focus_stays_where_it_is_when_something_changes_and_is_not_lost_with_a_row(
    show: Show,
) -> None:
    watched = show("ready")
    page = watched.page
    rename = page.locator(".account-row").nth(1).get_by_role("button").first
    rename.focus()
    tell(watched, "{ devices: window.gallery.client.state.devices.map((one) => ({ ...one })) }")
    expect(rename).to_be_focused()
    tell(watched, "{ devices: window.gallery.client.state.devices.slice(0, 1) }")
    expect(page.locator("#devices-title")).to_be_focused()


def test_a_device_is_removed_with_the_password_and_it_is_said(show: Show) -> None:
    watched = show("revoke")
    page = watched.page
    page.locator("dialog").get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("#announce-polite")).to_contain_text("The device was removed.")
    expect(page.locator("#devices-title")).to_be_focused()
    assert answer(watched, "revoke") == ["AAAAAAAAAAAAAAAAAAAAAg", "correct horse"]


def test_of_the_only_device_it_is_said_alone_that_it_stays(show: Show) -> None:
    panel = show("revoke_last").page.locator("dialog .panel-body")
    expect(panel.locator("p")).to_have_text([re.compile("^It is the only device")])


def test_nothing_is_added_before_it_was_seen_and_the_password_asked(show: Show) -> None:
    watched = show("accept")
    page = watched.page
    link = "https://ephemeral.example/account/#link=kebab-ladybug-magnetic-napkin-oatmeal"
    page.get_by_label("The seven words of the other device").fill(link)
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".asked")).to_be_focused()
    expect(page.locator(".asked")).to_contain_text("Safari, iPhone")
    assert answer(watched, "lookAtLink") == ["kebab-ladybug-magnetic-napkin-oatmeal"]
    page.get_by_role("button", name="Add the device").click()
    expect(page.locator("dialog .field-error:visible")).to_have_count(1)
    assert calls(watched, "acceptLink") == []
    page.get_by_role("button", name="Don’t add it").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert calls(watched, "acceptLink") == []


def test_how_much_of_what_was_said_a_new_device_is_to_have_is_chosen(show: Show) -> None:
    watched = show("accept")
    page = watched.page
    page.get_by_label("The seven words of the other device").fill("kebab")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("The last 30 days")).to_be_checked()
    page.get_by_label("Nothing").check()
    page.get_by_label("Password", exact=True).fill("a long enough password")
    page.get_by_role("button", name="Add the device").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert answer(watched, "acceptLink")[2] == {"days": None}


def test_names_of_devices_are_text_and_cut_where_no_more_fits(show: Show) -> None:
    watched = show("rename")
    page = watched.page
    page.get_by_label("Name of the device").fill("<b>" + "ж" * 70)
    page.get_by_role("button", name="Save").click()
    name = page.locator(".account-row").first.locator(".row-name bdi")
    # 80 bytes: three, and 38 letters of two.
    expect(name).to_have_text("<b>" + "ж" * 38)


#: A browser that reads pictures by itself, and a camera that sees one after a while.
SCANNING = """
  const link = "https://ephemeral.example/account/#link=kebab-ladybug-magnetic";
  let looks = 0;
  globalThis.BarcodeDetector = class {
    async detect() { looks += 1; return looks < 2 ? [] : [{ rawValue: looks < 3 ? "else" : link }]; }
  };
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    globalThis.seen = canvas.captureStream(30);
    const drawing = () => { canvas.getContext("2d").fillRect(0, 0, 9, 9); requestAnimationFrame(drawing); };
    drawing();
    return globalThis.seen;
  };
"""  # noqa: E501


def test_a_picture_is_read_by_the_camera_which_is_let_go_then(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "account:accept", init=SCANNING)
    page = watched.page
    page.get_by_role("button", name="Scan the picture").click()
    expect(page.locator(".asked")).to_contain_text("Safari, iPhone")
    assert answer(watched, "lookAtLink") == ["kebab-ladybug-magnetic"]
    assert page.evaluate("globalThis.seen.getTracks().map((one) => one.readyState)") == ["ended"]


def test_a_camera_that_is_refused_leaves_the_words(visit: Visit, stage: str) -> None:
    refusing = f"{SCANNING} navigator.mediaDevices.getUserMedia = () => Promise.reject();"
    page = played(visit, stage, "account:accept", init=refusing).page
    page.get_by_role("button", name="Scan the picture").click()
    expect(page.locator(".scanner")).to_contain_text("Type the words instead.")
    expect(page.get_by_label("The seven words of the other device")).to_be_visible()


def test_a_panel_that_is_closed_lets_the_camera_go(visit: Visit, stage: str) -> None:
    blind = f"{SCANNING} BarcodeDetector.prototype.detect = async () => [];"
    page = played(visit, stage, "account:accept", init=blind).page
    page.get_by_role("button", name="Scan the picture").click()
    expect(page.locator(".scanner video")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("globalThis.seen.getTracks().map((one) => one.readyState)") == ["ended"]


# Linking from the new device


def test_words_that_have_expired_give_way_to_new_ones(show: Show) -> None:
    watched = show("link_expired")
    page = watched.page
    expect(page.locator(".code-words")).to_have_count(0)
    again = page.get_by_role("button", name="Draw new words")
    expect(again).to_be_focused()
    again.click()
    expect(page.locator(".code-words span")).to_have_count(7)


def test_whoever_cancels_takes_the_words_back(show: Show) -> None:
    watched = show("link")
    page = watched.page
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("not a device of yours yet")
    assert len(calls(watched, "cancelLink")) == 1


# What happens to the account meanwhile


def test_a_device_that_is_removed_while_somebody_looks_says_so_at_once(show: Show) -> None:
    watched = show("revoke")
    page = watched.page
    tell(watched, '{ phase: "revoked" }')
    heading = page.get_by_role("heading", name="This browser was removed from the account")
    expect(heading).to_be_focused()
    expect(page.locator("dialog")).to_have_count(0)


def test_what_waits_can_be_refused_and_is_gone_then(show: Show) -> None:
    watched = show("ready_pending_close")
    page = watched.page
    page.get_by_role("button", name="Keep the account").click()
    expect(page.locator(".pending")).to_have_count(0)
    assert len(calls(watched, "refusePending")) == 1


def test_another_accounts_browser_is_asked_before_anything_is_lost(show: Show) -> None:
    watched = show("sign_in_other")
    page = watched.page
    page.get_by_role("button", name="Back").last.click()
    assert len(calls(watched, "signIn")) == 1
    page.evaluate('window.gallery.client.refuseNext("other_account")')
    page.locator(".account-form").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Destroy that and sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("not a device of yours yet")
    assert "'replace': True" in str(answer(watched, "signIn"))
