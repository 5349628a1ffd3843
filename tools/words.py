"""Writes the browser's twin of the word list.

`ephemeral/protocol/words.txt` is the one source, one word a line. The twin holds the same words in
the same order, coded so that a download of them is short: each word as how many letters it leaves
away at the end of the one before, and the letters that follow. Every bit of these is foretold from
what came before it, the better the more of the list is known, and coded by how surprising it is
(arithmetic coding; PAQ works so). Whoever decodes foretells the same.

That takes 13.4 KB with the program that decodes it, where 16.3 are taken by the digits and letters
that were there before, compressed, and 21 by the words as they are.

Coding and decoding must come to the same numbers in every language and on every machine: nothing
is used but additions, multiplications and divisions of doubles, each rounded as IEEE 754 says, and
weights are rounded to 32 bits when they are kept.
"""

import base64
from array import array
from collections.abc import Iterator
from itertools import chain, repeat, takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ephemeral" / "protocol" / "words.txt"
TWIN = ROOT / "web" / "static" / "js" / "protocol" / "words.js"

# What a word is made of; the first ends it.
LETTERS = "\n-abcdefghijklmnopqrstuvwxyz"
LENGTH_BITS, LETTER_BITS = 4, 5
PLACE_BITS = 20
LINE = 1000

HEAD = """\
// Made by tools/words.py from ephemeral/protocol/words.txt: change that, then run `make vendor`.
// EFF large word list, by the Electronic Frontier Foundation, CC BY 3.0 US
// (https://creativecommons.org/licenses/by/3.0/us/); words and order unchanged, dice numbers left
// out. How the 7,776 words are coded is told there.

const LETTERS = "\\n-abcdefghijklmnopqrstuvwxyz";
const PLACES = 2 ** 20;

const CODED = `
"""
TAIL = """`;

export const WORDS = Object.freeze(decoded(atob(CODED)));

/** @param {string} coded  a byte each */
function decoded(coded) {
  const weights = new Float32Array(PLACES);
  const seen = new Uint8Array(PLACES);
  const rates = Array.from({ length: 256 }, (_, times) => 0.7 / (1 + 0.2 * times) + 0.02);
  const known = new Int32Array(7);
  const places = new Int32Array(7);
  let low = 0;
  let high = 2 ** 32 - 1;
  let value = 0;
  let at = 0;
  /** @param {number} number  @param {number} byte */
  const shift = (number, byte) => ((number << 8) | byte) >>> 0;
  const next = () => { value = shift(value, coded.charCodeAt(at)); at += 1; };
  for (let byte = 0; byte < 4; byte += 1) next();

  /** A bit, of which the first places have something to say. @param {number} count */
  function bit(count) {
    let sum = 0;
    for (let each = 0; each < count; each += 1) sum += weights[places[each]];
    // e to the power of -sum, nearly, but the same everywhere.
    let power = 1 - Math.max(-20, Math.min(20, sum)) / 1024;
    for (let times = 0; times < 10; times += 1) power *= power;
    const chance = 1 / (1 + power);
    const middle = low + Math.floor((high - low) / 65536) * Math.floor(65536 * chance);
    const found = value <= middle ? 1 : 0;
    if (found) high = middle;
    else low = middle + 1;
    for (; (low ^ high) >>> 24 === 0; next()) {
      low = shift(low, 0);
      high = shift(high, 255);
    }
    for (let each = 0; each < count; each += 1) {
      const place = places[each];
      weights[place] += (found - chance) * rates[seen[place]];
      if (seen[place] < 255) seen[place] += 1;
    }
    return found;
  }

  /**
   * A number of so many bits, of which the first that are known may tell something.
   * @param {number} bits  @param {number} count
   */
  function number(bits, count) {
    let node = 1;
    while (node < 2 ** bits) {
      for (let each = 0; each < count; each += 1) places[each] = mixed(known[each], node) >>> 12;
      node = 2 * node + bit(count);
    }
    return node - 2 ** bits;
  }

  /**
   * What is known by the end of a text: by no letter, by the last, by the last two, and so on.
   * @param {string} text  @param {number} count  @param {number} seed
   */
  function endings(text, count, seed) {
    let hash = seed;
    for (let each = 0; each < count; each += 1) {
      known[each] = mixed(hash, each);
      hash = mixed(hash, text.charCodeAt(text.length - 1 - each));
    }
  }

  let word = "";
  return Array.from({ length: 7776 }, () => {
    const before = word;
    endings(before, 4, 1);
    known[4] = mixed(before.length, 2);
    word = before.slice(0, before.length - number(4, 5));
    for (let old = before.charCodeAt(word.length) | 0; ; old = 3) {
      endings(word, 5, old);
      known[5] = mixed(word.length, old);
      known[6] = mixed(known[5], word.charCodeAt(word.length - 1));
      const letter = LETTERS[number(5, 7)];
      if (letter === "\\n") return word;
      word += letter;
    }
  });
}

/**
 * Two numbers as one, mostly another than of any others. What is no number counts as 0.
 * @param {number} one  @param {number} other
 */
function mixed(one, other) {
  const both = one ^ Math.imul((other | 0) + 1, 0x9e3779b1);
  return Math.imul(both ^ (both >>> 15), 0x85ebca6b);
}
"""


