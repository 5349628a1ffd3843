"""Attachments of messages in rooms: docs/protocol.md, section 14."""

from typing import Any

from account_maker import sha
from conversation_maker import expanded
from file_maker import CHUNK, KIB, MIB, aead, cut, padme, sized, text_of, u32
from maker import Case, Vectors, b64, compact, drawn, flipped

ROOM = drawn("attachment/room", 32)
AUTHOR = drawn("attachment/author", 16)
MESSAGE = drawn("attachment/message", 16)
ID = drawn("attachment/id", 16)
KEY = drawn("attachment/key", 32)
LABEL = b"ephemeral/v1/attachment"
LEAST, MOST = 64 * KIB, 10 * MIB
#: The least that takes two chunks, and three.
TWO = CHUNK + 1
THREE = 2 * CHUNK + 1
OURS: Case = {"room_nonce": ROOM, "author": AUTHOR, "message": MESSAGE, "id": ID, "key": KEY}
#: Another of each, which nothing of ours opens under.
FOREIGN: Case = {name: drawn(f"attachment/other {name}", len(one)) for name, one in OURS.items()}
FILE = {
    "type": "file",
    "name": "a.txt",
    "mime": "text/plain",
    "size": 5,
    "attachment": b64(ID),
    "key": b64(KEY),
}


def make() -> Vectors:
    v = Vectors("attachments", "Attachments of messages: docs/protocol.md, section 14")
    v.operation("attachment_length", {"size": "integer"}, {"padded": "integer", "chunks": "json"})
    v.operation("attachment_chunks", {"padded": "integer"}, {"chunks": "json"})
    v.operation("read_file", {"text": "text"}, {"file": "json"})
    v.operation("write_file", {"file": "json"}, {"content": "json"})
    place = {"room_nonce": "hex", "author": "hex", "message": "hex", "id": "hex", "key": "hex"}
    v.operation("seal_attachment", {**place, "data": "hex"}, {"chunks": "json"})
    v.operation(
        "seal_attachment_chunk",
        {**place, "size": "integer", "chunk": "integer", "content": "hex"},
        {"size": "integer", "sha256": "hex"},
    )
    v.operation(
        "open_attachment_chunk",
        {**place, "data": "hex", "sha256": "hex", "chunk": "integer", "change": "json",
         "opened_as": "json"},
        {"size": "integer", "sha256": "hex"},
    )  # fmt: skip
    lengths(v)
    contents(v)
    sealing(v)
    opening(v)
    changed(v)
    return v


def padded_of(size: int) -> int:
    return padme(max(LEAST, size))


def sealed_lengths(padded: int) -> list[int]:
    return [one + 16 for one in cut(padded, CHUNK)]


def key_of(place: Case) -> bytes:
    return expanded(place["key"], place["room_nonce"], LABEL)


def sealed_plaintext(
    plaintext: bytes, at: int, last: bytes, nonce: int | None = None, **lies: bytes
) -> bytes:
    """One chunk, padding and all; `last` is the byte as it is bound."""
    place = OURS | lies
    bound = b"".join(place[one] for one in ("room_nonce", "author", "message", "id"))
    ad = LABEL + bound + u32(at) + last
    number = at if nonce is None else nonce
    return aead(key_of(place), bytes(4) + number.to_bytes(8, "big"), plaintext, ad)


def sealed_data(data: bytes, **lies: bytes) -> list[bytes]:
    padded = padded_of(len(data))
    whole = data + bytes(padded - len(data))
    parts = [whole[at : at + CHUNK] for at in range(0, padded, CHUNK)]
    return [
        sealed_plaintext(part, at, bytes([at == len(parts) - 1]), **lies)
        for at, part in enumerate(parts)
    ]


