"""A full database: no statement of a request reads more than what the request is about.

Not by reading plans, but by counting what the real, prepared statements read: they were planned
while the tables were empty, as on the first day of a deployment.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from support.machines.services import Desk, Message

from ephemeral.protocol.charter import Policy
from ephemeral.store.postgres import open_pool

TABLES = (
    "rooms", "seats", "messages", "audience", "payloads", "payload_keys", "tombstones", "workers",
)  # fmt: skip
ROOMS, MESSAGES = 5_000, 20
#: Rows that one request may touch in one table, through all indexes: a few rooms' worth.
FAIR = 400


async def fill(desk: Desk) -> None:
    """100,000 messages in 5,000 rooms, with seats, audiences, tombstones and payloads."""
    room = "sha256(convert_to(n::text, 'utf8'))"
    for statement in (
        f"""INSERT INTO rooms (room, charter, charter_mac, policy, seat_limit, message_ttl,
                              room_ttl, created_at, expires_at)
            SELECT {room}, decode(repeat('00', 45), 'hex'), {room}, 1 + n % 2, 50, 86400000,
                   86400000, 0, clock_ms() + 86400000 FROM generate_series(1, {ROOMS}) n""",
        """INSERT INTO seats (room, member, token_hash, joined_at, seen_at, resume_hash, resume_key)
           SELECT room, substr(sha256(room || int4send(k)), 1, 16), sha256(room || int4send(k)), 0,
                  clock_ms(), sha256(room || int4send(-k)), substr(room, 1, 16)
           FROM rooms, generate_series(1, 4) k""",
        f"""INSERT INTO messages (room, id, sequence, author, size, viewing_hash, digest, payload,
                                 everyone, posted_at, expires_at)
            SELECT room, substr(sha256(room || int4send(k)), 1, 16), k, substr(room, 1, 16), 512,
                   room, room, substr(sha256(int4send(k) || room), 1, 16), policy = 2, 0,
                   clock_ms() + 86400000 FROM rooms, generate_series(1, {MESSAGES}) k""",
        "INSERT INTO audience SELECT room, id, author FROM messages WHERE everyone",
        "INSERT INTO payloads SELECT payload, '\\x00' FROM messages",
        "INSERT INTO payload_keys SELECT payload, 1, '\\x00' FROM messages",
        """INSERT INTO tombstones SELECT sha256(room || id), room, author, 3, NULL,
                  clock_ms() + 86400000 FROM messages WHERE sequence <= 5""",
    ):
        await desk.pool.execute(statement)


async def read_so_far(desk: Desk) -> dict[str, int]:
    """Rows that this worker's one connection has read, by table."""
    await desk.pool.execute("SELECT pg_stat_force_next_flush()")
    rows = await desk.pool.fetch(
        """
        SELECT t.relname, t.seq_tup_read + sum(coalesce(i.idx_tup_read, 0))::bigint
        FROM pg_stat_user_tables t LEFT JOIN pg_stat_user_indexes i USING (relid)
        WHERE t.relname = ANY($1) GROUP BY t.relname, t.seq_tup_read
        """,
        TABLES,
    )
    return {row[0]: row[1] for row in rows}


async def life(desk: Desk, policy: Policy) -> list[tuple[str, Callable[[], Awaitable[object]]]]:
    """Everything that members do, as steps: name, what to await."""
    token, resume = os.urandom(32), (os.urandom(32), os.urandom(32))
    locator = await desk.room(policy=policy, seats=3)
    author = (await desk.join(locator)).seat
    reader = (await desk.join(locator, token=token, resume=resume, profile=os.urandom(256))).seat
    messages = [Message() for _ in range(3)]
    socket = os.urandom(16)
    name = reader.room

    async def hint() -> None:
        desk.sweeper._next_hint = 0.0
        await desk.sweep()

    return [
        ("create", desk.room),
        ("describe", lambda: desk.rooms.describe(locator)),
        ("authenticate", lambda: desk.rooms.authenticate(locator, token)),
        ("connect", lambda: desk.connect(locator, token, socket)),
        ("post", lambda: asyncio.gather(*(desk.post(author, one) for one in messages))),
        ("post again", lambda: desk.post(author, messages[0])),
        ("snapshot", lambda: desk.rooms.snapshot(reader)),
        ("record", lambda: desk.record.of(reader)),
        ("open", lambda: desk.open_message(reader, messages[0])),
        ("open again", lambda: desk.open_message(reader, messages[0])),
        ("open another", lambda: desk.open_message(reader, messages[1])),
        ("release", lambda: desk.ask(desk.rooms.release, reader, messages[1].id)),
        ("version", lambda: desk.rooms.version(reader)),
        ("acknowledge", lambda: desk.acknowledge(reader, messages[0])),
        ("withdraw", lambda: desk.ask(desk.rooms.withdraw, author, messages[1].id)),
        ("status", lambda: desk.rooms.status(author, [one.id for one in messages])),
        ("lock", lambda: desk.rooms.lock(author, True)),
        ("resume", lambda: desk.rooms.resume(resume[0])),
        ("disconnect", lambda: desk.rooms.disconnect(reader, socket)),
        ("sweep", hint),
        ("leave", lambda: desk.rooms.leave(reader)),
        ("destroy", lambda: desk.rooms.destroy(author)),
        ("expire", lambda: desk.rooms.expire(name)),
    ]


async def test_no_request_reads_what_it_is_not_about(database_url: str, tmp_path: Path):
    # One connection: what it has read is what the requests have read.
    pool = await open_pool(database_url, size=1, wait_seconds=0)
    try:
        desk = await Desk.open(pool, tmp_path / "keyring")
        for policy in Policy:
            # Plans are made here and kept.
            for _, step in await life(desk, policy):
                await step()
        await fill(desk)
        greedy = {}
        before = await read_so_far(desk)
        await pool.fetchval("SELECT sum(size) FROM messages")
        seen = (await read_so_far(desk))["messages"] - before["messages"]
        assert seen >= ROOMS * MESSAGES, "a whole table that is read must be noticed"
        for policy in Policy:
            for name, step in await life(desk, policy):
                before = await read_so_far(desk)
                await step()
                after = await read_so_far(desk)
                for table in TABLES:
                    count = after[table] - before[table]
                    if count > FAIR:
                        greedy[f"{name} under {policy.name}: {table}"] = count
        assert greedy == {}
        assert desk.faults == []
        await desk.ledger.close()
    finally:
        await pool.close()
