"""Words of the list and their distances, for what a mistyped code is refused with.

docs/protocol.md, 2.5.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maker import Vectors

LIST = Path(__file__).resolve().parents[2] / "ephemeral" / "protocol" / "words.txt"
WORDS = LIST.read_text(encoding="ascii").split()

CODE = "abacus-zoom-kiwi-silver-ladder-finch-marathon"
PIECES = CODE.split("-")
HYPHENS = "drop-down-felt-tip-t-shirt-yo-yo-abacus-zoom-kiwi"
#: With `code_word` only.
WRONG = {"position": "integer", "word": "text", "suggestions": "json", "unknown": "json"}


def distance(a: str, b: str) -> int:
    """Optimal string alignment, by the whole matrix."""
    grid = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            grid[i][j] = min(
                grid[i - 1][j] + 1,
                grid[i][j - 1] + 1,
                grid[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
            )
            if i > 1 and j > 1 and a[i - 2 : i] == b[j - 1] + b[j - 2]:
                grid[i][j] = min(grid[i][j], grid[i - 2][j - 2] + 1)
    return grid[-1][-1]


def slips(word: str) -> Iterator[tuple[int, str]]:
    """What a word becomes by a transposed, a dropped, a doubled letter: with the kind's number."""
    for i in range(len(word)):
        yield 0, word[:i] + word[i + 1 : i + 2] + word[i : i + 1] + word[i + 2 :]
        yield 1, word[:i] + word[i + 1 :]
        yield 2, word[: i + 1] + word[i:]


def kind(typed: str, word: str) -> int:
    """Transposed 0, dropped 1, doubled 2, substituted 3, anything else 4."""
    if distance(typed, word) != 1:
        return 4
    of_a_slip = [number for number, slip in slips(word) if slip == typed]
    return of_a_slip[0] if of_a_slip else 3 if len(typed) == len(word) else 4


def within(typed: str, most: int) -> list[str]:
    """The words at most so many changes away, in the order in which they are offered.

    A letter that only one of two words has costs a change: what alone costs more needs no matrix.
    """
    found = []
    for at, word in enumerate(WORDS):
        apart = max(len(set(word) - set(typed)), len(set(typed) - set(word)))
        if max(apart, abs(len(word) - len(typed))) <= most and distance(typed, word) <= most:
            found.append((distance(typed, word), kind(typed, word), at))
    return [WORDS[at] for _, _, at in sorted(found)]


def suggested(typed: str) -> list[str]:
    """What is offered for a cleaned piece that is no word."""
    return within(typed, min(2, len(typed) - 1))[:3]


def unknown_in(text: str, *found: tuple[int, str]) -> list[dict[str, int | str]]:
    """Position and wording of all that is no word, with their places, which are looked for from
    left to right."""
    listed: list[dict[str, int | str]] = []
    end = 0
    for position, word in found:
        start = text.index(word, end)
        end = start + len(word)
        listed.append({"position": position, "word": word, "start": start, "end": end})
    return listed


def wrong(text: str, cleaned: str, *found: tuple[int, str]) -> dict[str, Any]:
    """The details of `code_word`; `cleaned` is the first of what is unknown, as it is compared."""
    return {
        "position": found[0][0],
        "word": found[0][1],
        "suggestions": suggested(cleaned),
        "unknown": unknown_in(text, *found),
    }


def near(v: Vectors) -> None:
    for typed, why in (
        ("abacsu", "Two letters in the wrong order are one change."),
        ("silvr", "A letter is missing."),
        ("finchs", "A letter too many."),
        ("zooom", "A letter is doubled."),
        ("kiwy", "A letter is wrong."),
        ("baromter", "A letter is missing in a long word."),
        ("tshirt", "A hyphen counts as a letter."),
        ("form", "From is before foam, which is earlier in the list: a swap is likelier."),
        ("cat", "Dropped letters before wrong ones."),
        ("coal", "Wrong letters by list order."),
        ("bll", "A doubled letter before a wrong one."),
        ("marahton", "Transposed in a long word."),
        ("zomo", "Transposed at the end."),
        ("ozom", "Transposed at the beginning."),
        ("aabcus", "Transposed, not doubled."),
        ("mraathom", "Two changes."),
        ("ca", "Three letters from two; no word two changes away."),
        ("q", "A single letter: all of it would have to change."),
        ("zzzzzz", "Nothing is near."),
        ("kiwi", "A word of the list itself is nearest to itself."),
        ("abacuszoomkiwi", "Longer than any word."),
        ("z\u043eom", "A letter of another script is a wrong one."),
        ("zo\U0001d45cm", "A letter outside the basic plane is one."),
    ):
        words = suggested(typed)
        v.success("suggestions", f"near_{typed}", why, {"typed": typed}, {"words": words})
    for word, why in (
        ("zoom", "In the order in which they would be offered."),
        ("cope", "Many."),
        ("abacus", "None."),
        ("yo-yo", "A hyphen counts as a letter."),
        ("word", "One that may be added to."),
    ):
        words = [other for other in within(word, 1) if other != word]
        v.success("neighbours", f"neighbours_{word}", why, {"word": word}, {"words": words})
