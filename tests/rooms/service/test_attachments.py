"""Attachments, from reserving to their end: rows, keys, objects (docs/protocol.md, section 15)."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from support.machines.services import Attachment, Desk, Message

from ephemeral import metrics
from ephemeral.protocol.charter import Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rules.attachments import AttachmentLimits
from ephemeral.rooms.rules.room import OpenedEvent, Seat
from ephemeral.rooms.service.attachments import Attachments
from ephemeral.sealing import epoch_rows

SECOND = 1_000
MINUTE = 60 * SECOND
NOTHING = {"attachments": 0, "payload_keys": 0}


async def posted(desk: Desk, author: Seat, **named: int) -> Message:
    """A message that waits, with its attachment."""
    message = Message(attachment=Attachment(**named))
    await desk.send(author, message.attachment)
    await desk.post(author, message)
    return message


async def refusal(doing: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as refused:
        await doing
    return refused.value.code


async def fetched(desk: Desk, reader: Seat, message: Message) -> list[bytes]:
    attachment = message.attachment
    return [
        await desk.attachments.get(reader, attachment.id, at)
        for at in range(len(attachment.chunks))
    ]


async def test_what_is_sent_is_fetched_and_told_by_its_length_alone(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = await posted(desk, author, padded=327_680)
    [notice] = [event.notice for _, event in desk.hints if hasattr(event, "notice")]
    assert notice.attachment == 327_680
    await desk.open_message(reader, message)
    assert await fetched(desk, reader, message) == message.attachment.chunks
    lying = [one async for one in desk.objects.store.held(desk.objects.own)]
    assert [one.length for one in lying] == [262_160 + 29, 65_552 + 29]


# --- who may --------------------------------------------------------------------------------------


async def test_a_chunk_is_for_who_holds_the_lease_of_its_message_and_for_nobody_else(
    desk: Desk,
) -> None:
    locator, author, reader = await desk.pair(seats=3)
    third = (await desk.join(locator)).seat
    _, stranger, elsewhere = await desk.pair()
    message, other = await posted(desk, author), await posted(desk, author)
    theirs = await posted(desk, stranger)
    id_ = message.attachment.id

    async def refused(*asked: tuple[Seat, bytes, int]) -> None:
        for seat, name, at in asked:
            assert await refusal(desk.attachments.get(seat, name, at)) == "lease_lost"

    await refused(*((one, id_, 0) for one in (author, reader, third, stranger)))
    await desk.open_message(reader, other)
    await desk.open_message(elsewhere, theirs)
    await refused((reader, id_, 0), (elsewhere, id_, 0), (reader, bytes(16), 0))
    await desk.open_message(third, message)
    await refused((reader, id_, 0), (author, id_, 0), (third, id_, 1), (third, id_, 2**40))
    assert await fetched(desk, third, message) == message.attachment.chunks


@pytest.mark.parametrize("policy", Policy)
async def test_a_lease_that_has_ended_fetches_nothing_swept_or_not(
    desk: Desk, policy: Policy
) -> None:
    _, author, reader = await desk.pair(policy=policy)
    message = await posted(desk, author)
    await desk.open_message(reader, message)
    await fetched(desk, reader, message)
    await desk.clock.advance(desk.limits.lease)
    assert await refusal(fetched(desk, reader, message)) == "lease_lost"
    await desk.sweep()
    assert await refusal(fetched(desk, reader, message)) == "lease_lost"
    await desk.open_message(reader, message)
    assert await fetched(desk, reader, message) == message.attachment.chunks
    await desk.ask(desk.rooms.release, reader, message.id)
    assert await refusal(fetched(desk, reader, message)) == "lease_lost"


async def test_only_its_author_sends_and_gives_up_what_is_reserved(desk: Desk) -> None:
    _, author, other = await desk.pair()
    _, stranger, _ = await desk.pair()
    one = Attachment()
    for seat in (other, stranger, author):
        assert await refusal(desk.attachments.put(seat, one.id, 0, one.chunks[0])) == (
            "attachment_unknown"
        )
        assert await refusal(desk.attachments.give_up(seat, one.id)) == "attachment_unknown"
    await desk.attachments.reserve(author, one.id, 1, one.padded)
    for seat in (other, stranger):
        assert await refusal(desk.attachments.put(seat, one.id, 0, one.chunks[0])) == (
            "attachment_unknown"
        )
        assert await refusal(desk.attachments.give_up(seat, one.id)) == "attachment_unknown"
    assert await refusal(desk.attachments.reserve(other, one.id, 1, one.padded)) == (
        "attachment_conflict"
    )
    # Another room has other attachments under the same name.
    _, fresh = await desk.attachments.reserve(stranger, one.id, 1, one.padded)
    assert fresh
    await desk.send(author, one)
    message = Message(attachment=one)
    assert await refusal(desk.post(other, message)) == "attachment_incomplete"
    await desk.attachments.give_up(author, one.id)
    assert await refusal(desk.post(author, message)) == "attachment_incomplete"
    assert await desk.lying() == 0


async def test_who_cannot_show_it_does_not_get_it_and_no_lease_begins(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = await posted(desk, author)
    assert await refusal(desk.ask(desk.rooms.open, reader, message.id)) == "attachment_client"
    assert not [event for _, event in desk.hints if isinstance(event, OpenedEvent)]
    await desk.open_message(reader, message)
    assert await refusal(desk.ask(desk.rooms.open, reader, message.id)) == "attachment_client"


# --- sending --------------------------------------------------------------------------------------


async def test_the_same_bytes_may_be_sent_again_and_no_others(desk: Desk) -> None:
    _, author, _ = await desk.pair()
    one, other = Attachment(padded=327_680), Attachment(padded=327_680)
    _, fresh = await desk.attachments.reserve(author, one.id, 2, one.padded)
    assert fresh
    await desk.attachments.put(author, one.id, 1, one.chunks[1])
    again, fresh = await desk.attachments.reserve(author, one.id, 2, one.padded)
    assert (again.numbers, fresh) == ((1,), False)
    await desk.attachments.put(author, one.id, 1, one.chunks[1])
    refused = [(1, other.chunks[1], "attachment_conflict")]
    refused += [(0, one.chunks[0][:-1], "attachment_size"), (0, b"", "attachment_size")]
    refused += [(0, one.chunks[1], "attachment_size"), (2, one.chunks[1], "attachment_size")]
    for at, content, code in refused:
        assert await refusal(desk.attachments.put(author, one.id, at, content)) == code
    message = Message(attachment=one)
    assert await refusal(desk.post(author, message)) == "attachment_incomplete"
    # It lay there, and nobody was told: the app died in between.
    await desk.attachments.put(author, one.id, 0, one.chunks[0])
    await desk.pool.execute("UPDATE attachments SET landed = 2")
    assert await refusal(desk.attachments.put(author, one.id, 0, other.chunks[0])) == (
        "attachment_conflict"
    )
    await desk.attachments.put(author, one.id, 0, one.chunks[0])
    assert (await desk.post(author, message)).fresh
    assert await refusal(desk.attachments.put(author, one.id, 0, one.chunks[0])) == (
        "attachment_conflict"
    )
    assert await refusal(desk.attachments.give_up(author, one.id)) == "attachment_conflict"
    assert await refusal(desk.attachments.reserve(author, one.id, 2, one.padded)) == (
        "attachment_conflict"
    )


async def test_an_attachment_belongs_to_one_message_and_is_part_of_what_was_posted(
    desk: Desk,
) -> None:
    _, author, _ = await desk.pair()
    message = await posted(desk, author)
    assert not (await desk.post(author, message)).fresh
    assert await refusal(desk.post(author, Message(attachment=message.attachment))) == (
        "attachment_incomplete"
    )
    bare = Message(message.id, message.viewing, message.envelope)
    assert await refusal(desk.post(author, bare)) == "message_conflict"
    second = Attachment()
    await desk.send(author, second)
    bare.attachment = second
    assert await refusal(desk.post(author, bare)) == "message_conflict"
    # Both at once, in one batch.
    both = [Message(attachment=second), Message(attachment=second)]
    told = await asyncio.gather(*(desk.post(author, one) for one in both), return_exceptions=True)
    assert sum(isinstance(one, Refusal) for one in told) == 1


async def test_all_of_it_may_happen_in_one_batch(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    opened, gone, viewed = (Message(attachment=Attachment()) for _ in range(3))
    for one in (opened, gone):
        await desk.send(author, one.attachment)
    await asyncio.gather(
        desk.post(author, opened),
        desk.post(author, gone),
        desk.open_message(reader, opened),
        desk.ask(desk.rooms.withdraw, author, gone.id),
    )
    assert await fetched(desk, reader, opened) == opened.attachment.chunks
    assert await desk.rows("attachments", "purges") == {"attachments": 1, "purges": 1}
    await desk.clock.advance(desk.limits.lease - SECOND)
    await fetched(desk, reader, opened)
    await desk.clock.advance(2 * SECOND)
    await fetched(desk, reader, opened)
    await desk.send(author, viewed.attachment)
    await asyncio.gather(
        desk.acknowledge(reader, opened),
        desk.post(author, viewed),
        desk.open_message(reader, viewed),
        desk.acknowledge(reader, viewed),
    )
    assert await desk.rows(*NOTHING, "messages") == {**NOTHING, "messages": 0}
    assert await desk.lying() == 0


# --- limits ---------------------------------------------------------------------------------------


async def test_a_room_and_a_seat_have_bounds(desk: Desk) -> None:
    locator, author, other = await desk.pair(seats=4)
    third = (await desk.join(locator)).seat
    for _ in range(2):
        await desk.send(author, Attachment())
    small = Attachment()
    assert await refusal(desk.attachments.reserve(author, small.id, 1, small.padded)) == (
        "room_crowded"
    )
    for _ in range(8):
        await posted(desk, other)
    # Ten of twenty are half of a room for three.
    for _ in range(2):
        await posted(desk, other)
    assert await refusal(posted(desk, other)) == "room_crowded"
    for _ in range(8):
        await posted(desk, third)
    await refusal(posted(desk, third))
    assert await desk.rows("attachments") == {"attachments": 20}
    message = await desk.pool.fetchval("SELECT id FROM messages WHERE author = $1", other.member)
    await desk.ask(desk.rooms.withdraw, other, message)
    await posted(desk, other)


async def test_all_rooms_together_have_a_bound_and_small_ones_a_longer_one(desk: Desk) -> None:
    _, author, _ = await desk.pair()
    most = AttachmentLimits(bytes_in_all=16 * 2**20)
    tight = Attachments(
        desk.pool, desk.keyring, desk.ledger, desk.objects, os.urandom, desk.limits, most
    )
    large, small = 10 * 2**20, 2**20
    assert (await tight.reserve(author, b"1" * 16, 40, large))[1]
    assert await refusal(tight.reserve(author, b"2" * 16, 12, 3 * 2**20)) == "attachments_off"
    _, other, _ = await desk.pair()
    for number in range(2):
        await tight.reserve(other, bytes([number]) * 16, 4, small)
    assert tight.used == 12 * 2**20
    off = Attachments(
        desk.pool, desk.keyring, desk.ledger, desk.objects, os.urandom, desk.limits, most, on=False
    )
    with pytest.raises(Refusal) as refused:
        await off.reserve(author, b"3" * 16, 4, small)
    assert (refused.value.code, refused.value.retry_after) == ("attachments_off", None)


# --- the end --------------------------------------------------------------------------------------


async def viewed(desk: Desk, _author: Seat, reader: Seat, message: Message) -> None:
    await desk.open_message(reader, message)
    await desk.acknowledge(reader, message)


async def withdrawn(desk: Desk, author: Seat, _reader: Seat, message: Message) -> None:
    await desk.ask(desk.rooms.withdraw, author, message.id)


async def expired(desk: Desk, *_: object) -> None:
    await desk.clock.advance(3600 * SECOND)
    await desk.sweep()


async def unconfirmed(desk: Desk, _author: Seat, reader: Seat, message: Message) -> None:
    for _ in range(3):
        await desk.open_message(reader, message)
        await desk.clock.advance(desk.limits.lease)
    await desk.sweep()


async def destroyed(desk: Desk, author: Seat, *_: object) -> None:
    await desk.rooms.destroy(author)


async def room_expired(desk: Desk, *_: object) -> None:
    await desk.clock.advance(86_400 * SECOND)
    await desk.sweep()


async def audience_gone(desk: Desk, _author: Seat, reader: Seat, _message: Message) -> None:
    await desk.rooms.leave(reader)


@pytest.mark.parametrize(
    ("policy", "end"),
    [
        *((Policy.FIRST_VIEW, end) for end in (viewed, withdrawn, expired, unconfirmed, destroyed)),
        *((Policy.EVERYONE, end) for end in (viewed, withdrawn, unconfirmed, audience_gone)),
        (Policy.FIRST_VIEW, room_expired),
    ],
)
async def test_it_burns_with_its_message_however_that_ends(
    desk: Desk, policy: Policy, end: Callable[..., Awaitable[None]]
) -> None:
    _, author, reader = await desk.pair(policy=policy)
    message = await posted(desk, author, padded=327_680)
    assert await desk.lying() == 2
    await end(desk, author, reader, message)
    assert await desk.rows(*NOTHING, "messages") == {**NOTHING, "messages": 0}
    assert await desk.rows("purges") == {"purges": 1}
    assert await desk.lying() == 0


async def test_what_its_author_posted_stays_when_the_author_leaves_and_the_rest_goes(
    desk: Desk,
) -> None:
    _, author, reader = await desk.pair()
    message = await posted(desk, author)
    await desk.send(author, Attachment())
    await desk.rooms.leave(author)
    assert await desk.rows("attachments") == {"attachments": 1}
    assert await desk.lying() == 1
    await desk.open_message(reader, message)
    assert await fetched(desk, reader, message) == message.attachment.chunks


async def test_what_was_not_posted_ends_a_quarter_of_an_hour_after_its_last_chunk(
    desk: Desk,
) -> None:
    _, author, _ = await desk.pair()
    one = Attachment(padded=327_680)
    await desk.attachments.reserve(author, one.id, 2, one.padded)
    await desk.clock.advance(10 * MINUTE)
    await desk.attachments.put(author, one.id, 0, one.chunks[0])
    await desk.clock.advance(14 * MINUTE)
    await desk.sweep()
    await desk.attachments.put(author, one.id, 1, one.chunks[1])
    await desk.clock.advance(15 * MINUTE)
    message = Message(attachment=one)
    # Before it is swept it is over as well; and what is reserved again begins anew.
    assert await refusal(desk.post(author, message)) == "attachment_incomplete"
    assert await refusal(desk.attachments.put(author, one.id, 1, one.chunks[1])) == (
        "attachment_unknown"
    )
    again, fresh = await desk.attachments.reserve(author, one.id, 2, one.padded)
    assert (again.numbers, fresh) == ((), True)
    await desk.send(author, one)
    await desk.clock.advance(15 * MINUTE)
    await desk.sweep()
    assert await desk.rows(*NOTHING) == NOTHING
    assert await desk.lying() == 0


async def test_a_chunk_that_lands_when_its_attachment_is_no_more_is_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, author, _ = await desk.pair()
    one = Attachment()
    await desk.attachments.reserve(author, one.id, 1, one.padded)
    put = desk.objects.store.put

    async def slow(key: str, body: bytes) -> None:
        await desk.attachments.give_up(author, one.id)
        assert await desk.lying() == 0
        await put(key, body)

    monkeypatch.setattr(desk.objects.store, "put", slow)
    assert await refusal(desk.attachments.put(author, one.id, 0, one.chunks[0])) == (
        "attachment_unknown"
    )
    assert [one async for one in desk.objects.store.held(desk.objects.own)] == []


async def test_a_message_whose_chunk_is_lost_ends_unconfirmed(desk: Desk, tmp_path: Path) -> None:
    _, author, reader = await desk.pair()
    message = await posted(desk, author, padded=327_680)
    await desk.open_message(reader, message)
    [[prefix]] = await desk.pool.fetch("SELECT prefix FROM attachments")
    away = tmp_path / "away"
    # A place that isn't mounted loses nothing.
    (tmp_path / "objects").rename(away)
    (tmp_path / "objects").mkdir(mode=0o700)
    assert await refusal(desk.attachments.get(reader, message.attachment.id, 1)) == "unavailable"
    (tmp_path / "objects").rmdir()
    away.rename(tmp_path / "objects")
    assert await desk.attachments.get(reader, message.attachment.id, 1)
    await desk.objects.store.delete([desk.objects.key("a", prefix, 1)])
    lost = metrics.ATTACHMENTS_LOST._value.get()
    with pytest.raises(Refusal) as refused:
        await desk.attachments.get(reader, message.attachment.id, 1)
    assert (refused.value.code, refused.value.state) == ("message_gone", "unconfirmed")
    assert metrics.ATTACHMENTS_LOST._value.get() == lost + 1
    assert await desk.rows(*NOTHING, "messages") == {**NOTHING, "messages": 0}
    assert await desk.lying() == 0


async def test_what_burns_while_it_is_fetched_is_not_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, author, reader = await desk.pair()
    message = await posted(desk, author)
    await desk.open_message(reader, message)
    get = desk.objects.store.get

    async def slow(*arguments: object) -> AsyncIterator[bytes]:
        await desk.acknowledge(reader, message)
        assert await desk.lying() == 0
        async for piece in get(*arguments):
            yield piece

    monkeypatch.setattr(desk.objects.store, "get", slow)
    before = metrics.ATTACHMENTS_LOST._value.get()
    assert await refusal(fetched(desk, reader, message)) == "lease_lost"
    assert metrics.ATTACHMENTS_LOST._value.get() == before
    [receipt] = (await desk.rooms.status(author, [message.id]))[1]
    assert receipt.state == "viewed"


# --- the lease ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", Policy)
async def test_fetching_prolongs_a_lease_up_to_a_quarter_of_an_hour(
    desk: Desk, policy: Policy
) -> None:
    _, author, reader = await desk.pair(policy=policy)
    message = await posted(desk, author)
    opened = await desk.open_message(reader, message)
    began = opened.lease_until - desk.limits.lease
    before = await desk.rooms.version(reader)
    await fetched(desk, reader, message)
    assert await desk.rooms.version(reader) == before
    told = [event for _, event in desk.hints if isinstance(event, OpenedEvent)]
    assert [one.lease_until for one in told] == [opened.lease_until]
    ends = [opened.lease_until]
    for _ in range(12):
        await desk.clock.advance(75 * SECOND)
        if await desk.pool.fetchval("SELECT clock_ms()") >= ends[-1]:
            break
        await fetched(desk, reader, message)
        await desk.sweep()
        ends = [event.lease_until for _, event in desk.hints if isinstance(event, OpenedEvent)]
    assert ends == sorted(set(ends))
    assert ends[-1] == began + 15 * MINUTE
    assert len(ends) > 10
    assert await desk.rooms.version(reader) != before
    assert await refusal(fetched(desk, reader, message)) == "lease_lost"
    # Neither a prolonged lease nor one that ended late counts twice.
    await desk.sweep()
    [receipt] = (await desk.rooms.status(author, [message.id]))[1]
    assert (receipt.opened, receipt.state) == (1, "stored")


# --- keys -----------------------------------------------------------------------------------------


async def test_its_key_is_wrapped_anew_with_each_epoch(desk: Desk) -> None:
    _, author, reader = await desk.pair()
    message = await posted(desk, author)
    first = await desk.pool.fetchval("SELECT max(epoch) FROM payload_keys")
    for _ in range(2):
        await desk.clock.advance(16 * MINUTE)
        await desk.keep_epochs()
        await asyncio.sleep(0)
    assert await desk.pool.fetchval("SELECT min(epoch) FROM payload_keys") > first
    await desk.open_message(reader, message)
    assert await fetched(desk, reader, message) == message.attachment.chunks


@pytest.mark.parametrize("lost", ["the message's", "the attachment's", "one that was not posted's"])
async def test_a_lost_key_takes_along_what_it_was_for_and_what_belongs_to_that(
    desk: Desk, lost: str
) -> None:
    _, author, _ = await desk.pair()
    await posted(desk, author)
    await desk.send(author, Attachment())
    which = {
        "the message's": "SELECT payload FROM messages",
        "the attachment's": "SELECT payload FROM attachments WHERE message IS NOT NULL",
        "one that was not posted's": "SELECT payload FROM attachments WHERE message IS NULL",
    }
    await desk.pool.execute(f"UPDATE payload_keys SET epoch = 99 WHERE payload IN ({which[lost]})")
    async with desk.pool.acquire() as connection:
        await epoch_rows.lock_rooms_of_epochs(connection, [99])
        count = await epoch_rows.destroy_unreadable(connection, [99])
    left = 1 if lost != "one that was not posted's" else 2
    assert count == 3 - left
    assert await desk.rows("payload_keys", "purges") == {"payload_keys": left, "purges": 1}
    assert await desk.lying() == 1
