"""Messages that were just written, for those who wait for them: read from memory, not the tables.

What is destroyed is forgotten here too, at once by the process that destroys it; elsewhere within
two minutes, for nothing is kept for longer.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Item", "Recent"]

# All of them together, in bytes of messages and what they take beside.
_BYTES = 32 * 1024 * 1024
_BESIDE = 600


class Item(NamedTuple):
    """A place of a log, with what was written there if that is kept and may be read."""

    s: int
    kind: int
    device: bytes
    id: bytes | None
    at: int
    digest: bytes
    entry: bytes | None


class Recent:
    """The ends of logs that something was written to lately, each without a gap."""

    def __init__(self) -> None:
        self._logs: OrderedDict[bytes, deque[Item]] = OrderedDict()
        self._size = 0
        # The last places of logs when `age` was called last.
        self._aged: dict[bytes, int] = {}

    def add(self, conversation: bytes, items: Sequence[Item]) -> None:
        """Keep what was committed, in order."""
        log = self._logs.get(conversation)
        if log is None:
            log = self._logs[conversation] = deque()
        elif log and log[-1].s + 1 != items[0].s:
            # Another process wrote what lies between.
            self._drop(log, len(log))
        log.extend(items)
        self._size += sum(map(_size, items))
        self._logs.move_to_end(conversation)
        while self._size > _BYTES:
            self._evict()

    def after(self, conversation: bytes, s: int) -> list[Item] | None:
        """What stands beyond a place, as far as is known here; None if it has to be read."""
        log = self._logs.get(conversation)
        if not log or log[0].s > s + 1:
            return None
        # It may be long, and what is new stands at its end.
        found = []
        for one in reversed(log):
            if one.s <= s:
                break
            found.append(one)
        found.reverse()
        return found

    def trim(self, conversation: bytes, tail: int) -> None:
        """What stands up to there is destroyed."""
        log = self._logs.get(conversation)
        if log is None:
            return
        self._drop(log, sum(one.s <= tail for one in log))
        if not log:
            del self._logs[conversation]

    def forget(self, conversation: bytes) -> None:
        """Something in the midst of it was destroyed, or all of it."""
        log = self._logs.pop(conversation, None)
        if log is not None:
            self._drop(log, len(log))

    def age(self) -> None:
        """To be called now and then: forget what was here the last time already. Another process
        may have destroyed it."""
        for conversation, s in self._aged.items():
            self.trim(conversation, s)
        self._aged = {conversation: log[-1].s for conversation, log in self._logs.items() if log}

    def _evict(self) -> None:
        oldest = next(iter(self._logs))
        log = self._logs[oldest]
        self._drop(log, max(1, len(log) // 2))
        if not log:
            del self._logs[oldest]

    def _drop(self, log: deque[Item], count: int) -> None:
        for _ in range(count):
            self._size -= _size(log.popleft())


def _size(item: Item) -> int:
    return _BESIDE + (len(item.entry) if item.entry is not None else 0)
