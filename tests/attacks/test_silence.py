"""One run with a canary in every place that a client can fill, and then a search of everything.

The server is the real program with its embedded PostgreSQL. It is asked for everything that it has,
rightly and wrongly, until each code of refusal was given, and it is broken while it runs. What must
not be found: see `support.people.canaries.Kind`.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest
from support.machines.server import ROOT, Program
from support.operations import FRAME_TYPES, OPERATIONS, served_paths
from support.people.canaries import Canaries, Kind, Place, files, forms, processes
from support.people.tour import ADDRESSES, OF_ALL, Tour, lacking
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus

from ephemeral.protocol.codes import new_code
from ephemeral.protocol.encoding import b64encode
from ephemeral.protocol.errors import STATUS
from ephemeral.store.embedded.server import running_dsn

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# As talkative as it can be made; and few enough of everything that limits are met soon.
SETTINGS = {
    "DATABASE_URL": "",
    "ENCRYPTION_KEY": "",
    "TRUSTED_PROXIES": "127.0.0.0/8",
    "LOG_LEVEL": "debug",
    "METRICS_TOKEN": "a-token-of-the-operators",
    "WAITING_MESSAGES_MAX": "10",
    "ATTACHMENT_BYTES": "10485760",
    "FRAMES_PER_SECOND": "20",
    "FRAMES_BURST": "60",
    "REQUEST_SECONDS": "1",
    "STATES_PER_SEAT": "100000/1",
    "STATES_PER_ROOM": "100000/1",
    "OPENS_PER_SEAT": "100000/1",
    "OPENS_PER_ROOM": "100000/1",
}
METRICS = {"METRICS_TOKEN": SETTINGS["METRICS_TOKEN"]}


@pytest.fixture
async def tour(serve: Callable[..., Program]) -> AsyncIterator[tuple[Program, Tour]]:
    # What /proc tells of it is looked at as well.
    program = await asyncio.to_thread(serve, faults=True, just_started=True, **SETTINGS)
    opened = Tour(program.url, program.ws_url, Canaries())
    yield program, opened
    await opened.api.aclose()


# --- the ways through the server ------------------------------------------------------------------


async def go_every_right_way(tour: Tour) -> None:
    """Everything that can be asked over HTTP and is granted."""
    await tour.api.get("/config")
    room = tour.room(seats=3)
    await room.create()
    await room.create()
    await tour.api.get("/room", headers=room.headers)
    author, reader = tour.member(room), tour.member(room)
    pair = {
        "token": b64encode(tour.canaries.secret("resume token", 32)),
        "key": b64encode(tour.canaries.secret("resume key", 32, Kind.SEALED)),
    }
    for _ in range(2):
        await author.join(profile=tour.profile(), resume=pair)
    await tour.api.post("/room/members", headers={"Ephemeral-Resume": pair["token"]})
    await reader.join(profile=tour.profile())
    await author.http("GET", "/room")
    for locked in (True, False):
        await author.http("PATCH", "/room", json={"locked": locked})
    messages = [tour.message(), tour.message(65536)]
    for message in messages:
        for _ in range(2):
            await author.post(message)
    await author.http("GET", "/room/messages")
    await author.http("GET", "/room/record")
    state = await author.http("GET", "/room/state")
    known = {"If-None-Match": state.headers["ETag"], "Prefer": "wait=1"}
    await room.api.get("/room/state", headers=author.headers | known)
    await reader.open(messages[0])
    await reader.http("POST", f"/room/messages/{messages[0].id}/release")
    await reader.open(messages[0])
    await reader.acknowledge(messages[0])
    await author.http("DELETE", f"/room/messages/{messages[1].id}")
    ids = {"ids": [message.id for message in messages]}
    await author.http("POST", "/room/messages/status", json=ids)
    await author.http("POST", "/room/typing", json={"typing": True})
    attached, given_up = tour.message(attachment=True), tour.message(attachment=True)
    for message in (attached, given_up, attached):
        await author.reserve(message)
        await author.send(message)
    await author.http("DELETE", f"/room/attachments/{given_up.attachment}")
    await author.post(attached)
    await author.http("GET", "/room/record")
    await reader.open(attached)
    await reader.fetch(attached)
    await reader.http("DELETE", "/room/members")
    await author.http("DELETE", "/room")


async def meet_every_refusal(tour: Tour) -> None:
    """Whatever a room refuses, over HTTP."""
    room = tour.room(seats=2)
    await room.create()
    author, reader, late = tour.member(room), tour.member(room), tour.member(room)
    pair = {
        "token": b64encode(tour.canaries.secret("resume token", 32)),
        "key": b64encode(tour.canaries.secret("resume key", 32, Kind.SEALED)),
    }
    await author.join(profile=tour.profile(), resume=pair)
    await reader.join()
    message = tour.message()
    await author.post(message)
    await tour.room().api.get("/room", headers=tour.room().headers)
    right = room.charter
    for fields in ({"version": 9}, {"suite": 2}, {"policy": 9}, {"seats": 99}, {}):
        room.charter = tour.room(**fields).charter
        await room.create()
    room.charter = right[:-8]
    await room.create()
    await late.join(profile=tour.wrong())
    await late.join()
    await late.http("GET", "/room")
    again = tour.message()
    again.id = message.id
    await author.post(again)
    await reader.post(message)
    await author.post(tour.message(700))
    await author.open(message)
    await author.open(tour.message())
    path = f"/room/messages/{message.id}"
    await reader.http("POST", f"{path}/release")
    await reader.http("DELETE", path)
    await reader.http("POST", f"{path}/ack", json={"viewing": tour.wrong()})
    await reader.acknowledge(message)
    await reader.open(message)
    attached = tour.message(attachment=True)
    await author.send(attached)
    await author.reserve(attached)
    await reader.reserve(attached)
    await author.post(attached)
    chunk = f"/room/attachments/{attached.attachment}/7"
    octets = {"Content-Type": "application/octet-stream", **author.headers}
    await tour.api.put(chunk, headers=octets, content=attached.chunk)
    await author.send(attached)
    await author.post(attached)
    await reader.fetch(attached)
    await reader.http("POST", f"/room/messages/{attached.id}/open")
    large = {"id": tour.message(attachment=True).attachment, "chunks": 40, "padded": 10_485_760}
    await author.http("POST", "/room/attachments", json=large)
    await tour.api.post("/room/members", headers={"Ephemeral-Resume": tour.wrong()})
    big = {"typing": True, "x": tour.canaries.text("too much") * 10_000}
    await author.http("POST", "/room/typing", json=big)
    await reader.http("DELETE", "/room/members")
    await late.join(resume=pair)
    await author.http("PATCH", "/room", json={"locked": True})
    await late.join()
    # One message for everyone who was there, and one at which somebody else looks.
    room = tour.room(seats=4, policy=2)
    await room.create()
    author, reader, other, late = [tour.member(room) for _ in range(4)]
    await author.join()
    await reader.join()
    await other.join()
    message = tour.message()
    await author.post(message)
    await reader.acknowledge(message)
    await reader.open(message)
    await late.join()
    await late.open(message)
    room = tour.room(seats=3)
    await room.create()
    author, reader, late = tour.member(room), tour.member(room), tour.member(room)
    for one in (author, reader, late):
        await one.join()
    message = tour.message()
    await author.post(message)
    await reader.open(message)
    await late.open(message)
    for _ in range(11):
        await author.post(tour.message())


async def ask_for_everything_wrongly(tour: Tour, paths: list[str]) -> None:
    """Every path with every method, and something of one's own in every place of the request."""
    room = tour.room(seats=2)
    await room.create()
    member = tour.member(room)
    await member.join()
    text = tour.canaries.text
    for path in [*paths, "/nothing/{id}", "/%2e%2e/{id}"]:
        for method in METHODS:
            name = f"{method} {path}"
            there = path.replace("{id}", text(f"path of {name}"))
            there = there.replace("{path:path}", f"{text(f'path of {name}')}/photo.jpg")
            query = {"lang": text(f"query of {name}"), text(f"query name of {name}"): "1"}
            junk = {
                "member": text(f"value of {name}"),
                text(f"key of {name}"): [text(f"item of {name}"), {"name": "my file.pdf"}],
            }
            unknown = {
                "Authorization": f"Bearer {tour.wrong()}",
                "Ephemeral-Member": tour.wrong(),
                "Ephemeral-Resume": tour.wrong(),
            }
            spoilt = {
                "Authorization": f"Bearer {text(f'bearer of {name}')}",
                "Ephemeral-Member": text(f"token of {name}"),
                "Content-Type": f"application/json; charset={text(f'charset of {name}')}",
            }
            upload = {"file": (f"{text(f'file name of {name}')}.txt", junk["member"], "text/plain")}
            for headers, body in (
                ({"Accept": f"text/html;{text(f'accept of {name}')}=1"}, {"params": query}),
                (spoilt, {"content": b"{" + text(f"body of {name}").encode()}),
                (unknown, {"json": junk, "params": query}),
                (member.headers, {"json": junk}),
                (member.headers, {"files": upload, "data": {"text": junk["member"]}}),
            ):
                answer = await tour.api.request(method, there, headers=headers, **body)
                if answer.status_code == STATUS["method_not_allowed"][0]:
                    break


