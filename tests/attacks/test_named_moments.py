"""Killed at a named moment of a named request, restarted, and asked again.

What was committed has happened and what wasn't has not; whoever asks again gets the answer of the
first time; what was destroyed stays destroyed, and receipts are true. Between death and restart the
database itself is asked.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.machines.database import Server as Postgres
from support.machines.server import FROM_ONE_ADDRESS, ROOT
from support.machines.services import ENCRYPTION_KEY, Attachment, Desk, Message
from support.people.raw_client import PATIENCE

from ephemeral.protocol.charter import Charter, Policy
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import Refusal
from ephemeral.protocol.keys import member_id
from ephemeral.rooms.rules.room import Seat
from ephemeral.store.embedded.server import EmbeddedPostgres
from ephemeral.store.migrations import read_migrations
from ephemeral.store.postgres import open_pool

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

AMONG = "among its statements"
BEFORE = "before the commit"
AFTER = "after the commit, before the answer"
ANSWERED = "after the answer, before the hint"


class Doomed:
    """The program, started again and again, each time to die at another moment."""

    def __init__(self) -> None:
        self.folder = ROOT
        self.url = ""
        self.pid = 0
        self.printed: list[str] = []
        self._lines: Queue[str] = Queue()
        self._orders = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "support" / "programs" / "doomed_program.py"],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._orders.stdout is not None
        with self._orders.stdout:
            for line in self._orders.stdout:
                self._lines.put(line)

    def _until(self, beginning: str) -> str:
        while not (line := self._lines.get(timeout=60)).startswith(beginning):
            assert not line.startswith("Ended"), self.printed
            self.printed.append(line)
        return line

    def order(
        self, arguments: list[str], environment: dict[str, str], doom: tuple[str, ...] = ()
    ) -> None:
        assert self._orders.stdin is not None
        order = {
            "arguments": arguments,
            "environment": environment,
            "folder": str(self.folder),
            "doom": doom,
        }
        print(json.dumps(order), file=self._orders.stdin, flush=True)
        self.pid = int(self._until("Started ").split()[1])

    def serve(self, environment: dict[str, str], doom: tuple[str, ...] = ()) -> None:
        """Start the server; returns when connections are accepted."""
        self.order(["serve"], environment, doom)
        self.url = self._until("Ephemeral is open at ").split()[4].rstrip("/")

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        code = int(self._until("Ended ").split()[1])
        self.pid = 0
        return code

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.ended() == -signal.SIGKILL

    def rest(self) -> None:
        """End what still runs; nothing may have been printed that no operator should see."""
        if self.pid:
            self.kill()
        printed = "".join(self.printed)
        self.printed.clear()
        assert "Traceback" not in printed, printed
        assert "Fault:" not in printed, printed

    def close(self) -> None:
        assert self._orders.stdin is not None
        self._orders.stdin.close()
        assert self._orders.wait(PATIENCE) == 0
        self._reader.join(PATIENCE)


@pytest.fixture(scope="module")
def loaded() -> Iterator[Doomed]:
    program = Doomed()
    yield program
    program.close()


@pytest.fixture
def doomed(loaded: Doomed, tmp_path: Path) -> Iterator[Doomed]:
    loaded.folder = tmp_path
    yield loaded
    loaded.rest()


@pytest.fixture
async def desk(pool: "Pool", tmp_path: Path) -> AsyncIterator[Desk]:
    """What asks the database itself: no part of the program that dies."""
    opened = await Desk.open(pool, tmp_path / "keyring")
    yield opened
    assert await opened.orphans() == {}
    await opened.ledger.close()
    assert opened.faults == []


def settings(database: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database,
        "DATABASE_WAIT_SECONDS": "30",
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "KEYRING_DIR": str(folder / "keyring"),
        "DATA_DIR": str(folder),
        "HOST": "127.0.0.1",
        "PORT": "0",
        **FROM_ONE_ADDRESS,
    }


# --- the requests -----------------------------------------------------------------------------


@dataclass
class Asked:
    """A request, what tells whether it has happened, and the statuses of its answers."""

    method: str
    path: str
    headers: dict[str, str]
    happened: Callable[[], Awaitable[bool]] | None
    first: int
    again: int
    body: dict[str, Any] | bytes | None = None
    #: What everybody must be told in the end.
    true: Callable[[], Awaitable[bool]] | None = field(default=None)
    #: What is asked first of the server that dies, so that it remembers the room.
    before: list["Asked"] = field(default_factory=list)

    async def ask(self, url: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as client:
            if isinstance(self.body, bytes):
                headers = self.headers | {"Content-Type": "application/octet-stream"}
                return await client.request(
                    self.method, self.path, headers=headers, content=self.body
                )
            return await client.request(
                self.method, self.path, headers=self.headers, json=self.body
            )


@dataclass
class Scene:
    """A room with an author and two readers, and a message that one of them has opened."""

    desk: Desk
    locator: bytes
    tokens: list[bytes]
    seats: list[Seat]
    message: Message

    @classmethod
    async def staged(cls, desk: Desk, policy: Policy = Policy.FIRST_VIEW) -> "Scene":
        locator = await desk.room(seats=4, policy=policy)
        tokens = [os.urandom(32) for _ in range(3)]
        seats = [(await desk.join(locator, token=one)).seat for one in tokens]
        message = Message()
        await desk.post(seats[0], message)
        await desk.open_message(seats[1], message)
        return cls(desk, locator, tokens, seats, message)

    def headers(self, member: int | None = None) -> dict[str, str]:
        found = {"Authorization": f"Bearer {b64encode(self.locator)}"}
        if member is not None:
            found["Ephemeral-Member"] = b64encode(self.tokens[member])
        return found

    def path(self, message: Message, action: str) -> str:
        return f"/room/messages/{b64encode(message.id)}/{action}"

    async def state(self, message: Message) -> str:
        _, (receipt,) = await self.desk.rooms.status(self.seats[0], [message.id])
        return receipt.state

    async def attachment(self) -> Any:
        """The row of the room's attachment, if there is one."""
        return await self.desk.pool.fetchrow(
            "SELECT landed, payload FROM attachments WHERE room = $1", self.seats[0].room
        )

    async def members(self) -> set[bytes]:
        snapshot = await self.desk.rooms.snapshot(self.seats[0])
        return {one.member for one in snapshot.members}


