"""Power cuts while people talk and begin epochs: asked again, all of it happens once, in one order,
and what was answered is so."""

import asyncio
import itertools
import random
from collections.abc import Callable

import asyncpg
import httpx
from support.machines.server import AT_ANY_PACE, Program
from support.people.account_people import AccountHolder, Machine
from support.people.talkers import Talk, befriend

from ephemeral.protocol.conversations.log import Log
from ephemeral.protocol.encoding import b64decode, b64encode

#: How often the server is killed, and how many requests are answered in between at least.
CUTS, LEAST = 6, 8


class Patient(AccountHolder):
    """Somebody whose program asks again, in the same words, until it is answered."""

    up: asyncio.Event
    answered = 0
    lost = 0

    async def send(
        self, machine: Machine | None, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        while True:
            try:
                answer = await super().send(machine, method, path, body, **headers)
            except httpx.TransportError:
                Patient.lost += 1
                await self.up.wait()
                continue
            if answer.status_code == 503:
                await asyncio.sleep(0)
                continue
            Patient.answered += 1
            return answer


class Life:
    """Two who talk without end, and know what they have said."""

    def __init__(self, one: Patient, other: Patient) -> None:
        self.people = (one, other)
        self.talk: Talk

    async def go_on(self, finished: asyncio.Event) -> None:
        one, other = self.people
        self.talk = await Talk.found(one, other)
        for turn in itertools.count():
            if finished.is_set():
                return
            speaker, hearer = (one, other) if turn % 2 else (other, one)
            await self.exchange(speaker, hearer, 1 + turn % 3)
            if turn % 3 == 2:
                await self.talk.renew(one, timer=turn)
            if turn % 5 == 4:
                await self.in_passing()

    async def exchange(self, speaker: Patient, hearer: Patient, count: int) -> None:
        """Some messages, which are read and acknowledged."""
        talk, [machine] = self.talk, speaker.machines
        path = f"/chatrooms/{talk.name}"
        before = talk.log.place
        entries = [talk.message(machine)[0] for _ in range(count)]
        body = {"entries": [b64encode(one) for one in entries]}
        answer = await speaker.ask(machine, "POST", f"{path}/message", body)
        talk.stored(machine, *entries)
        last = answer["stored"][-1]
        assert (last["s"], b64decode(last["hash"])) == talk.log, "in one order, once"
        [listener] = hearer.machines
        read = await hearer.ask(listener, "GET", f"{path}/messages?after={before}")
        assert [b64decode(one["entry"]) for one in read["entries"]] == entries
        for who in self.people:
            cursor = {"cursor": talk.log.place}
            acked = await who.ask(who.machines[0], "POST", f"{path}/ack", cursor)
            assert acked["cursor"] == talk.log.place

    async def in_passing(self) -> None:
        """A conversation that is begun, used, and ended for all."""
        one, other = self.people
        kept, self.talk = self.talk, await Talk.found(one, other)
        await self.exchange(one, other, 2)
        gone = await one.send(one.machines[0], "DELETE", f"/chatrooms/{self.talk.name}")
        assert gone.status_code in {204, 404}
        self.talk = kept

    async def check(self) -> None:
        """The server has this one conversation, and its log is ours."""
        for who in self.people:
            [machine] = who.machines
            listed = await who.ask(machine, "GET", "/chatrooms")
            [found] = listed["conversations"]
            assert found["conversation"] == self.talk.name
            assert Log(found["s"], b64decode(found["hash"])) == self.talk.log


async def test_conversations_survive_power_cuts(serve: Callable[..., Program]) -> None:
    server = serve(**AT_ANY_PACE, ACCOUNT_REQUESTS_PER_ACCOUNT="off", EPOCH_SECONDS=1)
    moments = random.Random(11)
    Patient.up = asyncio.Event()
    Patient.up.set()
    async with Patient(server.url) as one, Patient(server.url) as other:
        for who in (one, other):
            await who.found()
        await befriend(one, other)
        life, finished = Life(one, other), asyncio.Event()
        async with asyncio.timeout(180), asyncio.TaskGroup() as group:
            living = group.create_task(life.go_on(finished))
            for _ in range(CUTS):
                start = Patient.answered
                while Patient.answered < start + LEAST and not living.done():  # noqa: ASYNC110
                    await asyncio.sleep(0)
                for _ in range(moments.randrange(400)):
                    await asyncio.sleep(0)
                Patient.up.clear()
                server.kill()
                server.start()
                Patient.up.set()
            finished.set()
        assert Patient.lost > 0
        await life.check()
    database = await asyncpg.connect(server.environment["DATABASE_URL"])
    left = await database.fetchrow(
        """
        SELECT (SELECT count(*) FROM accounts.entries), (SELECT count(*) FROM accounts.boxes),
          (SELECT sum(waiting) FROM accounts.conversations),
          (SELECT count(*) FROM payloads p WHERE NOT EXISTS (
            SELECT FROM accounts.sessions WHERE secret = p.id UNION ALL
            SELECT FROM accounts.signing_keys WHERE private = p.id UNION ALL
            SELECT FROM accounts.sealing_keys WHERE payload = p.id UNION ALL
            SELECT FROM accounts.contact_invitations WHERE p.id IN (payload, redemption) UNION ALL
            SELECT FROM accounts.records WHERE p.id IN (payload, boxes) UNION ALL
            SELECT FROM accounts.segments WHERE segment = p.id))
        """
    )
    await database.close()
    # But for the boxes of an epoch that nobody has read yet.
    assert left[0] == left[2] == left[3] == 0
    assert left[1] in {0, 2}
