"""The room as a person sees it: what happened, who is who, where one reads, what a phone shows."""

import re
from collections.abc import Callable

import pytest
from plays import calls, change, play, played
from playwright.sync_api import Locator, Page, expect
from support.machines.chromium import Visit, Watched
from support.machines.server import Program
from support.machines.tunnel import tunnel_to
from support.people.people import PATIENCE_MS, Person, hold_chord, person, two_in_a_room

# Everything that a screen reader was told, one announcement after the other.
HEARD = """
  window.heard = [];
  addEventListener("DOMContentLoaded", () => {
    for (const id of ["announce-polite", "announce-assertive"]) {
      new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach((node) => {
        window.heard.push(node.textContent);
      }))).observe(document.getElementById(id), { childList: true });
    }
  });
"""


STATE = "window.gallery.client.state"


def heard(page: Page) -> list[str]:
    """What was said, without the marks that isolate names."""
    said: list[str] = page.evaluate("window.heard")
    return [re.sub("[\u2068\u2069]", "", one) for one in said]


def add_cards(page: Page, *ids: str) -> None:
    """More cards, in turns of two authors, so that no stack is made of them."""
    page.evaluate(
        """async (ids) => {
          const { card } = await import("/gallery/samples.js");
          const { client } = window.gallery;
          const last = client.state.cards.at(-1)?.author;
          const turn = (at) => ((last === "ada") === (at % 2 === 0) ? "bo" : "ada");
          const more = ids.map((id, at) => card(id, { sequence: 1e6, author: turn(at) }));
          client.change({ cards: [...client.state.cards, ...more] });
        }""",
        ids,
    )


def box(node: Locator) -> dict[str, float]:
    found = node.bounding_box()
    assert found is not None
    return dict(found)


# --- what has happened ----------------------------------------------------------------------------


