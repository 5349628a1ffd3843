"""The services of conversations over a real database, without HTTP, and people who talk.

The server is blind, so nothing is encrypted here: messages and boxes are random bytes of the right
lengths. What it checks (signatures, chains, places of the log) is true.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.machines.account_services import AccountDesk, Machine, Person
from support.machines.services import Desk

from ephemeral.accounts.doors import Doors
from ephemeral.conversations.doors import ConversationDoors
from ephemeral.conversations.rules.records import Begun
from ephemeral.conversations.rules.requests import Acknowledged, Posted
from ephemeral.conversations.service.asker import Asker
from ephemeral.conversations.service.conversation_services import ConversationServices
from ephemeral.conversations.service.reading import LogPage
from ephemeral.conversations.service.recent import Item
from ephemeral.conversations.service.wakes import Wakes
from ephemeral.protocol.accounts.sealing_keys import SealingKey
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.conversations import epochs, making
from ephemeral.protocol.conversations.leaves import sign_leave
from ephemeral.protocol.conversations.lines import Line
from ephemeral.protocol.conversations.making import Change
from ephemeral.protocol.conversations.messages import AD_SIZE, ENTRY_SIZES, Ad
from ephemeral.protocol.conversations.records import (
    ADMIN,
    BOX_SIZE,
    MEMBER,
    Continues,
    Leave,
    Record,
    SignedRecord,
)
from ephemeral.protocol.errors import Refusal

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
TTL = 30 * DAY
NOTHING = Change()


def seat(person: Person, machine: Machine | None = None) -> Asker:
    """Who asks: a person's device, the first one unless another is named."""
    return Asker(person.account, (machine or person.machines[0]).id)


def boxes_of(record: Record) -> list[bytes]:
    """Boxes that nobody can open, which the server doesn't know."""
    return [os.urandom(BOX_SIZE) if one.number else b"" for one in record.devices]


@dataclass(frozen=True)
class Made:
    """A record that is signed, with its boxes."""

    signed: SignedRecord
    boxes: list[bytes]

    @property
    def record(self) -> Record:
        return self.signed.record


