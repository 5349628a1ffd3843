"""A hostile peer and a server that lies: nothing they can make the page show is more than text."""

import json
from collections.abc import Callable

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from plays import played
from support.machines.chromium import Visit, Watched

# A browser is slow, so each of hypothesis' examples is a batch. The one that failed is named by
# itself and needs no shrinking. The same 200 in every run, and others for `make fuzz`: 1,600.
FUZZED = settings.get_current_profile_name() == "fuzz"
steady = settings(
    derandomize=not FUZZED, deadline=None, max_examples=40 if FUZZED else 5,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
BATCH = 40

Besiege = Callable[[list[object]], None]


@pytest.fixture
def watched(visit: Visit, stage: str) -> Watched:
    """A phone's page with a room in it that a test fills."""
    watched = played(visit, stage, "room:together", width=360, height=640, reduced_motion="reduce")
    watched.page.on("dialog", lambda dialog: watched.offences.append(f"dialog: {dialog.message}"))
    watched.page.on("popup", lambda page: watched.offences.append(f"window: {page.url}"))
    return watched


def besieged(watched: Watched, *, exact: bool) -> Besiege:
    """Plays examples and fails if one of them did anything; `exact` also compares every text."""
    page = watched.page
    page.evaluate("async () => { window.siege = await import('/gallery/siege.js'); }")
    address, requests = page.url, len(watched.requests)

    def besiege(examples: list[object]) -> None:
        # As ASCII, because a lone surrogate would not survive the way into the browser.
        found = page.evaluate(
            "([json, options]) => window.siege.besiege(json, options)",
            [json.dumps(examples), {"exact": exact}],
        )
        faults = [f"{what}: {json.dumps(examples[index])[:400]}" for index, what in found]
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)
        assert watched.offences == []
        assert page.url == address
        assert len(watched.requests) == requests, watched.requests[requests:]

    return besiege


def texts(content: object) -> list[object]:
    """A text in every place in which a peer can put one."""
    return [
        {"content": {"type": "text", "text": content, "view": 0}},
        {"content": {"type": "text", "text": "x", "quote": {"text": content, "author": None}}},
        {"content": {"type": content, "text": content}},
        {"profile": {"name": content, "colour": 3}, "content": {"type": "text", "text": content}},
        {"member": {"name": content, "present": False}, "state": {"typing": [content, "eve"]}},
        {"card": {"author": content, "authorName": content, "state": "closed"}},
    ]


PAYLOADS = [
    "<script>canary()</script>",
    "<img src=x onerror=canary()>",
    '"><svg onload=canary()>',
    "<svg><script>canary()</script></svg>",
    '<math><mtext><mglyph><style><img src="x" onerror="canary()">',
    "<iframe srcdoc='<script>parent.canary()</script>'>",
    "<a href=javascript:canary()>x</a>",
    "<form action=javascript:canary()><button>x",
    "<base href=//evil.example><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<template><script>canary()</script></template>",
    "javascript:canary()",
    "JaVaScRiPt://%0acanary()",
    "data:text/html,<script>canary()</script>",
    "vbscript:canary()",
    "https://evil.example/?<script>canary()</script>",
    "https://evil.example\\@ephemeral.example/",
    "https://ephemeral.example@evil.example/",
    "https://user:pass@evil.example/",
    "https://xn--80ak6aa92e.com/ https://аррӏе.com/",
    "http://[::1]:80/ http://0x7f.1/ http://127.1/ https://evil。example/",
    "https://evil.example/\u202ecod.exe",
    "`<img src=x onerror=canary()>`",
    "```html\n<script>canary()</script>\n```",
    "``` ``` ``` ` `` `",
    "[x](javascript:canary())",
    "{{constructor.constructor('canary()')()}}",
    "${canary()}",
    "<%= canary() %> {% raw %}",
    "'-canary()-'",
    "</textarea><script>canary()</script>",
    "</title><script>canary()</script>",
    "--><script>canary()</script>",
    "]]><script>canary()</script>",
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u2068" * 50,
    "\u200f\u200e\u061c\u2069\u202b",
    "\u200b\u200c\u200d\u2060\ufeff",
    "a\u0000b\u0001\u0007\u0008\u001b[31mred\u001b[0m",
    "form\u000cfeed\u000bvertical\u0085next\u2028line\u2029paragraph\r\nreturn\rend",
    "Z" + "\u0335\u0321\u0489" * 500,
    "\u0628\u064b" * 400,
    "\ufdfd" * 100,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 200,
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "\ud800",
    "\udfff\ud800 lone",
    "\ufffe\uffff\U0010ffff",
    "x" * 60_000,
    "W" * 3_000 + " " + "\u3000" * 3_000,
    "\n" * 5_000,
    " " * 5_000,
    "\t" * 2_000,
    "`" * 20_000,
    "```\n" * 5_000,
    "https://" * 5_000,
    "https://evil.example/" + "a/" * 10_000,
    "https://a.b " * 4_000,
    "(" * 10_000 + "https://a.b/" + ")" * 10_000,
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "undefined",
    "NaN",
    "[object Object]",
    "",
    " ",
    "0",
]


@pytest.mark.parametrize("part", range(3))
def test_the_classics_are_text(watched: Watched, part: int) -> None:
    besiege = besieged(watched, exact=True)
    besiege([example for payload in PAYLOADS[part::3] for example in texts(payload)])


