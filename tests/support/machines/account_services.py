"""The services of devices over a real database, without HTTP, and people with devices."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.machines.services import Desk
from support.people.chain_signer import ChainSigner, KeyedMachine
from support.people.stretching import hash_cheaply

from ephemeral.accounts.rows import account_rows
from ephemeral.accounts.rules.names import address_hash
from ephemeral.accounts.rules.nouns import DAY_MS, Posted, Sealing, Session
from ephemeral.accounts.service.chain_cache import ChainCache
from ephemeral.accounts.service.contact_services import ContactServices
from ephemeral.accounts.service.deletion import Deletion
from ephemeral.accounts.service.device_services import DeviceServices
from ephemeral.accounts.service.ended import EndedSessions
from ephemeral.accounts.service.hooks import Hooks
from ephemeral.accounts.service.passwords import Passwords
from ephemeral.accounts.service.pendings import Pendings
from ephemeral.accounts.service.people import People
from ephemeral.accounts.service.proofs import Proof, Proofs
from ephemeral.accounts.service.pushing import Pushing
from ephemeral.accounts.service.recovery import Begun
from ephemeral.accounts.service.sealed_values import SealedValues
from ephemeral.accounts.service.sessions import Opened, Sessions
from ephemeral.accounts.service.statements import Statements
from ephemeral.accounts.service.suspensions import Suspensions
from ephemeral.accounts.service.watches import Watches
from ephemeral.protocol.accounts import hpke
from ephemeral.protocol.accounts.chain import Chain
from ephemeral.protocol.accounts.proofs import proof
from ephemeral.protocol.accounts.sealing_keys import SealingKey, sign_sealing
from ephemeral.protocol.accounts.signing import SigningKey
from ephemeral.protocol.accounts.statements import Signed

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

AUDIENCE = "audience"

#: Making one takes half a second of ten devices' time, and nothing here is sealed in earnest.
_SEALING_PUBLIC = hpke.PrivateKey.generate(os.urandom).public


@dataclass
class Machine(KeyedMachine):
    """A device, as its owner's program knows it."""

    session: Session | None = None

    @property
    def asker(self) -> Session:
        assert self.session is not None
        return self.session

    def sealing(self, chain: bytes, day: int, public: bytes = _SEALING_PUBLIC) -> Sealing:
        """Its next sealing key."""
        self.number += 1
        named = SealingKey(self.number, day, public)
        return Sealing(self.number, day, public, sign_sealing(self.key, chain, self.id, named))


