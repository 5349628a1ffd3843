"""Token buckets for more names than could be kept: the rule of every limit on how often.

A bucket holds `count` tokens and fills in `seconds`. All that is kept of one is when it will be
full again (the generic cell rate algorithm, ITU-T I.371), a number that means nothing once it is
past.

Buckets are not kept by name either. A name has one cell in each of four rows, shared with whoever
else falls there, and its bucket is the fullest of its four; what is taken is noted in all of them
(a count-min sketch with conservative update, after Cormode and Muthukrishnan, and Estan and
Varghese). So a name never has more than its due, however many others there are: nothing is
forgotten to make room, and nobody gets a full bucket back by coming under a million names. What
the crowd can cost is the opposite, that a name has less than its due because all its four cells are
shared with names that have spent theirs: one in 80,000 suffers that from a thousand of them, one in
450 from four thousand.
"""

from struct import Struct
from typing import NamedTuple

__all__ = ["CELLS", "DIGEST_BYTES", "Buckets", "Claim", "Name", "name_of"]

#: Cells of a row.
CELLS = 1 << 14
DIGEST_BYTES = 8

_FOUR = Struct("<4H")

#: The cells of a name, one in each row. Opaque to whoever holds it.
Name = tuple[int, int, int, int]


def name_of(digest: bytes) -> Name:
    """The name for 8 bytes that are as good as random."""
    one, two, three, four = _FOUR.unpack(digest)
    return (
        one % CELLS,
        two % CELLS + CELLS,
        three % CELLS + 2 * CELLS,
        four % CELLS + 3 * CELLS,
    )


class Claim(NamedTuple):
    """What is to be taken from a bucket that several hosts keep together.

    `kind` says which bucket of `name`; it holds `tokens`, and as many again in `seconds`. A
    `cost` below 0 gives back.
    """

    kind: str
    name: Name
    cost: float
    tokens: int
    seconds: int


class Buckets:
    """A bucket for every name: `count` tokens, and as many again in `seconds`.

    `now` is in seconds, by a clock that doesn't go backwards; if it did, nobody would have more,
    but everybody would wait for it to catch up. A cost may be a fraction, and at most `count`.
    """

    __slots__ = ("_cells", "_each", "_most")

    def __init__(self, count: int, seconds: float) -> None:
        # A list and not an array: reading a number out of an array makes it anew, which takes
        # longer than everything else here.
        self._cells = [float("-inf")] * (4 * CELLS)
        self._each = seconds / count
        # A little of a token more, so that the last of them isn't lost to rounding.
        self._most = seconds + self._each / 2000

    def spend(self, name: Name, cost: float, now: float) -> float:
        """Take `cost` tokens, if they are there: 0. Otherwise the seconds until they are."""
        # Spelled out, since this is asked three times for every message.
        # ruff: noqa: PLR1730
        cells = self._cells
        one, two, three, four = name
        first, second, third, fourth = cells[one], cells[two], cells[three], cells[four]
        full = first
        if second < full:
            full = second
        if third < full:
            full = third
        if fourth < full:
            full = fourth
        if full < now:
            full = now
        full += cost * self._each
        if full - now > self._most:
            return full - now - self._most
        if first < full:
            cells[one] = full
        if second < full:
            cells[two] = full
        if third < full:
            cells[three] = full
        if fourth < full:
            cells[four] = full
        return 0.0

    def wait(self, name: Name, cost: float, now: float) -> float:
        """As `spend`, but nothing is taken."""
        return max(0.0, self._full(name, cost, now) - now - self._most)

    def charge(self, name: Name, cost: float, now: float) -> None:
        """Take `cost` tokens whether they are there or not."""
        full = self._full(name, cost, now)
        for cell in name:
            self._cells[cell] = max(self._cells[cell], full)

    def _full(self, name: Name, cost: float, now: float) -> float:
        """When the bucket would be full again if `cost` were taken now."""
        return max(now, min(self._cells[cell] for cell in name)) + cost * self._each
