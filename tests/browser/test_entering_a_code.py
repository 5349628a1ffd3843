"""A code that came by telephone, on paper, through a messenger: what isn't wrong is forgiven."""

import json
import re
from pathlib import Path

import httpx
import pytest
from plays import played
from playwright.sync_api import expect
from support.machines.chromium import Visit
from support.people.people import person

from ephemeral.protocol.encoding import b64decode
from ephemeral.protocol.links import make_link
from ephemeral.protocol.suggestions import WORDS, suggestions

SPELLINGS = json.loads((Path(__file__).resolve().parents[1] / "spellings.json").read_text("utf-8"))

# Every spelling goes through the field as pasting does, and is then joined with.
WALK = """async (spellings) => {
  const [{ codeField }, drafts, { isLink, readLink, saltTag }, { readCode }] = await Promise.all(
    ["room/views/code-field", "pages/room", "protocol/links", "protocol/codes"]
      .map((name) => import(`/static/js/${name}.js`)));
  const config = { suite: 1, salt: new Uint8Array(32).fill(7) };
  const tag = await saltTag(config.salt);
  const settled = () => new Promise((resolve) => { setTimeout(resolve); });
  const read = async (text) => (isLink(text) ? readLink(text, config) : readCode(text));
  const results = [];
  for (const { text } of spellings) {
    let code = null;
    let done;
    const over = new Promise((resolve) => { done = resolve; });
    const enter = (typed) => {
      const reading = read(typed).then((found) => { code = found; });
      reading.then(done, done);
      return reading;
    };
    const { node, input } = codeField({ text: "", drafts: async () => drafts, enter });
    document.getElementById("app").replaceChildren(node);
    input.focus();
    // What helps comes to whoever is at the field.
    while (node.querySelector(".places") === null) await settled();
    await settled();
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain",
      text.replaceAll("{page}", "https://rooms.example/chat/").replaceAll("{tag}", tag));
    const pasting = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    if (input.dispatchEvent(pasting)) {
      input.value = clipboardData.getData("text/plain");
      input.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste" }));
    }
    const part = (place, name) => place.querySelector(`.place-${name}`)?.textContent;
    const told = (what) => Array.from(node.querySelectorAll(`.place${what}`),
      (place) => [Number(part(place, "number")), part(place, "word")]);
    const atOnce = told(".unknown");
    const words = told("").map(([, word]) => word).join("-");
    node.requestSubmit();
    await over;
    await settled();
    const error = node.querySelector(".field-error");
    const said = error.hidden ? "" : error.textContent;
    results.push({ code, words, atOnce, joining: told(".unknown"), said });
  }
  return results;
}"""
SAID = {
    "code_word": "is not in the list",
    "code_length": "There have to be 7 words",
    "link_form": "not a complete link",
    "link_salt": "another server",
}


def test_every_spelling_is_read_by_the_field_and_every_wrong_one_told_at_its_place(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "screen:arriving").page
    for one, found in zip(
        right := SPELLINGS["codes"] + SPELLINGS["links"], page.evaluate(WALK, right), strict=True
    ):
        assert (found["code"], found["joining"], found["said"]) == (SPELLINGS["code"], [], ""), one
        if one in SPELLINGS["codes"]:
            assert (found["words"], found["atOnce"]) == (SPELLINGS["code"], []), one
    for one, found in zip(SPELLINGS["wrong"], page.evaluate(WALK, SPELLINGS["wrong"]), strict=True):
        wrong = one.get("wrong", [])
        assert found["code"] is None, one
        assert found["joining"] == wrong, one
        # In a link they are told when it is read, for before that it isn't known whose it is.
        assert found["atOnce"] == ([] if "#" in one["text"] else wrong), one
        assert SAID[one["refusal"]] in found["said"], one


def slip(word: str) -> str:
    """The word with two letters in the wrong order, as nobody else's word."""
    for at in range(len(word) - 1):
        typed = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if "-" not in typed and typed not in WORDS and word in suggestions(typed):
            return typed
    raise AssertionError(word)


def test_a_code_with_transposed_letters_and_commas_is_right_after_two_clicks(
    visit: Visit, server: str
) -> None:
    ada, bo = person(visit, server), person(visit, server)
    ada.generate()
    words = ada.code.split()
    ada.is_inside()
    wrong = [at for at, word in enumerate(words) if "-" not in word][:2]
    typed = [slip(word) if at in wrong else word for at, word in enumerate(words)]
    field = bo.page.get_by_label("Enter the words you were given")
    field.press_sequentially(", ".join(typed).capitalize() + " ")
    # All at once, while it is typed, and at their places.
    expect(bo.page.locator(".place.unknown .place-word")).to_have_text(
        [re.compile(f"^{typed[at]}$", re.IGNORECASE) for at in wrong]
    )
    for at in wrong:
        bo.page.get_by_role("button", name=f"Use “{words[at]}” for word {at + 1}").click()
    expect(bo.page.locator(".place.unknown")).to_have_count(0)
    expect(bo.page.get_by_role("button", name="Join", exact=True)).to_be_focused()
    bo.page.keyboard.press("Enter")
    bo.is_inside()
    expect(ada.page.locator(".seat")).to_have_count(2)


def link_of(server: str, code: str) -> str:
    config = httpx.get(f"{server}/config", trust_env=False).json()
    return make_link(f"{server}/", config["kdf"]["suite"], b64decode(config["salt"]), code)


