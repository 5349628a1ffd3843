"""What is told of files: docs/files.md, section 8."""

from typing import Any

from account_maker import canonical, sha
from conversation_maker import expanded
from file_maker import ID, KEY, OTHER_ID, OTHER_KEY, Case, aead, padme
from maker import Vectors, b64, drawn, flipped

NONCE = drawn("files/info/nonce", 12)
LABEL = b"ephemeral/v1/file/info"
SIZES = (1024, 4096, 16_384, 32_768)
JPEG = b"\xff\xd8\xff" + bytes(97)
WEBP = b"RIFF" + bytes(4) + b"WEBP" + bytes(88)
PLAIN: Case = {
    "name": "Bericht für Grüße.pdf", "type": "application/pdf", "size": 100_000, "width": None,
    "height": None, "seconds": None, "thumbnail": None, "made_by": None,
}  # fmt: skip
FILM: Case = PLAIN | {
    "name": "海.mp4", "type": "video/mp4", "size": 4_400_000_000, "width": 1920, "height": 1080,
    "seconds": 5400, "thumbnail": b64(JPEG), "made_by": "clean-1",
}  # fmt: skip


def make() -> Vectors:
    v = Vectors("files_info", "Files: what is told of them. docs/files.md, 8")
    file = {"id": "hex", "key": "hex"}
    v.operation("seal_info", {**file, "info": "json", "random": "hex"}, {"sealed": "hex"})
    v.operation(
        "open_info",
        {**file, "padded": "integer", "sha256": "hex", "sealed": "hex"},
        {"info": "json"},
    )
    rights(v)
    boxes(v)
    forms(v)
    for name, change, why in wrong_fields():
        # A writer is given a thumbnail's bytes.
        if name not in {"thumbnail_form", "thumbnail_padded", "thumbnail_number"}:
            given = {"id": ID, "key": KEY, "info": PLAIN | change, "random": NONCE}
            v.refusal("seal_info", f"writes_{name}", why, given, "info_field")
        given = opened(sealed(padded(written(PLAIN | change))))
        v.refusal("open_info", f"reads_{name}", why, given, "info_field")
    return v


def written(info: Case) -> bytes:
    return canonical({"v": 1} | info)


def padded(content: bytes, size: int | None = None) -> bytes:
    least = next(one for one in SIZES if one >= 29 + 4 + len(content)) if size is None else size
    return (len(content).to_bytes(4, "big") + content).ljust(least - 29, b"\0")


def sealed(plaintext: bytes, *, first: bytes = b"\1", file: bytes = ID, key: bytes = KEY) -> bytes:
    by = expanded(key, file, LABEL)
    return first + NONCE + aead(by, NONCE, plaintext, LABEL + file)


def opened(made: bytes, size: int = 100_000, **lies: Any) -> Case:
    given = {"id": ID, "key": KEY, "padded": padme(size), "sha256": sha(made), "sealed": made}
    return given | lies


def rights(v: Vectors) -> None:
    # Of an info that a name alone can bring to the end of 1 KiB.
    long = FILM | {"name": "", "type": "a" * 63 + "/" + "b" * 63, "made_by": "x" * 32}
    long |= {"thumbnail": b64(JPEG.ljust(400, b"\0"))}
    around = len(written(long))
    for name, info, why in (
        ("plain", PLAIN, "A document."),
        ("film", FILM, "A film with its first picture, cleaned."),
        ("webp", FILM | {"thumbnail": b64(WEBP)}, "WebP is the other form of a thumbnail."),
        ("empty", PLAIN | {"size": 0}, "An empty file."),
        ("largest", PLAIN | {"size": 2**34}, "The largest."),
        ("name_long", PLAIN | {"name": "é" * 127 + "x"}, "255 bytes."),
        ("name_path", PLAIN | {"name": "../a\u202eb\n"}, "Who saves it makes a name of it."),
        ("type_long", PLAIN | {"type": "a" * 63 + "/" + "b" * 63}, "The longest."),
        ("side", FILM | {"width": 1, "height": 65_535}, "The least and the most of a side."),
        ("seconds", PLAIN | {"seconds": 0}, "Less than one."),
        ("escaped", PLAIN | {"name": '"' * 255}, "Escaped it has 510 bytes."),
        ("fits", long | {"name": "x" * (991 - around)}, "1 KiB, to the last byte."),
        ("over", long | {"name": "x" * (992 - around)}, "A byte more: 4 KiB."),
        ("small", FILM | {"thumbnail": b64(JPEG.ljust(3_000, b"\0"))}, "16 KiB."),
        ("thumbnail", FILM | {"thumbnail": b64(JPEG.ljust(16_384, b"\0"))}, "32 KiB."),
    ):
        made = sealed(padded(written(info)))
        given = {"id": ID, "key": KEY, "info": info, "random": NONCE}
        v.success("seal_info", f"seal_{name}", why, given, {"sealed": made})
        # Longer texts aren't written down in what comes out; whoever seals opens it again.
        if len(info["thumbnail"] or "") <= 4096:
            v.success("open_info", f"open_{name}", why, opened(made, info["size"]), {"info": info})


