"""What rooms, messages and their remains take in tables and in the log, without any socket."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bench.epoch import Stand
from bench.measure.readings import Found, Plan
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import Seat
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

__all__ = ["rest"]

# Those that hold rooms.
TABLES = ("rooms", "seats", "messages", "payloads", "payload_keys", "tombstones")


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
