"""What a reader remembers of each author's counters: gaps and repetitions are seen (8.12)."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from ephemeral.protocol.strangers import forget_strangers

__all__ = ["Counters", "Step"]

# An author may skip as it likes; what is remembered of it stays small.
_RANGES = 64


class Step(NamedTuple):
    """`skipped`: how many before it were not seen. `repeated`: this one was seen before."""

    skipped: int
    repeated: bool


@dataclass(slots=True)
class _Author:
    """`missing`: the ranges of counters below the highest that may still come."""

    highest: int
    missing: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def first_seen_at(cls, counter: int) -> Self:
        """Nobody here knows which of those before it were read."""
        return cls(counter, [(1, counter - 1)] if counter > 1 else [])


class Counters:
    """The counters seen of each author.

    Of an author who was there first, the messages before the first one seen belonged to others;
    of one whose joining was seen, counting begins at 1 (`joined`).
    """

    def __init__(self, highest: Mapping[bytes, int] | None = None) -> None:
        self._authors = {
            author: _Author.first_seen_at(count) for author, count in (highest or {}).items()
        }

    def joined(self, author: bytes) -> None:
        """`author` has just taken its seat: its first message has the counter 1."""
        self._authors.setdefault(author, _Author(0))

    def highest(self) -> dict[bytes, int]:
        """The highest counter seen of each author: what a later process needs to go on."""
        return {author: seen.highest for author, seen in self._authors.items()}

    def forget_strangers(self, known: Container[bytes]) -> None:
        """`known`: members, and authors of what waits."""
        forget_strangers(self._authors, known)

    def take(self, author: bytes, counter: int) -> Step:
        """Note a counter that was read in a message of `author`."""
        seen = self._authors.get(author)
        if seen is None:
            self._authors[author] = _Author.first_seen_at(counter)
            return Step(0, repeated=False)
        if counter > seen.highest:
            skipped = counter - seen.highest - 1
            if skipped:
                seen.missing = [*seen.missing, (seen.highest + 1, counter - 1)][-_RANGES:]
            seen.highest = counter
            return Step(skipped, repeated=False)
        for index, (first, last) in enumerate(seen.missing):
            if first <= counter <= last:
                rest = [(first, counter - 1), (counter + 1, last)]
                seen.missing[index : index + 1] = [(a, b) for a, b in rest if a <= b]
                return Step(0, repeated=False)
        return Step(0, repeated=True)
