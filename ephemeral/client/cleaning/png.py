"""PNG, moving or not: chunks that may stay are those of picture and colour."""

import zlib

from ephemeral.client.cleaning.icc import PROFILE_MAX, cleaned_profile
from ephemeral.client.cleaning.orientation import orientation_of, written_orientation
from ephemeral.client.cleaning.reading import Reader, not_cleaned

__all__ = ["cleaned_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LENGTH_MAX = 2**31 - 1
#: What may stay, and how long it is.
_KEPT = {
    b"IHDR": (13, 13), b"PLTE": (3, 768), b"IDAT": (0, _LENGTH_MAX), b"IEND": (0, 0),
    b"tRNS": (1, 256), b"gAMA": (4, 4), b"cHRM": (32, 32), b"sRGB": (1, 1), b"cICP": (4, 4),
    b"sBIT": (1, 4), b"pHYs": (9, 9), b"acTL": (8, 8), b"fcTL": (26, 26), b"fdAT": (4, _LENGTH_MAX),
}  # fmt: skip
_STORED = 65_535


def cleaned_png(data: bytes) -> bytes:
    """Nothing of what follows its end; what a decoder must know and isn't known here is refused."""
    reader = Reader(data)
    if reader.bytes(8) != _SIGNATURE:
        not_cleaned("form")
    made = [_SIGNATURE]
    orientation, profiles, kind = 1, 0, b""
    while kind != b"IEND":
        reader.part()
        start = reader.at
        length = reader.number(4)
        kind = reader.bytes(4)
        content = reader.bytes(length)
        reader.bytes(4)
        if (len(made) == 1) != (kind == b"IHDR"):
            not_cleaned("form")
        if kind in _KEPT:
            low, high = _KEPT[kind]
            if not low <= length <= high:
                not_cleaned("form")
            made.append(data[start : reader.at])
        elif kind == b"iCCP":
            # One is allowed, and each becomes megabytes of a few bytes.
            if profiles == 0:
                made.append(_profile(content))
            profiles += 1
        elif kind == b"eXIf":
            orientation = orientation_of(content)
        elif not kind[0] & 0x20:
            not_cleaned("form")
    if orientation > 1:
        made.insert(2, _chunk(b"eXIf", written_orientation(orientation)))
    return b"".join(made)


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + crc.to_bytes(4, "big")


def _profile(content: bytes) -> bytes:
    """The chunk again without a name; nothing where it can't be read."""
    name, _, rest = content.partition(b"\0")
    if len(name) > 79 or rest[:1] != b"\0":
        return b""
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(rest[1:], PROFILE_MAX + 1)
    except zlib.error:
        return b""
    if len(profile) > PROFILE_MAX or not inflater.eof or inflater.unused_data:
        return b""
    cleaned = cleaned_profile(profile)
    return b"" if cleaned is None else _chunk(b"iCCP", b"icc\0\0" + _stored(cleaned))


def _stored(data: bytes) -> bytes:
    """Zlib without compression: the same bytes in any language."""
    made = [b"\x78\x01"]
    for at in range(0, len(data), _STORED):
        piece = data[at : at + _STORED]
        last = at + _STORED >= len(data)
        length = len(piece)
        head = length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little")
        made += (bytes([last]), head, piece)
    return b"".join((*made, zlib.adler32(data).to_bytes(4, "big")))