class Person(ChainSigner):
    """Somebody with an account: an address, a password, ten words, and a chain as it was read."""

    def __init__(self, desk: "AccountDesk", account: bytes, address: str) -> None:
        super().__init__(address)
        self.desk = desk
        self.account = account
        self.address = address
        self.auth_key = os.urandom(32)
        self.machines: list[Machine] = []

    async def sign_in(self) -> Session:
        """A session without a device."""
        return (await self.desk.session(self.account)).session

    # --- what is asked of the server --------------------------------------------------------------

    async def genesis(self, machine: Machine | None = None) -> Machine:
        """Sign in, and begin a chain; what is said in it is believed."""
        machine = machine or Machine()
        machine.session = await self.sign_in()
        signed = self.begun(machine)
        await self.post_genesis(machine, signed)
        self.chain = Chain.empty().extend(signed)
        machine.session = machine.asker._replace(device=machine.id)
        self.machines = [machine]
        return machine

    async def post_genesis(self, machine: Machine, signed: Signed) -> Posted:
        """Ask for a chain."""
        sealing = machine.sealing(signed.statement.hash, await self.desk.today())
        return await self.desk.services.devices.first(machine.asker, signed, sealing)

    async def link(self, by: Machine, machine: Machine | None = None) -> Machine:
        """Sign in on a new machine, let it wait, and add it by another."""
        machine = machine or Machine()
        machine.session = await self.sign_in()
        locator = await self.deposit(machine)
        signed = self.added(by, machine)
        await self.post_add(by, machine, signed, locator)
        self.read(signed)
        machine.session = machine.asker._replace(device=machine.id)
        self.machines.append(machine)
        return machine

    async def deposit(self, machine: Machine) -> bytes:
        """Let a machine wait; gives the locator."""
        locator = os.urandom(32)
        await self.desk.services.links.deposit(machine.asker, locator, os.urandom(500))
        return locator

    async def post_add(
        self, by: Machine, machine: Machine, signed: Signed, locator: bytes
    ) -> Posted:
        """Ask for a machine to be added."""
        sealing = machine.sealing(signed.statement.chain, await self.desk.today())
        answer = b"answer" + os.urandom(500)
        return await self.desk.services.devices.add(by.asker, signed, sealing, locator, answer)

    async def revoke(self, by: Machine, machine: Machine) -> Posted:
        """Remove a machine by another."""
        signed = self.removed(by, machine)
        posted = await self.desk.services.devices.remove(by.asker, machine.id, signed)
        self.read(signed)
        self.machines.remove(machine)
        return posted

    async def recover(self, machine: Machine | None = None) -> Machine:
        """Begin from what the server serves, and recover with the ten words."""
        machine = machine or Machine()
        begun = await self.begin_recovery()
        self.chain = Chain.empty()
        for one in begun.statements:
            self.read(Signed.decode(one))
        signed = self.recovered(machine)
        opened = await self.post_recover(machine, signed)
        self.read(signed)
        machine.session = opened.session
        self.machines = [machine]
        return machine

    async def begin_recovery(self, by: SigningKey | None = None) -> Begun:
        """Ask for what a recovery begins from."""
        key = by or self.recovery
        now = await self.desk.pool.fetchval("SELECT clock_ms()")
        text = proof(key, AUDIENCE, "POST", "/auth/recover/begin", self.address, now)
        shown = Proof(text, "POST", "/auth/recover/begin", self.address)
        return await self.desk.services.recovery.begin(self.address, key.public, shown)

    async def post_recover(self, machine: Machine, signed: Signed) -> Opened:
        """Ask for a recovery."""
        sealing = machine.sealing(signed.statement.chain, await self.desk.today())
        return await self.desk.services.recovery.recover(
            self.address, signed, self.auth_key, sealing
        )

    async def close(self, machine: Machine, by: SigningKey | None = None) -> int | None:
        """Ask for the account's end; says when it is due, or None if it has been."""
        signed = self.closed(by or machine.key)
        return (await self.desk.deletion.ask(machine.asker, self.auth_key, signed)).due


