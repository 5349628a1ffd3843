"""What is remembered of members who have left: as much as may be asked for, and no more."""

from collections.abc import Container, MutableMapping
from typing import TypeVar

__all__ = ["forget_strangers"]

#: Of so many that have left, and of whom no message waits, something is remembered.
KEPT = 200

T = TypeVar("T")


def forget_strangers(remembered: MutableMapping[bytes, T], known: Container[bytes]) -> None:
    """Drop the oldest entries of members who are not `known`, until few enough are left."""
    strangers = [member for member in remembered if member not in known]
    for member in strangers[: max(0, len(strangers) - KEPT)]:
        del remembered[member]
