"""What things cost: the constants that `bench.scaling` reckons with, in one place.

All of MEASURED comes from `make scaling-constants`, which prints it ready to be put here. Nothing
in it is a guess; what is guessed (machines, budgets, how people write) stands in `bench.scaling`.
"""

from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["MEASURED", "Constants", "table"]


def _of(unit: str, how: str, what: str) -> Any:
    return field(metadata={"unit": unit, "how": how, "what": what})


@dataclass(frozen=True)
class Constants:
    """A message is a whole cycle in a room of two: posted, opened, acknowledged, destroyed.

    `how` names the part of `bench.measure` that measures it.
    """

    message_us: float = _of("us", "messages", "server's CPU of a message, without its commits")
    commit_us: float = _of("us", "messages", "server's CPU of a commit")
    message_pg_us: float = _of("us", "messages", "PostgreSQL's CPU of a message, without commits")
    commit_pg_us: float = _of("us", "messages", "PostgreSQL's CPU of a commit")
    commit_ms: float = _of("ms", "messages", "a commit of one request, from begin to answer")
    flush_ms: float = _of("ms", "messages", "8 KiB written and flushed to the same disk, median")
    flushes_per_commit: float = _of("", "messages", "flushes for a commit, two lanes busy")
    message_wal_bytes: float = _of("B", "messages", "log of a message, its pages touched before")
    commit_wal_bytes: float = _of("B", "messages", "log of a commit, beside its messages")
    cold_message_wal_bytes: float = _of(
        "B", "rest", "log of a message, just after a checkpoint, each in another room"
    )
    told_us: float = _of("us", "crowd", "server's CPU of an event told to one member more")
    idle_kib: float = _of("KiB", "idle", "server's memory of a member who says nothing")
    idle_us: float = _of("us/s", "idle", "server's CPU of such a member")
    idle_pg_us: float = _of("us/s", "idle", "PostgreSQL's CPU of such a member")
    join_us: float = _of("us", "idle", "server's CPU of connecting, joining and hello")
    join_pg_us: float = _of("us", "idle", "PostgreSQL's CPU of the same")
    join_wal_bytes: float = _of("B", "idle", "log of the same")
    worker_mib: float = _of("MiB", "idle", "memory of a server process with hardly a member")
    room_bytes: float = _of("B", "rest", "a room without its seats, indexes included")
    seat_bytes: float = _of("B", "rest", "a seat, indexes included, without payloads")
    payload_bytes: float = _of("B", "rest", "a profile or half of a resume secret, with its key")
    waiting_bytes: float = _of("B", "rest", "a waiting message of 512 B, in all tables")
    tombstone_bytes: float = _of("B", "rest", "what a viewed message leaves for a day")
    rewrap_us: float = _of("us", "rest", "wrapping a payload's key anew at the end of an epoch")
    rewrap_wal_bytes: float = _of("B", "rest", "log of the same")
    scattered_us: float = _of(
        "us", "bus", "server's CPU of a message, more, if its room is on two workers"
    )
    scattered_pg_us: float = _of("us", "bus", "PostgreSQL's CPU, more, of the same")
    hints: float = _of("", "bus", "hints of a message")
    hint_bytes: float = _of("B", "bus", "one of them in a frame, mean")
    frame_bytes: float = _of("B", "bus", "a frame and the command that it goes by, without hints")
    frames_per_commit: float = _of("", "bus", "frames published for a commit of the ledger")
    frame_us: float = _of("us", "bus", "server's CPU of publishing a frame and hearing it")
    hear_us: float = _of("us", "bus", "server's CPU of a frame from another worker, without hints")
    redis_frame_us: float = _of("us", "bus", "Redis' CPU of a frame with one subscriber")
    redis_copy_us: float = _of("us", "bus", "Redis' CPU of a frame, for each subscriber more")
    skip_us: float = _of("us", "bus", "server's CPU of a hint of a room that isn't here")


def table(constants: Constants) -> str:
    """All of them in Markdown."""
    lines = ["| constant | | unit | what it is | measured by |", "|---|---|---|---|---|"]
    for one in fields(constants):
        value = getattr(constants, one.name)
        meta = one.metadata
        cells = (f"`{one.name}`", number(value), meta["unit"], meta["what"], f"`{meta['how']}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def number(value: float) -> str:
    """Three digits that count, no more than were measured."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


MEASURED = Constants(
    message_us=208.3,
    commit_us=617.3,
    message_pg_us=132.1,
    commit_pg_us=447,
    commit_ms=1.317,
    flush_ms=0.08658,
    flushes_per_commit=1.16,
    message_wal_bytes=2716,
    commit_wal_bytes=182,
    cold_message_wal_bytes=7226,
    told_us=0.8063,
    idle_kib=15.84,
    idle_us=6.4,
    idle_pg_us=0.8,
    join_us=1575,
    join_pg_us=1145,
    join_wal_bytes=1741,
    worker_mib=91.3,
    room_bytes=631.2,
    seat_bytes=404.7,
    payload_bytes=464.8,
    waiting_bytes=1309,
    tombstone_bytes=296.6,
    rewrap_us=14.3,
    rewrap_wal_bytes=268.2,
    scattered_us=258,
    scattered_pg_us=90,
    hints=3,
    hint_bytes=100.7,
    frame_bytes=87,
    frames_per_commit=0.9915,
    frame_us=110,
    hear_us=22.8,
    redis_frame_us=13.33,
    redis_copy_us=2.083,
    skip_us=0.1491,
)