def lengths(v: Vectors) -> None:
    for size, why in (
        (1, "A byte."),
        (LEAST, "The least length."),
        (LEAST + 1, "A byte more."),
        (CHUNK, "One chunk."),
        (TWO, "A byte more than a chunk."),
        (5_000_000, "A photograph."),
        (MOST - 1, "A byte less than the largest."),
        (MOST, "The largest: 40 whole chunks."),
    ):
        padded = padded_of(size)
        out = {"padded": padded, "chunks": sealed_lengths(padded)}
        v.success("attachment_length", f"size_{size}", why, {"size": size}, out)
    assert len(sealed_lengths(MOST)) == 40
    for size, why in (
        (0, "Nothing is no attachment."),
        (-1, "Less than nothing."),
        (MOST + 1, "A byte too many."),
        (2**53, "Far too many."),
    ):
        v.refusal("attachment_length", f"size_{size}", why, {"size": size}, "attachment_size")
    v.success("attachment_chunks", "padded", "Two.", {"padded": padded_of(TWO)},
              {"chunks": sealed_lengths(padded_of(TWO))})  # fmt: skip
    for padded, why in (
        (0, "Nothing."),
        (4096, "A length of files, and too short."),
        (LEAST - 1, "Too short."),
        (LEAST + 1, "Nothing is filled up to that."),
        (MOST + CHUNK, "Too long."),
        (-LEAST, "Less than nothing."),
    ):
        given = {"padded": padded}
        v.refusal("attachment_chunks", f"padded_{padded}", why, given, "attachment_size")


def contents(v: Vectors) -> None:
    def told(**more: Any) -> Case:
        read: Case = {"name": "a.txt", "mime": "text/plain", "size": 5, "id": ID.hex(),
                      "key": KEY.hex(), "view": None, "view_limit": None}  # fmt: skip
        return read | more

    for name, more, why in (
        ("plain", {}, "Name, type, size, and where it is."),
        ("view", {"view": 30}, "A wish, as of a text."),
        ("view_0", {"view": 0}, "Until closed."),
        ("view_limit", {"view_limit": 5}, "A rule, as of a text."),
        ("size_1", {"size": 1}, "The smallest."),
        ("size_most", {"size": MOST}, "The largest."),
        ("name_longest", {"name": "\u00e9" * 127 + "a"}, "255 bytes."),
        ("name_of_a_path", {"name": "../../a\u202egpj.exe"},
         "Whoever shows a name or saves by it makes it harmless."),
        ("name_with_controls", {"name": "\0\x1b[1m\n"}, "Likewise."),
        ("mime_longest", {"mime": "a" * 63 + "/" + "b" * 63}, "Two parts of 63."),
        ("mime_of_a_page", {"mime": "image/svg+xml"}, "What is done with it is the reader's."),
    ):  # fmt: skip
        v.success("read_file", f"file_{name}", why, {"text": compact(FILE | more).decode()},
                  {"file": told(**more)})  # fmt: skip
        v.success("write_file", f"write_{name}", why, {"file": told(**more)},
                  {"content": FILE | more})  # fmt: skip
    given = {"text": compact(FILE | {"x": {"y": None}}).decode()}
    v.success("read_file", "file_unknown_key", "Ignored, as in any content.", given,
              {"file": told()})  # fmt: skip
    for key in ("name", "mime", "size", "attachment", "key"):
        given = {"text": compact({k: FILE[k] for k in FILE if k != key}).decode()}
        v.refusal("read_file", f"file_without_{key}", "It is missing.", given, "content_field")
    for name, more, why in (
        ("name_empty", {"name": ""}, "One byte at least."),
        ("name_long", {"name": "\u00e9" * 128}, "256 bytes."),
        ("name_null", {"name": None}, "A string."),
        ("name_number", {"name": 7}, "A string."),
        ("name_array", {"name": ["a"]}, "A string."),
        ("mime_empty", {"mime": ""}, "Two parts."),
        ("mime_word", {"mime": "text"}, "Two parts."),
        ("mime_capital", {"mime": "Text/plain"}, "In lower case."),
        ("mime_parameter", {"mime": "text/plain; charset=utf-8"}, "Without parameters."),
        ("mime_line", {"mime": "text/plain\n"}, "Nothing after it."),
        ("mime_long", {"mime": "a" * 64 + "/b"}, "63 at most."),
        ("mime_null", {"mime": None}, "A string."),
        ("size_0", {"size": 0}, "One byte at least."),
        ("size_negative", {"size": -1}, "No sign."),
        ("size_long", {"size": MOST + 1}, "10 MiB at most."),
        ("size_half", {"size": 5.5}, "An integer."),
        ("size_text", {"size": "5"}, "An integer."),
        ("size_true", {"size": True}, "An integer."),
        ("size_null", {"size": None}, "An integer."),
        ("id_short", {"attachment": b64(ID[:15])}, "15 bytes."),
        ("id_long", {"attachment": b64(ID + b"x")}, "17 bytes."),
        ("id_null", {"attachment": None}, "A string."),
        ("id_form", {"attachment": b64(ID)[:-1] + "B"}, "Unused bits."),
        ("key_short", {"key": b64(KEY[:16])}, "16 bytes."),
        ("key_long", {"key": b64(KEY + b"x")}, "33 bytes."),
        ("key_padded", {"key": b64(KEY) + "="}, "Without padding."),
        ("key_null", {"key": None}, "A string."),
        ("view_4", {"view": 4}, "Five at least."),
        ("view_301", {"view": 301}, "300 at most."),
        ("view_null", {"view": None}, "Absent or an integer."),
        ("view_true", {"view": True}, "An integer."),
        ("view_limit_4", {"view_limit": 4}, "Five at least."),
        ("view_limit_601", {"view_limit": 601}, "600 at most."),
        ("view_limit_null", {"view_limit": None}, "Absent or an integer."),
    ):
        given = {"text": compact(FILE | more).decode()}
        v.refusal("read_file", f"file_{name}", why, given, "content_field")
    for name, more, why in (
        ("empty", {"name": ""}, "No reader would take it."),
        ("long", {"name": "a" * 256}, "Nor that."),
        ("mime", {"mime": "x"}, "Nor that."),
        ("size", {"size": 0}, "Nor that."),
        ("view", {"view": 1}, "Nor that."),
    ):
        v.refusal("write_file", f"write_wrong_{name}", why, {"file": told(**more)}, "content_field")


