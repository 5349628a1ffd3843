"""Backups of the embedded database, by the programs of PostgreSQL that its wheel brings.

A backup is a file of ``pg_dump`` in its custom format, of one moment, made while the server runs
or not. The programs connect as the program does; the password is in their environment, where
other users don't see it.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ephemeral.store.durable_files import sync_directory
from ephemeral.store.embedded.installation import Installation
from ephemeral.store.start_error import StartError

__all__ = ["dump", "load"]

_PATH = "/usr/local/bin:/usr/bin:/bin"


async def dump(dsn: str, installation: Installation, file: Path) -> None:
    """Write everything into a new file of mode 0600, durably; raises StartError.

    What stands at that path is never replaced.
    """
    with _new_file(file) as output:
        arguments = ["--format=custom", "--no-owner", "--no-privileges"]
        await _run(dsn, installation, "pg_dump", *arguments, output=output)


async def load(dsn: str, installation: Installation, file: Path) -> None:
    """Put what a file holds in place of everything, or change nothing and raise StartError."""
    try:
        with file.open("rb") as given, tempfile.TemporaryFile() as script:
            # As SQL first: replacing what is there must be one transaction with reading it.
            await _run(
                dsn, installation, "pg_restore", "--no-owner", "--no-privileges", "--file=-",
                stdin=given.fileno(), output=script.fileno(), connect=False,
            )  # fmt: skip
            script.seek(0)
            await _run(
                dsn, installation, "psql", "--no-psqlrc", "--quiet", "--single-transaction",
                "--set=ON_ERROR_STOP=1", "--command=DROP OWNED BY CURRENT_USER CASCADE",
                "--file=-", stdin=script.fileno(), output=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
    except OSError as error:
        raise StartError(f"{file} can't be read: {error.strerror}.") from error


@contextmanager
def _new_file(file: Path) -> Iterator[int]:
    """A descriptor to write to; afterwards it is on the disk, or, after an error, not there."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StartError(f"{file} is there already, and is not replaced.") from None
    except OSError as error:
        raise StartError(f"{file} can't be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "wb"):
            yield descriptor
            os.fsync(descriptor)
        sync_directory(file.absolute().parent)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


async def _run(
    dsn: str,
    installation: Installation,
    program: str,
    *arguments: str,
    output: int,
    stdin: int = asyncio.subprocess.DEVNULL,
    connect: bool = True,
) -> None:
    path = installation.root / "bin" / program
    if not path.exists():
        raise StartError(f"The embedded PostgreSQL was installed without {program}.")
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        env={"PATH": _PATH, "LC_ALL": "C", **(_where(dsn) if connect else {})},
        stdin=stdin,
        stdout=output,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        # Of its words only the first: what follows may quote rows.
        first = said.decode(errors="replace").strip().partition("\n")[0]
        known = ("No space left" in first, "archive" in first)
        reason = (
            "there is no space left" if known[0]
            else "that is no backup of this program" if known[1]
            else f"it ended with {process.returncode}"
        )  # fmt: skip
        raise StartError(f"{program} failed: {reason}.")


def _where(dsn: str) -> dict[str, str]:
    """The embedded database's address as the programs of PostgreSQL read it."""
    parts = urlsplit(dsn)
    return {
        "PGHOST": parse_qs(parts.query)["host"][0],
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.removeprefix("/"),
    }
