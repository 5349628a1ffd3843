"""``KEYRING_DIR/database.mark``: how far the database has come, written where no restore reaches.

The database counts a number up, about once a second while a server runs, and only once that is
committed the file follows. So the database is never behind the file, unless it was set back. The
file is replaced by a rename and synced before, without the directory: a loss of power leaves an
older mark or the newer one, never a broken file, and an older one accuses nobody. Files of one
name by two hosts at once may leave the lower mark for a second; that accuses nobody either.

It also says when that was, by the database's clock and by one that only this machine's next start
sets anew: between two starts of a server on a machine that has run meanwhile, a jump of the clock
shows.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ephemeral.sealing.seals import KeyringUnusable
from ephemeral.store.durable_files import sync_directory

__all__ = ["MARK", "Machine", "Mark", "SetBack", "read_mark", "this_machine", "write_mark"]

MARK = "database.mark"
_DRAFT = f".{MARK}.new-"
_DRAFT_SECONDS = 60
_FORM = b"ephemark\x01"
_CHECK_BYTES = 8
_BOOT_BYTES = 16
_BYTES = len(_FORM) + 3 * 8 + _BOOT_BYTES + _CHECK_BYTES
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Goes on while the machine sleeps. macOS has no such name, and its monotonic clock does.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SetBack(KeyringUnusable):
    """The database isn't the one, or not at the state, that was served last."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`boot`: 16 bytes that change when it is started, zeros if it doesn't tell.

    `elapsed`: milliseconds since then, its sleep included.
    """

    boot: bytes
    elapsed: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Mark:
    """`number`: the database's; `at`: its clock, in ms; `boot`, `elapsed`: the machine's, then."""

    number: int
    at: int
    boot: bytes
    elapsed: int

    def encode(self) -> bytes:
        """The whole file."""
        numbers = (n.to_bytes(8) for n in (self.number, self.at, self.elapsed))
        head = _FORM + b"".join(numbers) + self.boot
        return head + _check(head)

    @classmethod
    def decode(cls, content: bytes) -> "Mark":
        """Of a whole file; raises ValueError."""
        head, check = content[:-_CHECK_BYTES], content[-_CHECK_BYTES:]
        if len(content) != _BYTES or not head.startswith(_FORM) or _check(head) != check:
            raise ValueError("no mark")
        at = len(_FORM)
        number, when, elapsed = (
            int.from_bytes(head[place : place + 8]) for place in (at, at + 8, at + 16)
        )
        return cls(number, when, head[at + 24 :], elapsed)


def this_machine() -> Machine:
    """The machine on which this process runs."""
    boot = bytes(_BOOT_BYTES)
    with suppress(OSError, ValueError):
        boot = bytes.fromhex(_BOOT_ID.read_text("ascii").strip().replace("-", ""))
    return Machine(boot[:_BOOT_BYTES], lambda: time.clock_gettime_ns(_ELAPSED) // 1_000_000)


def read_mark(directory: Path) -> Mark | None:
    """The mark beside the keys; None if there is none. Raises SetBack, KeyringUnusable."""
    path = directory / MARK
    try:
        return Mark.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyringUnusable(f"{path} can't be read: {error.strerror}.") from error
    except ValueError:
        raise SetBack(
            f"{path} is damaged, so nobody can tell whether the database was set back. "
            "No copy helps, being older: run `ephemeral restore-accept`, which ends every room."
        ) from None


def write_mark(directory: Path, mark: Mark, *, first: bool = False) -> None:
    """Put the mark in place of the one before; the `first` is on the disk with its name.

    It is drafted under a name of its own kind: what writers of keys may have left is overwritten
    and unlinked by whoever holds the directory's lock, which isn't held here. Raises
    KeyringUnusable.
    """
    path = directory / MARK
    temporary = directory / f"{_DRAFT}{os.getpid():x}-{os.urandom(4).hex()}"
    try:
        if first:
            _tidy(directory)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(mark.encode())
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
        if first:
            sync_directory(directory)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise KeyringUnusable(f"{path} can't be written: {error.strerror}.") from error


def _tidy(directory: Path) -> None:
    """Unlink the drafts of writers that were killed; a living one takes no minute."""
    before = time.time() - _DRAFT_SECONDS
    for draft in directory.glob(f"{_DRAFT}*"):
        with suppress(FileNotFoundError):
            if draft.stat().st_mtime < before:
                draft.unlink()


def _check(head: bytes) -> bytes:
    return sha256(head).digest()[:_CHECK_BYTES]
