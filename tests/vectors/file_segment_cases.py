"""The objects of files: docs/files.md, sections 5 to 7."""

import hashlib

from account_maker import sha
from file_maker import (
    CHUNK,
    ID,
    KEY,
    MIB,
    OTHER_ID,
    OTHER_KEY,
    SALT,
    Case,
    aead,
    lengths,
    padme,
    sealed_segment,
    segment_key,
    sized,
    text_of,
    u32,
)
from maker import Vectors, drawn, flipped

SMALL = 4096
#: A file of two chunks, and one of two segments.
TWO_CHUNKS = padme(CHUNK + 1)
TWO_SEGMENTS = padme(MIB + 1)
STEP = CHUNK + 16


def make() -> Vectors:
    v = Vectors("files_segments", "Files: objects and digest. docs/files.md, 5 to 7")
    file = {"id": "hex", "key": "hex", "padded": "integer", "segment": "integer"}
    told = {"size": "integer", "sha256": "hex"}
    v.operation("seal_segment", {**file, "plaintext": "hex", "random": "hex"}, told)
    v.operation("open_segment", {**file, "object": "hex"}, told)
    v.operation("open_segment_chunk", {**file, "salt": "hex", "chunk": "integer", "sealed": "hex"},
                told)  # fmt: skip
    v.operation(
        "open_changed",
        {**file, "plaintext": "hex", "salt": "hex", "sha256": "hex", "take": "json",
         "opened_as": "json"},
        told,
    )  # fmt: skip
    v.operation(
        "segment_content",
        {"padded": "integer", "segment": "integer", "size": "integer", "plaintext": "hex"},
        told,
    )
    whole = {"id": "hex", "padded": "integer", "size": "integer", "hashes": "json"}
    v.operation("file_digest", whole, {"digest": "hex"})
    v.operation("check_digest", {**whole, "digest": "hex"}, {})
    sealing(v)
    opening(v)
    chunks(v)
    changed(v)
    contents(v)
    digests(v)
    return v


def named(padded: int, segment: int, **lies: object) -> Case:
    return {"id": ID, "key": KEY, "padded": padded, "segment": segment} | lies


def made(padded: int, segment: int, **lies: object) -> tuple[bytes, bytes]:
    """What a segment holds, and its object."""
    known = lengths(padded)
    start = sum(known[:segment])
    plaintext = text_of(start + known[segment])[start:]
    return plaintext, sealed_segment(plaintext, segment, count=len(known), **lies)


def sealing(v: Vectors) -> None:
    for name, padded, segment, why in (
        ("small", SMALL, 0, "The least file: one chunk, the last."),
        ("two_chunks", TWO_CHUNKS, 0, "Two chunks, of which the second is the last."),
        ("whole", MIB, 0, "Four whole chunks."),
        ("first", TWO_SEGMENTS, 0, "No chunk of it is the last of the file."),
        ("last", TWO_SEGMENTS, 1, "A short segment at the end."),
        ("middle", padme(16 * MIB + 1), 4, "Eight chunks in the middle."),
        ("short_middle", padme(16 * MIB + 1), 8, "What is left of the middle."),
    ):
        plaintext, sealed = made(padded, segment)
        given = named(padded, segment, plaintext=plaintext, random=SALT)
        v.success("seal_segment", f"seal_{name}", why, given, sized(sealed))
    plaintext = text_of(SMALL)
    other = drawn("files/another salt", 16)
    given = named(SMALL, 0, plaintext=plaintext, random=other)
    sealed = sealed_segment(plaintext, 0, count=1, salt=other)
    why = "The same bytes once more: another salt, another key, nothing alike."
    v.success("seal_segment", "seal_again", why, given, sized(sealed))
    for name, length, why in (
        ("empty", 0, "Nothing."),
        ("less", SMALL - 1, "A byte is missing."),
        ("more", SMALL + 1, "A byte too much."),
    ):
        given = named(SMALL, 0, plaintext=text_of(length), random=SALT)
        v.refusal("seal_segment", f"seal_{name}", why, given, "segment_length")
    given = named(SMALL, 1, plaintext=text_of(SMALL), random=SALT)
    v.refusal("seal_segment", "seal_past", "There is one segment.", given, "file_layout")


