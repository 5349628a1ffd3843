"""Writes the browser's twin of the word list.

`ephemeral/protocol/words.txt` is the one source, one word a line; the twin holds the same words in
the same order as one string, because that is a third of the size of a list of literals.
"""

import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ephemeral" / "protocol" / "words.txt"
TWIN = ROOT / "web" / "static" / "js" / "protocol" / "words.js"

HEAD = """\
// Made by tools/words.py from ephemeral/protocol/words.txt: change that, then run `make vendor`.
// EFF large word list, by the Electronic Frontier Foundation, CC BY 3.0 US
// (https://creativecommons.org/licenses/by/3.0/us/); words and order unchanged, dice numbers left
// out. 7,776 words in the order of their byte values.

export const WORDS = Object.freeze(
  `
"""
TAIL = """`
    .trim()
    .split(/\\s/),
);
"""


def twin(words: list[str]) -> str:
    """The text of the ES module that exports the words, in their order, as a frozen array."""
    lines = textwrap.wrap(" ".join(words), width=100, break_on_hyphens=False)
    return HEAD + "\n".join(lines) + TAIL


def main() -> None:
    words = SOURCE.read_text(encoding="ascii").splitlines()
    TWIN.parent.mkdir(parents=True, exist_ok=True)
    TWIN.write_text(twin(words), encoding="ascii")


if __name__ == "__main__":
    main()
