"""Being told of what comes while one looks elsewhere: if one asks for it, and never what it is."""

from plays import change, played
from playwright.sync_api import expect
from support.machines.chromium import Visit, Watched

# What the device plays and shows, and a page that nobody looks at until `seen()`.
DEVICE = """
  window.played = 0; window.notes = []; window.open_notes = 0; window.asked = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) { window.played += 1; start.call(this, at); };
  window.Notification = class extends EventTarget {
    static async requestPermission() { window.asked += 1; return window.permission ?? "granted"; }
    constructor(...given) {
      super();
      if (window.illegal) throw new TypeError("Illegal constructor");
      window.notes.push(given); window.open_notes += 1;
    }
    close() { window.open_notes -= 1; }
  };
  let looked = false;
  document.hasFocus = () => looked;
  window.seen = () => { looked = true; window.dispatchEvent(new Event("focus")); };
"""
MORE = """change({
  cards: [...window.gallery.client.state.cards, {
    ...window.gallery.client.state.cards[0], id: `more-${Math.random()}`, state: "closed",
  }],
})"""
CAME = """change({
  members: [...window.gallery.client.state.members, {
    ...window.gallery.client.state.members[0], id: `cy-${Math.random()}`, name: "Cy",
  }],
})"""
NOTES = "[window.notes.length, window.open_notes]"


def told(visit: Visit, stage: str) -> Watched:
    watched = played(visit, stage, "room:conversation", init=DEVICE, width=1280)
    watched.page.evaluate(
        """async () => {
          const { neutralScreen } = await import("/static/js/ui/neutral-screen.js");
          const app = document.getElementById("app");
          window.curtain = neutralScreen({ nodes: [app], changed: () => {} });
        }"""
    )
    return watched


def asks(watched: Watched, way: str) -> None:
    watched.page.get_by_role("button", name="Room menu").click()
    watched.page.get_by_role("button", name="Tell me when something comes").click()
    watched.page.get_by_label(way).check()
    watched.page.get_by_role("button", name="Close the menu").click()


def test_nothing_sounds_or_is_notified_or_asked_for_until_a_person_wants_it(
    visit: Visit, stage: str
) -> None:
    watched = told(visit, stage)
    change(watched, MORE)
    change(watched, CAME)
    assert watched.page.evaluate("[window.played, window.notes.length, window.asked]") == [0, 0, 0]


def test_a_sound_is_one_for_many_and_none_while_the_page_is_covered(
    visit: Visit, stage: str
) -> None:
    watched = told(visit, stage)
    page = watched.page
    asks(watched, "A sound")
    # Two notes are heard at once, so that one knows them again.
    assert page.evaluate("window.played") == 2
    change(watched, MORE)
    assert page.evaluate("window.played") == 4
    change(watched, MORE)
    assert page.evaluate("window.played") == 4
    page.evaluate("const now = Date.now; Date.now = () => now() + 60_000; window.curtain.cover()")
    change(watched, MORE)
    assert page.evaluate("window.played") == 4
    page.get_by_role("button", name="Back").click()
    change(watched, CAME)
    assert page.evaluate("window.played") == 6


def test_a_notification_says_nothing_and_goes_when_the_page_is_seen_covered_or_left(
    visit: Visit, stage: str
) -> None:
    watched = told(visit, stage)
    page = watched.page
    asks(watched, "A notification on this device")
    change(watched, MORE)
    assert page.evaluate(NOTES) == [1, 1]
    (said,) = page.evaluate("window.notes")
    assert said == ["Something has come", {"tag": "ephemeral", "silent": True}]
    page.evaluate("window.curtain.cover()")
    assert page.evaluate(NOTES) == [1, 0]
    change(watched, MORE)
    assert page.evaluate(NOTES) == [1, 0]
    page.get_by_role("button", name="Back").click()
    change(watched, CAME)
    assert page.evaluate(NOTES) == [2, 1]
    change(watched, "change({ phase: 'ended', ended: { reason: 'left', by: null, unsent: [] } })")
    assert page.evaluate(NOTES) == [2, 0]
    change(watched, MORE)
    assert page.evaluate(NOTES) == [2, 0]


def test_whoever_looks_at_the_page_is_not_notified(visit: Visit, stage: str) -> None:
    watched = told(visit, stage)
    asks(watched, "A notification on this device")
    change(watched, MORE)
    watched.page.evaluate("window.seen()")
    assert watched.page.evaluate(NOTES) == [1, 0]
    change(watched, MORE)
    assert watched.page.evaluate(NOTES) == [1, 0]


def test_a_notification_that_the_browser_refuses_is_off(visit: Visit, stage: str) -> None:
    watched = told(visit, stage)
    page = watched.page
    page.evaluate("window.permission = 'denied'")
    page.get_by_role("button", name="Room menu").click()
    page.get_by_role("button", name="Tell me when something comes").click()
    page.get_by_label("A notification on this device").click()
    expect(
        page.get_by_role("alert").filter(has_text="Your browser does not allow it")
    ).to_be_visible()
    expect(page.get_by_label("A notification on this device")).not_to_be_checked()
    change(watched, MORE)
    assert page.evaluate(NOTES) == [0, 0]


def test_where_a_page_may_show_no_notification_all_else_is_told(visit: Visit, stage: str) -> None:
    """Chromium on a phone with a mouse has the class, and refuses to make one."""
    watched = told(visit, stage)
    asks(watched, "notification")
    watched.page.evaluate("window.illegal = true")
    change(watched, MORE)
    watched.page.evaluate("window.illegal = false")
    change(watched, MORE)
    assert watched.page.evaluate("window.notes.length") == 1


def test_conversations_tell_of_what_comes_without_a_word_of_it_to_whoever_asked(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "messenger:list", init=DEVICE, width=1280)
    page = watched.page

    def comes(conversation: str, unread: str) -> None:
        page.evaluate("(id) => window.gallery.client.talk.come(id)", conversation)
        row = page.locator(f"[data-conversation={conversation}]")
        expect(row).to_contain_text(f"{unread} new message")

    comes("pair", "1")
    assert page.evaluate("[window.played, window.notes.length, window.asked]") == [0, 0, 0]
    page.get_by_role("button", name="Tell me").click()
    for way in ("A sound", "A notification on this device"):
        page.get_by_label(way, exact=True).check()
    page.keyboard.press("Escape")
    assert page.evaluate("window.played") == 2
    comes("pair", "2")
    assert page.evaluate("window.played") == 4
    (said,) = page.evaluate("window.notes")
    assert said == ["Something has come", {"tag": "ephemeral", "silent": True}]
    # What is muted disturbs nobody.
    comes("arabic", "3")
    assert page.evaluate(NOTES) == [1, 1]
    page.evaluate("window.seen()")
    assert page.evaluate(NOTES) == [1, 0]
    comes("pair", "3")
    assert page.evaluate(NOTES) == [1, 0]
