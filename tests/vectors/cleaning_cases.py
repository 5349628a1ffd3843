"""Pictures and films from which it is removed what they tell of place, time and device."""

import struct

from cleaning_parts import (
    AVCC,
    CODES,
    DATA,
    EOI,
    ESDS,
    FRAME,
    GIF,
    HEADER,
    IEND,
    IMAGE,
    JFIF,
    MDAT,
    MVHD,
    OWNER,
    PICTURE,
    PICTURES,
    PIXELS,
    PLACE,
    SCAN,
    SERIAL,
    SIGNATURE,
    SOI,
    SOUNDS,
    TABLE,
    TOLD,
    VP8L,
    Part,
    box,
    chunk,
    described,
    exif,
    extended,
    film,
    freed,
    gone,
    handler,
    kept,
    lossless,
    part,
    picture_entry,
    pieces,
    profile,
    riff,
    segment,
    sound_entry,
    tiff,
    times,
    track,
    turned,
    uncompressed,
    whole,
    xmp,
    zeroed,
)
from maker import Vectors, flipped


def make() -> Vectors:
    v = Vectors("cleaning", "What is removed from pictures and films: docs/cleaning.md")
    v.operation(
        "clean", {"data": "hex"}, {"kind": "text", "data": "hex"}, refused={"details": "json"}
    )
    jpegs(v)
    pngs(v)
    webps(v)
    gifs(v)
    films(v)
    others(v)
    return v


def taken(v: Vectors, kind: str, name: str, parts: Part, why: str) -> None:
    before, after = parts
    v.success("clean", f"{kind}_{name}", why, {"data": before}, {"kind": kind, "data": after})
    # What was cleaned has nothing more to lose.
    if before != after:
        v.success("clean", f"{kind}_{name}_again", "Once is enough.", {"data": after},
                  {"kind": kind, "data": after})  # fmt: skip


def refused(v: Vectors, name: str, data: bytes, reason: str, why: str) -> None:
    v.refusal("clean", name, why, {"data": data}, "not_cleaned", {"details": {"why": reason}})


