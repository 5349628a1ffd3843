"""A server that tells without end: little of it is kept, and little of it is shown."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from types import SimpleNamespace

import pytest
from support.people.command_line import Cli
from support.people.liar import Frame, Liar

from ephemeral.client.announcing import Announcer
from ephemeral.client.conversation import Conversation
from ephemeral.client.exits import Exit
from ephemeral.protocol.session_events import Locked

MESSAGES, AT_ONCE = 1000, 30


class Endless:
    """The socket of a server that never ends, and the session of whoever hears it."""

    def __init__(self) -> None:
        self.read = 0
        self.live, self.ended, self.hopeless = True, None, False
        self.seat = SimpleNamespace(taken=True)
        self._events: list[Locked] = []

    @asynccontextmanager
    async def socket(self) -> AsyncIterator["Endless"]:
        yield self

    async def recv(self) -> str:
        await asyncio.sleep(0)
        self.read += 1
        return "[]"

    def received(self, text: str, now: int) -> None:
        self._events.append(Locked(self.read % 2 == 0))

    def take_events(self) -> list[Locked]:
        events, self._events = self._events, []
        return events

    def take_messages(self) -> list[str]:
        return []

    def connected(self) -> None: ...

    def disconnected(self, code: int) -> None: ...

    def next_tick(self) -> int | None: ...


async def test_a_server_is_not_read_further_than_what_it_said_is_taken():
    endless = Endless()
    async with Conversation(endless, endless, chance=lambda: 0.0, patience=None) as talk:
        for _ in range(3000):
            await asyncio.sleep(0)
        assert endless.read < 1000
        for count in range(3000):
            assert (await talk.next()).locked is (count % 2 == 1)
    assert endless.read < 4000


@pytest.fixture
def liar(room: Cli) -> Iterator[Liar]:
    with closing(Liar(room.url)) as lying:
        yield lying


def test_a_server_that_toggles_the_lock_is_told_in_few_lines_and_can_be_left(room: Cli, liar: Liar):
    toggles: list[Frame] = [{"type": "locked", "locked": n % 2 == 0} for n in range(AT_ONCE)]
    said = threading.Event()

    def flood() -> Iterator[list[Frame]]:
        liar.adds = list
        yield from [toggles] * MESSAGES
        said.set()

    plain = room.start("join", environment={"EPHEMERAL_SERVER": liar.url})
    assert "You are in" in plain.stdout.readline()
    liar.adds = flood
    plain.stdin.write("/lock\n")
    plain.stdin.flush()
    assert said.wait(60)
    output, _ = plain.communicate("/quit\n", timeout=60)
    assert plain.returncode == Exit.OK
    assert 10 < output.count("The room is") < 100
    assert output.count("\n") < 110


async def test_what_is_too_much_to_be_told_is_counted_and_told_ever_less_often():
    now, lines = 100.0, []

    async def log(line: str) -> None:
        lines.append(line)

    announcer = Announcer(log, lambda: now)
    for _ in range(3600):
        now += 1
        for _ in range(100):
            await announcer.tell("The room is locked")
    counted = [int(line.split()[0]) for line in lines if "more things happened" in line]
    assert 10 < len(counted) < 30
    assert len(lines) - len(counted) < 100
    # Once it has calmed down, everything is told again, and nothing was lost count of.
    for number in range(400):
        now += 1
        await announcer.tell(str(number))
    counted = [int(line.split()[0]) for line in lines if "more things happened" in line]
    assert len(lines) - len(counted) + sum(counted) == 360_400
    assert not announcer.is_behind
    assert lines[-380:] == list(map(str, range(20, 400)))