class Talk:
    """A conversation, as somebody sees it who has read all of it."""

    def __init__(self, desk: "ConversationDesk", conversation: bytes) -> None:
        self.desk = desk
        self.id = conversation
        self.record: Record
        self.s = 0
        self.log = b""

    async def founding(
        self,
        author: Person,
        others: Mapping[Person, str],
        machine: Machine | None = None,
        **more: Any,
    ) -> Made:
        """The first record."""
        people = {author.chain.id: ADMIN, **{one.chain.id: role for one, role in others.items()}}
        by = machine or author.machines[0]
        everybody = [author, *others]
        record = making.founding(
            self.id,
            people,
            await self.desk.lines(people),
            await self.desk.keys(everybody),
            by.id,
            os.urandom(32),
            **more,
        )
        return self.made(by, record)

    async def found(self, author: Person, others: Mapping[Person, str], **more: Any) -> Begun:
        made = await self.founding(author, others, **more)
        return await self.post_founding(author, made, more.get("machine"))

    async def post_founding(
        self, author: Person, made: Made, machine: Machine | None = None
    ) -> Begun:
        begun = await self.desk.services.epochs.found(
            seat(author, machine), made.signed, made.boxes
        )
        return self.goes_on(made, begun)

    async def renewal(
        self,
        author: Person,
        change: Change = NOTHING,
        *,
        machine: Machine | None = None,
        others: Sequence[Person] = (),
    ) -> Made:
        """The next record. `others`: who comes."""
        by = machine or author.machines[0]
        chains = {one.chain for one in self.record.people} | {one.chain.id for one in others}
        known = [self.desk.everybody[one] for one in chains]
        record = making.renewal(
            self.record,
            await self.desk.lines(chains),
            await self.desk.keys(known),
            self.s,
            self.log,
            by.id,
            os.urandom(32),
            change,
        )
        return self.made(by, record)

    def made(self, by: Machine, record: Record) -> Made:
        boxes = boxes_of(record)
        return Made(epochs.sign_record(by.key, record.encode(), boxes), boxes)

    async def renew(
        self,
        author: Person,
        change: Change = NOTHING,
        *,
        machine: Machine | None = None,
        others: Sequence[Person] = (),
    ) -> Begun:
        made = await self.renewal(author, change, machine=machine, others=others)
        return await self.post_renewal(author, made, machine)

    async def post_renewal(
        self, author: Person, made: Made, machine: Machine | None = None
    ) -> Begun:
        begun = await self.desk.services.epochs.begin(
            seat(author, machine), self.id, made.signed, made.boxes
        )
        return self.goes_on(made, begun)

    def goes_on(self, made: Made, begun: Begun) -> Begun:
        if begun.epoch == made.record.epoch:
            self.record, self.s, self.log = made.record, begun.s, begun.hash
        return begun

    # --- messages ---------------------------------------------------------------------------------

    def entry(
        self,
        machine: Machine,
        *,
        id_: bytes | None = None,
        size: int = ENTRY_SIZES[0],
        **other: Any,
    ) -> bytes:
        """A message, which only its head tells from any other."""
        ad = Ad(1, self.id, self.record.hash, machine.id, id_ or os.urandom(16), self.s, self.log)
        return ad._replace(**other).encode() + os.urandom(size - AD_SIZE)

    async def send(
        self,
        person: Person,
        *entries: bytes,
        machine: Machine | None = None,
        count: int = 1,
        size: int = ENTRY_SIZES[0],
    ) -> Posted:
        """Post messages, new ones unless they are given."""
        by = machine or person.machines[0]
        given = entries or [self.entry(by, size=size) for _ in range(count)]
        posted = await self.desk.post(seat(person, by), self.id, given)
        last = max(posted.places, key=lambda one: one.s)
        if last.s > self.s:
            self.s, self.log = last.s, last.hash
        return posted

    async def ack(
        self, person: Person, cursor: int | None = None, machine: Machine | None = None
    ) -> int:
        where = self.s if cursor is None else cursor
        return (await self.desk.acknowledge(seat(person, machine), self.id, where)).cursor

    async def ack_all(self, *people: Person) -> None:
        """All devices of these have read everything."""
        for person in people:
            for machine in person.machines:
                await self.ack(person, machine=machine)

    async def read(
        self, person: Person, after: int = 0, machine: Machine | None = None, most: int = 100
    ) -> LogPage:
        return await self.desk.services.reading.log(seat(person, machine), self.id, after, most)

    async def items(
        self, person: Person, after: int = 0, machine: Machine | None = None
    ) -> list[Item]:
        """All that follows a place."""
        found: list[Item] = []
        more = True
        while more:
            page = await self.read(person, found[-1].s if found else after, machine)
            found += page.items
            more = page.more
        return found

    # --- leaving ----------------------------------------------------------------------------------

    def leave_of(self, person: Person, machine: Machine | None = None) -> Leave:
        by = machine or person.machines[0]
        named = self.record.person(person.chain.id)
        assert named is not None
        return sign_leave(by.key, self.id, person.chain.id, named.since)

    async def leave(self, person: Person) -> Leave:
        leave = self.leave_of(person)
        await self.desk.services.membership.leave(seat(person), self.id, leave)
        return leave

    async def row(self, columns: str) -> Any:
        """Of the conversation's row."""
        return await self.desk.pool.fetchrow(
            f"SELECT {columns} FROM accounts.conversations WHERE conversation = $1", self.id
        )