def sealing(v: Vectors) -> None:
    for name, size, why in (
        ("byte", 1, "A byte, and zeros."),
        ("least", LEAST, "Nothing is filled up."),
        ("one", CHUNK, "One whole chunk."),
        ("two", TWO, "The second chunk is the last."),
        ("three", THREE, "Neither first nor last."),
        ("zeros_only", 2 * CHUNK + 5, "A last chunk of content and zeros."),
    ):
        data = text_of(size)
        chunks = [[len(one), sha(one).hex()] for one in sealed_data(data)]
        v.success("seal_attachment", f"seal_{name}", why, OURS | {"data": data},
                  {"chunks": chunks})  # fmt: skip
    v.refusal("seal_attachment", "seal_nothing", "Nothing is no attachment.",
              OURS | {"data": b""}, "attachment_size")  # fmt: skip
    for name, lies, code, why in (
        ("less", {"content": b"1234"}, "attachment_length", "A byte is missing."),
        ("more", {"content": b"123456"}, "attachment_length", "A byte too much."),
        ("past", {"chunk": 1}, "attachment_length", "There is one."),
        ("before", {"chunk": -1}, "attachment_length", "They count from 0."),
        ("large", {"size": MOST + 1}, "attachment_size", "10 MiB at most."),
        *((f"{one}_short", {one: OURS[one][:-1]}, "malformed", "A byte is missing.")
          for one in ("room_nonce", "author", "message", "id")),
    ):  # fmt: skip
        given = OURS | {"size": 5, "chunk": 0, "content": b"12345"} | lies
        v.refusal("seal_attachment_chunk", f"seal_chunk_{name}", why, given, code)
    given = OURS | {"size": 5, "chunk": 0, "content": b"12345"}
    [right] = sealed_data(b"12345")
    v.success("seal_attachment_chunk", "seal_chunk", "Five bytes.", given, sized(right))


def opened(
    data: bytes, chunk: int, opened_as: Case | None = None, change: list[Any] | None = None
) -> Case:
    """A chunk of what is sealed of `data`, with what is written over it: too long to be given."""
    lies = opened_as or {}
    shown = {k: one.hex() if isinstance(one, bytes) else one for k, one in lies.items()}
    return OURS | {
        "data": data,
        "sha256": sha(b"".join(sealed_data(data))),
        "chunk": chunk,
        "change": change or [],
        "opened_as": shown,
    }


