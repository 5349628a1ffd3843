"""The bus of several workers and hosts: one Redis channel, to which every worker subscribes.

There is one way for a hint, also to the worker that it comes from: through Redis and back. What is
published while a frame is being written goes out in the next one, so a busy worker pays for few
frames and a lone hint waits for none.

Nothing is sent twice. When the link to Redis breaks, whatever was under way may have arrived or
not: its rooms are *unsure* (their members are told the complete state), here at once and elsewhere
as soon as the link is back. Meanwhile this worker's own hints reach its own sockets directly, so
that a room whose members are all here notices nothing. When the link is back every room is unsure,
because nobody knows what others have said. So a connection may read its backlog at any time: either
the subscription stands, or all is told again once it does.

Each worker hears its own sign of life every few seconds through the same channel; if it doesn't,
the link counts as broken, whatever the sockets say.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from ephemeral.live.bus import Hint, Subscriber, UnsureEvent
from ephemeral.live.hints import ALL_TOPICS, FrameBroken, HintCodec
from ephemeral.live.redis_link import LINK_ERRORS, driving, reason

__all__ = ["RedisBus"]

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
SILENCE_SECONDS = 6.0
_RETRY_SECONDS = (0.1, 2.0)
_FLUSH_SECONDS = 2.0

#: Hints in one frame, and hints that wait at most: beyond, their topics are told everything.
FRAME_HINTS = 1024
WAITING_HINTS = 65_536
#: Topics that are remembered while Redis is away; beyond, all are unsure.
OWED_TOPICS = 65_536


class RedisBus:
    """Publishes and receives on `channel`. `run` it for as long as the process serves.

    `fault` is told of exceptions nobody expected.
    """

    def __init__(
        self,
        redis: Redis,
        channel: str,
        worker: bytes,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._redis = redis
        self._channel = channel
        self._worker = worker
        self._fault = fault
        self._codec = HintCodec()
        self._subscribers: list[Subscriber] = []
        # What waits to be sent, and what is being sent.
        self._pending: list[Hint] = []
        self._sending: list[Hint] = []
        self._owed: set[bytes] = set()
        self._due = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._up = asyncio.Event()
        self._told = False
        self._ending = False

    @property
    def is_up(self) -> bool:
        """Whether hints go to other workers at this moment."""
        return self._up.is_set()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Add a subscriber for the life of the process."""
        self._codec.register(subscriber.kinds)
        self._subscribers.append(subscriber)

    def publish(self, hints: Sequence[Hint]) -> None:
        """Send a batch soon, in order; while Redis is away only to this worker."""
        if not hints:
            return
        if not self.is_up:
            self._owe(topic for topic, _ in hints)
            self._hand_over(hints)
            return
        self._pending.extend(hints)
        if len(self._pending) > WAITING_HINTS:
            self._give_up_pending()
        self._wake()

    async def wait_until_up(self, seconds: float) -> bool:
        """Wait so long at most for the link; whether there is one."""
        try:
            await asyncio.wait_for(self._up.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Keep the link until cancelled, however often it breaks; `flush` comes before that."""
        shortest, longest = _RETRY_SECONDS
        delay = shortest
        while not self._ending:
            try:
                # In a task of its own: a group that breaks leaves a mark on the task that waited
                # for it, and Python before 3.11.3 takes a timeout in a marked one for its end.
                await asyncio.create_task(self._keep_link())
            except* LINK_ERRORS as broken:
                self._say_down(broken)
            except* Exception as unexpected:  # noqa: BLE001 - the link is made anew
                self._fault(_first(unexpected))
            finally:
                if self.is_up:
                    delay = shortest
                self._down()
            if not self._ending:
                await asyncio.sleep(delay)
            delay = min(2 * delay, longest)

    async def flush(self) -> None:
        """Send what waits, if Redis takes it soon, and make no other link."""
        # A cancellation that comes while the driver connects may end in an error of the driver.
        self._ending = True
        if self.is_up:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), _FLUSH_SECONDS)

    # --- the link -----------------------------------------------------------------------------

    async def _keep_link(self) -> None:
        """Subscribe, and only then count as up; raises a group when the link breaks."""
        async with self._redis.pubsub() as pubsub, asyncio.TaskGroup() as group:
            async with asyncio.timeout(SILENCE_SECONDS):
                with driving():
                    await pubsub.subscribe(self._channel)
                    while not _is_subscribed(await pubsub.get_message(timeout=None)):
                        pass
            self._begin()
            group.create_task(self._read(pubsub))
            group.create_task(self._write())
            group.create_task(self._beat())

    def _begin(self) -> None:
        self._up.set()
        if self._told:
            self._told = False
            log.warning("Redis is back: hints flow between processes again.")
        owed, self._owed = self._owed, set()
        self._pending.extend((topic, UnsureEvent()) for topic in owed)
        self._missed()
        self._wake()

    def _down(self) -> None:
        """Whatever was under way may have arrived or not."""
        self._up.clear()
        self._pending = self._sending + self._pending
        self._sending = []
        self._give_up_pending()

    async def _read(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SILENCE_SECONDS) as silence:
            while True:
                with driving():
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=None)
                if message is None:
                    continue
                try:
                    origin, hints = self._codec.decode(message["data"], self._listens)
                except FrameBroken as error:
                    # Who else writes there? Nothing of it is believed, and all is told again.
                    self._fault(error)
                    self._missed()
                    continue
                if origin == self._worker:
                    silence.reschedule(loop.time() + SILENCE_SECONDS)
                if any(topic == ALL_TOPICS for topic, _ in hints):
                    self._missed()
                if hints:
                    self._hand_over(hints)

    async def _write(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            self._sending, self._pending = self._pending, []
            async with asyncio.timeout(SILENCE_SECONDS):
                async with self._redis.pipeline(transaction=False) as pipeline:
                    # Without a hint: the sign of life.
                    for start in range(0, len(self._sending) or 1, FRAME_HINTS):
                        hints = self._sending[start : start + FRAME_HINTS]
                        pipeline.publish(self._channel, self._codec.encode(self._worker, hints))
                    with driving():
                        await pipeline.execute()
            self._sending = []
            if not self._pending:
                self._idle.set()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._due.set()

    # --- what nobody knows to have arrived ------------------------------------------------------

    def _wake(self) -> None:
        if self._pending:
            self._idle.clear()
            self._due.set()

    def _give_up_pending(self) -> None:
        topics = {topic for topic, _ in self._pending}
        self._pending = []
        self._idle.set()
        if topics:
            self._owe(topics)
            self._hand_over([(topic, UnsureEvent()) for topic in topics])
        if self.is_up:
            # Too much waited, although the link stands: what is owed is sent by it.
            self._pending = [(topic, UnsureEvent()) for topic in self._owed]
            self._owed = set()

    def _owe(self, topics: Iterable[bytes]) -> None:
        self._owed.update(topics)
        if len(self._owed) > OWED_TOPICS:
            self._owed = {ALL_TOPICS}

    def _listens(self, topic: bytes) -> bool:
        return any(one.listens(topic) for one in self._subscribers)

    def _missed(self) -> None:
        for one in self._subscribers:
            one.missed()

    def _hand_over(self, hints: Sequence[Hint]) -> None:
        for one in self._subscribers:
            try:
                one.receive(hints)
            except Exception as error:  # noqa: BLE001 - publishing never raises, and reading goes on
                self._fault(error)
                self._missed()

    def _say_down(self, broken: BaseExceptionGroup) -> None:
        if not self._told:
            self._told = True
            log.warning(
                "Redis is away (%s): messages are stored and answered as ever; members on other "
                "processes hear of them when it is back.",
                reason(_first(broken)),
            )


def _is_subscribed(message: dict[str, Any] | None) -> bool:
    return message is not None and message["type"] == "subscribe"


def _first(group: BaseExceptionGroup) -> BaseException:
    one: BaseException = group
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one
