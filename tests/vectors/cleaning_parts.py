"""Pictures and films put together of their parts, as devices write them.

Everything is made twice: as it comes from a device, and as it is when what it tells is gone. So no
reader of such files is needed to know what must be left.
"""

import struct
import zlib

from maker import drawn

#: What nobody may find afterwards.
PLACE = b"+48.8583+002.2944/"
SERIAL = b"SN-0271828182"
DATE = b"2026:05:17 10:20:30"
OWNER = b"/Users/anna/2026"
SECRETS = (PLACE, SERIAL, DATE, OWNER)
TOLD = b" ".join(SECRETS)

#: A part that stays as it is, one that goes, or one that becomes another: (before, after).
Part = tuple[bytes, bytes]


def kept(data: bytes) -> Part:
    return data, data


def gone(data: bytes) -> Part:
    return data, b""


def whole(*parts: Part) -> Part:
    return b"".join(one for one, _ in parts), b"".join(one for _, one in parts)


# Exif, and colours


def tiff(order: str, *, orientation: int | None = None) -> bytes:
    """Camera, date, serial number and place, as Exif has them."""
    big = order == ">"
    fields = [(0x010F, 2, SERIAL + b"\0"), (0x0132, 2, DATE + b"\0"), (0x8825, 2, PLACE + b"\0")]
    if orientation is not None:
        fields.append((0x0112, 3, struct.pack(order + "H", orientation)))
    fields.sort()
    behind = 8 + 2 + 12 * len(fields) + 4
    entries, values = b"", b""
    for tag, kind, value in fields:
        count = 1 if kind == 3 else len(value)
        entries += struct.pack(order + "HHI", tag, kind, count)
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", behind + len(values))
            values += value
    head = (b"MM\0*" if big else b"II*\0") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "H", len(fields)) + entries + bytes(4) + values


