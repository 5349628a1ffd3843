"""A conversation's log as it stands: what is decided about a post, and about an acknowledgement.

Pure. Who calls it has locked the conversation's row, and writes down what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ephemeral.conversations.rules import limits
from ephemeral.protocol.conversations.log import MESSAGE, next_hash
from ephemeral.protocol.conversations.messages import Ad
from ephemeral.protocol.errors import Refusal, refuse

__all__ = ["Entry", "LogState", "Member", "Place", "Stored", "why_due"]


class Place(NamedTuple):
    """Where something stands in a log: its place, the hash there, and when it came."""

    s: int
    digest: bytes
    hash: bytes
    at: int


class Member(NamedTuple):
    """A device that the newest record lists: what it has stored, and where it reads on from."""

    account: bytes
    cursor: int
    hold: int


class Entry(NamedTuple):
    """A message as it is posted."""

    ad: Ad
    digest: bytes
    entry: bytes


class Stored(NamedTuple):
    """What became of the messages of a post, in order, and whether its author is to renew."""

    places: tuple[Place, ...]
    renew: bool


@dataclass(slots=True)
class LogState:
    """A conversation's row, and what a batch does to it."""

    conversation: bytes
    epoch: int
    record: bytes
    record_s: int
    record_seen: int
    timer: int
    people: int
    s: int
    log: bytes
    began_at: int
    messages: int
    renew_told: int | None
    due: str | None
    told_device: bytes | None
    told_at: int | None
    tail: int
    waiting: int
    waiting_bytes: int
    segment: bytes | None
    segment_hour: int | None
    #: The hashes of places that this batch knows of.
    hashes: dict[int, bytes] = field(default_factory=dict)
    changed: bool = False

    def post(
        self,
        entries: Sequence[Entry],
        device: bytes,
        known: Mapping[tuple[bytes, bytes], Place],
        now: int,
        *,
        accepts: bool = True,
    ) -> tuple[Stored, list[tuple[Place, Entry]]]:
        """Take messages, all of them or none; also what is new among them. Refuses.

        Without `accepts` nothing new is taken, since too much waits in all conversations.

        `known` are places by device and id; those that are posted again are answered as before.
        """
        new: list[Entry] = []
        places: list[Place | None] = []
        ids: dict[bytes, bytes] = {}
        for one in entries:
            ad = one.ad
            refuse(ad.conversation != self.conversation, "message_conversation")
            refuse(ad.device != device, "message_device")
            refuse(ids.setdefault(ad.id, one.digest) != one.digest, "conflict")
            before = known.get((device, ad.id))
            refuse(before is not None and before.digest != one.digest, "conflict")
            places.append(before)
            if before is None:
                new.append(one)
        fresh = {one.ad.id: one for one in new}
        if fresh:
            # In the order in which they were posted; one that was posted twice stands once.
            refuse(any(one.ad.record != self.record for one in fresh.values()), "stale_epoch")
            self._require(device, now)
            self._check(fresh.values())
            if not accepts:
                raise Refusal("storage_full", retry_after=limits.FULL_SECONDS)
        stored = {one.ad.id: self._append(one, now) for one in fresh.values()}
        given = tuple(
            stored[one.ad.id] if place is None else place
            for one, place in zip(entries, places, strict=True)
        )
        renew = bool(fresh) and self._advises(now)
        return Stored(given, renew), [(stored[one.ad.id], one) for one in fresh.values()]

    def acknowledge(self, member: Member, cursor: int) -> int:
        """Where a device's cursor stands then: it only rises. Refuses `broken` beyond the end."""
        if cursor > self.s:
            raise self.broken
        return max(cursor, member.cursor)

    def tell(self, device: bytes, why: str, now: int) -> Refusal:
        """That another epoch must begin first, and how long this device leaves that to another."""
        wait = 0
        if self.told_at is not None and self.told_device != device:
            wait = max(0, min(limits.TOLD_MS, self.told_at + limits.TOLD_MS - now))
        if wait == 0:
            self.told_device, self.told_at, self.changed = device, now, True
        return Refusal("rekey_required", details={"why": why, "wait_ms": wait})

    @property
    def broken(self) -> Refusal:
        """Somebody's log is another one: from where to read it again."""
        return Refusal("broken", details={"first": self.record_seen})

    @property
    def crowded(self) -> bool:
        """Whether so much waits that a person's share may be used up."""
        return (
            self.waiting > limits.WAITING_MESSAGES // self.people
            or self.waiting_bytes > limits.WAITING_BYTES // self.people
        )

    def _require(self, device: bytes, now: int) -> None:
        why = why_due(self.due, self.began_at, self.messages, now)
        if why is not None:
            raise self.tell(device, why, now)

    def _check(self, entries: Iterable[Entry]) -> None:
        """Whether each has seen its record, and this very log; what stands beside it in its post
        nobody has seen."""
        for one in entries:
            seen = one.ad.seen
            refuse(seen < self.record_s, "message_seen")
            known = self.log if seen == self.s else self.hashes.get(seen)
            if known != one.ad.log:
                raise self.broken

    def _append(self, one: Entry, now: int) -> Place:
        self.hashes[self.s] = self.log
        self.s += 1
        self.log = next_hash(self.log, self.s, MESSAGE, one.ad.device, one.digest)
        self.messages += 1
        self.waiting += 1
        self.waiting_bytes += len(one.entry)
        self.changed = True
        return Place(self.s, one.digest, self.log, now)

    def _advises(self, now: int) -> bool:
        """Whether whoever has just posted is to begin another epoch beside going on."""
        old = now - self.began_at >= limits.ADVISED_MS
        if not old and self.messages < limits.ADVISED_MESSAGES:
            return False
        if self.renew_told is not None and self.messages - self.renew_told < limits.ADVISE_EVERY:
            return False
        self.renew_told = self.messages
        return True


def why_due(due: str | None, began_at: int, messages: int, now: int) -> str | None:
    """Why another epoch must begin before anything is sent; None if none must."""
    if due is not None:
        return due
    if now - began_at >= limits.EPOCH_MS:
        return "age"
    return "count" if messages >= limits.EPOCH_MESSAGES else None
