"""What is said of devices between the floors: nothing here knows of tables or of JSON."""

from typing import NamedTuple

__all__ = ["DAY_MS", "GRACE_MS", "UNDO_MS", "Device", "Pending", "Posted", "Sealing", "Session"]

DAY_MS = 86_400_000
#: How long a CLOSE by a device, and a GENESIS beside a chain in force, wait to be refused.
GRACE_MS = 3 * DAY_MS
#: How long a recovery may undo another GENESIS, and how long what that needs is kept.
UNDO_MS = 30 * DAY_MS


class Session(NamedTuple):
    """Whose session asks; `device` is None before it is linked."""

    account: bytes
    sid: bytes
    device: bytes | None


class Sealing(NamedTuple):
    """A device's public sealing key as the device has signed it."""

    number: int
    day: int
    key: bytes
    signature: bytes


class Pending(NamedTuple):
    """A statement that waits to be refused: `close` or `genesis`."""

    kind: str
    device: bytes
    at: int
    due: int


class Device(NamedTuple):
    """An active device; `name` is encrypted by its owner's devices."""

    id: bytes
    name: bytes | None
    seen_day: int
    sealing: Sealing | None


class Posted(NamedTuple):
    """What became of a statement: its place and hash, or what it waits for."""

    sequence: int
    head: bytes
    pending: Pending | None
    now: int
