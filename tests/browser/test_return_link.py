"""Coming back for the answer: the return link, taken along, and opened at night."""

import re
from pathlib import Path

import pytest
from plays import change, played
from playwright.sync_api import Dialog, Locator, Playwright, expect
from support.machines.chromium import CHROMIUM_ARGUMENTS, Visit, Watched, chromium
from support.people.command_line import Cli, derived_once
from support.people.people import NOTHING, PATIENCE_MS, Person, person

LINK = "Copy the return link"
OPENED_BY_BO = re.compile(r"^Opened by Bo, .*\d.* · gone$")


def sealed(author: Person, *texts: str) -> None:
    """Sends these, and waits until the server has them."""
    for text in texts:
        author.says(text)
        author.sees_receipt("^Stored until")


def takes_the_link(someone: Person) -> str:
    someone.menu("Come back for the answer")
    link = someone.copies(LINK)
    someone.page.keyboard.press("Escape")
    return link


def fates(night: Watched) -> Locator:
    found: Locator = night.page.locator(".return-fate")
    return found


def sees_the_fates(night: Watched) -> None:
    night.page.get_by_role("button", name="See what became of them").click()
    heading = night.page.get_by_role("heading", name="What became of your messages")
    expect(heading).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.whole_chromium
def test_a_nurse_learns_at_night_who_read_it_and_when_with_proof(visit: Visit, server: str) -> None:
    nurse = person(visit, server)
    nurse.choose(name="Nadia")
    nurse.generate()
    nurse.is_inside()
    sealed(nurse, "The password is otter.", "And this one can wait.")
    link = takes_the_link(nurse)
    nurse.page.close()

    bo = person(visit, server)
    bo.choose(name="Bo")
    bo.enter(nurse.code)
    bo.is_inside()
    bo.page.get_by_role("button", name=re.compile("Open")).first.click()
    expect(bo.texts).to_have_text("The password is otter.")

    # Another device: it has the link, and nothing else.
    night = visit(link)
    expect(night.page.get_by_role("heading", name="Back for the answer")).to_be_visible()
    assert night.page.url == f"{server}/"
    assert not any(request.url.startswith(f"{server}/room") for request in night.requests)
    sees_the_fates(night)
    read, waits = fates(night).nth(0), fates(night).nth(1)
    expect(read.locator(".receipt-words")).to_have_text(OPENED_BY_BO)
    expect(read).to_contain_text("Proved")
    expect(waits).to_contain_text("Stored until")
    expect(waits).to_contain_text("This is the server’s word.")

    waits.get_by_role("button", name="Take back").click()
    expect(waits).to_contain_text("Taken back. The server says that nobody had opened it")
    expect(waits).to_be_focused()
    expect(bo.page.locator(".log")).to_contain_text("Nadia took a message back")
    # Looking is no join, and leaves nothing behind.
    expect(bo.page.locator(".seat")).to_have_count(2)
    came_back = Person(night)
    assert came_back.keeps() == NOTHING
    assert not any(text in night.said() for text in ("otter", "-".join(nurse.code.split()[:2])))

    # To write, one comes in anew.
    night.page.get_by_role("button", name="Come in to write").click()
    night.page.get_by_role("button", name="Join the room").click()
    came_back.is_inside()
    came_back.says("Thank you.")
    expect(bo.page.locator(".seal")).to_have_count(1)


@pytest.mark.whole_chromium
def test_a_link_of_a_place_that_was_given_up_takes_one_only_when_asked(
    visit: Visit, server: str
) -> None:
    """The link is offered by the question before leaving, and can be pasted where words are."""
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    bo.enter(ada.code)
    bo.is_inside()
    sealed(ada, "Waits for a while.")
    ada.menu("Leave")
    expect(ada.page.locator(".owed")).to_contain_text("1 message of yours waits unread.")
    link = ada.copies(LINK)
    ada.answers("Leave")
    ada.sees_end("left")
    expect(bo.page.locator(".seat")).to_have_count(1)

    night = person(visit, server)
    night.enter(link)
    sees_the_fates(night.watched)
    expect(
        night.page.get_by_role("heading", name="Your place in this room is gone")
    ).to_be_visible()
    expect(fates(night.watched)).to_have_count(0)
    expect(bo.page.locator(".seat")).to_have_count(1)
    night.page.get_by_role("button", name="Take a place and ask").click()
    expect(fates(night.watched)).to_contain_text("Stored until")
    expect(bo.page.locator(".seat")).to_have_count(2)
    # The browser's word on the place that there was none.
    night.watched.forgive("401")


