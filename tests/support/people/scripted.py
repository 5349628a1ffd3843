"""Devices with the engine of the browser, in a node that is told what to do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import playwright
from support.people.correspondents import Device

from ephemeral.protocol.encoding import b64encode

ROOT = Path(__file__).resolve().parents[3]
NODE = Path(playwright.__file__).parent / "driver" / "node"
DRIVER = ROOT / "tests" / "js" / "conversation-driver.mjs"
#: Of an answer.
_LONGEST = 64 * 1024 * 1024


class Refused(Exception):
    """The engine's no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ProgramDied(Exception):
    """As it was told to."""


class Script:
    """The program. Ids, chains and bytes are base64url."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            self._waiting.pop(answer["n"]).set_result(answer)
        for one in self._waiting.values():
            one.set_exception(ConnectionError("the program has ended"))

    async def does(self, who: str, what: str, **how: object) -> Any:
        """What comes of it; `Refused`. `beside=True`: not after what was asked before."""
        assert self._process.stdin is not None
        self._number += 1
        told = {"n": self._number, "who": who, "do": what, **how}
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        await self._process.stdin.drain()
        said = await answer
        if "refusal" in said:
            raise Refused(said["refusal"])
        if said.get("error", "").startswith("PageClosed"):
            raise ProgramDied
        assert "error" not in said, said["error"]
        return said["is"]

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._listening


class Scripted:
    """One of its devices, by a name."""

    def __init__(self, script: Script, name: str) -> None:
        self.script = script
        self.name = name
        self.account = self.address = self.chain = self.device = ""

    async def does(self, what: str, **how: object) -> Any:
        """As `Script.does`."""
        return await self.script.does(self.name, what, **how)

    async def dies_or_does(self, what: str, **how: object) -> None:
        """The same, where its program may have been told to die."""
        try:
            await self.does(what, **how)
        except ProgramDied:
            return

    async def register(self) -> "Scripted":
        """Make an account."""
        return self._is(await self.does("registers"))

    async def another(self, name: str) -> "Scripted":
        """A second device of the account, linked by this one."""
        other = Scripted(self.script, name)
        return other._is(await other.does("links", by=self.name))

    def _is(self, told: dict[str, str]) -> "Scripted":
        self.account, self.address = told["account"], told["address"]
        self.chain, self.device = told["chain"], told["device"]
        return self

    async def asks(self, method: str, path: str, body: object = None) -> Any:
        """Something else of the server, as this device."""
        how = {} if body is None else {"body": body}
        return await self.does("asks", method=method, path=path, **how)


async def befriend(one: Scripted, other: Device) -> None:
    """Somebody with the engine becomes a contact of somebody with the library."""
    await one.asks("PUT", "contacts/findable", {"findable": True})
    async with other.file() as account:
        body = {"address": one.address, "own": other.person.address}
        await account.ask("POST", "/contacts/requests", body)
    account_id = b64encode(await other.account_id())
    await one.asks("PUT", f"contacts/{account_id}", {"state": "accepted"})


@asynccontextmanager
async def scripted(url: str) -> AsyncIterator[Script]:
    """The program, while it runs."""
    process = await asyncio.create_subprocess_exec(
        NODE, DRIVER, cwd=ROOT, env={"EPHEMERAL_URL": url}, limit=_LONGEST,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    script = Script(process)
    try:
        yield script
    finally:
        await script.close()
