"""Chromium runs the modules that the server serves, under the policy that the server sets."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route
from support.machines.chromium import CHROMIUM_ARGUMENTS, Watched, chromium, open_bare

TESTS = Path(__file__).resolve().parent.parent
RUNNERS = (
    "vectors.mjs",
    "account-vectors.mjs",
    "attachment-vectors.mjs",
    "cleaning-vectors.mjs",
    "conversation-vectors.mjs",
    "file-vectors.mjs",
)
RUN = """async ({ runner, base, files }) => {
  const { casesOf } = await import(runner);
  const { derive } = await import(new URL("device/derive.js", base).href);
  const parsed = files.map(([name, text]) => ({ name, content: JSON.parse(text) }));
  const cases = await casesOf(base, parsed, derive, null);
  const failures = [];
  for (const { name, run } of cases) {
    try { await run(); } catch (error) { failures.push(`${name}: ${error.message}`); }
  }
  return { ran: cases.length, failures };
}"""
ARGON2ID = """async ({ runner, base, vendored, files }) => {
  const { casesOf } = await import(runner);
  const { argon2id } = await import(vendored);
  const parsed = files.map(([name, text]) => ({ name, content: JSON.parse(text) }));
  const cases = await casesOf(base, parsed, null, argon2id);
  const chosen = cases.filter(({ name }) => name.startsWith("primitives.json: argon2id_"));
  for (const { run } of chosen) await run();
  return chosen.length;
}"""
DERIVE = """async ({ base, salt }) => {
  const { derive } = await import(new URL("device/derive.js", base).href);
  try {
    const root = await derive("a-b-c-d-e-f-g", { suite: 1, salt: new Uint8Array(salt) });
    return root.length;
  } catch (error) { return error.code ?? String(error); }
}"""
# Kept out of the watched page's console, where a refused policy would be an offence of the page.
ASK_FOR_POLICY = """(name) => {
  try { trustedTypes.createPolicy(name, { createScriptURL: (url) => url }); return "made"; }
  catch (error) { return error.name; }
}"""

SIZES = """async (pictures) => Promise.all(pictures.map(async ([name, type, hex]) => {
  const bytes = Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
  try {
    const { width, height } = await createImageBitmap(new Blob([bytes], { type }));
    return [name, width, height];
  } catch (error) { return [name, error.message]; }
}))"""


def modules(server: str) -> str:
    return f"{server}/static/js/"


# What takes a good part of a second each. One of them tells whether a browser can do it; whether it
# is right for all others, node and Python tell with the same modules and vectors.
SLOW = {
    "derive_auth_key",
    "derive_root",
    "grow_chain",
    "link_root",
    "recovery_root",
    "safety_number",
}


def vectors() -> list[tuple[str, str]]:
    """Names and texts: parsed in the browser, since `__proto__` gets lost on the way there."""
    files = sorted((TESTS / "vectors").glob("*.json"))
    return [(one.name, few_of_the_slow(one.read_text("utf-8"))) for one in files]


def few_of_the_slow(text: str) -> str:
    """A file of vectors, with the first success of each slow operation, and of each suite."""
    file = json.loads(text)
    met = set()
    kept = []
    for case in file["cases"]:
        which = (case["op"], case["in"].get("suite"))
        slow = case["op"] in SLOW and case["expect"] == "success"
        if not (slow and which in met):
            kept.append(case)
        met.add(which)
    return text if len(kept) == len(file["cases"]) else json.dumps({**file, "cases": kept})


def serve_runner(page: Page, server: str) -> str:
    """The address of the vectors' runner, which stands beside the modules for this page alone."""

    def serve(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        route.fulfill(path=TESTS / "js" / name, content_type="text/javascript")

    for name in RUNNERS:
        page.route(modules(server) + name, serve)
    return modules(server) + RUNNERS[0]


@pytest.fixture
def page(bare: Watched) -> Watched:
    return bare


def test_every_vector_holds_in_chromium(page: Watched, server: str) -> None:
    runner = serve_runner(page.page, server)
    argument = {"runner": runner, "base": modules(server), "files": vectors()}
    result = page.page.evaluate(RUN, argument)
    assert result["failures"] == []
    assert result["ran"] > 500


def test_cleaned_pictures_are_those_that_they_were(page: Watched) -> None:
    """As large and as turned: three pixels by two lie down, or stand."""
    cases = json.loads((TESTS / "vectors" / "cleaning.json").read_text("utf-8"))["cases"]
    wanted = {
        "jpeg_iphone": (8, 16),
        "jpeg_android": (16, 8),
        "jpeg_turned_late": (8, 16),
        "jpeg_edited": (16, 8),
        "png_screenshot": (3, 2),
        "png_moving": (3, 2),
        "webp_phone": (2, 1),
        "webp_upright": (2, 1),
        "gif_programs": (1, 1),
    }
    given, sizes = [], []
    for one in cases:
        if one["name"] in wanted:
            kind = f"image/{one['out']['kind']}"
            for which, data in (("before", one["in"]["data"]), ("after", one["out"]["data"])):
                given.append([f"{one['name']} {which}", kind, data])
                sizes.append([f"{one['name']} {which}", *wanted[one["name"]]])
    assert page.page.evaluate(SIZES, given) == sizes


@pytest.mark.release
def test_argon2id_gives_the_published_answers_in_chromium(browser: Browser, server: str) -> None:
    """With other parameters than ours, which are among the vectors that always run.

    Without the policy by which only the worker of pages compiles WebAssembly.
    """
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    open_bare(page, server)
    runner = serve_runner(page, server)
    vendored = f"{server}/static/vendor/hash-wasm/argon2.js"
    argument = {
        "runner": runner, "base": modules(server), "vendored": vendored, "files": vectors(),
    }  # fmt: skip
    assert page.evaluate(ARGON2ID, argument) >= 9
    context.close()


def test_the_derivation_leaves_neither_worker_nor_policy_behind(page: Watched, server: str) -> None:
    start = f"(options) => {{ window.derived = ({DERIVE})(options); }}"
    with page.page.expect_worker() as begun:
        page.page.evaluate(start, {"base": modules(server), "salt": [7] * 32})
    assert begun.value.url == modules(server) + "device/derive-worker.js"
    with begun.value.expect_event("close"):
        assert page.page.evaluate("() => derived") == 32
    # The derivation has taken the one policy of trusted types, and there is no other.
    assert page.page.evaluate(ASK_FOR_POLICY, "ephemeral") == "TypeError"
    assert page.page.evaluate(ASK_FOR_POLICY, "another") == "TypeError"
    page.forgive("Content Security Policy|TrustedTypePolicy")


@pytest.fixture(scope="module")
def poor_browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium in which WebAssembly gets 32 MiB at most."""
    arguments = [*CHROMIUM_ARGUMENTS, "--js-flags=--wasm-max-mem-pages=512"]
    launched = browser.browser_type.launch(executable_path=chromium(), args=arguments)
    yield launched
    launched.close()


def test_too_little_memory_is_refused_as_such(poor_browser: Browser, server: str) -> None:
    page = poor_browser.new_page()
    open_bare(page, server)
    argument = {"base": modules(server), "salt": [7] * 32}
    assert page.evaluate(DERIVE, argument) == "derivation_memory"
