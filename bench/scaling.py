"""`python -m bench.scaling`: how many processes, cores, shards and bytes so many rooms need.

Arithmetic on `bench.constants` (measured) and on what stands below (guessed: how people write, what
a machine may be asked for). `--document FILE` puts the tables between the marks in a document;
without it they are printed. `--rooms` and its companions ask for one case.
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from math import ceil, inf
from pathlib import Path

from bench.constants import MEASURED, Constants, number, table
from bench.queueing import REQUESTS, Latency, batch_of, most, simulate

__all__ = ["Budget", "Load", "Need", "commits", "document", "most_workers", "need", "tables"]

MIB, GIB = 2**20, 2**30
DAY = 86_400


@dataclass(frozen=True)
class Load:
    """How a deployment is used, in its peak hour. Guesses, all of them."""

    rooms: int = 1_000_000
    #: Seats in a room that are taken.
    members: float = 2
    #: Share of the rooms in which people write; their members are connected, the others aren't.
    active: float = 0.1
    #: Messages in such a room in that hour.
    hourly: float = 20
    #: The busiest minute, as a multiple of the hour's mean.
    peak: float = 3
    #: Messages of a day, as a multiple of those of the peak hour.
    hours: float = 8
    #: Messages that wait in a room, mean of all rooms.
    waiting: float = 2
    #: How often a member of an active room connects in that hour.
    visits: float = 2

    @property
    def messages(self) -> float:
        """Messages a second in the busiest minute."""
        return self.rooms * self.active * self.hourly * self.peak / 3600

    @property
    def sockets(self) -> float:
        """Members who are connected."""
        return self.rooms * self.active * self.members


@dataclass(frozen=True)
class Budget:
    """What may be asked of a machine. Guesses, to be replaced by those of the machines at hand."""

    #: Of the most that a worker can do, in the busiest minute: the rest is for a host that fails.
    worker_share: float = 0.5
    #: Of a worker's core, on frames from other workers.
    hear_share: float = 0.25
    #: Sockets of a worker (CONNECTIONS_MAX).
    worker_sockets: float = 20_000
    #: Cores of a host, of workers or of a database.
    cores: float = 16
    #: Of the database's cores.
    database_share: float = 0.5
    #: Bytes of log a second that disk and replica take.
    log: float = 100 * MIB
    #: Of the one core on which Redis answers.
    redis_share: float = 0.5
    #: Bytes a second out of a Redis.
    network: float = 100 * MIB
    #: Bytes of tables.
    disk: float = 500 * GIB
    #: Tables are larger than their rows: what deleted rows leave until it is used again.
    bloat: float = 2
    #: Connections to a database: each worker holds up to DATABASE_POOL_SIZE.
    connections: float = 500
    pool: float = 8
    #: Seconds of an epoch (EPOCH_SECONDS), and the share of it that its end may take.
    epoch: float = 900
    epoch_share: float = 0.25


@dataclass(frozen=True)
class Need:
    """What a load needs. Of one shard: `used`, each with the most that the budget allows."""

    shards: int
    workers: int
    hosts: int
    database_cores: float
    worker_memory: float
    log: float
    warm_log: float
    tables: float
    bus_in: float
    bus_out: float
    used: Mapping[str, tuple[float, float]]

    @property
    def first(self) -> str:
        """What is full first when the load of a shard grows."""
        return max(self.used, key=lambda name: self.used[name][0] / self.used[name][1])


@cache
def _at(constants: Constants, twentieths: int) -> Latency:
    """A worker with so many twentieths of the most that it can do."""
    return simulate(batch_of(constants), most(constants) * max(twentieths, 0.2) / 20)


def commits(constants: Constants, rate: float) -> float:
    """Commits a second of a worker with so many messages a second."""
    twentieths = min(19, round(20 * rate / most(constants)))
    return REQUESTS * rate / _at(constants, twentieths).size


def _hearing(constants: Constants, rate: float) -> float:
    """Of a core: what hearing one other worker with so many messages a second takes."""
    frames = commits(constants, rate) * constants.frames_per_commit
    return (frames * constants.hear_us + rate * constants.hints * constants.skip_us) / 1e6


def most_workers(constants: Constants, budget: Budget) -> float:
    """Workers of one bus, each with what it may have, until they hear too much of each other."""
    return 1 + budget.hear_share / _hearing(constants, budget.worker_share * most(constants))


def _workers(constants: Constants, load: Load, budget: Budget) -> int:
    """Of one shard: as few as keep to their share and to the sockets.

    Their batches may be as large as they get, so commits count as if they were full, and what
    frames take isn't counted: with less time left, batches grow and there are fewer frames.
    """
    extra = max(0.0, load.members - 2) * 3 * constants.told_us
    joins = load.sockets * load.visits * load.peak / 3600
    fixed = (
        load.messages * extra + load.sockets * constants.idle_us + joins * constants.join_us
    ) / 1e6

    def fits(workers: int) -> bool:
        rate = load.messages / workers
        scattered = rate * constants.scattered_us * (1 - 1 / workers) / 1e6
        share = rate / most(constants) + scattered + fixed / workers
        return share <= budget.worker_share and load.sockets / workers <= budget.worker_sockets

    high = 1
    while not fits(high):
        high *= 2
        if high > 1 << 20:
            return high
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _shard(constants: Constants, load: Load, budget: Budget) -> Need:
    """What one shard with this load needs, whether or not that may be had."""
    workers = _workers(constants, load, budget)
    commit_rate = workers * commits(constants, load.messages / workers)
    joins = load.sockets * load.visits * load.peak / 3600
    # Profiles of all, resume secrets of those who are here, and what waits.
    payloads = load.rooms * (load.members + load.waiting) + load.sockets
    rewraps = payloads / budget.epoch
    database = (
        load.messages * constants.message_pg_us
        + load.messages * constants.scattered_pg_us * (1 - 1 / workers)
        + commit_rate * constants.commit_pg_us
        + load.sockets * constants.idle_pg_us
        + joins * constants.join_pg_us
        + rewraps * constants.rewrap_us
    ) / 1e6
    other_log = joins * constants.join_wal_bytes + rewraps * constants.rewrap_wal_bytes
    warm = load.messages * constants.message_wal_bytes + commit_rate * constants.commit_wal_bytes
    log = load.messages * constants.cold_message_wal_bytes + other_log
    daily = load.rooms * load.active * load.hourly * load.hours
    tables = (
        load.rooms * (constants.room_bytes + load.members * constants.seat_bytes)
        + (payloads - load.rooms * load.waiting) * constants.payload_bytes
        + load.rooms * load.waiting * constants.waiting_bytes
        + daily * constants.tombstone_bytes
    ) * budget.bloat
    frames = commit_rate * constants.frames_per_commit
    bus_in = frames * constants.frame_bytes
    bus_in += load.messages * constants.hints * constants.hint_bytes
    if workers == 1:
        frames = bus_in = 0.0
    hearing = (workers - 1) * _hearing(constants, load.messages / workers)
    return Need(
        shards=1,
        workers=workers,
        hosts=ceil(workers / budget.cores),
        database_cores=database,
        worker_memory=workers * constants.worker_mib * MIB
        + load.sockets * constants.idle_kib * 1024,
        log=log,
        warm_log=warm + other_log,
        tables=tables,
        bus_in=bus_in,
        bus_out=bus_in * workers,
        used={
            "PostgreSQL's cores": (database, budget.cores * budget.database_share),
            "write-ahead log": (log, budget.log),
            "tables": (tables, budget.disk),
            "the end of an epoch": (
                payloads * constants.rewrap_us / 1e6,
                budget.epoch * budget.epoch_share,
            ),
            "connections to PostgreSQL": (workers * budget.pool, budget.connections),
            "what workers hear of each other": (hearing, budget.hear_share),
            "bytes out of Redis": (bus_in * workers, budget.network),
            "Redis' core": (
                frames * (constants.redis_frame_us + (workers - 1) * constants.redis_copy_us) / 1e6,
                budget.redis_share,
            ),
        },
    )


def need(constants: Constants, load: Load, budget: Budget) -> Need:
    """With as few shards as the budget allows."""
    shards = 1
    while True:
        one = _shard(constants, replace(load, rooms=ceil(load.rooms / shards)), budget)
        over = max((used / allowed for used, allowed in one.used.values()), default=inf)
        if over <= 1:
            break
        # Each of `used` grows no slower than the load, so fewer shards than these won't do for
        # what grows in proportion; what grows faster has another turn.
        shards = max(shards + 1, ceil(shards * over**0.5))
    return replace(
        one,
        shards=shards,
        workers=one.workers * shards,
        hosts=ceil(one.workers * shards / budget.cores),
        database_cores=one.database_cores * shards,
        worker_memory=one.worker_memory * shards,
        log=one.log * shards,
        warm_log=one.warm_log * shards,
        tables=one.tables * shards,
        bus_in=one.bus_in * shards,
        bus_out=one.bus_out * shards,
    )


# --- tables -------------------------------------------------------------------------------------


def _rows(head: str, rows: Sequence[Sequence[str]]) -> str:
    columns = head.count("|") - 1
    return "\n".join([head, "|---" * columns + "|", *(f"| {' | '.join(row)} |" for row in rows)])


def _needs(cases: list[tuple[str, Load]], budget: Budget) -> str:
    rows = []
    for name, load in cases:
        found = need(MEASURED, load, budget)
        rows.append(
            (
                name,
                number(load.messages),
                f"{load.sockets:,.0f}",
                f"{found.workers:,}",
                f"{found.shards}",
                number(found.database_cores),
                f"{number(found.warm_log / MIB)} to {number(found.log / MIB)}",
                number(found.tables / GIB),
                number(found.worker_memory / GIB),
                f"{number(found.bus_in / MIB)} / {number(found.bus_out / MIB)}",
                found.first,
            )
        )
    head = (
        "| rooms | messages/s | sockets | workers | shards | PostgreSQL, cores | log, MiB/s "
        "| tables, GiB | workers' memory, GiB | Redis in / out, MiB/s | full first |"
    )
    return _rows(head, rows)


CASES: list[tuple[str, Load]] = [
    (f"{rooms:,}", Load(rooms=rooms)) for rooms in (1000, 10_000, 100_000, 1_000_000, 10_000_000)
]
OTHERS: list[tuple[str, Load]] = [
    ("as above", Load()),
    ("100 messages an hour", Load(hourly=100)),
    ("three in ten active", Load(active=0.3)),
    ("ten members", Load(members=10)),
    ("fifty members, one room in a hundred active", Load(members=50, active=0.01)),
    ("twenty messages wait", Load(waiting=20)),
    ("nobody writes", Load(active=0.0)),
]
LOADS = (1, 2, 5, 10, 15, 19)


def _worker(budget: Budget) -> str:
    rows = []
    for twentieths in LOADS:
        rate = most(MEASURED) * twentieths / 20
        found = _at(MEASURED, twentieths)
        batches = REQUESTS * rate / found.size
        database = (rate * MEASURED.message_pg_us + batches * MEASURED.commit_pg_us) / 1e6
        log = rate * MEASURED.message_wal_bytes + batches * MEASURED.commit_wal_bytes
        rows.append(
            (
                f"{twentieths / 20:.0%}",
                number(rate),
                number(found.p50_ms),
                number(found.p99_ms),
                f"{found.busy:.0%}",
                number(found.size),
                number(batches),
                number(database),
                number(log / MIB),
            )
        )
    head = (
        "| of the most | messages/s | p50, ms | p99, ms | worker's core busy "
        "| requests in a batch | commits/s | PostgreSQL, cores | log, MiB/s |"
    )
    workers = most_workers(MEASURED, budget)
    return (
        f"{_rows(head, rows)}\n\n"
        f"With {budget.worker_share:.0%} of the most for each, {number(workers)} workers on one "
        f"bus spend {budget.hear_share:.0%} of a core each on hearing the others."
    )


def _shares(budget: Budget) -> str:
    found = need(MEASURED, Load(), budget)
    rows = [
        (name, f"{used / allowed:.1%}")
        for name, (used, allowed) in sorted(
            found.used.items(), key=lambda one: one[1][0] / one[1][1], reverse=True
        )
    ]
    return _rows("| of a shard | used |", rows)


def _guesses(budget: Budget) -> str:
    given = [
        (f"`{one.name}`", number(getattr(what, one.name)))
        for what in (Load(), budget)
        for one in fields(what)
    ]
    return _rows("| guess | |", given)


def tables(budget: Budget) -> dict[str, str]:
    """Every table of docs/scaling.md, by the name in its marks."""
    made: dict[str, Callable[[], str]] = {
        "constants": lambda: table(MEASURED),
        "worker": lambda: _worker(budget),
        "rooms": lambda: _needs(CASES, budget),
        "shapes": lambda: _needs(OTHERS, budget),
        "shares": lambda: _shares(budget),
        "guesses": lambda: _guesses(budget),
    }
    return {name: make() for name, make in made.items()}


def document(text: str, made: Mapping[str, str]) -> str:
    """A document with the tables between `<!-- scaling: NAME -->` and `<!-- end -->`."""

    def put(found: re.Match[str]) -> str:
        return f"<!-- scaling: {found[1]} -->\n{made[found[1]]}\n<!-- end -->"

    return re.sub(r"<!-- scaling: (\w+) -->.*?<!-- end -->", put, text, flags=re.DOTALL)


def main() -> None:
    """Parse the options and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--document", type=Path, help="put the tables into this file")
    parser.add_argument("--rate", type=float, help="latency alone, at so many messages a second")
    for one in fields(Load):
        parser.add_argument(f"--{one.name}", type=float, help=f"({one.default:,g})")
    given = vars(parser.parse_args())
    target, rate = given.pop("document"), given.pop("rate")
    asked = {name: value for name, value in given.items() if value is not None}
    budget = Budget()
    if rate is not None:
        for name, even in (("at random", False), ("evenly", True)):
            found = simulate(batch_of(MEASURED), rate, even=even)
            print(
                f"{rate:,g} messages/s, {name}: p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} "
                f"ms, core {found.busy:.0%} busy, batches of {found.size:.1f}"
            )
    elif asked:
        load = replace(Load(), **asked)
        print(_needs([(f"{load.rooms:,.0f}", load)], budget))
    elif target is not None:
        target.write_text(document(target.read_text("utf-8"), tables(budget)), "utf-8")
    else:
        for name, made in tables(budget).items():
            print(f"\n== {name}\n\n{made}")


if __name__ == "__main__":
    main()
