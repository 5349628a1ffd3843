"""What messages and members cost a server to which sockets are open."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.load import EphemeralRoom, Tally
from bench.measure.readings import Found, Plan, closed, serving, steady

__all__ = ["crowd", "idle", "line_through", "messages"]


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
    async with serving() as bench:
        points = [
            await steady(bench, 250, plan.seconds),
            await steady(bench, 1000, plan.seconds),
            await closed(bench, plan.seconds, 2, 200, 2),
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
        "flushes_per_commit": points[-1].flushes / points[-1].commits,
        "message_wal_bytes": wal[0],
        "commit_wal_bytes": wal[1],
    }


async def crowd(plan: Plan) -> Found:
    """What telling one member more costs: full rooms beside rooms of two, as many messages."""
    async with serving() as bench:
        few = await closed(bench, plan.seconds, 2, 4, 32)
        many = await closed(bench, plan.seconds, 50, 4, 32)
    print(f"rooms of 2:  {few.line()}\nrooms of 50: {many.line()}")
    # Noticed, opened, destroyed: three events for each of 48 more.
    return {"told_us": max(0.0, many.server_us - few.server_us) / (3 * 48)}


async def idle(plan: Plan) -> Found:
    """Members who join and then say nothing."""
    tally = Tally()
    async with serving() as bench:
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
