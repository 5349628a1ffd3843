"""MP4 and QuickTime: what may not stay is written over where it lies, so that nothing moves.

A film is cleaned by patches, since it may be larger than memory: they say where zeros, or these
bytes, take the place of what is there.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ephemeral.client.cleaning.reading import Reader, not_cleaned
from ephemeral.client.cleaning.samples import cleaned_entry

__all__ = ["BOX_MAX", "Patch", "film_patches", "overlay"]

#: Bytes of a box that is read whole; and how many boxes and patches there may be.
BOX_MAX = 64 * 2**20
_MANY = 100_000

# What may stay at the top, and inside what is read whole.
_TOP = frozenset((b"ftyp", b"styp", b"pdin", b"mdat", b"sidx"))
_INSIDE = {
    b"moov": (b"mvhd", b"trak", b"mvex", b"iods"),
    b"trak": (b"tkhd", b"edts", b"mdia", b"tref", b"tapt"),
    b"edts": (b"elst",),
    b"mdia": (b"mdhd", b"hdlr", b"minf"),
    b"minf": (b"vmhd", b"smhd", b"hdlr", b"dinf", b"stbl"),
    b"dinf": (b"dref",),
    b"stbl": (
        b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss",
        b"stps", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio",
    ),
    b"tapt": (b"clef", b"prof", b"enof"),
    b"mvex": (b"mehd", b"trex"),
    b"moof": (b"mfhd", b"traf"),
    b"traf": (b"tfhd", b"tfdt", b"trun", b"sdtp", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio"),
    b"mfra": (b"tfra", b"mfro"),
}  # fmt: skip
_WHOLE = frozenset((b"moov", b"moof", b"mfra"))
# Empty by what they are; what lies in them is what was there before.
_FREE = frozenset((b"free", b"skip", b"wide"))
#: Bytes behind version and flags in which times are, and how long a box is at least, by version.
_TIMES = {b"mvhd": (100, 112), b"tkhd": (84, 96), b"mdhd": (24, 36)}
_KINDS = frozenset((b"vide", b"soun"))


class Patch(NamedTuple):
    """From `at` on so many bytes are these, or zero where there are none."""

    at: int
    length: int
    data: bytes | None = None


class _Box(NamedTuple):
    kind: bytes
    start: int
    body: int
    end: int


def film_patches(size: int, read: Callable[[int, int], bytes]) -> list[Patch]:
    """What to write over a film of so many bytes, of which `read` gives those from start to end.

    In order. Refuses `not_cleaned`.
    """
    found = _Found()
    at = 0
    while at < size:
        head = read(at, min(at + 16, size))
        box = _box(head, at, size)
        found.count()
        if box.kind in _WHOLE:
            if box.end - box.start > BOX_MAX:
                not_cleaned("size")
            data = read(box.start, box.end)
            if len(data) != box.end - box.start:
                not_cleaned("form")
            _Whole(data, box.start, found).walk(box.kind, box.body - box.start, len(data))
        elif box.kind not in _TOP:
            found.free(box)
        at = box.end
    if found.tracks == 0:
        not_cleaned("form")
    return found.patches


def overlay(data: bytes, start: int, patches: list[Patch]) -> bytes:
    """A piece of the film that begins at `start`, with the patches written over it."""
    made = bytearray(data)
    for patch in patches:
        low, high = max(patch.at, start), min(patch.at + patch.length, start + len(data))
        if low < high:
            new = patch.data or bytes(high - low)
            skipped = low - patch.at if patch.data else 0
            made[low - start : high - start] = new[skipped : skipped + high - low]
    return bytes(made)


def _box(head: bytes, start: int, end: int) -> _Box:
    """The box at the beginning of `head`, which must end with what it is in."""
    reader = Reader(head)
    length, kind = reader.number(4), reader.bytes(4)
    if length == 1:
        length = reader.number(8)
    elif length == 0:
        length = end - start
    if not reader.at <= length <= end - start:
        not_cleaned("form")
    return _Box(kind, start, start + reader.at, start + length)


class _Found:
    def __init__(self) -> None:
        self.patches: list[Patch] = []
        self.tracks = 0
        self._boxes = 0

    def count(self) -> None:
        self._boxes += 1
        if self._boxes > _MANY:
            not_cleaned("size")

    def write(self, at: int, data: bytes) -> None:
        self.patches.append(Patch(at, len(data), data))

    def zero(self, start: int, end: int) -> None:
        if start < end:
            self.patches.append(Patch(start, end - start))

    def free(self, box: _Box) -> None:
        """The place stays, and nothing in it."""
        if box.kind not in _FREE:
            self.write(box.start + 4, b"free")
        self.zero(box.body, box.end)


class _Whole:
    """A box that was read, and where it lies in the film."""

    def __init__(self, data: bytes, start: int, found: _Found) -> None:
        self._data = data
        self._start = start
        self._found = found

    def walk(self, parent: bytes, start: int, end: int) -> None:
        """`start` and `end` count from the beginning of what was read."""
        kinds = _INSIDE[parent]
        handler = None
        for box in self._boxes(start, end):
            placed = box._replace(
                start=box.start + self._start,
                body=box.body + self._start,
                end=box.end + self._start,
            )
            if box.kind not in kinds:
                self._found.free(placed)
            elif box.kind in _INSIDE:
                self._found.tracks += box.kind == b"trak"
                self.walk(box.kind, box.body, box.end)
            elif box.kind in _TIMES:
                self._times(box)
            elif box.kind == b"hdlr":
                handler = self._handler(box)
                if parent == b"mdia" and handler not in _KINDS:
                    not_cleaned("track")
            elif box.kind == b"dref":
                self._references(box)
            elif box.kind == b"stsd":
                self._entries(box)
        if parent == b"mdia" and handler is None:
            not_cleaned("track")

    def _boxes(self, start: int, end: int) -> Iterator[_Box]:
        while start < end:
            self._found.count()
            box = _box(self._data[start : min(start + 16, end)], start, end)
            yield box
            start = box.end

    def _times(self, box: _Box) -> None:
        version = self._data[box.body] if box.body < box.end else 2
        if version > 1 or box.end - box.body < _TIMES[box.kind][version]:
            not_cleaned("form")
        at = self._start + box.body + 4
        self._found.zero(at, at + (16 if version else 8))

    def _handler(self, box: _Box) -> bytes:
        """What kind of track it is; its name and who made it go."""
        if box.end - box.body < 24:
            not_cleaned("form")
        self._found.zero(self._start + box.body + 12, self._start + box.end)
        return self._data[box.body + 8 : box.body + 12]

    def _references(self, box: _Box) -> None:
        """Where the samples lie: in this file. Paths on somebody's disk may stand there."""
        reader = Reader(self._data, box.body, box.end)
        reader.bytes(4)
        for _ in range(reader.number(4)):
            self._found.count()
            at, length = reader.at, reader.number(4)
            reader.bytes(4)
            inside = reader.number(4) & 1
            if not inside or length < 12:
                not_cleaned("form")
            reader.bytes(length - 12)
            self._found.zero(self._start + at + 12, self._start + at + length)
        self._found.zero(self._start + reader.at, self._start + box.end)

    def _entries(self, box: _Box) -> None:
        """How samples are coded."""
        reader = Reader(self._data, box.body, box.end)
        version = reader.number(1)
        reader.bytes(3)
        for _ in range(reader.number(4)):
            self._found.count()
            at = reader.at
            length = reader.number(4)
            if length < 16:
                not_cleaned("form")
            reader.bytes(length - 4)
            entry = self._data[at : at + length]
            cleaned = cleaned_entry(entry, version)
            if cleaned != entry:
                self._found.write(self._start + at, cleaned)
        self._found.zero(self._start + reader.at, self._start + box.end)