def opening(v: Vectors) -> None:
    data = text_of(LEAST)[:5]
    [right] = sealed_data(data)
    length = len(right)
    op = "open_attachment_chunk"
    v.success(op, "open", "Five bytes.", opened(data, 0), sized(data))
    bit = [[9, flipped(right, 9)[9:10].hex()]]
    bit_of_tag = [[length - 1, flipped(right, length - 1)[-1:].hex()]]
    for name, change, lies, code, why in (
        ("bit", bit, {}, "open", "A bit of it."),
        ("tag", bit_of_tag, {}, "open", "A bit of the tag."),
        *((f"foreign_{one}", [], {one: FOREIGN[one]}, "open", "Of another.") for one in OURS),
        ("author_and_message", [], {"author": MESSAGE, "message": AUTHOR}, "open",
         "Two ids in each other's place."),
        ("message_and_id", [], {"message": ID, "id": MESSAGE}, "open", "Likewise."),
        ("empty", [[0, None]], {}, "length", "No bytes."),
        ("cut", [[length - 1, None]], {}, "length", "A byte is missing."),
        ("more", [[length, "00"]], {}, "length", "A byte too much."),
        ("past", [], {"chunk": 1}, "length", "There is one."),
        ("before", [], {"chunk": -1}, "length", "They count from 0."),
        ("size_0", [], {"size": 0}, "size", "Nothing is no attachment."),
        ("size_large", [], {"size": LEAST + 1}, "size", "That would be longer."),
        ("padded_larger", [], {"padded": padded_of(LEAST + 1)}, "size",
         "The notice says more than the message."),
        ("padded_smaller", [], {"padded": 4096}, "size", "And less."),
        ("shorter", [], {"size": 4}, "padding", "It is a byte longer than its message says."),
    ):  # fmt: skip
        v.refusal(op, f"open_{name}", why, opened(data, 0, lies, change), f"attachment_{code}")
    plain = data + bytes(LEAST - 5)
    unbound = aead(key_of(OURS), bytes(12), plain, b"")
    for name, sealed, code, why in (
        ("not_last", sealed_plaintext(plain, 0, b"\0"), "open", "As if it went on."),
        ("last_two", sealed_plaintext(plain, 0, b"\2"), "open", "Neither the last nor not."),
        ("last_missing", sealed_plaintext(plain, 0, b""), "open", "It doesn't say whether it is."),
        ("unbound", unbound, "open", "Bound to nothing."),
        ("hidden", sealed_plaintext(plain[:-1] + b"\1", 0, b"\1"), "padding",
         "Something is hidden at the end."),
    ):  # fmt: skip
        # By one key and nonce they differ in what was changed, and in the tag.
        assert sealed[: LEAST - 1] == right[: LEAST - 1]
        change = [[LEAST - 1, sealed[LEAST - 1 :].hex()]]
        v.refusal(op, f"open_{name}", why, opened(data, 0, {}, change), f"attachment_{code}")


def changed(v: Vectors) -> None:
    op = "open_attachment_chunk"
    for at in range(3):
        part = text_of(THREE)[at * CHUNK : (at + 1) * CHUNK]
        v.success(op, f"chunk_{at}", "In its place.", opened(text_of(THREE), at), sized(part))
    filled = TWO - 1 + 2**12
    assert padded_of(filled) == padded_of(TWO)
    part = (text_of(TWO) + bytes(2**12))[CHUNK:filled]
    why = "Zeros that are said to be content are."
    v.success(op, "chunk_of_zeros", why, opened(text_of(TWO), 1, {"size": filled}), sized(part))
    size = 3 * CHUNK
    for name, of, chunk, lies, code, why in (
        ("order", size, 0, {"chunk": 1}, "open", "In the place of another."),
        ("order_back", size, 1, {"chunk": 0}, "open", "Likewise."),
        ("last_before", size, 2, {"chunk": 1}, "open", "The last one before the end."),
        ("not_last", size, 1, {"chunk": 2}, "open", "At the end, and not the last."),
        ("truncated", 2 * CHUNK, 0, {"size": CHUNK, "padded": CHUNK}, "open",
         "Cut after a whole chunk: it isn't the last."),
        ("goes_on", CHUNK, 0, {"size": 2 * CHUNK, "padded": 2 * CHUNK}, "open",
         "What ended goes on."),
        ("short_place", TWO, 0, {"chunk": 1}, "length", "The last one is shorter."),
        ("long_place", TWO, 1, {"chunk": 0}, "length", "The first one is longer."),
        ("foreign", size, 1, {"id": FOREIGN["id"]}, "open", "Of another attachment."),
        ("message", size, 1, {"message": FOREIGN["message"]}, "open",
         "Of another message of the same author."),
        ("author", size, 1, {"author": FOREIGN["author"]}, "open", "Of another author."),
        ("room", size, 1, {"room_nonce": FOREIGN["room_nonce"]}, "open", "Of another room."),
        ("key", size, 1, {"key": FOREIGN["key"]}, "open", "Under another key."),
        ("padding", TWO + 1, 1, {"size": TWO}, "padding", "A byte longer than is said."),
    ):  # fmt: skip
        given = opened(text_of(of), chunk, lies)
        v.refusal(op, f"chunk_{name}", why, given, f"attachment_{code}")
