"""Planted values, and a search for them in whatever a server writes, prints and answers.

A canary holds a tag: ten letters and digits that exist nowhere else. One search for the tag, in
every form in which bytes are written down, finds all canaries of a kind at once, however many were
planted and wherever they were cut. What can't hold a tag (an address, a code) is searched for
as it is.

The search knows nothing of how the server was run: it takes places, each a name and bytes, and may
as well be given the log of a proxy.
"""

import base64
import secrets
import string
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from support.machines.processes import of_process

_LETTERS = string.ascii_lowercase + string.digits
_TAG = 10


class Kind(Enum):
    """Where a canary may be found."""

    SILENT = "nowhere at all"
    SEALED = "only in an answer to a member"
    KEPT = "in the database, and in an answer to a member"


class Place(NamedTuple):
    """Somewhere that is searched."""

    name: str
    content: bytes


class Found(NamedTuple):
    """A canary that was found: which, written how, and where."""

    kind: Kind
    canary: str
    form: str
    place: str


def forms(value: bytes) -> dict[str, bytes]:
    """How a value may be written down, by the name of the form."""
    found = {"raw": value, "hex": value.hex().encode(), "HEX": value.hex().upper().encode()}
    if value.isascii():
        text = value.decode()
        found |= {
            "UTF-16LE": text.encode("utf-16-le"),
            "UTF-16BE": text.encode("utf-16-be"),
            "capitals": text.upper().encode(),
        }
    for before in range(3):
        # As a part of something longer: the letters that its neighbours have no share in.
        encoded = base64.b64encode(bytes(before) + value)
        whole = encoded[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6]
        found[f"base64 at {before}"] = whole
        found[f"base64url at {before}"] = whole.translate(bytes.maketrans(b"+/", b"-_"))
    # What is the same in two forms is searched for once.
    return {form: written for written, form in {one: form for form, one in found.items()}.items()}


class Canaries:
    """All that was planted in one run."""

    def __init__(self) -> None:
        self._tags = {
            kind: "".join(secrets.choice(_LETTERS) for _ in range(_TAG)).encode() for kind in Kind
        }
        self._planted: dict[Kind, dict[str, bytes]] = {kind: {} for kind in Kind}
        self._plain: dict[str, bytes] = {}

    def text(self, name: str, kind: Kind = Kind.SILENT) -> str:
        """A new canary of letters and digits."""
        return self._new(name, kind, b"").decode()

    def secret(self, name: str, size: int, kind: Kind = Kind.SILENT) -> bytes:
        """A new canary of `size` bytes, at least 16: tag, number, randomness."""
        return self._new(name, kind, secrets.token_bytes(size))[:size]

    def watch(self, name: str, value: str | bytes) -> None:
        """Search for this too, wherever it may have come from. It must be found nowhere."""
        self._plain[name] = value.encode() if isinstance(value, str) else value

    @property
    def count(self) -> int:
        """How many were planted."""
        return sum(map(len, self._planted.values())) + len(self._plain)

    def found(self, places: Iterable[Place], *allowed: Kind) -> list[Found]:
        """What is in these places and may not be there."""
        wanted = [(kind, forms(tag)) for kind, tag in self._tags.items() if kind not in allowed]
        plain = [(name, forms(value)) for name, value in self._plain.items()]
        found = []
        for place in places:
            for kind, written in wanted:
                for form, needle in written.items():
                    if needle in place.content:
                        named = self._named(kind, form, place.content)
                        found.append(Found(kind, named, form, place.name))
            for name, written in plain:
                for form, needle in written.items():
                    if needle in place.content:
                        found.append(Found(Kind.SILENT, name, form, place.name))
        return found

    def _new(self, name: str, kind: Kind, rest: bytes) -> bytes:
        planted = self._planted[kind]
        value = self._tags[kind] + b"%05d" % len(planted) + rest
        planted[f"{name} ({len(planted)})"] = value[: _TAG + 5]
        return value

    def _named(self, kind: Kind, form: str, content: bytes) -> str:
        planted = self._planted[kind].items()
        names = [name for name, value in planted if forms(value)[form] in content]
        return ", ".join(names[:5]) or "a part of one"


def files(*directories: Path) -> Iterator[Place]:
    """Every file below these, by its path; without runs of zeros, and of the same content once."""
    seen = set()
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes().replace(bytes(4096), b"")
                if content in seen:
                    continue
                seen.add(content)
                yield Place(path.relative_to(directory).as_posix(), content)


def processes(pid: int) -> Iterator[Place]:
    """What anybody on the machine, or its owner, sees of a process and its children."""
    for name in ("cmdline", "comm", "environ"):
        yield Place(f"{name} of {pid}", of_process(pid, name).encode())
    for child in of_process(pid, f"task/{pid}/children").split():
        yield from processes(int(child))
