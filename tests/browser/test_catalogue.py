"""Every sentence is in the catalogue, every sentence of the catalogue is used, and the page's
lists agree with the modules that they speak of."""

import json
import re
from pathlib import Path

import pytest

# Keys that are put together in the modules: prefix, and what may follow.
PREFIXES = re.compile(r"`([a-z_.]+)\$\{[^`]*\}(_text)?`")
PLAIN = re.compile(r"""["'`]([a-z_]+(?:\.[a-z_0-9]+)+|name|description)["'`]""")


def sources(web: Path) -> str:
    files = [*(web / "static/js/ui").glob("*.js"), *(web / "static/js/pages").glob("*.js"),
             *(web / "templates").glob("*.html")]  # fmt: skip
    assert len(files) > 25
    return "\n".join(path.read_text("utf-8") for path in files)


def loaded(web: Path, language: str) -> dict[str, str | dict[str, str]]:
    found: dict[str, str | dict[str, str]] = json.loads(
        (web / "catalogue" / f"{language}.json").read_text("utf-8")
    )
    return found


@pytest.fixture(scope="module")
def english(web: Path) -> dict[str, str | dict[str, str]]:
    return loaded(web, "en")


def test_no_sentence_is_missing(web: Path, english: dict[str, object]) -> None:
    said = re.findall(r"""(?:\bsay|\bparts)\(\s*["']([a-z_0-9.]+)["']""", sources(web))
    said += re.findall(r"""say\[["']([a-z_0-9.]+)["']\]""", sources(web))
    assert len(said) > 80
    assert sorted(set(said) - set(english)) == []


def test_no_sentence_is_unused(web: Path, english: dict[str, object]) -> None:
    text = sources(web)
    prefixes = tuple({prefix for prefix, _ in PREFIXES.findall(text)})
    plain = set(PLAIN.findall(text))
    unused = [key for key in english if key not in plain and not key.startswith(prefixes)]
    assert unused == []


def test_every_plural_has_the_form_for_the_rest(english: dict[str, object]) -> None:
    plurals = {key: forms for key, forms in english.items() if isinstance(forms, dict)}
    assert plurals
    assert all("other" in forms for forms in plurals.values())


def literals(text: str, name: str) -> set[str]:
    """The strings of a union type in a typedef."""
    found = re.search(rf"@(?:typedef|property) \{{([^}}]*)\}} (?:\[)?{name}\b", text)
    assert found is not None
    return set(re.findall(r'"([a-z_]+)"', found.group(1)))


def listed(web: Path, table: str) -> set[str]:
    """The states in a table of states.js."""
    text = (web / "static/js/ui/states.js").read_text("utf-8")
    found = re.search(
        rf"^export const {table} = freeze\(\{{(.*?)^\}}\)", text, re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return set(re.findall(r"^  ([a-z_]+): \{", found.group(1), re.MULTILINE))


def test_no_state_names_a_sentence_that_is_missing(web: Path, english: dict[str, object]) -> None:
    text = (web / "static/js/ui/states.js").read_text("utf-8")
    named = re.findall(r'\b(?:title|text|next|label): "([^"]+)"', text)
    assert len(named) > 60
    assert sorted(set(named) - set(english)) == []


def test_every_end_fate_and_receipt_of_the_client_has_its_sentence(
    web: Path, english: dict[str, object]
) -> None:
    shapes = (web / "static/js/net/state.js").read_text("utf-8")
    reasons = literals(shapes, "EndReason")
    assert listed(web, "ENDINGS") == reasons
    for part in ("", "_text", "_next"):
        assert {f"ended.{reason}{part}" for reason in reasons} <= set(english)
    assert listed(web, "RECEIPTS") >= literals(shapes, "SentState")
    assert {f"trace.{fate}" for fate in literals(shapes, "fate")} <= set(english)
    ended = {"viewed", "unconfirmed", "expired", "room_destroyed", "false_receipt", "refused"}
    assert {f"trace.sent_{state}" for state in ended} <= set(english)


def test_the_first_screen_preloads_exactly_what_it_imports(web: Path) -> None:
    scripts = web / "static/js"
    reached: set[Path] = set()
    todo = [scripts / "pages/main.js"]
    while todo:
        path = todo.pop()
        for found in re.findall(r'^import [^"]*"([^"]+)";', path.read_text("utf-8"), re.MULTILINE):
            module = (path.parent / found).resolve()
            if module not in reached:
                reached.add(module)
                todo.append(module)
    template = (web / "templates/index.html").read_text("utf-8")
    listed = re.search(r"for module in \[(.*?)\]", template, re.DOTALL)
    assert listed is not None
    names = re.findall(r'"(\w+)"', listed.group(1))
    assert {(scripts / "ui" / f"{name}.js").resolve() for name in names} == reached
    assert len(names) == len(set(names))
