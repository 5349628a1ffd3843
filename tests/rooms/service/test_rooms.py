"""Rooms, seats and messages over a real database: rows, hints, races, and the passing of time."""

import asyncio
import os
from itertools import pairwise

import pytest
from msgspec.structs import replace
from support.machines.services import Desk, Message

from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import member_id
from ephemeral.rooms.rules.room import (
    ClosedEvent,
    DestroyedEvent,
    JoinedEvent,
    LeftEvent,
    NoticeEvent,
    OpenedEvent,
    PresenceEvent,
    StoredEvent,
)

MESSAGE_TABLES = ("messages", "payloads", "payload_keys", "audience")
ROOM_TABLES = (*MESSAGE_TABLES, "rooms", "seats", "tombstones")


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, match=f"^{code}$")


async def test_a_message_lives_and_leaves_nothing_but_its_fate(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    receipt = await desk.post(author, message)
    assert receipt.fresh
    assert await desk.rows(*MESSAGE_TABLES) == {
        "messages": 1, "payloads": 1, "payload_keys": 1, "audience": 0,
    }  # fmt: skip
    stored = await desk.pool.fetchval("SELECT body FROM payloads")
    assert message.envelope not in stored
    opened = await desk.open_message(reader, message)
    assert opened.envelope == message.envelope
    answer = await desk.acknowledge(reader, message)
    assert answer.state == "viewed"
    assert set((await desk.rows(*MESSAGE_TABLES)).values()) == {0}
    _, (own,) = await desk.rooms.status(author, [message.id])
    assert (own.state, own.viewing) == ("viewed", message.viewing)
    kinds = [type(event) for _, event in desk.hints]
    assert kinds == [JoinedEvent, JoinedEvent, NoticeEvent, OpenedEvent, DestroyedEvent]


async def test_forty_nine_readers_open_at_once_and_one_gets_it(desk: Desk) -> None:
    locator = await desk.room(seats=50)
    author = (await desk.join(locator)).seat
    readers = [(await desk.join(locator)).seat for _ in range(49)]
    message = Message()
    await desk.post(author, message)
    outcomes = await asyncio.gather(
        *(desk.open_message(reader, message) for reader in readers), return_exceptions=True
    )
    served = [one for one in outcomes if not isinstance(one, BaseException)]
    assert [one.envelope for one in served] == [message.envelope]
    codes = {one.code for one in outcomes if isinstance(one, Refusal)}
    assert codes == {"message_leased"}
    assert len(outcomes) == 49


async def test_one_message_posted_twenty_times_at_once_is_one_message(desk: Desk) -> None:
    _, author, _ = await desk.pair()
    message = Message()
    receipts = await asyncio.gather(*(desk.post(author, message) for _ in range(20)))
    assert sum(receipt.fresh for receipt in receipts) == 1
    assert len({replace(receipt, fresh=False) for receipt in receipts}) == 1
    assert (await desk.rows("messages", "payloads")) == {"messages": 1, "payloads": 1}
    assert sum(isinstance(event, NoticeEvent) for _, event in desk.hints) == 1


async def test_two_workers_accept_a_message_once(desk: Desk, tmp_path) -> None:
    other = await Desk.open(desk.pool, tmp_path / "keyring")
    _, author, reader = await desk.pair()
    for _ in range(10):
        message = Message()
        receipts = await asyncio.gather(
            *(one.post(author, message) for one in (desk, other) for _ in range(3))
        )
        assert sum(receipt.fresh for receipt in receipts) == 1
        outcomes = await asyncio.gather(
            *(one.acknowledge(reader, message) for one in (desk, other) for _ in range(2))
        )
        assert {outcome.state for outcome in outcomes} == {"viewed"}
    assert await desk.rows("messages", "payloads", "tombstones") == {
        "messages": 0, "payloads": 0, "tombstones": 10,
    }  # fmt: skip
    destroyed = [e for _, e in desk.hints + other.hints if isinstance(e, DestroyedEvent)]
    assert len(destroyed) == 10
    await other.ledger.close()


async def test_a_retry_after_destruction_gets_the_fate_and_brings_nothing_back(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await desk.acknowledge(reader, message)
    again = await desk.post(author, message)
    assert (again.state, again.viewing, again.fresh) == ("viewed", message.viewing, False)
    assert set((await desk.rows(*MESSAGE_TABLES)).values()) == {0}


async def test_one_bad_request_does_not_cost_its_batch(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    stranger = replace(author, token_hash=os.urandom(32))
    messages = [Message() for _ in range(5)]
    outcomes = await asyncio.gather(
        *(desk.post(author, one) for one in messages),
        desk.post(stranger, Message()),
        desk.open_message(reader, Message()),
        desk.post(replace(author, room=os.urandom(32)), Message()),
        return_exceptions=True,
    )
    assert [one.state for one in outcomes[:5]] == ["stored"] * 5
    assert [one.code for one in outcomes[5:]] == [
        "seat_unknown", "message_unknown", "room_unknown",
    ]  # fmt: skip


async def test_a_reader_who_vanished_comes_back_and_reads(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)
    await desk.clock.advance(desk.limits.lease + 1)
    await desk.sweep()
    assert desk.hints[-1][1] == StoredEvent(message.id, reader.member, 0)
    assert (await desk.open_message(reader, message)).envelope == message.envelope


async def test_three_lease_ends_are_unconfirmed_and_the_author_is_told(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = Message()
    await desk.post(author, message)
    for _ in range(3):
        await desk.open_message(reader, message)
        await desk.clock.advance(desk.limits.lease + 1)
        await desk.sweep()
    told = desk.hints[-1][1]
    assert isinstance(told, DestroyedEvent)
    assert (told.id, told.state, told.opened) == (message.id, "unconfirmed", 3)
    _, (own,) = await desk.rooms.status(author, [message.id])
    assert (own.state, own.viewing) == ("unconfirmed", None)
    assert set((await desk.rows(*MESSAGE_TABLES)).values()) == {0}


async def test_expired_messages_rooms_and_tombstones_go(desk: Desk) -> None:
    locator, author, reader = await desk.pair(message_ttl=60, room_ttl=172_800)
    viewed, unread = Message(), Message()
    await desk.post(author, viewed)
    await desk.post(author, unread)
    await desk.acknowledge(reader, viewed)
    await desk.clock.advance(60_001)
    await desk.sweep()
    told = desk.hints[-1][1]
    assert isinstance(told, DestroyedEvent)
    assert (told.id, told.state, told.opened) == (unread.id, "expired", 0)
    assert await desk.rows("messages", "payloads", "tombstones") == {
        "messages": 0, "payloads": 0, "tombstones": 2,
    }  # fmt: skip
    await desk.clock.advance(desk.limits.tombstone)
    await desk.sweep()
    assert await desk.rows("tombstones", "rooms") == {"tombstones": 0, "rooms": 1}
    await desk.clock.advance(172_800_000)
    with refused("room_unknown"):
        await desk.rooms.describe(locator)
    await desk.sweep()
    assert desk.hints[-1][1] == ClosedEvent("expired")
    assert set((await desk.rows(*ROOM_TABLES)).values()) == {0}


async def test_use_prolongs_a_room_and_an_open_connection_does_not(desk: Desk) -> None:
    locator = await desk.room(room_ttl=600)
    token = os.urandom(32)
    seat = (await desk.join(locator, token=token)).seat
    before = (await desk.rooms.describe(locator)).expires_at
    await desk.clock.advance(300_000)
    await desk.connect(locator, token, os.urandom(16))
    await desk.rooms.authenticate(locator, token)
    assert (await desk.rooms.describe(locator)).expires_at == before
    await desk.post(seat, Message())
    assert (await desk.rooms.describe(locator)).expires_at >= before + 300_000


async def test_destroying_a_room_leaves_no_row(desk: Desk) -> None:
    locator = await desk.room(policy=Policy.EVERYONE, seats=4)
    joined = [
        await desk.join(locator, resume=(os.urandom(32), os.urandom(32)), profile=bytes(256))
        for _ in range(3)
    ]
    for one in joined:
        await desk.post(one.seat, Message())
    gone = Message()
    await desk.post(joined[0].seat, gone)
    for one in joined[1:]:
        await desk.acknowledge(one.seat, gone)
    assert (await desk.rows("payloads", "tombstones")) == {"payloads": 9, "tombstones": 1}
    await desk.rooms.destroy(joined[1].seat)
    assert set((await desk.rows(*ROOM_TABLES)).values()) == {0}
    assert desk.hints[-1][1] == ClosedEvent("destroyed", joined[1].seat.member)
    for attempt in (
        desk.rooms.describe(locator),
        desk.join(locator),
        desk.rooms.authenticate(locator, os.urandom(32)),
        desk.post(joined[0].seat, Message()),
    ):
        with refused("room_unknown"):
            await attempt


async def test_creating_again_is_harmless_and_another_charter_is_a_conflict(desk: Desk) -> None:
    locator = os.urandom(32)
    charter = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 60, 300)
    first, fresh = await desk.rooms.create(locator, charter.encode(), b"m" * 32)
    again, anew = await desk.rooms.create(locator, charter.encode(), b"m" * 32)
    assert (fresh, anew) == (True, False)
    assert (first.charter, first.mac) == (again.charter, again.mac)
    for other, mac in ((charter.encode(), b"n" * 32), (charter.encode()[:-1] + b"\xff", b"m" * 32)):
        with refused("room_exists"):
            await desk.rooms.create(locator, other, mac)


async def test_twenty_creators_at_once_make_one_room(desk: Desk) -> None:
    locator = os.urandom(32)
    charters = [Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 60, 300) for _ in range(20)]
    outcomes = await asyncio.gather(
        *(desk.rooms.create(locator, one.encode(), b"m" * 32) for one in charters),
        return_exceptions=True,
    )
    made = [one for one in outcomes if not isinstance(one, BaseException)]
    assert [fresh for _, fresh in made] == [True]
    assert {one.code for one in outcomes if isinstance(one, Refusal)} == {"room_exists"}


async def test_a_code_can_be_used_again_when_its_room_has_expired_unswept(desk: Desk) -> None:
    locator = os.urandom(32)
    charter = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 60, 300)
    await desk.rooms.create(locator, charter.encode(), b"m" * 32)
    old = (await desk.join(locator)).seat
    await desk.clock.advance(300_001)
    other = Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 60, 300)
    _, fresh = await desk.rooms.create(locator, other.encode(), b"m" * 32)
    assert fresh
    with refused("seat_unknown"):
        await desk.post(old, Message())


