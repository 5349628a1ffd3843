"""`python -m bench.measure [PART ...]`: measures the constants that `bench.scaling` reckons with.

Servers are started as in `bench`: one on the first core, generator and PostgreSQL on the others.
What lies in tables is measured through the real services, without sockets. Printed: what was seen,
and at the end the constants, to be put into `bench/constants.py`. Those of parts that were not
named are printed as they stand there.
"""

import argparse
import asyncio
import os
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import uvloop
from redis.asyncio import Redis

from bench import hosts
from bench.constants import MEASURED, Constants
from bench.epoch import Stand
from bench.epoch import fault as _fault
from bench.hosts import Host, Spent
from bench.load import EphemeralRoom, Tally
from bench.scenarios import post_steadily
from ephemeral.domain.room import DestroyedEvent, Notice, NoticeEvent, OpenedEvent, Seat
from ephemeral.live import hints
from ephemeral.live.redis_bus import RedisBus
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.store.embedded import EmbeddedPostgres
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

Found = dict[str, float]
# Of the tables that hold rooms, with their indexes.
TABLES = ("rooms", "seats", "messages", "payloads", "payload_keys", "tombstones")


@dataclass(frozen=True)
class Plan:
    """How much of everything: `seconds` of counting; `resting` rooms; `idle` members."""

    seconds: float
    resting: int
    idle: int
    cold: int


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

    def __init__(self, host: Host, plain: "asyncpg.Connection[Any]", metrics: int) -> None:
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
        url = f"http://127.0.0.1:{self._metrics}/metrics"
        text = await asyncio.to_thread(_get, url)
        return Reading(
            self.host.spent(),
            float(wal),
            float(flushes),
            _metric(text, "ephemeral_batch_size_count"),
            _metric(text, "ephemeral_batch_seconds_sum"),
            _metric(text, "ephemeral_batch_size_sum"),
            await self.published() if self.published is not None else 0,
        )


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        return str(answer.read().decode())


def _metric(text: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"The server has no metric {name}.")
    return float(found[1])


@asynccontextmanager
async def _bench(**more: str) -> AsyncIterator[Bench]:
    """A server on a new database."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        async with EmbeddedPostgres(directory / "postgres") as database:
            metrics = hosts.free_port()
            extra = {"METRICS_PORT": str(metrics), **more}
            async with hosts.ephemeral(database.dsn, directory, extra) as host:
                plain = await asyncpg.connect(database.dsn)
                try:
                    yield Bench(host, plain, metrics)
                finally:
                    await plain.close()


# --- messages -----------------------------------------------------------------------------------


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


async def _steady(bench: Bench, rate: float, seconds: float) -> Point:
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


async def _closed(bench: Bench, seconds: float, members: int, rooms: int, window: int) -> Point:
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


def line_through(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Least squares, neither part below 0: what y has at x = 0, and how much more for each x."""
    mean_x = statistics.fmean(x for x, _ in points)
    mean_y = statistics.fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    slope = min(max(0.0, slope), mean_y / mean_x if mean_x else 0.0)
    return mean_y - slope * mean_x, slope


def _flush_ms(folder: Path) -> float:
    """What the disk needs for a page and a flush."""
    took = []
    with (folder / "flush").open("wb", buffering=0) as file:
        file.write(bytes(1 << 20))
        for number in range(200):
            file.seek(8192 * (number % 128))
            start = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


