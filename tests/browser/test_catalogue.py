"""Every sentence is in every catalogue, every sentence of the catalogues is used, each language has
the forms that it needs, and the page's tables agree with the modules that they speak of."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ephemeral.protocol.errors import ACCOUNT_STATUS, CONVERSATION_STATUS, FILE_STATUS, STATUS
from tools import catalogue
from tools.catalogue import Catalogue, Language

CODES = sorted(path.stem for path in catalogue.CATALOGUES.glob("*.json"))
# Keys that are put together in the modules: what they begin with, and the expression that follows.
COMPOSED = re.compile(r"`([a-z_.]+\.(?:[a-z_]+_)?)\$\{([^`}]*)\}`")
WHOLE = re.compile(r"""["'`]([a-z_]+(?:\.[a-z_0-9]+)+|name|description)["'`]""")


def texts(folder: Path, pattern: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob(pattern)))


def read(code: str) -> Catalogue:
    return catalogue.read(catalogue.CATALOGUES / f"{code}.json")


@pytest.fixture(scope="module")
def sources(web: Path) -> str:
    """Everything that says sentences."""
    scripts = web / "static/js"
    folders = ("ui", "room", "account", "conversations/views", "media/views", "pages")
    found = "\n".join(texts(scripts / folder, "*.js") for folder in folders)
    languages = (web.parent / "ephemeral/page/languages.py").read_text("utf-8")
    return found + texts(web / "templates", "*.html") + languages


@pytest.fixture(scope="module")
def english() -> Catalogue:
    return read("en")


@pytest.fixture(scope="module")
def known() -> dict[str, Language]:
    """What the library of Unicode knows of the languages that there are catalogues for."""
    return catalogue.languages(CODES)


