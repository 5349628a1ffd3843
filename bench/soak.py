"""`python -m bench.soak [SECONDS]`: half load for ten minutes; nothing lost, repeated, or growing.

The rate is half of what the server manages on this machine at this moment, measured first. Ends
with 1 if a message was lost or told twice, if memory grew, or if the server fell behind.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import uvloop

from bench import hosts
from bench.hosts import Host
from bench.load import EphemeralRoom, Tally
from bench.scenarios import post_steadily
from ephemeral.store.embedded.server import EmbeddedPostgres

ROOMS = 200
WINDOWS = 10
# Between the second window and the last: pools fill and arenas settle in the first.
GROWTH = 1.10
# What is under way when posting ends has so many seconds to meet its end.
PATIENCE = 60.0


async def _capacity(host: Host) -> float:
    """Messages a second in a closed loop."""
    tally = Tally()
    rooms = [EphemeralRoom(tally, 512) for _ in range(ROOMS)]
    for room in rooms:
        await room.open(host.port)
    for room in rooms:
        room.start(2)
    await asyncio.sleep(2)
    over, began = tally.over, time.perf_counter()
    await asyncio.sleep(5)
    rate = (tally.over - over) / (time.perf_counter() - began)
    for room in rooms:
        room.close()
    return rate


def _p99(latencies: list[float]) -> float:
    return sorted(latencies)[len(latencies) * 99 // 100] * 1000 if latencies else 0.0


async def _soak(host: Host, seconds: float) -> list[str]:
    rate = await _capacity(host) / 2
    print(
        f"half load: {rate:,.0f} messages/s for {seconds:g} s in {ROOMS} rooms of two", flush=True
    )
    tally = Tally(counting=True)
    rooms = [EphemeralRoom(tally, 512, again=False) for _ in range(ROOMS)]
    for room in rooms:
        await room.open(host.port)
    memory = []
    for number in range(WINDOWS):
        tally.latencies.clear()
        await post_steadily(rooms, rate, seconds / WINDOWS)
        memory.append(host.resident())
        print(
            f"{number + 1:>3} of {WINDOWS}   {tally.over:>9,} over   "
            f"p99 {_p99(tally.latencies):8.2f} ms   memory {memory[-1] / 2**20:6.1f} MiB   "
            f"{tally.begun - tally.over:,} under way",
            flush=True,
        )
    behind = tally.begun - tally.over
    with suppress(TimeoutError):
        await tally.reached(tally.begun, PATIENCE)
    lost = tally.begun - tally.over
    print(f"posted {tally.begun:,}, viewed and destroyed {tally.over:,}: lost {lost}, "
          f"told twice {tally.repeated}, refused {len(tally.failures)}")  # fmt: skip
    wrong = []
    if lost or tally.repeated or tally.failures:
        wrong.append("messages were lost, repeated or refused")
    if memory[-1] > GROWTH * memory[1]:
        wrong.append(f"memory grew by {memory[-1] / memory[1] - 1:.0%}")
    if behind > rate:
        wrong.append(f"the server fell behind by {behind:,} messages")
    return wrong


async def run(seconds: float) -> list[str]:
    """What was wrong, as sentences."""
    hosts.confine()
    with tempfile.TemporaryDirectory(prefix="ephemeral-soak-") as name:
        directory = Path(name)
        async with (
            EmbeddedPostgres(directory / "postgres") as database,
            hosts.ephemeral(database.dsn, directory) as host,
        ):
            return await _soak(host, seconds)


def main() -> int:
    """Parse the duration and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=600, help="how long (600)")
    wrong = uvloop.run(run(parser.parse_args().seconds))
    print("\n".join(wrong) or "nothing was lost, repeated, or grew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
