"""The log: one order of all that happens in a conversation, hash-linked. docs/conversations.md, 5.

Who writes names the place and hash up to which it has read, so that two readers whom a server shows
different orders can't read each other.
"""

import hashlib
from typing import NamedTuple

from ephemeral.protocol.accounts.derivation import labelled_hash

__all__ = ["MESSAGE", "RECORD", "Log", "digest", "first_hash", "next_hash"]

#: Kinds of entries.
RECORD, MESSAGE = 1, 2


def first_hash(conversation: bytes) -> bytes:
    """h_0: the hash of a log without an entry."""
    return labelled_hash("log", conversation)


def digest(entry: bytes) -> bytes:
    """What is left of an entry that is destroyed: SHA-256."""
    return hashlib.sha256(entry).digest()


def next_hash(before: bytes, s: int, kind: int, device: bytes, digest: bytes) -> bytes:
    """h_s: `before` is h of the place before, `device` who wrote the entry with this digest."""
    return hashlib.sha256(
        b"".join((before, s.to_bytes(8, "big"), bytes((kind,)), device, digest))
    ).digest()


class Log(NamedTuple):
    """How far a log has been read: a place, and the hash there."""

    place: int
    hash: bytes

    @classmethod
    def first(cls, conversation: bytes) -> "Log":
        """The log without an entry."""
        return cls(0, first_hash(conversation))

    def next(self, kind: int, device: bytes, digest: bytes) -> "Log":
        """The log with one more entry."""
        place = self.place + 1
        return Log(place, next_hash(self.hash, place, kind, device, digest))