@pytest.mark.whole_chromium
def test_the_command_line_reads_the_link_that_the_page_gives(
    visit: Visit, server: str, tmp_path: Path
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    sealed(ada, "Waits for a while.")
    link = takes_the_link(ada)
    cli = Cli(server, tmp_path, derive=derived_once)
    try:
        assert re.match(r"1 \S+ stored", cli.done("fates", "--allow-pbkdf2", code=link))
    finally:
        cli.close()


@pytest.mark.whole_chromium
def test_the_link_is_not_in_the_memory_of_who_is_done_with_it(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    sealed(ada, "Waits for a while.")
    link = takes_the_link(ada)
    secrets = {link.rpartition(".")[2], ada.code.replace(" ", "-")}

    # By keys alone: what a test's driver hands to the page would stay in the page's memory.
    night = person(visit, server)
    night.page.get_by_label("Enter the words you were given").click()
    night.page.keyboard.type(link)
    night.page.keyboard.press("Enter")
    sees_the_fates(night.watched)
    expect(fates(night.watched)).to_contain_text("Stored until")
    found = night.memory()
    assert {secret for secret in secrets if secret not in found} == set()
    night.page.get_by_role("button", name="To the first page").click()
    expect(night.page.get_by_role("button", name="Open a private room")).to_be_visible()
    found = night.memory()
    assert {secret for secret in secrets if secret in found} == set()
    assert night.keeps() == NOTHING


def test_who_comes_back_by_the_words_alone_is_told_that_they_show_nothing_old(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    expect(ada.page.locator(".empty")).not_to_contain_text("return link")
    ada.menu("Leave")
    ada.answers("Leave")
    expect(ada.page.locator(".ended")).to_contain_text("only a return link does")
    ada.page.get_by_role("button", name="To the first page").click()
    ada.enter(ada.code)
    ada.is_inside()
    expect(ada.page.locator(".empty")).to_contain_text("only a return link tells")


def test_what_is_being_read_is_not_taken_back_and_that_is_said(visit: Visit, stage: str) -> None:
    night = played(visit, stage, "screen:return_fates")
    change(night, "takeBack = async () => { throw { code: 'message_leased' }; }, 0")
    button = night.page.get_by_role("button", name="Take back")
    button.click()
    expect(night.page.get_by_role("alert").first).to_contain_text("Someone is reading it")
    expect(button).to_be_visible()


def test_closing_the_page_is_a_question_once_while_something_waits_unread(
    visit: Visit, server: str
) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    sealed(ada, "Waits unread.")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    ada.page.on("dialog", stay)
    ada.page.close(run_before_unload=True)
    panel = ada.page.locator("dialog.return")
    expect(panel.get_by_role("heading", name="Come back for the answer")).to_be_visible()
    assert asked == ["beforeunload"]
    ada.page.keyboard.press("Escape")
    with ada.page.expect_event("close"):
        ada.page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


@pytest.mark.whole_chromium
@pytest.mark.parametrize("covered", [False, True], ids=["has the link", "has covered the page"])
def test_closing_is_no_question_for_who(visit: Visit, server: str, *, covered: bool) -> None:
    ada = person(visit, server)
    ada.generate()
    ada.is_inside()
    sealed(ada, "Waits unread.")
    if covered:
        for _ in range(2):
            ada.page.keyboard.press("Escape")
        expect(ada.page.get_by_text("This page is empty.")).to_be_visible()
    else:
        takes_the_link(ada)
    asked: list[str] = []
    ada.page.on("dialog", lambda dialog: asked.append(dialog.type))
    with ada.page.expect_event("close"):
        ada.page.close(run_before_unload=True)
    assert asked == []


def test_what_became_of_messages_is_still_told_after_a_reload(visit: Visit, server: str) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    ada.is_inside()
    bo.choose(name="Bo")
    bo.enter(ada.code)
    bo.is_inside()
    ada.says("Read before the reload.")
    bo.cards.click()
    ada.sees_receipt("^Opened by Bo, ")
    ada.page.reload()
    ada.is_inside()
    told = ada.page.locator(".fates")
    expect(told).to_contain_text("What became of earlier messages of yours")
    expect(told).to_contain_text(re.compile("Opened by .?Bo"))


# What a browser writes to disk


def written(profile: Path, secret: str) -> list[str]:
    """The files of a browser's profile that hold this, in either of the ways it writes texts."""
    needles = (secret.encode(), secret.encode("utf-16-le"))
    return sorted(
        str(path.relative_to(profile))
        for path in profile.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    )


@pytest.mark.parametrize("takes_link", [False, True], ids=["without a link", "with a link"])
def test_nothing_of_a_room_is_on_the_disk_of_who_has_left_it(
    playwright: Playwright, visit: Visit, server: str, tmp_path: Path, *, takes_link: bool
) -> None:
    """A whole browser with a profile of its own, closed before its files are searched."""
    text, profile, link = "quiet zanzibarish walrus", tmp_path / "profile", ""
    bo = person(visit, server)
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=chromium(whole=True), args=CHROMIUM_ARGUMENTS
    )
    try:
        page = context.pages[0]
        page.goto(f"{server}/")
        ada = Person(Watched(page, server))
        ada.generate()
        ada.is_inside()
        bo.enter(ada.code)
        bo.is_inside()
        sealed(ada, text)
        secrets = {text, *(joint.join(ada.code.split()[:2]) for joint in (" ", "-"))}
        if takes_link:
            link = takes_the_link(ada)
            secrets.add(link.rpartition(".")[2])
        bo.cards.click()
        ada.sees_receipt("^Opened by")
        ada.menu("Leave")
        ada.answers("Leave")
        ada.sees_end("left")
        if takes_link:
            ada.page.get_by_role("button", name="To the first page").click()
            ada.enter(link)
            sees_the_fates(ada.watched)
            ada.page.get_by_role("button", name="Take a place and ask").click()
            expect(fates(ada.watched)).to_contain_text("Opened by")
    finally:
        context.close()
    # What is there is found: the browser has written down that the page was visited.
    assert any("History" in name for name in written(profile, server))
    assert {secret: written(profile, secret) for secret in secrets} == {
        each: [] for each in secrets
    }