class AccountDesk:
    """One worker's services of devices, beside a desk of rooms."""

    def __init__(self, desk: Desk, push_service: str | None = None) -> None:
        self.desk = desk
        self.pool = pool = desk.pool
        index_key = desk.keyring.index_key
        self.index_key = index_key
        self.values = SealedValues(desk.keyring, os.urandom)
        self.ended = EndedSessions(pool, desk.bus)
        desk.bus.subscribe(self.ended)
        proofs = Proofs(pool, AUDIENCE)
        self.sessions = Sessions(pool, self.values, self.ended, proofs, os.urandom)
        with pytest.MonkeyPatch.context() as patch:
            hash_cheaply(patch.setattr)
            self.passwords = Passwords(pool, os.urandom)
        self.hooks, self.watches = Hooks(), Watches(pool, desk.bus, index_key)
        self.suspensions = Suspensions(pool, desk.bus, self.watches)
        self.statements = statements = Statements(self.values, ChainCache(), self.hooks)
        pendings = Pendings(statements)
        self.deletion = Deletion(
            self.watches, self.hooks, self.values, self.sessions, self.passwords, pendings
        )
        self.people = People(statements, self.values)
        self.pushing = Pushing.of(
            pool, self.values, self.sessions, index_key, os.urandom, desk.faults.append, None,
            push_service,
        )  # fmt: skip
        #: What is to be done some time after an answer; the test says when.
        self.later: list[Callable[[], object]] = []
        self.contacts = ContactServices.of(
            pool, self.watches, self.hooks, self.people, self.values, self.sessions, index_key,
            lambda _, do: self.later.append(do),
            self.pushing.sender.asked,
        )  # fmt: skip
        self.services = DeviceServices.of(
            pool, self.watches, self.values, self.sessions, self.passwords, proofs, pendings,
            statements, self.deletion, self.contacts.contacts, index_key, os.urandom,
        )  # fmt: skip

    @classmethod
    async def open(
        cls, pool: "Pool", directory: Path, push_service: str | None = None
    ) -> "AccountDesk":
        """`push_service`: the origin of one that pushes may go to."""
        return cls(await Desk.open(pool, directory), push_service)

    async def close(self) -> None:
        """A row or a payload that nothing leads to fails the test."""
        self.passwords.close()
        self.pushing.close()
        await self.desk.ledger.close()
        assert await self.orphans() == {}
        assert self.desk.faults == []

    async def today(self) -> int:
        now: int = await self.pool.fetchval("SELECT clock_ms()")
        return now // DAY_MS

    async def person(self, machines: int = 1) -> Person:
        """Somebody with so many devices."""
        address = f"some_{os.urandom(6).hex()}.12345"
        account = os.urandom(16)
        person = Person(self, account, address)
        password = await self.passwords.hashed(person.auth_key)

        async def work(connection: "Connection") -> None:
            name = address_hash(self.index_key, address)
            assert await account_rows.insert(connection, account, name, password)

        async with self.pool.acquire() as connection:
            await work(connection)
        if machines:
            first = await person.genesis()
            for _ in range(machines - 1):
                await person.link(first)
        return person

    async def session(self, account: bytes, device: bytes | None = None) -> Opened:
        """A session, whose password has been checked."""
        async with self.pool.acquire() as connection, connection.transaction():
            return await self.sessions.open(connection, account, device)

    async def sweep(self) -> None:
        """What is due happens; the clock was advanced by time that has passed."""
        passed = self.desk.clock.ahead / 1000
        await self.services.due.sweep(asyncio.get_running_loop().time() + passed)

    async def orphans(self) -> dict[str, int]:
        """Payloads that nothing leads to."""
        row = await self.pool.fetchrow(
            """
            SELECT (SELECT count(*) FROM payloads p WHERE NOT EXISTS (
              SELECT FROM messages WHERE payload = p.id UNION ALL
              SELECT FROM seats WHERE p.id IN (profile, resume_key) UNION ALL
              SELECT FROM accounts.sessions WHERE secret = p.id UNION ALL
              SELECT FROM accounts.signing_keys WHERE private = p.id UNION ALL
              SELECT FROM accounts.devices WHERE name = p.id UNION ALL
              SELECT FROM accounts.sealing_keys WHERE payload = p.id UNION ALL
              SELECT FROM accounts.shares WHERE payload = p.id UNION ALL
              SELECT FROM accounts.history_chunks WHERE payload = p.id UNION ALL
              SELECT FROM accounts.push_subscriptions WHERE payload = p.id UNION ALL
              SELECT FROM accounts.pins WHERE payload = p.id UNION ALL
              SELECT FROM accounts.links WHERE p.id IN (request, answer) UNION ALL
              SELECT FROM accounts.pending WHERE sealing = p.id UNION ALL
              SELECT FROM accounts.contact_requests WHERE own = p.id UNION ALL
              SELECT FROM accounts.contact_invitations WHERE p.id IN (payload, redemption) UNION ALL
              SELECT FROM accounts.records WHERE p.id IN (payload, boxes) UNION ALL
              SELECT FROM accounts.segments WHERE segment = p.id UNION ALL
              SELECT FROM accounts.joins WHERE payload = p.id UNION ALL
              SELECT FROM accounts.files WHERE payload = p.id UNION ALL
              SELECT FROM accounts.reports WHERE payload = p.id))
              AS payloads,
            (SELECT count(*) FROM payload_keys k WHERE NOT EXISTS (
              SELECT FROM payloads p WHERE p.id = k.payload)) AS keys
            """
        )
        return {name: count for name, count in row.items() if count}
