"""What a process remembers of rooms is never believed against the database."""

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.machines.services import ENCRYPTION_KEY, Desk, Message

from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows import ledger_rows
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import Room, Seat, StoredEvent
from ephemeral.rooms.service.batches import Batch
from ephemeral.rooms.service.room_cache import IDLE_SECONDS, SIZE_MAX, CachedRoom, RoomCache
from ephemeral.sealing.encryption_key import GivenKeys
from ephemeral.sealing.keyring import accept_loss, make_epoch
from ephemeral.sealing.keyring_files import KeyringDirectory
from ephemeral.store.postgres import connection, transaction


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, match=f"^{code}$")


@pytest.fixture
async def other(desk: Desk, tmp_path: Path) -> Desk:
    """Another process of the same deployment."""
    return await Desk.open(desk.pool, tmp_path / "keyring")


def remembers(desk: Desk) -> int:
    return len(desk.ledger._batches.cache)


async def test_a_message_that_was_answered_elsewhere_is_gone_here(desk: Desk, other: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    assert remembers(desk) == 1
    assert (await other.open_message(reader, message)).envelope == message.envelope
    await other.acknowledge(reader, message)
    with refused("message_gone"):
        await desk.open_message(reader, message)
    assert (await desk.post(author, message)).state == "viewed"


async def test_a_lease_that_began_elsewhere_counts_here(desk: Desk, other: Desk) -> None:
    locator = await desk.room(seats=3)
    author, one, two = [(await desk.join(locator)).seat for _ in range(3)]
    message = Message()
    await desk.post(author, message)
    await other.open_message(one, message)
    with refused("message_leased"):
        await desk.open_message(two, message)


async def test_sequences_go_on_where_another_process_has_left_them(desk: Desk, other: Desk) -> None:
    _, author, reader = await desk.pair()
    receipts = [
        await one.post(seat, Message())
        for _ in range(3)
        for one, seat in ((desk, author), (other, reader), (desk, reader))
    ]
    assert [one.sequence for one in receipts] == list(range(1, 10))


async def test_who_has_left_elsewhere_is_a_stranger_here(desk: Desk, other: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)
    await other.rooms.leave(reader)
    with refused("seat_unknown"):
        await desk.acknowledge(reader, message)


async def test_no_two_changes_by_others_look_the_same(desk: Desk, other: Desk) -> None:
    _, _, reader = await desk.pair()
    with refused("message_unknown"):
        await desk.open_message(reader, Message())
    await other.rooms.leave(reader)
    with refused("seat_unknown"):
        await desk.open_message(reader, Message())


async def test_a_room_that_was_made_again_is_another(desk: Desk, other: Desk) -> None:
    locator, author, _ = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await other.rooms.destroy(author)
    charter = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 3600, 86_400)
    await other.rooms.create(locator, charter.encode(), bytes(32))
    with refused("seat_unknown"):
        await desk.post(author, message)
    again = (await other.join(locator)).seat
    assert (await desk.post(again, message)).fresh