async def speak_every_frame(tour: Tour) -> None:
    """Everything that can be asked over a socket, granted, refused and broken."""
    room = tour.room(seats=3)
    author, reader = tour.member(room), tour.member(room)
    key = b64encode(tour.canaries.secret("resume key", 32, Kind.SEALED))
    pair = {"token": b64encode(tour.canaries.secret("resume token", 32)), "key": key}
    async with tour.line(f"?{tour.canaries.text('query of a socket')}") as line:
        await room.create()
        await author.join(profile=tour.profile(), resume=pair)
        assert (await line.ask("hello", **author.greeting))["type"] == "welcome"
        await reader.join()
        message = tour.message()
        await line.ask("post", **message.post)
        async with tour.line(member=reader) as other:
            await other.ask("open", id=message.id)
            await other.ask("release", id=message.id)
            await other.ask("open", id=message.id)
            await other.ask("ack", id=message.id, viewing=tour.wrong())
            await other.ask("ack", id=message.id, viewing=message.viewing)
            await other.ask("typing", typing=True)
            await other.ask("ping")
            async with tour.line(member=reader) as newer:
                await other.end()
                await newer.ask("leave")
        await line.ask("status", ids=[message.id])
        message = tour.message()
        await line.ask("post", **message.post)
        await line.ask("withdraw", id=message.id)
        attached = tour.message(attachment=True)
        await author.reserve(attached)
        await author.send(attached)
        await line.ask("post", **attached.post)
        await line.ask("lock", locked=False)
        await line.ask("destroy")
        await line.end()
    for junk in socket_junk(tour):
        room = tour.room()
        await room.create()
        member = tour.member(room)
        await member.join()
        for seated in (None, member):
            async with tour.line(member=seated) as line:
                with suppress(ConnectionClosed):
                    for one in junk:
                        await line.socket.send(one)
                await line.end()


