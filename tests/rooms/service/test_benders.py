"""What a member can't bend, over a real database; the rules themselves are tested without one."""

import asyncio
import os
from pathlib import Path

import pytest
from support.machines.services import Desk, Message

from ephemeral.protocol.charter import Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import ClosedEvent, LeftEvent, Seat, StoredEvent

TABLES = ("rooms", "seats", "messages", "payloads", "payload_keys", "audience", "tombstones")


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, match=f"^{code}$")


async def released_and_opened(desk: Desk, seat: Seat, message: Message) -> list[object]:
    """Both in one segment, so that one batch takes them."""
    return await asyncio.gather(
        desk.ask(desk.rooms.release, seat, message.id),
        desk.open_message(seat, message),
        return_exceptions=True,
    )


async def three(desk: Desk, policy: Policy = Policy.FIRST_VIEW) -> tuple[bytes, list[Seat]]:
    locator = await desk.room(policy=policy, seats=3)
    return locator, [(await desk.join(locator)).seat for _ in range(3)]


async def test_a_message_that_is_given_back_is_for_the_others_first(
    desk: Desk, tmp_path: Path
) -> None:
    _, (author, bender, honest) = await three(desk)
    message = Message()
    await desk.post(author, message)
    await desk.open_message(bender, message)
    for _ in range(3):
        _, again = await released_and_opened(desk, bender, message)
        assert isinstance(again, Refusal)
        assert (again.code, again.retry_after) == ("message_leased", 120)
        with refused("lease_lost"):
            await desk.ask(desk.rooms.release, bender, message.id)
    # Nor at another worker, which has it from the database.
    other = await Desk.open(desk.pool, tmp_path / "keyring")
    with refused("message_leased"):
        await other.open_message(bender, message)
    _, (receipt,) = await desk.rooms.status(author, [message.id])
    assert (receipt.state, receipt.opened, receipt.returns) == ("stored", 1, 1)
    assert (await other.open_message(honest, message)).envelope == message.envelope
    await other.acknowledge(honest, message)
    _, (receipt,) = await desk.rooms.status(author, [message.id])
    assert (receipt.state, receipt.opened, receipt.reader) == ("viewed", 2, honest.member)
    assert receipt.ended_at is not None
    assert abs(receipt.ended_at - await desk.pool.fetchval("SELECT clock_ms()")) < 60_000
    assert desk.faults == other.faults == []


async def test_in_a_room_of_two_who_gave_it_back_may_take_it_at_once(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)
    for number in range(1, 4):
        released, opened = await released_and_opened(desk, reader, message)
        assert (released.returns, opened.envelope) == (number, message.envelope)


async def test_accepted_opened_and_given_back_in_one_batch_is_remembered(
    desk: Desk, tmp_path: Path
) -> None:
    """The row that has the return is made by the same batch."""
    _, (author, bender, honest) = await three(desk)
    message = Message()
    # The room is remembered, so that the batch would be one statement.
    await desk.post(author, Message())
    outcomes = await asyncio.gather(
        desk.post(author, message),
        desk.open_message(bender, message),
        *released_pair(desk, bender, message),
        return_exceptions=True,
    )
    assert [getattr(one, "code", None) for one in outcomes] == [None] * 3 + ["message_leased"]
    other = await Desk.open(desk.pool, tmp_path / "keyring")
    with refused("message_leased"):
        await other.open_message(bender, message)
    await other.open_message(honest, message)


def released_pair(desk: Desk, seat: Seat, message: Message) -> tuple[object, object]:
    return desk.ask(desk.rooms.release, seat, message.id), desk.open_message(seat, message)


async def test_neither_leaving_nor_eviction_begins_anew(desk: Desk) -> None:
    locator, token = await desk.room(seats=3), os.urandom(32)
    author, honest = [(await desk.join(locator)).seat for _ in range(2)]
    bender = (await desk.join(locator, token=token)).seat
    message = Message()
    await desk.post(author, message)
    await desk.open_message(bender, message)
    await desk.rooms.leave(bender)
    assert StoredEvent(message.id, bender.member, 1) in [event for _, event in desk.hints]
    assert desk.hints[-1][1] == LeftEvent(bender.member, False)
    again = (await desk.join(locator, token=token)).seat
    with refused("message_leased"):
        await desk.open_message(again, message)
    await desk.open_message(honest, message)


