"""Reading PostgreSQL's heap pages without PostgreSQL: what is live, dead, and merely left there.

The layout is that of little-endian machines with 8-byte alignment, of PostgreSQL 15 to 18 (its
`storage/bufpage.h`, `access/htup_details.h`, `varatt.h`).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PAGE = 8192
_PAGE_HEADER = 24
_TUPLE_HEADER = 23
_ALIGN = 8
_NORMAL, _DEAD = 1, 3


class NotThisRow(Exception):
    """Bytes that can't be a row of the layout that was asked for."""


@dataclass(frozen=True)
class External:
    """Where a large value stands: under this id in a TOAST table, with so many bytes."""

    size: int
    value_id: int


Value = int | bytes | External


def pages(content: bytes) -> Iterator[bytes]:
    """The whole pages of a relation's file that have ever been written."""
    for start in range(0, len(content) - PAGE + 1, PAGE):
        page = content[start : start + PAGE]
        if any(page[:_PAGE_HEADER]):
            yield page


def pointed(page: bytes) -> Iterator[tuple[bool, bytes]]:
    """What the page's item pointers lead to: whether it is marked dead, and the whole tuple."""
    lower = struct.unpack_from("<H", page, 12)[0]
    for at in range(_PAGE_HEADER, min(lower, PAGE) - 3, 4):
        [pointer] = struct.unpack_from("<I", page, at)
        offset, flags, length = pointer & 0x7FFF, pointer >> 15 & 3, pointer >> 17
        if flags in {_NORMAL, _DEAD} and length and offset + length <= PAGE:
            # Deleted and replaced rows keep a normal pointer; their xmax is set.
            xmax, infomask = (
                struct.unpack_from("<I", page, offset + 4)[0],
                struct.unpack_from("<H", page, offset + 20)[0],
            )
            dead = flags == _DEAD or (xmax != 0 and not infomask & 0x0800)
            yield dead, page[offset : offset + length]


def carved(page: bytes) -> Iterator[bytes]:
    """From every place where a tuple could begin, to the end of the page.

    Pruning and vacuum move rows together and take their pointers away; what stood in between
    stays until something is written over it.
    """
    starts = page[_PAGE_HEADER + 22 : PAGE - 1 : _ALIGN]
    found = -1
    while (found := starts.find(_PAGE_HEADER, found + 1)) >= 0:
        yield page[_PAGE_HEADER + found * _ALIGN :]


def row(tuple_: bytes, layout: str) -> Sequence[Value]:
    """The columns of a tuple without nulls: of `i` (4 bytes), `q` (8 bytes) and `b` (bytea).

    Raises NotThisRow.
    """
    if len(tuple_) < _TUPLE_HEADER + 1:
        raise NotThisRow
    columns, infomask, start = struct.unpack_from("<HHB", tuple_, 18)
    if columns & 0x07FF != len(layout) or infomask & 1 or start != _PAGE_HEADER:
        raise NotThisRow
    return fields(tuple_[start:], layout)


def fields(data: bytes, layout: str) -> Sequence[Value]:
    """As `row`, from what follows a tuple's header."""
    found: list[Value] = []
    at = 0
    try:
        for kind in layout:
            value, at = _BY_KIND[kind](data, at)
            found.append(value)
    except (struct.error, IndexError):
        raise NotThisRow from None
    return found


def _integer(data: bytes, at: int) -> tuple[int, int]:
    at = -(-at // 4) * 4
    return struct.unpack_from("<I", data, at)[0], at + 4


def _long(data: bytes, at: int) -> tuple[int, int]:
    at = -(-at // 8) * 8
    return struct.unpack_from("<Q", data, at)[0], at + 8


def _bytea(data: bytes, at: int) -> tuple[bytes | External, int]:
    if data[at] == 0x01:
        tag, raw, _, value_id, _ = struct.unpack_from("<xBIIII", data, at)
        if tag != 18:
            raise NotThisRow
        return External(raw - 4, value_id), at + 18
    if data[at] & 1:
        end = at + (data[at] >> 1)
        begin = at + 1
    else:
        at = -(-at // 4) * 4
        [header] = struct.unpack_from("<I", data, at)
        if header & 3:
            raise NotThisRow
        end = at + (header >> 2)
        begin = at + 4
    if not begin <= end <= len(data):
        raise NotThisRow
    return data[begin:end], end


_BY_KIND = {"i": _integer, "q": _long, "b": _bytea}
