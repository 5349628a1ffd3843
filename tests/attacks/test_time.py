"""What time does to rooms, under load, at its boundaries, and when the clock jumps."""

import asyncio
import os
from contextlib import suppress

import pytest
from support.machines.services import Desk, Message

from ephemeral.protocol.charter import Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import DestroyedEvent, NoticeEvent
from ephemeral.rooms.service import sweeper as sweeping
from ephemeral.rooms.service.estimated_clock import Clock

HOUR = 3_600_000


async def poured(desk: Desk, rooms: int, messages: int) -> None:
    """Rows of so many rooms with so many messages each, all past their time; no seats."""
    await desk.pool.execute(
        """
        WITH r AS (
            INSERT INTO rooms (room, charter, charter_mac, policy, seat_limit, message_ttl,
                               room_ttl, created_at, expires_at)
            SELECT sha256(convert_to(n::text, 'utf8')), decode(repeat('00', 45), 'hex'),
                   decode(repeat('00', 32), 'hex'), 1, 2, 1000, 1000, 0,
                   CASE WHEN n % 2 = 0 THEN clock_ms() ELSE clock_ms() + 3600000 END
            FROM generate_series(1, $1) n RETURNING room),
        m AS (
            INSERT INTO messages (room, id, sequence, author, size, viewing_hash, digest, payload,
                                  everyone, posted_at, expires_at)
            SELECT room, substr(sha256(room || int4send(n)), 1, 16), n, substr(room, 1, 16), 512,
                   room, room, substr(sha256(room || int4send(-n)), 1, 16), false, 0, clock_ms()
            FROM r, generate_series(1, $2) n RETURNING payload),
        p AS (INSERT INTO payloads SELECT payload, '\\x00' FROM m)
        INSERT INTO payload_keys SELECT payload, 1, '\\x00' FROM m
        """,
        rooms,
        messages,
    )


async def until(desk: Desk, question: str) -> None:
    """Wait until the database says yes."""
    async with asyncio.timeout(20):
        while not await desk.pool.fetchval(question):  # noqa: ASYNC110 - the event is a row
            await asyncio.sleep(0)


