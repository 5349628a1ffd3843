"""Durations and moments as people write and read them."""

import re
from datetime import UTC, datetime

from ephemeral.client.exits import usage

__all__ = ["day", "format_duration", "local_time", "parse_duration"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DAY_MILLISECONDS = 86_400_000
_NAMES = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def parse_duration(text: str) -> int:
    """Seconds of `90`, `90s`, `15m`, `1h`, `7d` or `1h30m`."""
    if not re.fullmatch(r"[0-9]{1,9}|(?:[0-9]{1,9}[smhd])+", text, re.ASCII):
        raise usage("A duration is written like 90s, 15m, 1h or 7d.")
    if text.isdigit():
        return int(text)
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)([smhd])", text))


def format_duration(seconds: int) -> str:
    """The two largest units: `6 days 23 hours`."""
    parts = []
    rest = max(0, seconds)
    for name, size in _NAMES:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2]) or "0 seconds"


def local_time(milliseconds: int, form: str) -> str:
    """A moment since 1970 by the local clock; a server may name one that no calendar has."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone().strftime(form)
    except (ValueError, OverflowError, OSError):
        return "an unknown time"


def day(number: int) -> str:
    """A day since 1970."""
    return local_time(number * _DAY_MILLISECONDS + _DAY_MILLISECONDS // 2, "%Y-%m-%d")
