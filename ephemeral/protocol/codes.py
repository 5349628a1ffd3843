"""Codes: seven words that are drawn, typed and read back. docs/protocol.md, section 2.

A code is the secret of a room. The refusals here quote a misspelt word to the person who typed it
and belong into no log.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ephemeral.protocol.cleaning import Cleaned, Piece, clean, pieces
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.protocol.suggestions import WORDS, is_near, neighbours, suggestions

__all__ = [
    "ENTROPY_BITS",
    "TEXT_MAX",
    "WORDS",
    "CodeRefusal",
    "Unknown",
    "doubtful_words",
    "has_code",
    "new_code",
    "new_words",
    "read_code",
    "read_typed",
    "read_words",
]

_WORD_SET = frozenset(WORDS)

COUNT = 7
ENTROPY_BITS = COUNT * math.log2(len(WORDS))
#: UTF-8 bytes of a typed text beyond which nobody looks for words in it (2.3).
TEXT_MAX = 256

# Two bytes at or above the largest multiple of the list's length would favour its first words.
_UNBIASED = 65_536 - 65_536 % len(WORDS)


# How many words a code has, and how many what recovers an account.
_IN_LETTERS = {COUNT: "seven", 10: "ten"}
_NO_SIGNS = str.maketrans("", "", "0123456789 ")
_IN_A_LINK = "This is no code, and not a complete link to a room."


class Unknown(NamedTuple):
    """A piece that is no word: its position among the pieces, from 1; the `word` as typed, from
    `start` to before `end` in the text."""

    position: int
    word: str
    start: int
    end: int


class CodeRefusal(Refusal):
    """`code_word` with all that is `unknown`, and for the first of it the `suggestions` (to three).

    `position` and `word` are those of the first. For `code_length` there is nothing of this.
    """

    def __init__(self, code: str, message: str, unknown: Sequence[Unknown] = ()) -> None:
        super().__init__(code, message)
        self.unknown = tuple(unknown)
        self.position = unknown[0].position if unknown else None
        self.word = unknown[0].word if unknown else None
        self.suggestions: list[str] | None = None


def new_code(random: Callable[[int], bytes]) -> str:
    """Seven words, each equally likely; `random(n)` gives n bytes of a secure generator."""
    return new_words(COUNT, random)


def new_words(count: int, random: Callable[[int], bytes]) -> str:
    """So many words, drawn and written as those of a code are."""
    words: list[str] = []
    while len(words) < count:
        number = int.from_bytes(random(2), "big")
        if number < _UNBIASED:
            words.append(WORDS[number % len(WORDS)])
    return "-".join(words)


def read_code(typed: str) -> str:
    """The canonical code in what a person typed or pasted, else a `CodeRefusal`.

    `link_form` where it is a link (2.4), or has an address in it and no code.
    """
    cleaned = _cleaned(typed, COUNT)
    refuse("#" in cleaned.text, "link_form", _IN_A_LINK)
    try:
        return _read(typed, cleaned, COUNT)
    except CodeRefusal:
        refuse("://" in cleaned.text, "link_form", _IN_A_LINK)
        raise


def read_typed(typed: str, count: int) -> str:
    """So many words in what a person typed or pasted, found as those of a code are."""
    return _read(typed, _cleaned(typed, count), count)


def _cleaned(typed: str, count: int) -> Cleaned:
    if len(typed.encode("utf-8", "surrogatepass")) > TEXT_MAX:
        message = f"This is too long for a code, which has {_IN_LETTERS[count]} words."
        raise CodeRefusal("code_length", message)
    return clean(typed)


def _read(typed: str, cleaned: Cleaned, count: int) -> str:
    found = pieces(cleaned)
    return read_words(typed, _in_a_sentence(found, count) or found, count)


def read_words(typed: str, found: Sequence[Piece], count: int = COUNT) -> str:
    """The canonical form of pieces which must be so many words; `typed` is the text they are of."""
    unknown = [
        Unknown(position, typed[piece.start : piece.end], piece.start, piece.end)
        for position, piece in enumerate(found, 1)
        if piece.word not in _WORD_SET
    ]
    if unknown:
        raise _misspelt(unknown, found[unknown[0].position - 1].word)
    if len(found) != count:
        there = f"{len(found)} word{'' if len(found) == 1 else 's'}"
        message = f"A code has {_IN_LETTERS[count]} words, this has {there}."
        raise CodeRefusal("code_length", message)
    return "-".join(piece.word for piece in found)


def doubtful_words(code: str) -> list[int]:
    """The positions of a canonical code's words that a slip may have made of others (2.5)."""
    words = enumerate(pieces(clean(code)), 1)
    return [position for position, piece in words if neighbours(piece.word)]


def has_code(text: str) -> bool:
    """Whether as many words as a code has follow each other somewhere, in a text of whatever
    length; also in an address."""
    cleaned = clean(text)
    run = 0
    for piece in pieces(cleaned._replace(text=cleaned.text.replace("://", "   "))):
        run = run + 1 if piece.word in _WORD_SET else 0
        if run == COUNT:
            return True
    return False


def _in_a_sentence(found: Sequence[Piece], count: int) -> Sequence[Piece] | None:
    """So many words among pieces of which others are no words; None if they can't be told.

    They stand in one place only with the same signs between each two. A neighbour with the same
    signs before or after it must not be near to a word: it may be the first of the code, misspelt,
    and what seems to be the last a word of the sentence.
    """
    known = [piece.word in _WORD_SET for piece in found]
    signs = [piece.gap.translate(_NO_SIGNS) for piece in found]
    places = [
        at
        for at in range(len(found) - count + 1)
        if all(known[at : at + count]) and len(set(signs[at + 1 : at + count])) == 1
    ]
    if all(known) or len(places) != 1:
        return None
    start, end = places[0], places[0] + count
    for beside, gap in ((start - 1, start), (end, end)):
        if (
            0 <= beside < len(found)
            and signs[gap] == signs[start + 1]
            and is_near(found[beside].word)
        ):
            return None
    return found[start:end]


def _misspelt(unknown: Sequence[Unknown], cleaned: str) -> CodeRefusal:
    first = unknown[0]
    near = suggestions(cleaned)
    shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in first.word)
    message = f"Word {first.position}, “{shown}”, is not in the list."
    if near:
        message += f" Did you mean {' or '.join(filter(None, (', '.join(near[:-1]), near[-1])))}?"
    if len(unknown) > 1:
        others = [str(one.position) for one in unknown[1:8]]
        more = ", …" if len(unknown) > 8 else ""
        message += f" Neither are words {', '.join(others)}{more}."
    refusal = CodeRefusal("code_word", message, unknown)
    refusal.suggestions = near
    return refusal