def test_who_joins_is_named_for_a_while_and_said_once(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:alone", init=HEARD, clock=True).page
    page.clock.run_for(1000)
    page.evaluate(
        """async () => {
          const { ada, me, room } = await import("/gallery/samples.js");
          // Members are known before their names are.
          window.gallery.client.change({ members: [{ ...ada, name: null }, me], room });
          window.gallery.client.change({ members: [ada, me] });
        }"""
    )
    page.clock.run_for(1000)
    notice = page.locator("[data-notice=joined]")
    expect(notice).to_have_text("Ada came in. Places taken: 2 of 2.")
    page.clock.run_for(15_000)
    expect(notice).to_have_count(0)
    assert heard(page) == ["Ada came in. Places taken: 2 of 2."]


def test_a_place_that_is_taken_again_is_not_called_free(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:together", init=HEARD, clock=True).page
    page.clock.run_for(1000)
    page.evaluate(
        """async () => {
          const { bo, me, room } = await import("/gallery/samples.js");
          window.gallery.client.change({ members: [bo, me], room: { ...room, joins: 3 } });
        }"""
    )
    page.clock.run_for(1000)
    assert heard(page) == ["Bo came in. Places taken: 2 of 2.", "Ada left."]
    expect(page.locator("[data-notice=left_full]")).to_have_text("Ada left.")


def test_cards_that_come_together_are_counted_and_not_listed(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:together", init=HEARD, clock=True).page
    page.clock.run_for(1000)
    add_cards(page, *(f"c{index}" for index in range(40)))
    page.clock.run_for(1000)
    assert heard(page) == ["40 sealed messages"]
    page.clock.run_for(5000)
    add_cards(page, "d1")
    page.clock.run_for(1000)
    assert heard(page)[1:] == ["A sealed message from Ada"]


def test_a_message_to_somebody_away_says_until_when_it_waits(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "notice:away")
    notice = watched.page.locator("[data-notice=away]")
    expect(notice).to_have_text(
        re.compile(r"^Ada is away\. What you write now waits, sealed, until .*\d:\d\d.*\.$")
    )
    change(
        watched, f"change({{ members: {STATE}.members.map((m) => ({{ ...m, present: true }})) }})"
    )
    expect(notice).to_have_count(0)


def test_a_countdown_is_said_at_its_start_and_when_twenty_seconds_are_left(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards", init=HEARD, clock=True)
    page = watched.page
    page.clock.run_for(1000)
    change(watched, "changeCard('a', { state: 'open', type: 'text', text: 'green', view: 60 })")
    page.clock.run_for(70_000)
    assert heard(page) == [
        "Message from Ada opened, readable for 1 minute",
        "The message from Ada is gone in 20 seconds. The key + gives 30 seconds more",
    ]
    assert calls(watched, "discard") == [["discard", "a"]]


# --- who is who -----------------------------------------------------------------------------------


def test_no_two_people_have_the_same_name_and_badge(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:many_people", width=1280).page
    names = page.locator(".seat .who").all_inner_texts()
    badges = page.locator(".seat .mark").all_inner_texts()
    assert len(set(names)) == len(names) == 9
    assert {"Ada", "Ada · 2", "Guest", "Guest · 2"} <= set(names)
    assert {"A", "A2", "G", "G2"} <= set(badges)
    # Each card carries the badge and the name of its author.
    for card in page.locator(".card.received").all():
        name = card.locator(".who").inner_text()
        assert badges[names.index(name)] == card.locator(".mark").inner_text()


def test_nobody_else_is_called_as_the_page_calls_the_reader(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:conversation", width=1280)
    mia = '{ id: "me", me: true, name: "Mia", colour: 5, present: true }'
    eve = '{ id: "eve", me: false, name: "You", colour: 3, present: true }'
    # Once the reader has a name, the word for the reader is free.
    for members in (mia, f"{eve}, {mia}"):
        change(watched, f"change({{ members: [{members}] }})")
    expect(watched.page.locator(".seat .who")).to_have_text(["You · 2", "Mia"])


def test_without_colours_people_are_told_apart_and_cards_have_edges(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:same_name_twice", forced_colors="active").page
    expect(page.locator(".card .mark")).to_have_text(["A", "A2"])
    for card in page.locator(".seal, .opened, .card.sent").all():
        assert card.evaluate("node => getComputedStyle(node).borderTopWidth") != "0px"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_ones_own_messages_stand_on_the_other_side(visit: Visit, stage: str, language: str) -> None:
    page = played(visit, stage, "room:conversation", language=language).page
    own, other = box(page.locator(".card.sent").first), box(page.locator(".card.received").first)
    assert (own["x"] > other["x"]) == (language == "en")


# --- where one reads ------------------------------------------------------------------------------


def reading(visit: Visit, stage: str) -> Watched:
    """Somebody who reads in the middle of many messages."""
    watched = played(visit, stage, "room:many_entries")
    log = watched.page.locator(".log")
    log.evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")
    log.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return watched


def test_who_reads_further_up_is_not_carried_away_by_new_messages(visit: Visit, stage: str) -> None:
    page = reading(visit, stage).page
    at = page.locator(".log").evaluate("node => node.scrollTop")
    add_cards(page, "new1", "new2", "new3")
    pill = page.get_by_role("button", name="3 new messages")
    expect(pill).to_be_visible()
    assert page.locator(".log").evaluate("node => node.scrollTop") == at
    pill.click()
    expect(page.locator(".seal").last).to_be_in_viewport()
    expect(pill).to_have_count(0)
    expect(page.locator(".log")).to_be_focused()
    add_cards(page, "new4")
    expect(page.locator(".seal").last).to_be_in_viewport()
    expect(page.locator(".pill")).to_be_hidden()


IN_SIGHT = """() => {
  const edge = document.querySelector(".log").getBoundingClientRect();
  const node = [...document.querySelectorAll(".log-list > *")]
    .find((one) => one.getBoundingClientRect().top > edge.top + 40);
  window.watchedNode = node;
  return node.getBoundingClientRect().top;
}"""


def test_what_one_reads_stays_while_cards_above_burn_away(visit: Visit, stage: str) -> None:
    watched = reading(visit, stage)
    page = watched.page
    for card in ("c1", "c5", "c9"):
        before = page.evaluate(IN_SIGHT)
        change(watched, f"changeCard('{card}', {{ state: 'shown_gone', text: null }})")
        after = page.evaluate("window.watchedNode.getBoundingClientRect().top")
        assert abs(after - before) <= 1


def test_a_card_that_is_opened_is_in_sight_and_stays_where_it_is_read(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:together")
    page = watched.page
    add_cards(page, *(f"c{index}" for index in range(30)))
    # The topmost that can be seen whole, while the log is at its end.
    page.evaluate(IN_SIGHT)
    name = page.evaluate(
        "'c' + [...document.querySelectorAll('.card')].indexOf(window.watchedNode)"
    )
    page.evaluate("window.watchedNode.querySelector('.seal').focus()")
    opened = "{ state: 'open', type: 'text', text: 'A letter.\\n'.repeat(8), view: 0 }"
    change(watched, f"changeCard('{name}', {opened})")
    letter = page.locator(".opened")
    expect(letter).to_be_in_viewport(ratio=1)
    expect(letter.locator(".message-text")).to_be_focused()
    at = box(letter)["y"]
    add_cards(page, "new1", "new2", "new3")
    expect(page.get_by_role("button", name="3 new messages")).to_be_visible()
    assert abs(box(letter)["y"] - at) <= 1
    page.get_by_role("button", name="3 new messages").click()
    expect(page.locator(".seal").last).to_be_in_viewport()


def test_the_last_card_is_read_in_peace_and_then_the_newest_is_shown(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:together")
    page = watched.page
    add_cards(page, *(f"c{index}" for index in range(30)))
    page.locator(".seal").last.focus()
    opened = "{ state: 'open', type: 'text', text: 'A letter.\\n'.repeat(8), view: 0 }"
    change(watched, f"changeCard('c29', {opened})")
    letter = page.locator(".opened")
    expect(letter).to_be_in_viewport(ratio=1)
    at = box(letter)["y"]
    add_cards(page, "new1", "new2")
    assert abs(box(letter)["y"] - at) <= 1
    change(watched, "changeCard('c29', { state: 'shown_gone', text: null })")
    expect(page.locator(".seal").nth(-2)).to_be_focused()
    expect(page.locator(".seal").last).to_be_in_viewport(ratio=1)
    expect(page.locator(".pill")).to_be_hidden()


def test_nothing_is_announced_over_a_card_that_is_in_sight(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:cards")
    page = watched.page
    page.locator(".seal").first.focus()
    change(watched, "changeCard('a', { state: 'open', type: 'text', text: 'green', view: 0 })")
    expect(page.locator(".opened")).to_contain_text("green")
    add_cards(page, "new1")
    expect(page.locator(".seal").last).to_be_in_viewport(ratio=1)
    expect(page.locator(".pill")).to_be_hidden()


def test_the_newest_message_stays_in_sight_when_the_window_shrinks(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:many_entries").page
    expect(page.locator(".card").last).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 400})
    expect(page.locator(".card").last).to_be_in_viewport(ratio=0.9)


def test_a_change_of_one_card_among_two_hundred_touches_no_other(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:together")
    page = watched.page
    add_cards(page, *(f"c{index}" for index in range(200)))
    expect(page.locator(".seal")).to_have_count(200)
    page.evaluate(
        """() => {
          window.touched = new Set();
          new MutationObserver((all) => all.forEach(({ target }) => {
            const card = (target.nodeType === 1 ? target : target.parentElement).closest(".card");
            if (card) window.touched.add([...card.parentElement.children].indexOf(card));
          })).observe(document.querySelector(".log-list"),
            { subtree: true, childList: true, attributes: true, characterData: true });
        }"""
    )
    # As the client does it: every card is another object, and one of them is another card.
    change(watched, f"change({{ typing: ['ada'], cards: {STATE}.cards.map((c) => ({{ ...c }})) }})")
    change(watched, "changeCard('c100', { state: 'opening' })")
    expect(page.locator("[aria-busy=true]")).to_have_count(1)
    assert page.evaluate("[...window.touched]") == [100]


def test_a_card_that_comes_before_another_takes_no_focus_from_it(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:cards")
    page = watched.page
    page.locator(".seal").nth(1).focus()
    early = f"{{ ...{STATE}.cards[0], id: 'early', author: 'bo', sequence: 0 }}"
    change(watched, f"change({{ cards: [{early}, ...{STATE}.cards] }})")
    expect(page.locator(".seal")).to_have_count(3)
    expect(page.locator(".seal").nth(2)).to_be_focused()


# --- how long one's messages may be read ----------------------------------------------------------


def test_the_time_to_read_is_chosen_from_seven_and_kept_for_the_tab_alone(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:together")
    page = watched.page
    choice = page.get_by_label("Readable for")
    values = choice.locator("option").evaluate_all("all => all.map((one) => Number(one.value))")
    assert values == [5, 15, 30, 60, 120, 300, 0]
    choice.select_option("120")
    play(page, "room:conversation")
    expect(choice).to_have_value("120")
    page.get_by_label("Write a message").fill("For two minutes.")
    page.keyboard.press("Enter")
    assert calls(watched, "send") == [
        ["send", "For two minutes.", {"view": 120, "limit": None, "quote": None}]
    ]
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        0,
        0,
        "",
    ]


# --- drawn anew -----------------------------------------------------------------------------------

# A room that is closed and drawn once more for the same client, as another language does it.
DRAWN = """async () => {
  const { roomView } = await import("/static/js/room/views/room-view.js");
  const { FakeClient } = await import("/gallery/fake.js");
  const { open, state } = await import("/gallery/samples.js");
  const app = document.getElementById("app");
  const client = new FakeClient(state({ cards: [open("a", "Read me.", { view: 60 })] }));
  const show = () => {
    window.view?.close();
    window.view = roomView({ client, share: null });
    app.replaceChildren(window.view.node);
  };
  Object.assign(window, { show, again: client });
  show();
}"""


def test_a_view_drawn_anew_keeps_the_draft_the_quote_and_the_countdown(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:together", init=HEARD, clock=True).page
    page.evaluate(DRAWN)
    page.clock.run_for(20_000)
    page.get_by_role("button", name="Reply").click()
    page.keyboard.type("Half a thought")
    page.evaluate("window.show()")
    expect(page.get_by_label("Write a message")).to_have_value("Half a thought")
    expect(page.locator(".composer-quote .quote")).to_contain_text("Read me.")
    page.clock.run_for(1000)
    expect(page.locator(".burn-number")).to_have_text(re.compile("^(3[0-9]|40) sec$"))
    shown = "window.again.calls.filter(([name]) => name === 'shown').length"
    assert page.evaluate(shown) == 1
    assert [one for one in heard(page) if "opened" in one] == [
        "Message from Ada opened, readable for 1 minute"
    ]
    page.clock.run_for(41_000)
    assert page.evaluate("window.again.calls.at(-1)") == ["discard", "a"]


# --- the phone ------------------------------------------------------------------------------------

# A keyboard as Safari shows it: the page keeps its size, and only a part of it can be seen.
KEYBOARD = """
  const seen = Object.assign(new EventTarget(), { height: innerHeight, offsetTop: 0, scale: 1 });
  Object.defineProperty(window, "visualViewport", { get: () => seen });
  window.see = (part) => { Object.assign(seen, part); seen.dispatchEvent(new Event("resize")); };
"""


def test_a_keyboard_over_the_page_hides_neither_the_composer_nor_the_newest_card(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:cards", init=KEYBOARD, height=780).page
    for top in (0, 120):
        page.evaluate("(top) => window.see({ height: 400, offsetTop: top })", top)
        for node in (
            page.locator(".composer"),
            page.locator(".seal").last,
            page.locator(".room-head"),
        ):
            found = box(node)
            assert found["y"] >= top - 1
            assert found["y"] + found["height"] <= top + 400 + 1
    # Who zooms in wants to see more of a part, not a smaller room.
    page.evaluate("window.see({ height: 200, offsetTop: 300, scale: 2 })")
    assert box(page.locator(".room"))["height"] == 400
    page.evaluate("window.see({ height: 780, offsetTop: 0, scale: 1 })")
    assert box(page.locator(".room"))["height"] == 780


@pytest.mark.parametrize("state", ["room:cards", "room:draft_with_quote", "notice:joins"])
def test_a_phone_on_its_side_with_a_keyboard_shows_the_composer_and_a_card(
    visit: Visit, stage: str, state: str
) -> None:
    page = played(visit, stage, state, width=700, height=300).page
    expect(page.locator(".composer")).to_be_in_viewport(ratio=1)
    expect(page.locator(".card").last).to_be_in_viewport(ratio=0.9)


@pytest.mark.parametrize(
    "state",
    ["room:conversation", "notice:joins", "room:draft_with_quote", "messenger:chat_group"],
)
def test_text_of_twice_the_size_fits_the_narrowest_phone(
    visit: Visit, stage: str, state: str
) -> None:
    page = played(visit, stage, state, width=320, height=640).page
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    expect(page.locator(".composer")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator(".log").evaluate("node => node.scrollWidth <= node.clientWidth")
    assert box(page.locator(".log"))["height"] >= 64


@pytest.mark.parametrize("width", [320, 1280])
def test_the_composer_stays_in_sight_below_many_messages(
    visit: Visit, stage: str, width: int
) -> None:
    page = played(visit, stage, "room:some_entries", width=width, height=480).page
    expect(page.get_by_label("Write a message")).to_be_in_viewport(ratio=1)
    expect(page.locator(".log-list > *").last).to_be_in_viewport()


@pytest.mark.parametrize("width", [320, 390])
def test_a_closed_card_takes_little_of_a_phone_and_fits_a_finger(
    visit: Visit, stage: str, width: int
) -> None:
    page = played(visit, stage, "room:cards", width=width, has_touch=True).page
    assert 44 <= box(page.locator(".seal").first)["height"] <= 90
    for name in ("Send", "Room menu"):
        found = box(page.get_by_role("button", name=name))
        assert min(found["width"], found["height"]) >= 44


# --- alone, and not any more ----------------------------------------------------------------------

COME = """async () => {
  const { ada, me, room } = await import("/gallery/samples.js");
  window.gallery.client.change({ members: [ada, me], room });
}"""


def test_the_invitation_gives_way_when_somebody_comes_and_the_writer_goes_on(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:alone").page
    expect(page.locator(".empty .code-words")).to_be_visible()
    expect(page.locator(".composer")).to_be_in_viewport(ratio=1)
    page.get_by_label("Write a message").press_sequentially("Ring tw")
    page.evaluate(COME)
    expect(page.locator(".code-words")).to_have_count(0)
    page.keyboard.type("ice")
    expect(page.get_by_label("Write a message")).to_have_value("Ring twice")
    expect(page.get_by_label("Write a message")).to_be_focused()


def test_who_has_just_copied_the_code_finds_the_focus_in_the_composer(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:alone").page
    page.get_by_role("button", name="Copy the words").focus()
    page.evaluate(COME)
    expect(page.get_by_label("Write a message")).to_be_focused()


def test_the_invitation_stays_beside_what_is_written_until_somebody_comes(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:alone_and_writing").page
    expect(page.locator(".empty .code-words")).to_have_count(1)
    expect(page.locator(".card.sent")).to_have_count(1)
    page.evaluate(COME)
    expect(page.locator(".code-words")).to_have_count(0)
    expect(page.locator(".card.sent")).to_have_count(1)


def test_who_is_alone_in_a_room_of_several_knows_that_the_first_to_open_is_the_only_reader(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:alone_of_many").page
    expect(page.locator(".empty")).to_contain_text("only whoever opens it first can read it")
    expect(page.locator(".empty")).not_to_contain_text("The other person")


# --- the menu, and the end ------------------------------------------------------------------------


def test_the_menu_has_every_way_out_and_the_invitation(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:menu").page
    menu = page.locator("dialog.menu")
    for name in ("Invite", "Lock the room", "Hide", "Leave", "Destroy the room"):
        expect(menu.get_by_role("button", name=name)).to_be_visible()
    expect(menu.locator("kbd")).to_have_text("Ctrl + Shift + Backspace")
    menu.get_by_label("Let others see that I am typing").uncheck()
    menu.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("dialog", name="Invite").locator(".code-words")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Room menu").click()
    expect(page.get_by_label("Let others see that I am typing")).not_to_be_checked()


def test_nothing_that_comes_while_a_room_is_destroyed_brings_it_back(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:destroying", init=HEARD)
    page = watched.page
    notice = page.get_by_role("alert").filter(has_text="Not confirmed by the server yet")
    expect(notice).to_be_focused()
    change(watched, "change({ phase: 'reconnecting' })")
    add_cards(page, "late")
    hold_chord(page)
    expect(page.locator(".card, .seat, textarea")).to_have_count(0)
    assert page.locator("#app").inner_text().count("Destroying") == 1
    assert not any("connection" in one for one in heard(page))


def test_who_wants_less_motion_gets_none(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:cards", reduced_motion="reduce")
    change(watched, "changeCard('a', { state: 'open', type: 'text', text: 'green', view: 60 })")
    expect(watched.page.locator(".opened")).to_have_count(1)
    moving = """() => document.getAnimations()
      .filter((one) => one.effect.getComputedTiming().activeDuration > 0)
      // That moves nothing: it keeps the second tap of a double one away.
      .filter((one) => one.animationName !== "at-hand")
      .map((one) => one.animationName ?? one.transitionProperty ?? "script")"""
    assert watched.page.evaluate(moving) == []


# --- with a server --------------------------------------------------------------------------------


def sends(someone: Person, text: str) -> None:
    """Writes and sends without waiting for anything."""
    someone.text.fill(text)
    someone.page.keyboard.press("Enter")


def test_a_quote_goes_from_one_browser_to_the_other_and_no_server_sees_it(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    ada.says("The door is green. Ring twice.")
    bo.cards.click()
    bo.texts.press("r")
    bo.says("Twice, then.")
    expect(bo.page.locator(".sent .quote")).to_have_text("AdaThe door is green. Ring twice.")
    ada.cards.click()
    expect(ada.page.locator(".received .message-text")).to_have_text("Twice, then.")
    expect(ada.page.locator(".received .quote")).to_have_text("YouThe door is green. Ring twice.")
    for someone in (ada, bo):
        assert not any(word in someone.watched.said() for word in ("green", "Twice"))


def test_two_dozen_messages_arrive_in_order_and_the_page_stays_with_its_reader(
    visit: Visit, server: str
) -> None:
    ada, bo = two_in_a_room(visit, server)
    # Each waits for the other: three of one author in a row would be a stack, which shows one card.
    for number in range(12):
        sends(ada, f"Ada’s number {number}")
        expect(bo.cards).to_have_count(number + 1, timeout=PATIENCE_MS)
        sends(bo, f"Bo’s number {number}")
        expect(ada.cards).to_have_count(number + 1, timeout=PATIENCE_MS)
    expect(bo.cards.last).to_be_in_viewport()
    bo.asks_to_be_told("The title of the tab")
    expect(bo.page).to_have_title("(12) Ephemeral")
    first, last = bo.cards.first, bo.cards.last
    last.click()
    expect(bo.page.locator(".received .message-text")).to_have_text("Ada’s number 11")
    bo.page.get_by_role("button", name="Close now").click()
    first.click()
    expect(bo.page.locator(".received .message-text")).to_have_text("Ada’s number 0")
    at = box(bo.page.locator(".opened"))["y"]
    sends(ada, "One more")
    expect(bo.page.get_by_role("button", name="1 new message")).to_be_visible()
    assert abs(box(bo.page.locator(".opened"))["y"] - at) <= 1
    expect(ada.page.locator(".receipt-words", has_text="· gone")).to_have_count(2)


def test_three_people_and_a_second_device_of_one_are_told_apart_where_everyone_reads(
    visit: Visit, server: str
) -> None:
    ada, phone, bo = (person(visit, server) for _ in range(3))
    ada.choose(name="Ada", everyone=True, seats="3")
    ada.generate()
    ada.open_room()
    for someone, name in ((phone, "Ada"), (bo, "Bo")):
        someone.choose(name=name)
        someone.enter(ada.code)
        someone.is_inside()
    expect(bo.page.locator(".seat .who")).to_have_text(["Ada", "Ada · 2", "Bo"])
    phone.says("From the phone.")
    ada.says("From the desk.")
    expect(bo.cards).to_have_count(2)
    expect(bo.page.locator(".seal .mark")).to_have_text(["A2", "A"])
    bo.cards.first.click()
    expect(bo.page.locator(".received .message-text")).to_have_text("From the phone.")
    phone.sees_receipt("^Read by 1 of 2$")
    ada.cards.click()
    expect(ada.page.locator(".received .message-text")).to_have_text("From the phone.")
    phone.sees_receipt("^Read by all 2, .* · gone$")


def test_what_is_sent_into_a_tunnel_arrives_once_though_its_answer_was_lost(
    serve: Callable[..., Program], visit: Visit
) -> None:
    program = serve(KDF="pbkdf2")
    with tunnel_to(program.port) as tunnel:
        ada = person(visit, f"http://127.0.0.1:{tunnel.port}")
        bo = person(visit, program.url)
        ada.choose(name="Ada")
        ada.generate()
        ada.open_room()
        bo.enter(ada.code)
        bo.is_inside()
        ada.says("Before the tunnel.")
        expect(bo.cards).to_have_count(1)
        tunnel.deafen()
        ada.says("At its mouth.")
        expect(bo.cards).to_have_count(2)
        expect(ada.receipts.last).to_have_text("Sending")
        tunnel.cut()
        notice = ada.page.locator(".notice.attention")
        expect(notice).to_contain_text("The connection was lost")
        ada.says("Inside of it.")
        ada.sees_receipt("^Not sent yet: waits in this tab")
        expect(bo.page.locator("[data-notice=away]")).to_be_visible()
        tunnel.restore()
        ada.sees_receipt("^Stored until")
        expect(ada.page.locator(".notice.attention")).to_have_count(0)
        expect(bo.cards).to_contain_text("3 messages wait", timeout=PATIENCE_MS)
        expect(bo.page.locator("[data-notice=away]")).to_have_count(0)
        for _ in range(3):
            bo.cards.first.click()
            expect(bo.page.locator(".opened")).to_have_count(1)
            bo.page.get_by_role("button", name="Close now").click()
        expect(bo.page.locator(".ash")).to_have_text("3 messages, gone")
        expect(ada.page.locator(".receipt-words", has_text="· gone")).to_have_count(3)
        for someone in (ada, bo):
            someone.watched.forgive("WebSocket connection to .* failed|net::ERR_")
        ada.page.close()