async def test_a_worker_lives_while_its_sweep_is_stuck(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweeping, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(desk.sweeper, "_interval", 0.01)
    _, author, _ = await desk.pair(message_ttl=60)
    await desk.post(author, Message())
    async with desk.pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM rooms FOR UPDATE")
        # Due, and not to be had: as under a load that takes the sweep minutes.
        await desk.clock.advance(61_000)
        running = asyncio.create_task(desk.sweeper.run())
        waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await until(desk, waiting)
        for _ in range(3):
            await desk.clock.advance(sweeping.ALIVE_MS)
            await until(desk, "SELECT bool_and(alive_until > clock_ms()) FROM workers")
        assert await desk.pool.fetchval(waiting)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_worker_that_sweeps_seldom_lives_all_the_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """SWEEP_SECONDS may be a minute; a worker counts as dead after twenty seconds."""
    monkeypatch.setattr(sweeping, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(desk.sweeper, "_interval", 60)
    running = asyncio.create_task(desk.sweeper.run())
    for _ in range(3):
        await desk.clock.advance(sweeping.ALIVE_MS)
        await until(desk, "SELECT bool_and(alive_until > clock_ms()) FROM workers")
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_heartbeat_that_failed_is_tried_again_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """Else a worker would be taken for dead after three failures instead of twenty seconds."""
    beats = []

    async def failing() -> None:
        beats.append(1)
        raise Refusal("unavailable")

    monkeypatch.setattr(desk.sweeper, "_beat", failing)
    for monotonic in (1e9, 1e9 + 1):
        with pytest.raises(Refusal):
            await desk.sweeper.sweep(monotonic)
    assert len(beats) == 2


async def test_two_workers_sweep_thousands_of_due_rows_while_requests_are_answered(
    desk: Desk, other_desk: Desk
):
    await poured(desk, 300, 20)
    _, author, reader = await desk.pair()
    sweeps = asyncio.gather(desk.sweep(), other_desk.sweep())
    while not sweeps.done():
        message = Message()
        await desk.post(author, message)
        assert (await desk.open_message(reader, message)).envelope == message.envelope
        await desk.acknowledge(reader, message)
    await sweeps
    assert await desk.rows("messages", "payloads", "payload_keys") == {
        "messages": 0, "payloads": 0, "payload_keys": 0,
    }  # fmt: skip
    assert (await desk.rows("rooms"))["rooms"] == 151
    # Whoever destroyed a message told of it, and nobody else did.
    told = [one.id for _, one in desk.hints + other_desk.hints if isinstance(one, DestroyedEvent)]
    assert len(told) == len(set(told))


async def test_a_clock_that_is_set_back_in_the_middle_of_a_sweep_does_not_make_it_spin(desk: Desk):
    await poured(desk, 500, 1)
    now = await desk.pool.fetchval("SELECT clock_ms()")
    await desk.clock.advance(-HOUR)
    async with asyncio.timeout(20):
        await desk.sweeper._settle(now + 2 * HOUR)
        await desk.sweeper._end_rooms(now + 2 * HOUR)
    assert await desk.rows("rooms", "messages") == {"rooms": 500, "messages": 500}
    await desk.clock.advance(HOUR)


async def stop_clock(desk: Desk, time: int) -> None:
    """Let it be exactly this time, and the worker's estimate stand still as well."""
    desk.ledger._batches.clock = Clock(lambda: time)
    await desk.pool.execute(
        f"CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql RETURN {time}::bigint"
    )


async def test_a_message_is_there_until_its_last_millisecond_and_not_longer(desk: Desk):
    start = await desk.pool.fetchval("SELECT clock_ms()")
    await stop_clock(desk, start)
    locator, author, reader = await desk.pair(message_ttl=60, room_ttl=300)
    first, second = Message(), Message()
    for one in (first, second):
        assert (await desk.post(author, one)).expires_at == start + 60_000
    opened = await desk.open_message(reader, first)
    assert opened.lease_until == start + desk.limits.lease

    await stop_clock(desk, start + 59_999)
    _, notices = await desk.rooms.notices(reader)
    assert [one.id for one in notices] == [first.id, second.id]
    assert (await desk.open_message(reader, second)).envelope == second.envelope
    assert [one.state for one in (await desk.rooms.status(author, [first.id, second.id]))[1]] == [
        "opened", "opened",
    ]  # fmt: skip

    await stop_clock(desk, start + 60_000)
    # Nobody has swept. What is leased is over all the same, and everybody says the same of it.
    assert (await desk.rooms.notices(reader))[1] == ()
    assert [one.state for one in (await desk.rooms.status(author, [first.id, second.id]))[1]] == [
        "expired", "expired",
    ]  # fmt: skip
    with pytest.raises(Refusal, match="message_gone") as gone:
        await desk.open_message(reader, first)
    assert gone.value.state == "expired"
    with pytest.raises(Refusal, match="message_gone"):
        await desk.acknowledge(reader, second)
    assert (await desk.post(author, second)).state == "expired"

    standing = (await desk.rooms.describe(locator)).expires_at
    await stop_clock(desk, standing - 1)
    await desk.rooms.describe(locator)
    await stop_clock(desk, standing)
    for refused in (
        desk.rooms.describe(locator),
        desk.rooms.snapshot(reader),
        desk.join(locator),
        desk.post(author, Message()),
        desk.rooms.leave(author),
        desk.rooms.lock(author, True),
    ):
        with pytest.raises(Refusal, match="room_unknown"):
            await refused


async def test_a_lease_ends_on_the_millisecond_and_the_next_reader_gets_it_unswept(desk: Desk):
    locator = await desk.room(seats=3)
    author, one, other = [(await desk.join(locator)).seat for _ in range(3)]
    message = Message()
    await desk.post(author, message)
    opened = await desk.open_message(one, message)
    await stop_clock(desk, opened.lease_until - 1)
    with pytest.raises(Refusal, match="message_leased") as leased:
        await desk.open_message(other, message)
    assert leased.value.retry_after == 1
    await stop_clock(desk, opened.lease_until)
    assert (await desk.open_message(other, message)).envelope == message.envelope


@pytest.mark.parametrize("policy", [Policy.FIRST_VIEW, Policy.EVERYONE])
async def test_polling_does_not_keep_a_room_alive(desk: Desk, policy: Policy):
    locator = await desk.room(policy=policy, room_ttl=3600)
    token = os.urandom(32)
    author = (await desk.join(locator)).seat
    reader = (await desk.join(locator, token=token)).seat
    message, gone = Message(), Message()
    for one in (message, gone):
        await desk.post(author, one)
    await desk.acknowledge(reader, gone)
    ends = (await desk.rooms.describe(locator)).expires_at
    await desk.clock.advance(HOUR // 2)
    wrong = Message(id=message.id)
    for _ in range(3):
        assert await desk.rooms.authenticate(locator, token) == reader
        await desk.connect(locator, token)
        await desk.join(locator, token=token)
        await desk.rooms.notices(reader)
        await desk.rooms.status(author, [message.id])
        await desk.rooms.typing(reader, True)
        await desk.rooms.lock(author, True)
        await desk.rooms.lock(author, False)
        await desk.post(author, message)
        await desk.acknowledge(reader, gone)
        for refused in (
            desk.acknowledge(reader, wrong),
            desk.acknowledge(author, message),
            desk.open_message(author, message),
            desk.open_message(reader, gone),
            desk.post(reader, message),
            desk.post(author, wrong),
        ):
            with pytest.raises(Refusal):
                await refused
    assert (await desk.rooms.describe(locator)).expires_at == ends
    await desk.clock.advance(HOUR // 2 + 1000)
    with pytest.raises(Refusal, match="room_unknown"):
        await desk.rooms.describe(locator)


@pytest.mark.parametrize("policy", [Policy.FIRST_VIEW, Policy.EVERYONE])
async def test_posting_opening_and_viewing_keep_a_room_alive(desk: Desk, policy: Policy):
    locator = await desk.room(policy=policy, message_ttl=86400, room_ttl=3600, seats=3)
    author, reader, _ = [(await desk.join(locator)).seat for _ in range(3)]
    message = Message()
    for use in (
        lambda: desk.post(author, message),
        lambda: desk.open_message(reader, message),
        lambda: desk.acknowledge(reader, message),
    ):
        await desk.clock.advance(HOUR // 2)
        shown = await desk.rooms.describe(locator)
        assert shown.expires_at < shown.now + HOUR
        await use()
        assert (await desk.rooms.describe(locator)).expires_at >= shown.now + HOUR


async def test_who_was_never_in_the_audience_does_not_keep_a_room_alive(desk: Desk):
    locator = await desk.room(policy=Policy.EVERYONE, room_ttl=3600, seats=3)
    author, _ = [(await desk.join(locator)).seat for _ in range(2)]
    message = Message()
    await desk.post(author, message)
    late = (await desk.join(locator)).seat
    ends = (await desk.rooms.describe(locator)).expires_at
    await desk.clock.advance(HOUR // 2)
    for asked in (desk.acknowledge, desk.open_message):
        with pytest.raises(Refusal, match="audience_only"):
            await asked(late, message)
    assert (await desk.rooms.describe(locator)).expires_at == ends


async def test_messages_whose_time_is_over_take_no_room(desk: Desk):
    """Whether they were swept or not: the author of the next one can't know."""
    _, author, reader = await desk.pair(message_ttl=60)
    for _ in range(desk.limits.waiting_messages):
        await desk.post(author, Message())
    with pytest.raises(Refusal, match="room_crowded"):
        await desk.post(author, Message())
    await desk.clock.advance(61_000)
    for _ in range(2):
        assert (await desk.post(author, Message())).state == "stored"
    assert len((await desk.rooms.notices(reader))[1]) == 2


async def test_an_expiry_while_leased_is_expired_for_everybody(desk: Desk):
    _, author, reader = await desk.pair(message_ttl=60)
    message = Message()
    await desk.post(author, message)
    await desk.clock.advance(30_000)
    await desk.sweep()
    await desk.open_message(reader, message)
    await desk.clock.advance(31_000)
    await desk.sweep()
    assert isinstance(desk.hints[-1][1], DestroyedEvent)
    _, (receipt,) = await desk.rooms.status(author, [message.id])
    assert (receipt.state, receipt.viewing) == ("expired", None)
    # It was read in time, but too late to say so: the author is not told of a view.
    with pytest.raises(Refusal, match="message_gone"):
        await desk.acknowledge(reader, message)
    notices = [one for _, one in desk.hints if isinstance(one, NoticeEvent)]
    assert len(notices) == 1
