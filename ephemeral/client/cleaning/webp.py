"""WebP, moving or not: chunks that may stay are those of picture and colour."""

from collections.abc import Iterator

from ephemeral.client.cleaning.icc import cleaned_profile
from ephemeral.client.cleaning.orientation import orientation_of, written_orientation
from ephemeral.client.cleaning.reading import Reader, not_cleaned

__all__ = ["cleaned_webp"]

_PICTURES = frozenset((b"VP8 ", b"VP8L"))
_IN_FRAME = frozenset((b"ALPH", *_PICTURES))
_ONCE = frozenset((b"VP8X", b"ANIM", b"ICCP", *_IN_FRAME))
_MOVES, _EXIF, _ALPHA, _COLOUR = 0x02, 0x08, 0x10, 0x20


def cleaned_webp(data: bytes) -> bytes:
    """Nothing of what follows the length that it says of itself."""
    reader = Reader(data)
    head = reader.bytes(4)
    size = reader.small_end(4)
    if head != b"RIFF" or reader.bytes(4) != b"WEBP" or size < 4:
        not_cleaned("form")
    inside = Reader(reader.bytes(size - 4))
    made: list[bytes] = []
    found: set[bytes] = set()
    flags, orientation = 0, 1
    for kind, content in _chunks(inside):
        if kind in found & _ONCE or (kind in _PICTURES and found & _PICTURES):
            not_cleaned("form")
        if kind == b"EXIF":
            orientation = orientation_of(content.removeprefix(b"Exif\0\0"))
            continue
        if kind == b"VP8X":
            if found or len(content) != 10:
                not_cleaned("form")
            flags = content[0] & (_MOVES | _ALPHA)
            made.append(_chunk(kind, bytes(4) + content[4:]))
        elif kind == b"ICCP":
            profile = cleaned_profile(content)
            if profile is None:
                continue
            flags |= _COLOUR
            made.append(_chunk(kind, profile))
        elif kind == b"ANIM":
            made.append(_chunk(kind, content[:6]))
        elif kind == b"ANMF":
            made.append(_chunk(kind, _frame(content)))
        elif kind in _IN_FRAME:
            made.append(_chunk(kind, content))
        else:
            continue
        found.add(kind)
    if not found & {b"ANMF", *_PICTURES}:
        not_cleaned("form")
    if b"VP8X" in found:
        if orientation > 1:
            flags |= _EXIF
            made.append(_chunk(b"EXIF", written_orientation(orientation)))
        made[0] = made[0][:8] + bytes([flags]) + made[0][9:]
    else:
        made = [one for one in made if one[:4] in _PICTURES]
        if not made:
            not_cleaned("form")
    whole = b"WEBP" + b"".join(made)
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def _chunks(reader: Reader) -> Iterator[tuple[bytes, bytes]]:
    while reader.left > 0:
        reader.part()
        kind = reader.bytes(4)
        length = reader.small_end(4)
        content = reader.bytes(length)
        reader.bytes(length % 2)
        yield kind, content


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def _frame(content: bytes) -> bytes:
    reader = Reader(content)
    made = [reader.bytes(16)]
    made += [_chunk(kind, one) for kind, one in _chunks(reader) if kind in _IN_FRAME]
    if not any(one[:4] in _PICTURES for one in made[1:]):
        not_cleaned("form")
    return b"".join(made)
