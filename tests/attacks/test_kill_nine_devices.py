"""Power cuts while devices are added, revoked and recovered, and shares turned: asked again, all of
it happens once, and what was answered is so."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
from support.machines.server import AT_ANY_PACE, Program
from support.people.account_people import AccountHolder, Machine, Refused

from ephemeral.protocol.accounts.chain import Chain, read_chain
from ephemeral.protocol.accounts.statements import Signed
from ephemeral.protocol.encoding import b64decode, b64encode

#: How often the server is killed, and how many requests are answered in between at least.
CUTS, LEAST = 12, 4


class Life:
    """An owner whose program asks again until it is answered, as programs do."""

    def __init__(self, holder: AccountHolder) -> None:
        self.holder = holder
        self.up = asyncio.Event()
        self.up.set()
        self.answered = 0
        self.lost = 0
        #: Shares as they were answered.
        self.shares: dict[bytes, list[Any]] = {}

    async def until_answered(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask, as often as the answer is lost."""
        while True:
            try:
                answer = await ask()
            except httpx.TransportError:
                self.lost += 1
                await self.up.wait()
                continue
            except Refused as refused:
                if refused.code != "unavailable":
                    raise
                continue
            self.answered += 1
            return answer

    async def go_on(self, finished: asyncio.Event) -> None:
        """Live without end."""
        for turn in itertools.count():
            if finished.is_set():
                return
            holder = self.holder
            first = holder.machines[0]
            machine = await self.link(first)
            await self.turn_share(machine)
            if turn % 3 == 2:
                await self.recover()
            else:
                await self.revoke(first, machine)

    async def link(self, by: Machine) -> Machine:
        holder = self.holder
        machine: Machine = await self.until_answered(holder.sign_in)
        locator = await self.until_answered(lambda: holder.deposit(machine))
        signed = holder.added(by, machine)
        body = holder.add_body(machine, signed, locator)
        posted = await self.until_answered(lambda: holder.ask(by, "POST", "/devices", body))
        assert b64decode(posted["head"]) == signed.statement.hash
        holder.read(signed)
        holder.machines.append(machine)
        await self.until_answered(lambda: holder.refresh(machine))
        return machine

    async def turn_share(self, machine: Machine) -> None:
        for body in ({"rotate": 0}, {"rotate": 1}, {"confirm": 2}):
            answer = await self.until_answered(
                lambda body=body: self.holder.ask(machine, "POST", "/devices/me/share", body)
            )
            known = {one["n"]: one["share"] for one in self.shares.get(machine.id, [])}
            for one in answer["shares"]:
                assert known.get(one["n"], one["share"]) == one["share"]
            self.shares[machine.id] = answer["shares"]

    async def revoke(self, by: Machine, machine: Machine) -> None:
        holder = self.holder
        signed = holder.removed(by, machine)
        path, body = f"/devices/{b64encode(machine.id)}/revoke", holder.revoke_body(signed)
        await self.until_answered(lambda: holder.ask(by, "POST", path, body))
        holder.read(signed)
        holder.machines.remove(machine)

    async def recover(self) -> None:
        holder = self.holder
        begun = await self.until_answered(
            lambda: holder.ask(None, "POST", "/auth/recover/begin", holder.begin_body())
        )
        # What was answered is there.
        assert read_chain(b64decode(one) for one in begun["chain"]) == holder.chain
        machine = Machine()
        signed = holder.recovered(machine)
        body = holder.recover_body(machine, signed)
        answer = await self.until_answered(lambda: holder.ask(None, "POST", "/auth/recover", body))
        holder._keep(machine, answer)
        holder.read(signed)
        holder.machines = [machine]

    async def check(self) -> None:
        """The server holds what this owner believes, and nothing else."""
        [*_, last] = self.holder.machines
        listed = await self.holder.ask(last, "GET", "/devices")
        chain = Chain.empty()
        for one in listed["statements"]:
            chain = chain.extend(Signed.decode(b64decode(one)))
        assert chain == self.holder.chain
        ids = [b64decode(one["id"]) for one in listed["devices"]]
        assert ids == [one.id for one in chain.devices]
        assert all("sealing" in one for one in listed["devices"])


async def test_devices_survive_power_cuts(serve: Callable[..., Program]) -> None:
    server = serve(**AT_ANY_PACE, EPOCH_SECONDS=1)
    moments = random.Random(7)
    async with AccountHolder(server.url) as holder:
        await holder.found()
        life, finished = Life(holder), asyncio.Event()
        async with asyncio.timeout(180), asyncio.TaskGroup() as group:
            living = group.create_task(life.go_on(finished))
            for _ in range(CUTS):
                start = life.answered
                while life.answered < start + LEAST and not living.done():  # noqa: ASYNC110
                    await asyncio.sleep(0)
                for _ in range(moments.randrange(400)):
                    await asyncio.sleep(0)
                life.up.clear()
                server.kill()
                server.start()
                life.up.set()
            finished.set()
        assert life.lost > 0
        await life.check()
    database = await asyncpg.connect(server.environment["DATABASE_URL"])
    adrift = await database.fetchval(
        """
        SELECT count(*) FROM payloads p WHERE NOT EXISTS (
          SELECT FROM accounts.sessions WHERE secret = p.id UNION ALL
          SELECT FROM accounts.signing_keys WHERE private = p.id UNION ALL
          SELECT FROM accounts.devices WHERE name = p.id UNION ALL
          SELECT FROM accounts.sealing_keys WHERE payload = p.id UNION ALL
          SELECT FROM accounts.shares WHERE payload = p.id UNION ALL
          SELECT FROM accounts.pins WHERE payload = p.id UNION ALL
          SELECT FROM accounts.links WHERE p.id IN (request, answer))
        """
    )
    await database.close()
    assert adrift == 0
