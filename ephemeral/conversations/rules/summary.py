"""A conversation as one of its people finds it."""

from typing import NamedTuple

__all__ = ["Summary"]


class Summary(NamedTuple):
    """A conversation as one of its people finds it; `kept` is the first place that is served to
    them, `cursor` and `first` are of the device that asks, None where it isn't listed."""

    conversation: bytes
    epoch: int
    record: bytes
    record_s: int
    s: int
    log: bytes
    kept: int
    began_at: int
    messages: int
    due: str | None
    admin: bool
    since: int
    cursor: int | None
    first: int | None