async def messages(plan: Plan) -> Found:
    """A message's and a commit's part of CPU and log, at three loads."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        flush = _flush_ms(Path(name))
    print(f"a flush of this disk takes {flush:.2f} ms")
    async with _bench() as bench:
        points = [
            await _steady(bench, 40, plan.seconds),
            await _steady(bench, 250, plan.seconds),
            await _closed(bench, plan.seconds, 2, 200, 2),
        ]
    for point in points:
        print(point.line())
    server = line_through([(one.commits, one.server_us) for one in points])
    postgres = line_through([(one.commits, one.postgres_us) for one in points])
    wal = line_through([(one.commits, one.wal) for one in points])
    return {
        "message_us": server[0],
        "commit_us": server[1],
        "message_pg_us": postgres[0],
        "commit_pg_us": postgres[1],
        "commit_ms": points[0].batch_ms,
        "flush_ms": flush,
        "commits_per_flush": points[-1].commits / points[-1].flushes,
        "message_wal_bytes": wal[0],
        "commit_wal_bytes": wal[1],
    }


async def crowd(plan: Plan) -> Found:
    """What telling one member more costs: full rooms beside rooms of two, as many messages."""
    async with _bench() as bench:
        few = await _closed(bench, plan.seconds, 2, 4, 32)
        many = await _closed(bench, plan.seconds, 50, 4, 32)
    print(f"rooms of 2:  {few.line()}\nrooms of 50: {many.line()}")
    # Noticed, opened, destroyed: three events for each of 48 more.
    return {"told_us": max(0.0, many.server_us - few.server_us) / (3 * 48)}


async def idle(plan: Plan) -> Found:
    """Members who join and then say nothing."""
    tally = Tally()
    async with _bench() as bench:
        rooms = [EphemeralRoom(tally, 512) for _ in range(plan.idle // 2 + 20)]
        first, rest = rooms[:20], rooms[20:]
        for room in first:
            await room.open(bench.host.port)
        empty, before = bench.host.resident(), await bench.read()
        for start in range(0, len(rest), 20):
            some = rest[start : start + 20]
            await asyncio.gather(*(room.open(bench.host.port) for room in some))
        joined, full = (await bench.read()).since(before), bench.host.resident()
        before = await bench.read()
        await asyncio.sleep(max(30.0, plan.seconds))
        quiet = (await bench.read()).since(before).spent
        members = 2 * len(rest)
        if tally.failures:
            raise SystemExit(f"refused: {set(tally.failures)}")
        for room in rooms:
            room.close()
    print(
        f"{members:,} members joined at {members / joined.spent.at:,.0f}/s with "
        f"{joined.flushes / members:.2f} flushes each; then {quiet.server / quiet.at:.2%} of a core"
    )
    return {
        "idle_kib": (full - empty) / members / 1024,
        "idle_us": quiet.server / quiet.at / members * 1e6,
        "idle_pg_us": quiet.postgres / quiet.at / members * 1e6,
        # One in two also makes the room.
        "join_us": joined.spent.server / members * 1e6,
        "join_pg_us": joined.spent.postgres / members * 1e6,
        "join_wal_bytes": joined.wal / members,
        "worker_mib": empty / 2**20,
    }


# --- what lies in tables --------------------------------------------------------------------------


async def _sizes(pool: "Pool") -> dict[str, int]:
    """Bytes of each table with its indexes."""
    rows = await pool.fetch(
        "SELECT name, pg_total_relation_size(name::regclass) FROM unnest($1::text[]) AS name",
        list(TABLES),
    )
    return {row[0]: row[1] for row in rows}


def _grown(before: dict[str, int], after: dict[str, int], *tables: str) -> int:
    return sum(after[name] - before[name] for name in tables or TABLES)


async def _many(count: int, work: Callable[[int], Awaitable[None]]) -> None:
    """`work` for each number, 64 at a time."""
    numbers = iter(range(count))

    async def some() -> None:
        for number in numbers:
            await work(number)

    await asyncio.gather(*(some() for _ in range(64)))


async def _ask(submit: Callable[..., None], *arguments: object) -> object:
    answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    submit(*arguments, answer.set_result)
    outcome = await answer
    if isinstance(outcome, Refusal):
        raise SystemExit(f"Refused: {outcome.code}")
    return outcome


async def _post(stand: Stand, author: Seat) -> tuple[bytes, bytes]:
    message, viewing = os.urandom(16), os.urandom(32)
    envelope, proof = os.urandom(512), sha256(viewing).digest()
    await _ask(stand.rooms.post, author, message, envelope, proof)
    return message, viewing


async def _cycle(stand: Stand, seats: tuple[Seat, Seat]) -> None:
    author, reader = seats
    message, viewing = await _post(stand, author)
    await _ask(stand.rooms.open, reader, message)
    await _ask(stand.rooms.acknowledge, reader, message, viewing)


async def _room(stand: Stand) -> tuple[Seat, Seat]:
    """A room of two who brought a profile and a resume pair, as browsers do."""
    locator = os.urandom(32)
    charter = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 86_400, 604_800)
    await stand.rooms.create(locator, charter.encode(), charter.mac(os.urandom(32)))
    seats = []
    for _ in range(2):
        joined = await stand.rooms.join(
            locator,
            os.urandom(32),
            os.urandom(16),
            os.urandom(256),
            (os.urandom(32), os.urandom(32)),
        )
        seats.append(joined.seat)
    return seats[0], seats[1]


async def rest(plan: Plan) -> Found:
    """Rooms that stand, messages that wait, what viewed ones leave, and the end of an epoch."""
    key = os.urandom(32).hex()
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        folder = Path(name)
        found: Found = {}
        seats: list[tuple[Seat, Seat]] = []
        async with EmbeddedPostgres(folder / "data") as database:
            pool = await open_pool(database.dsn, size=8, wait_seconds=30)
            stand = await Stand.open(pool, folder / "keyring", key)
            empty = await _sizes(pool)

            async def make(_: int) -> None:
                seats.append(await _room(stand))

            await _many(plan.resting, make)
            standing = await _sizes(pool)
            payloads = await pool.fetchval("SELECT count(*) FROM payloads")
            found["room_bytes"] = _grown(empty, standing, "rooms") / plan.resting
            found["seat_bytes"] = _grown(empty, standing, "seats") / plan.resting / 2
            found["payload_bytes"] = _grown(empty, standing, "payloads", "payload_keys") / payloads
            print(f"{plan.resting:,} rooms of two, {payloads:,} payloads: {_shown(standing)}")
            seconds, wal = await stand.end()
            found["rewrap_us"], found["rewrap_wal_bytes"] = seconds / payloads * 1e6, wal / payloads
            print(f"the end of an epoch: {seconds:.2f} s and {wal:,} bytes of log")

            async def wait(number: int) -> None:
                await _post(stand, seats[number][0])

            # Room that updates have left must not be filled unseen.
            before = await _sizes(pool)
            await _many(plan.resting, wait)
            waiting = await _sizes(pool)
            found["waiting_bytes"] = _grown(
                before, waiting, "messages", "payloads", "payload_keys"
            ) / plan.resting  # fmt: skip
            print(f"{plan.resting:,} messages wait: {_shown(waiting)}")
            await pool.close()
        # Started again: a checkpoint lies between, and every page goes whole into the log once.
        async with EmbeddedPostgres(folder / "data") as database:
            pool = await open_pool(database.dsn, size=8, wait_seconds=30)
            stand = await Stand.open(pool, folder / "keyring", key)
            before = await _sizes(pool)
            start = await pool.fetchval("SELECT pg_current_wal_insert_lsn()")
            chosen = seats[:: max(1, len(seats) // plan.cold)]

            async def cycle(number: int) -> None:
                await _cycle(stand, chosen[number])

            await _many(len(chosen), cycle)
            wal = await pool.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", start)
            found["cold_message_wal_bytes"] = float(wal) / len(chosen)
            found["tombstone_bytes"] = _grown(before, await _sizes(pool), "tombstones") / len(
                chosen
            )
            print(f"{len(chosen):,} cycles, each in a room of its own: {wal:,} bytes of log")
            await pool.close()
    return found


def _shown(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 2**20:.1f} MiB" for name, size in sizes.items())


# --- the bus ------------------------------------------------------------------------------------


def _hints_of_a_message() -> list[tuple[bytes, Any]]:
    room, message, member, now = os.urandom(32), os.urandom(16), os.urandom(16), 1_790_000_000_000
    notice = Notice(message, 7, member, 512, now, now + 86_400_000, "stored", None, None, None)
    return [
        (room, NoticeEvent(notice)),
        (room, OpenedEvent(message, member, now)),
        (room, DestroyedEvent(message, "viewed", os.urandom(32), member)),
    ]


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        if time.monotonic() > deadline:
            raise SystemExit("Redis did not start.")
        time.sleep(0.05)


@asynccontextmanager
async def _redis() -> AsyncIterator[tuple[str, int]]:
    """A Redis of our own: its address and its process."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is missing: `sh tools/redis.sh` gets it")
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        socket = Path(name) / "redis"
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is under way here
            [
                program, "--port", "0", "--unixsocket", str(socket),
                "--save", "", "--appendonly", "no", "--daemonize", "no",
            ],
            cwd=name,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await asyncio.to_thread(_wait_for, socket)
            yield f"unix://{socket}", process.pid
        finally:
            process.terminate()
            process.wait(30)


