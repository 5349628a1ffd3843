"""An account as a process knows it that tells who is here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Person", "Watcher"]


class Watcher(Protocol):
    """One socket that has presence on."""

    account: bytes
    #: Queues one encoded frame; must not block or raise.
    deliver: Callable[[bytes], None]


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who is at a socket here, or whom somebody here is told of."""

    account: bytes
    topic: bytes
    #: Sockets here that have it on, and whether each was told who is here.
    sockets: dict[Watcher, bool] = field(default_factory=dict)
    #: Whether others were told that this one is here, and when; until when that is left so though
    #: there is no socket.
    out: bool = False
    out_at: float = float("-inf")
    until: float = 0.0
    timer: asyncio.TimerHandle | None = None
    #: Processes that have told so, and those of them of which nobody knows whether it still holds,
    #: with the time since when.
    elsewhere: set[bytes] = field(default_factory=set)
    doubted: dict[bytes, float] = field(default_factory=dict)
    #: People here that are told of this one.
    watchers: set[Person] = field(default_factory=set)
    #: Whom this one is told of, who of them were told to be here, and who of them may be otherwise
    #: by now. Nothing is told while it isn't sure who they are.
    contacts: set[Person] = field(default_factory=set)
    told: set[Person] = field(default_factory=set)
    news: set[Person] = field(default_factory=set)
    is_sure: bool = False

    @property
    def is_here(self) -> bool:
        """At whatever process."""
        return self.out or bool(self.elsewhere)

    def doubt(self, now: float) -> bool:
        """What others have said may hold no longer; whether this is new."""
        new = self.elsewhere - self.doubted.keys()
        self.doubted.update(dict.fromkeys(new, now))
        return bool(new)

    def end_doubt(self, began: float) -> set[bytes]:
        """The processes that haven't said it again since a doubt began."""
        silent = {worker for worker, since in self.doubted.items() if since <= began}
        for worker in silent:
            del self.doubted[worker]
        return silent

    @property
    def is_needed(self) -> bool:
        """Whether anything is known of this one that somebody may want."""
        return self.out or bool(self.sockets) or bool(self.watchers)

    def tell(self, frame: Callable[[list[bytes], list[bytes]], bytes]) -> None:
        """Tell each socket what it doesn't know yet."""
        here = {one for one in self.news if one.is_here and one in self.contacts}
        come, gone = here - self.told, (self.told & self.news) - here
        self.told = (self.told | come) - gone
        self.news = set()
        arrived = _accounts(come)
        # Somebody who was forgotten here and is known anew is told to be here.
        left = [one for one in _accounts(gone) if one not in set(arrived)]
        greeted = [socket for socket, was_told in self.sockets.items() if was_told]
        if greeted and (come or gone):
            change = frame(arrived, left)
            for socket in greeted:
                socket.deliver(change)
        fresh = [socket for socket, was_told in self.sockets.items() if not was_told]
        if fresh:
            whole = frame(_accounts(self.told), [])
            for socket in fresh:
                self.sockets[socket] = True
                socket.deliver(whole)


def _accounts(people: set[Person]) -> list[bytes]:
    return sorted(one.account for one in people)
