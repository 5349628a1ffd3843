"""How many large bodies are held at once, sent or to be given: of all, and of one address."""

from collections.abc import Iterator
from contextlib import contextmanager

from ephemeral.edge.limiter import Concurrency, Visitor, crowded
from ephemeral.live.buckets import Name

__all__ = ["Crowd"]


class Crowd:
    """`name` is what a metric calls it. `most` at once, `each` of one address, half of
    all of addresses that are next to it."""

    def __init__(self, name: str, most: int, each: int) -> None:
        self._name = name
        self._most = most
        self._here = 0
        self._of_address = Concurrency(each)
        # Whoever has one line often has a whole network of addresses.
        self._of_network = Concurrency(most // 2)

    @contextmanager
    def place(self, visitor: Visitor) -> Iterator[None]:
        """Hold one for this visitor; refuses `too_many`.

        Nobody waits in line here: whoever sends slowly would keep the others waiting.
        """
        added: list[tuple[Name, float]] = []
        try:
            within = self._here < self._most
            for name, weight in visitor.address:
                added.append((name, weight))
                counted = self._of_address if weight == 1 else self._of_network
                within = counted.add(name, 1) and within
            self._here += 1
            try:
                if not within:
                    raise crowded(self._name)
                yield
            finally:
                self._here -= 1
        finally:
            for name, weight in added:
                (self._of_address if weight == 1 else self._of_network).remove(name)
