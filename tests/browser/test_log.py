"""The talk as a whole: stacks, what is gone, what is hidden, and the invitation before it."""

import pytest
from plays import calls, change, played
from playwright.sync_api import expect
from support.machines.chromium import Visit

# --- stacks ---------------------------------------------------------------------------------------

OPENED = "changeCard('%s', { state: 'open', type: 'text', text: 'Words of %s.', view: 0 })"
GONE = "changeCard('%s', { state: 'shown_gone', text: null })"


def test_a_stack_is_read_one_after_the_other_by_one_key(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:stacks")
    page = watched.page
    stack = page.locator(".stack .seal")
    expect(stack).to_have_count(3)
    expect(stack.first).to_contain_text("4 messages wait")
    stack.first.focus()
    for number, (name, left) in enumerate(zip("abc", ("3", "2", None), strict=True), start=1):
        page.keyboard.press("Enter")
        assert calls(watched, "open")[-1] == ["open", name]
        assert len(calls(watched, "open")) == number
        change(watched, f"changeCard('{name}', {{ state: 'opening' }})")
        change(watched, OPENED % (name, name))
        expect(page.get_by_text(f"Words of {name}.")).to_be_visible()
        expect(page.locator(".opened .message-text")).to_be_focused()
        if left is not None:
            expect(stack.first).to_contain_text(f"{left} messages wait")
        change(watched, GONE % name)
        expect(page.locator(".seal").first).to_be_focused()
    # The last one is a card like any other.
    expect(stack).to_have_count(2)
    expect(page.locator(".card.received")).to_have_count(3)


BURNING = "document.querySelectorAll('.embers').length"


def test_what_goes_into_a_stack_does_not_burn_and_what_was_read_does(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards", reduced_motion="no-preference")
    page = watched.page
    third = "{ ...client.state.cards[1], id: 'c', sequence: 1e6 }"
    client = "const { client } = window.gallery;"
    burning = page.evaluate(
        f"() => {{ {client} client.change({{ cards: [...client.state.cards, {third}] }}); return {BURNING}; }}"  # noqa: E501
    )
    expect(page.locator(".stack")).to_have_count(1)
    assert burning == 0
    change(watched, OPENED % ("a", "a"))
    assert page.evaluate(f"() => {{ {client} client.{GONE % 'a'}; return {BURNING}; }}") == 1


# --- what is gone ---------------------------------------------------------------------------------


def test_the_line_of_what_is_gone_fades_after_a_minute_and_comes_again(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards", clock=True)
    page = watched.page
    ash = page.locator(".ash")
    change(watched, GONE % "a")
    expect(ash).to_have_text("1 message, gone")
    page.clock.run_for(50_000)
    change(watched, GONE % "b")
    expect(ash).to_have_text("2 messages, gone")
    page.clock.run_for(50_000)
    expect(ash).to_have_count(1)
    page.clock.run_for(11_000)
    expect(ash).to_have_count(0)
    change(watched, "change({ typing: [] })")
    expect(ash).to_have_count(0)


def test_fates_from_before_a_reload_stay_until_they_were_seen(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:fates", clock=True)
    page = watched.page
    page.clock.run_for(600_000)
    fates = page.get_by_role("region", name="What became of earlier messages of yours")
    expect(fates.get_by_role("listitem")).to_have_count(2)
    expect(fates).to_contain_text("Opened by Ada")
    expect(fates).to_contain_text("Taken back. It had been opened once")
    fates.get_by_role("button", name="Remove").click()
    expect(fates).to_have_count(0)
    expect(page.locator(".card.sent")).to_have_count(1)


# --- whom one doesn't want to see -----------------------------------------------------------------

HIDE = """async () => {
  const { memoryOf } = await import("/static/js/room/views/room-memory.js");
  memoryOf(window.gallery.client).hidden.add("ada");
  window.gallery.client.change({});
}"""


def test_what_a_hidden_member_wrote_is_one_line_and_shown_one_by_one(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards")
    page = watched.page
    expect(page.locator(".seal")).to_have_count(2)
    page.evaluate(HIDE)
    expect(page.locator(".seal")).to_have_count(0)
    line = page.locator(".hidden-messages")
    expect(line).to_contain_text("2 messages from Ada")
    line.get_by_role("button").press("Enter")
    expect(line).to_contain_text("1 message from Ada")
    expect(page.locator(".seal")).to_have_count(1)
    expect(line.get_by_role("button")).to_be_focused()
    line.get_by_role("button").press("Enter")
    expect(line).to_have_count(0)
    expect(page.locator(".seal")).to_have_count(2)
    expect(page.locator(".seal").last).to_be_focused()


# --- the invitation -------------------------------------------------------------------------------

SENT = """async () => {
  const { sent } = await import("/gallery/samples.js");
  const { client } = window.gallery;
  const before = client.state.sent;
  client.change({ sent: [...before, sent(`s${before.length}`, "stored", "Ring twice.")] });
}"""


@pytest.mark.parametrize(("width", "folds"), [(390, True), (1280, False)])
def test_the_words_fold_once_where_messages_need_the_space(
    visit: Visit, stage: str, width: int, folds: bool
) -> None:
    page = played(visit, stage, "room:alone", width=width).page
    words = page.locator(".code-words")
    fold = page.locator(".invitation summary")
    expect(words).to_be_visible()
    expect(fold).to_be_hidden()
    page.evaluate(SENT)
    expect(fold).to_be_visible()
    expect(words).to_be_visible(visible=not folds)
    if folds:
        fold.press("Enter")
    page.evaluate(SENT)
    expect(words).to_be_visible()


def test_the_words_stay_until_the_seats_are_taken_or_nobody_can_come_in(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:seats_left_and_writing", width=1280)
    words = watched.page.locator(".code-words")
    expect(words).to_be_visible()
    seats = "change({ room: { ...window.gallery.client.state.room, %s } })"
    change(watched, seats % "locked: true")
    expect(words).to_have_count(0)
    change(watched, seats % "locked: false")
    expect(words).to_be_visible()
    change(watched, seats % "seatsTaken: 5, joins: 5")
    expect(words).to_have_count(0)
