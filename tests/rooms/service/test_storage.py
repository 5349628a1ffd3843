"""What waits in the whole deployment is bounded; a post that was accepted is known all the same."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.services import Desk, Message

from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows.storage_rows import waiting_bytes
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Seat
from ephemeral.rooms.service.storage import TIGHT_BYTES, Storage

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

KIB = 1024


def bounded(desk: Desk, most: int) -> Storage:
    """So much may wait with this worker."""
    storage = desk.ledger._batches.storage = Storage(desk.limits, most)
    return storage


async def fill(desk: Desk, seat: Seat, size: int) -> str | None:
    """Post until that is refused, at most so many bytes in messages of 64 KiB; the refusal."""
    for _ in range(size // (64 * KIB)):
        try:
            await desk.post(seat, Message(envelope=os.urandom(64 * KIB)))
        except Refusal as refusal:
            return refusal.code
    return None


async def test_from_four_fifths_on_a_room_holds_a_mebibyte_and_at_the_end_nothing_more(desk: Desk):
    _, author, reader = await desk.pair()
    _, other, _ = await desk.pair()
    storage = bounded(desk, 4 * TIGHT_BYTES)
    assert await fill(desk, author, 4 * TIGHT_BYTES) == "room_crowded"
    assert storage.used == 3328 * KIB, "as soon as four fifths are used"
    small = Message()
    await desk.post(other, small)
    assert await fill(desk, other, TIGHT_BYTES) == "storage_full"
    assert storage.used >= 4 * TIGHT_BYTES
    with pytest.raises(Refusal, match="storage_full") as full:
        await desk.post(author, Message())
    assert full.value.retry_after == 60
    # What was accepted is told to whoever asks again, and everything else goes on.
    assert (await desk.post(other, small)).state == "stored"
    waiting = (await desk.rooms.notices(reader))[1]
    assert [one.size for one in waiting] == [64 * KIB] * 52
    for one in waiting[:20]:
        await desk.ask(desk.rooms.withdraw, author, one.id)
    with pytest.raises(Refusal, match="storage_full"):
        await desk.post(other, Message())
    # The database is asked again.
    await storage.measure(desk.pool)
    await desk.post(other, Message())
    assert storage.used == await desk.pool.fetchval("SELECT sum(size) FROM messages")


async def test_without_a_bound_nothing_is_refused(desk: Desk):
    _, author, _ = await desk.pair()
    assert bounded(desk, 0).used == 0
    assert await fill(desk, author, 2 * TIGHT_BYTES) is None


async def test_what_others_have_accepted_counts_from_when_the_database_is_asked(
    desk: Desk, tmp_path: Path
):
    other = await Desk.open(desk.pool, tmp_path / "keyring")
    _, author, _ = await desk.pair()
    await fill(other, author, TIGHT_BYTES)
    storage = bounded(desk, TIGHT_BYTES)
    asking = asyncio.create_task(storage.measure(desk.pool))
    await asyncio.sleep(0)
    # What is accepted meanwhile may be in the answer or not.
    storage.accepted(512)
    await asking
    assert storage.used == TIGHT_BYTES + 512
    with pytest.raises(Refusal, match="storage_full"):
        await desk.post(author, Message())
    await other.ledger.close()


async def test_of_many_messages_few_pages_are_read(pool: "Pool"):
    await pool.execute(
        """
        INSERT INTO messages (room, id, sequence, author, size, viewing_hash, digest, payload,
                              everyone, posted_at, expires_at)
        SELECT sha256(int4send(n % 99)), substr(sha256(int4send(n)), 1, 16), n,
               substr(sha256(int4send(n)), 1, 16), 512 * (1 << (n % 4)), sha256(int4send(n)),
               sha256(int4send(n)), substr(sha256(int4send(-n)), 1, 16), false, 0, 1
        FROM generate_series(1, 20000) n
        """
    )
    true = await pool.fetchval("SELECT sum(size) FROM messages")
    async with pool.acquire() as connection:
        assert await waiting_bytes(connection) == true, "all of it, where it isn't large"
        estimates = [await waiting_bytes(connection, pages=100) for _ in range(5)]
        assert await waiting_bytes(connection, pages=100) != true
    assert sum(estimates) / 5 == pytest.approx(true, rel=0.3)


def test_rooms_that_may_hold_less_are_not_given_more():
    storage = Storage(Limits(waiting_bytes=64 * KIB), 100)
    storage.accepted(90)
    assert storage.limits.waiting_bytes == 64 * KIB