async def creating(desk: Desk) -> Asked:
    locator, charter = os.urandom(32), Charter(1, os.urandom(32), Policy.FIRST_VIEW, 2, 60, 3600)
    headers = {"Authorization": f"Bearer {b64encode(locator)}"}
    body = {"charter": b64encode(charter.encode()), "mac": b64encode(charter.mac(bytes(32)))}

    async def happened() -> bool:
        try:
            return (await desk.rooms.describe(locator)).charter == charter.encode()
        except Refusal:
            return False

    return Asked("POST", "/rooms", headers, happened, 201, 200, body)


async def joining(desk: Desk) -> Asked:
    scene = await Scene.staged(desk)
    token, resume = os.urandom(32), (os.urandom(32), os.urandom(32))
    headers = scene.headers() | {"Ephemeral-Member": b64encode(token)}
    half = {"token": b64encode(resume[0]), "key": b64encode(resume[1])}
    body = {"resume": half}

    async def happened() -> bool:
        return member_id(token) in await scene.members()

    async def true() -> bool:
        # Counted once, however often it was asked.
        joins = (await desk.rooms.describe(scene.locator)).joins
        return joins == 4 and await desk.rooms.resume(resume[0]) == (resume[1], 0)

    return Asked("POST", "/room/members", headers, happened, 201, 200, body, true)


async def resuming(desk: Desk) -> Asked:
    locator = await desk.room()
    token, key = os.urandom(32), os.urandom(32)
    await desk.join(locator, resume=(token, key))

    async def true() -> bool:
        return await desk.rooms.resume(token) == (key, 0)

    headers = {"Ephemeral-Resume": b64encode(token)}
    return Asked("POST", "/room/members", headers, None, 200, 200, true=true)


async def leaving(desk: Desk) -> Asked:
    scene = await Scene.staged(desk)

    async def happened() -> bool:
        return scene.seats[1].member not in await scene.members()

    async def true() -> bool:
        # What the one who left had opened waits again, uncounted.
        return await scene.state(scene.message) == "stored"

    return Asked(
        "DELETE", "/room/members", scene.headers(1), happened, 204, 401, None, true
    )  # fmt: skip


