"""Epochs end: survivors are wrapped anew, and the key of everything else is destroyed."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from support.machines.services import ENCRYPTION_KEY, EPOCH_MS, Desk, Message

from ephemeral.rooms.rules.room import Seat
from ephemeral.sealing import epoch_rows
from ephemeral.sealing.encryption_key import EncryptionKeys, GivenKeys
from ephemeral.sealing.epochs import LACKING, MEMORY_SECONDS, OPENED, OVERDUE
from ephemeral.sealing.key_rotation import rotate_encryption_key
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.sealing.seals import EpochKey, KeyringUnusable, SealBroken, unwrap, wrap
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection

KEYS = EncryptionKeys(bytes.fromhex(ENCRYPTION_KEY))


@asynccontextmanager
async def host(desk: Desk, database_url: str) -> AsyncIterator[Desk]:
    """Another host of the same deployment."""
    pool = await open_pool(database_url, size=8, wait_seconds=0)
    try:
        opened = await Desk.open(pool, directory(desk).path)
        opened.clock = desk.clock
        yield opened
        await opened.ledger.close()
        assert opened.faults == []
    finally:
        await pool.close()


@pytest.fixture
async def plain(database_url: str) -> "AsyncIterator[Connection]":
    """A connection of the test's own."""
    connected = await asyncpg.connect(database_url)
    yield connected
    await connected.close()


def directory(desk: Desk) -> KeyringDirectory:
    return desk.keyring.directory


def now() -> float:
    return asyncio.get_running_loop().time()


async def states(desk: Desk) -> dict[int, str]:
    return {row["id"]: row["state"] for row in await desk.pool.fetch("SELECT * FROM epochs")}


async def end_epoch(desk: Desk) -> None:
    await desk.clock.advance(EPOCH_MS)
    await desk.keep_epochs()


async def read_all(desk: Desk, reader: Seat, messages: list[Message]) -> None:
    for message in messages:
        assert (await desk.open_message(reader, message)).envelope == message.envelope


async def assert_in_order(desk: Desk) -> int:
    """One epoch, with its key file and everything stored under it; which it is."""
    assert set((await states(desk)).values()) == {"current"}
    [epoch] = await states(desk)
    assert directory(desk).epochs() == [epoch]
    under = await desk.pool.fetch("SELECT DISTINCT epoch FROM payload_keys")
    assert [row["epoch"] for row in under] in ([], [epoch])
    return epoch


# What an end is


