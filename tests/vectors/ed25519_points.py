"""Points of the curve of Ed25519, also those that no honest signer makes: RFC 8032, section 5.1.

Slow, and for the generator of vectors alone.
"""

import hashlib
from typing import NamedTuple

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P) % P
_ROOT = pow(2, (P - 1) // 4, P)


class Point(NamedTuple):
    """A point in affine coordinates."""

    x: int
    y: int


IDENTITY = Point(0, 1)


def add(one: Point, other: Point) -> Point:
    product = _D * one.x * other.x * one.y * other.y % P
    x = (one.x * other.y + other.x * one.y) * pow(1 + product, -1, P) % P
    y = (one.y * other.y + one.x * other.x) * pow(1 - product, -1, P) % P
    return Point(x, y)


def times(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def encoded(point: Point) -> bytes:
    return (point.y | (point.x & 1) << 255).to_bytes(32, "little")


def with_y(y: int, sign: int = 0) -> Point | None:
    """The point with this y whose x is odd or even; None if there is none."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * _ROOT % P
    if x * x % P != square:
        return None
    return Point(P - x if x & 1 != sign and x else x, y)


BASE = with_y(4 * pow(5, -1, P) % P)
assert BASE is not None


def small_order() -> list[Point]:
    """The eight points whose order divides eight, by the multiples of one of order eight."""
    y = 2
    while True:
        point = with_y(y)
        y += 1
        if point is None:
            continue
        torsion = times(L, point)
        if times(4, torsion) != IDENTITY:
            return [times(i, torsion) for i in range(8)]


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def secret_of(seed: bytes) -> int:
    """The scalar of a private key."""
    data = bytearray(hashlib.sha512(seed).digest()[:32])
    data[0] &= 248
    data[31] = data[31] & 127 | 64
    return int.from_bytes(data, "little")
