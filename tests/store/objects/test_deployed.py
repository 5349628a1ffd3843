"""A host uses the place where its deployment's objects lie, no other, and none that is away."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from botocore.exceptions import ResponseStreamingError
from botocore.response import StreamingBody
from support.machines.seaweed import ACCESS_KEY, SECRET_KEY, S3Server

from ephemeral.protocol.errors import Refusal
from ephemeral.settings import Settings
from ephemeral.store.objects import guarded, local
from ephemeral.store.objects.deployed import Objects, adopt_store, open_objects
from ephemeral.store.objects.opening import open_bucket
from ephemeral.store.objects.s3 import S3Store
from ephemeral.store.start_error import StartError

if TYPE_CHECKING:
    from ephemeral.store.postgres import Pool

NAME, SECRET = os.urandom(16), os.urandom(32)
Opened = Callable[..., AbstractAsyncContextManager[Objects]]


@pytest.fixture
def opened(pool: "Pool") -> Opened:
    """The objects of one deployment, as a host with these settings opens them."""

    @asynccontextmanager
    async def open_(folder: Path, **settings: str) -> AsyncIterator[Objects]:
        read = Settings.parse({"DATA_DIR": str(folder), **settings})
        async with open_objects(read, pool, NAME, SECRET, os.urandom) as objects:
            yield objects

    return open_


async def test_the_place_of_the_first_start_is_kept_and_another_one_is_refused(
    opened: Opened, pool: "Pool", tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    async with opened(one) as objects, opened(one) as second:
        key = objects.key("a", bytes(16), 0)
        await objects.store.put(key, b"kept")
        assert [piece async for piece in second.store.get(key, 0, 9)] == [b"kept"]
    with pytest.raises(StartError, match=r"don't lie in .*other.*--adopt"):
        async with opened(other):
            pass
    # Nor is one whose mark is gone, as a directory in which nothing is mounted.
    (one / "objects" / "store" / "id").unlink()
    with pytest.raises(StartError, match="don't lie in"):
        async with opened(one):
            pass
    # Until the operator says that this is the place from now on.
    await adopt_store(Settings.parse({"DATA_DIR": str(other)}), pool, os.urandom)
    async with opened(other):
        pass


async def test_a_place_that_is_away_refuses_what_needs_it_until_it_is_there(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(guarded, "REST_SECONDS", 0)
    (tmp_path / "objects").write_text("in the way")
    async with opened(tmp_path) as objects:
        key = objects.key("f", bytes(16), 0)
        for _ in range(2):
            with pytest.raises(Refusal, match="unavailable"):
                await objects.store.put(key, b"kept")
        with pytest.raises(Refusal, match="unavailable"):
            await objects.require_room(1)
        assert [line.getMessage() for line in caplog.records] == [
            f"Objects can't be kept in {tmp_path}/objects: File exists."
        ]
        (tmp_path / "objects").unlink()
        await objects.store.put(key, b"kept")


async def test_a_place_that_is_mounted_no_more_has_lost_nothing_and_takes_nothing(
    opened: Opened, tmp_path: Path
) -> None:
    async with opened(tmp_path) as objects:
        key, away = objects.key("f", bytes(16), 0), tmp_path / "away"
        await objects.store.put(key, b"kept")
        (tmp_path / "objects").rename(away)
        (tmp_path / "objects").mkdir()

        async def listed() -> list[str]:
            return [one.key async for one in objects.store.held(objects.own)]

        async def read() -> None:
            async for _ in objects.store.get(key, 0, 4):
                pass

        for asked in (listed(), read(), objects.store.length(key), objects.store.put(key, b"x")):
            with pytest.raises(Refusal, match="unavailable"):
                await asked
        assert [*(tmp_path / "objects").iterdir()] == []
        (tmp_path / "objects").rmdir()
        away.rename(tmp_path / "objects")
        assert await listed() == [key]


async def test_a_bucket_that_does_not_answer_holds_up_nobody_for_long(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the start nor, after the first, who needs it."""
    monkeypatch.setattr(guarded, "_START_SECONDS", 0.1)
    monkeypatch.setattr(guarded, "REST_SECONDS", 60)
    asked: list[str] = []
    (tmp_path / "key").write_text("key")
    really = S3Store.ask

    async def ask(store: S3Store, operation: str, **named: object) -> dict[str, object]:
        asked.append(operation)
        return await really(store, operation, **named)

    monkeypatch.setattr(S3Store, "ask", ask)
    # It takes connections, and nothing else comes of them.
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    named = {
        "S3_BUCKET": "bucket", "S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "S3_ACCESS_KEY_FILE": str(tmp_path / "key"), "S3_SECRET_KEY_FILE": str(tmp_path / "key"),
    }  # fmt: skip
    async with opened(tmp_path, **named) as objects:
        for _ in range(3):
            with pytest.raises(Refusal, match="unavailable"):
                await objects.store.length(objects.key("f", bytes(16), 0))
        silent.close()
    assert len(asked) == 1


async def test_a_disk_that_is_nearly_full_takes_nothing_new(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as objects:
        await objects.require_room(1)
        with pytest.raises(Refusal, match="store_full"):
            await objects.require_room(2**60)
        monkeypatch.setattr(local, "FREE_BYTES", 2**60)
        with pytest.raises(Refusal, match="store_full"):
            await objects.require_room(1)


async def test_two_deployments_have_no_key_in_common(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as objects:
        keys = [objects.key("a", bytes(16), 0), objects.key("f", bytes(16), 12)]
        assert [key.removeprefix(objects.own) for key in keys] == [
            "a/aaaaaaaaaaaaaaaaaaaaaaaaaa/0", "f/aaaaaaaaaaaaaaaaaaaaaaaaaa/12",
        ]  # fmt: skip
        assert keys[1].startswith(objects.prefix("f", bytes(16)))
        with pytest.raises(ValueError, match="16 bytes"):
            objects.key("a", bytes(15), 0)


async def test_who_reads_or_sends_too_slowly_for_a_bucket_says_nothing_of_it(
    pool: "Pool", tmp_path: Path, seaweedfs_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks off in the middle; everybody else goes on at once."""
    (tmp_path / "access").write_text(ACCESS_KEY)
    (tmp_path / "secret").write_text(SECRET_KEY)
    settings = Settings.parse({
        "S3_BUCKET": f"bucket-{os.urandom(8).hex()}", "S3_ENDPOINT": seaweedfs_server.endpoint,
        "S3_ACCESS_KEY_FILE": str(tmp_path / "access"),
        "S3_SECRET_KEY_FILE": str(tmp_path / "secret"),
    })  # fmt: skip
    made = open_bucket(settings)
    await made.ask("create_bucket")
    await made.close()
    async with open_objects(settings, pool, NAME, SECRET, os.urandom) as objects:
        key, other = objects.key("f", bytes(16), 0), objects.key("f", bytes(16), 1)
        await objects.store.put(key, b"kept")
        monkeypatch.setattr(guarded, "REST_SECONDS", 60)

        def broken(_body: object, _length: int) -> bytes:
            raise ResponseStreamingError(error="planted")

        async def may_stay() -> None:
            pass

        async def pieces() -> AsyncIterator[bytes]:
            yield b"x"
            raise httpx.WriteError("planted")

        with monkeypatch.context() as patched:
            patched.setattr(StreamingBody, "read", broken)
            with pytest.raises(Refusal, match="unavailable"):
                assert [piece async for piece in objects.store.get(key, 0, 4)] == []
        with pytest.raises(Refusal, match="unavailable"):
            await objects.store.receive(other, 2, pieces(), may_stay)
        assert await objects.store.length(key) == 4
