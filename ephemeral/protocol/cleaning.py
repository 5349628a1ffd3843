"""What other software does to a text on its way, undone before a code or a link is read in it.

docs/protocol.md, 2.3. Nothing here knows the word list: who only counts words needs no more than
`pieces`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["INVISIBLE", "SPACES", "Cleaned", "Piece", "clean", "is_separator", "pieces"]


def _characters(ranges: str) -> frozenset[str]:
    """The characters of `2010-2015 2212`."""
    found: set[str] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found)


#: Seen by nobody: marks of direction, joiners, fillers, selectors of a variant; and the key that is
#: drawn around a digit.
INVISIBLE = _characters(
    "AD 34F 61C 180B-180F 200B-200F 202A-202E 2060-206F 20E3 FE00-FE0F FEFF E0000-E0FFF"
)
_DASHES = _characters(
    "2D7 58A 5BE 1400 1806 2010-2015 2043 2212 2E17 2E1A 2E3A 2E3B 2E40 2E5D 301C 3030 30A0 "
    "FE31 FE32 FE58 FE63"
)
#: White space, but for the space itself.
SPACES = _characters("9-D 85 A0 1680 2000-200A 2028 2029 202F 205F 3000")
# What is neither letter nor digit: in ASCII, Latin 1, Arabic; and whole blocks of punctuation,
# symbols and pictures.
_SEPARATORS = _characters(
    "20-2F 3A-40 5B-60 7B-7E 80-BF D7 F7 60C 61B 61F 6D4 2000-206F 2190-2BFF 2E00-2E7F "
    "3000-303F 30FB FE10-FE1F FE30-FE6F FF5F-FF65 1F000-1FBFF"
)

_CHANGED = {
    **{sign: chr(ord(sign) - 0xFEE0) for sign in _characters("FF01-FF5E")},
    **dict.fromkeys(SPACES, " "),
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(INVISIBLE, ""),
}
_ESCAPED = re.compile(r"%([2-6][0-9A-Fa-f]|7[0-9A-Ea-e])")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}

_ADDRESS = re.compile(r"[a-z]+://[^ ]*")
_NUMBER = re.compile(r"[0-9]{1,2}")
_HYPHENATED = frozenset({"drop-down", "felt-tip", "t-shirt", "yo-yo"})


class Cleaned(NamedTuple):
    """A text in which a code or a link may stand.

    Character i of `text` was made of the original's characters from `starts[i]` to before
    `ends[i]`; `cased` is the same with its capitals.
    """

    text: str
    cased: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def part(self, start: int, end: int) -> "Cleaned":
        """What stands from one character to before another, at its places in the original."""
        which = slice(start, end)
        return Cleaned(self.text[which], self.cased[which], self.starts[which], self.ends[which])


class Piece(NamedTuple):
    """What may be a word: cleaned, and its place in the original (end excluded).

    `gap` is what the cleaned text has between the piece before and this one.
    """

    word: str
    start: int
    end: int
    gap: str


def clean(text: str) -> Cleaned:
    """`text` without what is invisible, its signs as ASCII has them, its letters small."""
    signs = [
        (sign, at, at + 1)
        for at, character in enumerate(text)
        if (sign := _CHANGED.get(character, character))
    ]
    written = "".join(sign for sign, _, _ in signs)
    kept, done = [], 0
    for match in _ESCAPED.finditer(written):
        sign = chr(int(match[1], 16)).replace(" ", "-")
        kept += signs[done : match.start()]
        kept.append((sign, signs[match.start()][1], signs[match.end() - 1][2]))
        done = match.end()
    kept += signs[done:]
    cased = "".join(sign for sign, _, _ in kept)
    starts = tuple(start for _, start, _ in kept)
    return Cleaned(cased.translate(_LOWER), cased, starts, tuple(end for *_, end in kept))


def is_separator(character: str) -> bool:
    """Whether a character of a cleaned text parts words."""
    return character in _SEPARATORS


def pieces(cleaned: Cleaned) -> list[Piece]:
    """The pieces of a cleaned text: addresses and numbering left out, the words that have a hyphen
    made one."""
    found: list[Piece] = []
    last, since, numbered = 0, 0, 0
    for first, after in _runs(cleaned.text):
        word = cleaned.text[first:after]
        if _NUMBER.fullmatch(word) and (
            int(word) == 1 or (since == 1 and int(word) == numbered + 1)
        ):
            numbered, since = int(word), 0
            continue
        start, end = cleaned.starts[first], cleaned.ends[after - 1]
        if since and f"{found[-1].word}-{word}" in _HYPHENATED:
            found[-1] = found[-1]._replace(word=f"{found[-1].word}-{word}", end=end)
        else:
            found.append(Piece(word, start, end, cleaned.text[last:first]))
            since += 1
        last = after
    return found


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """First and one after the last of what stands between separators and addresses, each time."""
    parted = [sign in _SEPARATORS for sign in text]
    for address in _ADDRESS.finditer(text):
        parted[address.start() : address.end()] = [True] * (address.end() - address.start())
    first = 0
    for at, parts in enumerate([*parted, True]):
        if parts:
            if first < at:
                yield first, at
            first = at + 1
