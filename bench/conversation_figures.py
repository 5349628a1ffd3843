"""`python -m bench.conversation_figures`: what conversations cost a server.

First records: epochs that begin one after the other, with as many devices as is said, each record
judged and set with all its boxes. Then messages in closed loops over sockets, each posted, told to
every other device, and acknowledged by all of them now and then, as clients do at most once a
second; and beside these messages in rooms of two, in the same run at the same server. What the
server and PostgreSQL spend is read from the system before and after.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Any

import httpx

from bench import hosts
from bench.load import EphemeralRoom, Tally
from bench.page_figures import all_packed, table
from bench.scenarios import Options, closed_loop
from bench.talkers import Ear, Talker
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.conversations.making import Change, founding, renewal
from ephemeral.protocol.conversations.records import ADMIN, MEMBER, Record, SignedRecord
from ephemeral.protocol.encoding import b64decode, b64encode
from ephemeral.store.embedded.server import EmbeddedPostgres

DEVICES = (2, 20, 100)
#: Milliseconds of the server's CPU for a record at a hundred devices; how many messages of a room
#: one of a conversation of two may cost.
MOST_RECORD, MOST_OF_ROOM = 2.0, 1.5
_BOX = 1168
# How many messages a device reads until it says so.
_ACK_EVERY = 10
# A server does nothing whose CPU is less than so much of a core.
_IDLE = 0.05
# For so long it is looked what a server takes that does nothing.
_IDLE_SECONDS = 5
# Of two people each founds half of them: nobody brings somebody who says nothing into more than 20.
_TALKS = {2: 38, 20: 8, 100: 3}


class Person(Talker):
    """Somebody with one device, or two."""

    def __init__(self, http: httpx.AsyncClient, audience: str, number: int) -> None:
        super().__init__(http, audience, number)
        self._states: list[Chain] = []

    async def come(self, devices: int) -> None:
        """An account with so many devices."""
        await self.settle()
        self._states.append(self._chain)
        if devices > 1:
            await self.sign_in()
            await self.deposit()
            await self.link()
            self._states.append(self._chain)
            beside = self.beside()
            await beside.refresh()
            self._second = beside._first  # noqa: SLF001 - the same person's

    def beside(self) -> "Person":
        """The same person at the second device."""
        there = copy(self)
        there._first, there._second = self._second, self._first  # noqa: SLF001 - the same person's
        return there

    @property
    def line(self) -> Line:
        """The own chain, with all that it said."""
        return Line(tuple(self._states))

    @property
    def seats(self) -> "list[Person]":
        """This person at each device."""
        return [self, self.beside()][: len(self._states)]

    async def ask(self, path: str, body: object) -> Any:
        """By the first device."""
        return await self._ask("POST", path, body, self._first)


class Talk:
    """A conversation, whose seed nobody has: nothing is read here."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.id = os.urandom(16)
        self.people = people
        self.lines = {one.chain.id: one.line for one in people}
        self.keys: dict[bytes, SealingKey] = {
            device: one.key for one in people for device in (seat.device for seat in one.seats)
        }
        self.seed = os.urandom(32)
        self.signed: SignedRecord
        self.log = Log.first(self.id)

    async def found(self) -> None:
        """By the first of them."""
        by = self.people[0]
        # Its proof names the time, and others may have been asked for minutes.
        await by.clock()
        roles = {one.chain.id: ADMIN if one is by else MEMBER for one in self.people}
        record = founding(self.id, roles, self.lines, self.keys, by.device, self.seed)
        self._took(record, await by.ask("/chatrooms", self._body(record)))

    async def renew(self, timer: int) -> None:
        """The next epoch."""
        await self.post(self.next(timer))

    def next(self, timer: int) -> Record:
        """Its record."""
        by, change = self.people[0], Change(timer=timer)
        before = self.signed.record
        return renewal(before, self.lines, self.keys, *self.log, by.device, self.seed, change)

    async def post(self, record: Record) -> None:
        """Begin it."""
        path = f"/chatrooms/{b64encode(self.id)}/epochs"
        self._took(record, await self.people[0].ask(path, self._body(record)))

    def _body(self, record: Record) -> dict[str, object]:
        boxes = [os.urandom(_BOX) for _ in record.devices]
        self.signed = self.people[0].sign(record.encode(), boxes)
        return {
            "record": b64encode(self.signed.record_bytes),
            "signature": b64encode(self.signed.signature),
            "boxes": list(map(b64encode, boxes)),
        }

    def _took(self, record: Record, answer: dict[str, Any]) -> None:
        assert answer["epoch"] == record.epoch, "it has begun"
        self.log = Log(answer["s"], b64decode(answer["hash"]))


