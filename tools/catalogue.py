"""Says what a catalogue of sentences lacks: python tools/catalogue.py [--tidy] [CATALOGUE ...]

Reads web/catalogue/en.json beside each file named (or every catalogue, if none is) and prints one
line for each fault: the language, the key, and what to do. `--tidy` first puts the sentences of a
file into the order of the English ones, keeps what it has, and drops what English doesn't have.
Needs `make setup`: the plural forms of a language are asked of the browsers' own library (Unicode
CLDR, by the node of Playwright's wheel). docs/translating.md tells a translator the rest.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import playwright

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "web" / "catalogue"
ENGLISH = "en"
NODE = Path(playwright.__file__).parent / "driver" / "node"

Forms = dict[str, str]
Catalogue = dict[str, str | Forms]

# What may be the same in every language: names, the keys of a keyboard, and the direction.
SAME = {"name", "keys.destroy", "language.direction"}
# Words that a language spells as English does.
ALIKE = {
    "de": {"Admin"},
    "fr": {"Admin", "Conversation", "Conversations", "Messages", "Notifications"},
}
PLACE = re.compile(r"\{(\w+)\}")
# Isolates come in pairs; marks, embeddings and overrides reach further than their sentence.
OPENING, CLOSING = "\u2066\u2067\u2068", "\u2069"
REACHING = re.compile("[\u061c\u200e\u200f\u202a-\u202e]")
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]")
ARABIC_THEN_LATIN = re.compile("[\u0620-\u06ff]\\s?[,;?]")

# What a browser says of a language: which plural categories whole numbers have, which of them
# stand for one number alone (a sentence may say that one in words), and the direction.
ASKED = """
const told = (code) => {
  if (Intl.PluralRules.supportedLocalesOf(code).length === 0) return null;
  const rules = new Intl.PluralRules(code);
  const numbers = [...Array(1001).keys(), 10000, 100000, 1000000, 2000000];
  const members = {};
  for (const number of numbers) (members[rules.select(number)] ??= []).push(number);
  const alone = Object.keys(members).filter((category) => members[category].length === 1);
  const locale = new Intl.Locale(code);
  const text = locale.getTextInfo?.() ?? locale.textInfo;
  return { categories: [...Object.keys(members), "other"], alone, direction: text.direction };
};
"""


@dataclass(frozen=True)
class Language:
    """What browsers know of a language, as far as a catalogue has to agree with it."""

    categories: frozenset[str]
    alone: frozenset[str]
    direction: str


def languages(codes: Iterable[str]) -> dict[str, Language]:
    """The languages with these codes, without those that browsers don't know."""
    wanted = json.dumps(list(codes))
    script = f"{ASKED} console.log(JSON.stringify({wanted}.map((code) => [code, told(code)])));"
    done = subprocess.run([NODE, "--eval", script], check=True, capture_output=True, text=True)
    return {
        code: Language(frozenset(told["categories"]), frozenset(told["alone"]), told["direction"])
        for code, told in json.loads(done.stdout)
        if told is not None
    }


