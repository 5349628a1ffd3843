"""How long files are, and how they are cut: docs/files.md, sections 3 and 4."""

from file_maker import GIB, KIB, MIB, Case, lengths, padme, segments
from maker import Vectors

#: A number of bytes, and why it is asked about.
SIZES = (
    (0, "Nothing is filled up too."),
    (1, "A byte."),
    (4095, "A byte less than the least length."),
    (4096, "The least length."),
    (4097, "A byte more."),
    (5000, "Four digits are kept."),
    (65_536, "A power of two stays."),
    (65_537, "From here on five digits are kept."),
    (100_000, "A picture."),
    (262_144, "One chunk."),
    (262_145, "A byte more than a chunk."),
    (MIB - 1, "Rounded up to a power of two."),
    (5_000_000, "A photograph."),
    (16 * MIB, "The longest of small segments alone."),
    (16 * MIB + 1, "The shortest with a middle."),
    (700_000_000, "A film."),
    (GIB, "The longest with a middle of 2 MiB each."),
    (GIB + 1, "The shortest with one of 8 MiB each."),
    (2**31 - 1, "31 bits."),
    (2**31, "32 bits."),
    (2**31 + 1, "More than 31 bits, rounded up."),
    (2**32 - 1, "32 bits, all of them ones."),
    (2**32, "33 bits, and six digits are kept."),
    (2**32 + 1, "More than 32 bits."),
    (4_400_000_000, "A long film."),
    (2**34 - 1, "A byte less than the largest."),
    (2**34, "The largest."),
)


def make() -> Vectors:
    v = Vectors("files_layout", "Files: length and layout. docs/files.md, 3 and 4")
    v.operation("padded_length", {"size": "integer"}, {"padded": "integer"})
    v.operation(
        "segments_of",
        {"padded": "integer", "numbers": "json"},
        {"count": "integer", "segments": "json"},
    )
    v.operation("segment_at", {"padded": "integer", "offset": "integer"}, {"segment": "integer"})
    v.operation("upload_order", {"padded": "integer", "wanted": "json"}, {"order": "json"})
    sizes(v)
    layouts(v)
    places(v)
    orders(v)
    return v


def sizes(v: Vectors) -> None:
    for size, why in SIZES:
        v.success("padded_length", f"size_{size}", why, {"size": size}, {"padded": padme(size)})
    for size, why in (
        (-1, "Less than nothing."),
        (2**34 + 1, "A byte more than the largest."),
        (2**53 - 1, "Far more."),
    ):
        v.refusal("padded_length", f"size_{size}", why, {"size": size}, "file_size")


def layouts(v: Vectors) -> None:
    for padded, why in (
        (4096, "One segment, of a chunk that isn't whole."),
        (padme(262_145), "Two chunks."),
        (MIB, "One whole segment."),
        (padme(MIB + 1), "Two segments, one of them short."),
        (padme(5_000_000), "Five."),
        (16 * MIB, "Sixteen."),
    ):
        given = {"padded": padded, "numbers": list(range(len(lengths(padded))))}
        out = {"count": len(lengths(padded)), "segments": segments(padded)}
        v.success("segments_of", f"layout_{padded}", why, given, out)
    for padded, why in (
        (padme(16 * MIB + 1), "A middle of 8.5 MiB."),
        (padme(700_000_000), "A middle of 2 MiB each."),
        (GIB, "Whole ones only."),
        (padme(GIB + 1), "A middle of 8 MiB each."),
        (padme(2**31 + 1), "Places beyond 31 bits."),
        (4 * GIB, "519 objects."),
        (padme(2**32 + 1), "Places beyond 32 bits."),
        (16 * GIB, "The largest."),
    ):
        found = segments(padded)
        count = len(found)
        numbers = [*range(6), count // 2, *range(count - 6, count)]
        out = {"count": count, "segments": [found[at] for at in numbers]}
        v.success(
            "segments_of", f"layout_{padded}", why, {"padded": padded, "numbers": numbers}, out
        )
    for name, padded, why in (
        ("nothing", 0, "No file is so short."),
        ("short", 4095, "Shorter than the least."),
        ("even", 4097, "No length has that many digits."),
        ("negative", -4096, "Less than nothing."),
        ("between", 262_144 + 4096, "Lengths go by 8,192 there."),
        ("middle", 16 * MIB + 256 * KIB, "Lengths go by 512 KiB there."),
        ("beyond_32", 2**32 + 2**25, "Lengths go by 64 MiB there."),
        ("long", 16 * GIB + 256 * MIB, "No file is so long."),
        ("far", 2**53 - 1, "Nor so."),
    ):
        given: Case = {"padded": padded, "numbers": []}
        v.refusal("segments_of", f"layout_{name}", why, given, "file_layout")
    for name, padded, number, why in (
        ("past", 4096, 1, "There is one segment."),
        ("past_small", 16 * MIB, 16, "There are sixteen."),
        ("past_large", 4 * GIB, 519, "There are 519."),
        ("before", 4 * GIB, -1, "They count from 0."),
    ):
        given = {"padded": padded, "numbers": [number]}
        v.refusal("segments_of", f"number_{name}", why, given, "file_layout")


def places(v: Vectors) -> None:
    for padded in (4096, padme(5_000_000), padme(16 * MIB + 1), 4 * GIB):
        found = segments(padded)
        count = len(found)
        for number in sorted({0, min(3, count - 1), min(4, count - 1), count // 2, count - 1}):
            start, length, *_ = found[number]
            for name, offset in (("first", start), ("last", start + length - 1)):
                why = f"The {name} byte of a segment."
                given = {"padded": padded, "offset": offset}
                v.success(
                    "segment_at", f"{name}_of_{number}_{padded}", why, given, {"segment": number}
                )
    for name, padded, offset, why in (
        ("end", 4096, 4096, "The byte behind the last one."),
        ("end_large", 4 * GIB, 4 * GIB, "The same of a long file."),
        ("before", 4096, -1, "Before the first."),
    ):
        v.refusal(
            "segment_at", f"at_{name}", why, {"padded": padded, "offset": offset}, "file_layout"
        )


def orders(v: Vectors) -> None:
    for name, padded, wanted, order, why in (
        ("one", 4096, [], [0], "There is one."),
        ("two", 2 * MIB, [], [0, 1], "Both ends are the same."),
        ("five", padme(5 * MIB), [], [0, 4, 3, 2, 1], "The end before what follows the beginning."),
        ("six", 6 * MIB, [], [0, 5, 4, 3, 2, 1], "Six."),
        ("nine", 9 * MIB, [4], [0, 4, 8, 7, 6, 5, 1, 2, 3], "The index is in the middle."),
        ("twice", 9 * MIB, [8, 8, 0], [0, 8, 7, 6, 5, 1, 2, 3, 4], "Each once."),
        ("film", padme(16 * MIB + 1), [],
         [0, 12, 11, 10, 9, 1, 2, 3, 4, 5, 6, 7, 8], "The middle comes last, in order."),
    ):  # fmt: skip
        given = {"padded": padded, "wanted": wanted}
        v.success("upload_order", f"order_{name}", why, given, {"order": order})
    for name, padded, wanted, why in (
        ("past", 9 * MIB, [9], "There is no such segment."),
        ("before", 9 * MIB, [-1], "Nor such a one."),
    ):
        given = {"padded": padded, "wanted": wanted}
        v.refusal("upload_order", f"order_{name}", why, given, "file_layout")
