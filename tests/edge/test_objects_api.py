"""Who has an address of an object may do the one thing that it was made for, and nothing else."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message

from ephemeral.edge.guard import Guard, Verdict
from ephemeral.edge.limiter import Limiter
from ephemeral.edge.objects_api import BODY_MAX, ObjectsApi
from ephemeral.settings import Settings
from ephemeral.store.objects.deployed import Objects, open_objects
from ephemeral.store.objects.interface import PIECE, Signed

if TYPE_CHECKING:
    from ephemeral.store.postgres import Connection, Pool

PREFIX = os.urandom(16)
BODY = os.urandom(100_000)


class Desk:
    """The addresses of a deployment, and whoever asks at them."""

    def __init__(
        self, objects: Objects, asked: httpx.AsyncClient, clock: list[float], app: ASGIApp
    ) -> None:
        self.objects = objects
        self.asked = asked
        self.app = app
        self._clock = clock
        self.key = objects.key("f", PREFIX, 0)

    def go(self, seconds: float) -> None:
        """So much later than it is."""
        self._clock[0] = seconds

    async def put(
        self, signed: Signed, body: bytes | AsyncIterator[bytes] = BODY, **headers: str | None
    ) -> httpx.Response:
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**signed.headers, "content-length": str(len(BODY)), **changed}
        return await self.asked.put(
            signed.url, content=body, headers={k: v for k, v in sent.items() if v is not None}
        )

    async def kept(self) -> list[str]:
        return [one.key async for one in self.objects.store.held(self.objects.own)]


async def passed_on(_: Request, error: Exception) -> NoReturn:
    raise error


@pytest.fixture
async def desk(pool: "Pool", tmp_path: Path) -> AsyncIterator[Desk]:
    settings = Settings.parse({"DATA_DIR": str(tmp_path), "OBJECT_REQUESTS_PER_ADDRESS": "off"})
    faults: list[object] = []
    async with open_objects(settings, pool, os.urandom(16), os.urandom(32), os.urandom) as objects:
        with Limiter(settings, os.urandom, time.monotonic) as limiter:
            clock = [0.0]

            def now() -> float:
                return time.time() + clock[0]

            api = ObjectsApi(objects, limiter, None, now)
            objects.addresses._now = now
            app = Starlette(
                routes=[api.route()],
                middleware=[
                    Middleware(
                        Guard,
                        base_path="",
                        verdict=Verdict(faults.append),
                        error_page=lambda _, __: ([], b""),
                        hsts=lambda _: [],
                    )
                ],
                exception_handlers={HTTPException: passed_on},
            )
            transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
            async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as asked:
                yield Desk(objects, asked, clock, app)
    assert faults == []


def code(answer: httpx.Response) -> tuple[int, str]:
    assert "access-control-allow-origin" not in answer.headers
    return answer.status_code, answer.json()["error"]["code"]


REFUSED = (403, "object_address")


async def test_what_was_signed_is_stored_once_and_nothing_else_is(desk: Desk) -> None:
    put = await desk.objects.sign_put(desk.key, len(BODY))

    async def in_chunks() -> AsyncIterator[bytes]:
        yield BODY

    for answer in (
        await desk.put(put, BODY + b"x", content_length=str(len(BODY) + 1)),
        await desk.put(put, BODY[1:], content_length=str(len(BODY) - 1)),
        await desk.put(put, in_chunks(), content_length=None),
        await desk.put(put, content_type="text/html"),
        await desk.put(put, content_type=None),
        await desk.put(put, if_none_match=None),
        await desk.put(put, if_none_match='"x"'),
        await desk.asked.get(put.url),
        await desk.put(put._replace(url=put.url[:-1] + ("A" if put.url[-1] != "A" else "E"))),
        await desk.put(put._replace(url=put.url.replace("/objects/", "/objects/A"))),
        await desk.put(put._replace(url="/objects/x")),
        await desk.put(await desk.objects.sign_get(desk.key)),
    ):
        assert code(answer) == REFUSED
    assert await desk.kept() == []
    answer = await desk.put(put)
    assert (answer.status_code, answer.content) == (201, b"")
    assert code(await desk.put(put)) == (412, "object_there")
    for method in ("POST", "OPTIONS", "DELETE"):
        answer = await desk.asked.request(method, put.url)
        assert code(answer) == (405, "method_not_allowed")
    assert await desk.kept() == [desk.key]


async def test_an_address_ends_and_what_had_begun_a_little_later(desk: Desk) -> None:
    put = await desk.objects.sign_put(desk.key, len(BODY))
    seconds = put.expires_at / 1000 - time.time()

    async def slow(end: float) -> AsyncIterator[bytes]:
        yield BODY[:10]
        desk.go(seconds + end)
        yield BODY[10:]

    assert code(await desk.put(put, slow(61))) == REFUSED
    assert await desk.kept() == []
    desk.go(seconds + 1)
    assert code(await desk.put(put)) == REFUSED
    desk.go(0)
    assert (await desk.put(put, slow(50))).status_code == 201


async def test_what_was_deleted_meanwhile_is_neither_stored_nor_read(desk: Desk) -> None:
    there = {PREFIX}

    async def living(_: "Connection", prefixes: list[bytes]) -> set[bytes]:
        return there & {*prefixes}

    desk.objects.register("f", living)
    put = await desk.objects.sign_put(desk.key, len(BODY))

    async def deleted() -> AsyncIterator[bytes]:
        yield BODY[:10]
        there.clear()
        yield BODY[10:]

    assert code(await desk.put(put, deleted())) == REFUSED
    assert code(await desk.put(put)) == REFUSED
    assert await desk.kept() == []
    # Nor read, as long as it still lies there.
    get = await desk.objects.sign_get(desk.key)
    await desk.objects.store.put(desk.key, BODY)
    assert code(await desk.asked.get(get.url)) == (404, "not_found")
    there.add(PREFIX)
    assert (await desk.asked.get(get.url)).content == BODY


async def test_an_object_is_read_whole_or_one_part_of_it(desk: Desk) -> None:
    get = await desk.objects.sign_get(desk.key)
    assert code(await desk.asked.get(get.url)) == (404, "not_found")
    await desk.objects.store.put(desk.key, BODY)
    size = len(BODY)

    async def part(*ranges: str, **headers: str) -> tuple[int, bytes, str | None]:
        sent = [("range", one) for one in ranges] + [
            (k.replace("_", "-"), v) for k, v in headers.items()
        ]
        answer = await desk.asked.get(get.url, headers=sent)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
        return answer.status_code, answer.content, answer.headers.get("content-range")

    for text, start, end in (
        ("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), (f"bytes=5-{size + 9}", 5, size),
        ("bytes=99990-", 99_990, size), ("bytes=-7", size - 7, size), ("bytes=-999999", 0, size),
    ):  # fmt: skip
        said = f"bytes {start}-{end - 1}/{size}"
        assert await part(text) == (206, BODY[start:end], said), text
    for texts in (
        (), ("bytes=9-5",), ("bytes=a-b",), ("octets=0-1",), ("bytes=0-1,3-4",), ("bytes=",),
        ("bytes=-",), ("bytes=0-1", "bytes=0-1"),
    ):  # fmt: skip
        assert await part(*texts) == (200, BODY, None), texts
    assert await part("bytes=0-1", if_range='"x"') == (200, BODY, None)
    for text in (f"bytes={size}-", f"bytes={size}-{size}", "bytes=-0"):
        answer = await desk.asked.get(get.url, headers={"range": text})
        assert code(answer) == (416, "object_range")
        assert answer.headers["content-range"] == f"bytes */{size}"
    head = await desk.asked.head(get.url)
    assert (head.status_code, head.headers["content-length"]) == (200, str(size))


async def test_what_is_deleted_while_it_is_read_breaks_off_and_is_no_fault(desk: Desk) -> None:
    await desk.objects.store.put(desk.key, bytes(2 * PIECE))
    get = await desk.objects.sign_get(desk.key)
    came: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        came.append(len(message.get("body", b"")))
        await desk.objects.store.delete([desk.key])

    scope = {"type": "http", "method": "GET", "path": get.url, "headers": [], "query_string": b"",
             "client": ("192.0.2.7", 4711), "root_path": "", "http_version": "1.1"}  # fmt: skip
    await desk.app(scope, receive, send)
    assert sum(came) == PIECE


async def test_a_disk_that_is_full_is_told_and_nothing_is_left(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "planted")

    put = await desk.objects.sign_put(desk.key, len(BODY))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert code(await desk.put(put)) == (507, "store_full")
    assert await desk.kept() == []
    assert [*(tmp_path / "objects" / ".coming").iterdir()] == []
    assert (await desk.put(put)).status_code == 201


async def test_one_address_does_not_take_all_turns(desk: Desk) -> None:
    """More at once than one address may have; they come when others have gone."""
    stop = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield BODY[:1]
        await stop.wait()
        yield BODY[1:]

    async def one(number: int) -> int:
        put = await desk.objects.sign_put(desk.objects.key("f", PREFIX, number), len(BODY))
        return (await desk.put(put, waiting())).status_code

    begun = [asyncio.create_task(one(number)) for number in range(26)]
    done, _ = await asyncio.wait(begun[24:], timeout=20)
    assert [task.result() for task in done] == [429, 429]
    stop.set()
    assert {await task for task in begun[:24]} == {201}


async def test_few_of_one_address_read_the_same_object_at_once(desk: Desk) -> None:
    await desk.objects.store.put(desk.key, BODY)
    get = await desk.objects.sign_get(desk.key)
    held, stop, came = asyncio.Event(), asyncio.Event(), list[int]()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            came.append(message["status"])
            if len(came) == 10:
                held.set()
            await stop.wait()

    readers = []
    for address in (*(9 * ["192.0.2.1"]), "192.0.2.2"):
        scope = {"type": "http", "method": "GET", "path": get.url, "headers": [],
                 "query_string": b"", "client": (address, 4711), "root_path": "",
                 "http_version": "1.1"}  # fmt: skip
        readers.append(asyncio.create_task(desk.app(scope, receive, send)))
    async with asyncio.timeout(20):
        await held.wait()
    stop.set()
    await asyncio.gather(*readers)
    assert sorted(came) == [200] * 9 + [429]
    assert (await desk.asked.get(get.url)).status_code == 200


def test_the_largest_segment_of_a_file_fits() -> None:
    assert BODY_MAX >= 2**23 + 16 + 32 * 16
