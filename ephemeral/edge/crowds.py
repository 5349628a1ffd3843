"""How many large bodies are held at once, sent or to be given: of all, and of one address."""

from collections.abc import Iterator
from contextlib import contextmanager

from ephemeral.edge.limiter import Concurrency, Visitor, crowded
from ephemeral.live.buckets import Name

__all__ = ["Crowd"]


class Crowd:
    """`name` is what a metric calls it. `most` at once, and `each` of one address."""

    def __init__(self, name: str, most: int, each: int) -> None:
        self._name = name
        self._most = most
        self._here = 0
        self._of_address = Concurrency(each)

    @contextmanager
    def place(self, visitor: Visitor) -> Iterator[None]:
        """Hold one for this visitor; refuses `too_many`.

        Nobody waits in line here: whoever sends slowly would keep the others waiting.
        """
        added: list[Name] = []
        try:
            within = self._here < self._most
            for name, weight in visitor.address:
                added.append(name)
                within = self._of_address.add(name, weight) and within
            self._here += 1
            try:
                if not within:
                    raise crowded(self._name)
                yield
            finally:
                self._here -= 1
        finally:
            for name in added:
                self._of_address.remove(name)
