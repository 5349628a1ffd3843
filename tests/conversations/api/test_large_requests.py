"""Requests that are larger than anything in rooms, at a server that runs: read only for whoever may
ask, and nowhere else."""

import httpx
from support.machines.server import Program
from support.people.account_people import AccountHolder
from support.people.talkers import Talk

from ephemeral.protocol.conversations.messages import ENTRY_SIZES
from ephemeral.protocol.encoding import b64encode

LARGEST, TOGETHER = 32_768, 16


async def test_sixteen_of_the_largest_messages_go_in_one_request(shared_server: Program) -> None:
    async with AccountHolder(shared_server.url) as one:
        machine = await one.found()
        talk = await Talk.found(one)
        entries = [talk.message(machine, LARGEST)[0] for _ in range(TOGETHER)]
        assert {len(entry) for entry in entries} == {ENTRY_SIZES[-1]}
        path = f"/chatrooms/{talk.name}/message"
        body = {"entries": [b64encode(entry) for entry in entries]}

        async def refused(answer: httpx.Response) -> tuple[int, str]:
            return answer.status_code, answer.json()["error"]["code"]

        stranger = await one.http.post(path, json=body)
        assert await refused(stranger) == (401, "unauthorized")
        # Of what another operation is asked a little too much is read, so that this is heard.
        two = {"entries": body["entries"][:2]}
        elsewhere = await one.send(machine, "POST", f"/chatrooms/{talk.name}/ack", two)
        assert await refused(elsewhere) == (413, "too_large")
        more = {"entries": [*body["entries"], body["entries"][0]]}
        assert await refused(await one.send(machine, "POST", path, more)) == (413, "too_large")
        stored = await one.ask(machine, "POST", path, body)
        assert len(stored["stored"]) == TOGETHER