def socket_junk(tour: Tour) -> Iterator[list[str | bytes]]:
    """What ends a socket, one way after the other."""
    text = tour.canaries.text("junk on a socket")
    yield [text]
    yield [json.dumps([text])]
    yield [json.dumps([{"type": text, "ref": 1}])]
    yield [json.dumps([{"type": "ping", "ref": 1, text: text}])]
    yield [json.dumps([{"type": "open", "ref": 1, "id": text}])]
    yield [text.encode()]
    yield [text * 10_000]
    yield ['[{"type":"typing","typing":true},{"type":"ping","ref":1}]'] * 200


async def say_what_is_no_request(tour: Tour, port: int) -> None:
    """Bytes that are no HTTP, half of it, too much of it; and handshakes that are none."""
    text = tour.canaries.text("something that is no request").encode()
    hello = b"GET /%b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n" % (text, text)
    for said in (
        b"\x16\x03\x01\x02\x00\x01\x00" + text + b"\r\n\r\n",
        text + b"\r\n\r\n",
        b"GET /" + text + b" HTTP/7.7\r\n\r\n",
        b"GET /?" + text * 8000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        hello + b"A\0B: " + text + b"\r\n\r\n",
        hello + b"X: " + text * 8000 + b"\r\n\r\n",
        hello + b"Transfer-Encoding: chunked\r\n\r\nzz" + text + b"\r\n",
        b"GET /room/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: %b\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: %b\r\n\r\n" % (text, text),
        # Half of a request, until its time is over.
        hello + b"Content-Length: 1000\r\n\r\n" + text,
    ):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=(ADDRESSES[2], 0)
        )
        writer.write(said)
        heard = b""
        with suppress(ConnectionResetError):
            async with asyncio.timeout(30):
                heard = await reader.read()
        tour.public.append(Place("an answer to no request", heard))
        if heard.startswith(b"HTTP/"):
            tour.heads.append(("an answer to no request", heard))
        writer.close()
    for path in ("/room/socket", f"/{text.decode()}"):
        with pytest.raises((InvalidStatus, InvalidMessage)):
            async with connect(
                tour.ws_url.replace("/room/socket", path),
                subprotocols=[tour.canaries.text("wrong subprotocol")],
                proxy=None,
            ):
                pass