@pytest.fixture(scope="module")
def tables(web: Path) -> dict[str, dict[str, dict[str, object]]]:
    """The tables of states, by name."""
    views = web / "static/js/room/views"
    usual, standing, passing = (
        json.dumps((views / f"{name}.js").as_uri())
        for name in ("state-tables", "standing-tables", "passing-table")
    )
    script = f"""
      import * as usual from {usual};
      import * as standing from {standing};
      import * as passing from {passing};
      console.log(JSON.stringify({{ ...usual, ...standing, ...passing }}));"""
    done = subprocess.run(
        [catalogue.NODE, "--input-type=module", "--eval", script],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    exported: dict[str, object] = json.loads(done.stdout)
    return {name: table for name, table in exported.items() if isinstance(table, dict)}


def actions(table: dict[str, dict[str, object]]) -> set[str]:
    found: set[str] = set()
    for row in table.values():
        offered = row.get("actions", [])
        assert isinstance(offered, list)
        found.update(offered)
    return found


# The catalogues


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_is_whole_and_well_formed(
    code: str, english: Catalogue, known: dict[str, Language]
) -> None:
    found = catalogue.faults(code, read(code), english, known)
    assert not found, "\n".join(found)


def test_there_are_catalogues_of_both_directions() -> None:
    assert {"en", "de", "ar", "fr"} <= set(CODES)
    assert {read(code)["language.direction"] for code in CODES} == {"ltr", "rtl"}


def test_french_keeps_its_signs_beside_their_words() -> None:
    """A narrow no-break space stands before ; : ! ? and within « »: no line begins with one."""
    bare = re.compile(r"[^\u202f][;:!?](?!//)|«[^\u202f]|[^\u202f]»")
    texts = {key: text for key, entry in read("fr").items() for _, text in catalogue._forms(entry)}
    assert [key for key, text in texts.items() if bare.search(text)] == []


def test_chromium_wants_the_same_plural_forms(browser: Browser, known: dict[str, Language]) -> None:
    page = browser.new_page()
    told = page.evaluate(f"(codes) => {{ {catalogue.ASKED} return codes.map(told); }}", CODES)
    page.close()
    for code, one in zip(CODES, told, strict=True):
        assert set(one["categories"]) == known[code].categories, code
        assert set(one["alone"]) == known[code].alone, code
        assert one["direction"] == known[code].direction, code


def test_the_forms_of_a_language_are_those_of_whole_numbers() -> None:
    asked = catalogue.languages(["en", "ru", "ja", "ar", "xx-nonsense", "qqx"])
    assert set(asked) == {"en", "ru", "ja", "ar"}
    assert asked["en"] == Language(frozenset({"one", "other"}), frozenset({"one"}), "ltr")
    # 1, 21 and 31 are all “one” in Russian: none may be said in words.
    assert asked["ru"] == Language(frozenset({"one", "few", "many", "other"}), frozenset(), "ltr")
    assert asked["ja"] == Language(frozenset({"other"}), frozenset(), "ltr")
    six = frozenset({"zero", "one", "two", "few", "many", "other"})
    assert asked["ar"] == Language(six, frozenset({"zero", "one", "two"}), "rtl")


# What the check finds, each fault made once


def put(key: str, value: object) -> Callable[[dict[str, object]], None]:
    return lambda sentences: sentences.update({key: value})


ENGLISH: Catalogue = {
    "name": "Ephemeral",
    "description": "Rooms for messages.",
    "language.direction": "ltr",
    "copy.done": "Copied",
    "card.waits": "Waits until {until}",
    "notice.unsent": {"one": "{count} message waits.", "other": "{count} messages wait."},
}
FORMS = {"one": "{count} Nachricht wartet.", "other": "{count} Nachrichten warten."}
GERMAN: Catalogue = {
    "name": "Ephemeral",
    "description": "Räume für Nachrichten.",
    "language.direction": "ltr",
    "copy.done": "Kopiert",
    "card.waits": "Wartet bis {until}",
    "notice.unsent": FORMS,
}
MARK = "has a directional mark; enclose what has its own direction in \\u2066 … \\u2069"
PAIRS = "an isolate (\\u2066, \\u2067, \\u2068) and its end (\\u2069) are not in pairs"
FAULTS: dict[str, tuple[Callable[[dict[str, object]], object], str]] = {
    "missing": (lambda one: one.pop("copy.done"), "copy.done: is missing"),
    "unused": (put("card.lost", "Verloren"), "card.lost: is used no longer; take it out"),
    "order": (
        lambda one: put("name", one.pop("name"))(one),
        "description: stands where English has name; --tidy puts all in order",
    ),
    "direction": (
        put("language.direction", "rtl"),
        "language.direction: this language is written ltr",
    ),
    "english": (put("copy.done", "Copied"), "copy.done: is still in English"),
    "english form": (
        put("notice.unsent", {**FORMS, "other": "{count} messages wait."}),
        "notice.unsent: is still in English",
    ),
    "no forms": (
        put("notice.unsent", "{count} warten."),
        "notice.unsent: has to be plural forms, as English has",
    ),
    "forms": (put("copy.done", {"other": "Kopiert"}), "copy.done: has to be one sentence"),
    "form missing": (
        put("notice.unsent", {"other": FORMS["other"]}),
        "notice.unsent: the form for “one” is missing",
    ),
    "form too many": (
        put("notice.unsent", {**FORMS, "few": FORMS["other"]}),
        "notice.unsent: this language has no form for “few”",
    ),
    "place missing": (put("card.waits", "Wartet"), "card.waits: the place {until} is missing"),
    "place in a form": (
        put("notice.unsent", {**FORMS, "other": "Nachrichten warten."}),
        "notice.unsent: the form for “other”: the place {count} is missing",
    ),
    "place unknown": (
        put("card.waits", "{name} wartet bis {until}"),
        "card.waits: there is no place {name}",
    ),
    "place twice": (
        put("card.waits", "Wartet bis {until}, {until}"),
        "card.waits: the place {until} is there twice",
    ),
    "brace": (
        put("card.waits", "Wartet bis {until} { bald }"),
        "card.waits: a brace belongs to no place",
    ),
    "empty": (put("copy.done", ""), "copy.done: is empty"),
    "blank": (put("copy.done", "Kopiert "), "copy.done: has a blank at an end, or two in a row"),
    "unseen": (
        put("copy.done", "Ko\u200bpiert"),
        "copy.done: has a character that can't be seen",
    ),
    "tag": (
        put("copy.done", "<b>Kopiert</b>"),
        "copy.done: looks like HTML; sentences are plain text",
    ),
    "entity": (
        put("copy.done", "Kopiert&nbsp;"),
        "copy.done: looks like HTML; sentences are plain text",
    ),
    "quote": (
        put("copy.done", 'Ist "kopiert"'),
        "copy.done: has a straight quote or apostrophe; use those of the language, as “ ” ’",
    ),
    "apostrophe": (
        put("copy.done", "Wie geht's"),
        "copy.done: has a straight quote or apostrophe; use those of the language, as “ ” ’",
    ),
    "dots": (put("copy.done", "Kopiert..."), "copy.done: has three dots; use …"),
    "Latin comma": (
        put("copy.done", "نُسخ, وانتهى"),
        "copy.done: has Latin punctuation after Arabic words; use ، ؛ ؟",
    ),
    "override": (
        put("copy.done", "Kopiert\u202eja\u202c"),
        f"copy.done: {MARK}",
    ),
    "isolate": (
        put("copy.done", "Kopiert \u2066ja"),
        f"copy.done: {PAIRS}",
    ),
    "isolate backwards": (
        put("copy.done", "Kopiert \u2069ja\u2066"),
        f"copy.done: {PAIRS}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_language_and_key(fault: str, known: dict[str, Language]) -> None:
    assert catalogue.faults("de", GERMAN, ENGLISH, known) == []
    spoil, sentence = FAULTS[fault]
    sentences = dict(GERMAN)
    spoil(sentences)  # type: ignore[arg-type]
    assert catalogue.faults("de", sentences, ENGLISH, known) == [f"de: {sentence}"]


def test_a_number_may_be_said_in_words_where_a_form_stands_for_one_number(
    known: dict[str, Language],
) -> None:
    one = {"notice.unsent": {**FORMS, "one": "Eine Nachricht wartet."}}
    assert catalogue.faults("de", GERMAN | one, ENGLISH, known) == []


def test_a_language_that_no_browser_knows_is_refused() -> None:
    (told,) = catalogue.faults("klingonisch", GERMAN, ENGLISH, {})
    assert told.startswith("klingonisch: browsers know no language of this code")


# What a translator does


def test_a_translator_copies_english_and_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], english: Catalogue
) -> None:
    copy = tmp_path / "ru.json"
    shutil.copy(catalogue.CATALOGUES / "en.json", copy)
    assert catalogue.main([str(copy)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert "ru: arriving.generate: is still in English" in told
    assert "ru: notice.unsent: the form for “few” is missing" in told
    still = {line.split(": ")[1] for line in told if line.endswith("is still in English")}
    assert len(still) > len(english) - 20


def test_tidying_brings_the_order_of_english_and_loses_no_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (catalogue.CATALOGUES / "en.json").read_text("utf-8")
    copy = tmp_path / "en.json"
    shuffled = dict(sorted(json.loads(whole).items())) | {"used.once": "x"}
    copy.write_text(json.dumps(shuffled), "utf-8")
    assert catalogue.main([str(copy)]) == 1
    assert catalogue.main(["--tidy", str(copy)]) == 0
    assert copy.read_text("utf-8") == whole
    assert capsys.readouterr().out.endswith("Nothing is missing.\n")


def test_tidying_keeps_what_is_missing_missing_and_isolates_readable() -> None:
    english = '{\n  "a": "A",\n\n  "b": "B",\n  "c": "C"\n}\n'
    given: Catalogue = {"b": "\u2066https://\u2069", "a": "أ"}
    assert catalogue.tidied(given, english) == (
        '{\n  "a": "أ",\n\n  "b": "\\u2066https://\\u2069"\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"name": "A",}', "can't be read"),
        ('{"name": "A", "name": "B"}', "name: is there twice"),
        ('{"room.joins": {"one": "1", "one": "2"}}', "one: is there twice"),
    ],
)
def test_a_file_that_is_no_catalogue_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, complaint: str
) -> None:
    (tmp_path / "fr.json").write_text(text, "utf-8")
    assert catalogue.main([str(tmp_path / "fr.json")]) == 1
    told = capsys.readouterr().out
    assert told.startswith("fr: can't be read: ")
    assert complaint in told