class Loop:
    """Conversations in which the first device says another thing once all others have heard."""

    def __init__(self, talks: Sequence[Talk]) -> None:
        self.talks = {b64encode(one.id): one for one in talks}
        self.done = 0
        self._missing = dict.fromkeys(self.talks, 0)
        self._more = True
        self._heard: dict[tuple[str, int], int] = {}

    async def run(self, host: hosts.Host, seconds: float) -> tuple[int, hosts.Spent]:
        """How many messages, and what they took."""
        talk = next(iter(self.talks.values()))
        seats = [seat for person in talk.people for seat in person.seats]
        for person in talk.people:
            await person.clock()
        async with AsyncExitStack() as stack:
            ears = []
            for seat in seats:
                seat._now = talk.people[0]._now  # noqa: SLF001 - one clock for all
                ears.append(await stack.enter_async_context(seat.ear(f"127.0.0.1:{host.port}")))
            self._others = len(ears) - 1
            self._author, self._speaker = seats[0], ears[0]
            tasks = [asyncio.create_task(self._listen(n, ear)) for n, ear in enumerate(ears)]
            for name in self.talks:
                await self._say(name)
            await asyncio.sleep(2)
            before, begun = host.spent(), self.done
            await asyncio.sleep(seconds)
            spent, count = host.spent().since(before), self.done - begun
            self._more = False
            for task in tasks:
                if task.done():
                    task.result()
                task.cancel()
        return count, spent

    async def _say(self, name: str) -> None:
        talk = self.talks[name]
        entry = self._author.seal(talk, "A message of a usual length, as people write them.")  # type: ignore[arg-type]
        self._missing[name] = self._others
        await self._speaker.send("post", conversation=name, entries=[b64encode(entry)])

    async def _listen(self, number: int, ear: Ear) -> None:
        async for text in ear.socket:
            for frame in json.loads(text):
                if frame["type"] == "error":
                    raise SystemExit(f"refused: {frame}")
                if frame["type"] == "entry":
                    await self._hear(number, ear, frame)

    async def _hear(self, number: int, ear: Ear, frame: dict[str, Any]) -> None:
        name = frame["conversation"]
        key = (name, number)
        self._heard[key] = self._heard.get(key, 0) + 1
        if self._heard[key] % _ACK_EVERY == 0:
            await ear.send("ack", conversation=name, cursor=frame["s"])
        talk = self.talks[name]
        if number == 0:
            # What it says next names the place of what it has said.
            talk.log = Log(frame["s"], b64decode(frame["hash"]))
        else:
            self._missing[name] -= 1
        if self._missing[name] == 0 and talk.log.place == frame["s"]:
            self.done += 1
            if self._more:
                await self._say(name)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[hosts.Host, Callable[[int, int], Any]]]:
    """A server, and what makes people there: so many, with so many devices."""
    hosts.confine()
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-") as name:
        directory = Path(name)
        unlimited = {"ACCOUNT_REQUESTS_PER_ACCOUNT": "off", "EPOCH_SECONDS": "86400"}
        async with (
            EmbeddedPostgres(directory / "postgres") as database,
            hosts.ephemeral(database.dsn, directory, unlimited) as host,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{host.port}", trust_env=False, timeout=60
            ) as http,
        ):
            await asyncio.to_thread(all_packed, f"http://127.0.0.1:{host.port}/")
            audience = (await http.get("/config")).json()["accounts"]["audience"]
            made = [0]

            async def people(count: int, devices: int) -> list[Person]:
                found = []
                for _ in range(count):
                    made[0] += 1
                    person = Person(http, audience, made[0])
                    await person.come(devices)
                    found.append(person)
                for person in found[1:]:
                    await found[0].befriend(person)
                return found

            yield host, people