@asynccontextmanager
async def broken(dsn: str, *statements: tuple[str, str]) -> AsyncIterator[None]:
    """While the database is broken: statements that break it, each with the one that mends it."""
    database = await asyncpg.connect(dsn)
    for statement, _ in statements:
        await database.execute(statement)
    try:
        yield
    finally:
        for _, statement in statements:
            await database.execute(statement)
        await database.close()


async def break_it_while_it_runs(tour: Tour, data_dir: Path) -> None:
    """A database that refuses rows, has no tables, and is away; in each, what was asked before."""
    dsn = running_dsn(data_dir)
    assert dsn is not None
    room = tour.room(seats=5)
    await room.create()
    author, reader = tour.member(room), tour.member(room)
    await author.join(profile=tour.profile())
    await reader.join()
    message = tour.message()
    await author.post(message)

    async def everything() -> None:
        await tour.room().create()
        await tour.member(room).join(profile=tour.profile())
        await author.post(tour.message())
        await reader.open(message)
        await reader.http("POST", f"/room/messages/{message.id}/ack", json={"viewing": "A" * 43})
        await author.http("GET", "/room/record")
        async with tour.line() as line:
            await line.send("hello", **author.greeting)
            await line.end()

    # The refused row stands in the details of the database's error.
    refusing = (
        (f"ALTER TABLE {table} ADD CONSTRAINT never CHECK (false) NOT VALID",
         f"ALTER TABLE {table} DROP CONSTRAINT never")
        for table in ("rooms", "seats", "messages")
    )  # fmt: skip
    async with broken(dsn, *refusing):
        async with tour.line() as line:
            await line.send("hello", **author.greeting)
            await line.end()
        await tour.room().create()
        await tour.member(room).join(profile=tour.profile())
        await author.post(tour.message())
    assert "internal" in tour.codes
    missing = [
        (
            f"ALTER TABLE {table} RENAME TO gone_{table}",
            f"ALTER TABLE gone_{table} RENAME TO {table}",
        )
        for table in ("rooms", "seats", "messages")
    ]
    async with broken(dsn, *missing):
        await everything()
        assert "unavailable" not in tour.codes
        await tour.api.get("/readyz")
    elsewhere = dsn.replace("/ephemeral?", "/postgres?")
    away = (
        ("ALTER DATABASE ephemeral CONNECTION LIMIT 0",
         "ALTER DATABASE ephemeral CONNECTION LIMIT -1"),
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ephemeral'",
         "SELECT 1"),
    )  # fmt: skip
    async with broken(elsewhere, *away):
        await everything()
        await tour.api.get("/readyz")
    assert "unavailable" in tour.codes
    assert (await author.http("GET", "/room/messages")).status_code == 200