def read(path: Path) -> Catalogue:
    """The sentences of a file. Raises ValueError where it isn't JSON, or has a key twice."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
        if twice:
            raise ValueError(f"{', '.join(twice)}: is there twice")
        return dict(pairs)

    sentences: Catalogue = json.loads(path.read_text("utf-8"), object_pairs_hook=once)
    return sentences


def faults(
    code: str, sentences: Catalogue, english: Catalogue, known: Mapping[str, Language]
) -> list[str]:
    """Everything that is wrong with the sentences of a language, each with its key, in words."""
    if code not in known:
        return [
            f"{code}: browsers know no language of this code (use one of BCP 47, as in en, pt-BR)"
        ]
    return [
        f"{code}: {fault}"
        for fault in (
            *_keys(sentences, english),
            *_language(sentences, known[code]),
            *(
                f"{key}: {fault}"
                for key, entry in sentences.items()
                if key in english
                for fault in _entry(key, entry, english[key], code, known[code])
            ),
        )
    ]


def _keys(sentences: Catalogue, english: Catalogue) -> Iterator[str]:
    yield from (f"{key}: is missing" for key in english if key not in sentences)
    yield from (f"{key}: is used no longer; take it out" for key in sentences if key not in english)
    shared = [key for key in sentences if key in english]
    for mine, theirs in zip(shared, (key for key in english if key in sentences), strict=True):
        if mine != theirs:
            yield f"{mine}: stands where English has {theirs}; --tidy puts all in order"
            return


def _language(sentences: Catalogue, language: Language) -> Iterator[str]:
    if sentences.get("language.direction", language.direction) != language.direction:
        yield f"language.direction: this language is written {language.direction}"


def _entry(
    key: str, entry: str | Forms, original: str | Forms, code: str, language: Language
) -> Iterator[str]:
    wanted = _places(original)
    if isinstance(original, dict) != isinstance(entry, dict):
        shape = "plural forms, as English has" if isinstance(original, dict) else "one sentence"
        yield f"has to be {shape}"
        return
    if isinstance(entry, dict):
        lacking = sorted(language.categories - entry.keys())
        yield from (f"the form for “{category}” is missing" for category in lacking)
        surplus = sorted(entry.keys() - language.categories)
        yield from (f"this language has no form for “{category}”" for category in surplus)
    for category, text in _forms(entry):
        where = f"the form for “{category}”: " if category else ""
        spelt = {"count"} if category in language.alone else set()
        yield from (where + fault for fault in _text(text, wanted, spelt))
    english = _words(entry) & _words(original)
    if code != ENGLISH and key not in SAME and english - ALIKE.get(code, set()):
        yield "is still in English"


def _text(text: str, wanted: set[str], spelt: set[str]) -> Iterator[str]:
    """What is wrong with one sentence that has `wanted` places, of which `spelt` may be absent."""
    places = Counter(PLACE.findall(text))
    for place in sorted(wanted - places.keys() - spelt):
        yield f"the place {{{place}}} is missing"
    for place in sorted(places.keys() - wanted):
        yield f"there is no place {{{place}}}"
    for place in sorted(place for place, count in places.items() if count > 1):
        yield f"the place {{{place}}} is there twice"
    if "{" in PLACE.sub("", text) or "}" in PLACE.sub("", text):
        yield "a brace belongs to no place"
    if text == "":
        yield "is empty"
    if text != text.strip() or "  " in text:
        yield "has a blank at an end, or two in a row"
    if UNSEEN.search(text):
        yield "has a character that can't be seen"
    if re.search(r"[<>]|&#?\w+;", text):
        yield "looks like HTML; sentences are plain text"
    if re.search("[\"'`]", text):
        yield "has a straight quote or apostrophe; use those of the language, as “ ” ’"
    if "..." in text:
        yield "has three dots; use …"
    if ARABIC_THEN_LATIN.search(text):
        yield "has Latin punctuation after Arabic words; use ، ؛ ؟"
    if REACHING.search(text):
        yield "has a directional mark; enclose what has its own direction in \\u2066 … \\u2069"
    if not _paired(text):
        yield "an isolate (\\u2066, \\u2067, \\u2068) and its end (\\u2069) are not in pairs"


def _paired(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in OPENING) - (character == CLOSING)
        if depth < 0:
            return False
    return depth == 0


def _forms(entry: str | Forms) -> Iterable[tuple[str, str]]:
    return entry.items() if isinstance(entry, dict) else [("", entry)]


def _places(entry: str | Forms) -> set[str]:
    return {place for _, text in _forms(entry) for place in PLACE.findall(text)}


def _words(entry: str | Forms) -> set[str]:
    """The sentences of an entry that say something beside their places."""
    texts = (text for _, text in _forms(entry))
    return {text for text in texts if re.search(r"[^\W\d_]", PLACE.sub("", text))}


def tidied(sentences: Catalogue, english: str) -> str:
    """The text of a catalogue with the keys, the order and the empty lines of the English text."""
    lines = []
    for line in english.splitlines()[1:-1]:
        found = re.match(r'\s*"([^"]+)":', line)
        if found is None:
            lines.append("")
        elif found[1] in sentences:
            value = json.dumps(sentences[found[1]], ensure_ascii=False)
            # Characters that can't be seen stay readable in an editor.
            value = re.sub("[\u2066-\u2069]", lambda one: f"\\u{ord(one[0]):04x}", value)
            lines.append(f'  "{found[1]}": {value},')
    last = max(number for number, line in enumerate(lines) if line)
    lines[last] = lines[last].removesuffix(",")
    return "\n".join(["{", *lines, "}", ""])


def looked_at(path: Path, *, tidy: bool) -> list[str]:
    """The faults of one file, which is put in order first if `tidy`."""
    english = CATALOGUES / f"{ENGLISH}.json"
    try:
        sentences = read(path)
        if tidy:
            path.write_text(tidied(sentences, english.read_text("utf-8")), "utf-8")
            sentences = read(path)
        return faults(path.stem, sentences, read(english), languages([path.stem]))
    except (OSError, ValueError) as error:
        return [f"{path.stem}: can't be read: {error}"]


def main(arguments: list[str]) -> int:
    """Prints the faults of the catalogues named; the exit code is 1 if there are any."""
    paths = [Path(argument) for argument in arguments if argument != "--tidy"]
    paths = paths or sorted(CATALOGUES.glob("*.json"))
    found = [fault for path in paths for fault in looked_at(path, tidy="--tidy" in arguments)]
    print("\n".join(found) if found else "Nothing is missing.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
