"""Nothing runs in the page but what it names: no changed file, no script of anybody else.

Firefox, which refuses too, is asked in test_firefox.py.
"""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import expect
from support.machines.chromium import Visit, Watched
from support.machines.server import Program
from support.people.tampering import REFUSALS, Answer, Tamperer, started, tampered, tampering

pytestmark = pytest.mark.whole_chromium


@pytest.fixture
def proxy(quick_server: Program) -> Iterator[Tamperer]:
    with tampering(quick_server.port) as tamperer:
        yield tamperer


def test_a_changed_byte_in_the_first_file_keeps_the_page_from_running(
    visit: Visit, proxy: Tamperer
) -> None:
    proxy.change = partial(tampered, "home")
    watched = visit(proxy.url + "/?lang=en")
    expect(watched.page.locator("#incomplete")).to_be_visible()
    watched.forgive(REFUSALS)


def test_a_changed_byte_in_what_comes_later_is_refused_however_often_it_is_asked_for(
    visit: Visit, proxy: Tamperer
) -> None:
    proxy.change = partial(tampered, "room")
    watched = visit(proxy.url + "/?lang=en")
    page = watched.page
    started(page)
    for _ in range(2):
        # Each is asked for anew, and the browser says why it refuses a little later.
        with page.expect_event("console", lambda one: re.search(r"/room\.\w+\.js\?", one.text)):
            page.get_by_role("button", name="Open a private room").click()
        expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_be_attached()
    expect(page.locator(".code-words")).to_have_count(0)
    assert len({path for path in proxy.asked if "/room." in path}) > 1
    watched.forgive(REFUSALS)


def test_a_changed_byte_in_the_small_script_or_in_the_style_sheet_is_refused(
    visit: Visit, proxy: Tamperer
) -> None:
    def both(asked: str, answer: Answer) -> None:
        tampered("old", asked, answer)
        tampered("page", asked, answer)

    proxy.change = both
    watched = visit(proxy.url + "/?lang=en")
    started(watched.page)
    assert watched.page.evaluate("() => document.styleSheets.length") == 0
    refused = [one for one in watched.offences if re.search("digest", one)]
    assert sorted(re.findall(r"/(old|page)\.[0-9a-f]{16}\.", " ".join(refused))) == ["old", "page"]
    watched.forgive(REFUSALS)


def test_a_script_of_which_the_page_names_no_integrity_is_refused(
    visit: Visit, server: str
) -> None:
    watched = visit(server + "/")
    started(watched.page)
    load = "(address) => import(address).then(() => 'ran', () => 'refused')"
    assert watched.page.evaluate(load, "/static/js/protocol/limits.js") == "refused"
    watched.forgive(REFUSALS)


# What the page's policies let through

MAKE = """
  const make = TrustedTypePolicyFactory.prototype.createPolicy;
  TrustedTypePolicyFactory.prototype.createPolicy = function (...given) {
    return (window.made = make.apply(this, given));
  };
"""
# In a task of the page's own: what a driver evaluates may evaluate texts.
TRY = """() => new Promise((done) => setTimeout(() => {
  try { %s; done("let through"); } catch (error) { done(error.name); }
}))"""
SINKS = [
    "document.body.innerHTML = '<b>x</b>'",
    "document.body.outerHTML = '<b>x</b>'",
    "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
    "document.write('<b>x</b>')",
    "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
    "document.createElement('script').src = '/static/js/pages/old.js'",
    "document.createElement('script').text = 'x()'",
    "document.createElement('iframe').srcdoc = '<b>x</b>'",
    "new Worker('/static/js/device/derive-worker.js')",
    "setTimeout('x()')",
    "eval('1')",
    "new Function('1')",
    "made.createScriptURL('/static/js/device/derive-worker.js')",
    "made.createScriptURL('https://elsewhere.example/x.js')",
    "made.createScriptURL('https://elsewhere.example/static/derive-worker.js')",
    "made.createScriptURL(new URL('/static/x/derive-worker.js', location.href).href)",
    "made.createScriptURL(new URL('/static/home.js', location.href).href)",
    "made.createHTML('<b>x</b>')",
    "trustedTypes.createPolicy('ephemeral', {})",
    "trustedTypes.createPolicy('another', {})",
]


@pytest.fixture
def loaded(visit: Visit, server: str) -> Watched:
    """The page with everything that it loads, and the policy that it has made."""
    watched = visit("about:blank", init=MAKE)
    watched.origin = server
    watched.page.goto(server + "/")
    watched.page.wait_for_function("window.made !== undefined")
    return watched


def test_no_sink_takes_a_text_and_the_one_policy_lets_only_the_workers_through(
    loaded: Watched,
) -> None:
    page = loaded.page
    for sink in SINKS:
        tried = page.evaluate(TRY % sink)
        assert tried in {"TypeError", "EvalError"}, sink
    workers = page.evaluate(WORKERS)
    assert len(workers) == 2
    for worker in workers:
        assert page.evaluate("(url) => String(made.createScriptURL(url))", worker) == worker
    loaded.forgive(REFUSALS)


WORKERS = """async () => {
  const { src } = document.querySelector("script[src*='/home.']");
  const text = await (await fetch(src)).text();
  const names = text.match(/[a-z-]*derive-worker\\.[0-9a-f]{16}\\.js/g);
  return names.map((name) => new URL(name, src).href);
}"""


def test_the_page_may_use_none_of_what_browsers_ask_people_for(visit: Visit, server: str) -> None:
    watched = visit(server + "/")
    allowed = set(watched.page.evaluate("() => document.featurePolicy.allowedFeatures()"))
    asked = {
        "camera", "display-capture", "geolocation", "hid", "idle-detection", "local-fonts",
        "local-network-access", "microphone", "midi", "payment", "publickey-credentials-get",
        "serial", "storage-access", "usb", "window-management", "clipboard-read",
    }  # fmt: skip
    assert asked & allowed == set()
    # What the page does use.
    assert "clipboard-write" in allowed