def opening(v: Vectors) -> None:
    plaintext, right = made(SMALL, 0)
    v.success(
        "open_segment", "open", "Salt, then the chunk.", named(SMALL, 0, object=right),
        sized(plaintext),
    )  # fmt: skip
    by_nobody = SALT + drawn("files/nobody", SMALL + 16)
    unbound = SALT + aead(drawn("files/any key", 32), bytes(12), plaintext, b"")
    for name, data, lies, why in (
        ("key", right, {"key": OTHER_KEY}, "Of a file with another key."),
        ("file", right, {"id": OTHER_ID}, "Of another file."),
        ("salt", flipped(right, 3), {}, "A bit of the salt."),
        ("bit", flipped(right, 2000), {}, "A bit of it."),
        ("tag", flipped(right, len(right) - 1), {}, "A bit of the tag."),
        ("nobody", by_nobody, {}, "Sealed by nobody."),
        ("unbound", unbound, {}, "By a key that isn't a segment's."),
    ):
        given = named(SMALL, 0, object=data) | lies
        v.refusal("open_segment", f"open_{name}", why, given, "segment_open")
    for name, data, why in (
        ("empty", b"", "No bytes."),
        ("salt_only", right[:16], "Nothing but the salt."),
        ("cut", right[:-1], "A byte is missing."),
        ("more", right + b"\0", "A byte too much."),
        ("saltless", right[16:], "Without its salt."),
    ):
        given = named(SMALL, 0, object=data)
        v.refusal("open_segment", f"open_{name}", why, given, "segment_length")
    given = named(SMALL, 1, object=right)
    v.refusal("open_segment", "open_past", "There is one segment.", given, "file_layout")
    given = named(SMALL + 1, 0, object=right)
    v.refusal("open_segment", "open_layout", "No length of a file.", given, "file_layout")


def chunks(v: Vectors) -> None:
    plaintext, sealed = made(TWO_CHUNKS, 0)
    # The second chunk alone: what stands before it was never read.
    second = sealed[16 + STEP :]
    right = named(TWO_CHUNKS, 0, salt=SALT, chunk=1, sealed=second)
    why = "From the middle, by the salt and its place."
    v.success("open_segment_chunk", "chunk", why, right, sized(plaintext[CHUNK:]))
    for name, lies, code, why in (
        ("salt", {"salt": drawn("files/another salt", 16)}, "segment_open",
         "The salt of another attempt."),
        ("segment", {"padded": TWO_CHUNKS + 1}, "file_layout",
         "A length that no file has."),
        ("salt_short", {"salt": SALT[:15]}, "segment_length", "A salt that is cut."),
        ("place", {"chunk": 0}, "segment_length", "The first chunk is longer."),
        ("past", {"chunk": 2}, "segment_length", "There are two."),
        ("before", {"chunk": -1}, "segment_length", "They count from 0."),
        ("cut", {"sealed": second[:-1]}, "segment_length", "A byte is missing."),
        ("bit", {"sealed": flipped(second, 9)}, "segment_open", "A bit of it."),
    ):  # fmt: skip
        v.refusal("open_segment_chunk", f"chunk_{name}", why, right | lies, code)
    last = sealed_segment(text_of(SMALL), 0, count=1)
    ad = b"ephemeral/v1/file/chunk" + ID + u32(0) + u32(0)
    key = segment_key(ID, KEY, 0, SALT)

    def by(end: bytes) -> bytes:
        return aead(key, bytes(12), text_of(SMALL), ad + end)

    assert by(b"\1") == last[16:]
    small = named(SMALL, 0, salt=SALT, chunk=0)
    for name, data, why in (
        ("not_last", by(b"\0"), "As if the file went on."),
        ("last_two", by(b"\2"), "Neither the last nor not."),
        ("last_missing", by(b""), "It doesn't say whether it is."),
        ("nonce", aead(key, bytes(11) + b"\1", text_of(SMALL), ad + b"\1"),
         "By the nonce of another chunk."),
    ):  # fmt: skip
        given = small | {"sealed": data}
        v.refusal("open_segment_chunk", f"chunk_{name}", why, given, "segment_open")


