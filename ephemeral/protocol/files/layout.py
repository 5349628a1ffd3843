"""How long a file is in the store, and into which objects it is cut: docs/files.md, 3 and 4.

All of it follows from the padded length by whole numbers, alike for who sends, reads or stores.
"""

from collections.abc import Iterable
from typing import NamedTuple

from ephemeral.protocol.errors import refuse
from ephemeral.protocol.lengths import padme

__all__ = [
    "CHUNK_SIZE",
    "PADDED_MIN",
    "SALT_SIZE",
    "SEALED_MAX",
    "SIZE_MAX",
    "TAG_SIZE",
    "Layout",
    "Segment",
    "check_size",
    "padded_length",
]

#: Bytes of plaintext in a chunk, all but a file's last; of a chunk's tag, and a segment's salt.
CHUNK_SIZE = 262_144
TAG_SIZE = 16
SALT_SIZE = 16
PADDED_MIN = 4_096
#: 16 GiB, which is a padded length as well.
SIZE_MAX = 2**34

#: Segments at both ends of a larger file: an index of its film lies there, and is had early.
_EDGES = 4
_SMALL, _MIDDLE, _LARGE = 2**20, 2**21, 2**23
#: Up to here all segments are small; up to here those between the ends are of the middle size.
_ALL_SMALL_MAX, _MIDDLE_MAX = 2**24, 2**30

#: Bytes of the largest object.
SEALED_MAX = SALT_SIZE + _LARGE + _LARGE // CHUNK_SIZE * TAG_SIZE

_SIZE = "This file is too large, or not as long as was said."
_LAYOUT = "This file is not cut as files are."


def padded_length(size: int) -> int:
    """What a file of so many bytes is filled up to; refuses `file_size`.

    That costs 6.25 % at most and leaves few lengths to tell files apart by.
    """
    refuse(not 0 <= size <= SIZE_MAX, "file_size", _SIZE)
    return padme(max(size, PADDED_MIN))


def check_size(padded: int, size: int) -> None:
    """Refuses `file_size` unless this many bytes are filled up to that length."""
    refuse(padded_length(size) != padded, "file_size", _SIZE)


class Segment(NamedTuple):
    """One object: the plaintext that it holds begins at `start` of the file."""

    number: int
    start: int
    length: int

    @property
    def chunks(self) -> int:
        """How many there are in it."""
        return -(-self.length // CHUNK_SIZE)

    @property
    def sealed_length(self) -> int:
        """Bytes of the object."""
        return SALT_SIZE + self.length + self.chunks * TAG_SIZE


class Layout:
    """The segments of a file with this padded length; refuses `file_layout` for any other number.

    >>> Layout(4 * 2**30).count
    519
    """

    __slots__ = ("_middle", "_step", "count", "padded")

    def __init__(self, padded: int) -> None:
        known = PADDED_MIN <= padded <= SIZE_MAX and padded_length(padded) == padded
        refuse(not known, "file_layout", _LAYOUT)
        self.padded = padded
        if padded <= _ALL_SMALL_MAX:
            self._step, self._middle = _SMALL, 0
            self.count = -(-padded // _SMALL)
        else:
            self._step = _MIDDLE if padded <= _MIDDLE_MAX else _LARGE
            self._middle = padded - 2 * _EDGES * _SMALL
            self.count = 2 * _EDGES + -(-self._middle // self._step)

    def segment(self, number: int) -> Segment:
        """Refuses `file_layout` for a number that no segment has."""
        refuse(not 0 <= number < self.count, "file_layout", _LAYOUT)
        if self._middle == 0 or number < _EDGES:
            start, end = number * _SMALL, (number + 1) * _SMALL
        elif number < self.count - _EDGES:
            start = _EDGES * _SMALL + (number - _EDGES) * self._step
            end = min(start + self._step, _EDGES * _SMALL + self._middle)
        else:
            end = self.padded - (self.count - 1 - number) * _SMALL
            start = end - _SMALL
        return Segment(number, start, min(end, self.padded) - start)

    def at(self, offset: int) -> Segment:
        """That which holds the byte at `offset`; refuses `file_layout` for one beyond the end."""
        refuse(not 0 <= offset < self.padded, "file_layout", _LAYOUT)
        middle = offset - _EDGES * _SMALL
        if self._middle == 0 or middle < 0:
            return self.segment(offset // _SMALL)
        if middle < self._middle:
            return self.segment(_EDGES + middle // self._step)
        return self.segment(self.count - 1 - (self.padded - 1 - offset) // _SMALL)

    def order(self, wanted: Iterable[int] = ()) -> list[int]:
        """In which segments are best sent: the first, those that hold the index of a film, both
        ends, the middle. Nobody has to."""
        ends = range(self.count - 1, max(self.count - 1 - _EDGES, 0), -1)
        chosen = dict.fromkeys((0, *wanted, *ends, *range(self.count)))
        refuse(not all(0 <= one < self.count for one in chosen), "file_layout", _LAYOUT)
        return list(chosen)
