"""A text as a QR code (ISO/IEC 18004): bytes, correction level L, versions 1 to 10.

For links of a hundred characters in a terminal, which has few lines: so the lowest level. What is
written here is only what that needs; the tests have it read by another's reader.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from ephemeral.protocol.errors import refuse

__all__ = ["qr_modules"]

Modules = list[list[bool]]

# Of each version at level L: codewords of correction in a block, and the data codewords of each
# block (ISO/IEC 18004, table 9).
_BLOCKS: Sequence[tuple[int, Sequence[int]]] = (
    (7, (19,)),
    (10, (34,)),
    (15, (55,)),
    (20, (80,)),
    (26, (108,)),
    (18, (68, 68)),
    (20, (78, 78)),
    (24, (97, 97)),
    (30, (116, 116)),
    (18, (68, 68, 69, 69)),
)
# The centres of alignment patterns of each version (annex E).
_CENTRES: Sequence[Sequence[int]] = (
    (),
    (6, 18),
    (6, 22),
    (6, 26),
    (6, 30),
    (6, 34),
    (6, 22, 38),
    (6, 24, 42),
    (6, 26, 46),
    (6, 28, 50),
)
_LEVEL_L = 0b01
_FORMAT_POLYNOMIAL, _FORMAT_MASK = 0b10100110111, 0b101010000010010
_VERSION_POLYNOMIAL = 0b1111100100101
# The field of 256 elements, by x^8 + x^4 + x^3 + x^2 + 1.
_FIELD_POLYNOMIAL = 0b100011101
_MASKS: Sequence[Callable[[int, int], int]] = (
    lambda x, y: (x + y) % 2,
    lambda _, y: y % 2,
    lambda x, _: x % 3,
    lambda x, y: (x + y) % 3,
    lambda x, y: (y // 2 + x // 3) % 2,
    lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)
# What a reader may take for a finder pattern.
_LIKE_FINDERS = ("10111010000", "00001011101")


def qr_modules(text: str) -> Modules:
    """Rows of modules, true where dark, without the quiet zone. Refuses a text too long (`qr`)."""
    data = text.encode()
    version = next(
        (at for at, (_, blocks) in enumerate(_BLOCKS, 1) if len(data) <= sum(blocks) - _head(at)),
        None,
    )
    refuse(version is None, "qr", "This is too long for a QR code.")
    assert version is not None
    bits = [bool(byte >> at & 1) for byte in _codewords(data, version) for at in range(7, -1, -1)]
    blank = _functions(version)
    return min((_drawn(blank, bits, version, mask) for mask in range(8)), key=_penalty)


def _head(version: int) -> int:
    """Bytes that mode and length take, with the end that follows the data."""
    return 2 if version < 10 else 3


# --- codewords ------------------------------------------------------------------------------------


def _codewords(data: bytes, version: int) -> list[int]:
    """Data with its correction, in the order in which they are drawn."""
    each, sizes = _BLOCKS[version - 1]
    length = 8 if version < 10 else 16
    # Mode "bytes", the length, the bytes, four zeros as their end: whole bytes again.
    number = (0b0100 << length | len(data)) << 8 * len(data) | int.from_bytes(data, "big")
    words = list((number << 4).to_bytes(len(data) + _head(version), "big"))
    words += [(0xEC, 0x11)[at % 2] for at in range(sum(sizes) - len(words))]
    blocks, at = [], 0
    for size in sizes:
        blocks.append(words[at : at + size])
        at += size
    corrections = [_correction(block, each) for block in blocks]
    return list(_interleaved(blocks)) + list(_interleaved(corrections))


def _interleaved(blocks: Sequence[Sequence[int]]) -> Iterator[int]:
    for at in range(max(map(len, blocks))):
        yield from (block[at] for block in blocks if at < len(block))


def _times(a: int, b: int) -> int:
    """The product of two elements of the field."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = a << 1, b >> 1
        if a > 255:
            a ^= _FIELD_POLYNOMIAL
    return product


def _correction(block: Sequence[int], count: int) -> list[int]:
    """The remainder by the generator polynomial: Reed and Solomon's code."""
    generator, root = [1], 1
    for _ in range(count):
        shifted = [*generator, 0]
        generator = [a ^ _times(b, root) for a, b in zip(shifted, [0, *generator], strict=True)]
        root = _times(root, 2)
    rest = [*block, *[0] * count]
    for at in range(len(block)):
        factor = rest[at]
        for place, coefficient in enumerate(generator):
            rest[at + place] ^= _times(coefficient, factor)
    return rest[len(block) :]


