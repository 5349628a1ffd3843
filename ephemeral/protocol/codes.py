"""Codes: seven words that are drawn, typed and read back. docs/protocol.md, section 2.

A code is the secret of a room. The refusals here quote a misspelt word to the person who typed it
and belong into no log.
"""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ephemeral.protocol.errors import Refusal

__all__ = ["ENTROPY_BITS", "TEXT_MAX", "WORDS", "CodeRefusal", "new_code", "read_code"]

#: The EFF large word list, in its order.
WORDS = tuple(Path(__file__).with_name("words.txt").read_text(encoding="ascii").split("\n")[:-1])
_WORD_SET = frozenset(WORDS)

COUNT = 7
ENTROPY_BITS = COUNT * math.log2(len(WORDS))
#: UTF-8 bytes of a typed text beyond which nobody looks for words in it (2.3).
TEXT_MAX = 256

_SEPARATORS = re.compile(r"[ \t\n\r-]+")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
# Two bytes at or above the largest multiple of the list's length would favour its first words.
_UNBIASED = 65_536 - 65_536 % len(WORDS)


class CodeRefusal(Refusal):
    """`code_word` with `position` (from 1), the `word` as typed and the `nearest` of the list.

    For `code_length` the three are None.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        position: int | None = None,
        word: str | None = None,
        nearest: str | None = None,
    ) -> None:
        super().__init__(code, message)
        self.position = position
        self.word = word
        self.nearest = nearest


def new_code(random: Callable[[int], bytes]) -> str:
    """Seven words, each equally likely; `random(n)` gives n bytes of a secure generator."""
    words: list[str] = []
    while len(words) < COUNT:
        number = int.from_bytes(random(2), "big")
        if number < _UNBIASED:
            words.append(WORDS[number % len(WORDS)])
    return "-".join(words)


def read_code(typed: str) -> str:
    """The canonical form of what a person typed, else a `CodeRefusal`."""
    if len(typed.encode("utf-8", "surrogatepass")) > TEXT_MAX:
        raise CodeRefusal("code_length", "This is too long for a code, which has seven words.")
    pieces = [piece for piece in _SEPARATORS.split(typed) if piece]
    lowered = [piece.translate(_LOWER) for piece in pieces]
    words: list[str] = []
    at = 0
    while at < len(pieces):
        word = lowered[at]
        if word not in _WORD_SET:
            word = "-".join(lowered[at : at + 2])
            if word not in _WORD_SET:
                raise _misspelt(len(words) + 1, pieces[at], lowered[at])
            at += 1
        words.append(word)
        at += 1
    if len(words) != COUNT:
        count = f"{len(words)} word{'' if len(words) == 1 else 's'}"
        raise CodeRefusal("code_length", f"A code has seven words, this has {count}.")
    return "-".join(words)


def _misspelt(position: int, word: str, lowered: str) -> CodeRefusal:
    nearest = _nearest(lowered)
    shown = "".join(character if character.isprintable() else "\ufffd" for character in word)
    return CodeRefusal(
        "code_word",
        f"Word {position}, “{shown}”, is not in the list. The nearest that is: {nearest}.",
        position=position,
        word=word,
        nearest=nearest,
    )


def _nearest(text: str) -> str:
    """The word at the least Levenshtein distance, over code points; of several the first.

    A word is left as soon as it can't be nearer than one before it: most of them by their length.
    """
    nearest, least = WORDS[0], len(text) + len(WORDS[0])
    for word in WORDS:
        if abs(len(word) - len(text)) < least:
            distance = _distance(text, word, least)
            if distance < least:
                nearest, least = word, distance
    return nearest


def _distance(text: str, word: str, enough: int) -> int:
    """Levenshtein distance by rows (Wagner and Fischer); `enough` where it is at least that."""
    row: Sequence[int] = range(len(text) + 1)
    for count, letter in enumerate(word, 1):
        above, left = row[0], count
        next_row = [left]
        for typed, straight in zip(text, row[1:], strict=True):
            left = min(straight + 1, left + 1, above + (typed != letter))
            next_row.append(left)
            above = straight
        row = next_row
        if min(row) >= enough:
            return enough
    return row[-1]