def test_what_turns_the_text_around_is_no_name(visit: Visit, stage: str) -> None:
    name = played(visit, stage, "room:hostile").page.locator(".seat .who").first
    assert name.text_content() == "Guest"


# Pieces of which a text is made that means something to somebody.
PIECES = st.sampled_from([
    "<", ">", "</", "<script>", "canary()", "<img src=x onerror=canary()>", "&lt;", "&#60;",
    "'", '"', "`", "``", "```", "```\n", "\n```\n", "\n", "\r\n", " ", "\t", "    ", "\f", "\0",
    "\x1b[0m", "\x85", "http://", "https://", "HTTPS://", "//", "javascript:", "data:",
    "mailto:", "a.b", "evil.example", "/", "\\", "@", ":", "?", "#", "%00", "%", "(", ")", "[",
    "]", "{", "}", "{{", "${", ".", ",", ";", "!", "…", "»", "。", "xn--", "é", "ı", "ﬁ",
    "\u202e", "\u2066", "\u2069", "\u200f", "\u200b", "\u200d", "\ufeff", "\u2028", "\u0301",
    "\u0489" * 9, "\ufe0f", "😀", "🏳️‍🌈", "👨‍👩‍👧", "🇩🇪", "مرحبا", "שלום", "中文", "x" * 300,
    "\ud800", "\udc00", "\U0010ffff", "__proto__", "constructor", "0",
])  # fmt: skip
any_text = st.lists(PIECES, max_size=16).map("".join) | st.text(
    st.characters(exclude_categories=()), max_size=200
)
any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "view", "quote", "__proto__", "toString", "then", ""]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
BEYOND = ["undefined", "nan", "infinity", "symbol", "bigint", "function", "date", "hollow", "proxy"]
anything = any_json | st.sampled_from([{"\0": name} for name in BEYOND])

quotes = st.fixed_dictionaries({"text": any_text, "author": st.none() | st.just("eve") | any_text})
contents = st.fixed_dictionaries(
    {"type": st.just("text"), "text": any_text},
    optional={"view": st.integers(0, 300), "quote": quotes},
)
profiles = st.fixed_dictionaries({"name": any_text, "colour": st.integers(0, 11)})
CARD_FIELDS = [
    "author", "authorName", "authorColour", "sequence", "size", "postedAt", "expiresAt", "audience",
    "state", "fate", "text", "quote", "view", "type", "gapBefore", "repeated", "error", "holder",
    "leaseUntil",
]  # fmt: skip
SENT_FIELDS = ["text", "quote", "state", "error", "sequence", "postedAt", "expiresAt", "counter"]
MEMBER_FIELDS = ["name", "colour", "present", "joinedAt", "seenAt"]
CARD_STATES = st.sampled_from([
    "closed", "opening", "open", "taken", "shown_gone", "gone", "broken", "returned",
])  # fmt: skip


def batches(example: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.lists(example, min_size=BATCH, max_size=BATCH)


def some_fields(names: list[str]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(names), anything, max_size=3)


def test_any_text_is_shown_as_it_was_sent(watched: Watched) -> None:
    besiege = besieged(watched, exact=True)
    examples = st.fixed_dictionaries({"content": contents}, optional={"profile": profiles})

    @steady
    @given(batches(examples))
    def holds(batch: list[object]) -> None:
        besiege(batch)

    holds()


def test_any_json_in_a_message_is_a_card_and_nothing_more(watched: Watched) -> None:
    besiege = besieged(watched, exact=True)

    @steady
    @given(batches(st.fixed_dictionaries({"content": any_json})))
    def holds(batch: list[object]) -> None:
        besiege(batch)

    holds()


def test_no_field_of_a_state_can_break_the_page(watched: Watched) -> None:
    besiege = besieged(watched, exact=False)
    cards = st.tuples(CARD_STATES, some_fields(CARD_FIELDS)).map(
        lambda drawn: {"card": {"state": drawn[0], "type": "text", "text": "t", **drawn[1]}}
    )
    sent = some_fields(SENT_FIELDS).map(lambda fields: {"sent": fields})
    members = some_fields(MEMBER_FIELDS).map(lambda fields: {"member": fields})
    typing = st.lists(any_text, max_size=3).map(lambda ids: {"state": {"typing": ids}})

    @steady
    @given(batches(cards | sent | members | typing))
    def holds(batch: list[object]) -> None:
        besiege(batch)

    holds()


@pytest.mark.parametrize(
    "planted",
    [
        "const d = document.createElement('img'); list.append(d)",
        "list.append(Object.assign(document.createElement('a'), { href: 'javascript:0' }))",
        "list.style.width = '4000px'; list.parentElement.style.overflow = 'visible'",
        "throw new Error('planted')",
        "Promise.reject(new Error('planted'))",
        "window.canary()",
        "document.querySelector('.message-text').append('!')",
    ],
)
def test_a_breach_would_be_found(watched: Watched, planted: str) -> None:
    page = watched.page
    besiege = besieged(watched, exact=True)
    page.evaluate(
        "() => window.gallery.client.addEventListener('change', () => {"
        f" const list = document.querySelector('.log-list'); {planted} }}, {{ once: true }})"
    )
    with pytest.raises(pytest.fail.Exception):
        besiege([{"content": {"type": "text", "text": "x"}}])
    # The browser tells of errors a little later.
    page.evaluate("() => new Promise((resolve) => { setTimeout(resolve, 50); })")
    watched.forgive(".*")