def start_with_a_broken_keyring(program: Program, canaries: Canaries) -> None:
    """A start that is refused, and what is said of it."""
    for path in (Path(program.environment["DATA_DIR"]) / "keyring").glob("*.key"):
        path.write_bytes(canaries.secret("a key file", 100))
    ended = subprocess.run(
        [sys.executable, "-m", "ephemeral", "serve"],
        env={**program.environment, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        cwd=program.folder, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode != 0
    assert b"keyring" in ended.stderr
    assert canaries.found([Place("said", ended.stdout + ended.stderr)]) == []


# --- the search -----------------------------------------------------------------------------------


def in_database(place: Place) -> bool:
    return place.name.startswith(("postgres/base/", "postgres/pg_wal/"))


def assert_silent(program: Program, canaries: Canaries) -> int:
    """Nothing in the files but what may be stored, and nothing at all elsewhere."""
    data_dir = Path(program.environment["DATA_DIR"])
    places = list(files(data_dir))
    names = {place.name for place in places}
    assert {"postgres.log", "keyring/index.key"} <= names, names
    elsewhere = [place for place in places if not in_database(place)]
    elsewhere.append(Place("what was printed", program.output().encode()))
    stored = [place for place in places if in_database(place)]
    assert canaries.found(elsewhere) == []
    found = canaries.found(stored)
    assert [one for one in found if one.kind is not Kind.KEPT] == []
    # The same search finds what is stored, and what is logged: a blind one proves nothing.
    assert found
    control = Canaries()
    control.watch("what PostgreSQL says of itself", "database system is ready")
    control.watch("what the program says of itself", "Ephemeral is open at")
    assert {one.place for one in control.found(elsewhere)} == {"postgres.log", "what was printed"}
    return sum(len(place.content) for place in places)


@pytest.mark.timeout(300)
async def test_nothing_that_a_client_can_send_is_found_anywhere(tour: tuple[Program, Tour]):
    program, visit = tour
    canaries = visit.canaries
    data_dir = Path(program.environment["DATA_DIR"])
    # The code itself is never sent. Somebody may put it somewhere all the same.
    code = new_code(lambda count: hashlib.sha256(b"%d" % count).digest()[:count])
    canaries.watch("a code", code)
    canaries.watch("a code as it is spoken", code.replace("-", " "))
    for words in (code, code.replace("-", " ")):
        await visit.api.get(f"/{words}", params={"code": words}, headers={"X-Code": words})
        await visit.api.post("/rooms", json={"code": words}, headers={"Authorization": words})

    paths = served_paths()
    assert "/metrics" in paths
    await go_every_right_way(visit)
    await meet_every_refusal(visit)
    await ask_for_everything_wrongly(visit, paths)
    await speak_every_frame(visit)
    await say_what_is_no_request(visit, program.port)
    await break_it_while_it_runs(visit, data_dir)

    bearer = {"Authorization": f"Bearer {METRICS['METRICS_TOKEN']}"}
    metrics = await visit.api.get("/metrics", headers=bearer)
    assert (metrics.status_code, "# HELP" in metrics.text) == (200, True)
    seen = await asyncio.to_thread(lambda: list(processes(program.pid)))
    assert len(seen) > 6, "the server, its database and what that started"
    assert canaries.found(seen) == []
    assert await asyncio.to_thread(program.stop) == 0
    size = await asyncio.to_thread(assert_silent, program, canaries)
    assert canaries.found(visit.public) == []
    assert canaries.found(visit.private, Kind.SEALED, Kind.KEPT) == []
    assert any(one.kind is Kind.SEALED for one in canaries.found(visit.private))

    await asyncio.to_thread(start_with_a_broken_keyring, program, canaries)

    # A deployment that is full refuses everybody else's messages as well: service/test_storage.py.
    # Nor is the disk: store/objects/test_deployed.py.
    unseen = set(STATUS) - visit.codes - {"storage_full", "store_full"}
    assert unseen == set(), "codes of refusal that nothing provoked"
    promised = {
        (operation.method, operation.path, status)
        for operation in OPERATIONS
        for status in operation.answers
        if status != 101
    }
    assert visit.operations >= promised, promised - visit.operations
    assert visit.frames == FRAME_TYPES
    # Whatever was asked for and however it failed, a browser is told what to do with the answer.
    assert {(name, one) for name, head in visit.heads for one in lacking(head)} == set()
    figures = f"{canaries.count} canaries, {len(visit.public) + len(visit.private)} answers"
    print(f"{figures}, {len(visit.codes)} codes, {size >> 20} MiB of files")


def test_an_answer_that_says_too_little_is_noticed():
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
    answer += b"X-Content-Type-Options: nosniff\r\n\r\nReferrer-Policy: no-referrer\r\n"
    assert lacking(answer) == {
        "content-security-policy", "cross-origin-resource-policy", "referrer-policy",
    }  # fmt: skip
    assert lacking(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n") == OF_ALL


# --- the search itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(forms(b"a")))
@pytest.mark.parametrize("kind", Kind)
def test_the_search_finds_a_canary_in_every_form_and_names_it(form: str, kind: Kind):
    canaries = Canaries()
    canaries.text("another", kind)
    value = canaries.text("the one", kind).encode()
    content = b"before " + forms(value)[form] + b" after"
    found = canaries.found([Place("here", content)])
    assert {(one.kind, one.place) for one in found} == {(kind, "here")}
    assert any(
        one.form.split(maxsplit=1)[0] == form.split(maxsplit=1)[0] and "the one" in one.canary
        for one in found
    )
    assert canaries.found([Place("here", content)], kind) == []


@pytest.mark.parametrize("before", range(3))
def test_the_search_finds_a_canary_inside_of_something_that_is_encoded(before: int):
    canaries = Canaries()
    whole = b"xyz"[:before] + canaries.secret("a locator", 32) + b"behind it"
    for text in (b64encode(whole), whole.hex(), whole.hex().upper()):
        assert canaries.found([Place("here", f"say {text}".encode())])
    assert canaries.found([Place("here", httpx.URL("http://x").raw_path)]) == []


def test_what_is_watched_for_is_found_in_every_form():
    canaries = Canaries()
    canaries.watch("an address", "127.0.0.77")
    for written in forms(b"127.0.0.77").values():
        assert canaries.found([Place("here", b"(" + written + b")")])
