"""How long a message takes, by simulation: the ledger's lanes on one core, beside a database.

A message is three requests of one room, and so of one lane: posted, opened, acknowledged. A lane
has one batch under way; what comes meanwhile is the next one, up to 256. The server's part of a
batch waits for the one core that both lanes share, half of it before the database and half after.
The database is taken to have a core for each lane. Messages come at random (Poisson).
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from bench.constants import Constants

__all__ = ["REQUESTS", "Batch", "Latency", "batch_of", "most", "simulate"]

#: Of a message.
REQUESTS = 3
LANES = 2
MOST = 256
#: From an answer to the next request of the same message, on loopback: an estimate.
TRIP_SECONDS = 0.0003


@dataclass(frozen=True)
class Batch:
    """What a batch takes, in seconds: once, and for each request in it."""

    server: float
    server_each: float
    database: float
    database_each: float

    def seconds(self, requests: float) -> float:
        """With nothing in the way."""
        each = self.server_each + self.database_each
        return self.server + self.database + requests * each


@dataclass(frozen=True)
class Latency:
    """Of whole messages. `busy`: of the server's core; `size`: requests in a batch, mean."""

    p50_ms: float
    p99_ms: float
    busy: float
    size: float


def batch_of(constants: Constants) -> Batch:
    """As it was measured. What a lone commit takes beyond CPU is waiting for disk and scheduler."""
    server, each = constants.commit_us / 1e6, constants.message_us / REQUESTS / 1e6
    database_each = constants.message_pg_us / REQUESTS / 1e6
    waiting = constants.commit_ms / 1e3 - server - each - database_each
    database = max(constants.commit_pg_us / 1e6, waiting)
    return Batch(server, each, database, database_each)


def most(constants: Constants) -> float:
    """Messages a second of a worker whose batches are full."""
    return 1e6 / (constants.message_us + REQUESTS * constants.commit_us / MOST)


@dataclass
class _Lane:
    pending: list["_Message"] = field(default_factory=list)
    busy: bool = False


@dataclass
class _Message:
    began: float
    lane: int
    answered: int = 0


class _Run:
    """Events in the order of their times."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.lanes = [_Lane() for _ in range(LANES)]
        self.latencies: list[float] = []
        self.sizes: list[int] = []
        self.worked = 0.0
        self._core_free = 0.0
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()

    def at(self, when: float, what: Callable[[float], None]) -> None:
        """Have `what` happen."""
        heapq.heappush(self._events, (when, next(self._numbers), what))

    def run(self) -> float:
        """Until nothing is left; the time of the last event."""
        now = 0.0
        while self._events:
            now, _, what = heapq.heappop(self._events)
            what(now)
        return now

    def ask(self, message: _Message, now: float) -> None:
        """A request comes; if its lane is idle, the batch is this one alone."""
        lane = self.lanes[message.lane]
        lane.pending.append(message)
        if not lane.busy:
            self._begin(now, lane)

    def _work(self, now: float, seconds: float) -> float:
        """Use the core when it is free; when that is done."""
        self.worked += seconds
        self._core_free = max(self._core_free, now) + seconds
        return self._core_free

    def _begin(self, now: float, lane: _Lane) -> None:
        lane.busy = True
        asked, lane.pending = lane.pending[:MOST], lane.pending[MOST:]
        self.sizes.append(len(asked))
        server = (self.batch.server + len(asked) * self.batch.server_each) / 2
        database = self.batch.database + len(asked) * self.batch.database_each

        def stored(then: float) -> None:
            self.at(self._work(then, server), answered)

        def answered(then: float) -> None:
            for message in asked:
                message.answered += 1
                if message.answered == REQUESTS:
                    self.latencies.append(then - message.began)
                else:
                    self.at(then + TRIP_SECONDS, partial(self.ask, message))
            lane.busy = False
            if lane.pending:
                self._begin(then, lane)

        self.at(self._work(now, server) + database, stored)


def simulate(
    batch: Batch, rate: float, messages: int = 20_000, *, even: bool = False, seed: int = 1
) -> Latency:
    """So many messages at so many a second; the first tenth isn't counted.

    `even`: as evenly as `make bench` posts them, not at random.
    """
    draw = random.Random(seed)
    run, now = _Run(batch), 0.0
    for _ in range(messages):
        now += 1 / rate if even else draw.expovariate(rate)
        message = _Message(now, draw.randrange(LANES))
        run.at(now, partial(run.ask, message))
    ended = run.run()
    counted = sorted(run.latencies[messages // 10 :])
    return Latency(
        counted[len(counted) // 2] * 1000,
        counted[len(counted) * 99 // 100] * 1000,
        run.worked / ended,
        sum(run.sizes) / len(run.sizes),
    )