def boxes(v: Vectors) -> None:
    text = padded(written(PLAIN))
    right = sealed(text)
    other = sealed(padded(written(PLAIN | {"name": "x"})))
    for name, given, why in (
        ("key", opened(right, key=OTHER_KEY), "Under another key."),
        ("file", opened(right, id=OTHER_ID), "Of another file."),
        ("bit", opened(flipped(right, 100)), "A bit of it."),
        ("nonce", opened(flipped(right, 5)), "A bit of the nonce."),
        ("version", opened(sealed(text, first=b"\2")), "A later version."),
        ("length", opened(right + b"\0"), "Not one of the four lengths."),
        ("cut", opened(right[:-1]), "A byte is missing."),
        ("empty", opened(b""), "No bytes."),
        ("between", opened(sealed(padded(written(PLAIN), 2048))), "2 KiB is none of them."),
        ("other", opened(other, sha256=sha(right)), "Not the one that was signed."),
        ("hash_short", opened(right, sha256=sha(right)[:31]), "A byte of the hash is missing."),
        ("unbound", opened(b"\1" + NONCE + aead(expanded(KEY, ID, LABEL), NONCE, text, b"")),
         "Bound to nothing."),
    ):  # fmt: skip
        v.refusal("open_info", f"box_{name}", why, given, "info_open")
    why = "A size that isn't filled up to the length that was signed."
    v.refusal("open_info", "box_size", why, opened(right, 200_000), "file_size")
    v.refusal("open_info", "box_padded", why, opened(right, padded=100_000), "file_size")


def forms(v: Vectors) -> None:
    text = written(PLAIN)
    for name, plaintext, why in (
        ("nothing", bytes(995), "No object."),
        ("list", padded(b"[]"), "No object."),
        ("hidden", padded(text)[:-1] + b"\1", "Something is hidden behind it."),
        ("room", padded(text, 4096), "A shorter one would have done."),
        ("length", (2000).to_bytes(4, "big") + padded(text)[4:], "Longer than it is."),
        ("spaced", padded(text.replace(b",", b", ", 1)), "Not in canonical form."),
        ("surrogate", padded(text.replace(b"Bericht", b"\\ud800")), "Half a character."),
        ("utf8", padded(text.replace(b"Bericht", b"Bericht\xff")), "No UTF-8."),
        ("fraction", padded(text.replace(b"100000", b"100000.0")), "No integer is written so."),
        ("version", padded(canonical({"v": 2} | PLAIN)), "A later version."),
        ("more", padded(canonical({"v": 1, "place": "here"} | PLAIN)), "A key too much."),
        *(
            (f"without_{key}", padded(written({k: PLAIN[k] for k in PLAIN if k != key})),
             "A key is missing.")
            for key in PLAIN
        ),
    ):  # fmt: skip
        v.refusal("open_info", f"form_{name}", why, opened(sealed(plaintext)), "info_field")


def wrong_fields() -> list[tuple[str, Case, str]]:
    return [
        ("name_empty", {"name": ""}, "No name."),
        ("name_long", {"name": "é" * 128}, "256 bytes."),
        ("name_null", {"name": None}, "No text."),
        ("type_empty", {"type": ""}, "No type."),
        ("type_half", {"type": "video/"}, "Half a type."),
        ("type_upper", {"type": "Video/mp4"}, "Types are written in small letters."),
        ("type_parameter", {"type": "text/html; charset=utf-8"}, "A parameter."),
        ("type_line", {"type": "video/mp4\n"}, "A line feed."),
        ("type_long", {"type": "a" * 64 + "/b"}, "A character too much."),
        ("type_number", {"type": 1}, "No text."),
        ("size_negative", {"size": -1}, "Less than nothing."),
        ("size_long", {"size": 2**34 + 1}, "A byte too much."),
        ("size_text", {"size": "1"}, "No number."),
        ("size_true", {"size": True}, "No number."),
        ("width_alone", {"width": 5}, "A side without the other."),
        ("height_alone", {"height": 5}, "Likewise."),
        ("side_zero", {"width": 0, "height": 5}, "No side."),
        ("side_long", {"width": 5, "height": 65_536}, "A pixel too much."),
        ("side_text", {"width": "5", "height": 5}, "No number."),
        ("seconds_negative", {"seconds": -1}, "Less than nothing."),
        ("seconds_long", {"seconds": 2**32}, "A second too much."),
        ("seconds_text", {"seconds": "1"}, "No number."),
        ("made_by_empty", {"made_by": ""}, "Null, or what it was."),
        ("made_by_long", {"made_by": "x" * 33}, "A character too much."),
        ("made_by_upper", {"made_by": "Clean"}, "Small letters."),
        ("made_by_true", {"made_by": True}, "No text."),
    ] + [
        (f"thumbnail_{name}", {"thumbnail": value}, why)
        for name, value, why in (
            ("empty", "", "Null, or a picture."),
            ("long", b64(JPEG.ljust(16_385, b"\0")), "A byte too much."),
            ("form", "A", "Not base64url."),
            ("padded", b64(JPEG) + "=", "With padding."),
            ("number", 1, "No text."),
            ("png", b64(b"\x89PNG\r\n\x1a\n" + bytes(92)), "Another form of picture."),
            ("svg", b64(b"<svg onload='x()'/>"), "A document."),
            ("riff", b64(b"RIFF" + bytes(4) + b"WAVE" + bytes(88)), "Sound."),
            ("short", b64(b"\xff\xd8"), "Two bytes."),
        )
    ]
