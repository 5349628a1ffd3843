"""Random histories of an account, told to the real services and to a small model.

An owner with ten words, and a thief who has a device and the password: they add and remove devices,
ask for the account's end and for another chain, and refuse it, on two workers with one database,
whose clock moves. Workers die before and after a commit, and what had no answer is asked again.
Both must say the same, whoever was removed must do nothing more, and the words must always work.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from support.machines.account_services import AccountDesk, Machine, Person

from ephemeral.accounts.rules.nouns import DAY_MS, GRACE_MS, UNDO_MS
from ephemeral.accounts.service import watches
from ephemeral.protocol.accounts.chain import DEVICES_MAX, read_chain
from ephemeral.protocol.errors import Refusal
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

HISTORIES, STEPS = 25, 20
BEFORE, AFTER = "before the commit", "after the commit"
SPANS = [60_000, DAY_MS, GRACE_MS - 1, GRACE_MS, UNDO_MS - 60_000, UNDO_MS]

_index = st.integers(0, 11)
_moment = st.sampled_from([None, None, None, BEFORE, AFTER])


class Death(BaseException):
    """The process is no more. Nothing that handles errors may handle this."""


@contextmanager
def dying(moment: str | None) -> Iterator[None]:
    """Whatever is committed next ends the process, before or after that."""
    transaction = watches.transaction

    async def cut_short(pool: "Pool", work: Callable[..., Awaitable[Any]]) -> None:
        async def last(connection: Any) -> None:
            await work(connection)
            if moment == BEFORE:
                raise Death

        await transaction(pool, last)
        raise Death

    if moment is not None:
        watches.transaction = cut_short
    try:
        yield
    finally:
        watches.transaction = transaction


@dataclass
class Line:
    """A chain as it should stand: its owner, who has the words, and its devices in order."""

    person: Person
    machines: list[Machine] = field(default_factory=list)
    ended_at: int | None = None


class Stage:
    """A database whose clock stands until it is moved, and two workers."""

    def __init__(self, database: str, directory: Path) -> None:
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.pool = self.runner.run(open_pool(database, size=4, wait_seconds=0))
        self.runner.run(self._stop_clock())
        self.now: int = self.runner.run(self.pool.fetchval("SELECT clock_ms()"))
        self.desks = [self.runner.run(AccountDesk.open(self.pool, directory)) for _ in range(2)]

    async def _stop_clock(self) -> None:
        await self.pool.execute("CREATE SEQUENCE clock_of_tests")
        await self.pool.execute("SELECT setval('clock_of_tests', clock_ms())")
        await self.pool.execute(
            "CREATE OR REPLACE FUNCTION clock_ms() RETURNS bigint LANGUAGE sql VOLATILE "
            "RETURN (SELECT last_value FROM clock_of_tests)"
        )

    def advance(self, span: int) -> None:
        self.now += span
        self.runner.run(self.pool.execute("SELECT setval('clock_of_tests', $1)", self.now))

    def close(self) -> None:
        for desk in self.desks:
            self.runner.run(desk.close())
        self.runner.run(self.pool.close())
        self.runner.close()


class Histories(RuleBasedStateMachine):
    """One account's history. `stage` is set by the test."""

    stage: Stage

    @initialize()
    def begin(self) -> None:
        self.run, desk = self.stage.runner.run, self.stage.desks[0]
        owner = self.run(desk.person())
        self.owner = owner
        self.line: Line | None = Line(owner, list(owner.machines))
        self.ended: list[Line] = []
        self.pending: tuple[str, Machine, int, Line | None] | None = None
        self.removed: list[Machine] = []

    # --- what is done -----------------------------------------------------------------------------

    def _on(self, worker: int) -> AccountDesk:
        """The worker that is asked next."""
        desk = self.stage.desks[worker % 2]
        for line in (*([self.line] if self.line else []), *self.ended):
            line.person.desk = desk
        return desk

    def _ask(self, moment: str | None, work: Callable[[], Awaitable[Any]]) -> str | None:
        """Ask; again if the worker died. The code of a refusal, or None."""
        try:
            with dying(moment):
                self.run(work())
        except Death:
            return self._ask(None, work)
        except Refusal as refusal:
            return refusal.code
        return None

    @precondition(lambda self: self.line)
    @rule(worker=_index, by=_index, moment=_moment)
    def add(self, worker: int, by: int, moment: str | None) -> None:
        self._on(worker)
        assert self.line is not None
        person, machines = self.line.person, self.line.machines
        one, new = machines[by % len(machines)], Machine()
        new.session = self.run(person.sign_in())
        locators: list[bytes] = []

        async def deposit() -> None:
            locators.append(await person.deposit(new))

        if self._ask(None, deposit) == "too_many":
            # Those that nobody answered wait for ten minutes; the clock stands still here.
            return
        [locator] = locators
        signed = person.added(one, new)
        code = self._ask(moment, lambda: person.post_add(one, new, signed, locator))
        assert code == ("chain_full" if len(machines) == DEVICES_MAX else None)
        if code is None:
            person.read(signed)
            new.session = new.asker._replace(device=new.id)
            machines.append(new)
            self._void_close()

    @precondition(lambda self: self.line)
    @rule(worker=_index, by=_index, which=_index, moment=_moment)
    def remove(self, worker: int, by: int, which: int, moment: str | None) -> None:
        desk = self._on(worker)
        assert self.line is not None
        person, machines = self.line.person, self.line.machines
        one, gone = machines[by % len(machines)], machines[which % len(machines)]
        if one is gone:
            # Its answer could not be asked for again.
            moment = None
        signed = person.removed(one, gone)
        code = self._ask(moment, lambda: desk.services.devices.remove(one.asker, gone.id, signed))
        assert code == ("chain_last" if len(machines) == 1 else None)
        if code is None:
            person.read(signed)
            machines.remove(gone)
            self.removed.append(gone)
            self._void_close()

    @precondition(lambda self: self.line and self.line.person.chain.sequence > 0)
    @rule(worker=_index, by=_index, which=_index)
    def come_too_late(self, worker: int, by: int, which: int) -> None:
        """A statement for a place that another has taken."""
        desk = self._on(worker)
        assert self.line is not None
        person, machines = self.line.person, self.line.machines
        listed = self.run(desk.services.devices.listed(person.account))
        before = read_chain(listed.statements[:-1])
        one, gone = machines[by % len(machines)], machines[which % len(machines)]
        now, person.chain = person.chain, before
        try:
            signed = person.removed(one, gone)
        finally:
            person.chain = now
        code = self._ask(None, lambda: desk.services.devices.remove(one.asker, gone.id, signed))
        # It may be the very one that stands there.
        assert code == "conflict" or listed.statements[-1] == signed.encode()

    @precondition(lambda self: self.removed and self.line)
    @rule(worker=_index, which=_index, other=_index)
    def act_though_removed(self, worker: int, which: int, other: int) -> None:
        desk = self._on(worker)
        assert self.line is not None
        thief = self.removed[which % len(self.removed)]
        one = self.line.machines[other % len(self.line.machines)]
        person, services = self.line.person, desk.services
        signed, sealed = person.removed(thief, one), os.urandom(99)
        signature = thief.key.sign("pins", sealed)
        for ask in (
            lambda: services.devices.remove(thief.asker, one.id, signed),
            lambda: services.devices.rename(thief.asker, one.id, os.urandom(109)),
            lambda: services.devices.refuse_waiting(thief.asker),
            lambda: services.shares.rotate(thief.asker, 0),
            lambda: services.pins.put(thief.asker, sealed, signature),
        ):
            assert self._ask(None, ask) == "device_revoked"

    @precondition(lambda self: self.line)
    @rule(worker=_index, by=_index)
    def close(self, worker: int, by: int) -> None:
        self._on(worker)
        assert self.line is not None
        person, machines = self.line.person, self.line.machines
        one = machines[by % len(machines)]
        # The password is the account's, whoever signs.
        person.auth_key = self.owner.auth_key
        code = self._ask(None, lambda: person.close(one))
        if self.pending is None:
            assert code is None
            self.pending = ("close", one, self.stage.now + GRACE_MS, None)
        else:
            same = self.pending[:2] == ("close", one)
            assert code == (None if same else "pending")

    @precondition(lambda self: self.line)
    @rule(worker=_index, moment=_moment)
    def begin_another(self, worker: int, moment: str | None) -> None:
        """A thief with the password alone, and with words of its own."""
        desk = self._on(worker)
        thief = Person(desk, self.owner.account, self.owner.address)
        machine = Machine(session=self.run(self.owner.sign_in()))
        signed = thief.begun(machine)
        code = self._ask(moment, lambda: thief.post_genesis(machine, signed))
        assert code == (None if self.pending is None else "pending")
        if code is None:
            thief.read(signed)
            line = Line(thief, [machine])
            self.pending = ("genesis", machine, self.stage.now + GRACE_MS, line)

    @precondition(lambda self: self.line)
    @rule(worker=_index, by=_index, moment=_moment)
    def refuse(self, worker: int, by: int, moment: str | None) -> None:
        desk = self._on(worker)
        assert self.line is not None
        one = self.line.machines[by % len(self.line.machines)]
        assert self._ask(moment, lambda: desk.services.devices.refuse_waiting(one.asker)) is None
        self.pending = None

    @precondition(lambda self: self.line)
    @rule(worker=_index, moment=_moment)
    def recover(self, worker: int, moment: str | None) -> None:
        """The words of the first chain always work, until another has stood for thirty days."""
        self._on(worker)
        lines = [self.line, *self.ended]
        line = next((one for one in lines if one and one.person is self.owner), None)
        if line is None or (line.ended_at or self.stage.now) <= self.stage.now - UNDO_MS:
            code = self._ask(None, self.owner.begin_recovery)
            assert code == "not_found"
            return
        begun = self.run(self.owner.begin_recovery())
        self.owner.chain = read_chain(begun.statements)
        new = Machine()
        signed = self.owner.recovered(new)

        async def post() -> None:
            new.session = (await self.owner.post_recover(new, signed)).session

        assert self._ask(moment, post) is None
        self.owner.read(signed)
        for one in lines:
            assert one is not None
            self.removed += one.machines
        self.line, self.pending = Line(self.owner, [new]), None
        later = line.ended_at
        self.ended = [
            one for one in self.ended if later is not None and (one.ended_at or 0) < later
        ]

    @rule(worker=_index, span=st.sampled_from(SPANS), moment=_moment)
    def wait(self, worker: int, span: int, moment: str | None) -> None:
        desk = self._on(worker)
        self.stage.advance(span)
        # A sweep that died is one that the next makes good for.
        sweep = desk.services.due.sweep
        if self._ask(moment, lambda: sweep(self.stage.now / 1000)) is None:
            self.run(sweep(self.stage.now / 1000))
        if self.pending is not None and self.pending[2] <= self.stage.now:
            kind, _, _, line = self.pending
            assert self.line is not None
            self.removed += self.line.machines
            if kind == "close":
                self.line, self.ended = None, []
            else:
                assert line is not None
                machine = line.machines[0]
                machine.session = machine.asker._replace(device=machine.id)
                self.line.ended_at = self.stage.now
                self.ended.append(self.line)
                self.line = line
            self.pending = None

    def _void_close(self) -> None:
        if self.pending is not None and self.pending[0] == "close":
            self.pending = None

    # --- what is so -------------------------------------------------------------------------------

    @invariant()
    def the_server_says_the_same(self) -> None:
        for desk in self.stage.desks:
            listed = self.run(desk.services.devices.listed(self.owner.account))
            if self.line is None:
                assert listed.chain is None
                assert listed.devices == ()
                continue
            person = self.line.person
            chain = read_chain(listed.statements)
            assert (listed.chain, chain.head) == (person.chain.id, person.chain.head)
            ids = [one.id for one in listed.devices]
            assert ids == [one.id for one in self.line.machines]
            assert ids == [one.id for one in chain.devices]
            shown = listed.pending and (listed.pending.kind, listed.pending.device)
            assert shown == (self.pending and (self.pending[0], self.pending[1].id))

    def teardown(self) -> None:
        assert self.run(self.stage.desks[0].orphans()) == {}


@pytest.mark.timeout(0)
def test_random_histories(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> None:
    number = request.config.getoption("--histories")
    stage = Stage(database_url, tmp_path / "keyring")
    machine = type("Account", (Histories,), {"stage": stage})
    common: dict[str, Any] = {
        "stateful_step_count": STEPS,
        "deadline": None,
        "suppress_health_check": list(HealthCheck),
        "database": None,
    }
    # Shortening a history takes minutes: that is for who looks for the reason.
    phases = (Phase.generate, Phase.shrink) if number else (Phase.generate,)
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=number or HISTORIES, derandomize=not number, phases=phases, **common
            ),
        )
    finally:
        stage.close()
