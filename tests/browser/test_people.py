"""A room knows its size: what it proposes, who is there, and whom one would rather not see."""

import re

import pytest
from plays import PHONE, change, play, played
from playwright.sync_api import Locator, Page, expect
from support.machines.chromium import Visit, Watched
from support.people.people import hold_chord, person, two_in_a_room

# Everything that a screen reader was told, one announcement after the other.
HEARD = """
  window.heard = [];
  addEventListener("DOMContentLoaded", () => {
    new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach((node) => {
      window.heard.push(node.textContent);
    }))).observe(document.getElementById("announce-polite"), { childList: true });
  });
"""
STATE = "window.gallery.client.state"


def heard(page: Page) -> list[str]:
    """What was said, without the marks that isolate names."""
    said: list[str] = page.evaluate("window.heard")
    return [re.sub("[\u2068\u2069]", "", one) for one in said]


def open_people(page: Page) -> Locator:
    page.get_by_role("button", name="9 people").click()
    people = page.get_by_role("dialog", name="People in this room")
    expect(people).to_be_visible()
    return people


def add_card(watched: Watched, name: str, author: str) -> None:
    watched.page.evaluate(
        """async ([name, author]) => {
          const { card } = await import("/gallery/samples.js");
          const { client } = window.gallery;
          client.change({ cards: [...client.state.cards, card(name, { author, sequence: 1e6 })] });
        }""",
        [name, author],
    )


def set_members(watched: Watched, code: str) -> None:
    """Lets a piece of code turn the list of members into another."""
    change(watched, f"change({{ members: (({code})({STATE}.members)) }})")


# --- what is proposed -----------------------------------------------------------------------------


def test_the_number_of_people_decides_who_is_proposed_to_read_until_somebody_has_chosen(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "screen:options").page
    seats = page.get_by_label("People at most")
    first = page.get_by_label("the first person has read it")
    everyone = page.get_by_label("everyone who was here has read it")
    expect(first).to_be_checked()
    expect(seats).to_have_accessible_description(re.compile("^With two places, a third person"))
    seats.fill("9")
    expect(everyone).to_be_checked()
    expect(seats).to_have_accessible_description(re.compile("^Until all 9 places are taken"))
    seats.fill("2")
    expect(first).to_be_checked()
    seats.fill("9")
    first.check()
    expect(page.get_by_text("Among up to 9 people, whoever opens a message first")).to_be_visible()
    seats.fill("5")
    expect(first).to_be_checked()


def test_a_room_of_three_is_made_as_was_proposed(visit: Visit, server: str) -> None:
    ada = person(visit, server)
    ada.choose(seats="3")
    ada.generate()
    ada.is_inside()
    ada.page.get_by_role("button", name="Room menu").click()
    facts = ada.page.locator("dialog .facts")
    expect(facts).to_contain_text("when everyone who was here when it was sent has read it")
    expect(facts).to_contain_text("1 of 3 places taken")


# --- who is there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [PHONE, 1280])
def test_many_people_are_one_line_that_opens_the_list(visit: Visit, stage: str, width: int) -> None:
    page = played(visit, stage, "room:many_people", width=width).page
    line = page.get_by_role("button", name="9 people")
    expect(line).to_contain_text("9 people, 8 here")
    box = line.bounding_box()
    assert box is not None
    assert box["height"] < 50
    expect(page.locator(".seat").first).to_be_visible(visible=width > PHONE)
    people = open_people(page)
    expect(people.get_by_role("listitem")).to_have_count(9)
    expect(people.get_by_role("listitem").nth(2)).to_have_text(re.compile("Chi.*seen"))
    page.keyboard.press("Escape")
    expect(line).to_be_focused()


def test_who_comes_in_is_told_who_is_there_and_what_waits(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "notice:inside_some", init=HEARD, clock=True).page
    page.clock.run_for(1000)
    expect(page.locator("[data-notice=inside_some]")).to_have_text(
        re.compile("^In the room with you: .Bo.. Away: .Ada..$")
    )
    assert heard(page) == ["In the room with you: Bo. Away: Ada.", "2 sealed messages"]
    page.clock.run_for(15_000)
    expect(page.locator("[data-notice=inside_some]")).to_have_count(0)


