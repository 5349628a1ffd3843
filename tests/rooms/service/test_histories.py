"""Random histories, told to the real services and to a small model: both must say the same.

Two workers on one database, whose clock the history moves: forwards, by jumps, and back. Workers
crash before and after a commit. Every answer is compared, every fate that is told to authors,
every list of what waits, and in the end of each history everything that is left. Every third
message has an attachment, whose row and key come and go with it. Hypothesis chooses the histories,
and shortens one that fails. `make histories` tries thousands.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.machines.services import EPOCH_MS, Attachment, Desk, Message
from support.people.room_model import Ticket, Waiting, World

from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.errors import Refusal
from ephemeral.rooms.rows import attachment_rows
from ephemeral.rooms.rules.attachments import AttachmentLimits
from ephemeral.rooms.rules.credentials import room_hash, token_hash
from ephemeral.rooms.rules.limits import Limits
from ephemeral.rooms.rules.room import DestroyedEvent, Seat
from ephemeral.rooms.service import commits
from ephemeral.rooms.service.estimated_clock import Clock
from ephemeral.rooms.service.sweeper import PAUSE_SECONDS
from ephemeral.store.clock import ClockWatch
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

LIMITS = Limits(waiting_messages=5, tombstone=3_600_000)
MESSAGE_TTL, ROOM_TTL = 1800, 7200
HISTORIES, STEPS = 100, 25
#: What happens to a message through the ledger.
KINDS = ("post", "open", "acknowledge", "release", "withdraw", "acknowledge wrongly")
BEFORE, AFTER = "before the commit", "after the commit"
# A lease is two minutes, a seat's grace one, an epoch fifteen, and the sweeper's pause one.
SPANS = [1_000, 6_000, 30_000, 61_000, 61_000, 120_000, 600_000, 901_000, 1_800_000, 7_200_000]

_TABLES = (
    "messages", "audience", "attachments", "purges", "tombstones", "payloads", "payload_keys",
    "seats", "rooms",
)  # fmt: skip
# What attachments may fill is not told here; and nothing of them is sent.
_ATTACHMENTS = AttachmentLimits(2**60, 2**30, 2**30, 2**60)
_ATTACHED = Attachment()
_index = st.integers(0, 11)
_request = st.tuples(st.sampled_from(KINDS), _index, _index)


class Death(BaseException):
    """The process is no more. Nothing that handles errors may handle this."""


@contextmanager
def dying(moment: str) -> Iterator[list[str]]:
    """Every change of a room ends the process, before or after its commit; yields the deaths."""
    transaction, statement = commits.transaction, commits.statement
    deaths: list[str] = []

    def die() -> None:
        deaths.append(moment)
        raise Death

    async def cut_short(pool: "Pool", work: Callable[..., Awaitable[Any]]) -> None:
        async def last(connection: Any) -> None:
            await work(connection)
            if moment == BEFORE:
                die()

        await transaction(pool, last)
        die()

    async def cut_short_at_once(pool: "Pool", work: Callable[..., Awaitable[Any]]) -> Any:
        # A statement that ends before its commit has done nothing.
        if moment == BEFORE:
            die()
        if await statement(pool, work) is None:
            return None
        die()

    commits.transaction, commits.statement = cut_short, cut_short_at_once
    try:
        yield deaths
    finally:
        commits.transaction, commits.statement = transaction, statement


class Stage:
    """A database whose clock stands until it is moved, for one history after the other."""

    def __init__(self, database: str, directory: Path) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.directory = directory
        self.pool = self.runner.run(open_pool(database, size=4, wait_seconds=0))
        self.runner.run(self._stop_clock())
        self.now = self.runner.run(self.pool.fetchval("SELECT clock_ms()"))
        self.desks = [self.desk(), self.desk()]
        self.count: Counter[str] = Counter()

    def desk(self) -> Desk:
        """A worker that has just started."""
        estimate = Clock(lambda: self.now)
        opened = self.runner.run(Desk.open(self.pool, self.directory, LIMITS, estimate))
        opened.attachments._most = _ATTACHMENTS
        return opened

    async def _stop_clock(self) -> None:
        await self.pool.execute("CREATE SEQUENCE clock_of_tests")
        await self.pool.execute("SELECT setval('clock_of_tests', clock_ms())")
        await self.pool.execute(
            "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE "
            "RETURN (SELECT last_value FROM clock_of_tests)"
        )

    def set_clock(self, now: int) -> None:
        self.now = now
        self.runner.run(self.pool.execute("SELECT setval('clock_of_tests', $1)", now))

    def clear(self) -> None:
        """For the next history: no rows, and workers that have seen no other clock."""
        deletions = ";".join(f"DELETE FROM {table}" for table in _TABLES)
        self.runner.run(self.pool.execute(deletions))
        for desk in self.desks:
            desk.sweeper._clock = ClockWatch(PAUSE_SECONDS)

    def close(self) -> None:
        for desk in self.desks:
            self.runner.run(desk.ledger.close())
        self.runner.run(self.pool.close())
        self.runner.close()


class Histories(RuleBasedStateMachine):
    """One history. `stage` is set by whoever runs it."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.run = self.stage.runner.run
        self.stage.set_clock(self.stage.now + 7_200_000)
        self.world = World(LIMITS, self.stage.now)
        self.monotonic = 1e6
        self.desks = self.stage.desks
        self.watches = [ClockWatch(PAUSE_SECONDS) for _ in self.desks]
        self.charters: dict[bytes, Charter] = {}
        self.tickets: list[Ticket] = []
        self.messages: list[Message] = []
        self.stage.count["histories"] += 1

    def teardown(self) -> None:
        """Nothing is left undone, and nothing is in the database that nothing leads to."""
        try:
            for locator in self.charters:
                self._compare(self.desks[0], locator)
            assert self.run(self.desks[0].orphans()) == {}
            assert [fault for desk in self.desks for fault in desk.faults] == []
        finally:
            self.stage.clear()

    @invariant()
    def one_more_step(self) -> None:
        self.stage.count["steps"] += 1

    # --- how a history begins and what happens in it ------------------------------------------

    @initialize(policy=st.sampled_from(Policy), seats=st.integers(2, 4))
    def a_full_room(self, policy: Policy, seats: int) -> None:
        self._make(self.desks[0], os.urandom(32), self._charter(policy, seats))
        for _ in range(seats):
            self._join(self.desks[0], self._newcomer(0))
        self._ask(self.desks[0], [("post", 0, 0)])

    @rule(desk=_index, asked=st.lists(_request, min_size=1, max_size=4))
    def requests_in_one_batch(self, desk: int, asked: list[tuple[str, int, int]]) -> None:
        self._ask(self._one_of(self.desks, desk), asked)

    @precondition(lambda self: self._open_ones())
    @rule(desk=_index, reader=_index, message=_index)
    def somebody_views(self, desk: int, reader: int, message: int) -> None:
        """On purpose, as a client does; in these four the others try as well meanwhile."""
        chosen, trying, one = self._read(desk, reader, message)
        self._ask_told(chosen, [("acknowledge", each, one) for each in trying[:1]])

    @precondition(lambda self: self._open_ones())
    @rule(desk=_index, reader=_index, message=_index, bends=st.booleans())
    def somebody_gives_back(self, desk: int, reader: int, message: int, bends: bool) -> None:
        """Who bends the rules takes it again in the same breath; then all try."""
        chosen, trying, one = self._read(desk, reader, message)
        kinds = ("release", "open") if bends else ("release",)
        self._ask_told(chosen, [(kind, each, one) for each in trying[:1] for kind in kinds])
        self._ask_told(chosen, [("open", each, one) for each in trying])

    @precondition(lambda self: self._open_ones())
    @rule(desk=_index, message=_index, author=_index)
    def somebody_takes_back(self, desk: int, message: int, author: int) -> None:
        """Its author, as a rule; or whoever would like to."""
        locator, one = self._one_of(self._open_ones(), message)
        seats = [seat.ticket for seat in self.world.rooms[locator].seats.values()]
        mine = [ticket for ticket in seats if ticket.member == one.author or author > 8]
        self._ask_told(
            self._one_of(self.desks, desk), [("withdraw", each, one.message) for each in mine[:1]]
        )

    @precondition(lambda self: self._open_ones())
    @rule(desk=_index, reader=_index, message=_index)
    def a_reader_leaves(self, desk: int, reader: int, message: int) -> None:
        chosen, trying, one = self._read(desk, reader, message)
        for ticket in trying[:1]:
            self._leave(chosen, ticket)
        self._ask_told(chosen, [("open", each, one) for each in trying])

    @precondition(lambda self: self._open_ones())
    @rule(desk=_index, reader=_index, message=_index, swept=st.booleans(), times=st.integers(1, 3))
    def leases_end(self, desk: int, reader: int, message: int, swept: bool, times: int) -> None:
        chosen, trying, one = self._read(desk, reader, message)
        for _ in range(times):
            self.time_passes(LIMITS.lease)
            if swept:
                self.a_sweeper_goes_round(desk)
            self._ask_told(chosen, [("open", each, one) for each in trying])

    @rule(desk=_index, author=_index)
    def somebody_writes(self, desk: int, author: int) -> None:
        """A message that was never sent before."""
        self._ask(self._one_of(self.desks, desk), [("post", author, len(self.messages))])

    @rule(desk=_index, room=_index, resume=st.booleans())
    def somebody_joins(self, desk: int, room: int, resume: bool) -> None:
        self._join(self._one_of(self.desks, desk), self._newcomer(room, resume))

    @rule(desk=_index, who=_index, other=st.booleans())
    def somebody_joins_again(self, desk: int, who: int, other: bool) -> None:
        """With its token, or as another member that brings the same resume pair."""
        ticket = self._one_of(self.tickets, who)
        if other:
            ticket = replace(ticket, token=os.urandom(32))
            self.tickets.append(ticket)
        self._join(self._one_of(self.desks, desk), ticket)

    @rule(desk=_index, who=_index, generation=st.integers(1, 3), closed_tab=st.booleans())
    def somebody_reconnects(self, desk: int, who: int, generation: int, closed_tab: bool) -> None:
        """The backlog is the complete list of what waits."""
        chosen, ticket = self._one_of(self.desks, desk), self._one_of(self.tickets, who)
        socket = os.urandom(16)

        async def hello() -> None:
            seat = await chosen.connect(ticket.locator, ticket.token, socket, generation)
            await chosen.rooms.disconnect(seat, socket, closed_tab=closed_tab)

        self._same(
            chosen,
            lambda: self.world.reconnect(ticket, generation, closed_tab),
            lambda: self._outcome_of(hello()),
        )
        self._compare(chosen, ticket.locator)

    @rule(desk=_index, who=_index)
    def somebody_asks_what_became_of_messages(self, desk: int, who: int) -> None:
        chosen, ticket = self._one_of(self.desks, desk), self._one_of(self.tickets, who)
        ask = chosen.rooms.authenticate(ticket.locator, ticket.token)
        if isinstance(
            self._same(
                chosen,
                lambda: self.world.request(ticket),
                lambda: self._outcome_of(ask, keep=False),
            ),
            tuple,
        ):
            return
        ids = [one.id for one in self.messages]
        expected = [self.world.status(ticket, one) for one in self.messages]
        _, receipts = self.run(chosen.rooms.status(self._seat(ticket), ids))
        assert list(receipts) == expected
        self._compare(chosen, ticket.locator)

    @rule(desk=_index, who=_index)
    def a_tab_is_resumed(self, desk: int, who: int) -> None:
        ticket = self._one_of(self.tickets, who)
        token = ticket.resume[0] if ticket.resume is not None else os.urandom(32)
        chosen = self._one_of(self.desks, desk)
        self._same(
            chosen,
            lambda: self.world.resume(ticket),
            lambda: self._outcome_of(chosen.rooms.resume(token)),
        )

    @rule(desk=_index, who=_index)
    def somebody_leaves(self, desk: int, who: int) -> None:
        self._leave(self._one_of(self.desks, desk), self._one_of(self.tickets, who))

    @rule(desk=_index, who=_index, locked=st.booleans())
    def somebody_locks(self, desk: int, who: int, locked: bool) -> None:
        ticket, chosen = self._one_of(self.tickets, who), self._one_of(self.desks, desk)
        lock = chosen.rooms.lock(self._seat(ticket), locked)
        self._same(
            chosen,
            lambda: self.world.lock(ticket, locked),
            lambda: self._outcome_of(lock, keep=False),
        )

    @precondition(lambda self: len(self.messages) > 2)
    @rule(desk=_index, who=_index)
    def somebody_destroys_the_room(self, desk: int, who: int) -> None:
        ticket, chosen = self._one_of(self.tickets, who), self._one_of(self.desks, desk)
        self._same(
            chosen,
            lambda: self.world.destroy(ticket),
            lambda: self._outcome_of(chosen.rooms.destroy(self._seat(ticket))),
        )

    @rule(desk=_index, room=_index, policy=st.sampled_from(Policy), again=st.booleans())
    def a_room_is_made(self, desk: int, room: int, policy: Policy, again: bool) -> None:
        """Anew, perhaps where one stood or stands; or the same request again."""
        locators = [*self.charters, os.urandom(32)]
        locator = self._one_of(locators, room)
        charter = self.charters.get(locator) if again else None
        self._make(
            self._one_of(self.desks, desk), locator, charter or self._charter(policy, 2 + room % 3)
        )

    # --- time, and what happens by itself -----------------------------------------------------

    @rule(span=st.sampled_from(SPANS))
    def time_passes(self, span: int) -> None:
        self.monotonic += span / 1000
        self._move_clock(span)

    @rule(span=st.sampled_from(SPANS), back=st.booleans())
    def the_clock_jumps(self, span: int, back: bool) -> None:
        self._move_clock(-span if back else span)

    @rule(desk=_index)
    def a_sweeper_goes_round(self, desk: int) -> None:
        chosen = self._one_of(self.desks, desk)
        trusted = self._one_of(self.watches, desk).trusts(self.stage.now, self.monotonic)
        self._same(
            chosen,
            self.world.sweep if trusted else lambda: None,
            lambda: self._outcome_of(chosen.sweeper.sweep(self.monotonic)),
        )

    @rule(desk=_index)
    def an_epoch_ends(self, desk: int) -> None:
        """As far as it is due: everything that waits is served afterwards as before."""
        self.monotonic += EPOCH_MS / 1000
        self._move_clock(EPOCH_MS)
        self.run(self._one_of(self.desks, desk).epochs.advance(self.monotonic))

    # --- crashes ------------------------------------------------------------------------------

    @rule(
        desk=_index, moment=st.sampled_from([BEFORE, AFTER]),
        asked=st.lists(_request, min_size=1, max_size=4),
    )  # fmt: skip
    def a_worker_dies_with_requests_under_way(
        self, desk: int, moment: str, asked: list[tuple[str, int, int]]
    ) -> None:
        """They are asked again afterwards: of a living worker, and answered as if for the first."""
        number = desk % len(self.desks)
        chosen, world = self.desks[number], deepcopy(self.world)
        told = self._told(asked)
        self.run(self._attach(chosen, told))
        with dying(moment) as deaths:
            self.run(self._submit_and_die(chosen, told, deaths))
        for one in told:
            self._outcome(world, one)
        self._after_death(number, moment, world)
        self._ask_told(self.desks[1 - number], told)

    @rule(desk=_index, moment=st.sampled_from([BEFORE, AFTER]), who=_index, kind=_index)
    def a_worker_dies_while_somebody_comes_or_goes(
        self, desk: int, moment: str, who: int, kind: int
    ) -> None:
        number = desk % len(self.desks)
        chosen, world = self.desks[number], deepcopy(self.world)
        ticket = self._one_of(self.tickets, who)
        newcomer = self._newcomer(who, resume=True)
        seat = self._seat(ticket)
        real, model = [
            (lambda: chosen.join(newcomer.locator, **self._named(newcomer)),
             lambda: world.join(newcomer)),
            (lambda: chosen.rooms.leave(seat), lambda: world.leave(ticket)),
            (lambda: chosen.rooms.lock(seat, True), lambda: world.lock(ticket, True)),
            (lambda: chosen.rooms.destroy(seat), lambda: world.destroy(ticket)),
        ][kind % 4]  # fmt: skip
        with dying(moment):
            died = self.run(self._die(real()))
        expected = outcome(model)
        refused = isinstance(expected, tuple)
        assert died == (expected if refused else None)
        self._after_death(number, AFTER if refused else moment, world)

    def _after_death(self, number: int, moment: str, world: World) -> None:
        """Nothing of the process is left but what it has committed, and nobody was told."""
        assert self._fates_told(self.desks[number]) == []
        if moment == AFTER:
            self.world = world
        self.world.told.clear()
        assert self.desks[number].faults == []
        self.desks[number] = self.stage.desk()
        self.watches[number] = ClockWatch(PAUSE_SECONDS)
        self.stage.count["crashes"] += 1
        for locator in self.charters:
            self._compare(self.desks[number], locator)

    async def _submit_and_die(
        self, desk: Desk, told: list[tuple[str, Ticket, Message]], deaths: list[str]
    ) -> None:
        before = asyncio.all_tasks()
        for one in told:
            self._submit(desk, *one)
        tasks = asyncio.all_tasks() - before
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert deaths
        assert {type(one) for one in ended} <= {Death, type(None)}

    async def _die(self, asked: Awaitable[object]) -> object:
        try:
            await asked
        except Refusal as refusal:
            return refusal.code, getattr(refusal, "state", None)
        except Death:
            return None
        raise AssertionError("nobody died")

    # --- the insides --------------------------------------------------------------------------

    def _read(self, desk: int, reader: int, message: int) -> tuple[Desk, list[Ticket], Message]:
        """Somebody opens what waits; returns all who have tried, in this order."""
        locator, one = self._one_of(self._open_ones(), message)
        seats = self.world.rooms[locator].seats.values()
        readers = [seat.ticket for seat in seats if seat.ticket.member != one.author]
        first = reader % max(1, len(readers))
        trying = readers[first:] + readers[:first]
        chosen = self._one_of(self.desks, desk)
        self._ask_told(chosen, [("open", each, one.message) for each in trying])
        return chosen, trying, one.message

    def _leave(self, desk: Desk, ticket: Ticket) -> None:
        self._same(
            desk,
            lambda: self.world.leave(ticket),
            lambda: self._outcome_of(desk.rooms.leave(self._seat(ticket))),
        )

    def _open_ones(self) -> list[tuple[bytes, Waiting]]:
        """What waits in rooms that live, by its room."""
        rooms = self.world.rooms.items()
        return [
            (locator, one)
            for locator, room in rooms
            if room.expires_at > self.stage.now
            for one in room.waiting.values()
        ]

    def _one_of(self, choices: list[Any], index: int) -> Any:
        return choices[index % len(choices)]

    def _charter(self, policy: Policy, seats: int) -> Charter:
        return Charter(1, os.urandom(32), policy, seats, MESSAGE_TTL, ROOM_TTL)

    def _newcomer(self, room: int, resume: bool = False) -> Ticket:
        half = (os.urandom(32), os.urandom(32)) if resume else None
        locator = self._one_of(list(self.charters), room)
        # Of two that are absent for as long their ids say who is evicted: they are the same when a
        # history is told again.
        ticket = Ticket(locator, sha256(b"%d" % len(self.tickets)).digest(), half)
        self.tickets.append(ticket)
        return ticket

    def _named(self, ticket: Ticket) -> dict[str, Any]:
        return {"token": ticket.token, "resume": ticket.resume}

    def _seat(self, ticket: Ticket) -> Seat:
        key = self.desks[0].keyring.index_key
        return Seat(room_hash(key, ticket.locator), ticket.member, token_hash(key, ticket.token))

    def _move_clock(self, span: int) -> None:
        self.stage.set_clock(self.stage.now + span)
        self.world.now = self.stage.now

    def _make(self, desk: Desk, locator: bytes, charter: Charter) -> None:
        encoded, mac = charter.encode(), charter.mac(charter.nonce)

        async def make() -> bool:
            return (await desk.rooms.create(locator, encoded, mac))[1]

        made = self._same(
            desk, lambda: self.world.make(locator, charter), lambda: self._outcome_of(make())
        )
        if made is True:
            self.charters[locator] = charter

    def _join(self, desk: Desk, ticket: Ticket) -> None:
        async def join() -> bool:
            return (await desk.join(ticket.locator, **self._named(ticket))).fresh

        self._same(desk, lambda: self.world.join(ticket), lambda: self._outcome_of(join()))

    def _told(self, asked: list[tuple[str, int, int]]) -> list[tuple[str, Ticket, Message]]:
        """Requests by their numbers; all in one room, so that one batch takes them."""
        locator = self._one_of(self.tickets, asked[0][1]).locator
        seats = [one for one in self.tickets if one.locator == locator]
        told = []
        for kind, who, which in asked:
            if which >= len(self.messages):
                attached = None if len(self.messages) % 3 else _ATTACHED
                self.messages.append(Message(attachment=attached))
            told.append((kind, self._one_of(seats, who), self._one_of(self.messages, which)))
        return told

    def _ask(self, desk: Desk, asked: list[tuple[str, int, int]]) -> None:
        self._ask_told(desk, self._told(asked))

    def _ask_told(self, desk: Desk, told: list[tuple[str, Ticket, Message]]) -> None:
        async def ask() -> list[object]:
            return [await one for one in [self._submit(desk, *one) for one in told]]

        self.run(self._attach(desk, told))
        expected = [self._outcome(self.world, one) for one in told]
        assert [plain(one) for one in self.run(ask())] == expected
        self._compare_fates(desk)
        self.stage.count["requests"] += len(told)

    async def _attach(self, desk: Desk, told: list[tuple[str, Ticket, Message]]) -> None:
        """See that what is posted with an attachment has one: each author an own one."""
        for kind, ticket, message in told:
            if kind != "post" or message.attachment is None:
                continue
            seat, padded = self._seat(ticket), message.attachment.padded
            with suppress(Refusal):
                # Refused where there is no seat, or where it stands already.
                one, fresh = await desk.attachments.reserve(
                    seat, attached(message, seat), 1, padded
                )
                if fresh:
                    async with desk.pool.acquire() as connection:
                        await attachment_rows.land(connection, one, 0, 900_000)

    def _submit(
        self, desk: Desk, kind: str, ticket: Ticket, message: Message
    ) -> asyncio.Future[Any]:
        answer = asyncio.get_running_loop().create_future()
        seat, reply = self._seat(ticket), answer.set_result
        if kind == "post":
            named = message.attachment and attached(message, seat)
            sealed = (message.envelope, message.viewing_hash)
            desk.rooms.post(seat, message.id, *sealed, reply, attachment=named)
        elif kind == "open":
            shows = message.attachment is not None
            desk.rooms.open(seat, message.id, reply, attachment=shows)
        elif kind == "release":
            desk.rooms.release(seat, message.id, reply)
        elif kind == "withdraw":
            desk.rooms.withdraw(seat, message.id, reply)
        else:
            viewing = message.viewing if kind == "acknowledge" else bytes(32)
            desk.rooms.acknowledge(seat, message.id, viewing, reply)
        return answer

    def _outcome(self, world: World, told: tuple[str, Ticket, Message]) -> object:
        kind, ticket, message = told
        if kind == "acknowledge wrongly":
            message = replace(message, viewing=bytes(32))
        method = getattr(world, kind.split(maxsplit=1)[0])
        return outcome(lambda: method(ticket, message))

    def _outcome_of(self, asked: Awaitable[Any], *, keep: bool = True) -> object:
        async def ask() -> object:
            try:
                answer = await asked
            except Refusal as refusal:
                return plain(refusal)
            return answer if keep else None

        return self.run(ask())

    def _same(self, desk: Desk, model: Callable[[], object], real: Callable[[], object]) -> object:
        """Both say the same, and authors are told of exactly the fates that there were."""
        expected = outcome(model)
        assert real() == expected
        self._compare_fates(desk)
        self.stage.count["requests"] += 1
        return expected

    def _fates_told(self, desk: Desk) -> list[DestroyedEvent]:
        told = [one for _, one in desk.hints if isinstance(one, DestroyedEvent)]
        desk.hints.clear()
        return told

    def _compare_fates(self, desk: Desk) -> None:
        assert Counter(self._fates_told(desk)) == Counter(self.world.told)
        self.stage.count["fates"] += len(self.world.told)
        self.world.told.clear()

    def _compare(self, desk: Desk, locator: bytes) -> None:
        """The complete present state of a room is the model's."""

        async def shown() -> object:
            name = room_hash(desk.keyring.index_key, locator)
            snapshot = await desk.rooms.snapshot_of(name)
            room, seats = snapshot.room, {one.member for one in snapshot.members}
            return snapshot.notices, seats, room.joins, room.locked, room.expires_at

        def expected() -> object:
            notices = self.world.notices(locator)
            room = self.world.rooms[locator]
            return notices, set(room.seats), room.joins, room.locked, room.expires_at

        real = self._outcome_of(shown())
        assert real == outcome(expected)


def attached(message: Message, seat: Seat) -> bytes:
    """The id of the attachment that a message has when this member posts it."""
    return sha256(message.id + seat.member).digest()[:16]


def plain(answer: object) -> object:
    """An answer, or the code and state of a refusal."""
    if isinstance(answer, Refusal):
        return answer.code, getattr(answer, "state", None)
    return answer


def outcome(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except Refusal as refusal:
        return plain(refusal)


@pytest.mark.timeout(0)
def test_every_history_ends_as_the_model_says(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    many = request.config.getoption("--histories")
    stage = Stage(database_url, tmp_path / "keyring")

    class Told(Histories):
        pass

    Told.stage = stage
    try:
        run_state_machine_as_test(
            Told,
            settings=settings(
                max_examples=many or HISTORIES,
                stateful_step_count=STEPS,
                # The same histories in every run, and others where thousands are asked for.
                derandomize=not many,
                # Shortening a history takes minutes: that is for who looks for the reason.
                phases=[Phase.generate, Phase.shrink] if many else [Phase.generate],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        stage.close()
    print(dict(stage.count))
