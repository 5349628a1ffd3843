"""What lives as long as an embedded server: its socket, and its programs where it can't reach ours.

In a short path outside DATA_DIR, because the path of a socket may have 107 bytes at most.
"""

import fcntl
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from ephemeral.store.embedded.installation import Installation
from ephemeral.store.embedded.processes import User, hand_over, run
from ephemeral.store.start_error import StartError

_PREFIX = "ephemeral-"
_SOCKET = ".s.PGSQL.5432"
# sun_path of Linux has 108 bytes with its zero, that of other systems 104.
_SOCKET_PATH_LIMIT = 103
# Short, and on every machine; mkdtemp makes what is put there private.
_PLACES = ("/tmp", "/var/tmp")  # noqa: S108
# Addresses of a database are lists, separated by commas, quoted in more than one language.
_PLAIN = re.compile(r"[A-Za-z0-9/_.-]+")


def socket_of_running(link: Path) -> Path | None:
    """The directory that a link names, if a server's socket is there."""
    try:
        directory = link.readlink()
    except OSError:
        return None
    return directory if (directory / _SOCKET).is_socket() else None


class RuntimeDirectory:
    """What lives as long as a server: its socket, and its programs where it can't reach ours."""

    def __init__(self, path: Path, link: Path, installation: Installation) -> None:
        self.installation = installation
        self.socket_directory = path / "s"
        self._path = path
        self._link = link
        # Cleaners of temporary directories leave alone what somebody holds a lock on.
        self._held = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._held, fcntl.LOCK_SH)

    @classmethod
    async def make(cls, link: Path, user: User, installation: Installation) -> "RuntimeDirectory":
        """Make one where its path is short enough and programs may be run, and link to it.

        Raises StartError where there is no such place.
        """
        for place in (*_PLACES, tempfile.gettempdir(), link.parent):
            try:
                path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            except OSError:
                continue
            made = cls(path, link, installation)
            try:
                if await made._furnish(user):
                    return made
            except OSError:
                pass
            except BaseException:
                made.remove()
                raise
            made.remove()
        raise StartError(
            "There is no place for the socket of the embedded PostgreSQL: /tmp or /var/tmp must "
            "exist, be writable and let programs be run."
        )

    async def _furnish(self, user: User) -> bool:
        """Fill it; False if the place is not good."""
        socket = str(self.socket_directory / _SOCKET)
        if len(socket) > _SOCKET_PATH_LIMIT or not _PLAIN.fullmatch(socket):
            return False
        self.socket_directory.mkdir(mode=0o700)
        if user != User.of_this_process():
            self._path.chmod(0o711)
            hand_over(self.socket_directory, user)
            if not self.installation.is_reachable_by(user):
                self.installation = self.installation.copied_into(self._path)
                code, _ = await run(user, self._path, self.installation.postgres, "--version")
                if code != 0:
                    return False
        temporary = self._link.with_name(f"{self._link.name}.new")
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.socket_directory)
        temporary.replace(self._link)
        return True

    def remove(self) -> None:
        """Remove it and the link to it."""
        with suppress(OSError):
            if self._link.readlink() == self.socket_directory:
                self._link.unlink()
        os.close(self._held)
        shutil.rmtree(self._path, ignore_errors=True)

    @staticmethod
    def remove_left(link: Path) -> None:
        """Remove the directory of an instance that was killed, if it is still there and ours."""
        with suppress(OSError):
            path = link.readlink().parent
            if path.name.startswith(_PREFIX) and path.lstat().st_uid == os.geteuid():
                shutil.rmtree(path, ignore_errors=True)
