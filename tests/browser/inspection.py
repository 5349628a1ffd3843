"""Looks at every state of the page in all forms that it has: sizes, colours, sizes of text.

Each form is one walk through all states inside of the page, where everything that is looked for is
looked for at once: to show a state costs more than to look at it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from axe import ALL, OF_THE_FORM, OF_THE_PARTS, SCRIPT, Undecided
from plays import DESKTOP, NARROW, PHONE, every_state, play
from playwright.sync_api import Page

#: What was found, by what was looked for.
Found = dict[str, list[str]]

_INSPECTED = """async (what) => (await import("/gallery/inspecting.js")).inspected(what)"""
_TEXT = """(percent) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`html { font-size: ${percent}% }`);
  document.adoptedStyleSheets = [sheet];
}"""
#: For a page in which nobody waits for what a room says a moment later (room-announcer.js).
HURRIED = """
  const { setTimeout: later } = window;
  window.setTimeout = (done, wait = 0, ...more) => later(done, wait > 200 ? wait : wait / 10, ...more);
"""  # noqa: E501


@dataclass(frozen=True)
class Form:
    """`looks`: functions of gallery/looking.js; `rules`: of axe, for every so-manieth state.

    `rules_between`: of axe, for those of the states between in which there is something new.
    """

    name: str
    width: int
    height: int
    looks: tuple[str, ...]
    media: dict[str, str] = field(default_factory=dict)
    text: int = 100
    rules: dict[str, Any] | None = None
    every: int = 1
    rules_between: dict[str, Any] | None = None


_DARK = {"color_scheme": "dark"}
_FORCED = {"color_scheme": "light", "forced_colors": "active"}
_TIGHT = ("clipped", "overflowing")
_WORDS = ("unsaid", "unshowable")

#: Each thing is looked for in the form in which it is likeliest to be wrong. Of axe's rules those
#: about the parts of the page are asked in every state that has a part which it hasn't seen; its
#: contrasts and sizes, which `faint` and `small` know too, in some.
FORMS = (
    Form(
        "a phone",
        PHONE,
        780,
        ("overflowing", "small", "moving", "faint", *_WORDS),
        rules=ALL,
        every=8,
        rules_between=OF_THE_PARTS,
    ),
    Form("a desktop", DESKTOP, 780, ("overflowing", "faint"), _DARK, rules=OF_THE_FORM, every=12),
    Form("a narrow phone on its side", NARROW, 256, ("faint", *_TIGHT), _FORCED),
    Form("text of twice the size", PHONE, 780, _TIGHT, text=200),
)
#: From right to left the colours are the same, and what is in the page has no other parts.
MIRRORED_FORMS = (
    Form("a narrow phone", NARROW, 640, ("overflowing", "unshowable"), _DARK, rules=ALL, every=18),
)
#: What a release is looked at in besides: each form by itself, and axe in every state of the two.
RELEASE_FORMS = (
    Form("a phone", PHONE, 780, (), rules=ALL),
    Form("a desktop", DESKTOP, 780, ("overflowing", "unshowable"), _DARK, rules=OF_THE_FORM),
    Form("forced colours", DESKTOP, 780, ("faint",), _FORCED),
    Form("a narrow phone", NARROW, 640, _TIGHT),
    Form("a narrow phone on its side", NARROW, 256, _TIGHT),
)
RELEASE_MIRRORED_FORMS = (
    Form("a phone", PHONE, 780, ("overflowing", "unshowable"), _DARK, rules=ALL, every=4),
    Form("a desktop", DESKTOP, 780, ("overflowing",)),
)
#: French needs more room than English and German.
RELEASE_LONG_FORMS = (Form("a narrow phone", NARROW, 640, (*_TIGHT, *_WORDS)),)
#: Another engine draws, but reads no other code.
FIREFOX_FORMS = (
    Form("a phone", PHONE, 780, _TIGHT),
    Form("a desktop", DESKTOP, 780, _TIGHT),
)
# Its hundred entries are those of `room:some_entries` over again, and axe takes each of them anew.
_TOO_MANY_FOR_AXE = {"room:many_entries"}


def inspect(page: Page, forms: tuple[Form, ...]) -> Found:
    """Everything that is wrong with any state, on a page of the stage in which nothing moves."""
    if any(form.rules for form in forms):
        page.evaluate(SCRIPT)
    names = every_state(page)
    found: Found = defaultdict(list)
    for form in forms:
        page.set_viewport_size({"width": form.width, "height": form.height})
        page.emulate_media(**{"color_scheme": "light", "forced_colors": "none"} | form.media)  # type: ignore[arg-type]
        page.evaluate(_TEXT, form.text)
        open_questions = Undecided(page, lambda name: play(page, name))
        examined = [] if form.rules is None else names[:: form.every]
        what = {
            "names": names,
            "looks": form.looks,
            "rules": {name: form.rules for name in examined if name not in _TOO_MANY_FOR_AXE},
            "between": form.rules_between,
            "never": list(_TOO_MANY_FOR_AXE),
        }
        for seen in page.evaluate(_INSPECTED, what):
            where = f"{seen['state']}, {form.name}"
            for look, faults in seen["faults"].items():
                found[look] += [f"{where}: {fault}" for fault in dict.fromkeys(faults)]
            faults = [" | ".join(one) for one in seen.get("violations", ())]
            faults += open_questions.decide(seen["state"], seen.get("undecided", []))
            found["axe"] += [f"{where}: {fault}" for fault in dict.fromkeys(faults)]
    return dict(found)
