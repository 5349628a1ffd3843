"""The hub: which sockets of this process listen to which conversations, and what they are told.

What was just written here is told from memory, in the same turn of the loop. All else that hints
tell of is read from the database once, by one task, for however many listen, and many
conversations at a time. Listeners take bytes and never block. A hint that is lost costs a delay at
most: whoever connects again is told how everything stands, and reads on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from ephemeral.accounts.doors import (
    ENDED_TOPIC,
    ChainMoved,
    ChangedEvent,
    ContactsChanged,
    SessionEnded,
    SuspensionEvent,
)
from ephemeral.conversations.rules.changes import (
    KINDS,
    ConversationChanged,
    ConversationsChanged,
    CursorMoved,
    FileChanged,
    PeopleChanged,
    Signal,
    Typing,
)
from ephemeral.conversations.service.ends import Ends
from ephemeral.conversations.service.heard import Frames, Heard, Listener, News
from ephemeral.conversations.service.hints import Hints
from ephemeral.conversations.service.listening import Attended, Listening, StandingRow
from ephemeral.conversations.service.recent import Recent
from ephemeral.live.bus import Bus, Event, Hint, UnsureEvent
from ephemeral.live.hints import ALL_TOPICS
from ephemeral.protocol.errors import Refusal, refuse
from ephemeral.store.repeating import repeat

__all__ = ["Hub"]

# Conversations that are read in one transaction, and lists before some of them are.
_AT_ONCE, _LISTS_AT_ONCE = 64, 16
# Until a database that is away is asked again, and how often sessions are looked after whose end
# may not have been heard of.
_AGAIN_SECONDS, _LOOK_SECONDS = 1.0, 5.0
# Cursors are told together.
_GATHER_SECONDS = 0.1


class Hub:
    """Subscribes itself to the bus. `run` it for as long as sockets may come.

    `topics_of`: what an account is called on the bus.
    """

    kinds: Mapping[int, type[Struct]] = KINDS

    def __init__(
        self,
        listening: Listening,
        recent: Recent,
        hints: Hints,
        bus: Bus,
        ends: Ends,
        topics_of: Callable[[bytes], Awaitable[Sequence[bytes]]],
        frames: Frames,
        fault: Callable[[BaseException], None],
    ) -> None:
        self._listening = listening
        self._recent = recent
        self._hints = hints
        self._bus = bus
        self._ends = ends
        self._topics_of = topics_of
        self._frames = frames
        self._fault = fault
        # Conversations and accounts by their topics, sessions by id.
        self._heard: dict[bytes, Heard] = {}
        self._accounts: dict[bytes, set[Listener]] = {}
        self._sessions: dict[bytes, set[Listener]] = {}
        # Of each listener the topics of its conversations, and of its account.
        self._attended: dict[Listener, set[bytes]] = {}
        self._called: dict[Listener, Sequence[bytes]] = {}
        # What is to be read, in the order in which that was noticed.
        self._unread: dict[Heard, None] = {}
        self._unlisted: dict[Listener, None] = {}
        # What is different in lists, until that is told.
        self._news: dict[Listener, News] = {}
        # Those that begin, and whether their lists have changed meanwhile.
        self._beginning: dict[Listener, bool] = {}
        self._due = asyncio.Event()
        self._moved: set[Heard] = set()
        bus.subscribe(self)

    # --- listeners --------------------------------------------------------------------------------

    async def begin(self, listener: Listener) -> tuple[Sequence[Attended], int]:
        """From now on `listener` is told everything; gives how its conversations stand, and the
        time. Nothing falls between. Refuses `session_ended`, `suspended`; `remove` it in any
        case."""
        self._attended[listener] = set()
        self._beginning[listener] = False
        self._sessions.setdefault(listener.sid, set()).add(listener)
        topics = await self._topics_of(listener.account)
        if listener in self._attended:
            self._called[listener] = topics
            for topic in topics:
                self._accounts.setdefault(topic, set()).add(listener)
        # It may have been over before anybody listened.
        await self._ends.check(listener)
        attended, now = await self._list(listener)
        # It is told all of it.
        self._news.pop(listener, None)
        if self._beginning.pop(listener, False):
            # Only now: of two readings at a time the older might count.
            self._relist(listener)
        refuse(listener not in self._attended, "session_ended")
        return attended, now

    def remove(self, listener: Listener) -> None:
        """Forget `listener`; harmless if it isn't there."""
        for topic in self._attended.pop(listener, ()):
            self._leave(topic, listener)
        for topic in self._called.pop(listener, ()):
            _discard(self._accounts, topic, listener)
        _discard(self._sessions, listener.sid, listener)
        self._unlisted.pop(listener, None)
        self._beginning.pop(listener, None)
        self._news.pop(listener, None)

    def type(self, device: bytes, conversation: bytes) -> None:
        """A device's person is writing; refuses `not_found` where it isn't listed.

        Told once a second at most.
        """
        heard = self._listing(device, conversation)
        if heard.tells_typing(device, asyncio.get_running_loop().time()):
            self._bus.publish([(heard.topic, Typing(device))])

    def signal(self, device: bytes, conversation: bytes, sealed: bytes) -> None:
        """Tell the others that listen now, and keep nothing; refuses `not_found` as `type`."""
        heard = self._listing(device, conversation)
        self._bus.publish([(heard.topic, Signal(device, sealed))])

    def _listing(self, device: bytes, conversation: bytes) -> Heard:
        heard = self._heard.get(self._hints.topic(conversation))
        if heard is None or not heard.lists(device):
            raise Refusal("not_found")
        return heard

    async def _list(self, listener: Listener) -> tuple[Sequence[Attended], int]:
        """Attend what the account is in; gives that, and the time. What is new is in `_news`, also
        where this fails in the midst of it.

        Read again once everything is attended: what happens meanwhile is told.
        """
        while True:
            rows, now = await self._listening.attended(listener.account, listener.device)
            before = self._attended.get(listener)
            if before is None:
                return rows, now
            news = self._news.setdefault(listener, News())
            present = {self._hints.topic(one.row.conversation): one for one in rows}
            for topic in before - present.keys():
                news.gone.add(self._heard[topic].conversation)
                before.discard(topic)
                self._leave(topic, listener)
            new = {one.row.conversation for topic, one in present.items() if topic not in before}
            for topic, one in present.items():
                heard = self._heard.get(topic)
                if heard is None:
                    heard = self._heard[topic] = Heard.of(one, topic)
                heard.listeners[listener] = one.first
                if (one.row.s, one.row.epoch, one.row.due) != (heard.told, heard.epoch, heard.due):
                    # One of the two is older, and with it perhaps what this one may read.
                    self._read(heard)
            before.update(present)
            news.come |= new
            if not new:
                return rows, now

    def _leave(self, topic: bytes, listener: Listener) -> None:
        heard = self._heard.get(topic)
        if heard is None:
            return
        heard.listeners.pop(listener, None)
        if not heard.listeners:
            del self._heard[topic]
            self._unread.pop(heard, None)
            self._moved.discard(heard)

    # --- what the bus tells -----------------------------------------------------------------------

    def listens(self, topic: bytes) -> bool:
        """Whether anybody here wants to hear of a topic."""
        return topic in self._heard or topic in self._accounts or topic == ENDED_TOPIC

    def missed(self) -> None:
        """Hints may have been lost: lists are read, and what stands otherwise than was told.

        Sessions are looked after by themselves.
        """
        for listener in self._attended:
            self._tell_account(listener, UnsureEvent())

    def receive(self, hints: Sequence[Hint]) -> None:
        """Tell whoever listens, or have it read."""
        for topic, event in hints:
            if (heard := self._heard.get(topic)) is not None:
                self._hear(heard, event)
            elif listeners := self._accounts.get(topic):
                for one in tuple(listeners):
                    self._tell_account(one, event)
            elif isinstance(event, SessionEnded):
                self._end(event.sid)
            elif topic == ALL_TOPICS:
                self.missed()

    def _hear(self, heard: Heard, event: Event) -> None:
        if isinstance(event, ConversationChanged):
            self._go_on(heard, event.s)
        elif isinstance(event, CursorMoved):
            self._move(heard, event)
        elif isinstance(event, Typing | Signal | FileChanged):
            heard.pass_on(event, self._frames)
        elif isinstance(event, PeopleChanged):
            heard.people_changed = True
            self._read(heard)
        else:
            self._read(heard)

    def _go_on(self, heard: Heard, s: int) -> None:
        """A log has come to a place."""
        if s == 0:
            self._read(heard)
        elif s > heard.told and heard not in self._unread:
            items = self._recent.after(heard.conversation, heard.told)
            new = [one for one in items or () if one.s <= s]
            if new and new[-1].s == s:
                heard.go_on(new, self._frames)
            else:
                self._read(heard)

    def _move(self, heard: Heard, event: CursorMoved) -> None:
        cursors = heard.cursors
        if cursors is None:
            cursors = heard.cursors = {}
        cursors[event.device] = max(event.cursor, cursors.get(event.device, 0))
        if not self._moved:
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._tell_moved)
        self._moved.add(heard)

    def _tell_moved(self) -> None:
        moved, self._moved = self._moved, set()
        for heard in moved:
            cursors, heard.cursors = heard.cursors or {}, None
            frame = self._frames.receipt(heard.conversation, cursors.items())
            heard.deliver_to_listed(frame)

    def _tell_account(self, listener: Listener, event: Event) -> None:
        if isinstance(event, SuspensionEvent):
            self._close(listener)
            return
        unsure = isinstance(event, UnsureEvent)
        if unsure or isinstance(event, ConversationsChanged):
            self._relist(listener)
        if unsure or isinstance(event, ContactsChanged):
            listener.deliver(self._frames.contact)
        if unsure or isinstance(event, ChangedEvent):
            listener.deliver(self._frames.device)
        if isinstance(event, ChainMoved):
            listener.deliver(self._frames.chain(event.chain))

    def _relist(self, listener: Listener) -> None:
        if listener in self._beginning:
            self._beginning[listener] = True
        else:
            self._unlisted[listener] = None
            self._due.set()

    def _end(self, sid: bytes) -> None:
        for one in tuple(self._sessions.get(sid, ())):
            self._close(one)

    def _close(self, listener: Listener) -> None:
        self.remove(listener)
        listener.session_ended()

    # --- what is read -----------------------------------------------------------------------------

    async def run(self) -> None:
        """Read what hints tell of, and look after sessions, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_on())
            group.create_task(repeat(self._look, _LOOK_SECONDS, self._fault))

    async def _look(self, _: float) -> None:
        """End sessions whose end nobody told of here, or whose account is suspended."""
        if self._sessions and not self._bus.is_up:
            await self._ends.load()
        for one in [one for one in self._attended if self._ends.are_known(one)]:
            self._close(one)

    def _read(self, heard: Heard) -> None:
        self._unread[heard] = None
        self._due.set()

    async def _read_on(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                while self._unlisted or self._unread:
                    await self._read_lists()
                    if self._unread:
                        await self._read_conversations()
            except Refusal:
                # The database is away.
                await self._pause()
            except Exception as error:  # noqa: BLE001 - the next one tries again
                self._fault(error)
                await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(_AGAIN_SECONDS)
        self._due.set()

    async def _read_lists(self) -> None:
        for listener in list(islice(self._unlisted, _LISTS_AT_ONCE)):
            if listener not in self._unlisted:
                # It has gone meanwhile.
                continue
            del self._unlisted[listener]
            try:
                rows, _ = await self._list(listener)
            except BaseException:
                if listener in self._attended:
                    self._unlisted[listener] = None
                raise
            self._tell_lists(listener, [one.row for one in rows])

    def _tell_lists(self, listener: Listener, rows: Sequence[StandingRow]) -> None:
        news = self._news.pop(listener, None)
        if news is None:
            return
        come = [row for row in rows if row.conversation in news.come]
        gone = sorted(news.gone - {row.conversation for row in rows})
        if come or gone:
            listener.deliver(self._frames.conversations(come, gone))

    async def _read_conversations(self) -> None:
        reading = list(islice(self._unread, _AT_ONCE))
        for one in reading:
            del self._unread[one]
        wanted = [one.wanted() for one in reading]
        try:
            found = await self._listening.standings(wanted)
        except BaseException:
            for one in reading:
                if one.listeners:
                    self._unread[one] = None
            raise
        for heard, asked in zip(reading, wanted, strict=True):
            standing = found.get(heard.conversation)
            self._let_go(heard, {} if standing is None else standing.firsts, asked.devices)
            if standing is not None:
                heard.catch_up(standing.row, standing.items, self._frames)

    def _let_go(
        self,
        heard: Heard,
        firsts: Mapping[bytes, int | None],
        asked: Sequence[tuple[bytes, bytes]],
    ) -> None:
        """What each of those may hear that were asked for; others have come meanwhile."""
        devices = {device for _, device in asked}
        for one in [one for one in heard.listeners if one.device in devices]:
            if one.device in firsts:
                heard.listeners[one] = firsts[one.device]
            else:
                self._attended[one].discard(heard.topic)
                self._leave(heard.topic, one)
                one.deliver(self._frames.conversations([], [heard.conversation]))


def _discard(where: dict[bytes, set[Listener]], key: bytes, listener: Listener) -> None:
    there = where.get(key)
    if there is not None:
        there.discard(listener)
        if not there:
            del where[key]