async def bus(plan: Plan) -> Found:
    """What a message puts on the bus, and what a frame and a hint of another room cost."""
    three = _hints_of_a_message()
    frame, empty = hints.encode(bytes(16), three * 100), hints.encode(bytes(16), [])
    skipped = []
    for _ in range(200):
        start = time.process_time()
        hints.decode(frame, lambda _: False)
        skipped.append((time.process_time() - start) / 300)
    async with _redis() as (url, pid):
        lone, in_redis = await _lone_frames(url, pid, three[0])
        asking = Redis.from_url(url)

        async def published() -> int:
            stats = await asking.info("commandstats")
            return int(stats["cmdstat_publish"]["calls"])

        async with _bench(REDIS_URL=url) as bench:
            bench.published = published
            point = await _steady(bench, 250, plan.seconds)
        await asking.aclose()
    print(f"{point.line()}   {point.frames:.3f} frames a message")
    # A sign of life every two seconds belongs to no message.
    frames = point.frames - 0.5 / point.rate
    return {
        "hints": len(three),
        "hint_bytes": (len(frame) - len(empty)) / 300,
        "frame_bytes": len(empty) + len(b"*3\r\n$7\r\nPUBLISH\r\n$36\r\n$5\r\n\r\n\r\n") + 36,
        "frames_per_commit": frames / point.commits,
        "frame_us": lone,
        "redis_frame_us": in_redis,
        "skip_us": statistics.median(skipped) * 1e6,
    }


