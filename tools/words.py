"""Writes the browser's twin of the word list.

`ephemeral/protocol/words.txt` is the one source, one word a line. The twin holds the same words in
the same order, each as one digit and the letters in which it differs from the word before. The
letters replace the end of that word. In a sorted list they can do so only where the first of them
comes later in the alphabet than what stands there; the digit counts such places from the end.
15.9 KB when compressed, where counting the shared letters takes 16.4, and the words as they are 21.
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
// out. 7,776 words in the order of their byte values, each as a digit and the letters that replace
// the end of the one before: from a place on where the first of them comes later in the alphabet;
// the digit says how many other such places follow.

const CODED = `
"""
TAIL = """`;

export const WORDS = Object.freeze(decoded(CODED));

/** @param {string} coded */
function decoded(coded) {
  let word = "";
  return (coded.match(/\\d[a-z-]+/g) ?? []).map((piece) => {
    const places = [...word].flatMap((letter, at) => (letter < piece[1] ? [at] : []));
    word = word.slice(0, places.at(-1 - Number(piece[0]))) + piece.slice(1);
    return word;
  });
}
"""


def shared_letters(before: str, word: str) -> int:
    """How many letters two words begin with in common."""
    same = (a == b for a, b in zip(before, word, strict=False))
    return sum(1 for _ in takewhile(bool, same))


def piece(before: str, word: str) -> str:
    """A word as what it changes of the word before, which is earlier in the alphabet and no
    beginning of it."""
    shared = shared_letters(before, word)
    others = sum(letter < word[shared] for letter in before[shared + 1 :])
    if others > 9 or (before and shared == len(before)):
        raise ValueError(f"{word} after {before} can't be told by a digit")
    return f"{others}{word[shared:]}"


def coded(words: list[str]) -> str:
    """The words as digits and ends; a line for each first letter."""
    pieces = [piece(before, word) for before, word in pairwise(["", *words])]
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
