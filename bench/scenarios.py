"""What is measured: each scenario against this server and, where it can, against the relay."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from bench import hosts
from bench.hosts import Host, Spent
from bench.load import EphemeralRoom, RelayRoom, Tally

Room = EphemeralRoom | RelayRoom

# Fewer messages say nothing.
ENOUGH = 30
# How many messages are under way in a crowd, where rooms don't make up for it.
CROWD_WINDOW = 32
# How long answers wait for others, where nothing else makes them wait.
GATHER_MS = (0, 10)
# From here on a process that could use a whole core was what others waited for.
BUSY = 0.9


@dataclass(frozen=True)
class Options:
    """`size`: bytes of an envelope; `window`: messages under way in a room; times in seconds."""

    dsn: str
    directory: Path
    rooms: int
    size: int
    window: int
    seconds: float
    warm_up: float
    turns: int
    rate: int
    members: int
    idle: int


@dataclass(frozen=True)
class Result:
    """One measurement of one server. CPU is in microseconds for a message."""

    rate: float
    p50_ms: float
    p99_ms: float
    server_us: float
    postgres_us: float
    redis_us: float
    generator_us: float
    busy: dict[str, float]

    def line(self, name: str) -> str:
        """For people."""
        return (
            f"{name:<12}{self.rate:>8,.0f}/s   p50 {self.p50_ms:8.2f} ms   "
            f"p99 {self.p99_ms:8.2f} ms   CPU of a message: server {self.server_us:6.1f}, "
            f"PostgreSQL {self.postgres_us:6.1f}, "
            + (f"Redis {self.redis_us:5.1f}, " if self.redis_us else "")
            + f"generator {self.generator_us:6.1f} us"
        )

    @property
    def bottleneck(self) -> str:
        """What the others waited for, by how busy it was."""
        name, busy = max(self.busy.items(), key=lambda one: one[1])
        return f"{name} ({busy:.0%} of a core)" if busy > BUSY else "nothing: no core was full"


def result(tally: Tally, spent: Spent) -> Result:
    """What a measurement comes to."""
    if tally.failures:
        raise SystemExit(f"{len(tally.failures)} requests were refused: {set(tally.failures)}")
    count = len(tally.latencies)
    if count < ENOUGH:
        raise SystemExit("Hardly a message came through: there is nothing to report.")
    ordered = sorted(tally.latencies)
    others = "generator, PostgreSQL and Redis" if spent.redis else "generator and PostgreSQL"
    return Result(
        count / spent.at,
        ordered[count // 2] * 1000,
        ordered[count * 99 // 100] * 1000,
        spent.server / count * 1e6,
        spent.postgres / count * 1e6,
        spent.redis / count * 1e6,
        spent.generator / count * 1e6,
        {
            "the server": spent.server / spent.at,
            others: (spent.generator + spent.postgres + spent.redis)
            / spent.at
            / max(1, len(hosts.CORES) - 1),
        },
    )


async def _loop(host: Host, rooms: Sequence[Room], tally: Tally, options: Options) -> Result:
    for room in rooms:
        await room.open(host.port)
    return await closed_loop(host, rooms, tally, options)


async def closed_loop(host: Host, rooms: Sequence[Room], tally: Tally, options: Options) -> Result:
    """As much as goes in rooms that are open: warm up, count, stop."""
    for room in rooms:
        room.start(options.window)
    await asyncio.sleep(options.warm_up)
    before, tally.counting = host.spent(), True
    await asyncio.sleep(options.seconds)
    tally.counting, spent = False, host.spent().since(before)
    for room in rooms:
        room.close()
    return result(tally, spent)


async def _compare(
    options: Options, members: int, rooms: int, size: int
) -> tuple[Result, Result, float]:
    """Relay and this server in turn; the middle one of each, and the spread of ours."""
    relays, ours = [], []
    for _ in range(options.turns):
        tally = Tally()
        async with hosts.relay() as host:
            talking: list[Room] = [RelayRoom(tally, size, members) for _ in range(rooms)]
            relays.append(await _loop(host, talking, tally, options))
        tally = Tally()
        async with hosts.ephemeral(options.dsn, options.directory) as host:
            talking = [EphemeralRoom(tally, size, members) for _ in range(rooms)]
            ours.append(await _loop(host, talking, tally, options))
    spread = statistics.pstdev(one.rate for one in ours) / middle(ours).rate
    return middle(relays), middle(ours), spread


def middle(results: Sequence[Result]) -> Result:
    """By how many messages there were."""
    return sorted(results, key=lambda one: one.rate)[len(results) // 2]


def _report(relay: Result, ours: Result, spread: float) -> None:
    print(relay.line("relay"))
    print(ours.line("ephemeral"))
    print(f"limited by   {ours.bottleneck}")
    print(
        f"ratio        {ours.rate / relay.rate:.3f} of the relay's messages, "
        f"{relay.server_us / ours.server_us:.3f} by the servers' CPU "
        f"(spread of turns {spread:.0%})",
        flush=True,
    )


async def pairs(options: Options) -> None:
    """Rooms of two in a closed loop: post, notice, open, acknowledge, destroyed."""
    print(f"{options.rooms} rooms of two, {options.size} B, window {options.window}")
    _report(*await _compare(options, 2, options.rooms, options.size))


async def frames(options: Options) -> None:
    """The frames of `pairs` with nothing behind them, and what of that is left with everything."""
    print(f"{options.rooms} rooms of two, {options.size} B, window {options.window}")
    relay = await _once(hosts.relay(), RelayRoom, options)
    print(relay.line("relay"))
    least = relay
    for gather_ms in GATHER_MS:
        least = hollow = await _once(hosts.hollow(gather_ms), EphemeralRoom, options)
        print(hollow.line("frames"))
        print(
            f"ratio        {hollow.rate / relay.rate:.3f} of the relay's messages, "
            f"{relay.server_us / hollow.server_us:.3f} by the servers' CPU, answered "
            f"{f'every {gather_ms} ms' if gather_ms else 'at once'}; limited by "
            f"{hollow.bottleneck}",
            flush=True,
        )
    ours = await _once(hosts.ephemeral(options.dsn, options.directory), EphemeralRoom, options)
    print(ours.line("ephemeral"))
    print(
        f"share        {least.server_us / ours.server_us:.3f} of its CPU a message is frames",
        flush=True,
    )


async def _once(
    starting: AbstractAsyncContextManager[Host],
    kind: type[RelayRoom] | type[EphemeralRoom],
    options: Options,
) -> Result:
    """One turn of one server."""
    tally = Tally()
    async with starting as host:
        rooms: list[Room] = [kind(tally, options.size) for _ in range(options.rooms)]
        return await _loop(host, rooms, tally, options)


async def sizes(options: Options) -> None:
    """The same with envelopes of 512 B, 4 KiB and 64 KiB."""
    for size in (512, 4096, 65536):
        rooms = max(10, options.rooms * 512 // size) if size > 4096 else options.rooms
        print(f"{rooms} rooms of two, {size} B")
        _report(*await _compare(options, 2, rooms, size))


async def crowd(options: Options) -> None:
    """One full room: a message is told to everybody, opened by one, and its end told to all."""
    members = options.members
    print(
        f"one room of {members} (50 is the most that a room may have), {options.size} B, "
        f"window {CROWD_WINDOW}"
    )
    many = replace(options, window=CROWD_WINDOW)
    relay, ours, spread = await _compare(many, members, 1, options.size)
    _report(relay, ours, spread)
    heard, told = relay.rate * (members - 1), ours.rate * members * 3
    print(
        f"fan-out      {told:,.0f} events/s (notice, opened, destroyed, each to {members}), "
        f"{told / heard:.3f} of the relay's {heard:,.0f}"
    )


async def latency(options: Options) -> None:
    """A fixed rate, whether or not the server keeps up: how long a whole cycle takes."""
    print(f"{options.rate:,} messages/s in {options.rooms} rooms of two, {options.size} B")
    tally = Tally()
    async with hosts.ephemeral(options.dsn, options.directory) as host:
        rooms = [EphemeralRoom(tally, options.size, again=False) for _ in range(options.rooms)]
        for room in rooms:
            await room.open(host.port)
        await post_steadily(rooms, options.rate, options.warm_up)
        before, tally.counting, begun = host.spent(), True, tally.begun
        await post_steadily(rooms, options.rate, options.seconds)
        tally.counting, spent = False, host.spent().since(before)
        ours, asked = result(tally, spent), tally.begun - begun
        print(ours.line("ephemeral"))
        behind = tally.begun - tally.over
        kept = behind < options.rate * 0.1
        print(
            f"kept up      {'yes' if kept else 'NO'}: {asked:,} posted, {behind:,} under way at "
            f"the end; limited by {ours.bottleneck}",
            flush=True,
        )
        for room in rooms:
            room.close()


async def post_steadily(rooms: Sequence[EphemeralRoom], rate: float, seconds: float) -> None:
    """Post so many messages a second, one room after the other."""
    began, posted = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        due = int(passed * rate)
        for number in range(posted, due):
            rooms[number % len(rooms)].say()
        posted = due
        await asyncio.sleep(0.001)


async def idle(options: Options) -> None:
    """Members who say nothing: memory of a connection, CPU while nothing happens."""
    print(f"{options.idle:,} idle members in rooms of two")
    tally = Tally()
    async with hosts.ephemeral(options.dsn, options.directory) as host:
        # What a process takes once and for all is taken by the first rooms.
        rooms = [EphemeralRoom(tally, 512) for _ in range(options.idle // 2 + 20)]
        first, rest = rooms[:20], rooms[20:]
        for room in first:
            await room.open(host.port)
        empty, before = host.resident(), host.spent()
        for start in range(0, len(rest), 20):
            await asyncio.gather(*(room.open(host.port) for room in rest[start : start + 20]))
        joined, full = host.spent().since(before), host.resident()
        members = 2 * len(rest)
        print(
            f"joining      {members / joined.at:,.0f} members/s, "
            f"{joined.server / members * 1e6:,.0f} us of the server and "
            f"{joined.postgres / members * 1e6:,.0f} us of PostgreSQL each"
        )
        print(f"memory       {(full - empty) / members / 1024:.1f} KiB a connection")
        await asyncio.sleep(options.warm_up)
        before = host.spent()
        await asyncio.sleep(max(options.seconds, 10))
        spent = host.spent().since(before)
        print(
            f"idle CPU     {spent.server / spent.at:.2%} of a core, "
            f"PostgreSQL {spent.postgres / spent.at:.2%}",
            flush=True,
        )
        if tally.failures:
            raise SystemExit(f"refused: {set(tally.failures)}")
        for room in rooms:
            room.close()


async def churn(options: Options) -> None:
    """Rooms that are made, joined by two, talk once, and are left, over and over."""
    print("rooms of two that are made, joined, used once and left, 20 at a time")
    tally = Tally(counting=True)
    async with hosts.ephemeral(options.dsn, options.directory) as host:
        before, visits = host.spent(), 0
        while host.spent().since(before).at < options.seconds:
            rooms = [EphemeralRoom(tally, options.size, again=False) for _ in range(20)]
            await asyncio.gather(*(room.open(host.port) for room in rooms))
            over = tally.over
            for room in rooms:
                room.say()
            await tally.reached(over + len(rooms), 60)
            for room in rooms:
                room.leave()
            await asyncio.sleep(0)
            for room in rooms:
                room.close()
            visits += 2 * len(rooms)
        spent = host.spent().since(before)
        if tally.failures:
            raise SystemExit(f"refused: {set(tally.failures)}")
        print(
            f"members      {visits / spent.at:,.0f}/s, each "
            f"{spent.server / visits * 1e6:,.0f} us of the server, "
            f"{spent.postgres / visits * 1e6:,.0f} us of PostgreSQL and "
            f"{spent.generator / visits * 1e6:,.0f} us of the generator",
            flush=True,
        )
