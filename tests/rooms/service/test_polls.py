"""Members that wait by requests: when they are present, beside sockets and other workers."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from support.machines.services import Desk

from ephemeral.live.bus import UnsureEvent
from ephemeral.rooms.rows import seat_rows
from ephemeral.rooms.rules.room import PresenceEvent, Seat, TypingEvent
from ephemeral.rooms.service.polls import Polls

STAYS = 0.05


def polls_of(desk: Desk, stays: float = STAYS) -> Polls:
    return Polls(desk.pool, desk.hub, desk.bus, os.urandom, desk.worker, desk.faults.append, stays)


def nothing() -> Callable[[], None]:
    """What a request has called that wants nothing but to be there."""
    return lambda: None


async def present(desk: Desk, seat: Seat) -> bool:
    [me] = [one for one in (await desk.rooms.members(seat))[1] if one.member == seat.member]
    return me.present


def told(desk: Desk) -> list[bool]:
    """What everybody was told of who is present, in order."""
    return [event.present for _, event in desk.hints if isinstance(event, PresenceEvent)]


async def until_told(desk: Desk, expected: list[bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if told(desk) == expected:
                return
            await asyncio.sleep(0.01)


async def test_who_waits_is_present_and_for_some_time_more_in_which_the_next_request_comes(
    desk: Desk,
):
    _, seat, _ = await desk.pair()
    # Longer than it takes to come again.
    polls = polls_of(desk, 0.5)
    for _ in range(3):
        async with polls.waiting(seat, nothing()), polls.waiting(seat, nothing()):
            assert await present(desk, seat)
    assert told(desk) == [True]
    await until_told(desk, [True, False])
    assert not await present(desk, seat)
    async with polls.waiting(seat, nothing()):
        assert told(desk) == [True, False, True]
    await polls.close()


async def test_a_living_socket_is_left_alone_and_takes_over_whenever_it_comes(desk: Desk):
    locator = await desk.room()
    token, older, newer = os.urandom(32), os.urandom(16), os.urandom(16)
    seat = (await desk.join(locator, token=token)).seat

    async def holder() -> bytes | None:
        async with desk.pool.acquire() as one:
            return (await seat_rows.connections(one, [(seat.room, seat.member)])).get(
                (seat.room, seat.member)
            )

    polls = polls_of(desk)
    await desk.connect(locator, token, older)
    async with polls.waiting(seat, nothing()):
        assert await holder() == older
    async with polls.waiting(seat, nothing()):
        await desk.rooms.disconnect(seat, older)
    async with polls.waiting(seat, nothing()):
        assert await holder() not in {None, older}
        await desk.connect(locator, token, newer)
        assert await holder() == newer
    await asyncio.sleep(3 * STAYS)
    assert await holder() == newer
    assert await present(desk, seat)
    await polls.close()


async def test_at_another_worker_a_request_goes_on_where_the_one_before_ended(
    desk: Desk, tmp_path: Path
):
    other = await Desk.open(desk.pool, tmp_path / "keyring")
    _, seat, _ = await desk.pair()
    here, there = polls_of(desk), polls_of(other)
    async with there.waiting(seat, nothing()):
        # It has taken this long to come, and is overtaken.
        async with here.waiting(seat, nothing()), there.waiting(seat, nothing()):
            pass
        await asyncio.sleep(3 * STAYS)
        assert await present(desk, seat)
    assert (told(desk), told(other)) == ([], [True])
    await until_told(other, [True, False])
    for one in (here, there):
        await one.close()
    await other.ledger.close()


async def test_whatever_may_have_changed_the_room_wakes_and_what_passes_does_not(desk: Desk):
    _, seat, other = await desk.pair()
    polls, woken = polls_of(desk), []
    async with polls.waiting(seat, lambda: woken.append(1)):
        desk.bus.publish([(seat.room, PresenceEvent(other.member, True))])
        desk.bus.publish([(seat.room, TypingEvent(other.member, True))])
        desk.bus.publish([(os.urandom(32), UnsureEvent())])
        assert woken == []
        desk.bus.publish([(seat.room, UnsureEvent())])
        assert len(woken) == 1
        desk.hub.missed()
        assert len(woken) == 2
        assert desk.hub.listens(seat.room)
    desk.bus.publish([(seat.room, UnsureEvent())])
    assert len(woken) == 2
    assert not desk.hub.listens(seat.room)
    await polls.close()


async def test_of_a_seat_that_was_given_up_meanwhile_nothing_is_told(desk: Desk):
    _, seat, _ = await desk.pair()
    polls = polls_of(desk)
    async with polls.waiting(seat, nothing()):
        await desk.rooms.leave(seat)
    await asyncio.sleep(3 * STAYS)
    assert told(desk) == [True]
    async with polls.waiting(seat, nothing()):
        assert told(desk) == [True]
    await polls.close()
