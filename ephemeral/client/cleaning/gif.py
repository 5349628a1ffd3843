"""GIF: of its extensions may stay how a picture is shown, and how often all of them are."""

from collections.abc import Iterator

from ephemeral.client.cleaning.reading import Reader, not_cleaned

__all__ = ["cleaned_gif"]

_PICTURE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOP = b"\x21\xff\x0bNETSCAPE2.0"


def cleaned_gif(data: bytes) -> bytes:
    """Nothing of what follows its end."""
    reader = Reader(data)
    head = reader.bytes(13)
    if head[:6] not in {b"GIF87a", b"GIF89a"}:
        not_cleaned("form")
    made = [head, reader.bytes(_table(head[10]))]
    pictures = 0
    while (block := reader.number(1)) != _END:
        reader.part()
        if block == _PICTURE:
            place = reader.bytes(9)
            made += (b"\x2c", place, reader.bytes(_table(place[8])), reader.bytes(1))
            made.append(_coded(reader))
            pictures += 1
        elif block == _EXTENSION:
            made.append(_extension(reader))
        else:
            not_cleaned("form")
    if pictures == 0:
        not_cleaned("form")
    return b"".join((*made, b"\x3b"))


def _table(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _pieces(reader: Reader) -> Iterator[bytes]:
    """Pieces in turn, to the empty one."""
    while length := reader.number(1):
        yield reader.bytes(length)


def _coded(reader: Reader) -> bytes:
    """All pieces with their lengths, in one: there may be one for each byte."""
    start = reader.at
    for _ in _pieces(reader):
        pass
    return reader.data[start : reader.at]


def _extension(reader: Reader) -> bytes:
    kind = reader.number(1)
    first, times, count = b"", b"", 0
    for piece in _pieces(reader):
        if count == 0:
            first = piece
        elif len(piece) == 3 and piece[0] == 1:
            times = times or piece
        count += 1
    if kind == _CONTROL and count == 1 and len(first) == 4:
        return b"\x21\xf9\x04" + first + b"\0"
    if kind == _APPLICATION and first == b"NETSCAPE2.0" and times:
        return _LOOP + b"\3" + times + b"\0"
    return b""
