"""A seat that several commands keep: its secret and counters in a file of its owner alone.

The file is worth nothing without the code of its room. It is locked while a command uses it, since
a member has one socket; it is replaced as a whole, so that a crash leaves the old or the new one.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ephemeral.client.exits import ClientError, Exit, usage
from ephemeral.protocol.encoding import b64decode, b64encode, dump_json, parse_json
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import SeatKeys, member_id
from ephemeral.protocol.limits import (
    ENVELOPE_MAX,
    ID_SIZE,
    ROOM_NONCE_SIZE,
    SEAT_SECRET_SIZE,
)
from ephemeral.protocol.objects import (
    Json,
    read_bytes,
    read_id,
    read_integer,
    read_list,
    read_object,
    read_text,
)
from ephemeral.protocol.outbox import Written

__all__ = ["Seat", "SeatFile", "new_seat"]

_VERSION = 1
_REMEMBERED = 100
_LARGEST = 100 * ENVELOPE_MAX


@dataclass(slots=True)
class Seat:
    """What a member must keep to stay the same. `counter`: of its last message; `counters`: the
    highest read of each author; `written`: its latest messages, those without an answer whole;
    `generation`: of its latest socket.
    """

    secret: bytes = field(repr=False)
    room_nonce: bytes
    counter: int = 0
    counters: dict[bytes, int] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    generation: int = 0
    keys: SeatKeys = field(init=False, repr=False)
    member: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.keys = SeatKeys.derived(self.secret, self.room_nonce)
        self.member = member_id(self.token)

    @property
    def token(self) -> bytes:
        """The credential of the seat."""
        return self.keys.token


def new_seat(random: Callable[[int], bytes], room_nonce: bytes) -> Seat:
    """A member that nobody knows yet."""
    return Seat(random(SEAT_SECRET_SIZE), room_nonce)


class SeatFile:
    """The file of one seat, locked. A missing one is made by the first `save`."""

    def __init__(self, path: Path, random: Callable[[int], bytes]) -> None:
        self._path = path
        self._random = random
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self._descriptor = self._lock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def load(self, room_nonce: bytes) -> Seat:
        """The seat in the file, or a new one. Refuses the file of another room (`seat_file`)."""
        if self._descriptor is None:
            return new_seat(self._random, room_nonce)
        try:
            value = parse_json(os.pread(self._descriptor, _LARGEST, 0))
            seat = _read(value)
        except Refusal:
            raise usage(f"{self._path} is no seat file of this program.") from None
        if seat.room_nonce != room_nonce:
            raise ClientError(
                Exit.REFUSED,
                "seat_file",
                f"The seat in {self._path} is one in another room, or in a room that has ended. "
                "Choose another file, or delete this one.",
            )
        return seat

    def save(self, seat: Seat) -> None:
        """Replace the file; it is on the disk when this returns."""
        draft = self._path.with_name(f".{self._path.name}.{b64encode(self._random(6))}")
        try:
            descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(self._path, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = memoryview(dump_json(_write(seat)))
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
            self._put_in_place(draft)
        except OSError as error:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                draft.unlink()
            raise _unusable(self._path, error) from None
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = descriptor

    def _put_in_place(self, draft: Path) -> None:
        """A first draft must not replace the file that another command has made meanwhile."""
        if self._descriptor is None:
            self._path.hardlink_to(draft)
            draft.unlink()
        else:
            draft.replace(self._path)

    def remove(self) -> None:
        """The seat was given up."""
        self._path.unlink(missing_ok=True)

    def _lock(self) -> int | None:
        """The locked file that the path names now, or None where there is none yet."""
        while True:
            try:
                descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise _unusable(self._path, error) from None
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
                    raise usage(f"{self._path} must be a file that only you may read (chmod 600).")
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_at_path(found):
                    return descriptor
            except BlockingIOError:
                os.close(descriptor)
                raise usage(f"Another command is using the seat in {self._path}.") from None
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _is_at_path(self, found: os.stat_result) -> bool:
        """False if the file was replaced between opening and locking it."""
        try:
            now = self._path.lstat()
        except FileNotFoundError:
            return False
        return (now.st_dev, now.st_ino) == (found.st_dev, found.st_ino)


def _unusable(path: Path, error: OSError) -> ClientError:
    return usage(f"The seat file {path} can't be used: {error.strerror or 'unknown reason'}.")


def _write(seat: Seat) -> Json:
    return {
        "version": _VERSION,
        "secret": b64encode(seat.secret),
        "room_nonce": b64encode(seat.room_nonce),
        "counter": seat.counter,
        "generation": seat.generation,
        "counters": {b64encode(author): count for author, count in seat.counters.items()},
        "written": [
            {
                **one.fields(),
                # What the server has answered for is never sent again.
                "envelope": b64encode(one.envelope) if one.state == "sending" else "",
                "written_at": one.written_at,
                "state": one.state,
            }
            for one in seat.written[-_REMEMBERED:]
        ],
    }


def _read(value: object) -> Seat:
    if not isinstance(value, dict) or value.get("version") != _VERSION:
        raise Refusal("malformed")
    counters = read_object(value, "counters")
    return Seat(
        secret=read_bytes(value, "secret", SEAT_SECRET_SIZE),
        room_nonce=read_bytes(value, "room_nonce", ROOM_NONCE_SIZE),
        counter=read_integer(value, "counter"),
        generation=read_integer(value, "generation"),
        counters={
            b64decode(author, ID_SIZE): read_integer(counters, author) for author in counters
        },
        written=[_read_written(one) for one in read_list(value, "written")],
    )


def _read_written(value: object) -> Written:
    if not isinstance(value, dict):
        raise Refusal("malformed")
    return Written(
        id=read_id(value),
        envelope=read_bytes(value, "envelope"),
        viewing_hash=read_bytes(value, "viewing_hash", 32),
        written_at=read_integer(value, "written_at"),
        state=read_text(value, "state"),
        attachment=read_id(value, "attachment") if "attachment" in value else None,
    )
