"""Small private files that are written whole or not at all, and are on the disk afterwards."""

import errno
import os
from contextlib import suppress
from pathlib import Path

_TEMPORARY = ".tmp"


def write_private(path: Path, content: bytes) -> None:
    """Put the content at that path with mode 0600, in place of what stood there.

    Written under a temporary name, synced, read back, renamed, and the rename synced: a crash at
    any moment leaves the old file or the new one. The caller keeps other writers of the same
    path away. Raises OSError.
    """
    temporary = _temporary(path)
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # The umask may have taken away what the owner needs.
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if temporary.read_bytes() != content:
            raise OSError(errno.EIO, "what was written reads back differently", str(temporary))
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove(path: Path) -> None:
    """Unlink a file, if it is there, and what a killed writer left of it. Raises OSError.

    Synced, if there was anything. The caller keeps writers of the same path away.
    """
    _unlink([path, _temporary(path)])


def erase(path: Path) -> None:
    """As ``remove``, but what the file holds is overwritten, for disks that write in place.

    It loses its name before, so that no reader finds it half erased. Synced in any case: whoever
    was killed here may have left that to do.
    """
    _unlink([_temporary(path)])
    with suppress(FileNotFoundError):
        path.replace(_temporary(path))
    _unlink([_temporary(path)])
    sync_directory(path.parent)


def remove_temporary(path: Path) -> None:
    """Unlink what a killed writer of this file left. Otherwise as ``remove``."""
    _unlink([_temporary(path)])


def remove_temporaries(directory: Path) -> None:
    """Unlink what killed writers left of any file of a directory. Otherwise as ``remove``."""
    _unlink([path for path in directory.iterdir() if _is_temporary(path.name)])


def sync_directory(directory: Path) -> None:
    """Make renames and unlinks in a directory survive a loss of power. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems can't sync a directory and say so in this way.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def _unlink(paths: list[Path]) -> None:
    found = [path for path in paths if os.path.lexists(path)]
    for path in found:
        if _is_temporary(path.name):
            # Unlinking is what counts: a file that can't be written is unlinked all the same.
            with suppress(OSError):
                _overwrite(path)
        path.unlink()
    for directory in {path.parent for path in found}:
        sync_directory(directory)


def _overwrite(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}{_TEMPORARY}")


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and name.endswith(_TEMPORARY)