async def quiet(host: hosts.Host) -> None:
    """Wait until the server does nothing beside: it packs its pages, for one."""
    spent = 1.0
    while spent > _IDLE:
        before = host.spent()
        await asyncio.sleep(1)
        spent = host.spent().since(before).server


async def idle(host: hosts.Host) -> tuple[float, float]:
    """How much of a core the server and PostgreSQL take when nobody asks for anything."""
    before = host.spent()
    await asyncio.sleep(_IDLE_SECONDS)
    spent = host.spent().since(before)
    return spent.server / spent.at, spent.postgres / spent.at


async def records(host: hosts.Host, people: Sequence[Person], count: int) -> tuple[float, float]:
    """Milliseconds of CPU of the server and of PostgreSQL for a record, beyond what they take
    anyway."""
    server, postgres = await idle(host)
    talk = Talk(people)
    await talk.found()
    for timer in range(1, 6):
        await talk.renew(timer)
    before = host.spent()
    for timer in range(6, count + 6):
        await talk.renew(timer)
    cost = host.spent().since(before)
    return (
        1000 * (cost.server - server * cost.at) / count,
        1000 * (cost.postgres - postgres * cost.at) / count,
    )


async def rooms(host: hosts.Host, count: int, seconds: float) -> tuple[float, float]:
    """Microseconds of CPU for a message in rooms of two."""
    tally = Tally()
    talking = [EphemeralRoom(tally, 512) for _ in range(count)]
    for room in talking:
        await room.open(host.port)
    given = Options(
        dsn="", directory=Path(), rooms=count, size=512, window=1, seconds=seconds, warm_up=2,
        turns=1, rate=0, members=2, idle=0,
    )  # fmt: skip
    found = await closed_loop(host, talking, tally, given)
    return found.server_us, found.postgres_us


def _in_turn(crowd: list[Person], number: int) -> list[Person]:
    """These people, for their conversation of this number: of two the other one comes first."""
    return crowd[::-1] if len(crowd) == 2 and number % 2 else crowd


async def measured(count: int, seconds: float) -> None:
    """Print the tables."""
    async with serving() as (host, people):
        crowds: dict[int, list[Person]] = {}
        lines: list[tuple[str, ...]] = []
        for devices in DEVICES:
            crowds[devices] = crowd = await people(
                max(2, devices // 2), 1 if devices == DEVICES[0] else 2
            )
            await quiet(host)
            server, postgres = await records(host, crowd, count)
            goal = f"{MOST_RECORD:.0f} ms" if devices == DEVICES[-1] else ""
            lines.append((f"{devices} devices", f"{server:.1f} ms", f"{postgres:.1f} ms", goal))
        print(f"Means of {count} records, one after the other; {os.cpu_count()} cores.\n")
        table([("CPU of a record", "server", "PostgreSQL", "goal (server)"), *lines])
        lines = []
        here, there = await rooms(host, _TALKS[2], seconds)
        lines.append(("a room of two", f"{here:.0f} us", f"{there:.0f} us", "", ""))
        for devices, crowd in crowds.items():
            talks = [Talk(_in_turn(crowd, number)) for number in range(_TALKS[devices])]
            for talk in talks:
                await talk.found()
            sent, spent = await Loop(talks).run(host, seconds)
            server, postgres = 1e6 * spent.server / sent, 1e6 * spent.postgres / sent
            ratio = (server + postgres) / (here + there)
            goal = f"{MOST_OF_ROOM}" if devices == DEVICES[0] else ""
            lines.append(
                (
                    f"{devices} devices", f"{server:.0f} us", f"{postgres:.0f} us",
                    f"{ratio:.2f}", goal,
                )
            )  # fmt: skip
        print()
        table([("CPU of a message", "server", "PostgreSQL", "of a room's", "goal"), *lines])


def main() -> None:
    """Read the arguments, measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.conversation_figures")
    parser.add_argument("--records", type=int, default=200, help="of each size")
    parser.add_argument("--seconds", type=float, default=8, help="that messages are counted")
    asked = parser.parse_args()
    asyncio.run(measured(asked.records, asked.seconds))


if __name__ == "__main__":
    main()