def jpegs(v: Vectors) -> None:
    def taken_in(name: str, why: str, *parts: Part) -> None:
        taken(v, "jpeg", name, whole(kept(SOI), *parts), why)

    end = kept(PICTURE + EOI)
    screen = profile()
    half = len(screen[0]) // 2

    def pieced(at: int, count: int, data: bytes) -> bytes:
        return segment(0xE2, b"ICC_PROFILE\0" + bytes([at, count]) + data)

    depth = gone(SOI + segment(0xE1, b"Exif\0\0" + tiff(">")) + PICTURE + EOI)
    clip = gone(film(box(b"moov", b"\xa9xyz" + PLACE))[0])
    taken_in("plain", "Nothing to remove.", kept(JFIF), end)
    taken_in(
        "iphone", "Place and serial number, a list of further pictures, depth behind the end; it"
        " stays turned, and its colours are those of the screen, without the screen.",
        exif(6), (pieced(1, 1, screen[0]), pieced(1, 1, screen[1])),
        gone(xmp(TOLD)), gone(segment(0xE2, b"MPF\0MM\0*" + SERIAL)), end, depth,
    )  # fmt: skip
    taken_in(
        "android", "A film behind the end, and what says that it is there.",
        exif(1, "<"), gone(xmp(b"MotionPhoto " + PLACE)), gone(segment(0xEE, b"Samsung" + SERIAL)),
        end, clip, gone(b"SEFH" + TOLD + b"SEFT"),
    )  # fmt: skip
    taken_in(
        "signed", "Who made it, by what and when, with signatures: C2PA.",
        kept(JFIF), gone(segment(0xEB, b"JP\0\1jumbc2pa" + TOLD)), end,
    )  # fmt: skip
    taken_in(
        "edited", "What programs write.",
        kept(JFIF), gone(segment(0xED, b"Photoshop 3.0\08BIM" + OWNER)), gone(segment(0xFE, TOLD)),
        kept(segment(0xEE, b"Adobe\0\x64\0\0\0\0\1")), end,
    )  # fmt: skip
    taken_in(
        "small_picture", "A small picture of what was cut away.",
        (segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\1\2" + bytes(6)),
         segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0")),
        gone(segment(0xE0, b"JFXX\0\x10" + PICTURE)), end,
    )  # fmt: skip
    taken_in(
        "profile_in_two", "Pieces of a profile in another order.",
        (pieced(2, 2, screen[0][half:]) + pieced(1, 2, screen[0][:half]), pieced(1, 1, screen[1])),
        end,
    )  # fmt: skip
    taken_in(
        "profile_in_part", "Half of a profile is none.",
        gone(pieced(1, 2, screen[0][:half])), end,
    )  # fmt: skip
    taken_in("profile_of_nothing", "No profile.", gone(pieced(1, 1, TOLD)), end)
    # Behind the frame as before it.
    said = segment(0xE1, b"Exif\0\0" + tiff("<", orientation=8))
    late = segment(0xE1, b"Exif\0\0" + turned(8))
    taken_in("turned_late", "Told behind the tables.",
             (TABLE + said + FRAME + CODES + SCAN + EOI, late + PICTURE + EOI))  # fmt: skip
    for name, told in (("0", 0), ("9", 9)):
        taken_in(f"turned_{name}", "Nowhere.", gone(exif(told)[0]), end)
    taken_in(
        "exif_broken",
        "Nothing is told.",
        gone(segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")),
        end,
    )
    restarts = SCAN[:-1] + b"\x0f\xff\xd0\x0f\xff\0\x0f"
    taken_in("restarts", "What is coded is kept as it is.",
             kept(TABLE + FRAME + CODES + segment(0xDD, b"\0\1") + restarts + EOI))  # fmt: skip
    taken_in("filled", "More than one byte before a marker.",
             (b"\xff\xff" + PICTURE + b"\xff" + EOI, PICTURE + EOI))  # fmt: skip
    whole_file = SOI + PICTURE + EOI
    for name, data, why in (
        ("nothing", b"\xff\xd8\xff", "Nothing behind its beginning."),
        ("cut", whole_file[:-2], "Its end is missing."),
        ("cut_scan", whole_file[:-3], "Likewise."),
        ("cut_table", whole_file[:20], "Cut in a table."),
        ("between", SOI + TABLE + TOLD + FRAME + CODES + SCAN + EOI, "Something between segments."),
        ("no_scan", SOI + TABLE + FRAME + CODES + EOI, "No picture."),
        ("no_frame", SOI + TABLE + CODES + SCAN + EOI, "A scan of nothing."),
        ("two_frames", SOI + TABLE + FRAME + FRAME + CODES + SCAN + EOI, "Two frames."),
        ("lines", SOI + PICTURE + segment(0xDC, b"\0\x08") + EOI, "Lines are told later."),
        ("length", SOI + b"\xff\xdb\0\1", "A segment that is shorter than its length."),
        ("hidden_in_table", SOI + segment(0xDB, TABLE[4:] + TOLD) + FRAME + CODES + SCAN + EOI,
         "More in a table than it has."),
        ("hidden_in_codes", SOI + TABLE + FRAME + segment(0xC4, CODES[4:22] + TOLD) + SCAN + EOI,
         "Likewise."),
        ("hidden_in_frame", SOI + TABLE + segment(0xC0, FRAME[4:] + TOLD) + CODES + SCAN + EOI,
         "Likewise."),
        ("hierarchical", SOI + segment(0xDE, FRAME[4:]) + PICTURE + EOI, "Of several sizes."),
    ):  # fmt: skip
        refused(v, f"jpeg_{name}", data, "form", why)


def pngs(v: Vectors) -> None:
    def taken_in(name: str, why: str, *parts: Part, behind: bytes = b"") -> None:
        ends = (IEND + behind, IEND)
        taken(v, "png", name, whole(kept(SIGNATURE + HEADER), *parts, kept(DATA), ends), why)

    screen = profile()
    compressed = chunk(b"iCCP", b"Anna's screen\0\0" + uncompressed(screen[0]))
    taken_in(
        "screenshot", "Place, owner and date, and the screen's serial number in its profile.",
        (compressed, chunk(b"iCCP", b"icc\0\0" + uncompressed(screen[1]))),
        kept(chunk(b"pHYs", bytes(9))), gone(chunk(b"eXIf", tiff(">"))),
        gone(chunk(b"tEXt", b"Author\0" + OWNER)), gone(chunk(b"zTXt", b"Comment\0\0" + PIXELS)),
        gone(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + TOLD)),
        gone(chunk(b"tIME", b"\x07\xea\5\x11\x0a\x14\x1e")),
    )  # fmt: skip
    taken_in(
        "signed", "C2PA, and a prompt that a picture was made of.",
        gone(chunk(b"caBX", b"jumbc2pa" + TOLD)), gone(chunk(b"tEXt", b"parameters\0" + TOLD)),
    )  # fmt: skip
    taken_in(
        "turned", "It stays turned.",
        (chunk(b"eXIf", tiff("<", orientation=3)), chunk(b"eXIf", turned(3))),
    )  # fmt: skip
    taken_in("behind", "What a smaller picture left of a larger one.", behind=DATA + TOLD)
    taken_in("profile_twice", "One is allowed, and each becomes more than it was.",
             (compressed * 2, chunk(b"iCCP", b"icc\0\0" + uncompressed(screen[1]))))  # fmt: skip
    taken_in("profile_after_none", "The first one counts.",
             gone(chunk(b"iCCP", b"x\0\0" + TOLD) + compressed))  # fmt: skip
    taken_in("profile_of_nothing", "No profile.",
             gone(chunk(b"iCCP", b"x\0\0" + uncompressed(TOLD))))  # fmt: skip
    taken_in("profile_broken", "What can't be unpacked.", gone(chunk(b"iCCP", b"x\0\0" + TOLD)))
    taken_in("profile_longer", "More behind it.",
             gone(chunk(b"iCCP", b"x\0\0" + uncompressed(screen[0]) + TOLD)))  # fmt: skip
    taken_in("profile_nameless", "Without an end of its name.", gone(chunk(b"iCCP", OWNER)))
    moving = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(
        b"fcTL", struct.pack(">IIIIIHHBB", 0, 3, 2, 0, 0, 1, 10, 0, 0)
    )
    taken_in("moving", "A moving one stays so.", kept(moving), gone(chunk(b"vpAg", TOLD)))
    for name, data, why in (
        ("nothing", SIGNATURE, "Nothing behind its signature."),
        ("cut", SIGNATURE + HEADER + DATA, "Its end is missing."),
        ("cut_chunk", SIGNATURE + HEADER + DATA[:-5], "Cut in a chunk."),
        ("no_header", SIGNATURE + DATA + IEND, "Its header comes first."),
        ("two_headers", SIGNATURE + HEADER + HEADER + DATA + IEND, "One header."),
        ("needed", SIGNATURE + HEADER + chunk(b"CgBI", b"\0") + DATA + IEND,
         "Without what must be known it would be another picture."),
        ("long", SIGNATURE + HEADER + chunk(b"gAMA", bytes(4) + TOLD) + DATA + IEND,
         "More in a chunk than it has."),
    ):  # fmt: skip
        refused(v, f"png_{name}", data, "form", why)


def webps(v: Vectors) -> None:
    def taken_in(name: str, why: str, *parts: Part, behind: bytes = b"") -> None:
        before, after = riff(whole(*parts))
        taken(v, "webp", name, (before + behind, after), why)

    screen = profile()
    taken_in("plain", "Nothing to remove.", kept(VP8L))
    taken_in(
        "phone", "Place and date beside it; it stays turned.",
        (extended(0x2C), extended(0x28)), (part(b"ICCP", screen[0]), part(b"ICCP", screen[1])),
        kept(VP8L), (part(b"EXIF", tiff("<", orientation=6)), part(b"EXIF", turned(6))),
        gone(part(b"XMP ", TOLD)), behind=TOLD,
    )  # fmt: skip
    taken_in(
        "upright", "Nothing is left of it.", (extended(0x0C), extended(0)), kept(VP8L),
        gone(part(b"EXIF", b"Exif\0\0" + tiff(">", orientation=1))), gone(part(b"C2PA", TOLD)),
    )  # fmt: skip
    frame = bytes(16)
    before, after = whole(kept(frame + VP8L), gone(part(b"INFO", TOLD)))
    taken_in(
        "moving", "Nor in its pictures.", (extended(0x06), extended(0x02)),
        kept(part(b"ANIM", bytes(6))), (part(b"ANMF", before), part(b"ANMF", after)),
        gone(part(b"EXIF", tiff(">"))),
    )  # fmt: skip
    taken_in("simple", "What a simple one has no place for.", kept(VP8L), gone(part(b"EXIF", TOLD)))
    taken_in("odd", "A byte to fill up with, which isn't zero.",
             (b"VP8L" + struct.pack("<I", len(lossless()) - 1) + lossless()[:-1] + SERIAL[:1],
              b"VP8L" + struct.pack("<I", len(lossless()) - 1) + lossless()[:-1] + b"\0")
             if len(lossless()) % 2 == 0 else kept(VP8L))  # fmt: skip
    taken_in("profile_of_nothing", "No profile.", (extended(0x20), extended(0)),
             gone(part(b"ICCP", TOLD)), kept(VP8L))  # fmt: skip
    right = riff(kept(VP8L))[0]
    for name, data, why in (
        ("nothing", riff(kept(b""))[0], "No picture."),
        ("cut", right[:-1], "Cut."),
        ("two", riff(kept(VP8L + VP8L))[0], "Two pictures."),
        ("extended_late", riff(kept(VP8L + extended(0)))[0], "Its header comes first."),
        ("extended_long", riff(kept(part(b"VP8X", bytes(10) + TOLD) + VP8L))[0],
         "More in its header than it has."),
        ("frame_empty", riff(kept(extended(2) + part(b"ANMF", frame)))[0], "A frame of nothing."),
        ("frames_only", riff(kept(part(b"ANMF", frame + VP8L)))[0], "Frames without a header."),
        ("length", b"RIFF\3\0\0\0WEBP" + VP8L, "A length that can't be."),
    ):  # fmt: skip
        refused(v, f"webp_{name}", data, "form", why)


def gifs(v: Vectors) -> None:
    def taken_in(name: str, why: str, *parts: Part, behind: bytes = b"") -> None:
        parts = (kept(GIF), *parts, kept(IMAGE), (b"\x3b" + behind, b"\x3b"))
        taken(v, "gif", name, whole(*parts), why)

    control = b"\x21\xf9\4\4\x0a\0\0\0"
    loop = b"\x21\xff\x0bNETSCAPE2.0"
    taken_in("plain", "Nothing to remove.")
    taken_in(
        "moving", "How often it is shown, and how long each picture is.",
        kept(loop + b"\3\1\0\0\0"), kept(control),
    )  # fmt: skip
    taken_in(
        "programs", "A comment, and what programs write.",
        gone(b"\x21\xfe" + pieces(TOLD)), gone(b"\x21\xff\x0bXMP DataXMP" + pieces(TOLD)),
        gone(b"\x21\xff\x0bICCRGBG1012" + pieces(TOLD)),
        gone(b"\x21\1\x0c" + bytes(12) + pieces(TOLD)),
        gone(b"\x21\xff\x0bC2PA_GIF\1\0\0" + pieces(TOLD)), kept(control), behind=TOLD,
    )  # fmt: skip
    taken_in(
        "loop_hidden", "More behind how often it is shown.",
        (loop + b"\3\1\5\0" + pieces(TOLD), loop + b"\3\1\5\0\0"),
        gone(loop + pieces(TOLD)), gone(b"\x21\xf9" + pieces(TOLD)),
    )  # fmt: skip
    for name, data, why in (
        ("nothing", GIF + b"\x3b", "No picture."),
        ("cut", GIF + IMAGE, "Its end is missing."),
        ("cut_table", GIF[:-1], "Cut in its colours."),
        ("cut_piece", GIF + IMAGE[:-2], "Cut in its picture."),
        ("between", GIF + TOLD + IMAGE + b"\x3b", "Something between blocks."),
    ):
        refused(v, f"gif_{name}", data, "form", why)


def films(v: Vectors) -> None:
    def taken_in(name: str, why: str, *parts: Part, brand: bytes = b"isom") -> None:
        taken(v, "film", name, film(*parts, brand=brand), why)

    places = box(b"udta", b"\0\0\0\x1e\xa9xyz\0\x12\x15\xc7" + PLACE)[0][8:]
    taken_in(
        "android", "Its place, its times, who made it, and what was there before.",
        box(b"moov", MVHD, freed(b"udta", places), freed(b"meta", bytes(4) + TOLD), PICTURES,
            SOUNDS),
        (box(b"free", TOLD)[0], box(b"free", bytes(len(TOLD)))[0]), MDAT,
    )  # fmt: skip
    taken_in(
        "drone", "A description behind the pictures, and one in a track.", MDAT,
        box(b"moov", MVHD, track(b"vide", described(picture_entry(AVCC)), freed(b"udta", TOLD),
                                 freed(b"uuid", bytes(16) + TOLD))),
        freed(b"uuid", b"\xbe\x7a\xcf\xcb" + bytes(12) + b"<x>" + TOLD), freed(b"C2PA", TOLD),
    )  # fmt: skip
    screen = profile()
    colour = [struct.pack(">I", 12 + len(one)) + b"colrprof" + one for one in screen]
    taken_in(
        "camera", "64-bit times, a path on somebody's disk, a program's name, a screen's profile.",
        box(b"wide"), MDAT,
        box(b"moov", times(b"mvhd", 1, 92),
            track(b"vide", described(picture_entry(AVCC, (colour[0], colour[1]),
                                                   freed(b"GPSd", PLACE), kept(bytes(4)))),
                  version=1, extra=OWNER)),
        brand=b"qt  ",
    )  # fmt: skip
    wave = box(b"wave", box(b"frma", b"mp4a"), ESDS, freed(b"srcq", SERIAL), kept(bytes(8)))
    taken_in(
        "quicktime_sound", "Boxes inside another.",
        box(b"moov", MVHD, track(b"soun", described(sound_entry(wave, version=1))),
            track(b"soun", described(sound_entry(kept(b""), version=2, kind=b"lpcm")))), MDAT,
    )  # fmt: skip
    taken_in(
        "newer_description", "What is called version 1 there has nothing more.",
        box(b"moov", MVHD, track(b"soun", described(
            (sound_entry(ESDS)[0][:17] + b"\1" + sound_entry(ESDS)[0][18:],
             sound_entry(ESDS)[1][:17] + b"\1" + sound_entry(ESDS)[1][18:]), version=1))), MDAT,
    )  # fmt: skip
    inside = (box(b"tfhd", bytes(8)), freed(b"uuid", TOLD), box(b"trun", bytes(12)))
    one_piece = box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", *inside), freed(b"meta", TOLD))
    taken_in(
        "in_pieces", "Each piece says when it was made.",
        box(b"moov", MVHD, PICTURES, box(b"mvex", box(b"trex", bytes(24)), freed(b"trep", TOLD))),
        freed(b"prft", TOLD), one_piece, MDAT, freed(b"emsg", TOLD),
        box(b"mfra", box(b"mfro", bytes(8))),
    )  # fmt: skip
    long_head = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 16 + 8) + bytes(8)
    long_free = struct.pack(">I", 1) + b"uuid" + struct.pack(">Q", 16 + len(TOLD))
    taken_in(
        "long_lengths", "Lengths of 64 bits.", box(b"moov", MVHD, PICTURES), kept(long_head),
        (long_free + TOLD, long_free.replace(b"uuid", b"free") + bytes(len(TOLD))),
    )  # fmt: skip
    taken_in("to_the_end", "A length that isn't told.", box(b"moov", MVHD, SOUNDS),
             kept(bytes(4) + b"mdat" + bytes(9)))  # fmt: skip
    moov = box(b"moov", MVHD, PICTURES)
    for kind, name in (
        (b"meta", "iphone"),
        (b"gpmd", "gopro"),
        (b"tmcd", "clock"),
        (b"text", "words"),
    ):
        other = track(kind, described(box(b"mebx", bytes(8) + TOLD)))
        refused(v, f"film_{name}", film(box(b"moov", MVHD, PICTURES, other), MDAT)[0], "track",
                "A track that is neither picture nor sound, as of places.")  # fmt: skip
    no_handler = box(b"moov", MVHD, box(b"trak", box(b"mdia", MVHD[0][:0])))
    refused(
        v, "film_no_handler", film(no_handler, MDAT)[0], "track", "A track of nobody knows what."
    )
    strange = track(b"vide", described(picture_entry(AVCC, kind=b"zzzz")))
    outside = box(b"dref", bytes(4) + struct.pack(">I", 1) + b"\0\0\0\x0curl \0\0\0\0")
    elsewhere = box(b"trak", box(b"mdia", handler(b"vide"), box(b"minf", box(b"dinf", outside))))
    short = box(b"moov", box(b"mvhd", bytes(20)), PICTURES)
    later = box(b"moov", box(b"mvhd", b"\2" + bytes(119)), PICTURES)
    for name, data, why in (
        ("nothing", film()[0], "No tracks."),
        ("no_tracks", film(box(b"moov", MVHD), MDAT)[0], "No tracks."),
        ("packed", film(box(b"moov", box(b"cmov", zeroed(TOLD)[0])), MDAT)[0], "It can't be read."),
        ("cut", film(moov, MDAT)[0][:-1], "A byte is missing."),
        ("more", film(moov, MDAT)[0] + b"SEFT", "Something behind it that is no box."),
        ("cut_moov", film(moov)[0][:-9], "Cut in what tells of it."),
        ("box_long", film(moov)[0] + b"\xff\xff\xff\xffmdat", "Longer than all of it."),
        ("box_short", film(moov)[0] + b"\0\0\0\7mdat", "Shorter than its own head."),
        ("strange", film(box(b"moov", MVHD, strange), MDAT)[0], "Nobody knows how it is coded."),
        ("elsewhere", film(box(b"moov", MVHD, elsewhere), MDAT)[0], "Its samples lie elsewhere."),
        ("times", film(short, MDAT)[0], "Times that aren't there."),
        ("version", film(later, MDAT)[0], "Times of a later version."),
        ("bit", flipped(film(moov, MDAT)[0], 3, 6), "A wrong length."),
    ):  # fmt: skip
        refused(v, f"film_{name}", data, "form", why)


