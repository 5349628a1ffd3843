"""Which part of something of known length is asked for (RFC 9110, 14)."""

import re

__all__ = ["RangeBeyond", "asked_range"]

_RANGE = re.compile(rb"bytes=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*", re.ASCII)


class RangeBeyond(Exception):
    """Nothing of what is asked for is there."""


def asked_range(values: list[bytes], length: int) -> tuple[int, int] | None:
    """Where the part begins and ends; None where all of it is meant.

    What isn't one range of bytes, or is none, is ignored, as a server may. Raises RangeBeyond.
    """
    match = _RANGE.fullmatch(values[0]) if len(values) == 1 else None
    if match is None:
        return None
    if match[3] is not None:
        start, end = max(0, length - int(match[3])), length
    else:
        start = int(match[1])
        last = int(match[2]) if match[2] else length
        if last < start:
            return None
        end = min(last + 1, length)
    if start >= end:
        raise RangeBeyond
    return start, end
