"""Who is here: accounts that have it on are told of their contacts that have it on.

It stands in the memory of the processes whose sockets it is of, and passes over the bus; nothing of
it is written anywhere, nor can it be asked who was here. Each process says of its own people that
they have come or gone, and answers who asks. Of a process that isn't heard of any more, or whose
word may have been lost, nobody is believed to be here.

Whatever changes often is told seldom: a person's coming and going once a second, and all that has
changed for somebody in one frame.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from ephemeral.accounts.doors import ContactsChanged
from ephemeral.conversations.rules.presence import (
    KINDS,
    LIVES_TOPIC,
    Here,
    ProcessLives,
    WhoIsHere,
)
from ephemeral.conversations.service.person_here import Person, Watcher
from ephemeral.live.bus import Bus, Event, Hint, UnsureEvent
from ephemeral.protocol.errors import Refusal
from ephemeral.store.repeating import repeat

__all__ = ["Presence", "Watcher"]

# Somebody whose last socket is lost counts as here for so long: it connects anew, mostly.
GRACE_SECONDS = 5.0
# A person's coming and going is told so often, and changes are gathered for so long.
_EACH_SECONDS, _GATHER_SECONDS = 1.0, 0.1
# How often a process says that it lives, and after how long a silence nobody is there any more.
_BEAT_SECONDS, SILENCE_SECONDS = 5.0, 16.0
# Where the word of others may have been lost: how often they are asked, and how long is waited.
_ASK_SECONDS, _DOUBT_SECONDS = 0.5, 3.0
# Accounts whose contacts are read at once, and until a database that is away is asked again.
_AT_ONCE, _AGAIN_SECONDS = 64, 1.0

#: Of accounts, the contacts of each that have agreed to it as it has to them.
Contacts = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, Collection[bytes]]]]


class Presence:
    """Subscribes itself to the bus. `run` it for as long as sockets may come.

    `topic`: what a person's presence is called on the bus, `account_topic` their account. `frame`
    says who has come and who is gone.
    """

    kinds: Mapping[int, type[Struct]] = KINDS

    def __init__(
        self,
        bus: Bus,
        worker: bytes,
        topic: Callable[[bytes], bytes],
        account_topic: Callable[[bytes], bytes],
        contacts: Contacts,
        frame: Callable[[list[bytes], list[bytes]], bytes],
        fault: Callable[[BaseException], None],
    ) -> None:
        self._bus = bus
        self._worker = worker
        self._topic = topic
        self._account_topic = account_topic
        self._contacts = contacts
        self._frame = frame
        self._fault = fault
        # All that are known here, by account and by topic; those with sockets by their account's.
        self._people: dict[bytes, Person] = {}
        self._topics: dict[bytes, Person] = {}
        self._present: dict[bytes, Person] = {}
        # Whose contacts are to be read, whom something is to be told, who was asked for.
        self._unread: dict[Person, None] = {}
        self._telling: set[Person] = set()
        self._asked: set[Person] = set()
        self._gathering = False
        # When other processes were heard of; whether their word may have been lost.
        self._heard: dict[bytes, float] = {}
        self._missed = self._asking = False
        # Whose being here is doubted, since when, the first first; a timer runs while there is one.
        self._doubts: deque[tuple[float, Person]] = deque()
        self._due = asyncio.Event()
        bus.subscribe(self)

    # --- sockets ----------------------------------------------------------------------------------

    def show(self, watcher: Watcher) -> None:
        """From now on its account is here, and it is told who else is; again changes nothing."""
        person = self._person(watcher.account)
        if watcher not in person.sockets:
            person.sockets[watcher] = False
            self._present[self._account_topic(person.account)] = person
            self._settle(person)
            self._read(person)

    def hide(self, watcher: Watcher) -> None:
        """It is told nothing more. If it was the account's last, this one is here no longer."""
        self._drop(watcher, 0.0)

    def leave(self, watcher: Watcher) -> None:
        """The same for a socket that is lost: it may be back soon. Harmless if it isn't there."""
        person = self._people.get(watcher.account)
        if person is not None and watcher in person.sockets:
            self._drop(watcher, GRACE_SECONDS)

    def _drop(self, watcher: Watcher, grace: float) -> None:
        person = self._people.get(watcher.account)
        if person is None:
            return
        person.sockets.pop(watcher, None)
        if not person.sockets:
            person.until = asyncio.get_running_loop().time() + grace
            self._settle(person)

    def _settle(self, person: Person) -> None:
        """Let others be told how it is, as soon as it may be."""
        if person.timer is not None:
            person.timer.cancel()
            person.timer = None
        here = bool(person.sockets)
        if here != person.out:
            loop = asyncio.get_running_loop()
            now = loop.time()
            wait = max(person.out_at + _EACH_SECONDS, 0.0 if here else person.until) - now
            if wait > 0:
                person.timer = loop.call_later(wait, self._settle, person)
                return
            person.out, person.out_at = here, now
            self._bus.publish([(person.topic, Here(self._worker, here))])
            self._changed(person)
        if not here:
            self._release(person)

    # --- who is known -----------------------------------------------------------------------------

    def _person(self, account: bytes) -> Person:
        person = self._people.get(account)
        if person is None:
            person = self._people[account] = Person(account, self._topic(account))
            self._topics[person.topic] = person
        return person

    def _release(self, person: Person) -> None:
        """Nobody at a socket here needs to be told for them."""
        self._present.pop(self._account_topic(person.account), None)
        self._unread.pop(person, None)
        self._telling.discard(person)
        self._ignore(person, person.contacts)
        person.contacts, person.told, person.news, person.is_sure = set(), set(), set(), False
        self._forget(person)

    def _ignore(self, person: Person, contacts: Iterable[Person]) -> None:
        for one in contacts:
            one.watchers.discard(person)
            self._forget(one)

    def _forget(self, person: Person) -> None:
        if not person.is_needed:
            self._people.pop(person.account, None)
            self._topics.pop(person.topic, None)
            self._asked.discard(person)

    def _adopt(self, person: Person, accounts: Collection[bytes]) -> None:
        """These are their contacts, from now on."""
        contacts = {self._person(one) for one in accounts if one != person.account}
        new, gone = contacts - person.contacts, person.contacts - contacts
        unknown = [one for one in new if not one.watchers]
        for one in new:
            one.watchers.add(person)
        person.contacts, person.is_sure = contacts, True
        person.news |= new | gone
        self._ignore(person, gone)
        self._tell_soon(person)
        self._bus.publish([(one.topic, WhoIsHere(self._worker)) for one in unknown])

    # --- what is told -----------------------------------------------------------------------------

    def _changed(self, person: Person) -> None:
        for one in person.watchers:
            one.news.add(person)
            self._tell_soon(one)

    def _tell_soon(self, person: Person) -> None:
        self._telling.add(person)
        self._gather()

    def _gather(self) -> None:
        if not self._gathering:
            self._gathering = True
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._tell)

    def _tell(self) -> None:
        self._gathering = False
        telling, self._telling = self._telling, set()
        for person in telling:
            # Otherwise they are told once it is sure, or once they have a socket again.
            if person.is_sure and person.sockets:
                person.tell(self._frame)
        asked, self._asked = self._asked, set()
        self._bus.publish([(one.topic, Here(self._worker, True)) for one in asked if one.out])

    # --- what the bus tells -----------------------------------------------------------------------

    def listens(self, topic: bytes) -> bool:
        """Whether anybody here wants to hear of a topic."""
        return topic in self._topics or topic in self._present or topic == LIVES_TOPIC

    def missed(self) -> None:
        """Hints may have been lost: of everything."""
        self._missed = True
        self._ask_soon()

    def receive(self, hints: Sequence[Hint]) -> None:
        """Note what other processes say."""
        unsure: dict[Person, None] = {}
        for topic, event in hints:
            if (person := self._topics.get(topic)) is not None:
                if isinstance(event, UnsureEvent):
                    self._doubt(person)
                    unsure[person] = None
                else:
                    self._hear(person, event)
            elif isinstance(event, ProcessLives):
                if event.worker not in {self._worker, *self._heard}:
                    # It is new, or was silent for so long that nobody of it is here any more.
                    self._ask_soon()
                self._lives(event.worker)
            elif isinstance(event, ContactsChanged | UnsureEvent) and topic in self._present:
                self._read(self._present[topic])
        self._ask(unsure)

    def _hear(self, person: Person, event: Event) -> None:
        if isinstance(event, WhoIsHere):
            if person.out and event.worker != self._worker:
                self._asked.add(person)
                self._gather()
        elif isinstance(event, Here) and event.worker != self._worker:
            self._lives(event.worker)
            before = person.is_here
            person.doubted.pop(event.worker, None)
            (person.elsewhere.add if event.here else person.elsewhere.discard)(event.worker)
            if person.is_here != before:
                self._changed(person)

    def _lives(self, worker: bytes) -> None:
        if worker != self._worker:
            self._heard[worker] = asyncio.get_running_loop().time()

    def _ask_soon(self) -> None:
        """However often there is a reason to."""
        if not self._asking:
            self._asking = True
            asyncio.get_running_loop().call_later(_ASK_SECONDS, self._ask_all)

    def _ask_all(self) -> None:
        self._asking = False
        missed, self._missed = self._missed, False
        people = tuple(self._people.values())
        for person in people:
            self._doubt(person)
        self._ask(people)
        if missed:
            # Also that contacts are others.
            self._read_all()

    def _doubt(self, person: Person) -> None:
        """Others' word may have been lost: what they don't say again isn't believed for long."""
        now = asyncio.get_running_loop().time()
        if person.doubt(now):
            self._doubts.append((now, person))
            if len(self._doubts) == 1:
                self._end_doubts_later()

    def _ask(self, people: Iterable[Person]) -> None:
        """Others are asked for these, and what they may not have heard of us is said again."""
        hints: list[Hint] = []
        for person in people:
            if person.watchers:
                hints.append((person.topic, WhoIsHere(self._worker)))
            if person.out:
                hints.append((person.topic, Here(self._worker, True)))
        if hints:
            self._bus.publish(hints)

    def _end_doubts_later(self) -> None:
        at = self._doubts[0][0] + _DOUBT_SECONDS
        asyncio.get_running_loop().call_at(at, self._end_doubts)

    def _end_doubts(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._doubts and self._doubts[0][0] + _DOUBT_SECONDS <= now:
            began, person = self._doubts.popleft()
            self._not_there(person, person.end_doubt(began))
        if self._doubts:
            self._end_doubts_later()

    def _not_there(self, person: Person, workers: Iterable[bytes]) -> None:
        before = person.is_here
        person.elsewhere.difference_update(workers)
        if person.is_here != before:
            self._changed(person)

    # --- what is read -----------------------------------------------------------------------------

    def _read(self, person: Person) -> None:
        """Whose contacts may be others is told nothing until they are known."""
        person.is_sure = False
        self._unread[person] = None
        self._due.set()

    async def run(self) -> None:
        """Read who is whose contact, and say that this process lives, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_on())
            group.create_task(repeat(self._beat, _BEAT_SECONDS, self._fault))

    async def _read_on(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                while self._unread:
                    await self._read_contacts()
            except Refusal:
                # The database is away.
                await self._pause()
            except Exception as error:  # noqa: BLE001 - the next one tries again
                self._fault(error)
                await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(_AGAIN_SECONDS)
        self._due.set()

    def _read_all(self) -> None:
        for person in self._present.values():
            self._read(person)

    async def _read_contacts(self) -> None:
        reading = list(islice(self._unread, _AT_ONCE))
        for person in reading:
            del self._unread[person]
        try:
            found = await self._contacts([person.account for person in reading])
        except BaseException:
            for person in reading:
                if person.sockets:
                    self._unread[person] = None
            raise
        for person in reading:
            # Who was put down meanwhile is read once more, and who has gone needs nothing.
            if person.sockets and person not in self._unread:
                self._adopt(person, found.get(person.account, ()))

    async def _beat(self, _: float) -> None:
        """Say that this process lives, and forget who was at those that don't."""
        self._bus.publish([(LIVES_TOPIC, ProcessLives(self._worker))])
        now = asyncio.get_running_loop().time()
        dead = {one for one, at in self._heard.items() if now - at > SILENCE_SECONDS}
        for worker in dead:
            del self._heard[worker]
        if dead:
            for person in tuple(self._people.values()):
                self._not_there(person, dead)
        if not self._bus.is_up:
            # Nobody tells that contacts have changed.
            self._read_all()
