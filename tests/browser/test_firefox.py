"""The page in Firefox: a room with one person in Chromium, what it refuses, and every state."""

import base64
import json
import re
from collections import Counter
from functools import partial

import pytest
from inspection import FIREFOX_FORMS, HURRIED, inspect
from plays import played
from playwright.sync_api import Browser, expect
from support.machines.chromium import Visit, open_bare
from support.machines.server import Program
from support.people.people import PATIENCE_MS, person
from support.people.tampering import REFUSALS, Tamperer, started, tampered, tampering
from test_room_attachments import COLOURS, DRAW, picks, sends, with_place
from test_vectors_in_chromium import RUN, modules, serve_runner, vectors


def test_chromium_and_firefox_talk(
    visit: Visit, visit_firefox: Visit, shared_server: Program
) -> None:
    """More than a second: two browsers, and keys derived in earnest."""
    server = shared_server.url
    ada = person(visit, server)
    ada.choose(name="Ada")
    ada.generate()
    ada.open_room()

    bo = person(visit_firefox, server)
    bo.choose(name="Bo")
    bo.enter(f"  {ada.code.upper()} ")
    bo.is_inside()
    expect(ada.page.locator(".seat", has_text="Bo")).to_be_visible()
    expect(bo.page.locator(".seat", has_text="Ada")).to_be_visible()

    ada.text.press_sequentially("The door")
    expect(bo.page.locator(".typing")).to_have_text("Ada is typing…")
    ada.page.get_by_label("Readable for").select_option("5")
    ada.says("The door is green.\nLeft of the bakery.")
    ada.sees_receipt("^Stored until")
    expect(bo.cards).to_have_count(1)
    expect(bo.page).to_have_title("Ephemeral")
    bo.cards.focus()
    bo.page.keyboard.press("Enter")
    expect(bo.texts).to_have_text("The door is green.\nLeft of the bakery.")
    expect(bo.texts).to_be_focused()
    ada.sees_receipt("^Opened by .* · gone$")
    expect(bo.texts).to_have_count(0, timeout=PATIENCE_MS)
    expect(bo.page.locator(".ash")).to_have_text("1 message, gone")

    bo.says("Thank you.")
    bo.sees_receipt("^Stored until")
    ada.cards.click()
    expect(ada.texts.last).to_have_text("Thank you.")
    expect(ada.page.locator(".burn-number").last).to_have_text(re.compile("(30|2[0-9]) sec"))
    bo.sees_receipt("^Opened by .* · gone$")

    # A picture each way: another decoder, and another writer of pictures.
    for author, reader in ((ada, bo), (bo, ada)):
        picture = with_place(base64.b64decode(author.page.evaluate(DRAW, "image/jpeg")))
        picks(author, ("holiday.jpg", "image/jpeg", picture))
        sends(author)
        reader.page.get_by_role("button", name=re.compile("A file, up to")).click()
        canvas = reader.page.locator(".opened canvas")
        expect(canvas).to_be_visible(timeout=PATIENCE_MS)
        left, right = canvas.evaluate(COLOURS)
        assert left[0] > 150 > left[2]
        assert right[2] > 150 > right[0]
        author.sees_receipt("^Opened by .* · gone$")
        reader.page.get_by_role("button", name="Close now").last.click()
        expect(canvas).to_have_count(0)

    bo.menu("Leave")
    bo.answers("Leave")
    bo.sees_end("left")
    expect(ada.page.locator(".seat")).to_have_count(1)
    assert bo.page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))") == []


def refuses_a_changed_byte(visit_firefox: Visit, proxy: Tamperer) -> None:
    watched = visit_firefox(proxy.url + "/?lang=en")
    started(watched.page)
    watched.page.get_by_role("button", name="Open a private room").click()
    expect(watched.page.locator(".code-words")).to_be_visible()
    proxy.change = partial(tampered, "home")
    again = visit_firefox(proxy.url + "/?lang=en")
    expect(again.page.locator("#incomplete")).to_be_visible()
    again.forgive(REFUSALS)
    watched.forgive("socket|WebSocket|/rooms|501")


def test_firefox_refuses_a_changed_byte_too_and_runs_the_rest(
    visit_firefox: Visit, shared_server: Program
) -> None:
    with tampering(shared_server.port) as proxy:
        refuses_a_changed_byte(visit_firefox, proxy)


# What another engine may do otherwise is asked whole. Of other operations so many of each outcome:
# whether our modules do right with all the rest, node and Chromium tell.
WHOLE = {"accounts_boxes.json", "accounts_json.json", "accounts_signatures.json"}
FEW = 5


def few_of_each(text: str) -> str:
    """A file of vectors, with the first of each kind."""
    file = json.loads(text)
    met: Counter[tuple[str, str]] = Counter()
    kept = []
    for case in file["cases"]:
        kind = (case["op"], json.dumps(case["expect"]))
        met[kind] += 1
        if met[kind] <= FEW:
            kept.append(case)
    return json.dumps({**file, "cases": kept})


def test_vectors_of_accounts_and_conversations_hold_in_firefox(
    firefox: Browser, shared_server: Program
) -> None:
    """Its Ed25519 is another than Chromium's, and its other libraries are."""
    server = shared_server.url
    page = firefox.new_page()
    open_bare(page, server)
    layers = ("accounts_", "conversations_")
    files = [
        (name, text if name in WHOLE else few_of_each(text))
        for name, text in vectors()
        if name.startswith(layers)
    ]
    argument = {"runner": serve_runner(page, server), "base": modules(server), "files": files}
    result = page.evaluate(RUN, argument)
    assert result["failures"] == []
    assert result["ran"] > 500
    page.close()


@pytest.mark.release
@pytest.mark.timeout(600)
def test_firefox_draws_every_state_as_chromium_does(visit_firefox: Visit, stage: str) -> None:
    """More than a second: a hundred states in two sizes, each walked through inside of the page."""
    page = played(visit_firefox, stage, "screen:arriving", init=HURRIED).page
    found = inspect(page, FIREFOX_FORMS)
    assert found["overflowing"] + found["clipped"] == []