async def locking(desk: Desk) -> Asked:
    scene = await Scene.staged(desk)

    async def happened() -> bool:
        return (await desk.rooms.describe(scene.locator)).locked

    return Asked("PATCH", "/room", scene.headers(0), happened, 200, 200, {"locked": True})


async def destroying(desk: Desk) -> Asked:
    scene = await Scene.staged(desk)

    async def happened() -> bool:
        try:
            await desk.rooms.describe(scene.locator)
        except Refusal:
            return True
        return False

    return Asked("DELETE", "/room", scene.headers(0), happened, 204, 404)


def posted(scene: Scene, message: Message) -> Asked:
    """The author posts over HTTP."""
    body = {
        "id": b64encode(message.id),
        "envelope": b64encode(message.envelope),
        "viewing_hash": b64encode(message.viewing_hash),
    }
    return Asked("POST", "/room/messages", scene.headers(0), None, 201, 200, body)


async def posting(desk: Desk) -> Asked:
    scene, message = await Scene.staged(desk), Message()
    asked = posted(scene, message)

    async def happened() -> bool:
        return await scene.state(message) == "stored"

    async def true() -> bool:
        _, notices = await desk.rooms.notices(scene.seats[1])
        served = await desk.open_message(scene.seats[2], message)
        return [one.sequence for one in notices] == [1, 2] and served.envelope == message.envelope

    asked.happened, asked.true = happened, true
    return asked


async def opening(desk: Desk) -> Asked:
    """It dies between the lease and the serving."""
    scene, message = await Scene.staged(desk), Message()
    await desk.post(scene.seats[0], message)

    async def happened() -> bool:
        return await scene.state(message) == "opened"

    async def true() -> bool:
        # The lease is still the one reader's, who may open again; another may not.
        try:
            await desk.open_message(scene.seats[2], message)
        except Refusal as refusal:
            return refusal.code == "message_leased"
        return False

    path = scene.path(message, "open")
    return Asked("POST", path, scene.headers(1), happened, 200, 200, None, true)


async def acknowledging(desk: Desk) -> Asked:
    scene = await Scene.staged(desk)

    async def happened() -> bool:
        return await scene.state(scene.message) == "viewed"

    async def true() -> bool:
        _, (receipt,) = await desk.rooms.status(scene.seats[0], [scene.message.id])
        again = await desk.post(scene.seats[0], scene.message)
        try:
            await desk.open_message(scene.seats[2], scene.message)
        except Refusal as refusal:
            told = (receipt.viewing, again.state, refusal.state)
            return told == (scene.message.viewing, "viewed", "viewed")
        return False

    body = {"viewing": b64encode(scene.message.viewing)}
    path = scene.path(scene.message, "ack")
    return Asked("POST", path, scene.headers(1), happened, 200, 200, body, true)


async def acknowledging_among_others(desk: Desk) -> Asked:
    """The policy *everyone*: it is viewed by one, and still waits for the other."""
    scene = await Scene.staged(desk, Policy.EVERYONE)

    async def happened() -> bool:
        _, (notice,) = await desk.rooms.notices(scene.seats[2])
        return notice.audience == (scene.seats[2].member,)

    async def true() -> bool:
        served = await desk.open_message(scene.seats[2], scene.message)
        return served.envelope == scene.message.envelope

    body = {"viewing": b64encode(scene.message.viewing)}
    path = scene.path(scene.message, "ack")
    return Asked("POST", path, scene.headers(1), happened, 200, 200, body, true)


async def releasing(desk: Desk) -> Asked:
    scene = await Scene.staged(desk)

    async def happened() -> bool:
        return await scene.state(scene.message) == "stored"

    async def true() -> bool:
        served = await desk.open_message(scene.seats[2], scene.message)
        return served.envelope == scene.message.envelope

    path = scene.path(scene.message, "release")
    return Asked("POST", path, scene.headers(1), happened, 200, 409, None, true)