async def test_survivors_are_wrapped_anew_and_the_old_key_is_destroyed(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    messages = [Message() for _ in range(400)]
    for message in messages:
        await desk.post(author, message)
    first = await assert_in_order(desk)
    old = desk.keyring.current
    await end_epoch(desk)
    second = await assert_in_order(desk)
    assert second != first
    assert desk.keyring.current.id == second
    for row in await desk.pool.fetch("SELECT payload, wrapped FROM payload_keys"):
        with pytest.raises(SealBroken):
            unwrap(EpochKey(second, old.key), row["payload"], row["wrapped"])
    await read_all(desk, reader, messages)


async def test_before_its_time_an_epoch_does_not_end(desk: Desk) -> None:
    first = await assert_in_order(desk)
    await desk.clock.advance(EPOCH_MS - 60_000)
    await desk.keep_epochs()
    assert await assert_in_order(desk) == first


async def test_only_narrow_rows_are_rewritten(desk: Desk) -> None:
    _, author, _ = await desk.pair()
    for _ in range(50):
        await desk.post(author, Message(envelope=os.urandom(65_536)))
    # Of the rows alone: a map of free space may come beside them at any time.
    bodies = """
        SELECT id, b.xmin::text, b.ctid::text, pg_relation_size(c.oid),
               pg_relation_size(c.reltoastrelid)
        FROM payloads b, pg_class c WHERE c.oid = 'payloads'::regclass ORDER BY id
    """
    keys = "SELECT payload, xmin::text FROM payload_keys ORDER BY payload"
    before, wrapped = await desk.pool.fetch(bodies), await desk.pool.fetch(keys)
    await end_epoch(desk)
    assert await desk.pool.fetch(bodies) == before
    rewrapped = await desk.pool.fetch(keys)
    assert len(rewrapped) == len(wrapped) == 50
    assert not set(rewrapped) & set(wrapped)


async def test_profiles_and_resume_secrets_survive_too(desk: Desk) -> None:
    locator = await desk.room()
    token, key = os.urandom(32), os.urandom(32)
    profile = os.urandom(256)
    seat = (await desk.join(locator, profile=profile, resume=(token, key))).seat
    await end_epoch(desk)
    assert (await desk.rooms.snapshot(seat)).members[0].profile == profile
    assert await desk.rooms.resume(token) == (key, 0)


async def test_what_is_posted_opened_and_destroyed_across_epochs_is_itself(desk: Desk) -> None:
    _, author, reader = await desk.pair(message_ttl=86_400)
    kept: list[Message] = []
    for _ in range(4):
        old, fresh = Message(), Message()
        await desk.post(author, old)
        await desk.post(author, fresh)
        await end_epoch(desk)
        await read_all(desk, reader, [old])
        assert (await desk.acknowledge(reader, old)).state == "viewed"
        kept.append(fresh)
    await read_all(desk, reader, kept)
    await assert_in_order(desk)


async def test_a_clock_that_was_set_back_makes_no_epoch_longer(desk: Desk) -> None:
    first = await assert_in_order(desk)
    await desk.clock.advance(-5_000)
    await desk.keep_epochs()
    second = await assert_in_order(desk)
    assert second != first
    await desk.keep_epochs()
    assert await assert_in_order(desk) == second


async def test_a_start_ends_what_ended_while_nobody_ran(desk: Desk, database_url: str) -> None:
    first = await assert_in_order(desk)
    await desk.clock.advance(50 * EPOCH_MS)
    async with host(desk, database_url) as started:
        assert await assert_in_order(started) != first
        assert started.epochs.alarm(now()) is None


# Under way


async def test_an_insert_under_way_is_waited_for_and_its_payload_survives(
    desk: Desk, plain: "Connection"
) -> None:
    first = desk.keyring.current
    payload, data_key = os.urandom(16), os.urandom(32)
    async with plain.transaction():
        assert await epoch_rows.hold_current_epoch(plain, first.id)
        await desk.clock.advance(EPOCH_MS)
        ending = asyncio.create_task(desk.keep_epochs())
        while not await desk.pool.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))",
            plain.get_server_pid(),
        ):
            assert not ending.done()
        wrapped = wrap(first, payload, data_key, os.urandom)
        await plain.execute(
            "INSERT INTO payload_keys VALUES ($1, $2, $3)", payload, first.id, wrapped
        )
    await ending
    second = await assert_in_order(desk)
    row = await plain.fetchrow("DELETE FROM payload_keys RETURNING epoch, wrapped")
    assert row is not None
    assert row["epoch"] == second != first.id
    assert unwrap(desk.keyring.key(second), payload, row["wrapped"]) == data_key


async def test_a_message_that_is_being_destroyed_is_not_brought_back(
    desk: Desk, plain: "Connection"
) -> None:
    """Its key is left alone, and its epoch stays until the destruction has been committed."""
    _, author, reader = await desk.pair()
    going, staying = Message(), Message()
    await desk.post(author, going)
    await desk.post(author, staying)
    first = await assert_in_order(desk)
    async with plain.transaction():
        payload = await plain.fetchval(
            "DELETE FROM messages WHERE id = $1 RETURNING payload", going.id
        )
        await plain.execute("DELETE FROM payload_keys WHERE payload = $1", payload)
        await plain.execute("DELETE FROM payloads WHERE id = $1", payload)
        await end_epoch(desk)
        assert (await states(desk))[first] == "retiring"
        assert directory(desk).holds(first)
        await read_all(desk, reader, [staying])
    await desk.keep_epochs()
    await assert_in_order(desk)
    assert await desk.rows("payload_keys") == {"payload_keys": 1}


