"""A server under a load: what it, its database and its Redis count, and what a message cost."""

import asyncio
import re
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from bench import hosts
from bench.hosts import Host, Spent
from bench.load import EphemeralRoom, Tally
from bench.scenarios import post_steadily
from ephemeral.store.embedded.server import EmbeddedPostgres

__all__ = ["Bench", "Found", "Plan", "Point", "Reading", "closed", "serving", "steady"]

#: Constants by name.
Found = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """How much of everything: `seconds` of counting; `resting` rooms; `idle` members.

    `known` are the constants as far as they are measured.
    """

    seconds: float
    resting: int
    idle: int
    cold: int
    known: Found


@dataclass(frozen=True)
class Reading:
    """Counters at one moment, and differences of them."""

    spent: Spent
    wal: float
    flushes: float
    commits: float
    batch_seconds: float
    entries: float
    frames: float

    def since(self, before: "Reading") -> "Reading":
        """What came between two readings."""
        return Reading(
            self.spent.since(before.spent),
            *(
                getattr(self, name) - getattr(before, name)
                for name in ("wal", "flushes", "commits", "batch_seconds", "entries", "frames")
            ),
        )


class Bench:
    """A server, its database, and what both count."""

    def __init__(
        self, host: Host, plain: "asyncpg.Connection[Any]", metrics: Sequence[int]
    ) -> None:
        self.host = host
        self._plain = plain
        self._metrics = metrics
        #: How many frames Redis was given, where there is one.
        self.published: Callable[[], Awaitable[int]] | None = None

    async def read(self) -> Reading:
        """The counters now."""
        # Backends report what they have done at most once a second.
        await asyncio.sleep(1.2)
        wal = await self._plain.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        flushes = await self._plain.fetchval(
            "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal' AND context = 'normal'"
        )
        text = await asyncio.to_thread(_get, self._metrics)
        return Reading(
            self.host.spent(),
            float(wal),
            float(flushes),
            _metric(text, "ephemeral_batch_size_count"),
            _metric(text, "ephemeral_batch_seconds_sum"),
            _metric(text, "ephemeral_batch_size_sum"),
            await self.published() if self.published is not None else 0,
        )


def _get(ports: Sequence[int]) -> str:
    """The metrics of all processes, one after the other."""
    texts = []
    for port in ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            texts.append(answer.read().decode())
    return "\n".join(texts)


def _metric(text: str, name: str) -> float:
    found = re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)
    if not found:
        raise SystemExit(f"The server has no metric {name}.")
    return sum(map(float, found))


@asynccontextmanager
async def serving(workers: int = 1, **more: str) -> AsyncIterator[Bench]:
    """A server on a new database; `more`: its settings."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        async with EmbeddedPostgres(directory / "postgres") as database:
            metrics = hosts.free_port()
            extra = {"METRICS_PORT": str(metrics), "WORKERS": str(workers), **more}
            async with hosts.ephemeral(database.dsn, directory, extra) as host:
                plain = await asyncpg.connect(database.dsn)
                try:
                    yield Bench(host, plain, range(metrics, metrics + workers))
                finally:
                    await plain.close()


@dataclass(frozen=True)
class Point:
    """One load: what a message cost at it."""

    rate: float
    server_us: float
    postgres_us: float
    wal: float
    commits: float
    flushes: float
    batch: float
    batch_ms: float
    frames: float

    def line(self) -> str:
        """For people."""
        return (
            f"{self.rate:6,.0f}/s   server {self.server_us:5.0f} us   PostgreSQL "
            f"{self.postgres_us:5.0f} us   log {self.wal:5,.0f} B   {self.commits:.3f} commits, "
            f"{self.flushes:.3f} flushes a message ({self.flushes * self.rate:,.0f}/s)   "
            f"batches of {self.batch:.1f} in {self.batch_ms:.2f} ms"
        )


async def _point(bench: Bench, load: Callable[[], Awaitable[None]], tally: Tally) -> Point:
    before, over = await bench.read(), tally.over
    await load()
    # The second of waiting for the counters belongs to the load of a closed loop.
    seen = (await bench.read()).since(before)
    count = tally.over - over
    if tally.failures or count < 1:
        raise SystemExit(f"{count} messages, refused: {set(tally.failures)}")
    return Point(
        count / seen.spent.at,
        seen.spent.server / count * 1e6,
        seen.spent.postgres / count * 1e6,
        seen.wal / count,
        seen.commits / count,
        seen.flushes / count,
        seen.entries / seen.commits,
        seen.batch_seconds / seen.commits * 1000,
        seen.frames / count,
    )


async def steady(bench: Bench, rate: float, seconds: float) -> Point:
    """A fixed rate in 200 rooms of two."""
    tally = Tally()
    rooms = [EphemeralRoom(tally, 512, again=False) for _ in range(200)]
    for room in rooms:
        await room.open(bench.host.port)
    await post_steadily(rooms, rate, 2)
    await tally.reached(tally.begun, 30)

    async def load() -> None:
        await post_steadily(rooms, rate, seconds)
        await tally.reached(tally.begun, 30)

    point = await _point(bench, load, tally)
    for room in rooms:
        room.close()
    return point


async def closed(bench: Bench, seconds: float, members: int, rooms: int, window: int) -> Point:
    """As much as goes."""
    tally = Tally()
    talking = [EphemeralRoom(tally, 512, members) for _ in range(rooms)]
    for room in talking:
        await room.open(bench.host.port)
    for room in talking:
        room.start(window)
    await asyncio.sleep(2)
    point = await _point(bench, lambda: asyncio.sleep(seconds), tally)
    for room in talking:
        room.close()
    return point
