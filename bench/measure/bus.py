"""What a message puts on the bus, and what that costs whoever reads it."""

import asyncio
import os
import statistics
import time
from typing import Any

from redis.asyncio import Redis

from bench import hosts
from bench.epoch import fault
from bench.measure.readings import Found, Plan, closed, serving, steady
from ephemeral.live import hints
from ephemeral.live.redis_bus import RedisBus
from ephemeral.rooms.rules.room import DestroyedEvent, Notice, NoticeEvent, OpenedEvent

__all__ = ["bus"]


def _hints_of_a_message() -> list[tuple[bytes, Any]]:
    room, message, member, now = os.urandom(32), os.urandom(16), os.urandom(16), 1_790_000_000_000
    notice = Notice(message, 7, member, 512, now, now + 86_400_000, "stored", None, None, None)
    return [
        (room, NoticeEvent(notice)),
        (room, OpenedEvent(message, member, now)),
        (room, DestroyedEvent(message, "viewed", os.urandom(32), member)),
    ]


async def bus(plan: Plan) -> Found:
    """What a message puts on the bus, and what a frame and a hint of another room cost."""
    three = _hints_of_a_message()
    frame, empty = hints.encode(bytes(16), three * 100), hints.encode(bytes(16), [])
    skipped = []
    for _ in range(200):
        start = time.process_time()
        hints.decode(frame, lambda _: False)
        skipped.append((time.process_time() - start) / 300)
    async with hosts.redis() as (url, pid):
        lone, in_redis = await _lone_frames(url, pid, three[0], others=0)
        with_others, copied = await _lone_frames(url, pid, three[0], others=8)
        asking = Redis.from_url(url)

        async def published() -> int:
            stats = await asking.info("commandstats")
            return int(stats["cmdstat_publish"]["calls"])

        async with serving(REDIS_URL=url) as bench:
            bench.published = published
            point = await steady(bench, 250, plan.seconds)
        await asking.aclose()
        print(f"{point.line()}   {point.frames:.3f} frames a message")
        async with serving(REDIS_URL=url) as bench:
            one = await closed(bench, plan.seconds, 2, 200, 2)
        async with serving(2, REDIS_URL=url) as bench:
            two = await closed(bench, plan.seconds, 2, 200, 2)
        print(f"one worker:  {one.line()}\ntwo workers: {two.line()}")
    commit_us, commit_pg_us = plan.known["commit_us"], plan.known["commit_pg_us"]
    more = two.commits - one.commits
    server = two.server_us - one.server_us - more * commit_us
    postgres = two.postgres_us - one.postgres_us - more * commit_pg_us
    # A sign of life every two seconds belongs to no message.
    frames = point.frames - 0.5 / point.rate
    return {
        # Of two workers half of the rooms have their members at both.
        "scattered_us": max(0.0, 2 * server),
        "scattered_pg_us": max(0.0, 2 * postgres),
        "hints": len(three),
        "hint_bytes": (len(frame) - len(empty)) / 300,
        "frame_bytes": len(empty) + len(b"*3\r\n$7\r\nPUBLISH\r\n$36\r\n$5\r\n\r\n\r\n") + 36,
        "frames_per_commit": frames / point.commits,
        "frame_us": lone,
        "hear_us": max(0.0, with_others - lone) / 8,
        "redis_frame_us": in_redis,
        "redis_copy_us": max(0.0, copied - in_redis) / 8,
        "skip_us": statistics.median(skipped) * 1e6,
    }


async def _lone_frames(
    url: str, pid: int, hint: tuple[bytes, Any], *, others: int
) -> tuple[float, float]:
    """Microseconds of this process and of Redis for a frame of one hint, there and back.

    `others` hear it too, in this process, and have nobody who listens.
    """
    heard = asyncio.Event()
    links = [
        (Redis.from_url(url, protocol=2), here) for here in (True, *[False for _ in range(others)])
    ]
    buses = [
        RedisBus(redis, "c" * 36, os.urandom(16), _everything if here else _nothing, _missed, fault)
        for redis, here in links
    ]
    buses[0].subscribe(lambda _: heard.set())
    running = [asyncio.create_task(one.run()) for one in buses]
    for one in buses:
        await one.wait_until_up(10)
    own, other, count = time.process_time(), hosts.cpu(pid), 3000
    for _ in range(count):
        heard.clear()
        buses[0].publish([hint])
        await heard.wait()
    spent = time.process_time() - own, hosts.cpu(pid) - other
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    for redis, _ in links:
        await redis.aclose()
    return spent[0] / count * 1e6, spent[1] / count * 1e6


def _missed() -> None:
    """Nothing is missed that matters here."""


def _everything(_: bytes) -> bool:
    return True


def _nothing(_: bytes) -> bool:
    return False