async def test_joining_again_is_harmless_counted_once_and_changes_nothing(desk: Desk) -> None:
    locator = await desk.room()
    token, pair = os.urandom(32), (os.urandom(32), os.urandom(32))
    first = await desk.join(locator, token=token, profile=b"p" * 256)
    again = await desk.join(locator, token=token, profile=b"q" * 256, resume=pair)
    assert (first.fresh, again.fresh) == (True, False)
    assert first.seat == again.seat
    assert again.snapshot.room.joins == 1
    assert [one.profile for one in again.snapshot.members] == [b"p" * 256]
    with refused("resume_unknown"):
        await desk.rooms.resume(pair[0])


async def test_whoever_joins_again_after_its_seat_was_taken_is_the_same_member(
    desk: Desk,
) -> None:
    """What is its own stays its own; and nobody else can be it."""
    locator = await desk.room()
    token = os.urandom(32)
    author, reader = (await desk.join(locator, token=token)).seat, (await desk.join(locator)).seat
    message = Message()
    await desk.post(author, message)
    await desk.acknowledge(reader, message)
    await desk.rooms.leave(author)
    again = await desk.join(locator, token=token)
    assert (again.fresh, again.seat, again.snapshot.room.joins) == (True, author, 3)
    assert again.seat.member == member_id(token)
    _, (own,) = await desk.rooms.status(again.seat, [message.id])
    assert own.viewing == message.viewing


