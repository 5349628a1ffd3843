"""Reading PostgreSQL's write-ahead log without PostgreSQL: images of pages, and rows as written.

Segments that were recycled hold what was logged long ago: each page tells by its address whether it
follows the one before it. Layout of PostgreSQL 15 to 18 (`access/xlog_internal.h`,
`access/xlogrecord.h`, `access/heapam_xlog.h`).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PAGE = 8192
_RECORD = struct.Struct("<IIQBBxxI")
_HEAP = 10
_INSERT, _UPDATE, _HOT_UPDATE = 0x00, 0x20, 0x40
_PREFIX, _SUFFIX = 0x20, 0x40


@dataclass(frozen=True)
class Record:
    """What is of interest in a record: its operation, its data, its blocks (image, data)."""

    manager: int
    info: int
    data: bytes
    blocks: tuple[tuple[bytes, bytes], ...]


def streams(segment: bytes) -> Iterator[tuple[bytes, int]]:
    """Runs of log without page headers, each with the place where a record begins in it."""
    run, begin, expected = bytearray(), 0, -1
    for start in range(0, len(segment) - PAGE + 1, PAGE):
        page = segment[start : start + PAGE]
        magic, info, _, address, rest = struct.unpack_from("<HHIQI", page)
        if address != expected or not magic:
            if run:
                yield bytes(run), begin
            run, begin = bytearray(), -(-rest // 8) * 8
        expected = address + PAGE if magic else -1
        if magic:
            run += page[40 if info & 2 else 24 :]
    if run:
        yield bytes(run), begin


def records(stream: bytes, at: int) -> Iterator[Record]:
    """The records of a run, up to where it breaks off."""
    while at + _RECORD.size <= len(stream):
        length, _, _, info, manager, _ = _RECORD.unpack_from(stream, at)
        if length < _RECORD.size or at + length > len(stream):
            return
        try:
            yield _record(manager, info, stream[at + _RECORD.size : at + length])
        except (struct.error, IndexError):
            return
        at += -(-length // 8) * 8


def images(record: Record) -> Iterator[bytes]:
    """The pages that a record holds whole."""
    return (image for image, _ in record.blocks if image)


def rows(record: Record) -> Iterator[bytes]:
    """The columns that a record writes into a heap, as they follow a tuple's header.

    Of an updated row only what differs from the old one is there, after unknown first columns.
    """
    operation = record.info & 0x70
    if record.manager != _HEAP or not record.blocks:
        return
    data = record.blocks[0][1]
    if operation in {_UPDATE, _HOT_UPDATE}:
        flags = record.data[7]
        data = data[2 * bool(flags & _PREFIX) + 2 * bool(flags & _SUFFIX) :]
    elif operation != _INSERT:
        return
    if len(data) > 5:
        yield data[5 + data[4] - 23 :]


def _record(manager: int, info: int, body: bytes) -> Record:
    at = 0
    main = 0
    heads: list[tuple[int, int, int]] = []
    while True:
        tag = body[at]
        if tag <= 32:
            flags, length = struct.unpack_from("<BH", body, at + 1)
            at += 4
            image, hole, hole_at = 0, 0, 0
            if flags & 0x10:
                image, hole_at, packed = struct.unpack_from("<HHB", body, at)
                at += 5
                if packed & 0x1C:
                    raise IndexError("a compressed image")
                hole = PAGE - image
            at += 4 if flags & 0x80 else 16
            heads.append((image, hole_at if hole else PAGE, length))
        elif tag == 255:
            main, at = body[at + 1], at + 2
            break
        elif tag == 254:
            main, at = struct.unpack_from("<I", body, at + 1)[0], at + 5
            break
        elif tag in {253, 252}:
            at += 3 if tag == 253 else 5
        else:
            raise IndexError("an unknown part")
        if at + sum(image + length for image, _, length in heads) >= len(body):
            break
    blocks = []
    for image, hole_at, length in heads:
        packed_page = body[at : at + image]
        page = b""
        if image:
            page = packed_page[:hole_at] + bytes(PAGE - image) + packed_page[hole_at:]
        at += image
        blocks.append((page, body[at : at + length]))
        at += length
    return Record(manager, info, body[at : at + main], tuple(blocks))