# The page


def test_no_sentence_is_missing(sources: str, english: Catalogue) -> None:
    said = re.findall(r"""(?:\bsay|\bparts)\(\s*["']([a-z_0-9.]+)["']""", sources)
    said += re.findall(r"""say\[["']([a-z_0-9.]+)["']\]""", sources)
    assert len(said) > 80
    assert "\n".join(sorted(set(said) - set(english))) == ""


def test_no_sentence_of_the_tables_is_missing(
    tables: dict[str, dict[str, dict[str, object]]], english: Catalogue
) -> None:
    assert {"ENDINGS", "BARRIERS", "PROGRESS", "NOTICES", "PASSING", "CARDS", "RECEIPTS"} <= set(
        tables
    )
    said = {
        row[part]
        for table in tables.values()
        for row in table.values()
        for part in ("title", "text", "next", "label")
        if part in row
    }
    said |= {f"notice.{action}" for action in actions(tables["NOTICES"])}
    said |= {f"sent.{action}" for action in actions(tables["RECEIPTS"])}
    assert len(said) > 60
    assert "\n".join(sorted(map(str, said - set(english)))) == ""


def test_no_sentence_is_unused(
    web: Path, sources: str, english: Catalogue, tables: dict[str, dict[str, dict[str, object]]]
) -> None:
    offered = {action for table in tables.values() for action in actions(table)}
    # What a composed key may end in: a refusal of the server's, or a name of the client's.
    words = (
        set(re.findall(r"\w+", texts(web / "static/js", "*.js")))
        | set(STATUS)
        | set(ACCOUNT_STATUS)
        | set(CONVERSATION_STATUS)
        | set(FILE_STATUS)
    )
    composed = set(COMPOSED.findall(sources))
    whole = set(WHOLE.findall(sources))

    def used(key: str) -> bool:
        return key in whole or any(
            key.startswith(prefix)
            and key.removeprefix(prefix).removeprefix("sent_").removesuffix("_by_me")
            in (offered if expression == "action" else words)
            for prefix, expression in composed
        )

    assert "\n".join(key for key in english if not used(key)) == ""