def changed(v: Vectors) -> None:
    """Objects too long to be written down: sealed first, then put together of their parts."""

    def given(padded: int, segment: int, take: list[list[int]], opened_as: Case) -> Case:
        plaintext, sealed = made(padded, segment)
        case = named(padded, segment, plaintext=plaintext, salt=SALT)
        shown = {k: one.hex() if isinstance(one, bytes) else one for k, one in opened_as.items()}
        return case | {"sha256": sha(sealed), "take": take, "opened_as": shown}

    four = [16, 16 + STEP, 16 + 2 * STEP, 16 + 3 * STEP, 16 + 4 * STEP]
    parts = [[four[at], four[at + 1]] for at in range(4)]
    end = four[4]
    plaintext, _ = made(MIB, 0)
    why = "All of it, as it was."
    v.success("open_changed", "all", why, given(MIB, 0, [[0, end]], {}), sized(plaintext))
    for name, padded, segment, take, lies, code, why in (
        ("swapped", MIB, 0, [[0, 16], parts[1], parts[0], parts[2], parts[3]], {}, "open",
         "Two chunks in the other's place."),
        ("last_swapped", MIB, 0, [[0, 16], parts[0], parts[1], parts[3], parts[2]], {}, "open",
         "The last one before another."),
        ("twice", MIB, 0, [[0, 16], parts[0], parts[0], parts[2], parts[3]], {}, "open",
         "One chunk twice."),
        ("truncated", MIB, 0, [[0, four[3]]], {}, "length", "The last chunk is gone."),
        ("first_gone", MIB, 0, [[0, 16], *parts[1:]], {}, "length", "The first is."),
        ("appended", MIB, 0, [[0, end], parts[3]], {}, "length", "One too many."),
        ("shifted", MIB, 0, [[1, end], [0, 1]], {}, "open", "A byte moved to the end."),
        ("ended", TWO_SEGMENTS, 0, [[0, end]], {"padded": MIB}, "open",
         "A file cut after a whole segment: its last chunk isn't the file's."),
        ("goes_on", MIB, 0, [[0, end]], {"padded": TWO_SEGMENTS}, "open",
         "A file that ended goes on."),
        ("number", 2 * MIB, 0, [[0, end]], {"segment": 1}, "open", "Another segment of the file."),
        ("number_back", 3 * MIB, 1, [[0, end]], {"segment": 0}, "open", "Likewise."),
        ("foreign", MIB, 0, [[0, end]], {"id": OTHER_ID}, "open", "A segment of another file."),
        ("foreign_key", MIB, 0, [[0, end]], {"key": OTHER_KEY}, "open", "Under another key."),
        ("short_length", MIB, 0, [[0, end]], {"padded": TWO_SEGMENTS, "segment": 1}, "length",
         "A segment that is shorter there."),
        ("chunk_cut", MIB, 0, [[0, 16 + CHUNK], [16 + CHUNK, end - 16]], {}, "length",
         "A tag is missing."),
    ):  # fmt: skip
        v.refusal(
            "open_changed", f"changed_{name}", why, given(padded, segment, take, lies),
            f"segment_{code}",
        )  # fmt: skip