async def test_a_resume_token_belongs_to_one_seat(desk: Desk) -> None:
    locator, pair = await desk.room(), (os.urandom(32), os.urandom(32))
    await desk.join(locator, resume=pair)
    with refused("member_taken"):
        await desk.join(locator, resume=(pair[0], os.urandom(32)))


async def test_a_third_finds_the_room_full_until_a_seat_is_left(desk: Desk) -> None:
    locator, author, _ = await desk.pair()
    with refused("room_full"):
        await desk.join(locator)
    await desk.rooms.leave(author)
    joined = await desk.join(locator)
    assert joined.snapshot.room.joins == 3
    with refused("seat_unknown"):
        await desk.rooms.leave(author)


async def test_many_at_once_get_no_more_seats_than_there_are(desk: Desk) -> None:
    locator = await desk.room(seats=3)
    outcomes = await asyncio.gather(
        *(desk.join(locator) for _ in range(12)), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in outcomes) == 3
    assert (await desk.rows("seats")) == {"seats": 3}


async def test_the_longest_absent_seat_is_taken_with_all_it_held(desk: Desk) -> None:
    locator = await desk.room()
    token = os.urandom(32)
    resume = (os.urandom(32), os.urandom(32))
    author = (await desk.join(locator)).seat
    absent = (await desk.join(locator, token=token, resume=resume)).seat
    message = Message()
    await desk.post(author, message)
    await desk.open_message(absent, message)
    await desk.clock.advance(desk.limits.seat_grace + 1)
    await desk.rooms.authenticate(locator, token)
    await desk.clock.advance(10)
    newcomer = await desk.join(locator)
    events = [event for _, event in desk.hints]
    assert LeftEvent(author.member, True) in events
    await desk.clock.advance(desk.limits.seat_grace + 1)
    await desk.join(locator)
    events = [event for _, event in desk.hints]
    assert StoredEvent(message.id, absent.member, 0) in events
    assert LeftEvent(absent.member, True) in events
    with refused("seat_unknown"):
        await desk.rooms.authenticate(locator, token)
    with refused("resume_unknown"):
        await desk.rooms.resume(resume[0])
    assert (await desk.open_message(newcomer.seat, message)).envelope == message.envelope