async def _lone_frames(url: str, pid: int, hint: tuple[bytes, Any]) -> tuple[float, float]:
    """Microseconds of this process and of Redis for a frame of one hint, there and back."""
    redis = Redis.from_url(url, protocol=2)
    link = RedisBus(redis, "c" * 36, bytes(16), lambda _: True, lambda: None, _fault)
    heard = asyncio.Event()
    link.subscribe(lambda _: heard.set())
    running = asyncio.create_task(link.run())
    await link.wait_until_up(10)
    own, other, count = time.process_time(), hosts.cpu(pid), 4000
    for _ in range(count):
        heard.clear()
        link.publish([hint])
        await heard.wait()
    spent = time.process_time() - own, hosts.cpu(pid) - other
    running.cancel()
    await asyncio.wait({running})
    await redis.aclose()
    return spent[0] / count * 1e6, spent[1] / count * 1e6


PARTS: dict[str, Callable[[Plan], Awaitable[Found]]] = {
    "messages": messages,
    "crowd": crowd,
    "idle": idle,
    "rest": rest,
    "bus": bus,
}


def pasted(constants: Constants) -> str:
    """As it stands in bench/constants.py."""
    rows = [f"    {one.name}={getattr(constants, one.name):.4g}," for one in fields(constants)]
    return "\n".join(["MEASURED = Constants(", *rows, ")"])


async def run(chosen: Sequence[str], plan: Plan) -> None:
    """Measure the parts, one after the other, and print all constants."""
    hosts.confine()
    found: Found = {one.name: getattr(MEASURED, one.name) for one in fields(Constants)}
    for part in chosen:
        print(f"\n== {part}: {PARTS[part].__doc__}", flush=True)
        found |= await PARTS[part](plan)
    print(f"\n{pasted(Constants(**found))}", flush=True)


def main() -> None:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.measure", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=8, help="seconds of counting (8)")
    parser.add_argument("--resting", type=int, default=20_000, help="rooms that stand (20000)")
    parser.add_argument("--idle", type=int, default=2000, help="idle members (2000)")
    parser.add_argument("--cold", type=int, default=5000, help="rooms touched when cold (5000)")
    given = parser.parse_args()
    unknown = [one for one in given.parts if one not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    plan = Plan(given.seconds, given.resting, given.idle, given.cold)
    uvloop.run(run(given.parts or list(PARTS), plan))


if __name__ == "__main__":
    main()
