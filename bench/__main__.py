"""`python -m bench`: messages per second, p50, p99, CPU, and the ratio to a bare relay.

The servers run one after the other, pinned to the first core; the generator and PostgreSQL have
the second. Both servers are measured several times in turn, and the ratio is that of the medians,
so that a busy machine spoils it less. Numbers of different runs can't be compared; ratios can.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.load import EphemeralRoom, RelayRoom, Tally
from ephemeral.settings import VARIABLES
from ephemeral.store.embedded import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
# Everything comes from one address, and faster than people write: counted, and never refused.
UNREACHED = {
    name: "1000000" if name.startswith("CONNECTIONS_") else "1000000/1"
    for name in VARIABLES
    if "_PER_" in name and not name.endswith("_PER_SECOND")
}


@dataclass(frozen=True)
class Result:
    """One measurement of one server."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    busy: float

    def line(self, name: str) -> str:
        """For people."""
        return (
            f"{name:<12} {self.rate:>9,.0f} msg/s   p50 {self.p50_ms:7.2f} ms   "
            f"p99 {self.p99_ms:7.2f} ms   {self.cpu_us:6.1f} us CPU/msg   core {self.busy:4.0%}"
        )


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pinned(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a server on the first core, if there are two."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    if len(CORES) > 1:
        os.sched_setaffinity(process.pid, {CORES[0]})
    return process


async def listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 30
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The server did not start; its words stand above.") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


@asynccontextmanager
async def served(command: list[str], port: int, environment: dict[str, str]) -> AsyncIterator[int]:
    """A running server; yields its process id."""
    process = pinned(command, environment)
    try:
        await listening(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


async def measure(
    rooms: list[RelayRoom] | list[EphemeralRoom],
    tally: Tally,
    pid: int,
    options: argparse.Namespace,
) -> Result:
    """Warm up, count, stop."""
    for room in rooms:
        room.start(options.window)
    await asyncio.sleep(options.warm_up)
    began, cpu = time.perf_counter(), cpu_seconds(pid)
    tally.counting = True
    await asyncio.sleep(options.seconds)
    tally.counting = False
    passed, used = time.perf_counter() - began, cpu_seconds(pid) - cpu
    for room in rooms:
        room.close()
    if tally.failures:
        raise SystemExit(f"{len(tally.failures)} requests were refused: {set(tally.failures)}")
    if len(tally.latencies) < 100:
        raise SystemExit("Hardly a message came through: there is nothing to report.")
    ordered = sorted(tally.latencies)
    count = len(ordered)
    return Result(
        count / passed,
        ordered[count // 2] * 1000,
        ordered[count * 99 // 100] * 1000,
        used / count * 1e6,
        used / passed,
    )


async def relay(options: argparse.Namespace, port: int) -> Result:
    """Measure the yardstick."""
    tally = Tally()
    command = [sys.executable, "-m", "bench.relay", str(port)]
    async with served(command, port, {}) as pid:
        # The relay passes on as many bytes of text as an envelope has in base64url.
        rooms = [RelayRoom(tally, options.size * 4 // 3) for _ in range(options.rooms)]
        for number, room in enumerate(rooms):
            await room.open(port, str(number))
        return await measure(rooms, tally, pid, options)


async def ephemeral(options: argparse.Namespace, port: int, dsn: str, directory: Path) -> Result:
    """Measure this server: the whole cycle to destruction."""
    tally = Tally()
    environment = {
        "DATABASE_URL": dsn,
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "DATA_DIR": str(directory / "data"),
        "KEYRING_DIR": str(directory / "keyring"),
        "ENCRYPTION_KEY": "b0" * 32,
        "FRAMES_PER_SECOND": "100000",
        **UNREACHED,
    }
    command = [sys.executable, "-m", "ephemeral", "serve"]
    async with served(command, port, environment) as pid:
        rooms = [EphemeralRoom(tally, options.size) for _ in range(options.rooms)]
        for room in rooms:
            await room.open(port, 1)
        return await measure(rooms, tally, pid, options)


def median(results: list[Result]) -> Result:
    """The run in the middle."""
    return sorted(results, key=lambda one: one.rate)[len(results) // 2]


async def run(options: argparse.Namespace) -> None:
    """Measure in turn and report."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, set(CORES[1:]))
    relays, ours = [], []
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        async with EmbeddedPostgres(directory / "postgres") as database:
            for turn in range(options.turns):
                relays.append(await relay(options, options.port + 2 * turn))
                print(relays[-1].line("relay"), flush=True)
                ours.append(
                    await ephemeral(options, options.port + 2 * turn + 1, database.dsn, directory)
                )
                print(ours[-1].line("ephemeral"), flush=True)
    yardstick, measured = median(relays), median(ours)
    print(
        f"\n{options.rooms} rooms of two, {options.size}-byte envelopes, window {options.window}, "
        f"{options.turns} turns of {options.seconds:g} s; a message of ours is stored, flushed, "
        "noticed,\nopened, acknowledged and destroyed; one of the relay is passed on."
    )
    print(yardstick.line("relay"))
    print(measured.line("ephemeral"))
    bottleneck = "the server" if measured.busy > 0.9 else "the generator or PostgreSQL"
    print(f"bottleneck   {bottleneck}")
    spread = statistics.pstdev(one.rate for one in ours) / measured.rate if len(ours) > 1 else 0.0
    print(
        f"ratio        {measured.rate / yardstick.rate:.3f} of the bare relay (spread {spread:.0%})"
    )


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rooms", type=int, default=200, help="rooms of two (200)")
    parser.add_argument("--size", type=int, default=512, help="bytes of an envelope (512)")
    parser.add_argument("--window", type=int, default=2, help="messages under way in a room (2)")
    parser.add_argument("--seconds", type=float, default=5, help="seconds of counting (5)")
    parser.add_argument("--warm-up", type=float, default=2, help="seconds before counting (2)")
    parser.add_argument("--turns", type=int, default=3, help="measurements of each server (3)")
    parser.add_argument("--port", type=int, default=3400, help="first of the ports used (3400)")
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
