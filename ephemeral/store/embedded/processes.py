"""Child processes of the embedded PostgreSQL: who they run as, and what they inherit: nothing."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ephemeral.store.start_error import StartError

# Secrets of this process's environment have no business in a child's.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_LAUNCHER = Path(__file__).with_name("unprivileged.py")


_DIRECTORY = Path("/proc/self/fd/3")


def own_directory(directory: Path) -> str:
    """An argument that names, for a program spawned in a directory, that directory.

    It is short, has no special characters, and needs no right on the way; where the system has
    no such thing, it is the path.
    """
    return str(_DIRECTORY if _DIRECTORY.parent.exists() else directory)


@dataclass(frozen=True, slots=True)
class User:
    """Ids of the operating system's user that a process runs as."""

    uid: int
    gid: int

    @classmethod
    def of_this_process(cls) -> "User":
        return cls(os.geteuid(), os.getegid())


def not_as_root() -> StartError:
    """What to say where root can't become anybody else."""
    return StartError(
        "PostgreSQL doesn't run as root, and this process may not change to another user: "
        "run as another user, or set DATABASE_URL to a PostgreSQL of yours."
    )


def hand_over(path: Path, user: User) -> None:
    """Make a user the owner of one file or directory; raises StartError if that can't be."""
    if user == User.of_this_process():
        return
    try:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    except OSError:
        raise not_as_root() from None


async def spawn(
    user: User,
    directory: Path,
    program: Path,
    *arguments: str,
    stdin: int = asyncio.subprocess.DEVNULL,
    output: int | IO[bytes] = asyncio.subprocess.PIPE,
) -> asyncio.subprocess.Process:
    """Start a program as that user (another one only if this process is root's).

    It begins in ``directory``, which it need not be able to reach by its path, and can name it as
    ``own_directory`` says; it has a session
    of its own, so that a terminal's Ctrl-C doesn't reach it; on Linux it gets SIGINT when the
    calling thread ends, however that happens. Raises OSError.
    """
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        _LAUNCHER,
        str(os.getpid()),
        str(user.uid),
        str(user.gid),
        program,
        *arguments,
        cwd=directory,
        env=_ENVIRONMENT,
        stdin=stdin,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def run(
    user: User, directory: Path, program: Path, *arguments: str, text: str = ""
) -> tuple[int, str]:
    """Run a program to its end with ``text`` as its input: its exit code and all its output."""
    process = await spawn(user, directory, program, *arguments, stdin=asyncio.subprocess.PIPE)
    try:
        output, _ = await process.communicate(text.encode())
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return await process.wait(), output.decode(errors="replace")