async def test_a_seat_with_a_socket_is_never_absent(desk: Desk) -> None:
    locator = await desk.room()
    tokens = [os.urandom(32) for _ in range(2)]
    for token in tokens:
        await desk.join(locator, token=token)
    sockets = [os.urandom(16) for _ in range(2)]
    seats = [
        await desk.connect(locator, token, socket)
        for token, socket in zip(tokens, sockets, strict=True)
    ]
    await desk.clock.advance(desk.limits.seat_grace * 10)
    await desk.sweeper.start()
    with refused("room_full"):
        await desk.join(locator)
    await desk.rooms.disconnect(seats[0], sockets[0])
    await desk.clock.advance(desk.limits.seat_grace - 1000)
    await desk.sweeper.start()
    with refused("room_full"):
        await desk.join(locator)
    await desk.clock.advance(2000)
    await desk.join(locator)


async def test_a_closed_tab_holds_its_seat_for_five_seconds_and_keeps_all_it_has(
    desk: Desk,
) -> None:
    locator = await desk.room()
    token, resume = os.urandom(32), (os.urandom(32), os.urandom(32))
    author = (await desk.join(locator)).seat
    reader = (await desk.join(locator, token=token, resume=resume)).seat
    message = Message()
    await desk.post(author, message)
    await desk.open_message(reader, message)

    async def closes_its_tab() -> None:
        socket = os.urandom(16)
        await desk.connect(locator, token, socket)
        await desk.rooms.disconnect(reader, socket, closed_tab=True)

    await closes_its_tab()
    # Any request makes it an ordinary seat again, however soon it comes.
    await desk.rooms.authenticate(locator, token)
    await desk.clock.advance(5_000 + 1_000)
    with refused("room_full"):
        await desk.join(locator)
    await closes_its_tab()
    await desk.clock.advance(4_000)
    with refused("room_full"):
        await desk.join(locator)
    await desk.clock.advance(1_000)
    assert (await desk.open_message(reader, message)).envelope == message.envelope
    assert await desk.rooms.resume(resume[0]) == (resume[1], 1)
    await closes_its_tab()
    await desk.clock.advance(5_001)
    await desk.join(locator)
    with refused("seat_unknown"):
        await desk.rooms.authenticate(locator, token)


