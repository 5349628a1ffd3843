"""What PostgreSQL samples for its planner: nothing of what a message or a room's rules hold."""

import os
from typing import TYPE_CHECKING

from support.machines.database import Server
from support.machines.services import Desk, Message

from ephemeral.store.migrations import DIRECTORY, migrate, read_migrations
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

# Bytes that queries look rows up by, and what everybody may know. No others may be sampled.
LOOKED_UP = {
    ("payloads", "id"), ("payload_keys", "payload"), ("rooms", "room"), ("workers", "id"),
    ("seats", "room"), ("seats", "member"), ("seats", "token_hash"), ("seats", "resume_hash"),
    ("seats", "profile"), ("seats", "resume_key"), ("seats", "worker"), ("seats", "connection"),
    ("messages", "room"), ("messages", "id"), ("messages", "author"), ("messages", "payload"),
    ("messages", "lease_holder"), ("audience", "room"), ("audience", "message"),
    ("audience", "member"), ("tombstones", "room"), ("tombstones", "tombstone"),
    ("tombstones", "author"), ("deployment", "salt"), ("keyring", "index_fingerprint"),
    ("epochs", "fingerprint"),
}  # fmt: skip


async def sampled(pool: "Pool") -> set[tuple[str, str]]:
    """Tables and columns of bytes of which the database keeps samples."""
    await pool.execute("ANALYZE")
    rows = await pool.fetch(
        """
        SELECT tablename, s.attname FROM pg_stats s
        JOIN pg_attribute a ON a.attrelid = s.tablename::regclass AND a.attname = s.attname
        WHERE schemaname = 'public' AND a.atttypid = 'bytea'::regtype
        """
    )
    return {(row[0], row[1]) for row in rows}


async def kept(pool: "Pool", value: bytes) -> bool:
    """Whether these bytes stand in a sample of whatever column."""
    rows = await pool.fetch(
        "SELECT concat(most_common_vals, histogram_bounds) FROM pg_stats"
        " WHERE schemaname = 'public'"
    )
    return any(value.hex() in row[0] for row in rows)


async def test_nothing_is_sampled_but_what_rows_are_looked_up_by(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    messages = [Message(), Message(), Message(envelope=os.urandom(8_192))]
    for message in messages:
        await desk.post(author, message)
    found = await sampled(desk.pool)
    assert found <= LOOKED_UP
    assert ("messages", "room") in found
    assert await kept(desk.pool, author.room)
    for row in await desk.pool.fetch("SELECT body, wrapped FROM payloads, payload_keys"):
        # In whichever piece of it: a sample is a whole value.
        assert not await kept(desk.pool, row["body"][:200])
        assert not await kept(desk.pool, row["wrapped"])
    for message in messages:
        await desk.open_message(reader, message)
        await desk.acknowledge(reader, message)
    assert await sampled(desk.pool) <= LOOKED_UP
    assert not await kept(desk.pool, messages[0].viewing)


async def test_a_database_from_before_forgets_its_samples(postgres: Server) -> None:
    with postgres.database(migrated=False) as url:
        pool = await open_pool(url, size=2, wait_seconds=0)
        try:
            older, everything = read_migrations(DIRECTORY)[:2], read_migrations(DIRECTORY)
            await migrate(pool, older)
            bodies = [os.urandom(541) for _ in range(40)]
            for body in bodies:
                name = os.urandom(16)
                await pool.execute("INSERT INTO payloads VALUES ($1, $2)", name, body)
                await pool.execute(
                    "INSERT INTO payload_keys VALUES ($1, 1, $2)", name, os.urandom(61)
                )
            assert ("payloads", "body") in await sampled(pool)
            assert any([await kept(pool, body) for body in bodies])
            await migrate(pool, everything)
            assert not any([await kept(pool, body) for body in bodies])
            assert not {("payloads", "body"), ("payload_keys", "wrapped")} & await sampled(pool)
        finally:
            await pool.close()
