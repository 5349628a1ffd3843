"""Whatever happens in whatever order: who listens knows in the end how everything stands, was told
places in order and once, and nothing that was not theirs to read."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from support.machines.listening_stage import DEVICE, ONE, Socket, Stage, stage

from ephemeral.conversations.rules.changes import (
    ConversationChanged,
    ConversationsChanged,
    PeopleChanged,
)
from ephemeral.conversations.service import hub
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal

# Devices beside the one that is always listed, each of an account of its own.
DEVICES = (b"e" * 16, b"f" * 16)
DOINGS = st.lists(
    st.tuples(
        st.sampled_from(
            ["say", "say", "elsewhere", "elsewhere", "add", "remove", "leave", "come", "go",
             "people", "away", "pass"]
        ),
        st.sampled_from((DEVICE, *DEVICES)),
        # How a hint comes: at once, later, or never.
        st.sampled_from(["now", "now", "later", "lost"]),
        st.integers(0, 3),
    ),
    max_size=30,
)  # fmt: skip


def account(device: bytes) -> bytes:
    return device.upper()


@dataclass
class Ear:
    """A socket, how it was welcomed, and when."""

    socket: Socket
    stands: Any = None


@dataclass
class History:
    """What was done, and what is known of who may read what."""

    made: Stage
    ears: list[Ear] = field(default_factory=list)
    late: list[Any] = field(default_factory=list)
    coming: list[asyncio.Task[None]] = field(default_factory=list)
    was_lost: bool = False
    #: From which place to which each device was listed.
    listed: dict[bytes, list[list[int | None]]] = field(default_factory=dict)

    def begin(self) -> None:
        for device in (DEVICE, *DEVICES):
            self.made.tables.members[account(device)] = set()
            self.listed[device] = []
        self.made.tables.members[account(DEVICE)] = {ONE}
        self.listed[DEVICE] = [[1, None]]

    def hint(self, how: str, *hints: Any) -> None:
        if how == "now":
            self.made.bus.publish(hints)
        elif how == "later":
            self.late.append(hints)
        else:
            self.was_lost = True

    def log_hint(self, s: int) -> Any:
        return (self.made.topic, ConversationChanged(s))

    def list_hint(self, device: bytes) -> Any:
        return (account(device), ConversationsChanged())

    async def do(self, what: str, device: bytes, how: str, turns: int) -> None:
        made, log = self.made, self.made.log
        is_in = ONE in made.tables.members[account(device)]
        if what == "say":
            item = log.write()
            made.recent.add(ONE, [item])
            self.hint(how, self.log_hint(item.s))
        elif what == "elsewhere":
            self.hint(how, self.log_hint(log.write().s))
        elif what == "add" and not is_in:
            s = log.begin(device).s
            made.tables.members[account(device)].add(ONE)
            self.listed[device].append([s, None])
            self.hint(how, self.log_hint(s), self.list_hint(device))
        elif what in {"remove", "leave"} and is_in and device != DEVICE:
            made.tables.members[account(device)].discard(ONE)
            del log.firsts[device]
            self.listed[device][-1][1] = log.log.place + 1
            if what == "remove":
                self.hint(how, self.log_hint(log.begin().s), self.list_hint(device))
            else:
                # Whoever writes at this very moment may still be read.
                self.hint("now", (made.topic, PeopleChanged()), self.list_hint(device))
                await made.settle()
        elif what == "come":
            ear = Ear(Socket(device, account(device)))
            self.ears.append(ear)
            self.coming.append(asyncio.create_task(self._come(ear)))
        elif what == "go" and self.ears:
            made.hub.remove(self.ears.pop(0).socket)
        elif what == "people":
            self.hint(how, (made.topic, PeopleChanged()))
        elif what == "away":
            made.tables.away = not made.tables.away
        for _ in range(turns):
            await asyncio.sleep(0)

    async def _come(self, ear: Ear) -> None:
        try:
            attended, _ = await self.made.hub.begin(ear.socket)
        except Refusal:
            # It has gone before it was welcomed, or the database is away.
            self.made.hub.remove(ear.socket)
            if ear in self.ears:
                self.ears.remove(ear)
        else:
            ear.stands = [one.row for one in attended]

    async def end(self) -> None:
        self.made.tables.away = False
        await asyncio.gather(*self.coming)
        for hints in reversed(self.late):
            self.made.bus.publish(hints)
        if self.was_lost:
            self.made.hub.missed()
        for _ in range(5):
            await self.made.settle()

    def check(self) -> None:
        for ear in self.ears:
            known = self.check_told(ear)
            is_in = ONE in self.made.tables.members[ear.socket.account]
            log = self.made.log
            assert known == ((log.log.place, log.epoch) if is_in else None)

    def check_told(self, ear: Ear) -> tuple[int, int] | None:
        """What an ear knows in the end: place and epoch; None if it isn't in it."""
        known = next(((row.s, row.epoch) for row in ear.stands), None)
        last = 0
        for frame in ear.socket.told:
            kind = frame["type"]
            if kind == "conversations":
                assert frame["come"] or frame["gone"]
                if frame["gone"] == [b64encode(ONE)]:
                    known, last = None, 0
                for one in frame["come"]:
                    known = max(known or (0, 0), (one["s"], one["epoch"]))
            elif kind == "entry":
                for item in frame["entries"]:
                    assert item["s"] > last, "in order, and once"
                    last = item["s"]
                    if "entry" in item:
                        assert self.may_read(ear.socket.device, last)
                known = max(known or (0, 0), (frame["s"], frame["epoch"]))
                last = max(last, frame["s"])
        return known

    def may_read(self, device: bytes, s: int) -> bool:
        return any(
            first is not None and first <= s and (end is None or s < end)
            for first, end in self.listed[device]
        )


async def _history(doings: list[tuple[str, bytes, str, int]]) -> None:
    async with stage() as made:
        history = History(made)
        history.begin()
        for doing in doings:
            await history.do(*doing)
        await history.end()
        history.check()
        for ear in history.ears:
            made.hub.remove(ear.socket)


@given(DOINGS)
def test_who_listens_knows_everything_in_the_end_and_nothing_that_is_not_theirs(
    doings: list[tuple[str, bytes, str, int]],
):
    with patch.object(hub, "_AGAIN_SECONDS", 0):
        asyncio.run(_history(doings))
