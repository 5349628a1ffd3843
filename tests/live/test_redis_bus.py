"""The bus between processes over a real Redis: order, one way for all, and what is unsure."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from msgspec.structs import replace
from redis.asyncio.client import PubSub
from support.machines.redis import RedisServer, redis_server

from ephemeral.live.bus import Hint, UnsureEvent
from ephemeral.live.hints import ALL_TOPICS, UNSURE, VERSION, FrameBroken, HintCodec
from ephemeral.live.redis_bus import OWED_TOPICS, RedisBus
from ephemeral.live.redis_link import open_link
from ephemeral.rooms.rules.room import (
    ClosedEvent,
    DestroyedEvent,
    Event,
    JoinedEvent,
    MemberView,
    Notice,
    NoticeEvent,
    PresenceEvent,
    TypingEvent,
)
from ephemeral.rooms.service.hub import KINDS

ROOM, OTHER = b"r" * 32, b"o" * 32
MEMBER = b"m" * 16
CHANNEL = "ephemeral:{0}:hints"
PATIENCE = 20
NOTICE = Notice(b"i" * 16, 7, MEMBER, 512, 1, 2, "opened", MEMBER, 3, (MEMBER, b"n" * 16))
EVENTS: list[Event] = [
    NoticeEvent(NOTICE),
    NoticeEvent(replace(NOTICE, state="stored", holder=None, lease_until=None, audience=None)),
    DestroyedEvent(b"i" * 16, "viewed", b"v" * 32, MEMBER, 1, 9, b"c" * 16),
    JoinedEvent(MemberView(MEMBER, os.urandom(256), 1, 2, False), 3),
    PresenceEvent(MEMBER, True, b"c" * 16),
    TypingEvent(MEMBER, False),
    ClosedEvent("destroyed"),
    UnsureEvent(),
]


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


class Worker:
    """A bus and all that came by it."""

    def __init__(self, redis: RedisServer) -> None:
        self.name = os.urandom(16)
        self.heard: list[Hint] = []
        self.misses = 0
        self.faults: list[BaseException] = []
        self.running: asyncio.Task[None] | None = None
        self.link = open_link(redis.url)
        self.bus = RedisBus(self.link, CHANNEL, self.name, self.faults.append)
        self.bus.subscribe(self)
        self._changed = asyncio.Event()

    kinds = KINDS

    def receive(self, hints: list[Hint]) -> None:
        self.heard += hints
        self._changed.set()

    def listens(self, topic: bytes) -> bool:
        return True

    def missed(self) -> None:
        self.misses += 1
        self._changed.set()

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def working(redis: RedisServer) -> AsyncIterator[Worker]:
    worker = Worker(redis)
    worker.running = running = asyncio.create_task(worker.bus.run())
    try:
        assert await worker.bus.wait_until_up(PATIENCE)
        yield worker
    finally:
        await worker.bus.flush()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await worker.link.aclose()


def codec() -> HintCodec:
    made = HintCodec()
    made.register(KINDS)
    return made


CODEC = codec()
encode, decode = CODEC.encode, CODEC.decode


def test_no_number_means_two_kinds():
    with pytest.raises(ValueError, match="two kinds"):
        codec().register({UNSURE: ClosedEvent})
    with pytest.raises(ValueError, match="two kinds"):
        codec().register({9: TypingEvent})


def test_every_kind_of_event_comes_as_it_went():
    origin, hints = decode(encode(b"w", [(ROOM, one) for one in EVENTS]), lambda _: True)
    assert origin == b"w"
    assert hints == [(ROOM, one) for one in EVENTS]
    assert [type(event) for _, event in hints] == [type(one) for one in EVENTS]


def test_of_rooms_that_nobody_is_in_here_nothing_is_read():
    frame = encode(b"w", [(OTHER, TypingEvent(MEMBER, True)), (ROOM, ClosedEvent("expired"))])
    assert decode(frame, lambda room: room == ROOM)[1] == [(ROOM, ClosedEvent("expired"))]


def raw(*fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "row",
    [
        [ROOM, 99, []],
        [ROOM, -1, []],
        [ROOM, 0, "a notice"],
        [ROOM, 7, [MEMBER, MEMBER]],
        [ROOM, 8, ["text", True, None]],
        [ROOM, 11, ["by a future reason"]],
    ],
)
def test_an_event_that_can_t_be_read_makes_its_room_unsure(row: list[object]):
    good = [OTHER, 9, [MEMBER, True]]
    _, hints = decode(raw(VERSION, b"w", [row, good]), lambda _: True)
    assert hints == [(ROOM, UnsureEvent()), (OTHER, TypingEvent(MEMBER, True))]


def test_of_another_version_only_the_rooms_are_read():
    frame = raw(VERSION + 1, b"w", [[ROOM, 9, [MEMBER, True]]])
    assert decode(frame, lambda _: True) == (b"w", [(ROOM, UnsureEvent())])


@pytest.mark.parametrize(
    "frame", [b"", b"\xc1", raw(1, b"w"), raw(1, b"w", [], []), raw("1", b"w", []), raw(1, 2, [])]
)
def test_what_is_no_frame_is_refused(frame: bytes):
    with pytest.raises(FrameBroken):
        decode(frame, lambda _: True)


async def test_all_hear_all_in_order_and_so_does_whoever_speaks(redis: RedisServer):
    async with working(redis) as one, working(redis) as two:
        said = [(ROOM, TypingEvent(os.urandom(16), True)) for _ in range(3000)]
        for start in range(0, len(said), 100):
            one.bus.publish(said[start : start + 100])
        assert one.heard == [], "no worker has a way of its own"
        for worker in (one, two):
            await worker.until(lambda worker=worker: len(worker.heard) >= len(said))
            assert worker.heard == said
        assert one.faults == two.faults == []


async def test_while_redis_is_away_a_worker_hears_itself_and_then_all_learn_what_they_missed(
    redis: RedisServer,
):
    async with working(redis) as one, working(redis) as two:
        before = one.misses, two.misses
        redis.kill()
        for worker in (one, two):
            async with asyncio.timeout(PATIENCE):
                while worker.bus.is_up:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        said = (ROOM, TypingEvent(MEMBER, True))
        one.bus.publish([said])
        assert one.heard == [said]
        redis.start()
        for worker in (one, two):
            assert await worker.bus.wait_until_up(PATIENCE)
        await two.until(lambda: (ROOM, UnsureEvent()) in two.heard)
        assert said not in two.heard
        assert one.heard.count(said) == 1, "nothing is sent twice"
        assert one.misses > before[0]
        assert two.misses > before[1]


async def test_a_link_that_broke_leaves_no_mark_on_the_task_that_makes_the_next(
    redis: RedisServer,
):
    """Python before 3.11.3 takes a timeout in a marked task for its end: no link was made again."""
    async with working(redis) as one:
        missed = one.misses
        redis.kill()
        redis.start()
        await one.until(lambda: one.misses > missed)
        assert one.running.cancelling() == 0


async def test_what_was_under_way_when_the_link_broke_is_unsure_and_never_sent_again(
    redis: RedisServer,
):
    async with working(redis) as one:
        said = [(os.urandom(32), TypingEvent(MEMBER, True)) for _ in range(50)]
        redis.kill()
        # Nobody here knows yet.
        assert one.bus.is_up
        one.bus.publish(said)
        rooms = {room for room, _ in said}
        await one.until(lambda: rooms <= {room for room, _ in one.heard})
        redis.start()
        assert await one.bus.wait_until_up(PATIENCE)
        one.bus.publish([(ROOM, ClosedEvent("expired"))])
        await one.until(lambda: (ROOM, ClosedEvent("expired")) in one.heard)
        assert {event for room, event in one.heard if room in rooms} == {UnsureEvent()}


async def test_of_more_rooms_than_can_be_remembered_all_are_unsure(redis: RedisServer):
    redis.kill()
    one = Worker(redis)
    one.bus.publish(
        [(n.to_bytes(32, "big"), TypingEvent(MEMBER, True)) for n in range(OWED_TOPICS + 1)]
    )
    redis.start()
    async with working(redis) as two:
        missed = two.misses
        running = asyncio.create_task(one.bus.run())
        await two.until(lambda: two.misses > missed)
        assert (ALL_TOPICS, UnsureEvent()) in two.heard
        await one.bus.flush()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await one.link.aclose()


async def test_whoever_writes_nonsense_there_is_not_believed_and_all_is_told_again(
    redis: RedisServer,
):
    async with working(redis) as one:
        missed = one.misses
        await one.link.publish(CHANNEL, b"nonsense")
        await one.until(lambda: one.misses > missed)
        assert [type(fault) for fault in one.faults] == [FrameBroken]
        assert one.bus.is_up


async def test_a_connection_that_ends_at_an_unlucky_moment_is_no_fault(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The loop beneath the driver has another kind of error for it, which can't be had at will."""
    original = PubSub.get_message
    unlucky = iter([True])

    async def get_message(pubsub: PubSub, *given: object, **named: object) -> object:
        if next(unlucky, False):
            raise RuntimeError("unable to perform operation; the handler is closed")
        return await original(pubsub, *given, **named)

    async with working(redis) as one:
        missed = one.misses
        monkeypatch.setattr(PubSub, "get_message", get_message)
        one.bus.publish([(ROOM, ClosedEvent("expired"))])
        await one.until(lambda: one.misses > missed)
        assert await one.bus.wait_until_up(PATIENCE)
        assert one.faults == []
    assert "Redis is away (it can't be reached)" in caplog.text
