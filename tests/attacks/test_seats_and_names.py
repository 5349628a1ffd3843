"""Credentials used twice, seats and rooms taken at the same moment."""

import asyncio
import os

import pytest
from support.machines.services import Desk, Message

from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.room import ClosedEvent

DAY = 86_400_000


def charter() -> tuple[bytes, bytes]:
    made = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 3600, 3600)
    return made.encode(), made.mac(os.urandom(32))


async def test_of_twenty_who_make_an_expired_room_anew_one_wins_and_is_not_replaced(desk: Desk):
    for _ in range(5):
        locator = await desk.room(room_ttl=3600)
        await desk.clock.advance(DAY)
        charters = [charter() for _ in range(20)]
        outcomes = await asyncio.gather(
            *(desk.rooms.create(locator, *one) for one in charters), return_exceptions=True
        )
        codes = [one.code for one in outcomes if isinstance(one, Refusal)]
        assert codes == ["room_exists"] * 19
        [winner] = [one for one in outcomes if not isinstance(one, BaseException)]
        standing = await desk.rooms.describe(locator)
        assert (standing.charter, standing.mac) == (winner[0].charter, winner[0].mac)


async def test_a_room_made_anew_keeps_its_members_when_the_first_request_is_repeated(desk: Desk):
    locator = await desk.room(room_ttl=3600)
    await desk.clock.advance(DAY)
    made = charter()

    async def make_and_join() -> None:
        await desk.rooms.create(locator, *made)
        await desk.join(locator)

    await asyncio.gather(
        make_and_join(), *(desk.rooms.create(locator, *made) for _ in range(10)), make_and_join()
    )
    assert (await desk.rooms.describe(locator)).seats_taken == 2


async def test_who_listens_to_a_room_that_is_made_anew_is_told_that_the_old_one_ended(desk: Desk):
    locator = await desk.room(room_ttl=3600)
    name = (await desk.join(locator)).seat.room
    await desk.clock.advance(DAY)
    desk.hints.clear()
    await desk.rooms.create(locator, *charter())
    assert desk.hints == [(name, ClosedEvent("expired"))]


async def test_a_resume_token_that_another_seat_brought_is_refused_and_is_no_fault(desk: Desk):
    pair = (os.urandom(32), os.urandom(32))
    locator, elsewhere = await desk.room(), await desk.room()
    await desk.join(locator, resume=pair)
    for room in (locator, elsewhere):
        with pytest.raises(Refusal, match="member_taken"):
            await desk.join(room, resume=(pair[0], os.urandom(32)))
    assert await desk.rooms.resume(pair[0]) == (pair[1], 0)
    twice = (os.urandom(32), os.urandom(32))
    rooms = [await desk.room() for _ in range(10)]
    outcomes = await asyncio.gather(
        *(desk.join(room, resume=twice) for room in rooms), return_exceptions=True
    )
    assert [one.code for one in outcomes if isinstance(one, BaseException)] == ["member_taken"] * 9


async def test_resuming_while_the_seat_is_given_up_is_refused_and_no_fault(desk: Desk):
    locator = await desk.room()
    pair = (os.urandom(32), os.urandom(32))
    await desk.join(locator, resume=pair)
    async with desk.pool.acquire() as leaving, leaving.transaction():
        # The seat has been found, its secret is still to be read.
        await leaving.execute("LOCK TABLE payloads IN ACCESS EXCLUSIVE MODE")
        resuming = asyncio.create_task(desk.rooms.resume(pair[0]))
        async with asyncio.timeout(20):
            while not await desk.pool.fetchval(  # noqa: ASYNC110 - the event is a row
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0)
        for table in ("seats", "payloads", "payload_keys"):
            await leaving.execute(f"DELETE FROM {table}")
    with pytest.raises(Refusal, match="resume_unknown"):
        await resuming


async def test_a_resume_secret_is_over_in_time_even_where_nobody_sweeps(desk: Desk):
    locator = await desk.room()
    token, key = os.urandom(32), os.urandom(32)
    await desk.join(locator, resume=(token, key))
    await desk.clock.advance(desk.limits.resume - 1000)
    assert await desk.rooms.resume(token) == (key, 0)
    await desk.clock.advance(desk.limits.resume + 1000)
    with pytest.raises(Refusal, match="resume_unknown"):
        await desk.rooms.resume(token)


async def test_a_message_that_is_posted_opened_and_viewed_in_one_commit_is_served(desk: Desk):
    """Whoever knows its id beforehand can be so quick."""
    _, author, reader = await desk.pair()
    message = Message()
    receipt, opened, again, viewed = await asyncio.gather(
        desk.post(author, message),
        desk.open_message(reader, message),
        desk.open_message(reader, message),
        desk.acknowledge(reader, message),
    )
    assert (receipt.state, viewed.state) == ("stored", "viewed")
    assert opened.envelope == again.envelope == message.envelope
    assert await desk.rows("messages", "payloads") == {"messages": 0, "payloads": 0}


async def test_join_leave_lock_and_destroy_against_everything_leaves_no_orphan(desk: Desk):
    """What each answers may differ; that each answers, and what is left, may not."""
    for policy in (Policy.FIRST_VIEW, Policy.EVERYONE):
        for destroyed in (False, True):
            await _scramble(desk, policy, destroyed)
    await desk.clock.advance(1000)
    await desk.sweep()


async def _scramble(desk: Desk, policy: Policy, destroyed: bool) -> None:
    locator = await desk.room(policy=policy, seats=6)
    seats = [(await desk.join(locator)).seat for _ in range(5)]
    waiting = [Message() for _ in range(10)]
    for number, one in enumerate(waiting):
        await desk.post(seats[number % 2], one)
    fresh = [Message() for _ in range(10)]
    outcomes = await asyncio.gather(
        *(desk.post(seats[number % 5], one) for number, one in enumerate(fresh)),
        *(desk.open_message(seat, one) for seat in seats[2:] for one in waiting),
        desk.rooms.leave(seats[4]),
        *(desk.acknowledge(seat, one) for seat in seats[2:] for one in waiting[:5]),
        *(desk.join(locator) for _ in range(4)),
        desk.rooms.leave(seats[3]),
        *(desk.rooms.lock(seats[0], locked) for locked in (True, False)),
        *([desk.rooms.destroy(seats[1])] if destroyed else []),
        *(desk.rooms.snapshot(seats[0]) for _ in range(3)),
        *(desk.post(seats[number % 5], one) for number, one in enumerate(fresh)),
        return_exceptions=True,
    )
    assert all(isinstance(one, Refusal) for one in outcomes if isinstance(one, BaseException))
    if destroyed:
        with pytest.raises(Refusal, match="room_unknown"):
            await desk.rooms.describe(locator)
        return
    # Each message either waits or has the fate that its author was told of, never both.
    shown = {one.id: one for one in (await desk.rooms.snapshot(seats[0])).notices}
    stored = {one.id for one in outcomes if getattr(one, "fresh", False) and hasattr(one, "id")}
    fates = {}
    for seat in seats[:3]:
        _, receipts = await desk.rooms.status(seat, [one.id for one in waiting + fresh])
        fates |= {one.id: one for one in receipts if one.state != "unknown"}
    viewings = {one.id: one.viewing for one in waiting + fresh}
    for one in waiting + fresh:
        state = fates[one.id].state if one.id in fates else None
        if one.id in shown:
            assert state in {"stored", "opened", None}
        elif state is not None:
            assert (state, fates[one.id].viewing) == ("viewed", viewings[one.id])
        else:
            assert one.id not in stored or one in fresh[3::5] + fresh[4::5]
