"""Which of the keys that sign access tokens signs now, and which are past their time: pure.

A key is published for an hour before it signs, so that whoever keeps a copy of the key set has it
by then, and for a day after its successor took over, which is long after its last token ended.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

__all__ = ["LEAD_MS", "MONTH_MS", "OVERLAP_MS", "Aged", "is_due", "past", "signing"]

LEAD_MS = 3_600_000
MONTH_MS = 30 * 86_400_000
OVERLAP_MS = 86_400_000


class Aged(Protocol):
    """A key, of which only this matters here."""

    @property
    def created_at(self) -> int:
        """When it was made, in milliseconds."""


K = TypeVar("K", bound=Aged)


def signing(keys: Sequence[K], now: int) -> K | None:
    """The key that signs: the newest that has been published for long enough, or the oldest."""
    if not keys:
        return None
    known = [one for one in keys if one.created_at + LEAD_MS <= now]
    return known[-1] if known else keys[0]


def is_due(keys: Sequence[K], now: int) -> bool:
    """Whether another key has to be made, so that it can take over in time."""
    return not keys or keys[-1].created_at + MONTH_MS <= now


def past(keys: Sequence[K], now: int) -> list[K]:
    """Keys of which no token can be shown any more; the oldest come first in `keys`."""
    return [
        one
        for one, successor in pairwise(keys)
        if successor.created_at + LEAD_MS + OVERLAP_MS <= now
    ]
