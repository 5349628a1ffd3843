"""Mistypings drawn at random: how often the word that was meant is offered (docs/protocol.md, 2.5).

`python tests/protocol/test_mistypings.py` prints the table of docs/decisions, 31.
"""

import random
from collections.abc import Callable, Iterator
from string import ascii_lowercase

import pytest

from ephemeral.protocol.suggestions import WORDS, suggestions

COUNT = 400
SEED = 13


def transposed(draw: random.Random, word: str) -> str:
    """Two neighbouring letters in the wrong order."""
    at = draw.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def dropped(draw: random.Random, word: str) -> str:
    """A letter is missing."""
    at = draw.randrange(len(word))
    return word[:at] + word[at + 1 :]


def doubled(draw: random.Random, word: str) -> str:
    """A letter is there twice."""
    at = draw.randrange(len(word))
    return word[: at + 1] + word[at:]


def substituted(draw: random.Random, word: str) -> str:
    """Another letter in place of one."""
    at = draw.randrange(len(word))
    return word[:at] + draw.choice(ascii_lowercase) + word[at + 1 :]


KNOWN = frozenset(WORDS)
Slip = Callable[[random.Random, str], str]
#: Each kind, and of how many mistypings in a hundred the word that was meant is offered first, and
#: among three, at least.
FLOORS: dict[Slip, tuple[float, float]] = {
    transposed: (99, 99),
    dropped: (93, 99),
    doubled: (99, 99),
    substituted: (93, 98),
}


def mistypings(slip: Slip) -> Iterator[tuple[str, str]]:
    """Words of the list and what they became, which is no word of it."""
    draw = random.Random(f"{SEED} {slip.__name__}")
    for _ in range(COUNT):
        while True:
            word = draw.choice(WORDS)
            typed = slip(draw, word)
            if typed not in KNOWN:
                break
        yield word, typed


def shares(slip: Slip, offered: Callable[[str], list[str]]) -> tuple[float, float]:
    """In how many of a hundred mistypings the word is offered first, and among three."""
    found = [(word, offered(typed)) for word, typed in mistypings(slip)]
    first = sum(word in words[:1] for word, words in found)
    among = sum(word in words[:3] for word, words in found)
    return 100 * first / COUNT, 100 * among / COUNT


@pytest.mark.parametrize("slip", FLOORS)
def test_the_word_that_was_meant_is_offered(slip: Slip):
    first, among = shares(slip, suggestions)
    least_first, least_among = FLOORS[slip]
    assert first >= least_first
    assert among >= least_among


if __name__ == "__main__":
    for slip in FLOORS:
        first, among = shares(slip, suggestions)
        print(f"| {slip.__name__} | {first:.1f} % | {among:.1f} % |")