def test_a_link_with_what_a_messenger_added_to_it_enters(visit: Visit, server: str) -> None:
    ada, bo, cleo = person(visit, server), person(visit, server), person(visit, server)
    ada.choose(seats="3")
    ada.generate()
    ada.is_inside()
    link = link_of(server, ada.code.replace(" ", "-"))
    bo.enter(f"Ada: {link}&fbclid=IwAR0abc-def.")
    bo.is_inside()
    cleo.page.goto(f"{server}/?lang=en{link[link.index('#') :]}&fbclid=IwAR0abc-def")
    cleo.page.get_by_role("button", name="Join the room").click()
    cleo.is_inside()
    expect(ada.page.locator(".seat")).to_have_count(3)


def test_a_word_is_completed_by_arrow_and_enter_and_by_nothing_else(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "screen:arriving").page
    field = page.get_by_label("Enter the words you were given")
    options = page.locator(".completions").get_by_role("option")
    field.press_sequentially("ab")
    expect(options).to_have_count(0)
    field.press_sequentially("a")
    expect(options).to_have_text(["abacus"])
    expect(field).to_have_attribute("aria-expanded", "true")
    # What was not chosen is not taken: Tab goes on.
    field.press("Tab")
    expect(field).to_have_value("aba")
    expect(options).to_have_count(0)
    field.press("End")
    field.press_sequentially("c")
    field.press("ArrowDown")
    expect(field).to_have_attribute(
        "aria-activedescendant", options.first.get_attribute("id") or ""
    )
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value("abacus ")
    field.press_sequentially("bar")
    expect(options).to_have_count(5)
    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("abacus bar")
    field.press_sequentially("b")
    options.nth(1).click()
    expect(field).to_have_value(re.compile(r"^abacus barb\w+ $"))
    expect(field).to_be_focused()


def test_nobody_is_told_that_a_word_is_wrong_before_it_is_complete(
    visit: Visit, stage: str
) -> None:
    page = played(visit, stage, "screen:arriving").page
    field = page.get_by_label("Enter the words you were given")
    wrong = page.locator(".place.unknown")
    field.press_sequentially("kwii zomo")
    expect(wrong).to_have_count(1)
    expect(page.locator("#announce-polite")).to_contain_text("Word 1, “kwii”, is not in the list.")
    field.press_sequentially(" ")
    expect(wrong).to_have_count(2)
    expect(field).to_have_attribute("aria-invalid", "true")
    # Whoever goes on to the suggestions meets them in their order, behind Join.
    field.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=re.compile("for word 1$")).first).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_have_value("kiwi zomo ")
    expect(page.get_by_role("button", name=re.compile("for word 2$")).first).to_be_focused()


def test_slips_in_a_link_are_mended_one_after_the_other(visit: Visit, server: str) -> None:
    page = visit(f"{server}/").page
    link = link_of(server, SPELLINGS["code"])
    page.get_by_label("Enter the words you were given").fill(
        link.replace("zoom", "zooom").replace("finch", "finhc")
    )
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.locator(".place.unknown .place-word")).to_have_text(["zooom", "finhc"])
    page.get_by_role("button", name="Use “zoom” for word 2").click()
    page.get_by_role("button", name="Use “finch” for word 6").click()
    expect(page.get_by_label("Enter the words you were given")).to_have_value(link)
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_focused()


def test_the_field_asks_browsers_to_learn_nothing(visit: Visit, stage: str) -> None:
    page = played(visit, stage, "screen:arriving").page
    field = page.get_by_label("Enter the words you were given")
    for name, value in (
        ("autocomplete", "off"),
        ("autocorrect", "off"),
        ("autocapitalize", "none"),
        ("spellcheck", "false"),
        ("translate", "no"),
    ):
        expect(field).to_have_attribute(name, value)
    assert page.locator("datalist").count() == 0


# Beside the words, and on the invitation: each is shown with `window.asked` as its way in.
DOORS = {
    "arriving": """async ([arrivingScreen, invitedScreen, choices, show]) => show(arrivingScreen({
      choices, text: "abacus", enter: async () => { window.asked.push(choices.name); },
      generate: () => {}, leave: () => {}, server: () => new Promise(() => {}),
      drafts: () => new Promise(() => {}),
    }))""",
    "invited": """async ([arrivingScreen, invitedScreen, choices, show]) => show(invitedScreen({
      choices, join: () => { window.asked.push(choices.name); }, back: () => {},
    }))""",
}


@pytest.mark.parametrize("door", DOORS)
def test_whoever_has_entered_a_name_goes_in_by_enter(visit: Visit, stage: str, door: str) -> None:
    page = played(visit, stage, f"screen:{door}").page
    page.evaluate(
        f"""async () => {{
          const views = "/static/js/room/views";
          const {{ arrivingScreen }} = await import(`${{views}}/arriving-screen.js`);
          const {{ invitedScreen }} = await import(`${{views}}/invited-screen.js`);
          const {{ usualChoices }} = await import(`${{views}}/choices.js`);
          window.asked = [];
          const show = ({{ node }}) => document.querySelector(".screen").replaceWith(node);
          await ({DOORS[door]})([arrivingScreen, invitedScreen, usualChoices(), show]);
        }}"""
    )
    name = page.get_by_label("Your name here")
    name.fill("Bo")
    name.press("Enter")
    assert page.evaluate("window.asked") == ["Bo"]