def others(v: Vectors) -> None:
    for name, data, why in (
        ("empty", b"", "Nothing."),
        ("text", TOLD, "A text."),
        ("pdf", b"%PDF-1.7\n/Author (anna)" + TOLD, "A document."),
        ("zip", b"PK\3\4docProps/core.xml" + TOLD, "A document of an office."),
        ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'><metadata>" + TOLD, "A drawing."),
        ("tiff", tiff("<"), "A picture with its metadata all over it."),
        ("heic", box(b"ftyp", b"heic\0\0\0\0mif1heic")[0] + TOLD, "In the form of a film."),
        ("avif", box(b"ftyp", b"avif\0\0\0\0mif1avif")[0] + TOLD, "Likewise."),
        ("raw", box(b"ftyp", b"crx \0\0\0\1crx isom")[0] + TOLD, "What a camera has recorded."),
        ("mp3", b"ID3\4\0\0\0\0\0\x40TPE1" + TOLD, "A piece of music."),
        ("wav", b"RIFF\x40\0\0\0WAVEbext" + TOLD, "A recording."),
        ("webm", b"\x1a\x45\xdf\xa3webm" + TOLD, "A film in another form."),
        ("short", b"\xff\xd8", "A beginning of a beginning."),
    ):
        refused(v, f"other_{name}", data, "kind", why)