def turned(orientation: int) -> bytes:
    """What is left of Exif."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)


def profile() -> Part:
    """A screen's: with its serial number, its owner's name for it, and the day it was measured."""
    tags = [
        (b"rXYZ", b"XYZ " + bytes(4) + drawn("cleaning/red", 12), True),
        (b"desc", b"desc" + bytes(4) + OWNER, False),
        (b"rTRC", b"para" + bytes(4) + bytes(8), True),
        (b"mmod", b"mmod" + bytes(4) + SERIAL, False),
        (b"gTRC", b"text" + bytes(4) + TOLD, False),
        (b"wtpt", b"XYZ " + bytes(4) + drawn("cleaning/white", 12), True),
    ]
    at = 128 + 4 + 12 * len(tags)
    dirty, clean, left, right = b"", b"", b"", b""
    count = 0
    for name, data, stays in tags:
        entry = name + struct.pack(">II", at, len(data))
        dirty += entry
        left += data
        right += data if stays else bytes(len(data))
        clean += entry if stays else b""
        count += stays
        at += len(data)
    head = bytearray(struct.pack(">I", at) + b"appl" + bytes(4) + b"mntrRGB XYZ ")
    head += struct.pack(">6H", 2026, 5, 17, 10, 20, 30) + b"acspAPPL" + bytes(4) + SERIAL[-8:]
    head = head.ljust(80, b"\1") + b"anna" + drawn("cleaning/hash", 16)
    head = (head + TOLD).ljust(128, b"\1")[:128]
    bare = bytearray(head)
    for start, end in ((4, 8), (24, 36), (40, 44), (48, 56), (80, 128)):
        bare[start:end] = bytes(end - start)
    table = clean.ljust(12 * len(tags), b"\0")
    return (
        bytes(head) + struct.pack(">I", len(tags)) + dirty + left,
        bytes(bare) + struct.pack(">I", count) + table + right,
    )


# JPEG: 16 by 8 pixels in grey


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def exif(orientation: int | None, order: str = ">") -> Part:
    """Written where it was, and left only if it turns the picture."""
    left = b""
    if orientation is not None and orientation > 1:
        left = segment(0xE1, b"Exif\0\0" + turned(orientation))
    return segment(0xE1, b"Exif\0\0" + tiff(order, orientation=orientation)), left


JFIF = segment(0xE0, b"JFIF\0\1\2\1" + struct.pack(">HH", 72, 72) + b"\0\0")
TABLE = segment(0xDB, b"\0" + b"\x10" * 64)
FRAME = segment(0xC0, b"\x08" + struct.pack(">HH", 8, 16) + b"\1\1\x11\0")
CODES = segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10\1" + bytes(15) + b"\0")
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x0f"
PICTURE = TABLE + FRAME + CODES + SCAN
SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def xmp(text: bytes) -> bytes:
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + text + b"</x>")


# PNG: 3 by 2 pixels


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 0))
PIXELS = zlib.compress(b"\0\1\2\3\0\4\5\6")
DATA = chunk(b"IDAT", PIXELS)
IEND = chunk(b"IEND")


def uncompressed(data: bytes) -> bytes:
    assert len(data) < 65_536
    head = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF)
    return b"\x78\1" + head + data + struct.pack(">I", zlib.adler32(data))


# WebP: 2 by 1 pixels


def part(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def lossless() -> bytes:
    """Its bits, the least significant first: sizes, no transforms, and five codes of one symbol."""
    bits = f"{1:014b}"[::-1] + f"{0:014b}"[::-1] + "0" + "000" + "0" + "0" + "0" + "1000" * 5
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    return b"\x2f" + bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


VP8L = part(b"VP8L", lossless())


def extended(flags: int) -> bytes:
    return part(b"VP8X", bytes([flags]) + bytes(3) + b"\1\0\0" + bytes(3))


def riff(parts: Part) -> Part:
    def of(data: bytes) -> bytes:
        return b"RIFF" + struct.pack("<I", 4 + len(data)) + b"WEBP" + data

    return of(parts[0]), of(parts[1])


# GIF: one pixel

GIF = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
IMAGE = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2" + b"\2\x44\1" + b"\0"


def pieces(data: bytes) -> bytes:
    cut = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"".join(bytes([len(one)]) + one for one in cut) + b"\0"


# Films


def box(kind: bytes, *inside: Part | bytes) -> Part:
    parts = [one if isinstance(one, tuple) else kept(one) for one in inside]
    before, after = whole(*parts)
    assert len(before) == len(after)
    head = struct.pack(">I", 8 + len(before)) + kind
    return head + before, head + after


def freed(kind: bytes, data: bytes) -> Part:
    """What may not stay: its place does, and zeros."""
    head = struct.pack(">I", 8 + len(data))
    return head + kind + data, head + b"free" + bytes(len(data))


def zeroed(data: bytes) -> Part:
    return data, bytes(len(data))


def times(kind: bytes, version: int, rest: int) -> Part:
    when = (
        struct.pack(">II", 3_800_000_000, 3_800_000_001)
        if version == 0
        else b"\1\2\3\4\5\6\7\x08" * 2
    )
    return box(kind, bytes([version, 0, 0, 0]), zeroed(when), drawn(f"cleaning/{kind!r}", rest))


def handler(kind: bytes, name: bytes = TOLD) -> Part:
    return box(b"hdlr", bytes(4) + b"mhlr" + kind, zeroed(b"appl" + bytes(8) + name))


def reference(extra: bytes = b"") -> Part:
    entry = struct.pack(">I", 12 + len(extra)) + b"url \0\0\0\1"
    return box(b"dref", bytes(4) + struct.pack(">I", 1) + entry, zeroed(extra))


def picture_entry(*inside: Part, kind: bytes = b"avc1") -> Part:
    head = bytes(6) + b"\0\1" + bytes(4)
    size = bytes(8) + struct.pack(">HH", 16, 8) + bytes(14)
    name = (b"\x1f" + OWNER).ljust(32, b"\0")[:32]
    return box(kind, head, zeroed(b"appl"), size, zeroed(name), b"\0\x18\xff\xff", *inside)


def sound_entry(*inside: Part, version: int = 0, kind: bytes = b"mp4a") -> Part:
    head = bytes(6) + b"\0\1" + struct.pack(">HH", version, 0)
    rest = bytes(12) + bytes({0: 0, 1: 16, 2: 36}[version])
    return box(kind, head, zeroed(b"GoPr"), rest, *inside)


def described(*entries: Part, version: int = 0) -> Part:
    return box(b"stsd", bytes([version, 0, 0, 0]) + struct.pack(">I", len(entries)), *entries)


AVCC = box(b"avcC", b"\1\x64\0\x1f\xff\xe0\0")
ESDS = box(b"esds", bytes(4) + drawn("cleaning/esds", 30))


def tables(entries: Part) -> Part:
    offsets = struct.pack(">III", 0, 1, 48)
    return box(b"stbl", entries, box(b"stts", bytes(8)), box(b"stco", offsets),
               freed(b"sgpx", SERIAL))  # fmt: skip


def track(kind: bytes, entries: Part, *more: Part, version: int = 0, extra: bytes = b"") -> Part:
    media = box(
        b"mdia",
        times(b"mdhd", version, 12 if version == 0 else 16),
        handler(kind),
        box(b"minf", box(b"vmhd", bytes(12)), box(b"dinf", reference(extra)), tables(entries)),
    )
    return box(b"trak", times(b"tkhd", version, 72 if version == 0 else 76), media, *more)


def film(*parts: Part, brand: bytes = b"isom") -> Part:
    return whole(box(b"ftyp", brand + bytes(4) + brand), *parts)


PICTURES = track(b"vide", described(picture_entry(AVCC)))
SOUNDS = track(b"soun", described(sound_entry(ESDS)))
MVHD = times(b"mvhd", 0, 88)
MDAT = box(b"mdat", drawn("cleaning/samples", 64))
