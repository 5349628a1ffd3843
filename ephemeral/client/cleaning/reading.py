"""Bytes taken in turn, of which none is believed to be there."""

from typing import NoReturn

from ephemeral.protocol.errors import Refusal

__all__ = ["Reader", "not_cleaned"]

_WHY = {
    "kind": "What this kind of file says about you can't be removed here.",
    "form": "This file can't be read, so nothing was removed from it.",
    "track": "This film has tracks besides picture and sound, as of places. They can't be removed.",
    "size": "This file is too large for anything to be removed from it.",
}


def not_cleaned(why: str) -> NoReturn:
    """The one refusal of all that is here: nothing was removed, and why."""
    raise Refusal("not_cleaned", _WHY[why], details={"why": why})


#: Segments, chunks or blocks of a file. Each costs memory many times its few bytes.
_PARTS_MAX = 100_000


class Reader:
    """Takes from a piece of memory; what isn't there is `not_cleaned`."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end
        self._parts = 0

    @property
    def left(self) -> int:
        """How many bytes there still are."""
        return self.end - self.at

    def part(self) -> None:
        """Another part begins: too many are refused."""
        self._parts += 1
        if self._parts > _PARTS_MAX:
            not_cleaned("size")

    def bytes(self, count: int) -> bytes:
        """The next ones."""
        if not 0 <= count <= self.left:
            not_cleaned("form")
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def number(self, count: int) -> int:
        """The next ones as a number, the most significant first."""
        return int.from_bytes(self.bytes(count), "big")

    def small_end(self, count: int) -> int:
        """The next ones as a number, the least significant first."""
        return int.from_bytes(self.bytes(count), "little")