async def test_who_evicts_the_holder_stands_behind_those_who_were_there(desk: Desk) -> None:
    locator = await desk.room(seats=3)
    tokens = [os.urandom(32) for _ in range(3)]
    author, holder, honest = [(await desk.join(locator, token=one)).seat for one in tokens]
    message = Message()
    await desk.post(author, message)
    await desk.open_message(holder, message)
    await desk.clock.advance(desk.limits.seat_grace + 1)
    for token in (tokens[0], tokens[2]):
        await desk.rooms.authenticate(locator, token)
    newcomer = (await desk.join(locator)).seat
    events = [event for _, event in desk.hints]
    assert StoredEvent(message.id, holder.member, 1) in events
    assert LeftEvent(holder.member, True) in events
    with refused("message_leased"):
        await desk.open_message(newcomer, message)
    await desk.open_message(honest, message)


async def test_what_was_for_those_who_were_there_is_not_for_who_took_a_seat_from_them(
    desk: Desk,
) -> None:
    locator = await desk.room(policy=Policy.EVERYONE)
    token = os.urandom(32)
    author = (await desk.join(locator, token=token)).seat
    await desk.join(locator)
    message = Message()
    await desk.post(author, message)
    await desk.clock.advance(desk.limits.seat_grace + 1)
    await desk.rooms.authenticate(locator, token)
    joined = await desk.join(locator)
    assert joined.snapshot.notices == ()
    with refused("message_gone"):
        await desk.open_message(joined.seat, message)
    _, (receipt,) = await desk.rooms.status(author, [message.id])
    assert (receipt.state, receipt.opened) == ("unconfirmed", 0)
    assert await desk.orphans() == {}


async def test_the_last_member_of_a_locked_room_ends_it(desk: Desk) -> None:
    locator, author, reader = await desk.pair()
    await desk.post(author, Message())
    await desk.rooms.lock(author, True, by=b"socket".ljust(16))
    assert desk.hints[-1][1].by == b"socket".ljust(16)
    await desk.rooms.leave(reader)
    assert desk.hints[-1][1] == LeftEvent(reader.member, False)
    await desk.rooms.leave(author)
    assert desk.hints[-1][1] == ClosedEvent("destroyed", author.member)
    assert set((await desk.rows(*TABLES)).values()) == {0}
    with refused("room_unknown"):
        await desk.rooms.describe(locator)
    # An open room waits for whoever comes.
    _, author, reader = await desk.pair()
    await desk.rooms.leave(reader)
    await desk.rooms.leave(author)
    assert (await desk.rows("rooms")) == {"rooms": 1}


async def test_one_member_leaves_half_of_a_room_to_the_others(desk: Desk, tmp_path: Path) -> None:
    small = await Desk.open(desk.pool, tmp_path / "keyring", Limits(waiting_messages=8))
    _, (filler, other, _) = await three(small)
    posts = [small.post(filler, Message()) for _ in range(6)]
    outcomes = await asyncio.gather(*posts, return_exceptions=True)
    assert [getattr(one, "code", None) for one in outcomes] == [None] * 4 + ["room_crowded"] * 2
    await asyncio.gather(*(small.post(other, Message()) for _ in range(4)))
    with refused("room_crowded"):
        await small.post(other, Message())


async def test_a_message_that_is_taken_back_leaves_its_fate_alone(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message, kept = Message(), Message()
    await desk.post(author, message)
    await desk.post(author, kept)
    await desk.open_message(reader, message)
    with refused("message_leased"):
        await desk.ask(desk.rooms.withdraw, author, message.id)
    await desk.ask(desk.rooms.release, reader, message.id)
    answer = await desk.ask(desk.rooms.withdraw, author, message.id)
    assert (answer.state, answer.opened) == ("withdrawn", 1)
    assert await desk.ask(desk.rooms.withdraw, author, message.id) == answer
    with refused("author_only"):
        await desk.ask(desk.rooms.withdraw, reader, kept.id)
    assert await desk.rows("messages", "payloads", "payload_keys", "tombstones") == {
        "messages": 1, "payloads": 1, "payload_keys": 1, "tombstones": 1,
    }  # fmt: skip
    with refused("message_gone"):
        await desk.acknowledge(reader, message)
    _, receipts = await desk.rooms.status(author, [message.id, kept.id])
    assert [(one.state, one.opened) for one in receipts] == [("withdrawn", 1), ("stored", 0)]


async def test_who_viewed_it_before_that_was_noted_is_nobody(desk: Desk, tmp_path: Path) -> None:
    """Of what was viewed by some, and is older than the column, the proof stays."""
    _, (author, reader, _) = await three(desk, Policy.EVERYONE)
    message = Message()
    await desk.post(author, message)
    await desk.acknowledge(reader, message)
    await desk.pool.execute("UPDATE messages SET reader = NULL")
    other = await Desk.open(desk.pool, tmp_path / "keyring")
    await other.ask(other.rooms.withdraw, author, message.id)
    _, (receipt,) = await other.rooms.status(author, [message.id])
    assert (receipt.viewing, receipt.reader) == (message.viewing, None)