async def test_a_full_room_says_when_the_first_seat_is_free(desk: Desk) -> None:
    locator = await desk.room()
    tokens, sockets = [os.urandom(32) for _ in range(2)], [os.urandom(16) for _ in range(2)]
    for token in tokens:
        await desk.join(locator, token=token)

    async def retry_after() -> int | None:
        with refused("room_full") as full:
            await desk.join(locator)
        return full.value.retry_after

    assert await retry_after() == 60
    seats = [await desk.connect(locator, *one) for one in zip(tokens, sockets, strict=True)]
    assert await retry_after() is None, "sockets hold them all"
    await desk.rooms.disconnect(seats[0], sockets[0])
    assert await retry_after() == 60
    await desk.rooms.disconnect(seats[1], sockets[1], closed_tab=True)
    assert await retry_after() == 5


async def test_an_older_socket_does_not_give_up_the_newer_ones_seat(desk: Desk) -> None:
    locator = await desk.room()
    token = os.urandom(32)
    await desk.join(locator, token=token)
    older, newer = os.urandom(16), os.urandom(16)
    seat = await desk.connect(locator, token, older)
    await desk.connect(locator, token, newer)
    desk.hints.clear()
    await desk.rooms.disconnect(seat, older)
    assert desk.hints == []
    _, (member,) = await desk.rooms.members(seat)
    assert member.present
    await desk.rooms.disconnect(seat, newer)
    assert [event for _, event in desk.hints] == [PresenceEvent(seat.member, False)]


async def test_a_lower_generation_never_has_the_seat_again_at_any_process(
    desk: Desk, tmp_path
) -> None:
    """A hello that was given up may come late, to whichever process it was sent."""
    locator = await desk.room()
    token, newer = os.urandom(32), os.urandom(16)
    assert (await desk.join(locator, token=token)).generation == 0
    elsewhere = await Desk.open(desk.pool, tmp_path / "keyring")
    seat = await desk.connect(locator, token, newer, 7)
    for one in (desk, elsewhere):
        with refused("replaced"):
            await one.connect(locator, token, None, 6)
    await desk.rooms.disconnect(seat, newer)
    with refused("replaced"):
        await elsewhere.connect(locator, token, None, 6)
    assert await elsewhere.connect(locator, token, None, 7) == seat
    assert (await desk.join(locator, token=token)).generation == 7


async def test_of_hellos_at_once_the_one_that_has_the_seat_listens_whichever_is_added_last(
    desk: Desk,
) -> None:
    class Tab:
        def __init__(self, turn: tuple[int, int]) -> None:
            self.member, self.connection, self.turn = b"m" * 16, os.urandom(16), turn
            self.gone = False

        def replaced(self) -> None:
            self.gone = True

    locator, token = await desk.room(), os.urandom(32)
    await desk.join(locator, token=token)
    turns = []
    for generation in (1, 1, 2):
        _, taken_at = await desk.rooms.connect(locator, token, os.urandom(16), generation)
        turns.append((generation, taken_at))
    for before, after in pairwise(turns):
        older, newer = Tab(before), Tab(after)
        for tabs in ((older, newer), (newer, older)):
            older.gone = False
            for tab in tabs:
                desk.hub.add(b"r" * 32, tab)  # type: ignore[arg-type]
            assert (older.gone, newer.gone) == (True, False)
            assert [one for _, one in desk.hub.subscribers()] == [newer]
            desk.hub.remove(b"r" * 32, newer)  # type: ignore[arg-type]


async def test_the_sockets_of_a_dead_worker_are_gone(desk: Desk, tmp_path) -> None:
    dead = await Desk.open(desk.pool, tmp_path / "keyring")
    locator = await desk.room()
    token = os.urandom(32)
    await desk.join(locator, token=token)
    seat = await dead.connect(locator, token, os.urandom(16))
    await desk.clock.advance(20_001)
    await desk.sweeper.start()
    _, (member,) = await desk.rooms.members(seat)
    assert not member.present
    await desk.sweep()
    assert desk.hints[-1][1] == PresenceEvent(seat.member, False)
    assert (await desk.rows("workers")) == {"workers": 1}