def test_whoever_is_offline_claims_to_know_of_nobody_and_of_the_own_place_what_is_true(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:together", clock=True)
    page = watched.page
    expect(page.locator(".seat-state").first).to_have_text("here")
    change(watched, "change({ phase: 'reconnecting', seatUntil: Date.now() + 60_000 })")
    # It may be back before anybody has missed it.
    expect(page.locator(".seat-state").first).to_have_text("here")
    page.clock.run_for(4000)
    expect(page.locator(".seat-state").first).to_have_text("not known now")
    notice = page.locator(".notice.attention")
    expect(notice).to_contain_text(re.compile(r"Your place is kept until \d+:\d\d"))
    page.clock.run_for(60_000)
    expect(notice).to_contain_text(re.compile(r"Since \d+:\d\d.* your place may go to somebody"))
    change(watched, "change({ phase: 'live', seatUntil: null })")
    expect(page.locator(".seat-state").first).to_have_text("here")


# --- whom one would rather not see ----------------------------------------------------------------


def test_a_member_who_is_hidden_is_not_heard_of_until_shown_again(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:many_people", init=HEARD, clock=True)
    page = watched.page
    page.clock.run_for(1000)
    people = open_people(page)
    expect(people).to_contain_text("It keeps nobody out.")
    people.get_by_role("button", name=re.compile("^Hide .Bo.$")).click()
    show = people.get_by_role("button", name=re.compile("^Show again .Bo.$"))
    expect(show).to_be_focused()
    expect(page.locator(".seat", has_text="Bo")).to_contain_text("hidden by you")
    expect(page.locator(".card .who").get_by_text("Bo", exact=True)).to_have_count(0)
    # Who types is m1, who is hidden, and m3.
    expect(page.locator(".typing")).to_have_text("Dag is typing…")
    page.clock.run_for(5000)
    before = len(heard(page))
    add_card(watched, "more", "m1")
    set_members(watched, "(all) => all.map((m) => m.id === 'm1' ? { ...m, present: false } : m)")
    page.clock.run_for(60_000)
    assert heard(page)[before:] == []
    set_members(watched, "(all) => all.filter((m) => m.id !== 'm1')")
    page.clock.run_for(60_000)
    assert heard(page)[before:] == ["Bo left. The place is free."]
    # Also whoever has left can be shown again, from the same place.
    show.click()
    expect(show).to_have_count(0)
    expect(page.locator(".card .who").get_by_text("Bo", exact=True)).not_to_have_count(0)


# --- what is said ---------------------------------------------------------------------------------


def test_a_flood_is_told_in_few_sentences(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:together", init=HEARD, clock=True)
    page = watched.page
    page.clock.run_for(1000)
    for number in range(60):
        add_card(watched, f"c{number}", "ada")
        page.clock.run_for(500)
    page.clock.run_for(60_000)
    said = heard(page)
    assert len(said) < 8
    assert sum(int(one.split()[0].replace("A", "1")) for one in said) == 60


def test_leaving_says_how_one_comes_back_and_out_of_a_locked_room_that_one_does_not(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:leave").page
    expect(page.get_by_role("dialog")).to_contain_text("To come back you need the seven words.")
    play(page, "room:leave_locked")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("you can come back only if somebody inside unlocks it")
    expect(question).not_to_contain_text("seven words")
    question.get_by_role("button", name="Stay").click()
    page.get_by_role("button", name="Room menu").click()
    expect(page.get_by_role("button", name=re.compile("^Leave"))).to_contain_text(
        "you can’t come back unless somebody inside unlocks it"
    )


def test_who_locked_and_who_destroyed_the_room_is_told_by_name(visit: Visit, server: str) -> None:
    ada, bo = two_in_a_room(visit, server)
    # What was so before one was greeted is no news.
    expect(bo.page.locator("[data-notice=inside]")).to_be_visible()
    ada.page.get_by_role("button", name="Room menu").click()
    menu = ada.page.locator("dialog.menu")
    expect(menu).to_contain_text("If you close this tab, neither can you.")
    menu.get_by_role("button", name="Lock the room").click()
    expect(bo.page.locator("[data-notice=locked_by]")).to_have_text(
        "Ada has locked the room. Nobody new can come in."
    )
    expect(ada.page.locator("[data-notice=locked_by_you]")).to_contain_text("You have locked")
    ada.page.keyboard.press("Escape")
    hold_chord(ada.page)
    bo.sees_end("destroyed")
    expect(bo.page.locator(".ended .lead")).to_contain_text("Ada destroyed it for everyone.")
