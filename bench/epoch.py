"""`python -m bench.epoch`: what it costs to end an epoch while many large messages wait.

A real database on the disk, filled through the real services. Then epochs end one after the other,
first alone, then while a member posts, one message at a time, so that whoever waits for an end is
seen. Printed: the time, the write-ahead log, and how much of the stored bodies was written again.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import uvloop

from ephemeral.live.bus import LocalBus
from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.limits import CHARTER_LIMITS
from ephemeral.rooms.api import answers
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.deployment import Deployment
from ephemeral.rooms.service.ledger import Ledger
from ephemeral.rooms.service.notice_cache import NoticeCache
from ephemeral.rooms.service.rooms import Rooms
from ephemeral.rooms.service.storage import Storage
from ephemeral.sealing.encryption_key import GivenKeys
from ephemeral.sealing.epochs import Epochs
from ephemeral.sealing.keyring import Keyring
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.migrations import migrate, read_migrations
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

AT_ONCE = 128
QUIET_POSTS = 200
SETTLE_SECONDS = 2


def fault(error: BaseException) -> None:
    """Nothing may go wrong here."""
    raise SystemExit(f"A fault: {error!r}")


class Stand:
    """The services over one database, and a member who posts."""

    def __init__(self, pool: "Pool", keyring: Keyring, deployment: Deployment) -> None:
        limits = Limits(waiting_messages=10**9, waiting_bytes=10**12)
        bus = LocalBus()
        ledger = Ledger(pool, keyring, bus, Storage(limits), os.urandom, fault)
        self.pool = pool
        self.keyring = keyring
        self.rooms = Rooms(
            pool, keyring, ledger, bus, deployment, limits, CHARTER_LIMITS, os.urandom,
            os.urandom(16), NoticeCache(answers.notice_list),
        )  # fmt: skip
        # Of no length: every round ends one.
        self.epochs = Epochs(pool, keyring, os.urandom, 0)

    @classmethod
    async def open(cls, pool: "Pool", directory: Path) -> "Stand":
        """Services as a server has them."""
        await migrate(pool, read_migrations())
        deployment = await Deployment.open(pool, 1, os.urandom)
        async with pool.acquire() as connection:
            keyring = await Keyring.open(
                connection,
                KeyringDirectory(directory),
                GivenKeys(os.urandom(32).hex()),
                os.urandom,
            )
        return cls(pool, keyring, deployment)

    async def author(self) -> Seat:
        """A member of a room of its own."""
        locator = os.urandom(32)
        charter = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 86_400, 86_400)
        await self.rooms.create(locator, charter.encode(), charter.mac(os.urandom(32)))
        joined = await self.rooms.join(locator, os.urandom(32), None, None)
        return joined.seat

    async def post(self, author: Seat, size: int) -> None:
        """One message, stored and flushed when this returns."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        reply: Callable[[Any], None] = answer.set_result
        self.rooms.post(
            author, os.urandom(16), os.urandom(size), sha256(os.urandom(32)).digest(), reply
        )
        outcome = await answer
        if isinstance(outcome, Refusal):
            raise SystemExit(f"A post was refused: {outcome.code}")

    async def end(self) -> tuple[float, int]:
        """End an epoch; seconds, and bytes of write-ahead log."""
        before = await self.pool.fetchval("SELECT pg_current_wal_insert_lsn()")
        epoch = self.keyring.current.id
        start = time.perf_counter()
        await self.epochs.advance(asyncio.get_running_loop().time())
        seconds = time.perf_counter() - start
        current = self.keyring.current.id
        if current == epoch or self.keyring.directory.epochs() != [current]:
            raise SystemExit("The epoch did not end.")
        wal = await self.pool.fetchval("SELECT pg_current_wal_insert_lsn() - $1::pg_lsn", before)
        return seconds, int(wal)


async def posting(stand: Stand, author: Seat, over: Callable[[int], bool]) -> list[float]:
    """Post small messages, one after the other; how long each took, in milliseconds."""
    took: list[float] = []
    while not over(len(took)):
        start = time.perf_counter()
        await stand.post(author, 512)
        took.append((time.perf_counter() - start) * 1000)
    return took


def spread(name: str, took: list[float]) -> str:
    """For people."""
    ordered = sorted(took)
    worst = ordered[-1]
    p99 = ordered[int(len(ordered) * 0.99)]
    return (
        f"{name:<26} p50 {statistics.median(ordered):6.2f} ms   p99 {p99:6.2f} ms   "
        f"worst {worst:6.2f} ms   of {len(ordered)}"
    )


async def settle(dsn: str) -> None:
    """Let the database finish what filling it has begun, so that only the end is measured."""
    plain = await asyncpg.connect(dsn)
    await plain.execute("VACUUM (ANALYZE) payloads, payload_keys, messages")
    before = None
    while before != (now := await plain.fetchval("SELECT pg_current_wal_insert_lsn()")):
        before = now
        await asyncio.sleep(SETTLE_SECONDS)
    await plain.close()


async def measure(stand: Stand, dsn: str, messages: int, size: int, ends: int) -> None:
    """Fill, end epochs, and print."""
    author = await stand.author()
    for start in range(0, messages, AT_ONCE):
        count = min(AT_ONCE, messages - start)
        await asyncio.gather(*(stand.post(author, size) for _ in range(count)))
    await settle(dsn)
    versions = "SELECT count(*), sum(hashtext(xmin::text || ctid::text)) FROM payloads"
    sizes = await stand.pool.fetchrow(
        "SELECT pg_table_size('payloads'), pg_table_size('payload_keys')"
    )
    bodies, keys = sizes if sizes is not None else (0, 0)
    print(f"{messages} messages of {size} bytes wait: {bodies:,} bytes of bodies, {keys:,} of keys")
    before = await stand.pool.fetchrow(versions)
    for number in range(ends):
        await settle(dsn)
        seconds, wal = await stand.end()
        print(f"end {number + 1}: {seconds:6.2f} s   write-ahead log {wal:>12,} bytes")
    same = await stand.pool.fetchrow(versions) == before
    print(f"bodies written again: {'none' if same else 'SOME'}")

    await settle(dsn)
    quiet = await posting(stand, author, lambda count: count >= QUIET_POSTS)
    ending = asyncio.create_task(stand.end())
    busy = await posting(stand, author, lambda _: ending.done())
    await ending
    print(spread("posts, no epoch ending", quiet))
    print(spread("posts while one ends", busy))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=65_536)
    parser.add_argument("--ends", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as folder:
        async with EmbeddedPostgres(Path(folder) / "data") as database:
            pool = await open_pool(database.dsn, size=8, wait_seconds=30)
            stand = await Stand.open(pool, Path(folder) / "keyring")
            await measure(stand, database.dsn, options.messages, options.size, options.ends)
            await pool.close()


if __name__ == "__main__":
    uvloop.run(main())