# --- modules --------------------------------------------------------------------------------------


def _functions(version: int) -> list[list[bool | None]]:
    """What stands in every symbol of a version; None where data goes, false where formats go."""
    size = 17 + 4 * version
    rows: list[list[bool | None]] = [[None] * size for _ in range(size)]
    for at in range(size):
        rows[6][at] = rows[at][6] = at % 2 == 0
    for y, x in ((3, 3), (3, size - 4), (size - 4, 3)):
        _square(rows, y, x, 4, {2, 4})
    last = len(_CENTRES[version - 1]) - 1
    for i, y in enumerate(_CENTRES[version - 1]):
        for j, x in enumerate(_CENTRES[version - 1]):
            if (i, j) not in {(0, 0), (0, last), (last, 0)}:
                _square(rows, y, x, 2, {1})
    for at in range(9):
        for y, x in ((8, at), (at, 8), (8, size - 1 - at), (size - 1 - at, 8)):
            if at < 8 or max(y, x) == 8:
                rows[y][x] = bool(rows[y][x])
    rows[size - 8][8] = True
    if version >= 7:
        number = version << 12 | _remainder(version << 12, _VERSION_POLYNOMIAL)
        for at in range(18):
            y, x = size - 11 + at % 3, at // 3
            rows[y][x] = rows[x][y] = bool(number >> at & 1)
    return rows


def _square(rows: list[list[bool | None]], y: int, x: int, radius: int, light: set[int]) -> None:
    """Rings around a centre, as far as they lie in the symbol."""
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if 0 <= y + dy < len(rows) and 0 <= x + dx < len(rows):
                rows[y + dy][x + dx] = max(abs(dy), abs(dx)) not in light


def _remainder(number: int, polynomial: int) -> int:
    degree = polynomial.bit_length()
    while number.bit_length() >= degree:
        number ^= polynomial << number.bit_length() - degree
    return number


def _places(blank: list[list[bool | None]]) -> Iterator[tuple[int, int]]:
    """Where data goes, in its order: upwards and downwards in columns of two, from the right."""
    size, upwards = len(blank), True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for y in range(size - 1, -1, -1) if upwards else range(size):
            for x in (right, right - 1):
                if blank[y][x] is None:
                    yield y, x
        upwards = not upwards


def _drawn(
    blank: list[list[bool | None]], bits: Sequence[bool], version: int, mask: int
) -> Modules:
    rows = [[bool(one) for one in row] for row in blank]
    hides = _MASKS[mask]
    for at, (y, x) in enumerate(_places(blank)):
        rows[y][x] = (at < len(bits) and bits[at]) != (hides(x, y) == 0)
    number = (_LEVEL_L << 3 | mask) << 10
    number = (number | _remainder(number, _FORMAT_POLYNOMIAL)) ^ _FORMAT_MASK
    size = 17 + 4 * version
    around = [(8, at) for at in (*range(6), 7, 8)] + [(at, 8) for at in (7, *range(5, -1, -1))]
    apart = [(size - 1 - at, 8) for at in range(7)] + [(8, size - 8 + at) for at in range(8)]
    for at in range(15):
        dark = bool(number >> 14 - at & 1)
        for y, x in (around[at], apart[at]):
            rows[y][x] = dark
    return rows


def _penalty(rows: Modules) -> int:
    """How hard a symbol is to read (7.8.3)."""
    size, points = len(rows), 0
    lines = ["".join("01"[dark] for dark in row) for row in rows]
    columns = ["".join(line[x] for line in lines) for x in range(size)]
    for line in (*lines, *columns):
        edges = [0, *(at for at in range(1, size) if line[at] != line[at - 1]), size]
        points += sum(end - start - 2 for start, end in pairwise(edges) if end - start >= 5)
        points += 40 * sum(
            line.startswith(like, at) for at in range(size) for like in _LIKE_FINDERS
        )
    for above, below in pairwise(lines):
        points += 3 * sum(
            above[at] == above[at - 1] == below[at] == below[at - 1] for at in range(1, size)
        )
    share = sum(line.count("1") for line in lines) * 20 // (size * size)
    return points + 10 * min(abs(share - 10), abs(share + 1 - 10))