async def test_a_destruction_that_is_undone_leaves_a_survivor(
    desk: Desk, plain: "Connection"
) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    undone = plain.transaction()
    await undone.start()
    await plain.execute("DELETE FROM payload_keys")
    await end_epoch(desk)
    await undone.rollback()
    assert len(await states(desk)) == 2
    await desk.keep_epochs()
    await assert_in_order(desk)
    await read_all(desk, reader, [message])


async def test_an_epoch_with_a_survivor_cannot_be_recorded_as_destroyed(desk: Desk) -> None:
    _, author, _ = await desk.pair()
    await desk.post(author, Message())
    first = desk.keyring.current.id
    await desk.pool.execute("UPDATE epochs SET state = 'retiring'")
    async with desk.pool.acquire() as connection:
        assert not await epoch_rows.destroy_epoch(connection, first)
        await connection.execute("UPDATE payload_keys SET epoch = epoch + 1")
        assert await epoch_rows.destroy_epoch(connection, first)
        await connection.execute("UPDATE payload_keys SET epoch = epoch - 1")
        await connection.execute("UPDATE epochs SET state = 'current'")
        assert not await epoch_rows.destroy_epoch(connection, first)


async def test_a_damaged_key_keeps_no_epoch_alive_and_is_told_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    _, author, reader = await desk.pair()
    good, bad = Message(), Message()
    await desk.post(author, good)
    await desk.post(author, bad)
    damaged = await desk.pool.fetchval("SELECT payload FROM messages WHERE id = $1", bad.id)
    await desk.pool.execute(
        "UPDATE payload_keys SET wrapped = set_byte(wrapped, 40, 1 - get_byte(wrapped, 40) % 2) "
        "WHERE payload = $1",
        damaged,
    )
    await end_epoch(desk)
    await assert_in_order(desk)
    assert "Damaged: 1 stored payload, which" in caplog.text
    await read_all(desk, reader, [good])