async def reserving(desk: Desk) -> Asked:
    scene, one = await Scene.staged(desk), Attachment()
    body = {"id": b64encode(one.id), "chunks": 1, "padded": one.padded}

    async def happened() -> bool:
        return await scene.attachment() is not None

    async def true() -> bool:
        await desk.send(scene.seats[0], one)
        await desk.attachments.give_up(scene.seats[0], one.id)
        return await desk.lying() == 0

    return Asked(
        "POST", "/room/attachments", scene.headers(0), happened, 201, 200, body, true
    )  # fmt: skip


async def sending(desk: Desk) -> Asked:
    """It dies when the chunk lies there, and isn't known to."""
    scene, one = await Scene.staged(desk), Attachment()
    await desk.attachments.reserve(scene.seats[0], one.id, 1, one.padded)

    async def happened() -> bool:
        lying = [each async for each in desk.objects.store.held(desk.objects.own)]
        found = await scene.attachment()
        assert found is not None
        assert len(lying) >= found["landed"]
        return bool(found["landed"])

    async def true() -> bool:
        await desk.post(scene.seats[0], message := Message(attachment=one))
        await desk.open_message(scene.seats[2], message)
        fetched = await desk.attachments.get(scene.seats[2], one.id, 0)
        await desk.acknowledge(scene.seats[2], message)
        return fetched == one.chunks[0] and await desk.lying() == 0

    path = f"/room/attachments/{b64encode(one.id)}/0"
    return Asked("PUT", path, scene.headers(0), happened, 204, 204, one.chunks[0], true)


async def burning(desk: Desk) -> Asked:
    """What is acknowledged takes its attachment along: row, key and objects."""
    scene, message = await Scene.staged(desk), Message(attachment=Attachment())
    await desk.send(scene.seats[0], message.attachment)
    await desk.post(scene.seats[0], message)
    await desk.open_message(scene.seats[1], message)

    standing = await scene.attachment()
    assert standing is not None
    key = "SELECT true FROM payload_keys WHERE payload = $1"

    async def happened() -> bool:
        viewed = await scene.state(message) == "viewed"
        assert (await scene.attachment() is None) == viewed
        assert (await desk.pool.fetchval(key, standing["payload"]) is None) == viewed
        return viewed

    async def true() -> bool:
        return await desk.lying() == 0

    body = {"viewing": b64encode(message.viewing)}
    return Asked(
        "POST", scene.path(message, "ack"), scene.headers(1), happened, 200, 200, body, true
    )  # fmt: skip


def opened(scene: Scene, message: Message) -> Asked:
    """A reader opens over HTTP."""
    return Asked("POST", scene.path(message, "open"), scene.headers(1), None, 200, 200)


async def posting_at_once(desk: Desk) -> Asked:
    scene, first, message = await Scene.staged(desk), Message(), Message()
    asked = posted(scene, message)
    asked.before = [posted(scene, first)]

    async def happened() -> bool:
        return await scene.state(message) == "stored"

    async def true() -> bool:
        _, notices = await desk.rooms.notices(scene.seats[1])
        return [one.sequence for one in notices] == [1, 2, 3]

    asked.happened, asked.true = happened, true
    return asked


async def opening_at_once(desk: Desk) -> Asked:
    scene, first, message = await Scene.staged(desk), Message(), Message()
    asked = opened(scene, message)
    asked.before = [posted(scene, first), opened(scene, first), posted(scene, message)]

    async def happened() -> bool:
        return await scene.state(message) == "opened"

    asked.happened = happened
    return asked


async def acknowledging_at_once(desk: Desk) -> Asked:
    scene, message = await Scene.staged(desk), Message()
    body = {"viewing": b64encode(message.viewing)}
    asked = Asked(
        "POST", scene.path(message, "ack"), scene.headers(1), None, 200, 200, body,
        before=[posted(scene, message), opened(scene, message)],
    )  # fmt: skip

    async def happened() -> bool:
        return await scene.state(message) == "viewed"

    async def true() -> bool:
        return (await desk.post(scene.seats[0], message)).state == "viewed"

    asked.happened, asked.true = happened, true
    return asked