def contents(v: Vectors) -> None:
    text = text_of(SMALL)
    for name, padded, segment, size, data, why in (
        ("whole", SMALL, 0, SMALL, text, "Nothing was filled up."),
        ("filled", SMALL, 0, 5, text[:5] + bytes(SMALL - 5), "Five bytes."),
        ("empty", SMALL, 0, 0, bytes(SMALL), "An empty file."),
        ("zeros", SMALL, 0, 9, bytes(SMALL), "Zeros that are content stay."),
        ("before", TWO_SEGMENTS, 0, MIB + 1, text_of(MIB), "A segment before the end."),
        ("one", TWO_SEGMENTS, 1, MIB + 1, b"a" + bytes(TWO_SEGMENTS - MIB - 1), "A byte of it."),
    ):
        given = {"padded": padded, "segment": segment, "size": size, "plaintext": data}
        out = sized(data[: max(0, size - segment * MIB)])
        v.success("segment_content", f"content_{name}", why, given, out)
    for name, size, data, code, why in (
        ("hidden", 5, text[:5] + bytes(SMALL - 6) + b"\1", "file_padding",
         "Something is hidden at the end."),
        ("longer", 5, text[:6] + bytes(SMALL - 6), "file_padding", "It is a byte longer."),
        ("not_empty", 0, b"\1" + bytes(SMALL - 1), "file_padding", "It isn't empty."),
        ("too_long", SMALL + 1, text, "file_size", "That would be longer in the store."),
        ("negative", -1, text, "file_size", "Less than nothing."),
        ("cut", 5, text[:5] + bytes(SMALL - 6), "segment_length", "A byte is missing."),
    ):  # fmt: skip
        given = {"padded": SMALL, "segment": 0, "size": size, "plaintext": data}
        v.refusal("segment_content", f"content_{name}", why, given, code)
    given = {
        "padded": TWO_SEGMENTS,
        "segment": 1,
        "size": MIB,
        "plaintext": bytes(TWO_SEGMENTS - MIB),
    }
    why = "A file of one segment is said to have two."
    v.refusal("segment_content", "content_too_short", why, given, "file_size")


def digests(v: Vectors) -> None:
    def digest(size: int, hashes: list[bytes], file: bytes = ID) -> bytes:
        parts = b"ephemeral/v1/file/digest" + file + size.to_bytes(8, "big") + b"".join(hashes)
        return hashlib.sha256(parts).digest()

    one = [sha(text_of(5) + bytes(SMALL - 5))]
    two = [sha(text_of(MIB)), sha(b"a" + bytes(TWO_SEGMENTS - MIB - 1))]
    for name, padded, size, hashes, why in (
        ("one", SMALL, 5, one, "Of one segment, with its padding."),
        ("two", TWO_SEGMENTS, MIB + 1, two, "Of two, in order."),
    ):
        given = {"id": ID, "padded": padded, "size": size, "hashes": [x.hex() for x in hashes]}
        v.success("file_digest", f"digest_{name}", why, given, {"digest": digest(size, hashes)})
        given |= {"digest": digest(size, hashes)}
        v.success("check_digest", f"check_{name}", why, given, {})
    right = {"id": ID, "padded": TWO_SEGMENTS, "size": MIB + 1, "digest": digest(MIB + 1, two)}
    right["hashes"] = [x.hex() for x in two]
    for name, lies, code, why in (
        ("content", {"hashes": [two[0].hex(), one[0].hex()]}, "file_digest",
         "Other content under the sender's name."),
        ("order", {"hashes": [x.hex() for x in reversed(two)]}, "file_digest", "Turned round."),
        ("file", {"id": OTHER_ID}, "file_digest", "Of another file."),
        ("size", {"size": MIB + 2}, "file_digest", "Longer by a byte of padding."),
        ("fewer", {"hashes": [two[0].hex()]}, "file_digest", "A segment is left out."),
        ("more", {"hashes": [x.hex() for x in (*two, *one)]}, "file_digest", "One too many."),
        ("bit", {"digest": flipped(digest(MIB + 1, two), 7)}, "file_digest", "A bit of it."),
        ("short", {"digest": digest(MIB + 1, two)[:31]}, "file_digest", "A byte is missing."),
        ("padded", {"size": MIB}, "file_size", "A size that isn't filled up to that."),
    ):  # fmt: skip
        v.refusal("check_digest", f"check_{name}", why, right | lies, code)