def literals(text: str, name: str) -> set[str]:
    """The strings of a union type in a typedef."""
    found = re.search(rf"@(?:typedef|property) \{{([^}}]*)\}} (?:\[)?{name}\b", text)
    assert found is not None
    return set(re.findall(r'"([a-z_]+)"', found.group(1)))


def test_every_end_fate_and_receipt_of_the_client_has_its_sentence(
    web: Path, english: Catalogue, tables: dict[str, dict[str, dict[str, object]]]
) -> None:
    shapes = (web / "static/js/room/room-state.js").read_text("utf-8")
    assert set(tables["ENDINGS"]) == literals(shapes, "EndReason")
    states = literals(shapes, "SentState")
    assert states <= set(tables["RECEIPTS"])
    # What went as it should is told by one line for all (room/views/ash-view.js).
    assert {f"trace.{fate}" for fate in literals(shapes, "fate") - {"viewed"}} <= set(english)
    ended = states - {"sending", "stored", "opened", "acknowledged", "viewed", "withdrawn"}
    assert {f"trace.sent_{state}" for state in ended} <= set(english)


# What only a broken or a lying program brings about is told by one sentence (refusals.js). The page
# has no contacts yet.
NOT_BY_PEOPLE = re.compile(
    "chain_|linking_|box_|pins|json_form|sealing_key|close_needed|contacts_full"
)


def test_every_refusal_of_accounts_that_a_person_can_meet_has_its_sentence(
    english: Catalogue,
) -> None:
    told = {code for code in ACCOUNT_STATUS if not NOT_BY_PEOPLE.match(code)}
    assert len(told) > 10
    silent = [
        code for code in told if not {f"account.refusal.{code}", f"refusal.{code}"} & set(english)
    ]
    assert silent == []
