"""Writes the browser's twin of the word list.

`ephemeral/protocol/words.txt` is the one source, one word a line. The twin holds the same words in
the same order, each as one digit, how many letters it shares with the word before, and the letters
that follow: 16.4 KB when compressed, where the words as they are take 21.
"""

from itertools import groupby, pairwise, takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ephemeral" / "protocol" / "words.txt"
TWIN = ROOT / "web" / "static" / "js" / "protocol" / "words.js"

HEAD = """\
// Made by tools/words.py from ephemeral/protocol/words.txt: change that, then run `make vendor`.
// EFF large word list, by the Electronic Frontier Foundation, CC BY 3.0 US
// (https://creativecommons.org/licenses/by/3.0/us/); words and order unchanged, dice numbers left
// out. 7,776 words in the order of their byte values, each as the number of letters that it shares
// with the one before, and the rest.

const CODED = `
"""
TAIL = """`;

export const WORDS = Object.freeze(decoded(CODED));

/** @param {string} coded */
function decoded(coded) {
  let word = "";
  return (coded.match(/\\d[a-z-]+/g) ?? []).map((piece) => {
    word = word.slice(0, Number(piece[0])) + piece.slice(1);
    return word;
  });
}
"""


def shared_letters(before: str, word: str) -> int:
    """How many letters two words begin with in common."""
    same = (a == b for a, b in zip(before, word, strict=False))
    return sum(1 for _ in takewhile(bool, same))


def coded(words: list[str]) -> str:
    """The words as digits and rests; a line for each first letter."""
    pieces = []
    for before, word in pairwise(["", *words]):
        shared = shared_letters(before, word)
        if shared > 9:
            raise ValueError(f"{before} and {word} share more than a digit tells")
        pieces.append(f"{shared}{word[shared:]}")
    initials = groupby(zip(words, pieces, strict=True), key=lambda pair: pair[0][0])
    return "\n".join("".join(piece for _, piece in pairs) for _, pairs in initials)


def twin(words: list[str]) -> str:
    """The text of the ES module that exports the words, in their order, as a frozen array."""
    return f"{HEAD}{coded(words)}\n{TAIL}"


def main() -> None:
    words = SOURCE.read_text(encoding="ascii").splitlines()
    TWIN.parent.mkdir(parents=True, exist_ok=True)
    TWIN.write_text(twin(words), encoding="ascii")


if __name__ == "__main__":
    main()
