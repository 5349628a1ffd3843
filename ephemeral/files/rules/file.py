"""A file as the server knows it: by its length, and by which of its segments have landed."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from ephemeral.files.rules.limits import IDLE_MS

__all__ = [
    "File",
    "State",
    "bit_count",
    "first_end",
    "first_segments",
    "has_landed",
    "is_whole",
    "with_landed",
]

#: Segments at either end that are sent first, beside the very first one.
_FIRST = 4


class State(IntEnum):
    """`DELETING`: gone for everybody; it counts until nobody can store more of it."""

    UPLOADING = 1
    COMPLETE = 2
    DELETING = 3


class File(NamedTuple):
    """A row. `latest`: when it goes at the latest; `payload`: what is told of it."""

    id: bytes
    account: bytes | None
    conversation: bytes | None
    prefix: bytes
    padded: int
    landed: bytes
    payload: bytes | None
    state: State
    ttl: int
    latest: int | None
    created_at: int
    expires_at: int
    put_until: int
    looked_at: int
    broken: bool = False

    @property
    def is_living(self) -> bool:
        """Whether it is there for anybody."""
        return self.state != State.DELETING

    def landing(self, numbers: Iterable[int], count: int, now: int) -> "File":
        """With these segments landed as well; `count` is how many it has. Once all have, nothing
        but its end changes it."""
        landed = with_landed(self.landed, numbers)
        if landed == self.landed:
            return self
        if not is_whole(landed, count):
            ends = _earlier(now + IDLE_MS, self.latest)
            return self._replace(landed=landed, expires_at=ends)
        ends = _earlier(now + self.ttl * 1000, self.latest)
        return self._replace(landed=landed, state=State.COMPLETE, expires_at=ends)


def first_end(now: int, latest: int | None) -> int:
    """When a file that was just made goes if nothing of it lands."""
    return _earlier(now + IDLE_MS, latest)


def _earlier(time: int, latest: int | None) -> int:
    return time if latest is None else min(time, latest)


def bit_count(count: int) -> int:
    """Bytes of a bitmap of so many segments."""
    return -(-count // 8)


def has_landed(landed: bytes, number: int) -> bool:
    """Whether this segment has."""
    return bool(landed[number >> 3] & (1 << (number & 7)))


def with_landed(landed: bytes, numbers: Iterable[int]) -> bytes:
    """The bitmap with these as well."""
    bits = bytearray(landed)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def is_whole(landed: bytes, count: int) -> bool:
    """Whether all so many have landed."""
    return sum(one.bit_count() for one in landed) == count


def first_segments(count: int) -> list[int]:
    """Which are best sent first: what a player needs to begin lies there."""
    ends = range(count - 1, max(count - 1 - _FIRST, 0), -1)
    return list(dict.fromkeys((0, *ends, *range(1, min(_FIRST, count)))))
