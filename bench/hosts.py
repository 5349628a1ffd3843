"""The servers that are measured, each a process of its own, and what they spend.

A server is pinned to the first core, with all of its workers. The generator, PostgreSQL and Redis
have the others, so they must be looked at before a server is blamed: `Spent` has them all.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ephemeral.settings import VARIABLES

Process = subprocess.Popen[bytes]
ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CORES = sorted(os.sched_getaffinity(0))
# Everything comes from one address, and faster than people write: counted, and never refused.
UNREACHED = {
    # One counts bytes.
    name: "1000000"
    if name.startswith("CONNECTIONS_")
    else f"{10**12 if 'BYTES' in name else 10**6}/1"
    for name in VARIABLES
    if "_PER_" in name and not name.endswith("_PER_SECOND")
}


@dataclass(frozen=True)
class Spent:
    """Seconds of CPU, and the time at which they were read."""

    server: float
    postgres: float
    redis: float
    generator: float
    at: float

    def since(self, before: "Spent") -> "Spent":
        """What was spent between two readings."""
        return Spent(
            self.server - before.server,
            self.postgres - before.postgres,
            self.redis - before.redis,
            self.generator - before.generator,
            self.at - before.at,
        )


@dataclass(frozen=True)
class Host:
    """A running server. `postgres`: the process that all of its database's are children of.

    Workers, if there are several, are children of `pid`.
    """

    port: int
    pid: int
    postgres: int | None
    redis: int | None = None

    def spent(self) -> Spent:
        """What has been spent so far."""
        postgres = sum(cpu(pid) for pid in _family(self.postgres)) if self.postgres else 0.0
        server = sum(cpu(pid) for pid in _family(self.pid))
        redis = cpu(self.redis) if self.redis else 0.0
        return Spent(server, postgres, redis, cpu(os.getpid()), time.perf_counter())

    def workers(self) -> list[int]:
        """The processes that serve."""
        return _family(self.pid)[1:] or [self.pid]

    def resident(self) -> int:
        """Bytes of memory that the server holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE


def confine() -> None:
    """Keep this process, and PostgreSQL that it starts, off the server's core."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, set(CORES[1:]))


@asynccontextmanager
async def relay() -> AsyncIterator[Host]:
    """The yardstick."""
    async with _module("bench.relay") as host:
        yield host


@asynccontextmanager
async def hollow(gather_ms: int) -> AsyncIterator[Host]:
    """The frames of a message, and nothing behind them; answers are gathered for so long."""
    async with _module("bench.hollow", str(gather_ms)) as host:
        yield host


@asynccontextmanager
async def _module(name: str, *more: str) -> AsyncIterator[Host]:
    port = free_port()
    command = [sys.executable, "-m", name, str(port), *more]
    async with _served(command, {}, lambda process: _listening(process, port)) as pid:
        yield Host(port, pid, None)


@asynccontextmanager
async def ephemeral(
    dsn: str,
    directory: Path,
    extra: Mapping[str, str] | None = None,
    redis: int | None = None,
) -> AsyncIterator[Host]:
    """This server, on the embedded database in `directory`; `extra`: settings beside these.

    `redis`: the process of the Redis that is named there.
    """
    port = free_port()
    environment = {
        "DATABASE_URL": dsn,
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "DATA_DIR": str(directory / "data"),
        "KEYRING_DIR": str(directory / "keyring"),
        "ENCRYPTION_KEY": "b0" * 32,
        "FRAMES_PER_SECOND": "100000",
        "FRAMES_BURST": "100000",
        "CONNECTIONS_MAX": "100000",
        **UNREACHED,
        **(extra or {}),
    }
    postmaster = next((directory / "postgres").glob("**/postmaster.pid"))
    postgres = int(postmaster.read_text().split()[0])
    command = [sys.executable, "-m", "ephemeral", "serve"]
    async with _served(command, environment, _open) as pid:
        yield Host(port, pid, postgres, redis)


@asynccontextmanager
async def redis() -> AsyncIterator[tuple[str, int]]:
    """A Redis of our own, that writes nothing to the disk: its address and its process."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is missing: `sh tools/redis.sh` gets it")
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        place = Path(name) / "redis"
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is under way here
            [
                program, "--port", "0", "--unixsocket", str(place),
                "--save", "", "--appendonly", "no", "--daemonize", "no",
            ],
            cwd=name,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 30
            while not place.exists():
                if time.monotonic() > deadline:
                    raise SystemExit("Redis did not start.")
                await asyncio.sleep(0.05)
            yield f"unix://{place}", process.pid
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """One on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu(pid: int) -> float:
    """User and system time of a process; of one that has ended, none."""
    try:
        fields = _fields(pid)
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _family(parent: int) -> list[int]:
    """A process and its children."""
    found = [parent]
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                if int(_fields(int(path.name))[1]) == parent:
                    found.append(int(path.name))
            except OSError:
                continue
    return found


@asynccontextmanager
async def _served(
    command: list[str], environment: dict[str, str], opened: Callable[[Process], None]
) -> AsyncIterator[int]:
    """A server, from when it is `opened` on. What it says of itself goes to nobody else."""
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else is under way here
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE
    ) as process:
        try:
            if len(CORES) > 1:
                os.sched_setaffinity(process.pid, {CORES[0]})
            await asyncio.to_thread(opened, process)
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


def _open(process: Process) -> None:
    """Wait until all workers serve: the first one listens before the others have begun."""
    assert process.stdout is not None
    for line in process.stdout:
        if b"Ephemeral is open" in line:
            return
    raise SystemExit("The server did not start; its words stand above.")


def _listening(process: Process, port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The server did not start; its words stand above.") from None
            time.sleep(0.05)
        else:
            return