#: The same for requests that a statement alone carries out, with how many of the kind come before.
AT_ONCE: list[tuple[str, str, Callable[[Desk], Awaitable[Asked]]]] = [
    ("post at once", "1", posting_at_once),
    ("open at once", "1", opening_at_once),
    ("acknowledge at once", "0", acknowledging_at_once),
]

#: By the method of the services that dies with it.
REQUESTS: list[tuple[str, Callable[[Desk], Awaitable[Asked]]]] = [
    ("create", creating),
    ("join", joining),
    ("resume", resuming),
    ("leave", leaving),
    ("lock", locking),
    ("destroy", destroying),
    ("post", posting),
    ("open", opening),
    ("acknowledge", acknowledging),
    ("release", releasing),
    ("acknowledge", acknowledging_among_others),
    ("reserve", reserving),
    ("put", sending),
    ("acknowledge", burning),
]


async def asked_again(asked: Asked, url: str, happened: bool, name: str) -> None:
    """Twice: the answers are those of the first time, and then everything is true.

    While the database recovers the server can't be had, and what is asked then may happen.
    """
    expected = {asked.again if happened else asked.first}
    async with asyncio.timeout(60):
        while (first := await asked.ask(url)).status_code == 503:
            expected.add(asked.again)
            await asyncio.sleep(0.02)
    second = await asked.ask(url)
    assert first.status_code in expected, (name, first.text)
    assert second.status_code == asked.again, (name, second.text)
    if asked.first // 100 == asked.again // 100 and asked.first != httpx.codes.NO_CONTENT:
        said = [{**one.json(), "now": 0} for one in (first, second)]
        # Who joins again is told the present state.
        assert said[0] == said[1] or name == "join", name
    if asked.happened is not None:
        assert await asked.happened(), name
    assert asked.true is None or await asked.true(), name


#: In every run each request dies once, and three or four of them at each moment; all of them die at
#: all moments before a release.
EXTENT = pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.release)], ids=["some", "every"]
)
MOMENTS = (AMONG, BEFORE, AFTER, ANSWERED)


@pytest.mark.timeout(300)
@EXTENT
@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_server_killed_at_a_moment_of_a_request_has_done_it_wholly_or_not_at_all(
    moment: str, every: bool, doomed: Doomed, desk: Desk, database_url: str, tmp_path: Path
) -> None:
    environment = settings(database_url, tmp_path)
    # Each start is asked for what the last one has died of, and dies of the next.
    owed: tuple[Asked, bool, str] | None = None
    requests = [*((name, "0", request) for name, request in REQUESTS), *AT_ONCE]
    chosen = requests if every else requests[MOMENTS.index(moment) :: len(MOMENTS)]
    for name, before, request in [*chosen, ("", "", None)]:
        doom = (name, moment, "itself", before) if name else ()
        await asyncio.to_thread(doomed.serve, environment, doom)
        if owed is not None:
            await asked_again(owed[0], doomed.url, *owed[1:])
        if request is None:
            break
        asked = await request(desk)
        for one in asked.before:
            assert (await one.ask(doomed.url)).status_code == one.first, name
        if moment == ANSWERED:
            assert (await asked.ask(doomed.url)).status_code == asked.first, name
            doomed.kill()
        else:
            with pytest.raises(httpx.TransportError):
                await asked.ask(doomed.url)
            assert await asyncio.to_thread(doomed.ended) == -signal.SIGKILL
        done = moment in {AFTER, ANSWERED}
        if asked.happened is not None:
            assert await asked.happened() == done, name
        owed = asked, done, name


# --- the database is killed -----------------------------------------------------------------------