async def test_lock_keeps_newcomers_out_and_lets_members_back_in(desk: Desk) -> None:
    locator = await desk.room(seats=5)
    token, resume = os.urandom(32), (os.urandom(32), os.urandom(32))
    seat = (await desk.join(locator, token=token, resume=resume)).seat
    await desk.rooms.lock(seat, True)
    with refused("room_locked"):
        await desk.join(locator)
    assert not (await desk.join(locator, token=token)).fresh
    assert await desk.rooms.resume(resume[0]) == (resume[1], 0)
    assert await desk.connect(locator, token, os.urandom(16)) == seat
    await desk.rooms.lock(seat, False)
    await desk.join(locator)


async def test_the_servers_half_of_a_resume_secret_is_sealed_and_forgotten(desk: Desk) -> None:
    locator = await desk.room()
    token, key = os.urandom(32), os.urandom(32)
    seat = (await desk.join(locator, resume=(token, key))).seat
    body = await desk.pool.fetchval("SELECT body FROM payloads")
    names = await desk.pool.fetchval("SELECT resume_hash FROM seats")
    assert key not in body
    assert token != names
    assert await desk.rooms.resume(token) == (key, 0)
    with refused("resume_unknown"):
        await desk.rooms.resume(key)
    await desk.clock.advance(desk.limits.resume + 1)
    await desk.sweep()
    with refused("resume_unknown"):
        await desk.rooms.resume(token)
    assert (await desk.rows("payloads", "seats")) == {"payloads": 0, "seats": 1}
    await desk.rooms.leave(seat)


async def test_everyone_present_decides_and_who_came_later_does_not(desk: Desk) -> None:
    locator = await desk.room(policy=Policy.EVERYONE, seats=5)
    author, first, second = [(await desk.join(locator)).seat for _ in range(3)]
    message = Message()
    await desk.post(author, message)
    late = (await desk.join(locator)).seat
    with refused("audience_only"):
        await desk.open_message(late, message)
    await desk.open_message(first, message)
    assert (await desk.acknowledge(first, message)).state == "acknowledged"
    assert (await desk.rows("messages", "audience")) == {"messages": 1, "audience": 2}
    await desk.rooms.leave(second)
    assert set((await desk.rows(*MESSAGE_TABLES)).values()) == {0}
    _, (own,) = await desk.rooms.status(author, [message.id])
    assert (own.state, own.viewing) == ("viewed", message.viewing)


async def test_everyone_alone_waits_for_whoever_comes(desk: Desk) -> None:
    locator = await desk.room(policy=Policy.EVERYONE, seats=5)
    author = (await desk.join(locator)).seat
    message = Message()
    await desk.post(author, message)
    late = (await desk.join(locator)).seat
    assert (await desk.open_message(late, message)).envelope == message.envelope
    assert (await desk.acknowledge(late, message)).state == "viewed"


async def test_status_says_nothing_of_other_peoples_messages(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    mine, theirs = Message(), Message()
    await desk.post(author, mine)
    await desk.post(reader, theirs)
    _, receipts = await desk.rooms.status(author, [theirs.id, mine.id, os.urandom(16)])
    assert [one.state for one in receipts] == ["unknown", "stored", "unknown"]


async def test_the_backlog_is_every_message_that_waits_in_order(desk: Desk) -> None:
    locator, author, reader = await desk.pair()
    messages = [Message() for _ in range(30)]
    await asyncio.gather(*(desk.post(author, one) for one in messages))
    await desk.acknowledge(reader, messages[7])
    _, notices = await desk.rooms.notices(reader)
    assert {one.id for one in notices} == {one.id for one in messages} - {messages[7].id}
    assert [one.sequence for one in notices] == sorted(one.sequence for one in notices)
    await desk.rooms.leave(author)
    joined = await desk.join(locator)
    assert joined.snapshot.notices == notices


async def test_a_jump_of_the_clock_pauses_destruction(desk: Desk) -> None:
    _, author, _ = await desk.pair(message_ttl=60)
    await desk.sweep()
    await desk.post(author, Message())
    loop = asyncio.get_running_loop()
    await desk.clock.advance(3_600_000)
    await desk.sweeper.sweep(loop.time())
    assert (await desk.rows("messages")) == {"messages": 1}
    await desk.clock.advance(61_000)
    await desk.sweeper.sweep(loop.time() + 61)
    assert (await desk.rows("messages")) == {"messages": 0}