class Coder:
    """Codes numbers, each foretold from what came before it; the twin of `decoded` above."""

    def __init__(self) -> None:
        self._weights = array("f", bytes(4 << PLACE_BITS))
        self._seen = bytearray(1 << PLACE_BITS)
        self._low, self._high = 0, 0xFFFF_FFFF
        self._out = bytearray()

    def number(self, number: int, bits: int, known: list[int]) -> None:
        """Code this number of so many bits; what is `known` may tell something about it."""
        node = 1
        for shift in reversed(range(bits)):
            bit = number >> shift & 1
            self._bit(bit, [_mixed(one, node) >> 32 - PLACE_BITS for one in known])
            node = 2 * node + bit

    def _bit(self, bit: int, places: list[int]) -> None:
        total = 0.0
        for place in places:
            total += self._weights[place]
        power = 1 - max(-20.0, min(20.0, total)) / 1024
        for _ in range(10):
            power *= power
        chance = 1 / (1 + power)
        middle = self._low + (self._high - self._low) // 65536 * int(65536 * chance)
        if bit:
            self._high = middle
        else:
            self._low = middle + 1
        while not (self._low ^ self._high) >> 24:
            self._out.append(self._low >> 24)
            self._low = self._low << 8 & 0xFFFF_FFFF
            self._high = self._high << 8 & 0xFFFF_FFFF | 0xFF
        for place in places:
            rate = 0.7 / (1 + 0.2 * self._seen[place]) + 0.02
            self._weights[place] += (bit - chance) * rate
            self._seen[place] = min(255, self._seen[place] + 1)

    def finished(self) -> bytes:
        """Everything that was coded."""
        return bytes(self._out) + self._low.to_bytes(4, "big")


def _mixed(one: int, other: int) -> int:
    both = (one ^ (other + 1) * 0x9E3779B1) & 0xFFFF_FFFF
    return (both ^ both >> 15) * 0x85EBCA6B & 0xFFFF_FFFF


def _endings(text: str, count: int, seed: int) -> Iterator[int]:
    found = seed
    for each, sign in zip(range(count), chain(reversed(text), repeat("\0")), strict=False):
        yield _mixed(found, each)
        found = _mixed(found, ord(sign))


def shared_letters(before: str, word: str) -> int:
    """How many letters two words begin with in common."""
    same = (a == b for a, b in zip(before, word, strict=False))
    return sum(1 for _ in takewhile(bool, same))


def coded(words: list[str]) -> bytes:
    """The words, one after the other."""
    coder = Coder()
    before = ""
    for word in words:
        shared = shared_letters(before, word)
        told = [*_endings(before, 4, 1), _mixed(len(before), 2)]
        coder.number(len(before) - shared, LENGTH_BITS, told)
        old = ord(before[shared]) if shared < len(before) else 0
        for place, letter in enumerate(word[shared:] + LETTERS[0], start=shared):
            length = _mixed(place, old)
            last = ord(word[place - 1]) if place else 0
            told = [*_endings(word[:place], 5, old), length, _mixed(length, last)]
            coder.number(LETTERS.index(letter), LETTER_BITS, told)
            old = 3
        before = word
    return coder.finished()


def _lines(text: str) -> Iterator[str]:
    for start in range(0, len(text), LINE):
        yield text[start : start + LINE]


def twin(words: list[str]) -> str:
    """The text of the ES module that exports the words, in their order, as a frozen array."""
    text = base64.b64encode(coded(words)).decode()
    return HEAD + "\n".join(_lines(text)) + TAIL


def main() -> None:
    words = SOURCE.read_text(encoding="ascii").splitlines()
    TWIN.parent.mkdir(parents=True, exist_ok=True)
    TWIN.write_text(twin(words), encoding="ascii")


if __name__ == "__main__":
    main()
