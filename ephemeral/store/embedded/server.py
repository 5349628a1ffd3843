"""A real PostgreSQL of the program's own, in DATA_DIR, for as long as the program runs.

::

    async with EmbeddedPostgres(data_dir) as database:
        pool = await open_pool(database.dsn, ...)

In DATA_DIR: ``postgres/`` is the database; ``postgres.log`` what its server says, never what a
client sent; ``postgres.socket`` a link to the directory of its socket; ``lock`` is held by the
instance that runs.

The socket lies in a short private directory of its own, since its path may have 107 bytes at
most; there is no other way to the server. A server that ends by itself is started again at the
same socket. If this process is killed, the server shuts down cleanly, and the next start waits
for it or, where the system can't do that, stops it.
"""

import asyncio
import fcntl
import logging
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from ephemeral.store.embedded.cluster import DATABASE, PORT, ROLE, Cluster, failure, give_away
from ephemeral.store.embedded.installation import Installation, choose
from ephemeral.store.embedded.processes import spawn
from ephemeral.store.embedded.runtime_directory import RuntimeDirectory, socket_of_running
from ephemeral.store.start_error import StartError

__all__ = ["EmbeddedPostgres", "programs_of", "running_dsn"]

log = logging.getLogger(__name__)

_CLUSTER = "postgres"
_LINK = "postgres.socket"
_LOG_LIMIT = 1 << 20
_POLL_SECONDS = 0.01
# Redoing 512 MB of log takes a slow disk about a minute.
_READY_SECONDS = 180.0
# A fast shutdown, an immediate one (the next start redoes the log), and the end of patience.
_ENDINGS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
_RETRY_SECONDS = (0.1, 5.0)


class EmbeddedPostgres:
    """The server of one DATA_DIR; one instance of the program at a time.

    ``start`` raises StartError, with a sentence, for whatever is in the way.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        installation: Installation | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._cluster = Cluster(self._data_dir / _CLUSTER)
        self._installation = installation
        self._random = random
        self._lock: IO[bytes] | None = None
        self._runtime: RuntimeDirectory | None = None
        self._dsn: str | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def dsn(self) -> str:
        """The secret address of the database; the same for as long as this runs."""
        assert self._dsn is not None, "not started"
        return self._dsn

    async def start(self) -> None:
        """Lock the directory, make the database if there is none, and start its server."""
        try:
            with self._explained():
                self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = _lock(self._data_dir)
                await self._end_orphan()
                await self._prepare()
                await self._launch()
        except BaseException:
            await self.stop()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="embedded PostgreSQL")

    async def stop(self) -> None:
        """Shut the server down cleanly and let the directory go. Harmless when not started."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait({self._watcher})
            self._watcher = None
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            await _end(process.pid, lambda: process.returncode is not None)
        if self._runtime is not None:
            self._runtime.remove()
            self._runtime = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _prepare(self) -> None:
        """Bring the data directory and the runtime directory into existence."""
        major = self._cluster.major()
        installation = self._installation or choose(major)
        if major is not None and installation.major != major:
            raise StartError(
                f"The database in DATA_DIR was made by PostgreSQL {major}, "
                f"and {installation.root} is {installation.major}."
            )
        user = self._cluster.user()
        link = self._data_dir / _LINK
        RuntimeDirectory.remove_left(link)
        self._runtime = await RuntimeDirectory.make(link, user, installation)
        if major is None:
            await self._cluster.make(self._runtime.installation, self._random)
        elif os.geteuid() == 0 and self._cluster.path.stat().st_uid == 0:
            # Restored by root from a backup.
            give_away(self._cluster.path, user)
        self._dsn = _dsn(self._cluster, self._runtime.socket_directory)

    async def _end_orphan(self) -> None:
        pid = self._cluster.orphan()
        if pid is not None:
            await _end(pid, lambda: self._cluster.orphan() != pid)

    async def _launch(self) -> None:
        """Start the server and wait until it takes connections."""
        assert self._runtime is not None, "not prepared"
        path = self._data_dir / "postgres.log"
        with _open_log(path) as output:
            begin = output.tell()
            self._process = await spawn(
                self._cluster.user(),
                self._cluster.path,
                self._runtime.installation.postgres,
                *self._cluster.server_arguments(self._runtime.socket_directory),
                output=output,
            )
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while self._cluster.postmaster() != (self._process.pid, "ready"):
            if self._process.returncode is not None:
                said = path.read_bytes()[begin:].decode(errors="replace")
                raise failure(self._cluster.path, said)
            if asyncio.get_running_loop().time() > deadline:
                raise StartError(
                    f"The embedded PostgreSQL in {self._cluster.path} is not ready after "
                    f"{_READY_SECONDS:.0f} seconds; {path} may say why."
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def _watch(self) -> None:
        """Start the server again whenever it ends, for as long as it takes."""
        assert self._process is not None, "not launched"
        shortest, longest = _RETRY_SECONDS
        delay = shortest
        while True:
            if self._process.returncode is None:
                code = await self._process.wait()
                log.error("The embedded PostgreSQL ended with %d; starting it again.", code)
            try:
                with self._explained():
                    await self._end_orphan()
                    await self._launch()
                delay = shortest
                log.warning("The embedded PostgreSQL runs again.")
            except StartError as error:
                log.error("%s", error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, longest)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a fault of the file system into a sentence."""
        try:
            yield
        except OSError as error:
            raise StartError(
                f"DATA_DIR {self._data_dir} can't be used: {error.strerror or error}."
            ) from error


def running_dsn(data_dir: Path) -> str | None:
    """The secret address of the database of an instance that runs now; None if there is none."""
    directory = socket_of_running(data_dir.absolute() / _LINK)
    if directory is None:
        return None
    return _dsn(Cluster(data_dir.absolute() / _CLUSTER), directory)


def programs_of(data_dir: Path) -> Installation:
    """The PostgreSQL whose database is in DATA_DIR; raises StartError, also if there is none."""
    major = Cluster(data_dir.absolute() / _CLUSTER).major()
    if major is None:
        raise StartError(f"There is no database in DATA_DIR {data_dir}.")
    return choose(major)


def _dsn(cluster: Cluster, socket_directory: Path) -> str:
    host = quote(str(socket_directory), safe="")
    # With its port: the driver would take PGPORT, which is for another database.
    return f"postgresql://{ROLE}:{cluster.password()}@/{DATABASE}?host={host}&port={PORT}"


def _lock(data_dir: Path) -> IO[bytes]:
    """What holds the directory until it is closed; raises StartError, OSError."""
    file = os.fdopen(os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StartError(f"DATA_DIR {data_dir} is in use by another running instance.") from None
    except OSError:
        file.close()
        raise
    return file


def _open_log(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if os.fstat(descriptor).st_size > _LOG_LIMIT:
        os.ftruncate(descriptor, 0)
    file = os.fdopen(descriptor, "ab")
    file.seek(0, os.SEEK_END)
    return file


async def _end(pid: int, has_ended: Callable[[], bool]) -> None:
    """Shut a server down, cleanly if that can be; raises StartError if it can't be at all."""
    for how, seconds in _ENDINGS:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            return
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            if has_ended():
                return
            await asyncio.sleep(_POLL_SECONDS)
    raise StartError(f"The PostgreSQL that runs in DATA_DIR (process {pid}) doesn't end.")
