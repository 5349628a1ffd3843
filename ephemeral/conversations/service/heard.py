"""A conversation that somebody listens to in this process, and how far they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ephemeral.conversations.rules.changes import FileChanged, Signal, Typing
from ephemeral.conversations.service.listening import Attended, StandingRow, Wanted
from ephemeral.conversations.service.recent import Item
from ephemeral.protocol.conversations.log import next_hash

__all__ = ["Frames", "Heard", "Listener", "News"]

# No client needs to take a larger frame: a record of a hundred devices, or two messages.
_PIECE_BYTES = 128 * 1024
# Of one who writes is told so often.
_TYPING_SECONDS = 1.0


class Listener(Protocol):
    """One socket that has said hello: of a device's session `sid`."""

    account: bytes
    device: bytes
    sid: bytes
    #: Queues one encoded frame; must not block or raise, nor listen or cease to.
    deliver: Callable[[bytes], None]

    def session_ended(self) -> None:
        """Its session is over, or its account suspended. It is told nothing any more."""


class Frames(Protocol):
    """How events are encoded: each once, however many listen."""

    def entry(
        self, conversation: bytes, items: Sequence[Item], s: int, log: bytes, epoch: int,
        record: bytes,
    ) -> bytes:  # fmt: skip
        """A log has come to a place and hash."""

    def epoch(self, row: StandingRow) -> bytes:
        """Another record is the newest."""

    def people(self, conversation: bytes) -> bytes:
        """Something about people has changed."""

    def receipt(self, conversation: bytes, cursors: Iterable[tuple[bytes, int]]) -> bytes:
        """Devices have stored what they read."""

    def typing(self, conversation: bytes, device: bytes) -> bytes:
        """Somebody is writing."""

    def signal(self, conversation: bytes, device: bytes, sealed: bytes) -> bytes:
        """What a device says to those who listen."""

    def file(
        self, conversation: bytes, file: bytes, landed: bytes | None, expires_at: int | None
    ) -> bytes:
        """A file stands otherwise, or is gone."""

    def conversations(self, come: Iterable[StandingRow], gone: Iterable[bytes]) -> bytes:
        """An account is in others than before."""

    def chain(self, chain: bytes) -> bytes:
        """A contact's chain has gone on."""

    @property
    def contact(self) -> bytes:
        """Contacts have changed."""

    @property
    def device(self) -> bytes:
        """Own devices have changed."""


@dataclass(slots=True)
class News:
    """Conversations that an account is in since it was told so last, and is in no more."""

    come: set[bytes] = field(default_factory=set)
    gone: set[bytes] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Heard:
    """`told`: the place up to which all who listen were told, `log`: the hash there. `listeners`:
    from which place on each may read entries; None where the newest record doesn't list it."""

    conversation: bytes
    topic: bytes
    told: int
    log: bytes
    epoch: int
    record: bytes
    due: str | None
    listeners: dict[Listener, int | None] = field(default_factory=dict)
    #: Something about people has changed since that was read.
    people_changed: bool = False
    #: Cursors to be told of, and when each device was last heard to be writing.
    cursors: dict[bytes, int] | None = None
    typed: dict[bytes, float] | None = None

    @classmethod
    def of(cls, one: Attended, topic: bytes) -> Heard:
        """As it stands."""
        row = one.row
        return cls(row.conversation, topic, row.s, row.log, row.epoch, row.record, row.due)

    def deliver(self, frame: bytes) -> None:
        """Tell all who listen."""
        for one in self.listeners:
            one.deliver(frame)

    def deliver_to_listed(self, frame: bytes, silent: bytes | None = None) -> None:
        """Tell those whom the newest record lists, but for a device."""
        for one, first in self.listeners.items():
            if first is not None and one.device != silent:
                one.deliver(frame)

    def wanted(self) -> Wanted:
        """What is to be read of it for those who listen."""
        devices = {(one.account, one.device) for one in self.listeners}
        return Wanted(self.conversation, self.told, sorted(devices))

    def tells_typing(self, device: bytes, now: float) -> bool:
        """Whether it is time to tell that a device's person is writing; then it counts as told."""
        typed = self.typed or {}
        if now - typed.get(device, -_TYPING_SECONDS) < _TYPING_SECONDS:
            return False
        lately = {who: at for who, at in typed.items() if now - at < _TYPING_SECONDS}
        self.typed = {**lately, device: now}
        return True

    def lists(self, device: bytes) -> bool:
        """Whether a device listens here whom the newest record lists."""
        return any(
            one.device == device and first is not None for one, first in self.listeners.items()
        )

    def pass_on(self, event: Typing | Signal | FileChanged, frames: Frames) -> None:
        """Tell what needs no reading."""
        if isinstance(event, Typing):
            frame = frames.typing(self.conversation, event.device)
            self.deliver_to_listed(frame, silent=event.device)
            return
        if isinstance(event, Signal):
            frame = frames.signal(self.conversation, event.device, event.sealed)
            self.deliver_to_listed(frame, silent=event.device)
            return
        file, landed, expires_at = event.file, event.landed, event.expires_at
        self.deliver_to_listed(frames.file(self.conversation, file, landed, expires_at))

    def go_on(self, items: Sequence[Item], frames: Frames) -> None:
        """Tell messages that stand right behind what was told."""
        for some in _pieces(items):
            log = self.log
            for one in some:
                log = next_hash(log, one.s, one.kind, one.device, one.digest)
            self.told, self.log = some[-1].s, log
            self._tell(some, frames)

    def catch_up(self, row: StandingRow, items: Sequence[Item], frames: Frames) -> None:
        """Tell how the conversation was found to stand; `items` follow on some place before.

        Of many that were missed it is told that they are there.
        """
        is_newer = row.epoch > self.epoch
        changed = self.people_changed or (row.due != self.due and not is_newer)
        self.due, self.people_changed = row.due, False
        if is_newer:
            self.epoch, self.record = row.epoch, row.record
            self.deliver(frames.epoch(row))
        if row.s > self.told:
            new = [one for one in items if self.told < one.s <= row.s]
            self.told, self.log = row.s, row.log
            self._tell(next(_pieces(new), []), frames)
        if changed:
            self.deliver(frames.people(self.conversation))

    def _tell(self, items: Sequence[Item], frames: Frames) -> None:
        """Each is told the places, and what was written from when on it may read that."""
        made: dict[int, bytes] = {}
        for listener, first in self.listeners.items():
            hidden = len(items) if first is None else sum(one.s < first for one in items)
            frame = made.get(hidden)
            if frame is None:
                shown = [one._replace(entry=None) for one in items[:hidden]]
                frame = made[hidden] = frames.entry(
                    self.conversation, [*shown, *items[hidden:]], self.told, self.log, self.epoch,
                    self.record,
                )  # fmt: skip
            listener.deliver(frame)


def _pieces(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many as one frame may have, in order."""
    piece: list[Item] = []
    size = 0
    for one in items:
        more = len(one.entry or b"")
        if piece and size + more > _PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(one)
        size += more
    if piece:
        yield piece