class ConversationDesk:
    """One worker's services of conversations, beside those of accounts."""

    def __init__(self, accounts: AccountDesk) -> None:
        self.accounts = accounts
        self.desk = accounts.desk
        self.pool: Pool = accounts.pool
        self.everybody: dict[bytes, Person] = {}
        self.doors = doors = Doors(
            callers=None,  # type: ignore[arg-type]
            actions=None,  # type: ignore[arg-type]
            people=accounts.people,
            contacts=accounts.contacts.contacts,
            requests=accounts.contacts.requests,
            values=accounts.values,
            watches=accounts.watches,
            hooks=accounts.hooks,
            ended=accounts.ended,
            suspensions=accounts.suspensions,
        )
        self.wakes = Wakes(self.pool, self.desk.faults.append)
        self.services = ConversationServices.of(
            self.pool, self.desk.bus, doors, accounts.index_key, TTL, os.urandom,
            self.desk.faults.append, wakes=self.wakes,
        )  # fmt: skip
        self.talk_doors = ConversationDoors(self.services.insiders, self.services.ending)

    @classmethod
    async def open(
        cls, pool: "Pool", directory: Path, push_service: str | None = None
    ) -> "ConversationDesk":
        return cls(AccountDesk(await Desk.open(pool, directory), push_service))

    async def close(self) -> None:
        """A row or a payload that nothing leads to fails the test."""
        await self.services.ledger.close()
        assert await self.orphans() == {}
        await self.accounts.close()

    # --- people -----------------------------------------------------------------------------------

    async def person(self, machines: int = 1) -> Person:
        person = await self.accounts.person(machines)
        self.everybody[person.chain.id] = person
        return person

    async def friends(self, *machines: int) -> list[Person]:
        """People with so many devices each, of whom the first has all others as contacts."""
        people = [await self.person(count) for count in machines]
        for other in people[1:]:
            await self.befriend(people[0], other)
        return people

    async def befriend(self, one: Person, other: Person) -> None:
        """Both have agreed."""
        async with self.pool.acquire() as connection:
            for account, another in ((one, other), (other, one)):
                await connection.execute(
                    """
                    INSERT INTO accounts.contacts (account, other, state, chain, day)
                    VALUES ($1, $2, 'accepted', $3, 0)
                    """,
                    account.account, another.account, another.chain.id,
                )  # fmt: skip

    async def talk(self, *people: Person, **more: Any) -> Talk:
        """A conversation that the first of these has founded, as its only admin."""
        talk = Talk(self, os.urandom(16))
        await talk.found(people[0], dict.fromkeys(people[1:], MEMBER), **more)
        return talk

    def unfounded(self, conversation: bytes | None = None) -> Talk:
        return Talk(self, conversation or os.urandom(16))

    async def lines(self, chains: "Mapping[bytes, Any] | set[bytes]") -> dict[bytes, Line]:
        """Chains as the server serves them."""
        rows = await self.pool.fetch(
            """
            SELECT chain, signed FROM accounts.chain_statements
            WHERE chain = ANY($1::bytea[]) ORDER BY chain, sequence
            """,
            list(chains),
        )
        found: dict[bytes, list[Signed]] = {}
        for chain, signed in rows:
            found.setdefault(chain, []).append(Signed.decode(signed))
        return {chain: Line.of(statements) for chain, statements in found.items()}

    async def keys(self, people: Sequence[Person]) -> dict[bytes, SealingKey]:
        """The newest sealing keys of these people's devices, as the server serves them."""
        async with self.pool.acquire() as connection:
            found = await self.accounts.people.sealing_keys(
                connection, [one.account for one in people]
            )
        return {
            device: SealingKey(one.number, one.day, one.key) for (_, device), one in found.items()
        }

    # --- requests ---------------------------------------------------------------------------------

    async def post(self, asker: Asker, conversation: bytes, entries: Sequence[bytes]) -> Posted:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.services.ledger.post(asker, conversation, entries, answer.set_result)
        return self._settled(await answer)

    async def acknowledge(self, asker: Asker, conversation: bytes, cursor: int) -> Acknowledged:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.services.ledger.acknowledge(asker, conversation, cursor, answer.set_result)
        return self._settled(await answer)

    def _settled(self, outcome: Any) -> Any:
        if self.desk.faults:
            raise self.desk.faults[0]
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def sweep(self) -> None:
        """What is due happens; the clock was advanced by time that has passed."""
        passed = self.desk.clock.ahead / 1000
        await self.services.sweeper.sweep(asyncio.get_running_loop().time() + passed)

    async def rows(self, *tables: str) -> dict[str, int]:
        found = await self.desk.rows(*(f"accounts.{table}" for table in tables))
        return {name.removeprefix("accounts."): count for name, count in found.items()}

    async def orphans(self) -> dict[str, int]:
        """Rows that nothing leads to any more, and counts that are wrong."""
        row = await self.pool.fetchrow(
            """
            SELECT
              (SELECT count(*) FROM accounts.entries e WHERE NOT EXISTS (
                 SELECT FROM accounts.log_places p
                 WHERE p.conversation = e.conversation AND p.s = e.s)
                 AND e.s >= (SELECT kept FROM accounts.conversations c
                             WHERE c.conversation = e.conversation)) AS entries,
              (SELECT count(*) FROM accounts.entries e WHERE NOT EXISTS (
                 SELECT FROM accounts.segments g WHERE g.segment = e.segment)) AS keyless,
              (SELECT count(*) FROM accounts.boxes b WHERE NOT EXISTS (
                 SELECT FROM accounts.records r WHERE r.conversation = b.conversation
                 AND r.epoch = b.epoch AND r.boxes IS NOT NULL)) AS boxes,
              (SELECT count(*) FROM (
                 SELECT conversation FROM accounts.log_places UNION ALL
                 SELECT conversation FROM accounts.entries UNION ALL
                 SELECT conversation FROM accounts.segments UNION ALL
                 SELECT conversation FROM accounts.records UNION ALL
                 SELECT conversation FROM accounts.boxes) x WHERE NOT EXISTS (
                 SELECT FROM accounts.conversations c WHERE c.conversation = x.conversation))
                 AS gone,
              (SELECT count(*) FROM accounts.conversations c WHERE (waiting, waiting_bytes) <> (
                 SELECT count(*), coalesce(sum(octet_length(e.sealed) - 28), 0)
                 FROM accounts.entries e WHERE e.conversation = c.conversation)) AS counts
            """
        )
        return {name: count for name, count in row.items() if count}


def continuing(talk: Talk) -> Continues:
    """What a repair of this conversation names."""
    return Continues(talk.id, talk.record.hash)


def digest(entry: bytes) -> bytes:
    return sha256(entry).digest()