async def test_what_was_not_committed_is_not_remembered(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    first, second = Message(), Message()
    await desk.post(author, first)
    await desk.pool.execute("ALTER TABLE payloads ADD CONSTRAINT full_disk CHECK (false) NOT VALID")
    with refused("internal"):
        await desk.post(author, second)
    desk.faults.clear()
    with refused("message_unknown"):
        await desk.open_message(reader, second)
    await desk.pool.execute("ALTER TABLE payloads DROP CONSTRAINT full_disk")
    receipt = await desk.post(author, second)
    assert (receipt.fresh, receipt.sequence) == (True, 2)
    assert await desk.rows("messages", "payloads") == {"messages": 2, "payloads": 2}


async def test_a_room_counts_as_crowded_only_after_its_messages_were_counted(
    desk: Desk, tmp_path: Path
) -> None:
    small = await Desk.open(desk.pool, tmp_path / "keyring", Limits(waiting_messages=2))
    _, author, _ = await small.pair(message_ttl=60)
    for _ in range(2):
        await small.post(author, Message())
    with refused("room_crowded"):
        await small.post(author, Message())
    # Nobody has swept what has expired since.
    await small.clock.advance(61_000)
    for _ in range(2):
        await small.post(author, Message())
    with refused("room_crowded"):
        await small.post(author, Message())


async def test_a_batch_of_everything_leaves_what_one_by_one_would(desk: Desk) -> None:
    for policy in Policy:
        _, author, reader = await desk.pair(policy=policy)
        message, gone = Message(), Message()
        outcomes = await asyncio.gather(
            desk.post(author, message),
            desk.open_message(reader, message),
            desk.post(author, gone),
            desk.open_message(reader, gone),
            desk.acknowledge(reader, gone),
            desk.post(author, gone),
        )
        assert outcomes[1].envelope == message.envelope
        assert outcomes[5].state == "viewed"
        row = await desk.pool.fetchrow(
            "SELECT id, lease_until IS NOT NULL AS held FROM messages WHERE room = $1", author.room
        )
        assert row["id"] == message.id
        assert row["held"] == (policy == Policy.FIRST_VIEW)
        again = await asyncio.gather(desk.open_message(reader, message))
        assert again[0].lease_until == outcomes[1].lease_until


async def test_an_envelope_is_forgotten_with_its_message(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)
    remembered = desk.ledger._batches.cache.take(author.room)
    assert remembered is not None
    assert remembered.envelopes == {message.id: message.envelope}
    desk.ledger._batches.cache.keep(remembered)
    await desk.acknowledge(reader, message)
    remembered = desk.ledger._batches.cache.take(author.room)
    assert remembered is not None
    assert (remembered.envelopes, remembered.messages) == ({}, {})


async def test_a_message_that_was_given_up_by_its_operator_is_gone_here(
    desk: Desk, tmp_path: Path
) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    directory = KeyringDirectory(tmp_path / "keyring")
    directory.remove(desk.keyring.current.id)
    async with connection(desk.pool) as one:
        loss = await accept_loss(one, directory, GivenKeys(ENCRYPTION_KEY))
    assert loss.payloads == 1
    with refused("message_unknown"):
        await desk.open_message(reader, message)


async def test_a_quiet_room_is_forgotten_and_served_from_the_database(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    for rounds in (1, 2):
        desk.ledger.age(rounds * IDLE_SECONDS + asyncio.get_running_loop().time())
    assert remembers(desk) == 0
    assert (await desk.open_message(reader, message)).envelope == message.envelope


def test_rooms_that_are_remembered_take_bounded_memory() -> None:
    cache = RoomCache()
    for number in range(2 * SIZE_MAX // 4096):
        cache.keep(CachedRoom(Room(number.to_bytes(32), 1, 1, 1, 0, 1), number))
        assert cache._size <= SIZE_MAX
    assert len(cache) > 0
    assert cache.take((number).to_bytes(32)) is not None
    size = cache._size
    cache.age(IDLE_SECONDS)
    cache.age(2 * IDLE_SECONDS)
    assert (len(cache), cache._size, size > 0) == (0, 0, True)


async def test_a_value_of_another_size_is_refused_before_it_moves_others(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"another size"):
        await transaction(
            desk.pool, lambda one: ledger_rows.lock(one, [bytes(32), os.urandom(31)], {})
        )


async def test_each_lease_ends_in_its_own_time(desk: Desk) -> None:
    for policy in Policy:
        _, author, reader = await desk.pair(policy=policy)
        early, late = Message(), Message()
        for message in (early, late):
            await desk.post(author, message)
        await desk.open_message(reader, early)
        await desk.clock.advance(desk.limits.lease // 2)
        await desk.open_message(reader, late)
        ended = []
        for _ in range(3):
            await desk.sweep()
            ended.append([one.id for _, one in desk.hints if isinstance(one, StoredEvent)])
            await desk.clock.advance(desk.limits.lease // 2)
        assert ended == [[], [early.id], [early.id, late.id]]
        assert await desk.pool.fetchval("SELECT count(*) FROM rooms WHERE lease_due > 0") == 0
        desk.hints.clear()


def ways(desk: Desk) -> "Counter[str]":
    """How the batches of a worker were written, counted from now on."""
    counted: Counter[str] = Counter()
    settled = desk.ledger._settled

    async def noted(batch: Batch, *, at_once: bool) -> bool:
        done = await settled(batch, at_once=at_once)
        counted[("at_once" if at_once else "in_transaction") if done else "in vain"] += 1
        return done

    desk.ledger._settled = noted
    return counted


async def lively(desk: Desk, **room: Any) -> tuple[Seat, Seat]:
    """Author and reader of a room in which something has happened a moment ago."""
    _, author, reader = await desk.pair(**room)
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)
    await desk.acknowledge(reader, message)
    return author, reader


async def test_a_lively_room_is_written_in_one_statement_each(desk: Desk) -> None:
    author, reader = await lively(desk)
    counted = ways(desk)
    message = Message()
    assert (await desk.post(author, message)).fresh
    assert not (await desk.post(author, message)).fresh
    opened = await desk.open_message(reader, message)
    assert opened.envelope == message.envelope
    assert (await desk.acknowledge(reader, message)).state == "viewed"
    assert counted == {"at_once": 4}
    # What became of it has to be looked up.
    assert (await desk.post(author, message)).state == "viewed"
    assert counted == {"at_once": 4, "in vain": 1, "in_transaction": 1}
    assert await desk.rows("messages", "payloads", "payload_keys", "tombstones") == {
        "messages": 0, "payloads": 0, "payload_keys": 0, "tombstones": 2,
    }  # fmt: skip


async def test_a_room_that_another_has_changed_is_not_decided_at_once(
    desk: Desk, other: Desk
) -> None:
    _, author, reader = await desk.pair()
    message, another = Message(), Message()
    await desk.post(author, message)
    await other.open_message(reader, message)
    counted = ways(desk)
    # A batch of two rooms, of which one has changed: both are decided anew.
    _, third, _ = await desk.pair()
    await desk.post(third, Message())
    counted.clear()
    receipts = await asyncio.gather(desk.post(author, another), desk.post(third, another))
    assert [one.fresh for one in receipts] == [True, True]
    assert counted["in vain"] == 1
    assert await desk.rows("messages", "payloads") == {"messages": 4, "payloads": 4}


async def test_a_clock_that_was_moved_is_noticed_before_anything_is_decided_by_it(
    desk: Desk,
) -> None:
    author, reader = await lively(desk, message_ttl=60)
    message = Message()
    await desk.post(author, message)
    await desk.clock.advance(61_000)
    counted = ways(desk)
    with refused("message_gone"):
        await desk.open_message(reader, message)
    assert counted == {"in vain": 1, "in_transaction": 1}


async def test_what_is_decided_at_once_keeps_its_epoch(desk: Desk) -> None:
    """Until it is committed: whoever ends the epoch waits for it."""
    _, author, _ = await desk.pair()
    await desk.post(author, Message())
    counted = ways(desk)
    async with desk.pool.acquire() as one, one.transaction():
        await one.execute("UPDATE epochs SET state = 'retiring' WHERE state = 'current'")
        late = asyncio.create_task(desk.post(author, Message()))
        await until_it_waits(desk, late)
        await one.execute("UPDATE epochs SET state = 'current'")
    assert (await late).fresh
    assert counted["at_once"] == 1


async def test_what_is_decided_at_once_is_under_the_epoch_that_is_current(desk: Desk) -> None:
    """Another process has made one; the old one isn't over yet."""
    author, _ = await lively(desk)
    old = desk.keyring.current.id
    keyring = desk.keyring
    async with desk.pool.acquire() as one:
        assert await make_epoch(one, keyring.directory, keyring.source, os.urandom, replacing=old)
    counted = ways(desk)
    await desk.post(author, Message())
    assert counted == {"in vain": 1, "in_transaction": 1}
    assert await desk.pool.fetchval("SELECT bool_and(epoch > $1) FROM payload_keys", old)


async def test_nobody_is_refused_at_once_for_what_has_expired(desk: Desk, tmp_path: Path) -> None:
    small = await Desk.open(desk.pool, tmp_path / "keyring", Limits(waiting_messages=6))
    author, _ = await lively(small, message_ttl=60)
    for _ in range(2):
        await small.post(author, Message())
    await small.clock.advance(61_000)
    # What another room does tells the process what time it is.
    await lively(small)
    counted = ways(small)
    posts = await asyncio.gather(*(small.post(author, Message()) for _ in range(5)))
    assert all(one.fresh for one in posts)
    assert counted == {"in vain": 1, "in_transaction": 1}


async def until_it_waits(desk: Desk, task: "asyncio.Task[Any]") -> None:
    """Until somebody waits for a lock, which is to be `task`."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while not task.done() and not await desk.pool.fetchval(waiting):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert not task.done()


@pytest.mark.parametrize(
    "other_statement",
    [
        # Not a change of the room: a key that is wrapped anew, a row that is written as it was.
        "UPDATE payload_keys SET wrapped = wrapped",
        "UPDATE rooms SET locked = locked",
        "UPDATE messages SET size = size",
        "UPDATE payloads SET body = body",
    ],
)
async def test_what_is_decided_at_once_holds_for_rows_that_others_wrote_meanwhile(
    desk: Desk, other_statement: str
) -> None:
    author, reader = await lively(desk)
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)
    counted = ways(desk)
    async with desk.pool.acquire() as one, one.transaction():
        await one.execute(other_statement)
        late = asyncio.create_task(desk.acknowledge(reader, message))
        await until_it_waits(desk, late)
    assert (await late).state == "viewed"
    assert counted == {"at_once": 1}
    assert await desk.rows("messages", "payloads", "payload_keys", "tombstones") == {
        "messages": 0, "payloads": 0, "payload_keys": 0, "tombstones": 2,
    }  # fmt: skip
    again = Message()
    assert (await desk.post(author, again)).sequence == 3