async def test_an_exchanged_key_file_destroys_nothing(
    desk: Desk, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A host that finds another key under the name of the old epoch takes no row for damaged."""
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    first = desk.keyring.current
    async with host(desk, database_url) as other:
        await desk.clock.advance(EPOCH_MS)
        await other.epochs._follow()
        directory(desk).write(first.id, os.urandom(32), KEYS, os.urandom)
        other.keyring.forget(first.id)
        await other.keep_epochs()
        assert f"epoch-{first.id}.key isn't the key of this database." in caplog.text
        assert (await states(desk))[first.id] == "retiring"
        directory(desk).write(first.id, first.key, KEYS, os.urandom)
        await other.keep_epochs()
        await assert_in_order(desk)
        await read_all(other, reader, [message])


@pytest.mark.parametrize("exchanged", [False, True])
async def test_the_old_key_stays_while_the_new_one_is_in_memory_alone(
    desk: Desk, exchanged: bool
) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    first = desk.keyring.current.id
    await desk.clock.advance(EPOCH_MS)
    await desk.epochs._follow()
    second = desk.keyring.current
    rows = await desk.epochs._read()
    directory(desk).remove(second.id)
    if exchanged:
        directory(desk).write(second.id, os.urandom(32), KEYS, os.urandom)
    with pytest.raises(KeyringUnusable, match=rf"epoch-{second.id}\.key"):
        await desk.epochs._collect(rows[1][0])
    assert (await states(desk))[first] == "retiring"
    assert directory(desk).holds(first)
    directory(desk).write(second.id, second.key, KEYS, os.urandom)
    await desk.keep_epochs()
    await assert_in_order(desk)
    await read_all(desk, reader, [message])


# Several hosts


async def test_another_host_follows_and_neither_notices(desk: Desk, database_url: str) -> None:
    async with host(desk, database_url) as other:
        _, author, reader = await desk.pair()
        for here, there in ((desk, other), (other, desk), (desk, other)):
            early, late = Message(), Message()
            await there.post(author, early)
            await end_epoch(here)
            # The other one has not had a round yet.
            await there.post(author, late)
            await read_all(there, reader, [early, late])
            assert there.keyring.current.id == here.keyring.current.id
            await there.keep_epochs()
            await assert_in_order(there)


async def test_hosts_that_end_an_epoch_at_once_under_load_lose_nothing(
    desk: Desk, database_url: str
) -> None:
    async with host(desk, database_url) as second, host(desk, database_url) as third:
        hosts = [desk, second, third]
        pairs = [await desk.pair(message_ttl=86_400) for _ in range(3)]
        kept: list[list[Message]] = [[] for _ in pairs]
        over = asyncio.Event()

        async def talk(number: int) -> None:
            _, author, reader = pairs[number]
            turn = number
            while not over.is_set():
                turn += 1
                going, staying = Message(), Message()
                await hosts[turn % 3].post(author, going)
                # A room holds 500.
                if len(kept[number]) < 400:
                    await hosts[(turn + 1) % 3].post(author, staying)
                    kept[number].append(staying)
                await read_all(hosts[(turn + 2) % 3], reader, [going])
                await hosts[turn % 3].acknowledge(reader, going)

        async with asyncio.TaskGroup() as group:
            for number in range(len(pairs)):
                group.create_task(talk(number))
            for _ in range(8):
                before = desk.keyring.current.id
                await desk.clock.advance(EPOCH_MS)
                while desk.keyring.current.id == before:
                    await asyncio.gather(*(one.keep_epochs() for one in hosts))
            over.set()
        for one in hosts:
            await one.keep_epochs()
        await assert_in_order(desk)
        for (_, _, reader), messages in zip(pairs, kept, strict=True):
            await read_all(second, reader, messages)


async def test_while_another_makes_keys_there_is_no_waiting(desk: Desk) -> None:
    first = await assert_in_order(desk)
    await desk.clock.advance(EPOCH_MS)
    with directory(desk).locked():
        await desk.keep_epochs()
        assert await assert_in_order(desk) == first
    await desk.keep_epochs()
    assert await assert_in_order(desk) != first


async def test_a_host_without_the_current_key_is_not_ready_and_replaces_nothing(
    desk: Desk, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with host(desk, database_url) as other:
        path = directory(desk).path
        await desk.clock.advance(EPOCH_MS)
        await desk.epochs._follow()
        name = directory(desk).name(desk.keyring.current.id)
        (path / name).rename(path / "elsewhere")
        await other.clock.advance(EPOCH_MS)
        for _ in range(3):
            await other.keep_epochs()
        assert other.epochs.alarm(now()) == LACKING
        assert caplog.text.count(f"{name} is missing") == 1
        assert await desk.pool.fetchval("SELECT max(id) FROM epochs") == desk.keyring.current.id
        (path / "elsewhere").rename(path / name)
        await other.keep_epochs()
        assert other.epochs.alarm(now()) is None
        await desk.keep_epochs()


# Files


async def test_a_current_key_whose_file_is_lost_is_replaced_while_somebody_knows_it(
    desk: Desk,
) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    first = await assert_in_order(desk)
    directory(desk).remove(first)
    await desk.keep_epochs()
    assert await assert_in_order(desk) != first
    assert desk.epochs.alarm(now()) is None
    await read_all(desk, reader, [message])


async def test_a_vanished_volume_is_told_and_nothing_is_made_in_its_place(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    first = await assert_in_order(desk)
    path = directory(desk).path
    path.rename(path.with_name("elsewhere"))
    path.mkdir(mode=0o700)
    await end_epoch(desk)
    assert desk.epochs.alarm(now()) == LACKING
    assert "index.key is missing from" in caplog.text
    assert directory(desk).stored() == []
    for left in path.iterdir():
        left.unlink()
    path.rmdir()
    path.with_name("elsewhere").rename(path)
    await desk.keep_epochs()
    assert desk.epochs.alarm(now()) is None
    assert await assert_in_order(desk) != first


async def test_a_file_without_a_row_goes_after_an_epoch_and_not_before(desk: Desk) -> None:
    """A maker was killed before its row was committed."""
    async with desk.pool.acquire() as connection:
        stray = await epoch_rows.next_epoch_id(connection)
    directory(desk).write(stray, os.urandom(32), KEYS, os.urandom)
    await desk.keep_epochs()
    assert directory(desk).holds(stray)
    await end_epoch(desk)
    await assert_in_order(desk)


async def test_the_file_of_a_later_database_is_no_stray_but_an_alarm(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = desk.keyring.current.id + 100
    directory(desk).write(foreign, os.urandom(32), KEYS, os.urandom)
    for _ in range(3):
        await end_epoch(desk)
    assert directory(desk).holds(foreign)
    assert desk.epochs.alarm(now() + desk.clock.ahead / 1000 + 1) == OVERDUE
    await desk.epochs.watch(now() + desk.clock.ahead / 1000 + 1)
    assert f"epoch-{foreign}.key is older than two epochs" in caplog.text


async def test_a_key_that_is_being_made_is_no_stray(
    desk: Desk, database_url: str, plain: "Connection"
) -> None:
    """Even when the clocks of the database and of the files are far apart."""
    await desk.clock.advance(1000 * EPOCH_MS)
    await desk.keep_epochs()
    current = await assert_in_order(desk)
    async with plain.transaction():
        await epoch_rows.lock_keyring(plain)
        making = await epoch_rows.next_epoch_id(plain)
        directory(desk).write(making, os.urandom(32), KEYS, os.urandom)
        looking = asyncio.create_task(desk.keep_epochs())
        while not await desk.pool.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))",
            plain.get_server_pid(),
        ):
            assert not looking.done()
        await epoch_rows.retire_current_epoch(plain)
        await epoch_rows.insert_current_epoch(plain, making, bytes(8))
    await looking
    assert directory(desk).holds(making)
    assert (await states(desk))[current] == "retiring"


async def test_copies_that_a_killed_rotation_left_go_with_the_key(desk: Desk) -> None:
    path = directory(desk).path
    first = await assert_in_order(desk)
    left = path / f".epoch-{first}.key.tmp"
    left.write_bytes((path / f"epoch-{first}.key").read_bytes())
    await end_epoch(desk)
    await assert_in_order(desk)
    assert not left.exists()


async def test_an_encryption_key_is_exchanged_between_and_during_epochs(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    new = GivenKeys("a5" * 32, ENCRYPTION_KEY)
    await desk.clock.advance(EPOCH_MS)
    await desk.epochs._follow()
    assert len(await states(desk)) == 2
    assert rotate_encryption_key(directory(desk), new, os.urandom).rewrapped == 3
    desk.keyring.source = new
    await desk.keep_epochs()
    assert directory(desk).read(await assert_in_order(desk), GivenKeys("a5" * 32))
    await read_all(desk, reader, [message])


# The alarm


async def test_a_key_that_outlives_two_epochs_is_an_alarm_until_it_is_destroyed(
    desk: Desk, plain: "Connection", caplog: pytest.LogCaptureFixture
) -> None:
    _, author, _ = await desk.pair()
    await desk.post(author, Message())
    first = await assert_in_order(desk)
    start = now()
    async with plain.transaction():
        # A transaction that never ends holds a survivor.
        await plain.execute("SELECT FROM payload_keys FOR UPDATE")
        await desk.clock.advance(EPOCH_MS)
        await desk.epochs.advance(start)
        assert desk.epochs.alarm(start) is None
        await desk.clock.advance(EPOCH_MS)
        await desk.epochs.advance(start)
        for _ in range(3):
            await desk.epochs.watch(now() + 1)
        assert desk.epochs.alarm(now() + 1) == OVERDUE
        assert caplog.text.count(f"epoch-{first}.key is older than two epochs.") == 1
    await desk.epochs.advance(now())
    assert desk.epochs.alarm(now() + 1) is None
    await desk.epochs.watch(now())
    assert "Every key that had to be destroyed has been." in caplog.text
    await assert_in_order(desk)


async def test_rounds_that_hang_are_an_alarm_too(desk: Desk) -> None:
    """By the monotonic clock, for nobody looks at the database any more."""
    start = now()
    await desk.epochs.advance(start)
    assert desk.epochs.alarm(start + 2 * EPOCH_MS / 1000 - 10) is None
    assert desk.epochs.alarm(start + 2 * EPOCH_MS / 1000 + 1) == OVERDUE


async def test_a_clock_that_was_set_back_silences_no_alarm(desk: Desk, plain: "Connection") -> None:
    _, author, _ = await desk.pair()
    await desk.post(author, Message())
    start = now()
    await desk.epochs.advance(start)
    async with plain.transaction():
        await plain.execute("SELECT FROM payload_keys FOR UPDATE")
        await desk.clock.advance(-EPOCH_MS)
        later = start + 2 * EPOCH_MS / 1000 + 1
        await desk.epochs.advance(later)
        assert desk.epochs.alarm(later) == OVERDUE


async def test_keys_that_cannot_be_made_are_told_once_and_then_an_alarm(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    path = directory(desk).path
    hidden = path.with_name("hidden index")
    (path / "index.key").rename(hidden)
    await desk.clock.advance(2 * EPOCH_MS + 1000)
    for _ in range(3):
        await desk.keep_epochs()
    assert caplog.text.count("index.key is missing") == 1
    assert desk.epochs.alarm(now() + desk.clock.ahead / 1000 + 1) == OVERDUE
    hidden.rename(path / "index.key")
    await desk.keep_epochs()
    assert desk.epochs.alarm(now()) is None
    await assert_in_order(desk)


async def test_a_directory_that_is_opened_to_others_is_told_until_it_is_closed_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """The start would refuse it. Who made it so is told while it can still be mended."""
    path = directory(desk).path
    path.chmod(0o750)
    for _ in range(3):
        await desk.keep_epochs()
        assert desk.epochs.alarm(now()) == OPENED
    path.chmod(0o700)
    for _ in range(3):
        await desk.keep_epochs()
        assert desk.epochs.alarm(now()) is None
    said = f"KEYRING_DIR {path} is open to others than its owner: run `chmod 700 {path}`."
    assert caplog.messages == [said, f"This is over: {said}"]


async def test_a_directory_that_can_t_be_read_any_more_is_told_and_is_no_fault(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner or mode was changed, or its volume went away."""
    path = directory(desk).path

    looked = Path.stat

    def refused(one: Path, **options: bool) -> os.stat_result:
        if one.is_relative_to(path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(one))
        return looked(one, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", refused)
        for _ in range(3):
            await desk.keep_epochs()
        assert desk.epochs.alarm(now()) == f"{LACKING[:-1]}: Permission denied."
        assert caplog.messages
        assert len(set(caplog.messages)) == len(caplog.messages)
        assert {one.rpartition(": ")[2] for one in caplog.messages} == {"Permission denied."}
    begun = list(caplog.messages)
    await desk.keep_epochs()
    assert desk.epochs.alarm(now()) is None
    assert set(caplog.messages[len(begun) :]) == {f"This is over: {one}" for one in begun}


# Memory


async def test_destroyed_keys_leave_the_memory_when_no_transaction_needs_them(desk: Desk) -> None:
    start = now()
    first = desk.keyring.current.id
    await desk.clock.advance(EPOCH_MS)
    await desk.epochs.advance(start)
    assert desk.keyring.known == (first, desk.keyring.current.id)
    await desk.epochs.advance(start + MEMORY_SECONDS - 1)
    assert first in desk.keyring.known
    await desk.epochs.advance(start + MEMORY_SECONDS + 1)
    assert desk.keyring.known == (desk.keyring.current.id,)


def test_rows_that_a_transaction_has_seen_can_be_opened_until_it_ends() -> None:
    """A transaction may idle for 30 seconds between statements that take 15."""
    assert MEMORY_SECONDS >= 60
