"""A file whose server is killed at named moments, from reserved to gone: asked again, all of it
happens once, nothing counts twice, and nothing is left of it."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from support.people.account_people import AccountHolder
from support.people.talkers import Talk
from test_named_moments import Doomed, doomed, loaded, settings  # noqa: F401

from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.files.layout import Layout

PADDED = 3 * 2**20
#: In the order in which they are met. The last one is met once nobody can store any of it.
MOMENTS = (
    "reserved, uncommitted", "reserved, unanswered", "allowed, unsigned", "looked at, unwritten",
    "landed, uncommitted", "landed, unanswered", "ended, uncommitted", "ended, unanswered",
    "ended, undeleted", "deleted, unwritten", "counted no more, uncommitted",
)  # fmt: skip


class Sender:
    """Somebody who uploads a file and deletes it, and asks again, in the same words, if they were
    not answered."""

    def __init__(self, holder: AccountHolder, talk: Talk) -> None:
        self.holder = holder
        info = b64encode(b"\1" + os.urandom(1023))
        self.body = {
            "id": b64encode(os.urandom(16)), "padded": PADDED, "info": info,
            "conversation": talk.name, "ttl": 3600,
        }  # fmt: skip
        self.sealed = [os.urandom(Layout(PADDED).segment(one).sealed_length) for one in range(3)]

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Nothing is refused but what was deleted before, and that was not answered."""
        answer = await self.holder.send(self.holder.machines[0], method, path, body)
        if not answer.is_success:
            assert answer.json()["error"]["code"] in {"file_conflict", "file_unknown"}
        return answer

    async def live(self, database: "asyncpg.Connection[asyncpg.Record]", late: bool) -> None:
        """From the beginning to the end; `late`: all addresses have ended by then."""
        path, every = f"/files/{self.body['id']}", {"segments": [0, 1, 2]}
        await self.ask("POST", "/files/upload", self.body)
        given = await self.ask("POST", f"{path}/urls", {"purpose": "put", **every})
        for one in given.json().get("urls", ()):
            sent = self.sealed[one["segment"]]
            answer = await self.holder.http.put(one["url"], content=sent, headers=one["headers"])
            assert answer.status_code in {201, 412}, answer.text
        # Two seconds have passed.
        await database.execute("UPDATE accounts.files SET looked_at = 0")
        landed = await self.ask("POST", f"{path}/landed", every)
        assert landed.json().get("complete", True)
        if late:
            await database.execute("UPDATE accounts.files SET put_until = 0")
        await self.ask("DELETE", path)


async def counts(database: "asyncpg.Connection[asyncpg.Record]") -> None:
    """What counts is what there is, and every payload and object belongs to something."""
    row: Any = await database.fetchrow(
        """
        SELECT (SELECT bytes FROM accounts.file_stock)
                 = (SELECT coalesce(sum(padded), 0) FROM accounts.files),
               (SELECT coalesce(sum(bytes), 0) FROM accounts.file_quotas)
                 = (SELECT coalesce(sum(padded), 0) FROM accounts.files),
               NOT EXISTS (SELECT FROM accounts.files f WHERE state < 3 AND NOT EXISTS (
                 SELECT FROM payload_keys k WHERE k.payload = f.payload)),
               NOT EXISTS (SELECT FROM accounts.files f WHERE state = 3 AND NOT EXISTS (
                 SELECT FROM purges p WHERE p.prefix = f.prefix))
        """
    )
    assert tuple(row) == (True, True, True, True)


def objects(folder: Path) -> list[str]:
    """Segments that lie in the store."""
    return [
        str(one) for one in (folder / "objects").rglob("*")
        if one.is_file() and one.name.isdecimal()
    ]  # fmt: skip


@pytest.mark.timeout(240)
async def test_a_file_whose_server_is_killed_is_one_file_and_then_none(
    doomed: Doomed,  # noqa: F811
    database_url: str,
    tmp_path: Path,
) -> None:
    environment = settings(database_url, tmp_path)
    database = await asyncpg.connect(database_url)
    doomed.serve(environment)
    async with AccountHolder(doomed.url) as one:
        await one.found()
        talk = await Talk.found(one)
    doomed.kill()
    for moment in MOMENTS:
        sender, late = Sender(one, talk), moment == MOMENTS[-1]
        doomed.serve(environment, (moment,))
        async with httpx.AsyncClient(base_url=doomed.url, timeout=30) as one.http:
            # It dies while it is asked, or just after it.
            with suppress(httpx.TransportError):
                await sender.live(database, late)
            assert doomed.ended() == -signal.SIGKILL
        await counts(database)
        doomed.serve(environment)
        async with httpx.AsyncClient(base_url=doomed.url, timeout=30) as one.http:
            await sender.live(database, late)
        await counts(database)
        await purged(database, environment)
        doomed.kill()
    rows = await database.fetch("SELECT state, payload FROM accounts.files")
    assert {tuple(row) for row in rows} == {(3, None)}
    await database.close()


async def purged(
    database: "asyncpg.Connection[asyncpg.Record]", environment: dict[str, str]
) -> None:
    """Everything under the prefixes of what was deleted goes, at once."""
    await database.execute("UPDATE purges SET due_at = 0 WHERE round = 0")
    while await database.fetchval("SELECT count(*) FROM purges WHERE round = 0"):
        await database.execute("SELECT pg_sleep(0.05)")
    assert objects(Path(environment["DATA_DIR"])) == []
