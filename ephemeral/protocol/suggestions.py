"""Words of the list that are near to what was typed: docs/protocol.md, 2.5."""

from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["WORDS", "is_near", "neighbours", "suggestions"]

#: The EFF large word list, in its order.
WORDS = tuple(Path(__file__).with_name("words.txt").read_text(encoding="ascii").split("\n")[:-1])

_MOST_CHANGES = 2
_OFFERED = 3
# Kinds of a single change, the likeliest slip first.
_TRANSPOSED, _DROPPED, _DOUBLED, _SUBSTITUTED, _OTHER = range(5)


def _letters(text: str) -> int:
    """The set of letters as bits; all that is not in the list's alphabet is one."""
    bits = 0
    for character in text:
        bits |= 1 << (ord(character) - 97 if "a" <= character <= "z" else 26)
    return bits


_LETTERS = tuple(map(_letters, WORDS))


def suggestions(typed: str) -> list[str]:
    """Up to three words within two changes of what was typed (cleaned), the likeliest first.

    Where every letter would have to change there is nothing to go by.
    """
    near = sorted(
        (distance, _kind(typed, WORDS[at]) if distance == 1 else _OTHER, at)
        for distance, at in _near(typed, min(_MOST_CHANGES, len(typed) - 1))
    )
    return [WORDS[at] for _, _, at in near[:_OFFERED]]


def neighbours(word: str) -> list[str]:
    """The words one change away from a word of the list: what a slip may turn it into."""
    near = sorted((_kind(word, WORDS[at]), at) for distance, at in _near(word, 1) if distance)
    return [WORDS[at] for _, at in near]


def is_near(typed: str) -> bool:
    """Whether some word is one change away."""
    return any(True for _ in _near(typed, 1))


def _near(typed: str, most: int) -> Iterator[tuple[int, int]]:
    """(distance, place in the list) of the words at most so many changes away."""
    letters = _letters(typed)
    for at, word in enumerate(WORDS):
        # A change moves the length by one at most, and adds and takes away one letter of the set.
        if (
            abs(len(word) - len(typed)) <= most
            and (_LETTERS[at] ^ letters).bit_count() <= 2 * most
            and (distance := _distance(typed, word)) <= most
        ):
            yield distance, at


def _distance(typed: str, word: str) -> int:
    """Optimal string alignment distance, over code points, by rows."""
    before: Sequence[int] = ()
    row: Sequence[int] = range(len(word) + 1)
    for i, letter in enumerate(typed, 1):
        following = [i]
        for j, other in enumerate(word, 1):
            least = min(row[j - 1] + (letter != other), row[j] + 1, following[j - 1] + 1)
            if i > 1 and j > 1 and letter == word[j - 2] and other == typed[i - 2]:
                least = min(least, before[j - 2] + 1)
            following.append(least)
        before, row = row, following
    return row[-1]


def _kind(typed: str, word: str) -> int:
    """What a single change was that made `word` into what was typed."""
    longer = len(typed) - len(word)
    if longer < 0:
        return _DROPPED
    pairs = enumerate(zip(typed, word, strict=False))
    differing = [at for at, (one, other) in pairs if one != other]
    if longer == 0:
        return _SUBSTITUTED if len(differing) == 1 else _TRANSPOSED
    extra = differing[0] if differing else len(word)
    return _DOUBLED if extra and typed[extra] == typed[extra - 1] else _OTHER