async def until_had(question: Callable[[], Awaitable[bool]]) -> bool:
    """The answer, once the database is back."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await question()
            except Refusal as refusal:
                if refusal.code != "unavailable":
                    raise
                await asyncio.sleep(0.02)


#: As for the server: each victim dies at each moment, and of each request.
KILLINGS = {
    "backend": [("post", posting, BEFORE), ("acknowledge", acknowledging, AFTER)],
    "postmaster": [("post", posting, AFTER), ("acknowledge", acknowledging, BEFORE)],
}


@pytest.mark.timeout(300)
@EXTENT
@pytest.mark.parametrize("victim", KILLINGS)
async def test_a_database_killed_at_a_moment_of_a_request_keeps_what_was_answered(
    victim: str, every: bool, doomed: Doomed, postgres: Postgres, tmp_path: Path
) -> None:
    """One of its processes, or the one that holds all others; the server lives on."""
    postgres.put_data_dir(tmp_path / "data")
    async with EmbeddedPostgres(tmp_path / "data") as database:
        pool = await open_pool(database.dsn, size=4, wait_seconds=0)
        desk = await Desk.open(pool, tmp_path / "keyring")
        environment = settings(database.dsn, tmp_path)
        chosen = [one for each in KILLINGS.values() for one in each] if every else KILLINGS[victim]

        async def desk_answers() -> bool:
            await desk.sweep()
            return True

        for name, request, moment in chosen:
            await until_had(desk_answers)
            asked = await request(desk)
            assert asked.happened is not None
            await asyncio.to_thread(doomed.serve, environment, (name, moment, victim))
            answer = await asked.ask(doomed.url)
            happened = await until_had(asked.happened)
            if moment == AFTER:
                assert answer.status_code == asked.first
                assert happened
            elif victim == "backend":
                assert (answer.status_code, happened) == (503, False)
            else:
                # The process that serves may read the commit before it sees that it is alone.
                assert answer.status_code in {503, asked.first}
                assert happened or answer.status_code == 503
            await asked_again(asked, doomed.url, happened, name)
            doomed.kill()
        assert await desk.orphans() == {}
        await desk.ledger.close()
        await pool.close()


# --- what operators run is killed -----------------------------------------------------------------


@pytest.mark.parametrize(
    "point",
    [
        "no key is wrapped anew",
        "a key is wrapped anew in a file without its name",
        "one of two keys is wrapped anew",
    ],
)
async def test_a_rotation_of_the_encryption_key_that_is_killed_keeps_every_message(
    point: str, doomed: Doomed, desk: Desk, database_url: str, tmp_path: Path
) -> None:
    scene = await Scene.staged(desk)
    path = scene.path(scene.message, "open")
    opened = Asked("POST", path, scene.headers(1), None, 200, 200)
    new = {**settings(database_url, tmp_path), "ENCRYPTION_KEY": "e5" * 32}
    both = {**new, "ENCRYPTION_KEY_PREVIOUS": ENCRYPTION_KEY}
    await asyncio.to_thread(doomed.order, ["rotate-keys"], both, (point,))
    assert await asyncio.to_thread(doomed.ended) == -signal.SIGKILL
    await asyncio.to_thread(doomed.serve, both)
    answer = (await opened.ask(doomed.url)).json()
    assert answer["envelope"] == b64encode(scene.message.envelope)
    # Run once more it is complete: the old key is needed no longer.
    doomed.kill()
    await asyncio.to_thread(doomed.order, ["rotate-keys"], both)
    assert await asyncio.to_thread(doomed.ended) == 0
    await asyncio.to_thread(doomed.serve, new)
    answer = (await opened.ask(doomed.url)).json()
    assert answer["envelope"] == b64encode(scene.message.envelope)


@pytest.mark.parametrize("moment", [AMONG, BEFORE, AFTER])
async def test_a_migration_that_is_killed_is_done_wholly_or_not_at_all(
    moment: str, doomed: Doomed, postgres: Postgres, tmp_path: Path
) -> None:
    with postgres.database(migrated=False) as url:
        environment = settings(url, tmp_path)
        await asyncio.to_thread(
            doomed.order, ["migrate"], environment, ("migrate", moment, "itself")
        )
        assert await asyncio.to_thread(doomed.ended) == -signal.SIGKILL
        pool = await open_pool(url, size=4, wait_seconds=0)
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert bool(await pool.fetchval(tables)) == (moment == AFTER)
        await asyncio.to_thread(doomed.order, ["migrate"], environment)
        assert await asyncio.to_thread(doomed.ended) == 0
        assert await pool.fetchval("SELECT count(*) FROM schema_migrations") == len(
            read_migrations()
        )
        desk = await Desk.open(pool, tmp_path / "keyring")
        assert (await Scene.staged(desk)).message
        await desk.ledger.close()
        await pool.close()
